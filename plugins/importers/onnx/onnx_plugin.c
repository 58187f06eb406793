/* The importer for ONNX files: what the host sees of it. */
#define _GNU_SOURCE /* tdestroy */
#include "onnx_reader.h"

#include <search.h>

static int32_t plugin_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    onnx_reader *r;
    if (n_options) {
        onnx_reader refused = {.host = host};
        return onnx_fail(&refused, AMCT_E_INVALID,
                         "the ONNX importer has no options, '%.100s' was given", options->key);
    }
    r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (onnx_reader){.host = host, .model = *model};
    r->last_value = &r->values;
    onnx_memory_init(&r->memory, host);
    onnx_memory_init(&r->scratch, host);
    *self = r;
    return AMCT_OK;
}

static int32_t plugin_read(void *self, const amct_sink *sink)
{
    onnx_reader *r = self;
    r->sink = sink;
    return onnx_read_model(r);
}

static void keep(void *function)
{
    (void)function; /* of memory */
}

static void plugin_close(void *self)
{
    onnx_reader *r = self;
    tdestroy(r->functions, keep);
    onnx_memory_clear(&r->scratch);
    onnx_memory_clear(&r->memory);
    r->host->free(r->host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "ONNX",
    .probe = onnx_probe,
    .open = plugin_open,
    .read = plugin_read,
    .close = plugin_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "onnx",
    .version = "1.0",
    .summary = "ONNX files, operator sets 6 to 22",
    .importer = &importer,
};
