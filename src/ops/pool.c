/* Pooling over windows (MaxPool, AveragePool, LpPool) and over everything (Global...). */
#include "ops/rows.h"
#include "ops/rule.h"
#include "ops/window.h"

#include <math.h>
#include <stdlib.h>

/* One window over a plane: the places inside of the source, from start to before end in steps of
 * the dilations. */
typedef struct view {
    const double *plane;
    const amct_window *window;
    int64_t start[AMCT_WINDOW_DIMS], end[AMCT_WINDOW_DIMS];
    int64_t positions[AMCT_WINDOW_DIMS]; /* those in the source or its declared padding */
    double p;                            /* of LpPool */
    double least;                        /* what MaxPool gives for no element */
    int64_t place;                       /* of the maximum, -1 if there is none */
} view;

/* Visits the plane's elements that the view covers, in order, as `at`. */
#define FOR_VIEW(v, at)                                                                            \
    for (int64_t a = (v)->start[0]; a < (v)->end[0]; a += (v)->window->dilations[0])               \
        for (int64_t b = (v)->start[1]; b < (v)->end[1]; b += (v)->window->dilations[1])           \
            for (int64_t c = (v)->start[2],                                                        \
                         at = (a * (v)->window->in[1] + b) * (v)->window->in[2] + c;               \
                 c < (v)->end[2]; c += (v)->window->dilations[2], at += (v)->window->dilations[2])

typedef double pool_fn(view *v);

static double pool_max(view *v)
{
    v->place = -1;
    FOR_VIEW(v, at)
    {
        if (v->place < 0 || v->plane[at] > v->plane[v->place])
            v->place = at;
    }
    return v->place < 0 ? v->least : v->plane[v->place];
}

/* Mean over the elements inside; 0 of none. */
static double pool_mean(view *v)
{
    double sum = 0;
    int64_t count = 0;
    FOR_VIEW(v, at)
    {
        sum += v->plane[at];
        count++;
    }
    return count ? sum / (double)count : 0;
}

static double pool_mean_with_padding(view *v)
{
    double sum = 0;
    FOR_VIEW(v, at)
    {
        sum += v->plane[at];
    }
    return sum / (double)v->positions[0] / (double)v->positions[1] / (double)v->positions[2];
}

static double pool_lp(view *v)
{
    double sum = 0;
    FOR_VIEW(v, at)
    {
        sum += pow(fabs(v->plane[at]), v->p);
    }
    return pow(sum, 1 / v->p);
}

static void set_view(view *v, int d, int64_t o)
{
    const amct_window *w = v->window;
    int64_t step = w->dilations[d], start = o * w->strides[d] - w->pad_begin[d];
    int64_t end = start + amct_window_extent(w, d), padded_end = w->in[d] + w->pad_end[d];
    v->positions[d] = ((end < padded_end ? end : padded_end) - start - 1) / step + 1;
    v->start[d] = start < 0 ? start + (step - 1 - start) / step * step : start;
    v->end[d] = end < w->in[d] ? end : w->in[d];
}

/* Where the maximum stands in the tensor whose plane begins at `plane`; -1 if there is none. */
static int64_t index_of(const view *v, int64_t plane, bool by_column)
{
    const int64_t *in = v->window->in;
    int64_t c = v->place % in[2], b = v->place / in[2] % in[1], a = v->place / in[2] / in[1];
    if (v->place < 0)
        return -1;
    return plane + (by_column ? a + in[0] * (b + in[1] * c) : v->place);
}

/* Pools plane after plane, a plane being all elements of one channel of one sample. */
static amct_status run_windows(const amct_call *call, pool_fn *pool, amct_err *err)
{
    const amct_value *src = call->src[0], *dst = amct_call_dst(call, 0);
    const amct_value *indices = amct_call_dst(call, 1);
    bool by_column = amct_node_int(call->node, "storage_order", 0) != 0;
    amct_window w;
    AMCT_TRY(amct_window_make(&w, call->node, &src->shape, NULL, err));
    w = amct_window_to_3d(&w);
    int64_t in = w.in[0] * w.in[1] * w.in[2], out = w.out[0] * w.out[1] * w.out[2], o[3];
    int64_t planes = src->shape.dims[0] * src->shape.dims[1];
    double *plane = amct_rows_new(1, in), *result = amct_rows_new(1, out);
    view v = {.plane = plane,
              .window = &w,
              .p = (double)amct_node_int(call->node, "p", 2),
              .least = -INFINITY};
    double greatest;
    if (!amct_dtype_is_float(src->dtype))
        amct_dtype_limits(src->dtype, &v.least, &greatest);
    amct_status status = plane && result ? AMCT_OK : amct_fail_nomem(err);
    for (int64_t p = 0; status == AMCT_OK && p < planes; p++) {
        int64_t i = 0;
        amct_row_load(plane, src, p * in, 1, in);
        for (o[0] = 0; o[0] < w.out[0]; o[0]++) {
            set_view(&v, 0, o[0]);
            for (o[1] = 0; o[1] < w.out[1]; o[1]++) {
                set_view(&v, 1, o[1]);
                for (o[2] = 0; o[2] < w.out[2]; o[2]++, i++) {
                    set_view(&v, 2, o[2]);
                    result[i] = pool(&v);
                    if (indices)
                        amct_value_put_int(indices, p * out + i, index_of(&v, p * in, by_column));
                }
            }
        }
        if (dst)
            amct_row_store(dst, p * out, 1, result, out);
    }
    free(plane);
    free(result);
    return status;
}

