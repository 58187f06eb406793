/*
 * load.h - one plugin file: opened, found to be a plugin of this interface, and checked.
 */
#ifndef AMCT_PLUGIN_LOAD_H
#define AMCT_PLUGIN_LOAD_H

#include "base/err.h"

/* Loads the shared object and returns its description, which stays valid for ever: nothing is
 * unloaded. AMCT_E_IO if it cannot be loaded, AMCT_E_PLUGIN if it is no plugin or breaks the
 * contract; the text says what was found, what was wanted and what to try. Does not name the
 * file: the caller does. */
amct_status amct_plugin_load(const amct_plugin **out, const char *path, amct_err *err);

/* Checks sizes, kind, names, and that the table of its kind has its functions. [any thread] */
amct_status amct_plugin_check(const amct_plugin *plugin, amct_err *err);

/* "importer", "estimator". */
const char *amct_plugin_kind_name(uint32_t kind);

#endif
