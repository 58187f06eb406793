/* An importer on any bytes, through the host's sink: fails cleanly or makes a valid graph. */
#ifndef TESTS_FUZZ_IMPORT_H
#define TESTS_FUZZ_IMPORT_H

#include "base/log.h"
#include "import/import.h"

#include <stdlib.h>

static inline void fuzz_import(const void *data, size_t size, const amct_option *options, size_t n)
{
    amct_graph *graph = NULL;
    amct_err err = {AMCT_OK, ""};
    amct_log_set_level(AMCT_LOG_ERROR);
    if (amct_import_bytes(&graph, &amct_plugin_v1, data, size, NULL, options, n, &err) != AMCT_OK) {
        /* what a hostile file causes is never the plugin's breach of contract, nor our bug */
        if (graph || !err.text[0] || err.code == AMCT_E_PLUGIN || err.code == AMCT_E_INTERNAL)
            abort();
        return;
    }
    if (amct_graph_validate(graph, &err) != AMCT_OK)
        abort();
    amct_graph_free(graph);
}

#endif