static amct_status run_max_pool(const amct_call *call, amct_err *err)
{
    return run_windows(call, pool_max, err);
}

static amct_status run_average_pool(const amct_call *call, amct_err *err)
{
    bool padding = amct_node_int(call->node, "count_include_pad", 0) != 0;
    return run_windows(call, padding ? pool_mean_with_padding : pool_mean, err);
}

static amct_status run_lp_pool(const amct_call *call, amct_err *err)
{
    return run_windows(call, pool_lp, err);
}

static amct_status check_p(const amct_node *node, amct_err *err)
{
    int64_t p = amct_node_int(node, "p", 2);
    if (p < 1)
        return amct_fail(err, AMCT_E_INVALID, "p is %lld, wanted at least 1", (long long)p);
    return AMCT_OK;
}

static amct_status infer_windows(const amct_infer *in, amct_err *err)
{
    const amct_tensor *x = in->src[0];
    amct_window w;
    AMCT_TRY(amct_window_make(&w, in->node, &x->shape, NULL, err));
    amct_shape shape = amct_window_result(&w, &x->shape, x->shape.dims[1]);
    amct_infer_dst(in, 0, x->dtype, &shape);
    amct_infer_dst(in, 1, AMCT_INT64, &shape);
    return AMCT_OK;
}

static amct_status infer_max_pool(const amct_infer *in, amct_err *err)
{
    const amct_tensor *x = in->src[0];
    if (x->dtype != AMCT_INT8 && x->dtype != AMCT_UINT8)
        AMCT_TRY(amct_want_float(in, 0, err));
    AMCT_TRY(infer_windows(in, err));
    in->dst[0].zero_point = x->zero_point;
    return AMCT_OK;
}

static amct_status infer_average_pool(const amct_infer *in, amct_err *err)
{
    uint32_t dtype = in->src[0]->dtype;
    if (!amct_dtype_is_float(dtype))
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "in integers it is not supported: the input is %s, wanted a float type",
                         amct_dtype_name(dtype));
    return infer_windows(in, err);
}

static amct_status infer_lp_pool(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(amct_want_float(in, 0, err));
    AMCT_TRY(check_p(in->node, err));
    return infer_windows(in, err);
}

/* ---- Over everything ------------------------------------------------------------------------ */

static amct_status infer_global(const amct_infer *in, amct_err *err)
{
    amct_shape shape = in->src[0]->shape;
    AMCT_TRY(amct_want_float(in, 0, err));
    AMCT_TRY(amct_want_rank(in, 0, 2, err));
    AMCT_TRY(check_p(in->node, err));
    for (int32_t d = 2; d < shape.rank; d++) {
        if (shape.dims[d] == 0)
            return amct_fail(err, AMCT_E_INVALID, "dim %d of the input is 0: nothing to pool", d);
        shape.dims[d] = 1;
    }
    amct_infer_dst(in, 0, in->src[0]->dtype, &shape);
    return AMCT_OK;
}

static double whole_max(const double *x, int64_t n, double p)
{
    (void)p;
    double best = x[0];
    for (int64_t i = 1; i < n; i++)
        best = x[i] > best ? x[i] : best;
    return best;
}

static double whole_mean(const double *x, int64_t n, double p)
{
    (void)p;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static double whole_lp(const double *x, int64_t n, double p)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += pow(fabs(x[i]), p);
    return pow(sum, 1 / p);
}

static amct_status run_global(const amct_call *call,
                              double (*pool)(const double *x, int64_t n, double p), amct_err *err)
{
    const amct_value *src = call->src[0], *dst = call->dst[0];
    int64_t n = amct_shape_count(&src->shape, 2, src->shape.rank);
    int64_t planes = src->shape.dims[0] * src->shape.dims[1];
    double p = (double)amct_node_int(call->node, "p", 2), *plane = amct_rows_new(1, n);
    if (!plane)
        return amct_fail_nomem(err);
    for (int64_t i = 0; i < planes; i++) {
        amct_row_load(plane, src, i * n, 1, n);
        amct_value_put(dst, i, pool(plane, n, p));
    }
    free(plane);
    return AMCT_OK;
}

static amct_status run_global_max_pool(const amct_call *call, amct_err *err)
{
    return run_global(call, whole_max, err);
}

static amct_status run_global_average_pool(const amct_call *call, amct_err *err)
{
    return run_global(call, whole_mean, err);
}

static amct_status run_global_lp_pool(const amct_call *call, amct_err *err)
{
    return run_global(call, whole_lp, err);
}

const amct_op amct_ops_pool[] = {
    {"MaxPool", 1, 1, 2, infer_max_pool, run_max_pool},
    {"AveragePool", 1, 1, 1, infer_average_pool, run_average_pool},
    {"LpPool", 1, 1, 1, infer_lp_pool, run_lp_pool},
    {"GlobalMaxPool", 1, 1, 1, infer_global, run_global_max_pool},
    {"GlobalAveragePool", 1, 1, 1, infer_global, run_global_average_pool},
    {"GlobalLpPool", 1, 1, 1, infer_global, run_global_lp_pool},
};
const size_t amct_n_ops_pool = sizeof amct_ops_pool / sizeof *amct_ops_pool;
