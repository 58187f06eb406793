/* An importer for networks whose weights lie in another file, *.floats: x [1, 2] -> MatMul by w
 * [2, 4] -> y. The network's file is "TWOFILES", the other one 8 floats; without it w is not known.
 */
#include <amct/plugin.h>
#include <string.h>

typedef struct reader {
    const amct_host *host;
    const char *weights;
} reader;

static int32_t reader_probe(const void *head, size_t n, const char *path)
{
    (void)path;
    return n >= 8 && memcmp(head, "TWOFILES", 8) == 0 ? 60 : 0;
}

static int32_t reader_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    (void)model;
    if (n_options > 1 || (n_options && strcmp(options->key, "weights") != 0))
        return host->fail(host->ctx, AMCT_E_INVALID, "unknown option, known is: weights");
    reader *r = host->alloc(host->ctx, sizeof *r, 8);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (reader){host, n_options ? options->value : NULL};
    *self = r;
    return AMCT_OK;
}

static int32_t reader_read(void *self, const amct_sink *sink)
{
    static const int64_t x_dims[] = {1, 2}, w_dims[] = {2, 4};
    reader *r = self;
    uint32_t ids[3];
    amct_model_desc model = {.struct_size = sizeof model,
                             .name = "two",
                             .producer = "",
                             .flags = r->weights ? 0 : AMCT_MODEL_NO_WEIGHTS};
    int32_t code = sink->model(sink->ctx, &model);
    amct_view view = {.struct_size = sizeof view};
    if (code == AMCT_OK && r->weights)
        code = sink->map(sink->ctx, r->weights, &view);
    if (code == AMCT_OK && r->weights && view.size != 32)
        return r->host->fail(r->host->ctx, AMCT_E_FORMAT, "8 floats wanted");
    amct_tensor_desc w = {.struct_size = sizeof w,
                          .kind = AMCT_TENSOR_CONSTANT,
                          .dtype = AMCT_FLOAT,
                          .rank = 2,
                          .name = "w",
                          .dims = w_dims,
                          .data = view.data,
                          .data_size = view.size};
    amct_tensor_desc x = {.struct_size = sizeof x,
                          .kind = AMCT_TENSOR_INPUT,
                          .dtype = AMCT_FLOAT,
                          .rank = 2,
                          .name = "x",
                          .dims = x_dims};
    amct_tensor_desc y = {
        .struct_size = sizeof y, .kind = AMCT_TENSOR_VALUE, .rank = AMCT_RANK_UNKNOWN, .name = "y"};
    amct_node_desc node = {.struct_size = sizeof node,
                           .name = "product",
                           .op = "MatMul",
                           .domain = "",
                           .n_src = 2,
                           .src = ids,
                           .n_dst = 1,
                           .dst = ids + 2};
    if (code == AMCT_OK)
        code = sink->tensor(sink->ctx, &x, &ids[0]);
    if (code == AMCT_OK)
        code = sink->tensor(sink->ctx, &w, &ids[1]);
    if (code == AMCT_OK)
        code = sink->tensor(sink->ctx, &y, &ids[2]);
    if (code == AMCT_OK)
        code = sink->node(sink->ctx, &node);
    return code == AMCT_OK ? sink->output(sink->ctx, ids[2]) : code;
}

static void reader_close(void *self)
{
    reader *r = self;
    r->host->free(r->host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "two files",
    .probe = reader_probe,
    .open = reader_open,
    .read = reader_read,
    .close = reader_close,
    .flags = AMCT_IMPORTER_TAKES_WEIGHTS,
    .weights_suffix = ".floats",
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "two-files",
    .version = "0.1",
    .summary = "a network and its weights in two files",
    .importer = &importer,
};
