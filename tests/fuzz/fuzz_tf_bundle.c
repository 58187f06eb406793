/* The index of a checkpoint of version 2, of any bytes: read, and every entry looked at. */
#include "plugin/host.h"

#include "../../plugins/importers/tensorflow/tf_bundle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_err err;
    amct_plugin_host *host;
    if (amct_plugin_host_new(&host, "tensorflow", &err) != AMCT_OK)
        return 0;
    const amct_host *table = amct_plugin_host_table(host);
    tf_reader r = {.host = table, .memory = {.host = table, .limit = (size_t)1 << 30}};
    tf_bundle bundle;
    if (tf_bundle_read(&r, (wire_span){data, size}, &bundle) == AMCT_OK)
        for (size_t i = 0; i < bundle.n; i++) {
            tf_place place;
            if (tf_bundle_find(&bundle, bundle.entries[i].key) != &bundle.entries[i])
                abort();
            tf_bundle_place(&r, &bundle, &bundle.entries[i], &place);
        }
    import_memory_clear(&r.memory);
    amct_plugin_host_free(host);
    return 0;
}
