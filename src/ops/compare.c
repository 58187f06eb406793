/* Comparisons, logic, Where, IsNaN and IsInf. */
#include "ops/broadcast.h"
#include "ops/move.h"
#include "ops/param.h"

#include <math.h>
#include <string.h>

static amct_status want_bool(const amct_tensor *src, uint32_t i, amct_err *err)
{
    if (src->dtype != AMCT_BOOL)
        return amct_fail(err, AMCT_E_INVALID, "input %u must be bool, not %s", i,
                         amct_dtype_name(src->dtype));
    return AMCT_OK;
}

static amct_status want_same(const amct_tensor *a, const amct_tensor *b, amct_err *err)
{
    if (a->dtype != b->dtype || a->zero_point != b->zero_point)
        return amct_fail(
            err, AMCT_E_INVALID, "the inputs differ: %s with zero point %d, %s with %d",
            amct_dtype_name(a->dtype), a->zero_point, amct_dtype_name(b->dtype), b->zero_point);
    return AMCT_OK;
}

static amct_status compare_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *shapes[] = {&in->src[0]->shape, &in->src[1]->shape};
    AMCT_TRY(want_same(in->src[0], in->src[1], err));
    in->dst[0].dtype = AMCT_BOOL;
    return amct_broadcast_shape(&in->dst[0].shape, 2, shapes, err);
}

static amct_status logic_infer(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(want_bool(in->src[0], 0, err));
    AMCT_TRY(want_bool(in->src[1], 1, err));
    return compare_infer(in, err);
}

/* The order of two elements as -1, 0 or 1; 2 if one is NaN. */
static int order_of(const amct_value *a, int64_t i, const amct_value *b, int64_t j)
{
    if (amct_dtype_is_float(a->dtype)) {
        double x = amct_value_get(a, i), y = amct_value_get(b, j);
        return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    }
    int64_t x = amct_value_get_int(a, i), y = amct_value_get_int(b, j);
    if (a->dtype == AMCT_UINT64)
        return (uint64_t)x < (uint64_t)y ? -1 : (uint64_t)x > (uint64_t)y;
    return x < y ? -1 : x > y;
}

static const struct {
    const char *name;
    bool when[4]; /* result where the order is -1, 0, 1, 2 */
} orders[] = {
    {"Equal", {0, 1, 0, 0}}, {"Greater", {0, 0, 1, 0}},     {"GreaterOrEqual", {0, 1, 1, 0}},
    {"Less", {1, 0, 0, 0}},  {"LessOrEqual", {1, 1, 0, 0}},
};

static amct_status compare_run(const amct_call *call, amct_err *err)
{
    const amct_value *a = call->src[0], *b = call->src[1], *dst = call->dst[0];
    const amct_shape *shapes[] = {&dst->shape, &a->shape, &b->shape};
    uint8_t *y = dst->data;
    size_t op = 0;
    (void)err;
    while (strcmp(orders[op].name, call->node->op) != 0)
        op++;
    amct_walk w;
    for (amct_walk_broadcast(&w, &dst->shape, 3, shapes); !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i++)
            y[w.at[0] + i] =
                orders[op]
                    .when[1 + order_of(a, w.at[1] + i * w.step[1], b, w.at[2] + i * w.step[2])];
    return AMCT_OK;
}

static amct_status logic_run(const amct_call *call, amct_err *err)
{
    const amct_value *a = call->src[0], *b = call->src[1], *dst = call->dst[0];
    const amct_shape *shapes[] = {&dst->shape, &a->shape, &b->shape};
    const uint8_t *p = a->data, *q = b->data;
    uint8_t *y = dst->data;
    bool and = amct_node_is(call->node, "And"), or = amct_node_is(call->node, "Or");
    (void)err;
    amct_walk w;
    for (amct_walk_broadcast(&w, &dst->shape, 3, shapes); !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i++) {
            bool s = p[w.at[1] + i * w.step[1]], t = q[w.at[2] + i * w.step[2]];
            y[w.at[0] + i] = and? s && t : or ? s || t : s != t;
        }
    return AMCT_OK;
}

static amct_status not_infer(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(want_bool(in->src[0], 0, err));
    amct_infer_like(&in->dst[0], in->src[0], &in->src[0]->shape);
    return AMCT_OK;
}

