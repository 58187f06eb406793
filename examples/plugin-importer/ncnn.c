/*
 * An importer for the plain part of ncnn's models: NAME.param, a text with a layer on each line,
 * and NAME.bin, the weights one behind the other in the order of the layers. It shows what an
 * importer does: doubt every number of the file, turn layers into ONNX's operators, give back all
 * memory.
 *
 * A layer is "TYPE NAME n_bottoms n_tops bottoms... tops... key=value...". In NAME.bin the weights
 * of a layer begin with four bytes that are 0 if floats follow; biases follow without them.
 */
#include <amct/plugin.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 20000, MAX_BLOBS = 20000, MAX_ENDS = 16, N_KEYS = 20 };

typedef struct blob {
    const char *name;
    uint32_t id;
    int used;
} blob;

typedef struct reader {
    const amct_host *host;
    amct_view model;
    const char *weights_path; /* of the options, which live as long; or NULL */
    const amct_sink *sink;
    char *text; /* the model with a zero at its end, cut up as it is read */
    blob *blobs;
    uint32_t n_blobs;
    const unsigned char *at; /* in the weights */
    size_t left;
    unsigned line;
} reader;

typedef struct layer {
    const char *type, *name;
    uint32_t bottoms[MAX_ENDS], tops[MAX_ENDS];
    uint32_t n_bottoms, n_tops;
    long keys[N_KEYS]; /* 0 where a key is not given */
} layer;

/* ---- Helpers ------------------------------------------------------------------------------- */

/* Every failure says where it is. */
static int32_t fail(const reader *r, int32_t code, const char *fmt, ...)
{
    char text[400];
    int n = r->line ? snprintf(text, sizeof text, "line %u: ", r->line) : 0;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + n, sizeof text - (size_t)n, fmt, args);
    va_end(args);
    return r->host->fail(r->host->ctx, code, text);
}

static void *get_memory(const reader *r, size_t size)
{
    return r->host->alloc(r->host->ctx, size, 16);
}

/* Failures of the sink end the import: they are returned as they are, at once. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        int32_t code_ = (expr);                                                                    \
        if (code_ != AMCT_OK)                                                                      \
            return code_;                                                                          \
    } while (0)

static int32_t add_value(const reader *r, const char *name, uint32_t *id)
{
    amct_tensor_desc t = {.struct_size = sizeof t,
                          .kind = AMCT_TENSOR_VALUE,
                          .rank = AMCT_RANK_UNKNOWN,
                          .name = name};
    return r->sink->tensor(r->sink->ctx, &t, id);
}

/* A constant whose floats are the next ones of NAME.bin. Nothing is copied: the host keeps the
 * mapping. */
static int32_t add_weights(reader *r, const char *name, uint32_t rank, const int64_t *dims,
                           int tagged, uint32_t *id)
{
    size_t count = 1, tag = tagged ? 4 : 0;
    uint32_t kind = 0;
    for (uint32_t i = 0; i < rank; i++) { /* a product that cannot overflow */
        if (dims[i] <= 0 || (size_t)dims[i] > SIZE_MAX / sizeof(float) / count)
            return fail(r, AMCT_E_FORMAT, "'%.60s' has the dim %lld", name, (long long)dims[i]);
        count *= (size_t)dims[i];
    }
    if (r->weights_path && (r->left < tag || (r->left - tag) / sizeof(float) < count))
        return fail(r, AMCT_E_FORMAT, "'%.60s' wants %zu floats, the .bin file ends before", name,
                    count);
    if (r->weights_path && tagged)
        memcpy(&kind, r->at, sizeof kind);
    if (kind)
        return fail(r, AMCT_E_UNSUPPORTED, "'%.60s' is stored in the form 0x%08x, floats are read",
                    name, kind);
    amct_tensor_desc t = {.struct_size = sizeof t,
                          .kind = AMCT_TENSOR_CONSTANT,
                          .dtype = AMCT_FLOAT,
                          .rank = rank,
                          .name = name,
                          .dims = dims,
                          .data = r->weights_path ? r->at + tag : NULL,
                          .data_size = r->weights_path ? count * sizeof(float) : 0,
                          .owner = AMCT_DATA_MAPPED};
    TRY(r->sink->tensor(r->sink->ctx, &t, id));
    if (r->weights_path) {
        r->at += tag + count * sizeof(float);
        r->left -= tag + count * sizeof(float);
    }
    return AMCT_OK;
}

