/* The MindSpore importer on any bytes, as a MindIR or a checkpoint. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int32_t sure = amct_plugin_v1.importer->probe(data, size < 4096 ? size : 4096, "net.mindir");
    if (sure < 0 || sure > 100)
        abort();
    fuzz_import(data, size, NULL, 0);
    return 0;
}
