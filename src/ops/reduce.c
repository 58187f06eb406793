/* Reductions, in double, or for integers in 64 bits that wrap. ArgMax and ArgMin. */
#include "ops/broadcast.h"
#include "ops/param.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 256 };

typedef enum kind { L1, L2, LOG_SUM, LOG_SUM_EXP, MAX, MEAN, MIN, PROD, SUM, SUM_SQUARE } kind;

static kind kind_of(const amct_node *node)
{
    static const char *const names[] = {"L1",   "L2",  "LogSum", "LogSumExp", "Max",
                                        "Mean", "Min", "Prod",   "Sum",       "SumSquare"};
    uint32_t i = 0;
    while (strcmp(node->op + strlen("Reduce"), names[i]) != 0)
        i++;
    return (kind)i;
}

/* Marks the dims that are reduced. */
static amct_status read_reduced(bool reduced[AMCT_MAX_RANK], const amct_node *node,
                                const amct_value *const *src, amct_err *err)
{
    amct_ints axes;
    int32_t rank = src[0]->shape.rank;
    AMCT_TRY(amct_param_axes(&axes, src[1], node, rank, err));
    bool all = axes.n == 0 && !amct_node_int(node, "noop_with_empty_axes", 0);
    for (int32_t d = 0; d < rank; d++)
        reduced[d] = all;
    for (int32_t i = 0; i < axes.n; i++)
        reduced[axes.at[i]] = true;
    return AMCT_OK;
}

static amct_shape reduced_shape(const amct_shape *from, const bool *reduced, bool keep)
{
    amct_shape shape = {.rank = 0};
    for (int32_t d = 0; d < from->rank; d++)
        if (!reduced[d])
            shape.dims[shape.rank++] = from->dims[d];
        else if (keep)
            shape.dims[shape.rank++] = 1;
    return shape;
}

static amct_status reduce_infer(const amct_infer *in, amct_err *err)
{
    amct_value values[2];
    const amct_value *src[2];
    amct_shape shape = {.rank = -1};
    bool reduced[AMCT_MAX_RANK];
    amct_infer_sources(values, src, 2, in);
    if (!amct_infer_waits(in, 1, 2)) {
        AMCT_TRY(read_reduced(reduced, in->node, src, err));
        shape = reduced_shape(&src[0]->shape, reduced, amct_node_int(in->node, "keepdims", 1));
    }
    amct_infer_like(&in->dst[0], in->src[0], &shape);
    kind k = kind_of(in->node);
    if (k != MAX && k != MIN && k != MEAN) /* only these give a number on the source's scale */
        in->dst[0].zero_point = 0;
    return AMCT_OK;
}

/* ---- Floats ---------------------------------------------------------------------------------- */

static double start_of(kind k)
{
    return k == MAX || k == LOG_SUM_EXP ? -INFINITY : k == MIN ? INFINITY : k == PROD;
}

/* A NaN is not passed over by MAX and MIN: once there, it stays. */
static double add_row(kind k, double sum, const double *x, int64_t n)
{
    switch (k) {
    case L1:
        for (int64_t i = 0; i < n; i++)
            sum += fabs(x[i]);
        break;
    case L2:
    case SUM_SQUARE:
        for (int64_t i = 0; i < n; i++)
            sum += x[i] * x[i];
        break;
    case PROD:
        for (int64_t i = 0; i < n; i++)
            sum *= x[i];
        break;
    case LOG_SUM_EXP:
    case MAX:
        for (int64_t i = 0; i < n; i++)
            sum = x[i] <= sum ? sum : sum == sum ? x[i] : sum;
        break;
    case MIN:
        for (int64_t i = 0; i < n; i++)
            sum = x[i] >= sum ? sum : sum == sum ? x[i] : sum;
        break;
    default:
        for (int64_t i = 0; i < n; i++)
            sum += x[i];
    }
    return sum;
}

