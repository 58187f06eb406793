/* Pooling. Windows with explicit padding come as 3D primitives on a tensor with a dim of depth 1,
 * which are read as the 2D ones that they stand for. */
#include "ms_ops.h"

#include <string.h>

enum { MAX_SPACE = 3 };

typedef struct pool {
    ms_tensor *x;
    uint32_t n; /* dims of space */
    int64_t kernel[MAX_SPACE], stride[MAX_SPACE], dilation[MAX_SPACE], pads[2 * MAX_SPACE];
    bool max, same, ceil, count_padding;
} pool;

static int32_t begin(ms_call *c, pool *p, bool max, uint32_t n)
{
    *p = (pool){.n = n, .max = max, .dilation = {1, 1, 1}};
    MS_TRY(ms_arg_ranked(c, 0, &p->x));
    if (p->x->rank != (int32_t)n + 2)
        return ms_fail(c->r, AMCT_E_FORMAT, "an input of %d dims, %u wanted", p->x->rank, n + 2);
    return AMCT_OK;
}

static int32_t check(ms_call *c, const pool *p)
{
    for (uint32_t d = 0; d < p->n; d++)
        if (p->kernel[d] < 1 || p->kernel[d] > INT32_MAX || p->stride[d] < 1 ||
            p->stride[d] > INT32_MAX || p->dilation[d] < 1 || p->dilation[d] > INT32_MAX ||
            p->pads[d] < 0 || p->pads[d] > INT32_MAX || p->pads[p->n + d] < 0 ||
            p->pads[p->n + d] > INT32_MAX)
            return ms_fail(c->r, AMCT_E_FORMAT,
                           "kernel %lld, stride %lld, dilation %lld, padding %lld and %lld",
                           (long long)p->kernel[d], (long long)p->stride[d],
                           (long long)p->dilation[d], (long long)p->pads[d],
                           (long long)p->pads[p->n + d]);
    return AMCT_OK;
}

/* Whether it is a 2D pooling of what was given a dim of depth. */
static bool is_flat(const pool *p)
{
    return p->n == 3 && p->x->narrow && p->x->narrow_axis == 2 && p->kernel[0] == 1 &&
           p->stride[0] == 1 && p->pads[0] == 0 && p->pads[3] == 0;
}

static void flatten(pool *p)
{
    p->x = p->x->narrow;
    p->n = 2;
    for (uint32_t d = 0; d < 2; d++) {
        p->kernel[d] = p->kernel[d + 1];
        p->stride[d] = p->stride[d + 1];
        p->dilation[d] = p->dilation[d + 1];
    }
    const int64_t pads[] = {p->pads[1], p->pads[2], p->pads[4], p->pads[5]};
    memcpy(p->pads, pads, sizeof pads);
}

static void pad_same(pool *p, bool *automatic)
{
    *automatic = false;
    for (uint32_t d = 0; d < p->n; d++) {
        int64_t in = p->x->dims[2 + d], all = 0;
        *automatic |= in < 0;
        if (in > 0)
            all = ((in + p->stride[d] - 1) / p->stride[d] - 1) * p->stride[d] +
                  p->dilation[d] * (p->kernel[d] - 1) + 1 - in;
        all = all < 0 ? 0 : all;
        p->pads[d] = all / 2;
        p->pads[p->n + d] = all - all / 2;
    }
}

/* Makes the node; the result is the first of n, or the only one. */
static int32_t emit(ms_call *c, pool *p, uint32_t n_results)
{
    bool automatic = false, flat;
    ms_tensor like = {.dtype = p->x->dtype, .rank = -1}, hint, *out, *wide;
    MS_TRY(check(c, p));
    flat = is_flat(p);
    if (flat)
        flatten(p);
    if (p->same)
        pad_same(p, &automatic);
    ms_build b = ms_begin(c, p->max ? "MaxPool" : "AveragePool", flat ? "flat" : NULL);
    ms_in(&b, p->x);
    ms_set_ints(&b, "kernel_shape", p->kernel, p->n);
    ms_set_ints(&b, "strides", p->stride, p->n);
    if (automatic)
        ms_set_text(&b, "auto_pad", "SAME_UPPER");
    else
        ms_set_ints(&b, "pads", p->pads, 2 * p->n);
    ms_set_int(&b, "ceil_mode", p->ceil);
    if (p->max)
        ms_set_ints(&b, "dilations", p->dilation, p->n);
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
    MS_TRY(ms_arg_space(c, 1, kernel, 1, p->kernel, p->n));
    for (uint32_t d = 0; d < p->n; d++)
        p->stride[d] = 0;
    MS_TRY(ms_arg_space(c, 2, "strides", 0, p->stride, p->n));
    for (uint32_t d = 0; d < p->n; d++)
        if (!p->stride[d])
            p->stride[d] = p->kernel[d];
    return AMCT_OK;
}