static int32_t add_node(const reader *r, const char *name, const char *op, const uint32_t *src,
                        uint32_t n_src, uint32_t dst, const amct_attr_desc *attrs, uint32_t n_attrs)
{
    amct_node_desc n = {.struct_size = sizeof n,
                        .name = name,
                        .op = op,
                        .domain = "",
                        .n_src = n_src,
                        .src = src,
                        .n_dst = 1,
                        .dst = &dst,
                        .n_attrs = n_attrs,
                        .attrs = attrs};
    return r->sink->node(r->sink->ctx, &n);
}

#define INT(key, value)                                                                            \
    {                                                                                              \
        .struct_size = sizeof(amct_attr_desc), .type = AMCT_ATTR_INT, .name = key, .i = value      \
    }
#define INTS(key, values, n)                                                                       \
    {                                                                                              \
        .struct_size = sizeof(amct_attr_desc), .type = AMCT_ATTR_INTS, .name = key,                \
        .data = values, .count = n                                                                 \
    }

/* ---- Layers: each becomes one or two of ONNX's operators ------------------------------------- */

static int32_t read_input(reader *r, layer *l)
{
    const int64_t dims[] = {AMCT_DIM_UNKNOWN, l->keys[2], l->keys[1], l->keys[0]};
    if (dims[1] <= 0 || dims[2] <= 0 || dims[3] <= 0)
        return fail(r, AMCT_E_FORMAT, "Input wants 0=width 1=height 2=channels");
    amct_tensor_desc t = {.struct_size = sizeof t,
                          .kind = AMCT_TENSOR_INPUT,
                          .dtype = AMCT_FLOAT,
                          .rank = 4,
                          .name = r->blobs[l->tops[0]].name,
                          .dims = dims};
    return r->sink->tensor(r->sink->ctx, &t, &r->blobs[l->tops[0]].id);
}

static uint32_t source(const reader *r, const layer *l, uint32_t i)
{
    return r->blobs[l->bottoms[i]].id;
}

/* The blob is made by a node that is yet to be added. */
static int32_t make_top(reader *r, const layer *l, uint32_t i)
{
    blob *b = &r->blobs[l->tops[i]];
    return add_value(r, b->name, &b->id);
}

/* 9=1: a ReLU behind it. */
static int32_t finish(reader *r, layer *l, const char *op, const uint32_t *src, uint32_t n_src,
                      const amct_attr_desc *attrs, uint32_t n_attrs)
{
    uint32_t plain;
    char name[160];
    if (l->keys[9] != 0 && l->keys[9] != 1)
        return fail(r, AMCT_E_UNSUPPORTED, "activation 9=%ld, 0 and 1 (ReLU) are read", l->keys[9]);
    if (l->keys[9] == 0) {
        TRY(make_top(r, l, 0));
        return add_node(r, l->name, op, src, n_src, r->blobs[l->tops[0]].id, attrs, n_attrs);
    }
    snprintf(name, sizeof name, "%.150s_plain", l->name);
    TRY(add_value(r, name, &plain));
    TRY(add_node(r, l->name, op, src, n_src, plain, attrs, n_attrs));
    TRY(make_top(r, l, 0));
    snprintf(name, sizeof name, "%.150s_relu", l->name);
    return add_node(r, name, "Relu", &plain, 1, r->blobs[l->tops[0]].id, NULL, 0);
}

