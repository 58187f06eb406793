#include "plugin/plugins.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/grow.h"
#include "plugin/load.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct amct_plugins {
    amct_arena *arena; /* texts */
    amct_plugin_entry *entries;
    size_t n, cap;
};

amct_status amct_plugins_new(amct_plugins **out, amct_err *err)
{
    amct_plugins *plugins = calloc(1, sizeof *plugins);
    if (plugins)
        plugins->arena = amct_arena_new();
    if (!plugins || !plugins->arena) {
        free(plugins);
        return amct_fail_nomem(err);
    }
    *out = plugins;
    return AMCT_OK;
}

void amct_plugins_free(amct_plugins *plugins)
{
    if (!plugins)
        return;
    amct_arena_free(plugins->arena);
    free(plugins->entries);
    free(plugins);
}

/* problem is NULL for a good one. */
static amct_status add_entry(amct_plugins *plugins, const char *path, const amct_plugin *plugin,
                             const char *problem, amct_err *err)
{
    AMCT_TRY(
        amct_grow(&plugins->entries, plugins->n, &plugins->cap, sizeof *plugins->entries, err));
    amct_plugin_entry entry = {amct_arena_string(plugins->arena, path), plugin, problem};
    if (problem)
        entry.problem = amct_arena_string(plugins->arena, problem);
    if (!entry.path || (problem && !entry.problem))
        return amct_fail_nomem(err);
    plugins->entries[plugins->n++] = entry;
    return AMCT_OK;
}

/* The same text for a later file of the same name, and nothing at all for the same file again. */
static amct_status add_loaded(amct_plugins *plugins, const char *path, const amct_plugin *plugin,
                              amct_err *err)
{
    for (size_t i = 0; i < plugins->n; i++) {
        const amct_plugin_entry *other = &plugins->entries[i];
        if (other->plugin == plugin)
            return AMCT_OK;
        if (!other->plugin || strcmp(other->plugin->name, plugin->name) != 0)
            continue;
        amct_err problem;
        amct_fail(&problem, AMCT_E_PLUGIN, "is shadowed: the name '%s' is taken by %s, found first",
                  plugin->name, other->path);
        return add_entry(plugins, path, NULL, problem.text, err);
    }
    return add_entry(plugins, path, plugin, NULL, err);
}

amct_status amct_plugins_add(amct_plugins *plugins, const amct_plugin *plugin, const char *path,
                             amct_err *err)
{
    amct_err problem;
    if (amct_plugin_check(plugin, &problem) != AMCT_OK)
        return add_entry(plugins, path, NULL, problem.text, err);
    return add_loaded(plugins, path, plugin, err);
}

amct_status amct_plugins_add_file(amct_plugins *plugins, const char *path, amct_err *err)
{
    const amct_plugin *plugin;
    amct_err problem;
    if (amct_plugin_load(&plugin, path, &problem) != AMCT_OK)
        return add_entry(plugins, path, NULL, problem.text, err);
    return add_loaded(plugins, path, plugin, err);
}

static int is_plugin_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0;
}

/* By bytes, whatever the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* *error: why the folder cannot be read, of errno; else 0. */
static amct_status load_folder(int *error, amct_plugins *plugins, const char *folder, amct_err *err)
{
    struct dirent **files;
    int n = scandir(folder, &files, is_plugin_file, compare_names);
    *error = n < 0 ? errno : 0;
    if (n < 0)
        return *error == ENOMEM ? amct_fail_nomem(err) : AMCT_OK;
    amct_status status = AMCT_OK;
    for (int i = 0; i < n; i++) {
        char *path = amct_path_join(folder, files[i]->d_name);
        if (status == AMCT_OK)
            status = path ? amct_plugins_add_file(plugins, path, err) : amct_fail_nomem(err);
        free(path);
        free(files[i]);
    }
    free(files);
    return status;
}

amct_status amct_plugins_add_folder(amct_plugins *plugins, const char *folder, amct_err *err)
{
    int error;
    AMCT_TRY(load_folder(&error, plugins, folder, err));
    return error ? add_entry(plugins, folder, NULL, strerror(error), err) : AMCT_OK;
}

/* The folder `plugins` beside the program, where the build puts them; else that of the
 * installation. */
static amct_status add_own(amct_plugins *plugins, amct_err *err)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return amct_plugins_add_folder(plugins, AMCT_PLUGIN_DIR, err);
    program[length] = 0;
    char *folder = amct_path_folder(program);
    char *beside = folder ? amct_path_join(folder, "plugins") : NULL;
    amct_status status = AMCT_OK;
    if (!beside)
        status = amct_fail_nomem(err);
    else
        status = amct_plugins_add_folder(plugins,
                                         access(beside, F_OK) == 0 ? beside : AMCT_PLUGIN_DIR, err);
    free(beside);
    free(folder);
    return status;
}

amct_status amct_plugins_search(amct_plugins *plugins, const char *const *folders, size_t n_folders,
                                amct_err *err)
{
    for (size_t i = 0; i < n_folders; i++) {
        int error;
        AMCT_TRY(load_folder(&error, plugins, folders[i], err));
        if (error)
            return amct_fail_errno(err, error, "--plugin-dir %s", folders[i]);
    }
    const char *listed = getenv("AMCT_PLUGIN_PATH");
    while (listed && *listed) {
        size_t length = strcspn(listed, ":");
        char *folder = strndup(listed, length);
        if (!folder)
            return amct_fail_nomem(err);
        amct_status status = length ? amct_plugins_add_folder(plugins, folder, err) : AMCT_OK;
        free(folder);
        AMCT_TRY(status);
        listed += length + (listed[length] == ':');
    }
    return add_own(plugins, err);
}

size_t amct_plugins_count(const amct_plugins *plugins)
{
    return plugins->n;
}

const amct_plugin_entry *amct_plugins_entry(const amct_plugins *plugins, size_t i)
{
    return &plugins->entries[i];
}

const amct_plugin *amct_plugins_find(const amct_plugins *plugins, uint32_t kind, const char *name)
{
    for (size_t i = 0; i < plugins->n; i++) {
        const amct_plugin *plugin = plugins->entries[i].plugin;
        if (plugin && plugin->kind == kind && strcmp(plugin->name, name) == 0)
            return plugin;
    }
    return NULL;
}

static void append(char *text, size_t size, const char *fmt, ...) AMCT_PRINTF(3, 4);
static void append(char *text, size_t size, const char *fmt, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + used, size - used, fmt, args);
    va_end(args);
}

char *amct_plugins_describe(const amct_plugins *plugins, uint32_t kind, char *text, size_t size)
{
    size_t n = 0, bad = 0;
    text[0] = 0;
    for (size_t i = 0; i < plugins->n; i++) {
        const amct_plugin *plugin = plugins->entries[i].plugin;
        bad += !plugin;
        if (!plugin || plugin->kind != kind)
            continue;
        if (n++ == 0)
            append(text, size, "%ss known: ", amct_plugin_kind_name(kind));
        else
            append(text, size, ", ");
        append(text, size, "%s", plugin->name);
        if (kind == AMCT_PLUGIN_IMPORTER)
            append(text, size, " (%s)", plugin->importer->format);
    }
    if (!n)
        append(text, size,
               "no %s plugin was found in --plugin-dir, AMCT_PLUGIN_PATH and " AMCT_PLUGIN_DIR,
               amct_plugin_kind_name(kind));
    if (bad)
        append(text, size, "; %zu that could not be used: see 'amct-autotune plugins list'", bad);
    return text;
}
