/* Cast and CastLike. Conversions are those of amct_element_get and amct_element_put. */
#include "ops/param.h"
#include "ops/rows.h"

static amct_status cast_to(const amct_infer *in, int64_t dtype, amct_err *err)
{
    const amct_tensor *src = in->src[0];
    if (dtype < 0 || dtype > UINT32_MAX || !amct_dtype_bits((uint32_t)dtype))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "element type %lld cannot be computed with",
                         (long long)dtype);
    amct_infer_like(&in->dst[0], src, &src->shape);
    if (dtype != src->dtype) {
        in->dst[0].dtype = (uint32_t)dtype;
        in->dst[0].zero_point = 0;
    }
    return AMCT_OK;
}

static amct_status cast_infer(const amct_infer *in, amct_err *err)
{
    if (!amct_node_attr(in->node, "to"))
        return amct_fail(err, AMCT_E_INVALID, "the attribute to is missing");
    return cast_to(in, amct_node_int(in->node, "to", AMCT_UNDEFINED), err);
}

static amct_status cast_like_infer(const amct_infer *in, amct_err *err)
{
    return cast_to(in, in->src[1]->dtype, err);
}

static amct_status cast_run(const amct_call *call, amct_err *err)
{
    enum { CHUNK = 256 };
    const amct_value *src = call->src[0], *dst = call->dst[0];
    bool exact = !amct_dtype_is_float(src->dtype) && !amct_dtype_is_float(dst->dtype);
    int64_t size = amct_shape_size(&src->shape);
    double numbers[CHUNK];
    int64_t integers[CHUNK];
    (void)err;
    for (int64_t i = 0; i < size; i += CHUNK) {
        int64_t n = size - i < CHUNK ? size - i : CHUNK;
        if (exact) {
            amct_row_load_int(integers, src, i, 1, n);
            amct_row_store_int(dst, i, 1, integers, n);
        } else {
            amct_row_load(numbers, src, i, 1, n);
            amct_row_store(dst, i, 1, numbers, n);
        }
    }
    return AMCT_OK;
}

const amct_op amct_ops_cast[] = {
    {"Cast", 1, 1, 1, cast_infer, cast_run},
    {"CastLike", 2, 2, 1, cast_like_infer, cast_run},
};
const size_t amct_n_ops_cast = sizeof amct_ops_cast / sizeof *amct_ops_cast;