static int32_t read_convolution(reader *r, layer *l)
{
    long outputs = l->keys[0], kw = l->keys[1], kh = l->keys[11] ? l->keys[11] : kw;
    long stride = l->keys[3] ? l->keys[3] : 1, dilation = l->keys[2] ? l->keys[2] : 1;
    long group = l->keys[7] ? l->keys[7] : 1, pad = l->keys[4];
    if (outputs <= 0 || kw <= 0 || kh <= 0 || kw > 4096 || kh > 4096 || outputs > 1 << 24 ||
        group <= 0 || stride <= 0 || dilation <= 0 || pad < 0 ||
        l->keys[6] % (outputs * kw * kh) != 0)
        return fail(r, AMCT_E_FORMAT, "a convolution of %ld outputs, window %ld x %ld, %ld weights",
                    outputs, kw, kh, l->keys[6]);
    const int64_t dims[] = {outputs, l->keys[6] / (outputs * kw * kh), kh, kw};
    const int64_t kernel[] = {kh, kw}, strides[] = {stride, stride};
    const int64_t pads[] = {pad, pad, pad, pad}, dilations[] = {dilation, dilation};
    const amct_attr_desc attrs[] = {INTS("kernel_shape", kernel, 2), INTS("strides", strides, 2),
                                    INTS("pads", pads, 4), INTS("dilations", dilations, 2),
                                    INT("group", group)};
    char name[160];
    uint32_t src[3] = {source(r, l, 0)};
    snprintf(name, sizeof name, "%.150s.weight", l->name);
    TRY(add_weights(r, name, 4, dims, 1, &src[1]));
    snprintf(name, sizeof name, "%.150s.bias", l->name);
    if (l->keys[5])
        TRY(add_weights(r, name, 1, dims, 0, &src[2]));
    return finish(r, l, "Conv", src, l->keys[5] ? 3 : 2, attrs, 5);
}

/* Whatever comes in is taken as one row a sample. */
static int32_t read_inner_product(reader *r, layer *l)
{
    long outputs = l->keys[0];
    if (outputs <= 0 || outputs > 1 << 24 || l->keys[2] % outputs != 0)
        return fail(r, AMCT_E_FORMAT, "InnerProduct of %ld outputs and %ld weights", outputs,
                    l->keys[2]);
    const int64_t dims[] = {outputs, l->keys[2] / outputs};
    const amct_attr_desc axis = INT("axis", 1), transposed = INT("transB", 1);
    char name[160];
    uint32_t src[3], in = source(r, l, 0);
    snprintf(name, sizeof name, "%.150s_flat", l->name);
    TRY(add_value(r, name, &src[0]));
    TRY(add_node(r, name, "Flatten", &in, 1, src[0], &axis, 1));
    snprintf(name, sizeof name, "%.150s.weight", l->name);
    TRY(add_weights(r, name, 2, dims, 1, &src[1]));
    snprintf(name, sizeof name, "%.150s.bias", l->name);
    if (l->keys[1])
        TRY(add_weights(r, name, 1, dims, 0, &src[2]));
    return finish(r, l, "Gemm", src, l->keys[1] ? 3 : 2, &transposed, 1);
}

static int32_t read_pooling(reader *r, layer *l)
{
    int average = l->keys[0] == 1;
    uint32_t src = source(r, l, 0);
    l->keys[9] = 0;
    if (l->keys[4])
        return finish(r, l, average ? "GlobalAveragePool" : "GlobalMaxPool", &src, 1, NULL, 0);
    const int64_t window[] = {l->keys[1], l->keys[1]};
    const int64_t stride[] = {l->keys[2] ? l->keys[2] : 1, l->keys[2] ? l->keys[2] : 1};
    const int64_t pads[] = {l->keys[3], l->keys[3], l->keys[3], l->keys[3]};
    if (window[0] <= 0 || stride[0] <= 0 || pads[0] < 0)
        return fail(r, AMCT_E_FORMAT, "Pooling with the window %ld", l->keys[1]);
    const amct_attr_desc attrs[] = {INTS("kernel_shape", window, 2), INTS("strides", stride, 2),
                                    INTS("pads", pads, 4), INT("ceil_mode", l->keys[5] != 1)};
    return finish(r, l, average ? "AveragePool" : "MaxPool", &src, 1, attrs, 4);
}

static int32_t read_relu(reader *r, layer *l)
{
    uint32_t src = source(r, l, 0);
    l->keys[9] = 0;
    return finish(r, l, "Relu", &src, 1, NULL, 0);
}

static int32_t read_softmax(reader *r, layer *l)
{
    uint32_t src = source(r, l, 0);
    const amct_attr_desc axis = INT("axis", 1);
    l->keys[9] = 0;
    return finish(r, l, "Softmax", &src, 1, &axis, 1);
}

