#include "ops/rule.h"

double amct_value_each(const amct_value *v, int64_t i)
{
    if (!v)
        return 0;
    return amct_value_get(v, amct_shape_size(&v->shape) == 1 ? 0 : i);
}

void amct_infer_dst(const amct_infer *in, uint32_t i, uint32_t dtype, const amct_shape *shape)
{
    if (i >= in->node->n_dst)
        return;
    in->dst[i].dtype = dtype;
    in->dst[i].shape = *shape;
    in->dst[i].zero_point = 0;
    in->dst[i].int4 = false;
}

amct_status amct_want_float(const amct_infer *in, uint32_t i, amct_err *err)
{
    if (!amct_dtype_is_float(in->src[i]->dtype))
        return amct_fail(err, AMCT_E_INVALID, "input %u is %s, wanted a float type", i,
                         amct_dtype_name(in->src[i]->dtype));
    return AMCT_OK;
}

amct_status amct_want_dtype(const amct_infer *in, uint32_t i, uint32_t dtype, amct_err *err)
{
    if (in->src[i]->dtype != dtype)
        return amct_fail(err, AMCT_E_INVALID, "input %u is %s, wanted %s", i,
                         amct_dtype_name(in->src[i]->dtype), amct_dtype_name(dtype));
    return AMCT_OK;
}

amct_status amct_want_rank(const amct_infer *in, uint32_t i, int32_t least, amct_err *err)
{
    if (in->src[i]->shape.rank < least)
        return amct_fail(err, AMCT_E_INVALID, "input %u has %d dims, wanted at least %d", i,
                         in->src[i]->shape.rank, least);
    return AMCT_OK;
}

amct_status amct_want_vector(const amct_infer *in, uint32_t i, int64_t length, amct_err *err)
{
    char text[128];
    const amct_shape *shape = &in->src[i]->shape;
    if (shape->rank != 1 || shape->dims[0] != length)
        return amct_fail(err, AMCT_E_INVALID, "input %u has shape %s, wanted %lld", i,
                         amct_shape_print(shape, text, sizeof text), (long long)length);
    return AMCT_OK;
}

amct_status amct_want_one(const amct_infer *in, uint32_t i, amct_err *err)
{
    char text[128];
    const amct_shape *shape = &in->src[i]->shape;
    if (shape->rank > 1 || (shape->rank == 1 && shape->dims[0] != 1))
        return amct_fail(err, AMCT_E_INVALID, "input %u has shape %s, wanted one element", i,
                         amct_shape_print(shape, text, sizeof text));
    return AMCT_OK;
}

amct_status amct_product_dtype(uint32_t *out, uint32_t x, uint32_t weights, amct_err *err)
{
    bool integers = (x == AMCT_INT8 || x == AMCT_UINT8 || x == AMCT_INT4) &&
                    (weights == AMCT_INT8 || weights == AMCT_UINT8 || weights == AMCT_INT4);
    if (!integers && (x != weights || !amct_dtype_is_float(x)))
        return amct_fail(err, AMCT_E_INVALID,
                         "input is %s and weights are %s, wanted one float type or two of 8 bits",
                         amct_dtype_name(x), amct_dtype_name(weights));
    *out = integers ? (uint32_t)AMCT_INT32 : x;
    return AMCT_OK;
}
