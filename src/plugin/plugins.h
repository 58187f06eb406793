/*
 * plugins.h - the plugins of this run: where they are looked for, which were found, and why others
 * cannot be used. A bad plugin never stops the program: it is listed with its problem.
 */
#ifndef AMCT_PLUGIN_PLUGINS_H
#define AMCT_PLUGIN_PLUGINS_H

#include "base/err.h"

typedef struct amct_plugins amct_plugins;

typedef struct amct_plugin_entry {
    const char *path;          /* the file, or a folder that could not be read */
    const amct_plugin *plugin; /* NULL if it cannot be used */
    const char *problem;       /* why not: what was found, what was wanted, what to try; or NULL */
} amct_plugin_entry;

amct_status amct_plugins_new(amct_plugins **out, amct_err *err);
/* Plugins stay loaded: what they export lives as long as the process. */
void amct_plugins_free(amct_plugins *plugins);

/* Looks through the given folders, those of the environment variable AMCT_PLUGIN_PATH (separated by
 * colons), and the program's own, in this order: `plugins` beside the program, as in a build
 * tree, else that of the installation. A given folder that cannot be read is AMCT_E_IO; one of the
 * others is listed as unusable. */
amct_status amct_plugins_search(amct_plugins *plugins, const char *const *folders, size_t n_folders,
                                amct_err *err);
/* Loads every *.so of the folder, in the order of their names. Fails only when out of memory. */
amct_status amct_plugins_add_folder(amct_plugins *plugins, const char *folder, amct_err *err);
/* Loads one file. Of two plugins with the same name the first is used. Fails only when out of
 * memory. */
amct_status amct_plugins_add_file(amct_plugins *plugins, const char *path, amct_err *err);
/* Adds a plugin that is part of the program; `path` is what it is listed as. */
amct_status amct_plugins_add(amct_plugins *plugins, const amct_plugin *plugin, const char *path,
                             amct_err *err);

/* All that were found, in the order of the search. */
size_t amct_plugins_count(const amct_plugins *plugins);
const amct_plugin_entry *amct_plugins_entry(const amct_plugins *plugins, size_t i);
/* Plugin of that kind and name, NULL if there is none that can be used. */
const amct_plugin *amct_plugins_find(const amct_plugins *plugins, uint32_t kind, const char *name);

/* How many options the estimator lists. */
static inline size_t amct_estimator_n_options(const amct_estimator *t)
{
    return AMCT_HAS(t, amct_estimator, n_options) && t->options ? t->n_options : 0;
}

/* For a message that nothing fits: "estimators known: ascend, table", "importers known: onnx
 * (ONNX)", or that there are none and where was looked, and how many files could not be used. Cut
 * to fit; returns text. */
char *amct_plugins_describe(const amct_plugins *plugins, uint32_t kind, char *text, size_t size);

#endif
