/* The importer for PyTorch's files: what the host sees of it. */
#include "torch_json.h"
#include "torch_reader.h"

static int32_t plugin_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    torch_reader *r;
    if (n_options) {
        torch_reader refused = {.host = host};
        return torch_fail(&refused, AMCT_E_INVALID,
                          "the PyTorch importer has no options, '%.100s' was given", options->key);
    }
    r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (torch_reader){.host = host, .model = *model};
    torch_memory_init(&r->memory, host);
    *self = r;
    return AMCT_OK;
}

static int32_t plugin_read(void *self, const amct_sink *sink)
{
    torch_reader *r = self;
    torch_zip zip;
    torch_span file = {r->model.data, r->model.size};
    r->sink = sink;
    if (!torch_is_zip(file))
        return torch_fail(r, AMCT_E_UNSUPPORTED, "a state dict of the old form");
    TORCH_TRY(torch_zip_open(r, file, &zip));
    if (torch_is_export(&zip))
        return torch_read_export(r, &zip);
    return torch_fail(r, AMCT_E_UNSUPPORTED, "the archive holds no program");
}

static void plugin_close(void *self)
{
    torch_reader *r = self;
    torch_json_free(r);
    torch_memory_clear(&r->memory);
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
