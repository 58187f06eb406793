#define _GNU_SOURCE
#include "measure/profile.h"

#include "base/csv.h"
#include "base/file.h"
#include "base/utf8.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILES = 256, MAX_DEPTH = 6, MAX_GROUPS = 256 };

/* ---- Files ------------------------------------------------------------------------------------
 */

typedef struct files {
    amct_arena *arena;
    const char *summaries[MAX_FILES], *fusions[MAX_FILES], *statistics[MAX_FILES];
    uint32_t n_summaries, n_fusions, n_statistics;
} files;

static void sort_out(files *f, const char *path, const char *name)
{
    size_t length = strlen(name);
    if (length < 5 || strcmp(name + length - 4, ".csv") != 0)
        return;
    if (strncmp(name, "op_summary", 10) == 0 && f->n_summaries < MAX_FILES)
        f->summaries[f->n_summaries++] = path;
    else if (strncmp(name, "fusion_op", 9) == 0 && f->n_fusions < MAX_FILES)
        f->fusions[f->n_fusions++] = path;
    else if (strncmp(name, "op_statistic", 12) == 0 && f->n_statistics < MAX_FILES)
        f->statistics[f->n_statistics++] = path;
}

static amct_status find_files(files *f, const char *folder, int depth, amct_err *err)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    amct_status status = AMCT_OK;
    if (n < 0)
        return depth ? AMCT_OK
                     : amct_fail(err, AMCT_E_IO, "%s: is no folder that can be read", folder);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        struct stat info;
        char *joined = name[0] == '.' ? NULL : amct_path_join(folder, name);
        char *path = joined ? amct_arena_string(f->arena, joined) : NULL;
        free(joined);
        if (status == AMCT_OK && name[0] != '.') {
            if (!path)
                status = amct_fail_nomem(err);
            else if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && depth < MAX_DEPTH)
                status = find_files(f, path, depth + 1, err);
            else if (S_ISREG(info.st_mode))
                sort_out(f, path, name);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* ---- Rows -------------------------------------------------------------------------------------
 */

/* One run of an operator. */
typedef struct row {
    const char *name, *type;
    uint32_t group;
    double start, us, wait; /* NAN: not told */
} row;

/* The rows of one model on one device. */
typedef struct group {
    const char *device, *model;
    uint32_t fitting; /* rows of operators of the network */
} group;

typedef struct rows {
    amct_arena *arena;
    row *at;
    size_t n, cap;
    group groups[MAX_GROUPS];
    uint32_t n_groups;
} rows;

static const char *field(const amct_csv *csv, uint32_t r, int32_t column)
{
    return column < 0 ? "" : csv->fields[(size_t)r * csv->n_columns + (uint32_t)column];
}

/* A number, NAN for N/A and nothing; some versions put a tab behind it. */
static amct_status read_number(double *out, const amct_csv *csv, uint32_t r, int32_t column,
                               amct_err *err)
{
    const char *text = field(csv, r, column);
    char shown[AMCT_CLIPPED], *end;
    *out = NAN;
    if (!text[0] || strcasecmp(text, "N/A") == 0)
        return AMCT_OK;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number) || number < 0)
        return amct_fail(err, AMCT_E_FORMAT, "%s: line %u: '%s' is '%s', a time was wanted",
                         csv->path, csv->lines[r], csv->names[column],
                         amct_utf8_show(text, shown, sizeof shown));
    *out = number;
    return AMCT_OK;
}

static amct_status find_group(uint32_t *out, rows *all, const char *device, const char *model,
                              const char *path, amct_err *err)
{
    for (uint32_t g = 0; g < all->n_groups; g++)
        if (strcmp(all->groups[g].device, device) == 0 &&
            strcmp(all->groups[g].model, model) == 0) {
            *out = g;
            return AMCT_OK;
        }
    if (all->n_groups == MAX_GROUPS)
        return amct_fail(err, AMCT_E_LIMIT, "%s: more than %d devices and models", path,
                         MAX_GROUPS);
    all->groups[all->n_groups] = (group){device, model, 0};
    *out = all->n_groups++;
    return AMCT_OK;
}

static amct_status add_row(rows *all, const row *one, amct_err *err)
{
    if (all->n == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 1024;
        row *bigger = realloc(all->at, cap * sizeof *bigger);
        if (!bigger)
            return amct_fail_nomem(err);
        all->at = bigger;
        all->cap = cap;
    }
    all->at[all->n++] = *one;
    return AMCT_OK;
}

static amct_status want_columns(const amct_csv *csv, const char *const *names,
                                const int32_t *columns, size_t n, amct_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (columns[i] < 0)
            return amct_fail(err, AMCT_E_FORMAT, "%s: line 1 has no column '%s'", csv->path,
                             names[i]);
    return AMCT_OK;
}

