/* An importer for text files of weights: "WEIGHTS", then a line "name 2x3 1 2 3 4 5 6" for each. */
#include <amct/plugin.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const amct_host *host;
    amct_view model;
} reader;

static int32_t reader_probe(const void *head, size_t n, const char *path)
{
    (void)path;
    return n > 8 && memcmp(head, "WEIGHTS\n", 8) == 0 ? 60 : 0;
}

static int32_t reader_open(const amct_host *host, const amct_view *model,
                           const amct_option *options, size_t n_options, void **self)
{
    (void)options;
    if (n_options)
        return host->fail(host->ctx, AMCT_E_INVALID, "no options are known");
    reader *r = host->alloc(host->ctx, sizeof *r, 8);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (reader){host, *model};
    *self = r;
    return AMCT_OK;
}

static int32_t add_line(const reader *r, const amct_sink *sink, char *line)
{
    int64_t dims[AMCT_MAX_RANK], count = 1;
    uint32_t rank = 0, id;
    char *at = strchr(line, ' ');
    if (!at)
        return r->host->fail(r->host->ctx, AMCT_E_FORMAT, "a line without values");
    *at++ = 0;
    do {
        dims[rank] = strtoll(at + (*at == 'x'), &at, 10);
        count *= dims[rank++];
    } while (*at == 'x' && rank < AMCT_MAX_RANK);
    float *data = r->host->alloc(r->host->ctx, (size_t)count * sizeof *data, 64);
    if (!data)
        return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
    for (int64_t i = 0; i < count; i++)
        data[i] = strtof(at, &at);
    amct_tensor_desc t = {
        .struct_size = sizeof t,
        .kind = AMCT_TENSOR_CONSTANT,
        .dtype = AMCT_FLOAT,
        .rank = rank,
        .name = line,
        .dims = dims,
        .data = data,
        .data_size = (size_t)count * sizeof *data,
        .owner = AMCT_DATA_HOST,
    };
    return sink->tensor(sink->ctx, &t, &id);
}

static int32_t reader_read(void *self, const amct_sink *sink)
{
    reader *r = self;
    char *text = r->host->alloc(r->host->ctx, r->model.size + 1, 1);
    if (!text)
        return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
    memcpy(text, r->model.data, r->model.size);
    text[r->model.size] = 0;
    int32_t code = AMCT_OK;
    char *rest = NULL;
    for (char *line = strtok_r(text + 8, "\n", &rest); line && code == AMCT_OK;
         line = strtok_r(NULL, "\n", &rest))
        code = add_line(r, sink, line);
    r->host->free(r->host->ctx, text);
    return code;
}

static void reader_close(void *self)
{
    reader *r = self;
    r->host->free(r->host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "weights",
    .probe = reader_probe,
    .open = reader_open,
    .read = reader_read,
    .close = reader_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "weights-only",
    .version = "0.1",
    .summary = "weights without a network",
    .importer = &importer,
};
