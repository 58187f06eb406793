/*
 * An importer that is right, unless AMCT_TEST_BREAKS names a rule to break: files of "TOYNET1\n", a
 * number n of one digit, "\n" and n floats, the weights of y = x * w. The option `weights` names
 * another file for the floats.
 */
#include "bad_manners.h"

typedef struct toy {
    const amct_host *host;
    amct_view model;
    const char *weights;
    void *lost;
} toy;

enum { HEAD = 10 };

static int32_t toy_probe(const void *head, size_t n, const char *path)
{
    int known = n >= 8 && memcmp(head, "TOYNET1\n", 8) == 0;
    if (breaks("probe-range"))
        return 101;
    if (breaks("probe-zero"))
        return 0;
    if (breaks("probe-foreign"))
        return known ? 90 : 1;
    if (breaks("probe-short"))
        known += ((const volatile char *)head)[HEAD - 1] == 1 ? 1 : 0;
    if (breaks("probe-opens")) {
        int fd = open(path, O_RDONLY);
        if (fd >= 0)
            close(fd);
    }
    return known ? 90 : 0;
}

static int32_t refuse(const amct_host *host, void **self)
{
    if (breaks("touched"))
        *self = NULL;
    if (breaks("silent"))
        return AMCT_E_INVALID;
    if (breaks("code"))
        return host->fail(host->ctx, AMCT_E_IO, "unknown option; weights is known");
    if (breaks("strange-code"))
        return host->fail(host->ctx, -77, "unknown option; weights is known");
    return host->fail(host->ctx, AMCT_E_INVALID, "unknown option; weights is known");
}

static int32_t toy_open(const amct_host *host, const amct_view *model, const amct_option *options,
                        size_t n_options, void **self)
{
    const char *weights = NULL;
    for (size_t i = 0; i < n_options; i++) {
        const amct_option *o =
            breaks("options-index") ? &options[i] : AMCT_AT(amct_option, options, i);
        int known = o->struct_size == options->struct_size && strcmp(o->key, "weights") == 0;
        if (!known && !breaks("takes-option"))
            return refuse(host, self);
        weights = known ? o->value : weights;
    }
    if (breaks("head") && model->size < HEAD) /* keeps it, and fails */
        return host->alloc(host->ctx, 64, 8) ? host->fail(host->ctx, AMCT_E_FORMAT, "too short")
                                             : host->fail(host->ctx, AMCT_E_NOMEM, "no memory");
    toy *t = host->alloc(host->ctx, sizeof *t, 8);
    if (!t)
        return host->fail(host->ctx, AMCT_E_NOMEM, "out of memory");
    *t = (toy){.host = host, .model = *model, .weights = weights};
    if (breaks("open-leaks"))
        t->lost = malloc(100);
    *self = breaks("no-instance") ? NULL : t;
    return AMCT_OK;
}

static int32_t fail(const toy *t, int32_t code, const char *text)
{
    return breaks("mute") ? code : t->host->fail(t->host->ctx, code, text);
}

/* The n floats, in the model or in a file of their own. */
static int32_t find_weights(toy *t, const amct_sink *sink, uint32_t n, const void **out)
{
    const char *text = t->model.data;
    if (!t->weights && breaks("no-flag"))
        return AMCT_OK; /* and does not say that there are no weights */
    if (!t->weights) {
        if (t->model.size < HEAD + n * sizeof(float) && !breaks("beyond"))
            return fail(t, AMCT_E_FORMAT, "the floats are cut off");
        *out = text + HEAD;
        if (breaks("beyond"))
            a_static += 0 * ((const volatile char *)text)[HEAD + n * sizeof(float) - 1];
        return AMCT_OK;
    }
    amct_view view = {.struct_size = sizeof view};
    int32_t code = sink->map(sink->ctx, t->weights, &view);
    if (code && breaks("weights-crash"))
        raise(SIGSEGV);
    if (code && !breaks("weights-ignored"))
        return breaks("sink-code") ? fail(t, AMCT_E_IO, "no weights") : code;
    if (view.size < n * sizeof(float) && !breaks("weights-beyond"))
        return fail(t, AMCT_E_FORMAT, "the weights are cut off");
    *out = view.data;
    if (breaks("weights-beyond") && view.size < n * sizeof(float))
        raise(SIGSEGV);
    return AMCT_OK;
}

