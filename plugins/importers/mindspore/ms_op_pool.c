/* Pooling. Windows with explicit padding come as 3D primitives on a tensor with a dim of depth 1,
 * which are read as the 2D ones that they stand for. */
#include "ms_window.h"

#include <string.h>

typedef struct pool {
    ms_tensor *x;
    ms_window w;
    bool max, same, ceil, count_padding;
} pool;

static int32_t begin(ms_call *c, pool *p, bool max, uint32_t n)
{
    *p = (pool){.w = {.n = n, .dilation = {1, 1, 1}}, .max = max};
    MS_TRY(ms_arg_ranked(c, 0, &p->x));
    if (p->x->rank != (int32_t)n + 2)
        return ms_fail(c->r, AMCT_E_FORMAT, "an input of %d dims, %u wanted", p->x->rank, n + 2);
    return AMCT_OK;
}

/* Whether it is a 2D pooling of what was given a dim of depth. */
static bool is_flat(const pool *p)
{
    return p->w.n == 3 && p->x->narrow && p->x->narrow_axis == 2 && p->w.kernel[0] == 1 &&
           p->w.stride[0] == 1 && p->w.pads[0] == 0 && p->w.pads[3] == 0;
}

static void flatten(pool *p)
{
    p->x = p->x->narrow;
    p->w.n = 2;
    for (uint32_t d = 0; d < 2; d++) {
        p->w.kernel[d] = p->w.kernel[d + 1];
        p->w.stride[d] = p->w.stride[d + 1];
        p->w.dilation[d] = p->w.dilation[d + 1];
    }
    const int64_t pads[] = {p->w.pads[1], p->w.pads[2], p->w.pads[4], p->w.pads[5]};
    memcpy(p->w.pads, pads, sizeof pads);
}

/* Makes the node; the result is the first of n, or the only one. */
static int32_t emit(ms_call *c, pool *p, uint32_t n_results)
{
    bool flat;
    ms_tensor like = {.dtype = p->x->dtype, .rank = -1}, hint, *out, *wide;
    MS_TRY(ms_window_check(c, &p->w));
    flat = is_flat(p);
    if (flat)
        flatten(p);
    if (p->same)
        ms_window_same(&p->w, p->x);
    ms_build b = ms_begin(c, p->max ? "MaxPool" : "AveragePool", flat ? "flat" : NULL);
    ms_in(&b, p->x);
    ms_set_ints(&b, "kernel_shape", p->w.kernel, p->w.n);
    ms_window_set(&b, &p->w);
    ms_set_int(&b, "ceil_mode", p->ceil);
    if (p->max)
        ms_set_ints(&b, "dilations", p->w.dilation, p->w.n);
    else
        ms_set_int(&b, "count_include_pad", p->count_padding);
    if (!flat)
        return n_results > 1 ? ms_finish_first(&b, &like, n_results) : ms_finish(&b, &like);
    MS_TRY(ms_hint(c, 0, &hint));
    bool known = hint.rank == 5;
    const int64_t dims[] = {known ? hint.dims[0] : -1, known ? hint.dims[1] : -1,
                            known ? hint.dims[3] : -1, known ? hint.dims[4] : -1};
    MS_TRY(ms_end(&b, p->x->dtype, 4, dims, &out));
    ms_build widen = ms_begin(c, "Unsqueeze", NULL);
    ms_in(&widen, out);
    ms_in_ints(&widen, "axes", (const int64_t[]){2}, 1);
    MS_TRY(n_results > 1 ? ms_finish_first(&widen, &like, n_results) : ms_finish(&widen, &like));
    wide = n_results > 1 ? c->result.list->at[0].tensor : c->result.tensor;
    wide->narrow = out;
    wide->narrow_axis = 2;
    return AMCT_OK;
}

/* A window's size and step are inputs 1 and 2, or attributes. */
static int32_t read_window(ms_call *c, pool *p, const char *kernel)
{
    MS_TRY(ms_arg_space(c, 1, kernel, 1, p->w.kernel, p->w.n));
    for (uint32_t d = 0; d < p->w.n; d++)
        p->w.stride[d] = 0;
    MS_TRY(ms_arg_space(c, 2, "strides", 0, p->w.stride, p->w.n));
    for (uint32_t d = 0; d < p->w.n; d++)
        if (!p->w.stride[d])
            p->w.stride[d] = p->w.kernel[d];
    return AMCT_OK;
}

/* (x, kernel, strides, pad_mode, format) */
static int32_t run_plain(ms_call *c)
{
    pool p;
    ms_pad_mode mode;
    MS_TRY(begin(c, &p, strncmp(c->op, "Max", 3) == 0, 2));
    MS_TRY(ms_need_channels_first(c, 4));
    MS_TRY(read_window(c, &p, "kernel_size"));
    MS_TRY(ms_window_mode(c, 3, &mode));
    p.same = mode == MS_SAME;
    if (mode == MS_PAD)
        return ms_unsupported(c, "pad_mode PAD");
    return emit(c, &p, strcmp(c->op, "MaxPoolWithArgmax") == 0 ? 2 : 1);
}