/* "SAME", "VALID", "PAD", or the number of it: true if there is padding to read. */
static int32_t read_mode(ms_call *c, uint32_t at, pool *p, bool *padded)
{
    enum { PAD, SAME, VALID };
    ms_value v;
    MS_TRY(ms_arg(c, at, "pad_mode", &v));
    bool text = v.kind == MS_TEXT;
    p->same = text ? strcasecmp(v.text, "same") == 0 : v.kind == MS_INT && v.i == SAME;
    *padded = text ? strcasecmp(v.text, "pad") == 0 : v.kind == MS_INT && v.i == PAD;
    bool valid = text ? strcasecmp(v.text, "valid") == 0
                      : v.kind == MS_UNSET || (v.kind == MS_INT && v.i == VALID);
    return p->same || *padded || valid ? AMCT_OK : ms_unsupported(c, "this pad_mode");
}

/* Padding of n numbers in front and behind alike. */
static int32_t read_even_pads(ms_call *c, pool *p, uint32_t at, const char *name)
{
    MS_TRY(ms_arg_space(c, at, name, 0, p->pads, p->n));
    memcpy(p->pads + p->n, p->pads, p->n * sizeof *p->pads);
    return AMCT_OK;
}

static int32_t read_pairs(ms_call *c, pool *p)
{
    int64_t pairs[2 * MAX_SPACE];
    uint32_t n;
    MS_TRY(ms_arg_ints(c, MS_ATTR, "pad_list", pairs, 2 * MAX_SPACE, &n));
    if (!n)
        MS_TRY(ms_arg_ints(c, MS_ATTR, "pad", pairs, 2 * MAX_SPACE, &n));
    if (n > 1 && n != 2 * p->n)
        return ms_fail(c->r, AMCT_E_FORMAT, "pad has %u numbers, %u wanted", n, 2 * p->n);
    for (uint32_t i = 0; n && i < 2 * p->n; i++)
        p->pads[i % 2 * p->n + i / 2] = n == 1 ? pairs[0] : pairs[i];
    return AMCT_OK;
}

/* (x, kernel, strides, pad_mode, format) */
static int32_t run_plain(ms_call *c)
{
    pool p;
    bool padded, max = strncmp(c->op, "Max", 3) == 0;
    MS_TRY(begin(c, &p, max, 2));
    MS_TRY(ms_need_channels_first(c, 4));
    MS_TRY(read_window(c, &p, "kernel_size"));
    MS_TRY(read_mode(c, 3, &p, &padded));
    if (padded)
        return ms_unsupported(c, "pad_mode PAD");
    return emit(c, &p, strcmp(c->op, "MaxPoolWithArgmax") == 0 ? 2 : 1);
}

static int32_t run_3d(ms_call *c)
{
    pool p;
    bool padded;
    int64_t divisor;
    ms_value ceil;
    MS_TRY(begin(c, &p, strncmp(c->op, "Max", 3) == 0, 3));
    MS_TRY(read_window(c, &p, "kernel_size"));
    MS_TRY(read_mode(c, MS_ATTR, &p, &padded));
    if (padded)
        MS_TRY(read_pairs(c, &p));
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
    MS_TRY(read_even_pads(c, &p, 3, "pads"));
    MS_TRY(ms_arg_space(c, 4, "dilation", 1, p.dilation, p.n));
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
    MS_TRY(read_even_pads(c, &p, 3, "padding"));
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
        p.kernel[d] = p.stride[d] = in > 0 ? in / to : 1;
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