static int32_t read_binary_op(reader *r, layer *l)
{
    uint32_t src[] = {source(r, l, 0), l->n_bottoms > 1 ? source(r, l, 1) : 0};
    if (l->keys[0] != 0 || l->n_bottoms != 2)
        return fail(r, AMCT_E_UNSUPPORTED, "BinaryOp 0=%ld of %u blobs, the sum of 2 is read",
                    l->keys[0], l->n_bottoms);
    l->keys[9] = 0;
    return finish(r, l, "Add", src, 2, NULL, 0);
}

/* The same blob under other names. */
static int32_t read_split(reader *r, layer *l)
{
    for (uint32_t i = 0; i < l->n_tops; i++)
        r->blobs[l->tops[i]].id = source(r, l, 0);
    return AMCT_OK;
}

static const struct {
    const char *type;
    uint32_t n_bottoms;
    int32_t (*read)(reader *r, layer *l);
} types[] = {
    {"Input", 0, read_input},
    {"Convolution", 1, read_convolution},
    {"ConvolutionDepthWise", 1, read_convolution},
    {"InnerProduct", 1, read_inner_product},
    {"Pooling", 1, read_pooling},
    {"ReLU", 1, read_relu},
    {"Softmax", 1, read_softmax},
    {"BinaryOp", 1, read_binary_op},
    {"Split", 1, read_split},
};

/* ---- Lines --------------------------------------------------------------------------------- */

static int32_t find_blob(reader *r, const char *name, uint32_t *index)
{
    for (uint32_t i = r->n_blobs; i-- > 0;)
        if (strcmp(r->blobs[i].name, name) == 0) {
            *index = i;
            return AMCT_OK;
        }
    return fail(r, AMCT_E_FORMAT, "blob '%.60s' is made by no layer before", name);
}

static int32_t read_count(const reader *r, const char *word, uint32_t *out)
{
    char *end;
    long n = word ? strtol(word, &end, 10) : -1;
    if (n < 0 || n > MAX_ENDS || *end)
        return fail(r, AMCT_E_FORMAT, "a number of blobs, 0 to %d, is wanted", MAX_ENDS);
    *out = (uint32_t)n;
    return AMCT_OK;
}

static int32_t read_key(const reader *r, layer *l, char *word)
{
    char *equals = strchr(word, '='), *end;
    long key = strtol(word, &end, 10);
    if (!equals || end != equals || key < 0 || key >= N_KEYS)
        return fail(r, AMCT_E_UNSUPPORTED, "'%.60s' is no key=value with a key below %d", word,
                    N_KEYS);
    l->keys[key] = strtol(equals + 1, &end, 10);
    if (*end && strtod(equals + 1, &end) != 0.0)
        return fail(r, AMCT_E_UNSUPPORTED, "'%.60s': a whole number is wanted", word);
    return AMCT_OK;
}

static int32_t read_layer(reader *r, char *line)
{
    layer l = {0};
    char *rest = NULL;
    l.type = strtok_r(line, " \t\r", &rest);
    l.name = strtok_r(NULL, " \t\r", &rest);
    if (!l.type)
        return AMCT_OK; /* an empty line */
    if (!l.name)
        return fail(r, AMCT_E_FORMAT, "a layer without a name");
    TRY(read_count(r, strtok_r(NULL, " \t\r", &rest), &l.n_bottoms));
    TRY(read_count(r, strtok_r(NULL, " \t\r", &rest), &l.n_tops));
    for (uint32_t i = 0; i < l.n_bottoms + l.n_tops; i++) {
        const char *name = strtok_r(NULL, " \t\r", &rest);
        if (!name)
            return fail(r, AMCT_E_FORMAT, "%u blobs are wanted", l.n_bottoms + l.n_tops);
        if (i < l.n_bottoms) {
            TRY(find_blob(r, name, &l.bottoms[i]));
            r->blobs[l.bottoms[i]].used = 1;
            continue;
        }
        if (r->n_blobs == MAX_BLOBS)
            return fail(r, AMCT_E_LIMIT, "more than %d blobs", MAX_BLOBS);
        r->blobs[r->n_blobs] = (blob){name, 0, 0};
        l.tops[i - l.n_bottoms] = r->n_blobs++;
    }
    for (char *word; (word = strtok_r(NULL, " \t\r", &rest));)
        TRY(read_key(r, &l, word));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, l.type) == 0) {
            if (l.n_bottoms < types[i].n_bottoms || l.n_tops < 1)
                return fail(r, AMCT_E_FORMAT, "%s '%.60s' has too few blobs", l.type, l.name);
            return types[i].read(r, &l);
        }
    return fail(r, AMCT_E_UNSUPPORTED, "layers of type '%.60s' are not read", l.type);
}

