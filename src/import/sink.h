/*
 * sink.h - where an importer puts what it reads (amct_sink in amct/plugin.h): every number, name
 * and pointer is checked, then it goes into the graph. A plugin that breaks the contract gets
 * AMCT_E_PLUGIN; what only a bad file can cause is AMCT_E_FORMAT, AMCT_E_LIMIT or _UNSUPPORTED.
 */
#ifndef AMCT_IMPORT_SINK_H
#define AMCT_IMPORT_SINK_H

#include "graph/graph.h"
#include "import/maps.h"
#include "plugin/host.h"

typedef struct amct_import_sink amct_import_sink;

/* Fills graph from an instance whose host table is host's. All must outlive the sink, and the
 * model's bytes the graph. */
amct_status amct_import_sink_new(amct_import_sink **out, amct_graph *graph, amct_plugin_host *host,
                                 const amct_import_place *place, amct_err *err);
void amct_import_sink_free(amct_import_sink *sink); /* NULL is allowed */
const amct_sink *amct_import_sink_table(amct_import_sink *sink);
/* What importer->read returned, as ours; a failure of the sink counts even if it returned 0. */
amct_status amct_import_sink_result(amct_import_sink *sink, int32_t code, amct_err *err);

#endif
