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
 * known, if nobody knows it. Further files are only opened inside of the file's folder. Of a folder
 * its saved_model.pb is read.
 *
 * weights is a file of weights for this network, anywhere, or NULL. An importer that takes weights
 * is given it, or the file that weights_file.h finds beside the model; else its constants are put
 * in the place of the network's. */
amct_status amct_import(amct_graph **out, const amct_plugins *plugins, const char *path,
                        const char *weights, amct_err *err);
/* The same with options for the importer. */
amct_status amct_import_with(amct_graph **out, const amct_plugins *plugins, const char *path,
                             const char *weights, const amct_option *options, size_t n_options,
                             amct_err *err);

/* The same with a given importer from bytes in memory, which must outlive the graph. folder is
 * where further files may be read, NULL for none. Of an importer that takes weights, the option
 * `weights` may name a file anywhere. */
amct_status amct_import_bytes(amct_graph **out, const amct_plugin *plugin, const void *data,
                              size_t size, const char *folder, const amct_option *options,
                              size_t n_options, amct_err *err);

#endif
