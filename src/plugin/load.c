#include "plugin/load.h"

#include "base/file.h"
#include "plugin/plugins.h"
#include "plugin/whole_object.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* No struct of the interface grows beyond this; larger is garbage. */
enum { MAX_STRUCT = 65536 };

#define REBUILD "rebuild it with the header amct/plugin.h of this program"

const char *amct_plugin_kind_name(uint32_t kind)
{
    return kind == AMCT_PLUGIN_IMPORTER    ? "importer"
           : kind == AMCT_PLUGIN_ESTIMATOR ? "estimator"
                                           : "?";
}

static amct_status check_size(const char *name, uint32_t size, size_t wanted, amct_err *err)
{
    if (size < wanted || size > MAX_STRUCT)
        return amct_fail(err, AMCT_E_PLUGIN, "%s has struct_size %u, %zu to %d wanted: " REBUILD,
                         name, size, wanted, MAX_STRUCT);
    return AMCT_OK;
}

/* The last field that version 1.0 of each struct has. */
#define SIZE_1_0(T, last) (offsetof(T, last) + sizeof(((T *)0)->last))

static amct_status missing(const char *table, const char *what, amct_err *err)
{
    return amct_fail(err, AMCT_E_PLUGIN, "%s has no %s", table, what);
}

static amct_status check_importer(const amct_importer *t, amct_err *err)
{
    const char *name = "its importer table";
    if (!t)
        return missing("an importer", "importer table", err);
    AMCT_TRY(check_size(name, t->struct_size, SIZE_1_0(amct_importer, close), err));
    if (!t->format || !t->format[0])
        return missing(name, "format", err);
    const char *gap = !t->probe   ? "probe"
                      : !t->open  ? "open"
                      : !t->read  ? "read"
                      : !t->close ? "close"
                                  : NULL;
    return gap ? missing(name, gap, err) : AMCT_OK;
}

static amct_status check_estimator(const amct_estimator *t, amct_err *err)
{
    const char *name = "its estimator table";
    if (!t)
        return missing("an estimator", "estimator table", err);
    AMCT_TRY(check_size(name, t->struct_size, SIZE_1_0(amct_estimator, close), err));
    const char *gap = !t->open       ? "open"
                      : !t->info     ? "info"
                      : !t->estimate ? "estimate"
                      : !t->close    ? "close"
                                     : NULL;
    for (size_t i = 0; !gap && i < amct_estimator_n_options(t); i++) {
        const amct_option_info *o = AMCT_AT(amct_option_info, t->options, i);
        if (!AMCT_HAS(o, amct_option_info, meaning) || !o->key || !o->values || !o->fallback ||
            !o->meaning)
            gap = "key, values, fallback or meaning of an option";
    }
    return gap ? missing(name, gap, err) : AMCT_OK;
}

amct_status amct_plugin_check(const amct_plugin *plugin, amct_err *err)
{
    AMCT_TRY(
        check_size(AMCT_PLUGIN_SYMBOL, plugin->struct_size, SIZE_1_0(amct_plugin, estimator), err));
    if (!plugin->name || !plugin->version || !plugin->summary)
        return missing(AMCT_PLUGIN_SYMBOL,
                       !plugin->name      ? "name"
                       : !plugin->version ? "version"
                                          : "summary",
                       err);
    size_t length = strlen(plugin->name);
    if (!length || length > 64 ||
        strspn(plugin->name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != length)
        return amct_fail(err, AMCT_E_PLUGIN,
                         "its name is '%s', 1 to 64 of a-z, 0-9, '-' and '_' wanted", plugin->name);
    switch (plugin->kind) {
    case AMCT_PLUGIN_IMPORTER: return check_importer(plugin->importer, err);
    case AMCT_PLUGIN_ESTIMATOR: return check_estimator(plugin->estimator, err);
    default:
        return amct_fail(err, AMCT_E_PLUGIN,
                         "its kind is %u, 1 (importer) or 2 (estimator) wanted: " REBUILD,
                         plugin->kind);
    }
}

/* A plugin of another major version has the symbol with another number. */
static int other_major(void *library)
{
    char symbol[32];
    for (int major = 0; major < 10; major++) {
        snprintf(symbol, sizeof symbol, "amct_plugin_v%d", major);
        if (dlsym(library, symbol))
            return major;
    }
    return -1;
}

static amct_status find_plugin(const amct_plugin **out, const char *path, amct_err *err)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        return amct_fail(err, AMCT_E_IO,
                         "cannot be loaded: %s; a shared object for this machine whose libraries "
                         "are all installed is wanted",
                         reason ? reason : "unknown reason");
    }
    const amct_plugin *plugin = dlsym(library, AMCT_PLUGIN_SYMBOL);
    if (!plugin) {
        int major = other_major(library);
        if (major >= 0)
            return amct_fail(err, AMCT_E_PLUGIN,
                             "is a plugin for version %d of the interface, %d wanted: " REBUILD,
                             major, AMCT_ABI_MAJOR);
        return amct_fail(err, AMCT_E_PLUGIN,
                         "does not export the symbol " AMCT_PLUGIN_SYMBOL
                         ": it is not a plugin of this program, or the symbol is hidden (see "
                         "AMCT_PLUGIN_EXPORT in amct/plugin.h)");
    }
    AMCT_TRY(amct_plugin_check(plugin, err));
    *out = plugin;
    return AMCT_OK;
}

amct_status amct_plugin_load(const amct_plugin **out, const char *path, amct_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return amct_fail(err, AMCT_E_IO, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode)) /* dlopen would wait for a pipe for ever */
        return amct_fail(err, AMCT_E_IO, "is not a regular file");
    AMCT_TRY(amct_object_check_whole(path, err));
    /* a name without a slash would be searched for among the system's libraries */
    char *full = strchr(path, '/') ? strdup(path) : amct_path_join(".", path);
    if (!full)
        return amct_fail_nomem(err);
    amct_status status = find_plugin(out, full, err);
    free(full);
    return status;
}
