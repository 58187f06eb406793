/* The importer for MindSpore's files: what the host sees of it. */
#include "ms_reader.h"

#include <string.h>

/* What names, nodes and lists of a file may take: many times what any real one needs. */
#define MIN_MEMORY ((size_t)256 << 20)
enum { MEMORY_PER_BYTE = 8 };

static int32_t plugin_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    const char *input = NULL;
    for (size_t i = 0; i < n_options; i++) {
        const amct_option *option = AMCT_AT(amct_option, options, i);
        ms_reader refused = {.host = host};
        if (strcmp(option->key, "input") != 0)
            return ms_fail(&refused, AMCT_E_INVALID,
                           "option '%.100s' is unknown; the MindSpore importer has input",
                           option->key);
        input = option->value;
    }
    ms_reader *r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (ms_reader){.host = host, .model = *model, .input = input};
    r->memory = (import_memory){.host = host, .limit = MIN_MEMORY + MEMORY_PER_BYTE * model->size};
    *self = r;
    return AMCT_OK;
}

static int32_t plugin_read(void *self, const amct_sink *sink)
{
    ms_reader *r = self;
    const char *refused = ms_refused(r->model.data, r->model.size);
    r->sink = sink;
    if (refused)
        return ms_fail(r, AMCT_E_UNSUPPORTED, "%s", refused);
    return ms_is_weights(r->model.data, r->model.size) ? ms_read_weights(r) : ms_read_model(r);
}

static void plugin_close(void *self)
{
    ms_reader *r = self;
    const amct_host *host = r->host;
    import_memory_clear(&r->memory);
    host->free(host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "MindSpore",
    .probe = ms_probe,
    .open = plugin_open,
    .read = plugin_read,
    .close = plugin_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "mindspore",
    .version = "1.0",
    .summary = "MindSpore: MindIR, weights of checkpoints",
    .importer = &importer,
};
