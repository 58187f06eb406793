/*
 * An importer for files that begin with "RULES": x -> Relu -> y, with the constant w, which is
 * right, until the option `case` asks for one rule to be broken. The file's bytes from 16 on are
 * the constant: 8 floats.
 */
#include <amct/plugin.h>
#include <stdbool.h>
#include <string.h>

typedef struct rules {
    const amct_host *host;
    amct_view model;
    const char *broken; /* of the options, which live as long */
} rules;

static int32_t rules_probe(const void *head, size_t n, const char *path)
{
    if (strstr(path, "probe-out-of-range"))
        return 101;
    return n >= 16 && memcmp(head, "RULES", 5) == 0 ? 50 : 0;
}

static int32_t rules_open(const amct_host *host, const amct_view *model, const amct_option *options,
                          size_t n_options, void **self)
{
    rules *r = host->alloc(host->ctx, sizeof *r, 8);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (rules){host, *model, n_options ? options->value : ""};
    *self = r;
    return AMCT_OK;
}

static void rules_close(void *self)
{
    rules *r = self;
    r->host->free(r->host->ctx, r);
}

static bool breaks(const rules *r, const char *rule)
{
    return strcmp(r->broken, rule) == 0;
}

static int32_t add_constant(const rules *r, const amct_sink *sink, uint32_t *id)
{
    static const int64_t dims[9] = {8, 1, 1, 1, 1, 1, 1, 1, 1}, bad[1] = {-1};
    static const int64_t huge[2] = {(int64_t)1 << 40, (int64_t)1 << 40};
    static const float elsewhere[8] = {0};
    amct_tensor_desc w = {
        .struct_size = sizeof w,
        .kind = AMCT_TENSOR_CONSTANT,
        .dtype = AMCT_FLOAT,
        .rank = 1,
        .name = "w",
        .dims = dims,
        .data = (const char *)r->model.data + 16,
        .data_size = 32,
        .owner = AMCT_DATA_MAPPED,
    };
    if (breaks(r, "tensor struct size"))
        w.struct_size = 8;
    if (breaks(r, "kind"))
        w.kind = 3;
    if (breaks(r, "dtype"))
        w.dtype = 17;
    if (breaks(r, "rank"))
        w.rank = 9;
    if (breaks(r, "no dims"))
        w.dims = NULL;
    if (breaks(r, "negative dim"))
        w.dims = bad;
    if (breaks(r, "huge dims"))
        w.dims = huge, w.rank = 2;
    if (breaks(r, "no name"))
        w.name = NULL;
    if (breaks(r, "name not utf-8"))
        w.name = "w\xc3";
    if (breaks(r, "data size"))
        w.data_size = 28;
    if (breaks(r, "data elsewhere"))
        w.data = elsewhere;
    if (breaks(r, "data before"))
        w.data = (const char *)r->model.data - 8;
    if (breaks(r, "data beyond"))
        w.data = (const char *)r->model.data + r->model.size - 28;
    if (breaks(r, "owner"))
        w.owner = 2;
    if (breaks(r, "not a block"))
        w.owner = AMCT_DATA_HOST;
    if (breaks(r, "inside a block") || breaks(r, "small block") || breaks(r, "good block")) {
        size_t size = breaks(r, "small block") ? 28 : breaks(r, "good block") ? 32 : 64;
        char *block = r->host->alloc(r->host->ctx, size, 16);
        if (!block)
            return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
        memset(block, 0, size);
        w.data = block + (size == 64 ? 16 : 0);
        w.owner = AMCT_DATA_HOST;
    }
    if (breaks(r, "no id"))
        id = NULL;
    return sink->tensor(sink->ctx, &w, id);
}

static int32_t add_values(const rules *r, const amct_sink *sink, uint32_t *x, uint32_t *y)
{
    static const int64_t dims[1] = {AMCT_DIM_UNKNOWN}, below[1] = {-2};
    amct_tensor_desc t = {
        .struct_size = sizeof t,
        .kind = AMCT_TENSOR_INPUT,
        .dtype = AMCT_FLOAT,
        .rank = 1,
        .name = "x",
        .dims = dims,
    };
    if (breaks(r, "input dtype"))
        t.dtype = AMCT_UNDEFINED;
    if (breaks(r, "dim below unknown"))
        t.dims = below;
    if (breaks(r, "input with data"))
        t.data = r->model.data, t.data_size = 4;
    int32_t status = sink->tensor(sink->ctx, &t, x);
    if (status)
        return status;
    t.kind = AMCT_TENSOR_VALUE;
    t.name = "y";
    t.dtype = AMCT_UNDEFINED;
    t.rank = AMCT_RANK_UNKNOWN;
    return sink->tensor(sink->ctx, &t, y);
}

