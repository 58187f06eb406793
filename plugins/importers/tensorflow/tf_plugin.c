/* The importer for TensorFlow's files: what the host sees of it. */
#include "tf_reader.h"

#include <stdlib.h>
#include <string.h>

/* What names, nodes and lists of a file may take: many times what any real one needs. */
#define MIN_MEMORY ((size_t)256 << 20)
enum { MEMORY_PER_BYTE = 8 };

/* "1x224x224x3", "?" or "-1" for a dim that stays open. */
static int32_t read_shape(tf_reader *r, const char *text)
{
    tf_shape shape = {.rank = 0};
    const char *at = text;
    for (; *at && shape.rank < TF_MAX_RANK; at += *at == 'x') {
        char *end;
        long long dim = *at == '?' ? -1 : strtoll(at, &end, 10);
        const char *next = *at == '?' ? at + 1 : end;
        if (next == at || (*next && (*next != 'x' || !next[1])) || dim == 0 || dim < -1 ||
            dim > INT32_MAX)
            break;
        shape.dims[shape.rank++] = dim;
        at = next;
    }
    if (*at || !shape.rank)
        return tf_fail(r, AMCT_E_INVALID, "option shape is '%.100s', dims like 1x224x224x3 wanted",
                       text);
    r->open_dims = shape;
    return AMCT_OK;
}

static int32_t read_option(tf_reader *r, const amct_option *option)
{
    const char *key = option->key, *value = option->value;
    if (strcmp(key, "signature") == 0) {
        r->signature = value;
    } else if (strcmp(key, "outputs") == 0) {
        r->outputs = value;
    } else if (strcmp(key, "shape") == 0) {
        return read_shape(r, value);
    } else if (strcmp(key, "layout") == 0) {
        r->keep_layout = strcmp(value, "file") == 0;
        if (!r->keep_layout && strcmp(value, "NCHW") != 0)
            return tf_fail(r, AMCT_E_INVALID, "option layout is '%.100s', NCHW or file wanted",
                           value);
    } else {
        return tf_fail(r, AMCT_E_INVALID,
                       "unknown option '%.100s'; the TensorFlow importer has signature, outputs, "
                       "shape, layout",
                       key);
    }
    return AMCT_OK;
}

static int32_t plugin_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    tf_reader *r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (tf_reader){.host = host, .model = *model, .memory = {.host = host}};
    r->memory.limit = MIN_MEMORY + MEMORY_PER_BYTE * model->size;
    r->n_mapped_bytes = model->size;
    for (size_t i = 0; i < n_options; i++) {
        int32_t status = read_option(r, AMCT_AT(amct_option, options, i));
        if (status != AMCT_OK) {
            host->free(host->ctx, r);
            return status;
        }
    }
    *self = r;
    return AMCT_OK;
}

static int32_t plugin_read(void *self, const amct_sink *sink)
{
    tf_reader *r = self;
    r->sink = sink;
    return tf_read_model(r);
}

static void plugin_close(void *self)
{
    tf_reader *r = self;
    const amct_host *host = r->host;
    import_memory_clear(&r->memory);
    host->free(host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "TensorFlow",
    .probe = tf_probe,
    .open = plugin_open,
    .read = plugin_read,
    .close = plugin_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "tensorflow",
    .version = "1.0",
    .summary = "TensorFlow: frozen GraphDef, SavedModel with its variables",
    .importer = &importer,
};
