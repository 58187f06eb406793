#include "ops/window.h"

#include "ops/param.h"

enum pad_rule { PAD_EXPLICIT, PAD_VALID, PAD_UPPER, PAD_LOWER };
static const char *const pad_rules[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", NULL};

static const char *dim_name(int32_t rank, int32_t d)
{
    static const char *const names[] = {"depth", "height", "width"};
    return names[AMCT_WINDOW_DIMS - rank + d];
}

/* Attribute of `each` numbers per dim, all between least and INT32_MAX; absent: all are `least`. */
static amct_status read_sizes(int64_t *to, const amct_node *node, const char *attr,
                              const char *word, int32_t rank, int32_t each, int64_t least,
                              amct_err *err)
{
    size_t n;
    const int64_t *numbers = amct_node_ints(node, attr, &n);
    if (n != 0 && n != (size_t)(rank * each))
        return amct_fail(err, AMCT_E_INVALID, "%s has %zu numbers, wanted %d", attr, n,
                         rank * each);
    for (int32_t i = 0; i < rank * each; i++) {
        int64_t number = n ? numbers[i] : least;
        if (number < least || number > INT32_MAX)
            return amct_fail(err, AMCT_E_INVALID, "%s %s is %lld, wanted %lld to %d", word,
                             dim_name(rank, i % rank), (long long)number, (long long)least,
                             INT32_MAX);
        to[i] = number;
    }
    return AMCT_OK;
}

static amct_status read_kernel(amct_window *w, const amct_node *node, const amct_shape *weights,
                               amct_err *err)
{
    size_t n;
    const int64_t *given = amct_node_ints(node, "kernel_shape", &n);
    if (!weights && n == 0)
        return amct_fail(err, AMCT_E_INVALID, "kernel_shape is missing");
    AMCT_TRY(read_sizes(w->kernel, node, "kernel_shape", "kernel", w->rank, 1, 1, err));
    for (int32_t d = 0; weights && d < w->rank; d++) {
        int64_t dim = weights->dims[2 + d];
        if (dim < 1 || dim > INT32_MAX)
            return amct_fail(err, AMCT_E_INVALID, "kernel %s of the weights is %lld",
                             dim_name(w->rank, d), (long long)dim);
        if (given && given[d] != dim)
            return amct_fail(err, AMCT_E_INVALID, "kernel %s is %lld, but %lld in the weights",
                             dim_name(w->rank, d), (long long)given[d], (long long)dim);
        w->kernel[d] = dim;
    }
    return AMCT_OK;
}

/* Halves a total over begin and end; the odd one goes to the end if upper. */
static void split_pad(amct_window *w, int32_t d, int64_t total, bool upper)
{
    int64_t small = total / 2;
    w->pad_begin[d] = upper ? small : total - small;
    w->pad_end[d] = total - w->pad_begin[d];
}

static amct_status forward_size(amct_window *w, int32_t d, uint32_t rule, bool ceil_mode,
                                amct_err *err)
{
    int64_t in = w->in[d], stride = w->strides[d], extent = amct_window_extent(w, d);
    if (rule == PAD_UPPER || rule == PAD_LOWER) {
        w->out[d] = (in - 1) / stride + 1;
        int64_t total = (w->out[d] - 1) * stride + extent - in;
        split_pad(w, d, total > 0 ? total : 0, rule == PAD_UPPER);
        return AMCT_OK;
    }
    int64_t padded = in + w->pad_begin[d] + w->pad_end[d];
    if (padded < extent)
        return amct_fail(err, AMCT_E_INVALID,
                         "a window of %s %lld does not fit into %lld (with padding)",
                         dim_name(w->rank, d), (long long)extent, (long long)padded);
    int64_t last = (padded - extent + (ceil_mode ? stride - 1 : 0)) / stride;
    /* a window that would begin in the padding at the end is left out */
    if (ceil_mode && last * stride >= in + w->pad_begin[d])
        last--;
    w->out[d] = last + 1;
    return AMCT_OK;
}

/* More than a step would add results that no window reaches. */
static amct_status check_out_pad(const amct_window *w, int32_t d, int64_t out_pad, amct_err *err)
{
    int64_t limit = w->strides[d] > w->dilations[d] ? w->strides[d] : w->dilations[d];
    if (out_pad >= limit)
        return amct_fail(err, AMCT_E_INVALID,
                         "output padding %s is %lld, wanted less than stride or dilation (%lld)",
                         dim_name(w->rank, d), (long long)out_pad, (long long)limit);
    return AMCT_OK;
}

static amct_status backward_size(amct_window *w, int32_t d, uint32_t rule, int64_t out_pad,
                                 const int64_t *wanted, amct_err *err)
{
    AMCT_TRY(check_out_pad(w, d, out_pad, err));
    int64_t whole = (w->in[d] - 1) * w->strides[d] + amct_window_extent(w, d);
    if (wanted || rule == PAD_UPPER || rule == PAD_LOWER) {
        w->out[d] = wanted ? wanted[d] : w->in[d] * w->strides[d];
        int64_t total = whole + out_pad - w->out[d];
        split_pad(w, d, total > 0 ? total : 0, rule == PAD_UPPER);
    } else {
        w->out[d] = whole + out_pad - w->pad_begin[d] - w->pad_end[d];
    }
    if (w->out[d] < 1)
        return amct_fail(err, AMCT_E_INVALID, "%s of the result is %lld", dim_name(w->rank, d),
                         (long long)w->out[d]);
    w->pad_end[d] = whole - w->pad_begin[d] - w->out[d];
    return AMCT_OK;
}

amct_status amct_window_make(amct_window *out, const amct_node *node, const amct_shape *src,
                             const amct_shape *weights, amct_err *err)
{
    bool transposed = amct_node_is(node, "ConvTranspose");
    bool ceil_mode = !weights && amct_node_int(node, "ceil_mode", 0) != 0;
    amct_window w = {.rank = src->rank - 2};
    uint32_t rule;
    int64_t pads[2 * AMCT_WINDOW_DIMS] = {0}, out_pad[AMCT_WINDOW_DIMS], shape[AMCT_WINDOW_DIMS];
    size_t n_shape = 0;
    if (w.rank < 1)
        return amct_fail(err, AMCT_E_INVALID, "the input has %d dims, wanted 3 to 5", src->rank);
    if (w.rank > AMCT_WINDOW_DIMS)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "the input has %d dims, at most 5 are supported",
                         src->rank);
    if (weights && weights->rank != src->rank)
        return amct_fail(err, AMCT_E_INVALID, "the weights have %d dims, wanted %d as the input",
                         weights->rank, src->rank);
    for (int32_t d = 0; d < w.rank; d++) {
        w.in[d] = src->dims[2 + d];
        if (w.in[d] < 1 || w.in[d] > INT32_MAX)
            return amct_fail(err, AMCT_E_INVALID, "%s of the input is %lld, wanted 1 to %d",
                             dim_name(w.rank, d), (long long)w.in[d], INT32_MAX);
    }
    AMCT_TRY(read_kernel(&w, node, weights, err));
    AMCT_TRY(read_sizes(w.strides, node, "strides", "stride", w.rank, 1, 1, err));
    AMCT_TRY(read_sizes(w.dilations, node, "dilations", "dilation", w.rank, 1, 1, err));
    AMCT_TRY(amct_param_word(&rule, node, "auto_pad", pad_rules, err));
    if (rule == PAD_EXPLICIT)
        AMCT_TRY(read_sizes(pads, node, "pads", "padding", w.rank, 2, 0, err));
    if (transposed) {
        AMCT_TRY(read_sizes(out_pad, node, "output_padding", "output padding", w.rank, 1, 0, err));
        amct_node_ints(node, "output_shape", &n_shape);
        if (n_shape)
            AMCT_TRY(read_sizes(shape, node, "output_shape", "output", w.rank, 1, 1, err));
    }
    for (int32_t d = 0; d < w.rank; d++) {
        w.pad_begin[d] = pads[d];
        w.pad_end[d] = pads[w.rank + d];
        int64_t extent = amct_window_extent(&w, d);
        if (!weights && (w.pad_begin[d] >= extent || w.pad_end[d] >= extent))
            return amct_fail(err, AMCT_E_INVALID,
                             "padding %s %lld and %lld is not smaller than the window's %lld",
                             dim_name(w.rank, d), (long long)w.pad_begin[d],
                             (long long)w.pad_end[d], (long long)extent);
        AMCT_TRY(transposed ? backward_size(&w, d, rule, out_pad[d], n_shape ? shape : NULL, err)
                            : forward_size(&w, d, rule, ceil_mode, err));
    }
    *out = w;
    return AMCT_OK;
}

amct_shape amct_window_result(const amct_window *w, const amct_shape *src, int64_t channels)
{
    amct_shape shape = {.rank = w->rank + 2, .dims = {src->dims[0], channels}};
    for (int32_t d = 0; d < w->rank; d++)
        shape.dims[2 + d] = w->out[d];
    return shape;
}

amct_window amct_window_to_3d(const amct_window *w)
{
    amct_window wide = {.rank = AMCT_WINDOW_DIMS};
    int32_t missing = AMCT_WINDOW_DIMS - w->rank;
    for (int32_t d = 0; d < AMCT_WINDOW_DIMS; d++) {
        bool real = d >= missing;
        wide.in[d] = real ? w->in[d - missing] : 1;
        wide.kernel[d] = real ? w->kernel[d - missing] : 1;
        wide.strides[d] = real ? w->strides[d - missing] : 1;
        wide.dilations[d] = real ? w->dilations[d - missing] : 1;
        wide.pad_begin[d] = real ? w->pad_begin[d - missing] : 0;
        wide.pad_end[d] = real ? w->pad_end[d - missing] : 0;
        wide.out[d] = real ? w->out[d - missing] : 1;
    }
    return wide;
}
