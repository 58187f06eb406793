/*
 * AscendQuant, AscendWeightQuant, AscendDequant and AscendAntiQuant: quantisation as ATC reads it.
 * Numbers are reckoned in float32 as on the device: q = clip(rint(x * scale) + offset), whose scale
 * is the reciprocal of a step; y = x * deq_scale; y = (x - offset) * scale. 4-bit integers are held
 * in a byte each.
 */
#include "ops/param.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <math.h>
#include <string.h>

static amct_status want_no_sqrt_mode(const amct_node *node, amct_err *err)
{
    if (amct_node_int(node, "sqrt_mode", 0) != 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "sqrt_mode is not supported");
    return AMCT_OK;
}

static amct_status read_scale(float *out, const amct_node *node, amct_err *err)
{
    float scale = amct_node_float(node, "scale", 0);
    if (!(scale > 0) || isinf(scale))
        return amct_fail(err, AMCT_E_INVALID, "scale is %g, wanted a number above 0", scale);
    *out = scale;
    return AMCT_OK;
}

/* Attribute dtype of what becomes a float again: GE's 0 is float32, 1 float16. */
static amct_status read_float_type(uint32_t *out, const amct_node *node, amct_err *err)
{
    int64_t dtype = amct_node_int(node, "dtype", 0);
    if (dtype != 0 && dtype != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "dtype is %lld, wanted 0 or 1", (long long)dtype);
    *out = dtype ? AMCT_FLOAT16 : AMCT_FLOAT;
    return AMCT_OK;
}

/* ---- AscendQuant ---------------------------------------------------------------------------- */

typedef struct code {
    float scale, offset, least, greatest;
    uint32_t dtype;
    bool int4;
} code;

static amct_status read_code(code *out, const amct_node *node, amct_err *err)
{
    static const char *const types[] = {"INT8", "INT4", "INT16", NULL};
    static const int bits[] = {8, 4, 16};
    static const char *const round_modes[] = {"Round", NULL};
    uint32_t type, mode;
    code c = {.offset = amct_node_float(node, "offset", 0)};
    AMCT_TRY(want_no_sqrt_mode(node, err));
    AMCT_TRY(read_scale(&c.scale, node, err));
    AMCT_TRY(amct_param_word(&type, node, "dst_type", types, err));
    AMCT_TRY(amct_param_word(&mode, node, "round_mode", round_modes, err));
    c.least = -ldexpf(1, bits[type] - 1);
    c.greatest = -c.least - 1;
    c.dtype = bits[type] == 16 ? AMCT_INT16 : AMCT_INT8;
    c.int4 = bits[type] == 4;
    if (!(c.offset >= c.least && c.offset <= c.greatest) || c.offset != rintf(c.offset))
        return amct_fail(err, AMCT_E_INVALID, "offset is %g, wanted an integer from %g to %g",
                         c.offset, c.least, c.greatest);
    *out = c;
    return AMCT_OK;
}

static amct_status infer_quant(const amct_infer *in, amct_err *err)
{
    code c;
    AMCT_TRY(amct_want_float(in, 0, err));
    AMCT_TRY(read_code(&c, in->node, err));
    amct_infer_dst(in, 0, c.dtype, &in->src[0]->shape);
    in->dst[0].zero_point = (int32_t)c.offset;
    in->dst[0].int4 = c.int4;
    return AMCT_OK;
}

static amct_status run_quant(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *dst = call->dst[0];
    int64_t n = amct_shape_size(&x->shape);
    code c;
    AMCT_TRY(read_code(&c, call->node, err));
    for (int64_t i = 0; i < n; i++) {
        float q = rintf((float)amct_value_get(x, i) * c.scale) + c.offset;
        amct_value_put(dst, i, q < c.least ? c.least : q > c.greatest ? c.greatest : q);
    }
    return AMCT_OK;
}

/* ---- AscendWeightQuant: says that weights, which are integers already, have 4 bits ----------- */

static amct_status infer_weight_quant(const amct_infer *in, amct_err *err)
{
    static const char *const types[] = {"INT8", "INT4", NULL};
    uint32_t type;
    AMCT_TRY(amct_want_dtype(in, 0, AMCT_INT8, err));
    AMCT_TRY(amct_want_dtype(in, 1, AMCT_INT8, err));
    AMCT_TRY(amct_param_word(&type, in->node, "dst_type", types, err));
    amct_infer_dst(in, 0, AMCT_INT8, &in->src[0]->shape);
    in->dst[0].int4 = type == 1;
    return AMCT_OK;
}

static amct_status run_weight_quant(const amct_call *call, amct_err *err)
{
    static const char *const types[] = {"INT8", "INT4", NULL};
    const amct_value *w = call->src[0], *offsets = call->src[1];
    int64_t n = amct_shape_size(&w->shape);
    uint32_t type;
    AMCT_TRY(amct_param_word(&type, call->node, "dst_type", types, err));
    for (int64_t i = 0; i < amct_shape_size(&offsets->shape); i++)
        if (amct_value_get_int(offsets, i) != 0)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "offset of weights is %lld, wanted 0",
                             (long long)amct_value_get_int(offsets, i));
    for (int64_t i = 0; i < n; i++) {
        int64_t q = amct_value_get_int(w, i);
        if (type == 1 && (q < -8 || q > 7))
            return amct_fail(err, AMCT_E_INVALID, "weight %lld is %lld, wanted -8 to 7",
                             (long long)i, (long long)q);
        amct_value_put(call->dst[0], i, (double)q);
    }
    return AMCT_OK;
}

