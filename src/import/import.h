/*
 * import.h - a model file becomes a graph, through whichever importer plugin knows its format.
 *
 * The graph that comes out is valid (amct_graph_validate), in topological order, with unique names;
 * all that the plugin said has been range-checked, and no large float constant holds a NaN or an
 * infinity. It needs neither plugin nor path any more: its arena owns the mapped files.
 */
#ifndef AMCT_IMPORT_IMPORT_H
#define AMCT_IMPORT_IMPORT_H

#include "graph/graph.h"
#include "plugin/plugins.h"

/* Maps the file, asks every importer, reads with the surest one (the first of equals). Messages
 * begin with the path. AMCT_E_UNSUPPORTED, with what the file looks like and which formats are
 * known, if nobody knows it. Further files are only opened inside of the file's folder. */
amct_status amct_import(amct_graph **out, const amct_plugins *plugins, const char *path,
                        const amct_option *options, size_t n_options, amct_err *err);

/* The same with a given importer from bytes in memory, which must outlive the graph. folder is
 * where further files may be read, NULL for none. */
amct_status amct_import_bytes(amct_graph **out, const amct_plugin *plugin, const void *data,
                              size_t size, const char *folder, const amct_option *options,
                              size_t n_options, amct_err *err);

#endif