static amct_status read_summary(rows *all, const char *path, amct_err *err)
{
    amct_csv csv;
    AMCT_TRY(amct_csv_read(&csv, all->arena, path, err));
    int32_t name = amct_csv_column(&csv, "Op Name"), us = amct_csv_column(&csv, "Task Duration");
    int32_t type = amct_csv_column(&csv, "OP Type"), device = amct_csv_column(&csv, "Device id");
    int32_t start = amct_csv_column(&csv, "Task Start Time");
    int32_t wait = amct_csv_column(&csv, "Task Wait Time");
    int32_t model = amct_csv_column(&csv, "Model Name"), id = amct_csv_column(&csv, "Model ID");
    AMCT_TRY(want_columns(&csv, (const char *const[]){"Op Name", "Task Duration(us)"},
                          (int32_t[]){name, us}, 2, err));
    for (uint32_t r = 0; r < csv.n_rows; r++) {
        row one = {.name = field(&csv, r, name), .type = field(&csv, r, type)};
        const char *which = field(&csv, r, model);
        AMCT_TRY(read_number(&one.us, &csv, r, us, err));
        AMCT_TRY(read_number(&one.start, &csv, r, start, err));
        AMCT_TRY(read_number(&one.wait, &csv, r, wait, err));
        if (!one.name[0] || strcasecmp(one.name, "N/A") == 0)
            continue; /* a task that is no operator */
        if (!which[0] || strcasecmp(which, "N/A") == 0)
            which = field(&csv, r, id);
        AMCT_TRY(find_group(&one.group, all, field(&csv, r, device), which, path, err));
        AMCT_TRY(add_row(all, &one, err));
    }
    return AMCT_OK;
}

/* ---- Operators --------------------------------------------------------------------------------
 */

static int by_name_and_start(const void *a, const void *b)
{
    const row *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order)
        return order;
    double s = isnan(x->start) ? 0 : x->start, t = isnan(y->start) ? 0 : y->start;
    return (s > t) - (s < t);
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *numbers, uint32_t n)
{
    if (!n)
        return 0;
    qsort(numbers, n, sizeof *numbers, by_number);
    return n % 2 ? numbers[n / 2] : (numbers[n / 2 - 1] + numbers[n / 2]) / 2;
}

/* The rows of one name, an iteration each. The first operator of an iteration waits for the host to
 * begin it, which is no time of the network. */
static amct_profile_op summarise(const row *begin, size_t n, const char *first, double *numbers)
{
    amct_profile_op op = {.name = begin->name, .type = begin->type};
    uint32_t waits = 0;
    for (size_t i = 0; i < n; i++)
        if (begin[i].us > 0)
            numbers[op.runs++] = begin[i].us * 1e3;
    op.ns = median(numbers, op.runs);
    for (size_t i = 0; i < n && strcmp(begin->name, first) != 0; i++)
        if (!isnan(begin[i].wait))
            numbers[waits++] = begin[i].wait * 1e3;
    op.wait_ns = median(numbers, waits);
    return op;
}

static uint32_t choose_group(const rows *all)
{
    uint32_t best = 0;
    for (uint32_t g = 1; g < all->n_groups; g++)
        if (all->groups[g].fitting > all->groups[best].fitting)
            best = g;
    return best;
}

static const char *describe(amct_arena *arena, const rows *all, uint32_t g)
{
    const group *at = &all->groups[g];
    char device[AMCT_CLIPPED], model[AMCT_CLIPPED], among[64] = "";
    amct_utf8_show(at->device[0] ? at->device : "?", device, sizeof device);
    amct_utf8_show(at->model[0] ? at->model : "?", model, sizeof model);
    if (all->n_groups > 1)
        snprintf(among, sizeof among, ", of %u in the files", all->n_groups);
    return amct_arena_printf(arena, "device %s, model %s%s", device, model, among);
}

static amct_status make_ops(amct_profile *p, rows *all, amct_err *err)
{
    uint32_t chosen = choose_group(all);
    const char *first = "";
    double start = INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (all->at[i].group != chosen)
            continue;
        all->at[n++] = all->at[i];
        if (all->at[n - 1].start < start) {
            start = all->at[n - 1].start;
            first = all->at[n - 1].name;
        }
    }
    if (n)
        qsort(all->at, n, sizeof *all->at, by_name_and_start);
    double *numbers = malloc((n + 1) * sizeof *numbers);
    p->ops = amct_arena_array(p->arena, n + 1, sizeof *p->ops);
    p->what = n ? describe(p->arena, all, chosen) : "";
    if (!numbers || !p->ops || !p->what) {
        free(numbers);
        return amct_fail_nomem(err);
    }
    for (size_t i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && strcmp(all->at[i].name, all->at[i + same].name) == 0;)
            same++;
        amct_profile_op op = summarise(&all->at[i], same, first, numbers);
        if (op.runs)
            p->ops[p->n_ops++] = op;
        else
            p->untimed++;
    }
    free(numbers);
    return AMCT_OK;
}

/* ---- Fusions and types ------------------------------------------------------------------------
 */

static int op_by_name(const void *key, const void *op)
{
    return strcmp(key, ((const amct_profile_op *)op)->name);
}

