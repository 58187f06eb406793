/* What is done element by element, on whichever form of the operands is there. */
#include "tf_rules.h"

#include <string.h>

static int32_t fail_broadcast(tf_reader *r, const tf_shape *a, const tf_shape *b)
{
    char one[200], other[200];
    return tf_fail(r, AMCT_E_FORMAT, "shapes %s and %s do not broadcast",
                   tf_shape_text(a, one, sizeof one), tf_shape_text(b, other, sizeof other));
}

int32_t tf_broadcast(tf_reader *r, tf_value *const *values, uint32_t n, tf_shape *out)
{
    tf_shape shape = tf_scalar();
    for (uint32_t i = 0; i < n; i++) {
        const tf_shape *a = &values[i]->shape, before = shape;
        if (a->rank > shape.rank) {
            uint32_t more = a->rank - shape.rank;
            memmove(shape.dims + more, shape.dims, shape.rank * sizeof *shape.dims);
            for (uint32_t k = 0; k < more; k++)
                shape.dims[k] = 1;
            shape.rank = a->rank;
        }
        for (uint32_t k = 0; k < a->rank; k++) {
            int64_t *to = &shape.dims[shape.rank - a->rank + k], dim = a->dims[k];
            if (*to == 1 || (*to < 0 && dim != 1))
                *to = dim;
            else if (dim != 1 && dim >= 0 && dim != *to)
                return fail_broadcast(r, &before, a);
        }
    }
    *out = shape;
    return AMCT_OK;
}

int32_t tf_elementwise(tf_reader *r, tf_call *call, const char *op, tf_value *const *src,
                       uint32_t n, uint32_t dtype, tf_value **out)
{
    tf_shape shape;
    tf_op node = tf_op_of(op);
    TF_TRY(tf_broadcast(r, src, n, &shape));
    tf_order order = tf_order_of(r, src, n, shape.rank);
    if (n > sizeof node.src / sizeof *node.src &&
        !(node.more = import_alloc(&r->memory, n, sizeof *node.more)))
        return tf_nomem(r);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id;
        TF_TRY(tf_want_beside(r, src[i], shape.rank, &order, &id));
        if (node.more)
            node.more[node.n_src++] = id;
        else
            tf_op_src(&node, id);
    }
    return tf_emit(r, &node, call->name, dtype, &shape, &order, out);
}

int32_t tf_unary(tf_reader *r, tf_call *call)
{
    return tf_elementwise(r, call, tf_as(call), call->src, 1, call->src[0]->dtype, &call->dst[0]);
}

/* A unary node with an attribute or more inputs, on x as it is stored. */
static int32_t map(tf_reader *r, tf_call *call, tf_op *op, tf_value *x, const uint32_t *more,
                   uint32_t n_more)
{
    tf_order order = tf_order_of(r, &x, 1, x->shape.rank);
    uint32_t id;
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(op, id);
    for (uint32_t i = 0; i < n_more; i++)
        tf_op_src(op, more[i]);
    return tf_emit(r, op, call->name, x->dtype, &x->shape, &order, &call->dst[0]);
}

int32_t tf_relu6(tf_reader *r, tf_call *call)
{
    uint32_t ends[2];
    tf_op op = tf_op_of("Clip");
    TF_TRY(tf_new_float(r, TF_SUB(r, call, "min"), call->src[0]->dtype, 0, &ends[0]));
    TF_TRY(tf_new_float(r, TF_SUB(r, call, "max"), call->src[0]->dtype, 6, &ends[1]));
    return map(r, call, &op, call->src[0], ends, 2);
}

int32_t tf_leaky_relu(tf_reader *r, tf_call *call)
{
    tf_op op = tf_op_of("LeakyRelu");
    tf_op_float(&op, "alpha", tf_attr_float(call->node, "alpha", 0.2f));
    return map(r, call, &op, call->src[0], NULL, 0);
}

int32_t tf_rsqrt(tf_reader *r, tf_call *call)
{
    tf_call root = *call;
    tf_value *between;
    if (!(root.name = TF_SUB(r, call, "Sqrt")))
        return tf_nomem(r);
    TF_TRY(tf_elementwise(r, &root, "Sqrt", call->src, 1, call->src[0]->dtype, &between));
    return tf_elementwise(r, call, "Reciprocal", &between, 1, between->dtype, &call->dst[0]);
}

int32_t tf_square(tf_reader *r, tf_call *call)
{
    tf_value *both[2] = {call->src[0], call->src[0]};
    return tf_elementwise(r, call, "Mul", both, 2, both[0]->dtype, &call->dst[0]);
}

