#define _GNU_SOURCE /* dl_iterate_phdr */
#include "conform/shared_object.h"

#include "base/file.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The file ------------------------------------------------------------------------------ */

/* A mapped ELF file with its section headers; every range is checked before it is looked at. */
typedef struct object {
    amct_file file;
    const ElfW(Shdr) * sections;
    uint32_t n_sections;
} object;

typedef struct symbols {
    const ElfW(Sym) * at;
    size_t n;
    const char *names;
    size_t names_size;
} symbols;

static bool inside(const object *o, uint64_t offset, uint64_t size)
{
    return offset <= o->file.size && size <= o->file.size - offset;
}

static object map_object(amct_trial *trial)
{
    object o = {0};
    amct_err err;
    amct_trial_need(trial, amct_file_map(&o.file, trial->subject->plugin, &err), &err);
    const ElfW(Ehdr) *head = o.file.data;
    if (o.file.size < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_shentsize != sizeof *o.sections || !head->e_shoff ||
        head->e_shoff % _Alignof(ElfW(Shdr)) != 0 ||
        !inside(&o, head->e_shoff, (uint64_t)head->e_shnum * sizeof *o.sections))
        amct_trial_skip(trial, "the file has no section headers, or is no ELF file");
    o.sections = (const void *)((const char *)o.file.data + head->e_shoff);
    o.n_sections = head->e_shnum;
    return o;
}

static const ElfW(Shdr) * find_section(const object *o, uint32_t type)
{
    for (uint32_t i = 0; i < o->n_sections; i++)
        if (o->sections[i].sh_type == type)
            return &o->sections[i];
    return NULL;
}

/* None if there are none, or they are broken. */
static symbols find_symbols(const object *o, uint32_t type)
{
    const ElfW(Shdr) *s = find_section(o, type), *names;
    symbols none = {0};
    if (!s || s->sh_link >= o->n_sections || !inside(o, s->sh_offset, s->sh_size) ||
        s->sh_offset % _Alignof(ElfW(Sym)) != 0)
        return none;
    names = &o->sections[s->sh_link];
    if (!names->sh_size || !inside(o, names->sh_offset, names->sh_size) ||
        ((const char *)o->file.data)[names->sh_offset + names->sh_size - 1] != 0)
        return none;
    return (symbols){.at = (const void *)((const char *)o->file.data + s->sh_offset),
                     .n = s->sh_size / sizeof(ElfW(Sym)),
                     .names = (const char *)o->file.data + names->sh_offset,
                     .names_size = names->sh_size};
}

static const char *name_of(const symbols *s, size_t i)
{
    return s->at[i].st_name < s->names_size ? s->names + s->at[i].st_name : "";
}

static bool is_global(const ElfW(Sym) * s)
{
    int bind = ELF64_ST_BIND(s->st_info);
    return bind == STB_GLOBAL || bind == STB_WEAK;
}

/* What compilers add to look at a running program; it has constructors and data of its own. */
static bool is_instrumented(const object *o)
{
    static const uint32_t tables[] = {SHT_DYNSYM, SHT_SYMTAB};
    for (size_t t = 0; t < 2; t++) {
        symbols s = find_symbols(o, tables[t]);
        for (size_t i = 0; i < s.n; i++)
            if (strcmp(name_of(&s, i), "__asan_init") == 0 ||
                strcmp(name_of(&s, i), "__tsan_init") == 0 ||
                strcmp(name_of(&s, i), "__gcov_init") == 0)
                return true;
    }
    return false;
}

static object map_plain(amct_trial *trial)
{
    object o = map_object(trial);
    if (is_instrumented(&o))
        amct_trial_skip(trial, "it was compiled with a sanitizer or for coverage");
    return o;
}

/* ---- Exports, constructors, imports -------------------------------------------------------- */

