/* Where values come from: constants, inputs, variables, other names for the same. */
#include "tf_rules.h"

#include <math.h>

int32_t tf_const(tf_reader *r, tf_call *call)
{
    return tf_read_tensor(r, wire_bytes(tf_attr(call->node, "value"), 8), call->name,
                          &call->dst[0]);
}

/* Dims that the file leaves open are those of option shape, if it speaks of as many. */
static int32_t fill_open(tf_reader *r, tf_shape *shape, bool *known)
{
    char one[200], other[200];
    if (!r->open_dims.rank)
        return AMCT_OK;
    if (!*known) {
        *shape = r->open_dims;
        *known = true;
    }
    if (shape->rank != r->open_dims.rank)
        return AMCT_OK;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] >= 0 && r->open_dims.dims[i] >= 0 &&
            shape->dims[i] != r->open_dims.dims[i])
            return tf_fail(r, AMCT_E_INVALID, "option shape is %s, the file says %s",
                           tf_shape_text(&r->open_dims, one, sizeof one),
                           tf_shape_text(shape, other, sizeof other));
    for (uint32_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0)
            shape->dims[i] = r->open_dims.dims[i];
    return AMCT_OK;
}

int32_t tf_placeholder(tf_reader *r, tf_call *call)
{
    tf_shape shape;
    bool known;
    int64_t type = wire_int(tf_attr(call->node, "dtype"), 6, 0);
    uint32_t dtype = tf_dtype(type);
    if (!tf_dtype_bits(dtype))
        return tf_fail(r, AMCT_E_UNSUPPORTED, "an input of %s is not supported",
                       tf_dtype_name(type));
    wire_span message = wire_bytes(tf_attr(call->node, "shape"), 7);
    TF_TRY(tf_read_shape(r, message, &shape, &known));
    known = known && tf_attr(call->node, "shape").data;
    TF_TRY(fill_open(r, &shape, &known));
    if (!known)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "the file does not say how many dims this input has: say option shape, "
                       "like shape=1x224x224x3");
    TF_TRY(tf_value_new(r, call->name, dtype, &shape, &call->dst[0]));
    return tf_input_add(r, call->dst[0]);
}

int32_t tf_alias(tf_reader *r, tf_call *call)
{
    (void)r;
    for (uint32_t i = 0; i < call->n_dst && i < call->n_src; i++)
        call->dst[i] = call->src[i];
    return AMCT_OK;
}

/* VarHandleOp makes a handle, which functions pass on; the older ones the value itself. */
int32_t tf_variable(tf_reader *r, tf_call *call)
{
    const tf_shape scalar = tf_scalar();
    if (call->node->op[3] != 'H')
        return tf_variable_get(r, call->node->name, call->name, &call->dst[0]);
    TF_TRY(tf_value_new(r, call->name, AMCT_UNDEFINED, &scalar, &call->dst[0]));
    call->dst[0]->kind = TF_RESOURCE;
    call->dst[0]->variable = call->node->name;
    return AMCT_OK;
}

/* Of a network that was frozen within functions, the handle has become the value. */
int32_t tf_read_variable(tf_reader *r, tf_call *call)
{
    tf_value *handle = call->src[0];
    if (handle->kind != TF_RESOURCE)
        return tf_alias(r, call);
    return tf_variable_get(r, handle->variable, handle->variable, &call->dst[0]);
}

/* ---- Dropout ------------------------------------------------------------------------------- */

/* A Dropout that keeps everything multiplies by floor(1 + u) or by u >= 0, with u from 0 to below
 * 1: that is 1 whatever u is. Only what can be known of u is reckoned with. */
int32_t tf_random(tf_reader *r, tf_call *call)
{
    size_t n;
    const double *dims = tf_known(r, call->src[0], &n);
    tf_shape shape = {.rank = 0};
    if (!dims || n > TF_MAX_RANK)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "random numbers are not supported");
    for (size_t i = 0; i < n; i++)
        shape.dims[shape.rank++] = isnan(dims[i]) ? AMCT_DIM_UNKNOWN : tf_whole(dims[i]);
    TF_TRY(tf_value_new(r, call->name, tf_attr_type(call->node, "dtype", AMCT_FLOAT), &shape,
                        &call->dst[0]));
    call->dst[0]->kind = TF_RANDOM;
    call->dst[0]->low = 0;
    call->dst[0]->high = 1;
    return AMCT_OK;
}

int32_t tf_floor(tf_reader *r, tf_call *call)
{
    return tf_unary(r, call);
}

/* What shapes are reckoned with, where that has failed. */
int32_t tf_only_known(tf_reader *r, tf_call *call)
{
    (void)call;
    return tf_fail(
        r, AMCT_E_UNSUPPORTED,
        "this operator is supported in the arithmetic of shapes only; the option outputs "
        "ends the network before it");
}