/* 1 - erf(x) */
int32_t tf_erfc(tf_reader *r, tf_call *call)
{
    tf_call inner = *call;
    const tf_shape scalar = tf_scalar();
    const double one = 1;
    tf_value *terms[2];
    if (!(inner.name = TF_SUB(r, call, "Erf")))
        return tf_nomem(r);
    TF_TRY(tf_known_new(r, TF_SUB(r, call, "one"), call->src[0]->dtype, &scalar, &one, &terms[0]));
    TF_TRY(tf_elementwise(r, &inner, "Erf", call->src, 1, call->src[0]->dtype, &terms[1]));
    return tf_elementwise(r, call, "Sub", terms, 2, terms[1]->dtype, &call->dst[0]);
}

static int32_t check_same(tf_reader *r, const tf_value *a, const tf_value *b)
{
    return a->dtype == b->dtype ? AMCT_OK
                                : tf_fail(r, AMCT_E_FORMAT, "its inputs are of different types");
}

int32_t tf_binary(tf_reader *r, tf_call *call)
{
    TF_TRY(check_same(r, call->src[0], call->src[1]));
    return tf_elementwise(r, call, tf_as(call), call->src, 2, call->src[0]->dtype, &call->dst[0]);
}

int32_t tf_compare(tf_reader *r, tf_call *call)
{
    TF_TRY(check_same(r, call->src[0], call->src[1]));
    return tf_elementwise(r, call, tf_as(call), call->src, 2, AMCT_BOOL, &call->dst[0]);
}

int32_t tf_squared_difference(tf_reader *r, tf_call *call)
{
    tf_call inner = *call;
    tf_value *both[2];
    TF_TRY(check_same(r, call->src[0], call->src[1]));
    if (!(inner.name = TF_SUB(r, call, "Sub")))
        return tf_nomem(r);
    TF_TRY(tf_elementwise(r, &inner, "Sub", call->src, 2, call->src[0]->dtype, &both[0]));
    both[1] = both[0];
    return tf_elementwise(r, call, "Mul", both, 2, both[0]->dtype, &call->dst[0]);
}

int32_t tf_add_n(tf_reader *r, tf_call *call)
{
    for (uint32_t i = 1; i < call->n_src; i++)
        TF_TRY(check_same(r, call->src[0], call->src[i]));
    return tf_elementwise(r, call, call->n_src == 2 ? "Add" : "Sum", call->src, call->n_src,
                          call->src[0]->dtype, &call->dst[0]);
}

int32_t tf_select(tf_reader *r, tf_call *call)
{
    const tf_shape *condition = &call->src[0]->shape;
    TF_TRY(check_same(r, call->src[1], call->src[2]));
    if (strcmp(call->node->op, "Select") == 0 && condition->rank == 1 &&
        call->src[1]->shape.rank > 1)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "a condition per row is not supported");
    return tf_elementwise(r, call, "Where", call->src, 3, call->src[1]->dtype, &call->dst[0]);
}

int32_t tf_cast(tf_reader *r, tf_call *call)
{
    uint32_t to = tf_attr_type(call->node, "DstT", AMCT_UNDEFINED);
    tf_value *x = call->src[0];
    if (to == x->dtype)
        return tf_alias(r, call);
    if (!tf_dtype_bits(to))
        return tf_fail(r, AMCT_E_UNSUPPORTED, "a cast to this type is not supported");
    tf_op op = tf_op_of("Cast");
    tf_op_int(&op, "to", to);
    tf_order order = tf_order_of(r, &x, 1, x->shape.rank);
    uint32_t id;
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    return tf_emit(r, &op, call->name, to, &x->shape, &order, &call->dst[0]);
}

bool tf_channels_last(const tf_call *call)
{
    return !tf_attr_is(call->node, "data_format", "NCHW", "NHWC") &&
           !tf_attr_is(call->node, "data_format", "NCDHW", "NHWC");
}

int32_t tf_bias_add(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0], *bias = call->src[1];
    uint32_t rank = x->shape.rank, id, other;
    TF_TRY(check_same(r, x, bias));
    if (rank < 2 || bias->shape.rank != 1)
        return tf_fail(r, AMCT_E_FORMAT, "has %u dims and a bias of %u, 2 or more and 1 wanted",
                       rank, bias->shape.rank);
    if (tf_channels_last(call))
        return tf_elementwise(r, call, "Add", call->src, 2, x->dtype, &call->dst[0]);
    tf_op op = tf_op_of("Add");
    tf_order order = tf_order_of(r, &x, 1, rank);
    tf_shape dims = {.rank = rank};
    for (uint32_t k = 0; k < rank; k++)
        dims.dims[k] = order.axis[k] == 1 ? bias->shape.dims[0] : 1;
    const tf_order plain = tf_order_plain();
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_want_as(r, bias, &plain, &dims, &other));
    tf_op_src(&op, id);
    tf_op_src(&op, other);
    return tf_emit(r, &op, call->name, x->dtype, &x->shape, &order, &call->dst[0]);
}
