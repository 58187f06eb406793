/* The importer for Caffe's nets: what the host sees of it. */
#define _GNU_SOURCE /* tdestroy */
#include "caffe_reader.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* "64x3x32x32" */
static int32_t read_input(const amct_host *host, const char *value, caffe_shape *out)
{
    caffe_shape shape = {.rank = 0};
    const char *at = value;
    char *end;
    bool good;
    do {
        long long dim = strtoll(at, &end, 10);
        good = end != at && dim >= 1 && dim <= INT32_MAX && shape.rank < AMCT_MAX_RANK;
        if (good)
            shape.dims[shape.rank++] = dim;
        at = end + 1;
    } while (good && *end == 'x');
    if (!good || *end) {
        caffe_reader refused = {.host = host};
        return caffe_fail(&refused, AMCT_E_INVALID, "input is '%.100s', dims as 1x3x32x32 wanted",
                          value);
    }
    *out = shape;
    return AMCT_OK;
}

static int32_t plugin_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    const char *weights = NULL;
    caffe_shape input = {.rank = 0};
    for (size_t i = 0; i < n_options; i++) {
        const amct_option *option = AMCT_AT(amct_option, options, i);
        if (strcmp(option->key, "weights") == 0) {
            weights = option->value;
        } else if (strcmp(option->key, "input") == 0) {
            CAFFE_TRY(read_input(host, option->value, &input));
        } else {
            caffe_reader refused = {.host = host};
            return caffe_fail(&refused, AMCT_E_INVALID,
                              "the Caffe importer has the options weights and input, '%.100s' was "
                              "given",
                              option->key);
        }
    }
    caffe_reader *r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (caffe_reader){.host = host,
                        .model = *model,
                        .memory = {.host = host, .limit = SIZE_MAX},
                        .weights_path = weights,
                        .input = input};
    r->last_blob = &r->first_blob;
    *self = r;
    return AMCT_OK;
}

/* A *.caffemodel alone is net and weights. */
static int32_t read_whole(caffe_reader *r)
{
    if (r->weights_path)
        return caffe_fail(r, AMCT_E_INVALID,
                          "is a *.caffemodel, which holds weights itself; give the net's prototxt "
                          "as MODEL, or leave the weights (%.200s) out",
                          r->weights_path);
    CAFFE_TRY(caffe_read_binary(r));
    r->weights = r->model;
    return caffe_read_sources(r);
}

static int32_t read_two(caffe_reader *r)
{
    CAFFE_TRY(caffe_parse(r));
    if (!r->weights_path)
        return AMCT_OK;
    amct_view view = {.struct_size = sizeof view};
    CAFFE_TRY(r->sink->map(r->sink->ctx, r->weights_path, &view));
    r->weights = view;
    caffe_at(r, "weights of %.200s", view.name);
    CAFFE_TRY(caffe_read_sources(r));
    caffe_at(r, "%s", "");
    return AMCT_OK;
}

static int32_t plugin_read(void *self, const amct_sink *sink)
{
    caffe_reader *r = self;
    r->sink = sink;
    if (caffe_is_text(r->model.data, r->model.size))
        CAFFE_TRY(read_two(r));
    else
        CAFFE_TRY(read_whole(r));
    return caffe_translate(r);
}

static void keep(void *item)
{
    (void)item; /* of memory */
}

static void plugin_close(void *self)
{
    caffe_reader *r = self;
    tdestroy(r->blobs, keep);
    tdestroy(r->shared, keep);
    import_memory_clear(&r->memory);
    r->host->free(r->host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "Caffe",
    .probe = caffe_probe,
    .open = plugin_open,
    .read = plugin_read,
    .close = plugin_close,
    .flags = AMCT_IMPORTER_TAKES_WEIGHTS,
    .weights_suffix = ".caffemodel",
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "caffe",
    .version = "1.0",
    .summary = "Caffe nets: prototxt with caffemodel, both forms of layers",
    .importer = &importer,
};