/* Logarithm of the sum of exp(x - greatest) over the elements that belong to one result. */
static double log_sum_of(const amct_value *src, amct_walk w, int64_t at, double greatest)
{
    double row[CHUNK], sum = 0;
    for (; !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i += CHUNK) {
            int64_t n = w.run - i < CHUNK ? w.run - i : CHUNK;
            amct_row_load(row, src, at + w.at[0] + i * w.step[0], w.step[0], n);
            for (int64_t j = 0; j < n; j++)
                sum += exp(row[j] - greatest);
        }
    return log(sum);
}

/* One result: w walks over the elements that belong to it, from element `at` on. */
static double reduce_floats(kind k, const amct_value *src, const amct_walk *elements, int64_t at,
                            int64_t count)
{
    double row[CHUNK], sum = start_of(k);
    for (amct_walk w = *elements; !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i += CHUNK) {
            int64_t n = w.run - i < CHUNK ? w.run - i : CHUNK;
            amct_row_load(row, src, at + w.at[0] + i * w.step[0], w.step[0], n);
            sum = add_row(k, sum, row, n);
        }
    switch (k) {
    case L2: return sqrt(sum);
    case LOG_SUM: return log(sum);
    case LOG_SUM_EXP: return isfinite(sum) ? sum + log_sum_of(src, *elements, at, sum) : sum;
    case MEAN: return sum / (double)count;
    default: return sum;
    }
}

/* ---- Integers -------------------------------------------------------------------------------- */

/* Added to an integer's bits so that their order as int64 is that of the numbers. */
static uint64_t order_bias(uint32_t dtype)
{
    return dtype == AMCT_UINT64 ? (uint64_t)1 << 63 : 0;
}

static int64_t integer_limit(uint32_t dtype, bool greatest)
{
    if (amct_dtype_bits(dtype) == 64)
        return dtype == AMCT_UINT64 ? -(int64_t)greatest : greatest ? INT64_MAX : INT64_MIN;
    double limits[2];
    amct_dtype_limits(dtype, &limits[0], &limits[1]);
    return (int64_t)limits[greatest];
}

static int64_t reduce_integers(kind k, const amct_value *src, const amct_walk *elements, int64_t at,
                               int64_t count)
{
    uint64_t bias = order_bias(src->dtype), sum = k == PROD;
    if (k == MAX || k == MIN)
        sum = (uint64_t)integer_limit(src->dtype, k == MIN) + bias;
    for (amct_walk w = *elements; !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i++) {
            uint64_t x = (uint64_t)amct_value_get_int(src, at + w.at[0] + i * w.step[0]);
            bool negative = !bias && (int64_t)x < 0;
            switch (k) {
            case L1: sum += negative ? 0 - x : x; break;
            case SUM_SQUARE: sum += x * x; break;
            case PROD: sum *= x; break;
            case MAX: sum = (int64_t)(x + bias) > (int64_t)sum ? x + bias : sum; break;
            case MIN: sum = (int64_t)(x + bias) < (int64_t)sum ? x + bias : sum; break;
            default: sum += x;
            }
        }
    if (k == MAX || k == MIN)
        return (int64_t)(sum - bias);
    if (k != MEAN)
        return (int64_t)sum;
    return count == 0 ? 0 : bias ? (int64_t)(sum / (uint64_t)count) : (int64_t)sum / count;
}