static int32_t read_lines(reader *r)
{
    char *rest = NULL, *line = strtok_r(r->text, "\n", &rest);
    r->line = 1;
    if (!line || strncmp(line, "7767517", 7) != 0)
        return fail(r, AMCT_E_FORMAT, "a text that begins with 7767517 is wanted");
    strtok_r(NULL, "\n", &rest); /* the numbers of layers and blobs, which nobody needs */
    for (r->line = 3; (line = strtok_r(NULL, "\n", &rest)); r->line++) {
        if (r->line > MAX_LINES)
            return fail(r, AMCT_E_LIMIT, "more than %d lines", MAX_LINES);
        TRY(read_layer(r, line));
    }
    r->line = 0;
    for (uint32_t i = 0; i < r->n_blobs; i++) /* what nobody reads is what comes out */
        if (!r->blobs[i].used)
            TRY(r->sink->output(r->sink->ctx, r->blobs[i].id));
    return r->n_blobs ? AMCT_OK : fail(r, AMCT_E_FORMAT, "there are no layers");
}

/* ---- What the host calls ------------------------------------------------------------------- */

static int32_t ncnn_probe(const void *head, size_t n, const char *path)
{
    (void)path;
    return n > 8 && memcmp(head, "7767517", 7) == 0 ? 90 : 0;
}

static int32_t ncnn_open(const amct_host *host, const amct_view *model, const amct_option *options,
                         size_t n_options, void **self)
{
    const char *weights = NULL;
    for (size_t i = 0; i < n_options; i++) {
        const amct_option *o = AMCT_AT(amct_option, options, i); /* never options[i] */
        if (strcmp(o->key, "weights") != 0)
            return host->fail(host->ctx, AMCT_E_INVALID,
                              "unknown option; the ncnn importer has weights");
        weights = o->value;
    }
    reader *r = host->alloc(host->ctx, sizeof *r, 16);
    if (!r)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *r = (reader){.host = host, .model = *model, .weights_path = weights};
    *self = r;
    return AMCT_OK;
}

static int32_t ncnn_read(void *self, const amct_sink *sink)
{
    reader *r = self;
    amct_view view = {.struct_size = sizeof view};
    amct_model_desc model = {.struct_size = sizeof model,
                             .name = "",
                             .producer = "ncnn",
                             .flags = r->weights_path ? 0 : AMCT_MODEL_NO_WEIGHTS};
    r->sink = sink;
    TRY(sink->model(sink->ctx, &model));
    if (r->weights_path)
        TRY(sink->map(sink->ctx, r->weights_path, &view));
    r->at = view.data;
    r->left = view.size;
    r->text = get_memory(r, r->model.size + 1);
    r->blobs = get_memory(r, MAX_BLOBS * sizeof *r->blobs);
    if (!r->text || !r->blobs)
        return fail(r, AMCT_E_NOMEM, "out of memory");
    if (r->model.size)
        memcpy(r->text, r->model.data, r->model.size);
    r->text[r->model.size] = 0;
    return read_lines(r);
}

static void ncnn_close(void *self)
{
    reader *r = self;
    const amct_host *host = r->host;
    host->free(host->ctx, r->text);
    host->free(host->ctx, r->blobs);
    host->free(host->ctx, r);
}

static const amct_importer importer = {
    .struct_size = sizeof importer,
    .format = "ncnn",
    .probe = ncnn_probe,
    .open = ncnn_open,
    .read = ncnn_read,
    .close = ncnn_close,
    .flags = AMCT_IMPORTER_TAKES_WEIGHTS,
    .weights_suffix = ".bin",
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "ncnn",
    .version = "0.1",
    .summary = "ncnn: .param with .bin, convolutional classifiers in float",
    .importer = &importer,
};
