/* QuantizeLinear, DequantizeLinear (one scale, one per slice of an axis, or one per block of an
 * axis), DynamicQuantizeLinear. */
#include "ops/broadcast.h"
#include "ops/param.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <math.h>

/* Which scale belongs to element (o, i, k) of an outer x axis x inner view of the tensor. */
typedef struct scales {
    int64_t outer, axis, inner;
    int64_t outer_step, axis_step, block, inner_step;
} scales;

static amct_status scales_make(scales *out, const amct_node *node, const amct_shape *x,
                               const amct_shape *scale, amct_err *err)
{
    char one[128], other[128];
    int64_t block = amct_node_int(node, "block_size", 0);
    scales s = {.outer = 1, .axis = 1, .inner = amct_shape_size(x), .block = 1};
    int32_t axis;
    if (block < 0)
        return amct_fail(err, AMCT_E_INVALID, "block_size is %lld, wanted at least 0",
                         (long long)block);
    if (block == 0 && (scale->rank == 0 || (scale->rank == 1 && scale->dims[0] == 1))) {
        *out = s;
        return AMCT_OK;
    }
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 1, x->rank, err));
    amct_shape wanted = amct_shape_of(1, &x->dims[axis]);
    s = (scales){.outer = amct_shape_count(x, 0, axis),
                 .axis = x->dims[axis],
                 .inner = amct_shape_count(x, axis + 1, x->rank),
                 .axis_step = 1,
                 .block = 1};
    if (block > 0) {
        wanted = *x;
        wanted.dims[axis] = s.axis / block + (s.axis % block != 0);
        s.block = block;
        s.inner_step = 1;
        s.axis_step = s.inner;
        s.outer_step = s.inner * wanted.dims[axis];
    }
    if (!amct_shape_equal(&wanted, scale))
        return amct_fail(err, AMCT_E_INVALID, "the scale has shape %s, wanted %s",
                         amct_shape_print(scale, one, sizeof one),
                         amct_shape_print(&wanted, other, sizeof other));
    *out = s;
    return AMCT_OK;
}

static int64_t scale_at(const scales *s, int64_t o, int64_t i, int64_t k)
{
    return o * s->outer_step + i / s->block * s->axis_step + k * s->inner_step;
}

static bool is_code(uint32_t dtype)
{
    return dtype == AMCT_INT8 || dtype == AMCT_UINT8 || dtype == AMCT_INT16 ||
           dtype == AMCT_UINT16 || dtype == AMCT_INT4 || dtype == AMCT_UINT4;
}

/* Attribute `name` as a type, `otherwise` if it is absent or 0. */
static uint32_t type_attr(const amct_node *node, const char *name, uint32_t otherwise)
{
    int64_t type = amct_node_int(node, name, 0);
    return type < 0 || type > INT32_MAX ? (uint32_t)AMCT_UNDEFINED
           : type                       ? (uint32_t)type
                                        : otherwise;
}

/* Scale and zero point (sources 1 and 2) against the tensor they are for. */
static amct_status check_scales(const amct_infer *in, amct_err *err)
{
    char one[128], other[128];
    const amct_tensor *zero = amct_infer_src(in, 2);
    const amct_shape *scale = &in->src[1]->shape;
    scales unused;
    AMCT_TRY(amct_want_float(in, 1, err));
    AMCT_TRY(scales_make(&unused, in->node, &in->src[0]->shape, scale, err));
    if (zero && amct_shape_size(&zero->shape) != 1 && !amct_shape_equal(&zero->shape, scale))
        return amct_fail(err, AMCT_E_INVALID, "the zero point has shape %s, wanted %s",
                         amct_shape_print(&zero->shape, one, sizeof one),
                         amct_shape_print(scale, other, sizeof other));
    return AMCT_OK;
}

/* ---- QuantizeLinear ------------------------------------------------------------------------- */

static amct_status infer_quantize(const amct_infer *in, amct_err *err)
{
    const amct_tensor *x = in->src[0], *zero = amct_infer_src(in, 2);
    uint32_t dtype = type_attr(in->node, "output_dtype", zero ? zero->dtype : (uint32_t)AMCT_UINT8);
    if (x->dtype != AMCT_INT32)
        AMCT_TRY(amct_want_float(in, 0, err));
    if (!is_code(dtype))
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "the result is %s, wanted an integer of 4, 8 or 16 bits",
                         amct_dtype_name(dtype));
    if (zero)
        AMCT_TRY(amct_want_dtype(in, 2, dtype, err));
    AMCT_TRY(check_scales(in, err));
    if (!amct_dtype_is_float(type_attr(in->node, "precision", AMCT_FLOAT)))
        return amct_fail(err, AMCT_E_INVALID, "precision is no float type");
    amct_infer_dst(in, 0, dtype, &x->shape);
    return AMCT_OK;
}