/* ---- AscendDequant -------------------------------------------------------------------------- */

/* The axis whose slices have a scale each, -1 if one scale serves all: dim 1 as ATC has it, where
 * that fits; or what an attribute of ours says, for products of matrices. */
static amct_status scale_axis(int32_t *out, const amct_node *node, const amct_shape *x,
                              const amct_shape *scale, amct_err *err)
{
    char text[128];
    int64_t n = amct_shape_size(scale);
    bool last = amct_node_int(node, "axis", 1) == -1;
    if (scale->rank > 1)
        return amct_fail(err, AMCT_E_INVALID, "deq_scale has %d dims, wanted 1", scale->rank);
    if (n == 1)
        *out = -1;
    else if (!last && x->rank >= 2 && x->dims[1] == n)
        *out = 1;
    else if (x->rank >= 1 && x->dims[x->rank - 1] == n)
        *out = x->rank - 1;
    else
        return amct_fail(err, AMCT_E_INVALID,
                         "deq_scale has %lld elements, which fit neither dim 1 nor the last of %s",
                         (long long)n, amct_shape_print(x, text, sizeof text));
    return AMCT_OK;
}

/* The float32 in the low half; what the high half may hold (a shift, an offset) is not done. */
static amct_status read_deq_scale(float *out, const amct_value *scales, int64_t i, amct_err *err)
{
    uint64_t word = (uint64_t)amct_value_get_int(scales, i);
    uint32_t bits = (uint32_t)word;
    if (word >> 32)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "deq_scale %lld is 0x%llx, wanted 0 in the high 32 bits", (long long)i,
                         (unsigned long long)word);
    memcpy(out, &bits, sizeof *out);
    return AMCT_OK;
}

static amct_status infer_dequant(const amct_infer *in, amct_err *err)
{
    const amct_value *src[2];
    amct_value values[2];
    uint32_t dtype = AMCT_FLOAT;
    int32_t axis;
    float unused;
    AMCT_TRY(amct_want_dtype(in, 0, AMCT_INT32, err));
    AMCT_TRY(amct_want_dtype(in, 1, AMCT_UINT64, err));
    AMCT_TRY(want_no_sqrt_mode(in->node, err));
    AMCT_TRY(read_float_type(&dtype, in->node, err));
    AMCT_TRY(scale_axis(&axis, in->node, &in->src[0]->shape, &in->src[1]->shape, err));
    amct_infer_sources(values, src, 2, in);
    for (int64_t i = 0; src[1]->data && i < amct_shape_size(&src[1]->shape); i++)
        AMCT_TRY(read_deq_scale(&unused, src[1], i, err));
    amct_infer_dst(in, 0, dtype, &in->src[0]->shape);
    return AMCT_OK;
}

static amct_status run_dequant(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0], *scales = call->src[1], *dst = call->dst[0];
    bool relu = amct_node_int(call->node, "relu_flag", 0) != 0;
    int64_t n = amct_shape_size(&x->shape), run = n, slices = 1;
    int32_t axis;
    float scale;
    AMCT_TRY(scale_axis(&axis, call->node, &x->shape, &scales->shape, err));
    if (axis >= 0) {
        slices = x->shape.dims[axis];
        run = amct_shape_count(&x->shape, axis + 1, x->shape.rank);
    }
    for (int64_t at = 0; at < n; at += run) {
        AMCT_TRY(read_deq_scale(&scale, scales, at / run % slices, err));
        for (int64_t i = at; i < at + run; i++) {
            float y = (float)amct_value_get_int(x, i) * scale;
            amct_value_put(dst, i, relu && y < 0 ? 0 : y);
        }
    }
    return AMCT_OK;
}

/* ---- AscendAntiQuant ------------------------------------------------------------------------ */

static amct_status infer_anti_quant(const amct_infer *in, amct_err *err)
{
    uint32_t dtype = AMCT_FLOAT;
    float scale;
    AMCT_TRY(amct_want_dtype(in, 0, AMCT_INT8, err));
    AMCT_TRY(want_no_sqrt_mode(in->node, err));
    AMCT_TRY(read_scale(&scale, in->node, err));
    AMCT_TRY(read_float_type(&dtype, in->node, err));
    amct_infer_dst(in, 0, dtype, &in->src[0]->shape);
    return AMCT_OK;
}

static amct_status run_anti_quant(const amct_call *call, amct_err *err)
{
    const amct_value *x = call->src[0];
    int64_t n = amct_shape_size(&x->shape);
    float scale = 1, offset = amct_node_float(call->node, "offset", 0);
    AMCT_TRY(read_scale(&scale, call->node, err));
    for (int64_t i = 0; i < n; i++)
        amct_value_put(call->dst[0], i, ((float)amct_value_get(x, i) - offset) * scale);
    return AMCT_OK;
}

const amct_op amct_ops_ascend[] = {
    {"AscendQuant", 1, 1, 1, infer_quant, run_quant},
    {"AscendWeightQuant", 2, 2, 1, infer_weight_quant, run_weight_quant},
    {"AscendDequant", 2, 2, 1, infer_dequant, run_dequant},
    {"AscendAntiQuant", 1, 1, 1, infer_anti_quant, run_anti_quant},
};
const size_t amct_n_ops_ascend = sizeof amct_ops_ascend / sizeof *amct_ops_ascend;
