/* The importer for PyTorch's files: what the host sees of it. */
#include "torch_json.h"
#include "torch_reader.h"

#include <string.h>

/* What is read from a file may not take more than this, without the weights, which stay in it. */
#define MAX_MEMORY ((size_t)1 << 29)

static int32_t plugin_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    torch_reader *r;
    const char *input = NULL;
    for (size_t i = 0; i < n_options; i++) {
        const amct_option *option = AMCT_AT(amct_option, options, i);
        torch_reader refused = {.host = host};
        if (strcmp(option->key, "input") != 0)
            return torch_fail(&refused, AMCT_E_INVALID,
                              "option '%.100s' is unknown; the PyTorch importer has input",
                              option->key);
        input = option->value;
    }
    r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (torch_reader){.host = host,
                        .model = *model,
                        .input = input,
                        .memory = {.host = host, .limit = MAX_MEMORY}};
    *self = r;
    return AMCT_OK;
}

static int32_t plugin_read(void *self, const amct_sink *sink)
{
    torch_reader *r = self;
    torch_zip zip;
    torch_span file = {r->model.data, r->model.size};
    r->sink = sink;
    if (torch_is_old_weights(file))
        return torch_read_old_weights(r, file);
    TORCH_TRY(torch_zip_open(r, file, &zip));
    if (torch_is_export(&zip))
        return torch_read_export(r, &zip);
    if (torch_is_script(&zip))
        return torch_read_script(r, &zip);
    return torch_read_weights(r, &zip);
}

static void plugin_close(void *self)
{
    torch_reader *r = self;
    torch_json_free(r);
    import_memory_clear(&r->memory);
    r->host->free(r->host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "PyTorch",
    .probe = torch_probe,
    .open = plugin_open,
    .read = plugin_read,
    .close = plugin_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "pytorch",
    .version = "1.0",
    .summary = "PyTorch: torch.export (.pt2), TorchScript, weights of state dicts",
    .importer = &importer,
};