/* "a;b" or "a,b": the names of what was fused. */
static amct_status split_names(amct_profile *p, amct_profile_op *op, const char *list,
                               amct_err *err)
{
    char *text = amct_arena_string(p->arena, list), *rest = NULL;
    const char **names = amct_arena_array(p->arena, strlen(list) / 2 + 1, sizeof *names);
    if (!text || !names)
        return amct_fail_nomem(err);
    for (char *one = strtok_r(text, ";, \t", &rest); one; one = strtok_r(NULL, ";, \t", &rest))
        names[op->n_originals++] = one;
    op->originals = names;
    return AMCT_OK;
}

static amct_status read_fusions(amct_profile *p, const char *path, amct_err *err)
{
    amct_csv csv;
    AMCT_TRY(amct_csv_read(&csv, p->arena, path, err));
    int32_t name = amct_csv_column(&csv, "Fusion Op"), from = amct_csv_column(&csv, "Original Ops");
    AMCT_TRY(want_columns(&csv, (const char *const[]){"Fusion Op", "Original Ops"},
                          (int32_t[]){name, from}, 2, err));
    for (uint32_t r = 0; r < csv.n_rows; r++) {
        amct_profile_op *op =
            bsearch(field(&csv, r, name), p->ops, p->n_ops, sizeof *p->ops, op_by_name);
        const char *list = field(&csv, r, from);
        if (op && !op->originals && list[0] && strcasecmp(list, "N/A") != 0)
            AMCT_TRY(split_names(p, op, list, err));
    }
    return AMCT_OK;
}

/* Total times of types of operators; Count tells how often in all. */
static amct_status read_statistic(amct_profile *p, const char *path, amct_err *err)
{
    amct_csv csv;
    double total, count;
    AMCT_TRY(amct_csv_read(&csv, p->arena, path, err));
    int32_t type = amct_csv_column(&csv, "OP Type"), us = amct_csv_column(&csv, "Total Time");
    int32_t runs = amct_csv_column(&csv, "Count");
    AMCT_TRY(want_columns(&csv, (const char *const[]){"OP Type", "Total Time(us)", "Count"},
                          (int32_t[]){type, us, runs}, 3, err));
    p->ops = amct_arena_array(p->arena, csv.n_rows + 1, sizeof *p->ops);
    if (!p->ops)
        return amct_fail_nomem(err);
    p->by_type = true;
    p->what = "types of operators";
    for (uint32_t r = 0; r < csv.n_rows; r++) {
        AMCT_TRY(read_number(&total, &csv, r, us, err));
        AMCT_TRY(read_number(&count, &csv, r, runs, err));
        const char *name = field(&csv, r, type);
        if (total > 0 && count >= 1 && count < 1e9)
            p->ops[p->n_ops++] = (amct_profile_op){
                .name = name, .type = name, .ns = total * 1e3, .runs = (uint32_t)count};
        else
            p->untimed++;
    }
    return AMCT_OK;
}

static amct_status read_files(amct_profile *p, const files *f, rows *all,
                              bool (*fits)(const void *ctx, const char *name), const void *ctx,
                              amct_err *err)
{
    if (!f->n_summaries && f->n_statistics)
        return read_statistic(p, f->statistics[0], err);
    for (uint32_t i = 0; i < f->n_summaries; i++)
        AMCT_TRY(read_summary(all, f->summaries[i], err));
    for (size_t i = 0; i < all->n; i++)
        all->groups[all->at[i].group].fitting += fits(ctx, all->at[i].name);
    AMCT_TRY(make_ops(p, all, err));
    for (uint32_t i = 0; i < f->n_fusions; i++)
        AMCT_TRY(read_fusions(p, f->fusions[i], err));
    return AMCT_OK;
}

amct_status amct_profile_read(amct_profile *out, const char *folder,
                              bool (*fits)(const void *ctx, const char *name), const void *ctx,
                              amct_err *err)
{
    amct_profile p = {.arena = amct_arena_new()};
    files *f = calloc(1, sizeof *f);
    rows *all = calloc(1, sizeof *all);
    amct_status status = p.arena && f && all ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        f->arena = all->arena = p.arena;
        p.folder = amct_arena_string(p.arena, folder);
        status = p.folder ? find_files(f, folder, 0, err) : amct_fail_nomem(err);
    }
    if (status == AMCT_OK && !f->n_summaries && !f->n_statistics)
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s: there is no op_summary*.csv in it: export the profile with "
                           "msprof --export=on --output=DIR",
                           folder);
    if (status == AMCT_OK)
        status = read_files(&p, f, all, fits, ctx, err);
    if (status == AMCT_OK && !p.n_ops)
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s: no operator of the profile has a time (%u operators without)",
                           folder, p.untimed);
    if (all)
        free(all->at);
    free(all);
    free(f);
    if (status != AMCT_OK)
        amct_profile_free(&p);
    else
        *out = p;
    return status;
}

void amct_profile_free(amct_profile *profile)
{
    amct_arena_free(profile->arena);
    *profile = (amct_profile){0};
}