static amct_status reduce_run(const amct_call *call, amct_err *err)
{
    const amct_value *src[2], *dst = call->dst[0];
    bool reduced[AMCT_MAX_RANK];
    kind k = kind_of(call->node);
    amct_call_sources(src, 2, call);
    AMCT_TRY(read_reduced(reduced, call->node, src, err));
    const amct_shape *shape = &src[0]->shape;
    bool integers =
        !amct_dtype_is_float(src[0]->dtype) && k != L2 && k != LOG_SUM && k != LOG_SUM_EXP;
    /* Two walks over the source: over the dims that stay, and from there over the others. */
    int64_t strides[AMCT_MAX_RANK], kept_strides[1][AMCT_MAX_RANK], strides_in[1][AMCT_MAX_RANK];
    amct_shape kept = {.rank = 0}, within = {.rank = 0};
    amct_shape_strides(strides, shape);
    for (int32_t d = 0; d < shape->rank; d++) {
        amct_shape *side = reduced[d] ? &within : &kept;
        (reduced[d] ? strides_in : kept_strides)[0][side->rank] = strides[d];
        side->dims[side->rank++] = shape->dims[d];
    }
    amct_walk outer, elements;
    int64_t count = amct_shape_size(&within), at = 0;
    amct_walk_strided(&elements, &within, 1, (const int64_t(*)[AMCT_MAX_RANK])strides_in, NULL);
    for (amct_walk_strided(&outer, &kept, 1, (const int64_t(*)[AMCT_MAX_RANK])kept_strides, NULL);
         !outer.done; amct_walk_next(&outer))
        for (int64_t i = 0; i < outer.run; i++, at++) {
            int64_t from = outer.at[0] + i * outer.step[0];
            if (integers)
                amct_value_put_int(dst, at, reduce_integers(k, src[0], &elements, from, count));
            else
                amct_value_put(dst, at, reduce_floats(k, src[0], &elements, from, count));
        }
    return AMCT_OK;
}

/* ---- ArgMax and ArgMin ----------------------------------------------------------------------- */

static amct_status arg_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *src = &in->src[0]->shape;
    bool reduced[AMCT_MAX_RANK] = {false};
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, in->node, "axis", 0, src->rank, err));
    if (src->dims[axis] == 0)
        return amct_fail(err, AMCT_E_INVALID, "axis %d is empty", axis);
    reduced[axis] = true;
    in->dst[0].dtype = AMCT_INT64;
    in->dst[0].shape = reduced_shape(src, reduced, amct_node_int(in->node, "keepdims", 1));
    return AMCT_OK;
}

/* Whether element a comes before element b; a NaN before nothing. */
static bool precedes(const amct_value *src, int64_t a, int64_t b, bool greater)
{
    if (amct_dtype_is_float(src->dtype)) {
        double x = amct_value_get(src, a), y = amct_value_get(src, b);
        return greater ? x > y : x < y;
    }
    uint64_t bias = order_bias(src->dtype);
    int64_t x = (int64_t)((uint64_t)amct_value_get_int(src, a) + bias);
    int64_t y = (int64_t)((uint64_t)amct_value_get_int(src, b) + bias);
    return greater ? x > y : x < y;
}

static amct_status arg_run(const amct_call *call, amct_err *err)
{
    const amct_value *src = call->src[0];
    const amct_shape *shape = &src->shape;
    bool greater = amct_node_is(call->node, "ArgMax");
    bool last = amct_node_int(call->node, "select_last_index", 0) != 0;
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, call->node, "axis", 0, shape->rank, err));
    int64_t outer = amct_shape_count(shape, 0, axis), n = shape->dims[axis];
    int64_t inner = amct_shape_count(shape, axis + 1, shape->rank);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            int64_t base = o * n * inner + i, best = 0;
            for (int64_t k = 1; k < n; k++)
                if (last ? !precedes(src, base + best * inner, base + k * inner, greater)
                         : precedes(src, base + k * inner, base + best * inner, greater))
                    best = k;
            amct_value_put_int(call->dst[0], o * inner + i, best);
        }
    return AMCT_OK;
}

const amct_op amct_ops_reduce[] = {
    {"ArgMax", 1, 1, 1, arg_infer, arg_run},
    {"ArgMin", 1, 1, 1, arg_infer, arg_run},
    {"ReduceL1", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceL2", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceLogSum", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceLogSumExp", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceMax", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceMean", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceMin", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceProd", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceSum", 1, 2, 1, reduce_infer, reduce_run},
    {"ReduceSumSquare", 1, 2, 1, reduce_infer, reduce_run},
};
const size_t amct_n_ops_reduce = sizeof amct_ops_reduce / sizeof *amct_ops_reduce;
