/* The Caffe importer on any bytes as net and weights in one: fails cleanly or makes a valid graph.
 */
#include "base/log.h"
#include "import/import.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_log_set_level(AMCT_LOG_ERROR);
    int32_t sure =
        amct_plugin_v1.importer->probe(data, size < 4096 ? size : 4096, "net.caffemodel");
    if (sure < 0 || sure > 100)
        abort();
    amct_graph *graph = NULL;
    amct_err err = {AMCT_OK, ""};
    if (amct_import_bytes(&graph, &amct_plugin_v1, data, size, NULL, NULL, 0, &err) != AMCT_OK) {
        /* what a hostile file causes is never the plugin's breach of contract, nor our bug */
        if (graph || !err.text[0] || err.code == AMCT_E_PLUGIN || err.code == AMCT_E_INTERNAL)
            abort();
        return 0;
    }
    if (amct_graph_validate(graph, &err) != AMCT_OK)
        abort();
    amct_graph_free(graph);
    return 0;
}