static amct_status not_run(const amct_call *call, amct_err *err)
{
    const uint8_t *x = call->src[0]->data;
    uint8_t *y = call->dst[0]->data;
    int64_t n = amct_shape_size(&call->src[0]->shape);
    (void)err;
    for (int64_t i = 0; i < n; i++)
        y[i] = !x[i];
    return AMCT_OK;
}

/* ---- Where ----------------------------------------------------------------------------------- */

static amct_status where_infer(const amct_infer *in, amct_err *err)
{
    const amct_shape *shapes[] = {&in->src[0]->shape, &in->src[1]->shape, &in->src[2]->shape};
    amct_shape shape;
    AMCT_TRY(want_bool(in->src[0], 0, err));
    AMCT_TRY(want_same(in->src[1], in->src[2], err));
    AMCT_TRY(amct_broadcast_shape(&shape, 3, shapes, err));
    amct_infer_like(&in->dst[0], in->src[1], &shape);
    return AMCT_OK;
}

static amct_status where_run(const amct_call *call, amct_err *err)
{
    const amct_value *dst = call->dst[0], *const *src = call->src;
    const amct_shape *shapes[] = {&dst->shape, &src[0]->shape, &src[1]->shape, &src[2]->shape};
    const uint8_t *condition = src[0]->data;
    uint32_t bits = amct_dtype_bits(dst->dtype);
    (void)err;
    amct_walk w;
    for (amct_walk_broadcast(&w, &dst->shape, 4, shapes); !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i++) {
            int from = condition[w.at[1] + i * w.step[1]] ? 1 : 2;
            amct_move(dst->data, w.at[0] + i, src[from]->data,
                      w.at[from + 1] + i * w.step[from + 1], 1, 1, bits);
        }
    return AMCT_OK;
}

/* ---- IsNaN and IsInf ------------------------------------------------------------------------- */

static amct_status classify_infer(const amct_infer *in, amct_err *err)
{
    const amct_tensor *src = in->src[0];
    if (!amct_dtype_is_float(src->dtype))
        return amct_fail(err, AMCT_E_INVALID, "the input must be of a float type, not %s",
                         amct_dtype_name(src->dtype));
    in->dst[0].dtype = AMCT_BOOL;
    in->dst[0].shape = src->shape;
    return AMCT_OK;
}

static amct_status is_nan_run(const amct_call *call, amct_err *err)
{
    uint8_t *y = call->dst[0]->data;
    int64_t n = amct_shape_size(&call->src[0]->shape);
    (void)err;
    for (int64_t i = 0; i < n; i++)
        y[i] = isnan(amct_value_get(call->src[0], i)) != 0;
    return AMCT_OK;
}

static amct_status is_inf_run(const amct_call *call, amct_err *err)
{
    uint8_t *y = call->dst[0]->data;
    int64_t n = amct_shape_size(&call->src[0]->shape);
    bool positive = amct_node_int(call->node, "detect_positive", 1) != 0;
    bool negative = amct_node_int(call->node, "detect_negative", 1) != 0;
    (void)err;
    for (int64_t i = 0; i < n; i++) {
        double x = amct_value_get(call->src[0], i);
        y[i] = (positive && x == INFINITY) || (negative && x == -INFINITY);
    }
    return AMCT_OK;
}

const amct_op amct_ops_compare[] = {
    {"And", 2, 2, 1, logic_infer, logic_run},
    {"Equal", 2, 2, 1, compare_infer, compare_run},
    {"Greater", 2, 2, 1, compare_infer, compare_run},
    {"GreaterOrEqual", 2, 2, 1, compare_infer, compare_run},
    {"IsInf", 1, 1, 1, classify_infer, is_inf_run},
    {"IsNaN", 1, 1, 1, classify_infer, is_nan_run},
    {"Less", 2, 2, 1, compare_infer, compare_run},
    {"LessOrEqual", 2, 2, 1, compare_infer, compare_run},
    {"Not", 1, 1, 1, not_infer, not_run},
    {"Or", 2, 2, 1, logic_infer, logic_run},
    {"Where", 3, 3, 1, where_infer, where_run},
    {"Xor", 2, 2, 1, logic_infer, logic_run},
};
const size_t amct_n_ops_compare = sizeof amct_ops_compare / sizeof *amct_ops_compare;