static int32_t add_node(const rules *r, const amct_sink *sink, uint32_t x, uint32_t y, uint32_t w)
{
    const int64_t ints[2] = {1, 2};
    const char *const texts[2] = {"a", NULL};
    amct_attr_desc attrs[2] = {
        {.struct_size = sizeof *attrs, .type = AMCT_ATTR_INT, .name = "i", .i = 3},
        {.struct_size = sizeof *attrs,
         .type = AMCT_ATTR_INTS,
         .name = "ints",
         .data = ints,
         .count = 2},
    };
    const uint32_t far = 77;
    amct_node_desc n = {
        .struct_size = sizeof n,
        .name = "relu",
        .op = "Relu",
        .domain = "",
        .n_src = 1,
        .src = &x,
        .n_dst = 1,
        .dst = &y,
        .n_attrs = 2,
        .attrs = attrs,
    };
    if (breaks(r, "node struct size"))
        n.struct_size = 8;
    if (breaks(r, "no op"))
        n.op = NULL;
    if (breaks(r, "empty op"))
        n.op = "";
    if (breaks(r, "no domain"))
        n.domain = NULL;
    if (breaks(r, "no src"))
        n.src = NULL;
    if (breaks(r, "no attrs"))
        n.attrs = NULL;
    if (breaks(r, "src id"))
        n.src = &far;
    if (breaks(r, "dst id"))
        n.dst = &far;
    if (breaks(r, "dst is input"))
        n.dst = &x;
    if (breaks(r, "dst is constant"))
        n.dst = &w;
    if (breaks(r, "attr struct size"))
        attrs[0].struct_size = 4;
    if (breaks(r, "attr stride"))
        attrs[1].struct_size = 56;
    if (breaks(r, "attr type"))
        attrs[0].type = 9;
    if (breaks(r, "attr no name"))
        attrs[0].name = NULL;
    if (breaks(r, "attr twice"))
        attrs[1].name = "i";
    if (breaks(r, "attr no data"))
        attrs[1].data = NULL;
    if (breaks(r, "attr no text"))
        attrs[1].type = AMCT_ATTR_STRINGS, attrs[1].data = texts;
    if (breaks(r, "attr tensor id"))
        attrs[0].type = AMCT_ATTR_TENSOR, attrs[0].i = 77;
    if (breaks(r, "attr tensor no constant"))
        attrs[0].type = AMCT_ATTR_TENSOR, attrs[0].i = x;
    int32_t status = sink->node(sink->ctx, &n);
    if (!status && breaks(r, "made twice"))
        status = sink->node(sink->ctx, &n);
    return status;
}

static int32_t add_model(const rules *r, const amct_sink *sink)
{
    amct_model_desc m = {.struct_size = sizeof m, .name = "toy", .producer = "rules", .opset = 18};
    if (breaks(r, "model struct size"))
        m.struct_size = 0;
    if (breaks(r, "model no name"))
        m.name = NULL;
    return sink->model(sink->ctx, &m);
}

static int32_t rules_read(void *self, const amct_sink *sink)
{
    const rules *r = self;
    uint32_t w = 0, x = 0, y = 0;
    if (breaks(r, "silent"))
        return AMCT_E_FORMAT;
    if (breaks(r, "unknown code"))
        return 7;
    if (breaks(r, "described"))
        return r->host->fail(r->host->ctx, AMCT_E_FORMAT, "layer 3 is bad");
    if (breaks(r, "described unknown code"))
        return r->host->fail(r->host->ctx, -77, "layer 3 is bad");
    if (breaks(r, "view struct size")) {
        amct_view view = {.struct_size = 8};
        return sink->map(sink->ctx, "beside", &view);
    }
    int32_t status = add_model(r, sink);
    if (!status)
        status = add_constant(r, sink, &w);
    if (status && breaks(r, "data size") && r->model.size > 48)
        return AMCT_OK; /* goes on as if nothing had happened */
    if (!status)
        status = add_values(r, sink, &x, &y);
    if (!status)
        status = add_node(r, sink, x, y, w);
    if (!status && !breaks(r, "no output"))
        status = sink->output(sink->ctx, breaks(r, "output id") ? 77 : y);
    return status;
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "rules",
    .probe = rules_probe,
    .open = rules_open,
    .read = rules_read,
    .close = rules_close,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "rulebreaker",
    .version = "0.1",
    .summary = "breaks one rule when asked to",
    .importer = &importer,
};