static double clamp(double v, double least, double greatest)
{
    return v < least ? least : v > greatest ? greatest : v;
}

static amct_status run_quantize(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *scale = call->src[1], *zero = amct_call_src(call, 2);
    const amct_value *dst = call->dst[0];
    uint32_t precision = type_attr(call->node, "precision", scale->dtype);
    double least, greatest;
    scales s;
    AMCT_TRY(scales_make(&s, call->node, &x->shape, &scale->shape, err));
    amct_dtype_limits(dst->dtype, &least, &greatest);
    for (int64_t at = 0, o = 0; o < s.outer; o++)
        for (int64_t i = 0; i < s.axis; i++)
            for (int64_t k = 0; k < s.inner; k++, at++) {
                int64_t param = scale_at(&s, o, i, k);
                double v = amct_round_to(precision, amct_value_get(x, at));
                v = amct_round_to(precision, v / amct_value_get(scale, param));
                amct_value_put(dst, at,
                               clamp(rint(v) + amct_value_each(zero, param), least, greatest));
            }
    return AMCT_OK;
}

/* ---- DequantizeLinear ----------------------------------------------------------------------- */

static amct_status infer_dequantize(const amct_infer *in, amct_err *err)
{
    const amct_tensor *x = in->src[0];
    uint32_t dtype = type_attr(in->node, "output_dtype", in->src[1]->dtype);
    if (!is_code(x->dtype) && x->dtype != AMCT_INT32)
        return amct_fail(err, AMCT_E_INVALID, "input 0 is %s, wanted an integer of 4 to 32 bits",
                         amct_dtype_name(x->dtype));
    if (amct_infer_src(in, 2))
        AMCT_TRY(amct_want_dtype(in, 2, x->dtype, err));
    AMCT_TRY(check_scales(in, err));
    if (!amct_dtype_is_float(dtype))
        return amct_fail(err, AMCT_E_INVALID, "the result is %s, wanted a float type",
                         amct_dtype_name(dtype));
    amct_infer_dst(in, 0, dtype, &x->shape);
    return AMCT_OK;
}

static amct_status run_dequantize(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *scale = call->src[1], *zero = amct_call_src(call, 2);
    const amct_value *dst = call->dst[0];
    scales s;
    AMCT_TRY(scales_make(&s, call->node, &x->shape, &scale->shape, err));
    for (int64_t at = 0, o = 0; o < s.outer; o++)
        for (int64_t i = 0; i < s.axis; i++)
            for (int64_t k = 0; k < s.inner; k++, at++) {
                int64_t param = scale_at(&s, o, i, k);
                double v = amct_value_get(x, at) - amct_value_each(zero, param);
                amct_value_put(dst, at,
                               amct_round_to(dst->dtype, v) * amct_value_get(scale, param));
            }
    return AMCT_OK;
}

/* ---- DynamicQuantizeLinear ------------------------------------------------------------------ */

static amct_status infer_dynamic(const amct_infer *in, amct_err *err)
{
    amct_shape scalar = {0};
    AMCT_TRY(amct_want_dtype(in, 0, AMCT_FLOAT, err));
    amct_infer_dst(in, 0, AMCT_UINT8, &in->src[0]->shape);
    amct_infer_dst(in, 1, AMCT_FLOAT, &scalar);
    amct_infer_dst(in, 2, AMCT_UINT8, &scalar);
    return AMCT_OK;
}

static amct_status run_dynamic(const amct_call *call, amct_err *err)
{
    (void)err;
    const amct_value *x = call->src[0], *dst = amct_call_dst(call, 0);
    const amct_value *dst_scale = amct_call_dst(call, 1), *dst_zero = amct_call_dst(call, 2);
    int64_t n = amct_shape_size(&x->shape);
    float least = 0, greatest = 0;
    for (int64_t i = 0; i < n; i++) {
        float v = (float)amct_value_get(x, i);
        least = v < least ? v : least;
        greatest = v > greatest ? v : greatest;
    }
    float scale = greatest == least ? 1 : (greatest - least) / 255;
    double zero = clamp(rint(-least / scale), 0, 255);
    if (dst_scale)
        amct_value_put(dst_scale, 0, scale);
    if (dst_zero)
        amct_value_put(dst_zero, 0, zero);
    for (int64_t i = 0; dst && i < n; i++)
        amct_value_put(dst, i, clamp(rint((float)amct_value_get(x, i) / scale) + zero, 0, 255));
    return AMCT_OK;
}

const amct_op amct_ops_quantize[] = {
    {"QuantizeLinear", 2, 3, 1, infer_quantize, run_quantize},
    {"DequantizeLinear", 2, 3, 1, infer_dequantize, run_dequantize},
    {"DynamicQuantizeLinear", 1, 1, 3, infer_dynamic, run_dynamic},
};
const size_t amct_n_ops_quantize = sizeof amct_ops_quantize / sizeof *amct_ops_quantize;