static int32_t run_3d(ms_call *c)
{
    pool p;
    ms_pad_mode mode;
    int64_t divisor;
    ms_value ceil;
    MS_TRY(begin(c, &p, strncmp(c->op, "Max", 3) == 0, 3));
    MS_TRY(read_window(c, &p, "kernel_size"));
    MS_TRY(ms_window_mode(c, MS_ATTR, &mode));
    p.same = mode == MS_SAME;
    if (mode == MS_PAD)
        MS_TRY(ms_window_pairs(c, &p.w));
    MS_TRY(ms_arg(c, MS_ATTR, "ceil_mode", &ceil)); /* may be None */
    p.ceil = (ceil.kind == MS_BOOL || ceil.kind == MS_INT) && ceil.i > 0;
    MS_TRY(ms_arg_bool(c, MS_ATTR, "count_include_pad", true, &p.count_padding));
    MS_TRY(ms_arg_int(c, MS_ATTR, "divisor_override", 0, &divisor));
    if (divisor != 0)
        return ms_unsupported(c, "divisor_override");
    return emit(c, &p, 1);
}

/* (x, kernel, strides, pads, dilation, ceil_mode), all attributes or all inputs. */
static int32_t run_argmax(ms_call *c)
{
    pool p;
    bool deep = strncmp(c->op, "MaxPool3D", 9) == 0;
    MS_TRY(begin(c, &p, true, deep ? 3 : 2));
    MS_TRY(read_window(c, &p, deep ? "ksize" : "kernel_size"));
    MS_TRY(ms_window_even(c, &p.w, 3, "pads"));
    MS_TRY(ms_arg_space(c, 4, "dilation", 1, p.w.dilation, p.w.n));
    MS_TRY(ms_arg_bool(c, 5, "ceil_mode", false, &p.ceil));
    return emit(c, &p, 2);
}

/* mint: (x, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override) */
static int32_t run_avg_mint(ms_call *c)
{
    pool p;
    ms_value divisor;
    MS_TRY(begin(c, &p, false, 2));
    MS_TRY(read_window(c, &p, "kernel_size"));
    MS_TRY(ms_window_even(c, &p.w, 3, "padding"));
    MS_TRY(ms_arg_bool(c, 4, "ceil_mode", false, &p.ceil));
    MS_TRY(ms_arg_bool(c, 5, "count_include_pad", true, &p.count_padding));
    MS_TRY(ms_arg(c, 6, "divisor_override", &divisor));
    if (divisor.kind == MS_INT)
        return ms_unsupported(c, "divisor_override");
    return emit(c, &p, 1);
}

/* To one element, a global pooling; to a divisor of the size, one with kernel = stride. None and -1
 * keep the size. */
static int32_t run_adaptive(ms_call *c)
{
    pool p;
    ms_value size;
    bool max = strncmp(c->op, "AdaptiveMax", 11) == 0, one = true;
    uint32_t n = strstr(c->op, "3D") ? 3 : 2;
    MS_TRY(begin(c, &p, max, n));
    MS_TRY(ms_arg(c, 1, "output_size", &size));
    for (uint32_t d = 0; d < n; d++) {
        int64_t in = p.x->dims[2 + d];
        ms_value v = size;
        if (v.kind == MS_TUPLE)
            v = v.list->n == n ? v.list->at[d] : (ms_value){.kind = MS_UNSET};
        int64_t to = v.kind == MS_INT && v.i != -1 ? v.i : in;
        if (size.kind == MS_UNSET || v.kind == MS_UNSET || to < 1 || (to != 1 && in % to))
            return ms_fail(c->r, AMCT_E_UNSUPPORTED,
                           "pooling %lld elements to %lld is not supported: 1 or a divisor wanted",
                           (long long)in, (long long)to);
        one &= to == 1;
        p.w.kernel[d] = p.w.stride[d] = in > 0 ? in / to : 1;
    }
    const uint32_t n_results = max ? 2 : 1;
    if (!one)
        return emit(c, &p, n_results);
    const ms_tensor like = {.dtype = p.x->dtype, .rank = -1};
    ms_build b = ms_begin(c, max ? "GlobalMaxPool" : "GlobalAveragePool", NULL);
    ms_in(&b, p.x);
    return max ? ms_finish_first(&b, &like, 2) : ms_finish(&b, &like);
}

const ms_op ms_ops_pool[] = {
    {"MaxPool", run_plain, NULL},
    {"AvgPool", run_plain, NULL},
    {"MaxPoolWithArgmax", run_plain, NULL},
    {"MaxPool3D", run_3d, NULL},
    {"AvgPool3D", run_3d, NULL},
    {"MaxPoolWithArgmaxV2", run_argmax, NULL},
    {"MaxPoolWithIndices", run_argmax, NULL},
    {"MaxPoolWithMask", run_argmax, NULL},
    {"MaxPool3DWithArgmax", run_argmax, NULL},
    {"AvgPool2D", run_avg_mint, NULL},
    {"AdaptiveAvgPool2D", run_adaptive, NULL},
    {"AdaptiveAvgPool2DExt", run_adaptive, NULL},
    {"AdaptiveAvgPool3D", run_adaptive, NULL},
    {"AdaptiveAvgPool3DExt", run_adaptive, NULL},
    {"AdaptiveMaxPool2D", run_adaptive, NULL},
};
MS_FAMILY(pool);
