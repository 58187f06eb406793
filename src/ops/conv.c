/* Conv and ConvTranspose, of floats and in the deploy form (int32 sums of 8-bit codes), and
 * ConvInteger. */
#include "ops/conv_planes.h"
#include "ops/rule.h"

static amct_status infer_conv(const amct_infer *in, amct_err *err)
{
    const amct_tensor *x = in->src[0], *weights = in->src[1];
    amct_conv conv;
    amct_shape shape;
    uint32_t dtype;
    AMCT_TRY(amct_product_dtype(&dtype, x->dtype, weights->dtype, err));
    AMCT_TRY(amct_conv_make(&conv, &shape, in->node, &x->shape, &weights->shape, err));
    if (amct_infer_src(in, 2)) {
        AMCT_TRY(amct_want_dtype(in, 2, dtype, err));
        AMCT_TRY(amct_want_vector(in, 2, shape.dims[1], err));
    }
    amct_infer_dst(in, 0, dtype, &shape);
    return AMCT_OK;
}

static amct_status run_conv(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *weights = call->src[1];
    amct_conv conv;
    amct_shape shape;
    AMCT_TRY(amct_conv_make(&conv, &shape, call->node, &x->shape, &weights->shape, err));
    amct_conv_terms terms = {.src_zero = x->zero_point, .bias = amct_call_src(call, 2)};
    return amct_conv_run(&conv, &terms, x, weights, call->dst[0], NULL, NULL, err);
}

static amct_status infer_conv_integer(const amct_infer *in, amct_err *err)
{
    const amct_tensor *x = in->src[0], *weights = in->src[1];
    amct_conv conv;
    amct_shape shape;
    for (uint32_t i = 0; i < 2; i++)
        if (in->src[i]->dtype != AMCT_INT8 && in->src[i]->dtype != AMCT_UINT8)
            return amct_fail(err, AMCT_E_INVALID, "input %u is %s, wanted int8 or uint8", i,
                             amct_dtype_name(in->src[i]->dtype));
    AMCT_TRY(amct_conv_make(&conv, &shape, in->node, &x->shape, &weights->shape, err));
    if (amct_infer_src(in, 2)) {
        AMCT_TRY(amct_want_dtype(in, 2, x->dtype, err));
        AMCT_TRY(amct_want_one(in, 2, err));
    }
    if (amct_infer_src(in, 3)) {
        AMCT_TRY(amct_want_dtype(in, 3, weights->dtype, err));
        if (amct_want_one(in, 3, err) != AMCT_OK)
            AMCT_TRY(amct_want_vector(in, 3, weights->shape.dims[0], err));
    }
    amct_infer_dst(in, 0, AMCT_INT32, &shape);
    return AMCT_OK;
}

static amct_status run_conv_integer(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *weights = call->src[1], *x_zero = amct_call_src(call, 2);
    amct_conv conv;
    amct_shape shape;
    AMCT_TRY(amct_conv_make(&conv, &shape, call->node, &x->shape, &weights->shape, err));
    amct_conv_terms terms = {.src_zero = x_zero ? amct_value_get(x_zero, 0) : 0,
                             .weights_zero = amct_call_src(call, 3)};
    return amct_conv_run(&conv, &terms, x, weights, call->dst[0], NULL, NULL, err);
}

const amct_op amct_ops_conv[] = {
    {"Conv", 2, 3, 1, infer_conv, run_conv},
    {"ConvTranspose", 2, 3, 1, infer_conv, run_conv},
    {"ConvInteger", 2, 4, 1, infer_conv_integer, run_conv_integer},
};
const size_t amct_n_ops_conv = sizeof amct_ops_conv / sizeof *amct_ops_conv;