static int32_t add(toy *t, const amct_sink *sink, uint32_t n, const void *weights)
{
    const int64_t dims[] = {n};
    char name[32] = "w";
    uint32_t ids[3];
    amct_tensor_desc w = {.struct_size = sizeof w,
                          .kind = AMCT_TENSOR_CONSTANT,
                          .dtype = AMCT_FLOAT,
                          .rank = 1,
                          .name = name,
                          .dims = dims,
                          .data = weights,
                          .data_size = weights ? n * sizeof(float) : 0};
    amct_tensor_desc x = {.struct_size = sizeof x,
                          .kind = AMCT_TENSOR_INPUT,
                          .dtype = AMCT_FLOAT,
                          .rank = 1,
                          .name = "x",
                          .dims = dims};
    amct_tensor_desc y = {
        .struct_size = sizeof y, .kind = AMCT_TENSOR_VALUE, .rank = AMCT_RANK_UNKNOWN, .name = "y"};
    amct_node_desc node = {.struct_size = sizeof node,
                           .name = "product",
                           .op = "Mul",
                           .domain = "",
                           .n_src = 2,
                           .src = ids,
                           .n_dst = 1,
                           .dst = ids + 2};
    if (breaks("foreign-data"))
        w.data = dims;
    if (breaks("accepts"))
        w.owner = AMCT_DATA_HOST;
    int32_t code = sink->tensor(sink->ctx, &x, &ids[0]);
    a_static += breaks("instances"); /* another import may have come between */
    if (breaks("differs") || breaks("instances"))
        snprintf(name, sizeof name, "w%d", a_static);
    if (code == AMCT_OK || breaks("sink-ignored"))
        code = sink->tensor(sink->ctx, &w, &ids[1]);
    if (code == AMCT_OK)
        code = sink->tensor(sink->ctx, &y, &ids[2]);
    if (breaks("no-maker"))
        ids[1] = ids[2];
    if (code == AMCT_OK)
        code = sink->node(sink->ctx, &node);
    if (code == AMCT_OK)
        code = sink->output(sink->ctx, ids[2]);
    return code && breaks("sink-code") ? fail(t, AMCT_E_FORMAT, "no") : code;
}

static int32_t toy_read(void *self, const amct_sink *sink)
{
    toy *t = self;
    const char *text = t->model.data;
    const void *weights = NULL;
    amct_model_desc model = {.struct_size = sizeof model, .name = "toy", .producer = ""};
    void *scratch = t->host->alloc(t->host->ctx, 16, 8);
    if (!scratch && !breaks("alloc"))
        return breaks("alloc-code") ? fail(t, AMCT_E_FORMAT, "no memory")
                                    : fail(t, AMCT_E_NOMEM, "out of memory");
    if (!scratch)
        raise(SIGSEGV);
    memset(scratch, 0, 16);
    if (!breaks("read-leaks"))
        t->host->free(t->host->ctx, scratch);
    misbehave(t->host);
    a_static += breaks("differs");
    if (breaks("instances"))
        a_static = 0;
    if (t->model.size < HEAD || memcmp(text, "TOYNET1\n", 8) != 0 || text[8] < '1' ||
        text[8] > '9') {
        if (breaks("bug"))
            return fail(t, AMCT_E_INTERNAL, "cannot be");
        if (!breaks("accepts"))
            return fail(t, breaks("foreign-code") ? AMCT_E_IO : AMCT_E_FORMAT, "no toy network");
        return add(t, sink, 1, t->host->alloc(t->host->ctx, 4, 4));
    }
    int32_t code = sink->model(sink->ctx, &model);
    if (code && !breaks("sink-ignored"))
        return breaks("sink-code") ? fail(t, AMCT_E_FORMAT, "no") : code;
    uint32_t n = (uint32_t)(text[8] - '0');
    code = find_weights(t, sink, n, &weights);
    return code ? code : add(t, sink, n, weights);
}

static void toy_close(void *self)
{
    toy *t = self;
    t->host->free(t->host->ctx, t);
}

static const amct_importer importer = {
#ifdef BREAK_SIZE
    .struct_size = offsetof(amct_importer, flags),
#else
    .struct_size = sizeof importer,
#endif
    .format = "toy",
    .probe = toy_probe,
    .open = toy_open,
    .read = toy_read,
    .close = toy_close,
    .flags = AMCT_IMPORTER_TAKES_WEIGHTS,
};

#ifdef BREAK_CONSTRUCTOR
__attribute__((constructor)) static void begin(void)
{
    if (breaks("load-exit"))
        exit(5);
}
#endif

#ifdef BREAK_SYMBOL
AMCT_PLUGIN_EXPORT int toy_helper(void);
int toy_helper(void)
{
    return 1;
}
#endif

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_IMPORTER,
    .name = "toy-importer",
    .version = "0.1",
#ifdef BREAK_TEXT
    .summary = "two\nlines",
#else
    .summary = "y = x * w",
#endif
    .importer = &importer,
};