/* Some linkers export these of every shared object, and the address sanitizer the last. */
static bool is_linkers(const char *name)
{
    if (strncmp(name, "__odr_asan", 10) == 0)
        return true;
    static const char *const names[] = {"_init", "_fini", "_edata", "_end", "__bss_start"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* "'a', 'b' and 3 more" */
typedef struct list {
    char text[256];
    uint32_t n, left_out;
} list;

static void add(list *l, const char *name)
{
    size_t used = strlen(l->text);
    if (used + strlen(name) + 5 > sizeof l->text - 20)
        l->left_out++;
    else
        snprintf(l->text + used, sizeof l->text - used, "%s'%s'", used ? ", " : "", name);
    l->n++;
}

static const char *end_list(list *l)
{
    size_t used = strlen(l->text);
    if (l->left_out)
        snprintf(l->text + used, sizeof l->text - used, " and %u more", l->left_out);
    return l->text;
}

void amct_object_check_exports(amct_trial *trial)
{
    object o = map_object(trial);
    symbols s = find_symbols(&o, SHT_DYNSYM);
    list found = {0};
    for (size_t i = 0; i < s.n; i++) {
        const char *name = name_of(&s, i);
        if (s.at[i].st_shndx != SHN_UNDEF && is_global(&s.at[i]) && !is_linkers(name) &&
            strcmp(name, AMCT_PLUGIN_SYMBOL) != 0)
            add(&found, name);
    }
    if (found.n)
        amct_trial_fail(trial, "exports %s as well; compile with -fvisibility=hidden",
                        end_list(&found));
}

void amct_object_check_constructors(amct_trial *trial)
{
    object o = map_plain(trial);
    const ElfW(Shdr) *s = find_section(&o, SHT_INIT_ARRAY);
    /* the compiler's own start file has one */
    if (s && s->sh_size > sizeof(ElfW(Addr)))
        amct_trial_fail(trial, "has %zu constructors, or static objects that need them",
                        (size_t)(s->sh_size / sizeof(ElfW(Addr))) - 1);
}

void amct_object_check_imports(amct_trial *trial)
{
    static const char *const forbidden[] = {
        "exit",      "_exit",  "_Exit",        "quick_exit", "abort",         "atexit", "signal",
        "sigaction", "printf", "__printf_chk", "vprintf",    "__vprintf_chk", "puts",   "putchar",
        "perror",    "stdout", "stderr",       "setlocale",  "uselocale",     "chdir",  "fchdir",
        "setenv",    "putenv", "unsetenv",     "umask",      "fesetround",    "system", "fork",
        "vfork",     "execve", "popen"};
    object o = map_plain(trial);
    symbols s = find_symbols(&o, SHT_DYNSYM);
    list found = {0};
    for (size_t i = 0; i < s.n; i++)
        for (size_t k = 0; k < sizeof forbidden / sizeof *forbidden; k++)
            if (s.at[i].st_shndx == SHN_UNDEF && strcmp(name_of(&s, i), forbidden[k]) == 0)
                add(&found, forbidden[k]);
    if (found.n)
        amct_trial_warn(trial, "refers to %s", end_list(&found));
}

/* ---- Writable data ------------------------------------------------------------------------- */

enum { MAX_RANGES = 8 };

struct amct_object_data {
    const void *within; /* an address of the object */
    uintptr_t base;
    uint32_t n;
    struct range {
        char *at;
        size_t size;
        char *copy;
    } ranges[MAX_RANGES];
};

static bool holds(const struct dl_phdr_info *info, const void *address)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && (uintptr_t)address - from < p->p_memsz)
            return true;
    }
    return false;
}

static void add_range(amct_object_data *data, uintptr_t from, uintptr_t to)
{
    if (from < to && data->n < MAX_RANGES)
        data->ranges[data->n++] = (struct range){.at = (char *)from, .size = to - from};
}

/* What is written once, by the loader, is read-only afterwards. */
static int list_ranges(struct dl_phdr_info *info, size_t size, void *ctx)
{
    amct_object_data *data = ctx;
    uintptr_t fixed = 0, fixed_end = 0;
    (void)size;
    if (!holds(info, data->within))
        return 0;
    data->base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            fixed = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            fixed_end = fixed + info->dlpi_phdr[i].p_memsz;
        }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + p->p_vaddr, to = from + p->p_memsz;
        if (p->p_type != PT_LOAD || !(p->p_flags & PF_W))
            continue;
        if (fixed >= to || fixed_end <= from) {
            add_range(data, from, to);
        } else {
            add_range(data, from, fixed);
            add_range(data, fixed_end, to);
        }
    }
    return 1;
}

const amct_object_data *amct_object_data_now(amct_trial *trial)
{
    object o = map_plain(trial);
    amct_file_unmap(&o.file);
    amct_object_data *data = calloc(1, sizeof *data);
    if (!data)
        amct_trial_skip(trial, "out of memory");
    data->within = trial->plugin;
    if (!dl_iterate_phdr(list_ranges, data))
        amct_trial_skip(trial, "where it was loaded is not known");
    for (uint32_t i = 0; i < data->n; i++) {
        struct range *r = &data->ranges[i];
        r->copy = malloc(r->size);
        if (!r->copy)
            amct_trial_skip(trial, "out of memory");
        memcpy(r->copy, r->at, r->size);
    }
    return data;
}

/* The variable that the address belongs to; NULL if its name is not in the file. */
static const char *variable_at(const object *o, uintptr_t address)
{
    symbols s = find_symbols(o, SHT_SYMTAB);
    for (size_t i = 0; i < s.n; i++)
        if (ELF64_ST_TYPE(s.at[i].st_info) == STT_OBJECT &&
            address - s.at[i].st_value < s.at[i].st_size)
            return name_of(&s, i);
    return NULL;
}

void amct_object_check_data(amct_trial *trial, const amct_object_data *before)
{
    for (uint32_t i = 0; i < before->n; i++) {
        const struct range *r = &before->ranges[i];
        for (size_t k = 0; k < r->size; k++) {
            if (r->at[k] == r->copy[k])
                continue;
            object o = map_object(trial);
            uintptr_t address = (uintptr_t)&r->at[k] - before->base;
            const char *name = variable_at(&o, address);
            amct_trial_fail(trial, "changed the variable %s%s%s at 0x%zx of its data",
                            name ? "'" : "", name ? name : "(without a name)", name ? "'" : "",
                            (size_t)address);
        }
    }
}
