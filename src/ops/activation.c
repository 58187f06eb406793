/* Activation functions. Those of one source and up to two attributes are rows of a table. */
#include "ops/broadcast.h"
#include "ops/elementwise.h"
#include "ops/param.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <math.h>

static double sigmoid(double v)
{
    return v >= 0 ? 1 / (1 + exp(-v)) : exp(v) / (1 + exp(v));
}

static double softplus(double v)
{
    return v > 0 ? v + log1p(exp(-v)) : log1p(exp(v));
}

static double clamp01(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* name, first attribute and its default, second one, function of v, p[0] and p[1]. NaN stays NaN
 * but where the specification says `otherwise 0`. */
#define ACTIVATIONS(F)                                                                             \
    F(LeakyRelu, "alpha", 0.01f, "", 0, v < 0 ? p[0] * v : v)                                      \
    F(Sigmoid, "", 0, "", 0, sigmoid(v))                                                           \
    F(HardSigmoid, "alpha", 0.2f, "beta", 0.5f, clamp01(p[0] * v + p[1]))                          \
    F(HardSwish, "", 0, "", 0, v *clamp01(v / 6 + 0.5))                                            \
    F(Elu, "alpha", 1, "", 0, v < 0 ? p[0] * expm1(v) : v)                                         \
    F(Selu, "alpha", 1.67326319217681884765625f, "gamma", 1.05070102214813232421875f,              \
      p[1] * (v <= 0 ? p[0] * expm1(v) : v))                                                       \
    F(Celu, "alpha", 1, "", 0, v < 0 ? p[0] * expm1(v / p[0]) : v)                                 \
    F(Softplus, "", 0, "", 0, softplus(v))                                                         \
    F(Softsign, "", 0, "", 0, v / (1 + fabs(v)))                                                   \
    F(Tanh, "", 0, "", 0, tanh(v))                                                                 \
    F(Mish, "", 0, "", 0, v *tanh(softplus(v)))                                                    \
    F(Swish, "alpha", 1, "", 0, v *sigmoid(p[0] * v))                                              \
    F(ThresholdedRelu, "alpha", 1, "", 0, v > p[0] ? v : 0)                                        \
    F(Shrink, "lambd", 0.5f, "bias", 0, v<-p[0] ? v + p[1] : v> p[0] ? v - p[1] : 0)

#define DEFINE_ACTIVATION(name, first, first_default, second, second_default, expr)                \
    static void row_##name(double *x, int64_t n, const double *p)                                  \
    {                                                                                              \
        (void)p;                                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double v = x[i];                                                                       \
            x[i] = (expr);                                                                         \
        }                                                                                          \
    }                                                                                              \
    static amct_status run_##name(const amct_call *call, amct_err *err)                            \
    {                                                                                              \
        (void)err;                                                                                 \
        double p[] = {amct_node_float(call->node, first, first_default),                           \
                      amct_node_float(call->node, second, second_default)};                        \
        amct_map(call->dst[0], call->src[0], row_##name, p);                                       \
        return AMCT_OK;                                                                            \
    }
ACTIVATIONS(DEFINE_ACTIVATION)

/* ---- Gelu ----------------------------------------------------------------------------------- */

static const char *const approximations[] = {"none", "tanh", NULL};

static void row_gelu(double *x, int64_t n, const double *param)
{
    (void)param;
    for (int64_t i = 0; i < n; i++)
        x[i] *= 0.5 * (1 + erf(x[i] * M_SQRT1_2));
}

static void row_gelu_tanh(double *x, int64_t n, const double *param)
{
    (void)param;
    for (int64_t i = 0; i < n; i++) {
        double v = x[i], inner = M_2_SQRTPI * M_SQRT1_2 * (v + 0.044715 * v * v * v);
        x[i] = 0.5 * v * (1 + tanh(inner));
    }
}

static amct_status infer_gelu(const amct_infer *in, amct_err *err)
{
    uint32_t word;
    AMCT_TRY(amct_param_word(&word, in->node, "approximate", approximations, err));
    return amct_infer_map(in, err);
}

static amct_status run_gelu(const amct_call *call, amct_err *err)
{
    uint32_t word;
    AMCT_TRY(amct_param_word(&word, call->node, "approximate", approximations, err));
    amct_map(call->dst[0], call->src[0], word ? row_gelu_tanh : row_gelu, NULL);
    return AMCT_OK;
}

/* ---- Relu and Clip, also of integers -------------------------------------------------------- */

static void row_clip(double *x, int64_t n, const double *p)
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = x[i] < p[0] ? p[0] : x[i];
        x[i] = x[i] > p[1] ? p[1] : x[i];
    }
}

static void ints_clip(int64_t *x, int64_t n, const int64_t *p, bool wide)
{
    /* flipping the top bit puts uint64 into the order of int64 */
    int64_t flip = wide ? INT64_MIN : 0, least = p[0] ^ flip, greatest = p[1] ^ flip;
    for (int64_t i = 0; i < n; i++) {
        int64_t v = x[i] ^ flip;
        v = v < least ? least : v;
        x[i] = (v > greatest ? greatest : v) ^ flip;
    }
}

static amct_status run_relu(const amct_call *call, amct_err *err)
{
    (void)err;
    uint32_t dtype = call->src[0]->dtype;
    if (amct_dtype_is_float(dtype))
        amct_map(call->dst[0], call->src[0], row_clip, (double[]){0, INFINITY});
    else
        amct_map_int(call->dst[0], call->src[0], ints_clip,
                     (int64_t[]){0, dtype == AMCT_UINT64 ? -1 : INT64_MAX});
    return AMCT_OK;
}

static amct_status infer_clip(const amct_infer *in, amct_err *err)
{
    for (uint32_t i = 1; i < 3; i++)
        if (amct_infer_src(in, i)) {
            AMCT_TRY(amct_want_dtype(in, i, in->src[0]->dtype, err));
            AMCT_TRY(amct_want_one(in, i, err));
        }
    return amct_infer_map_number(in, err);
}

/* Where min is above max, everything becomes max. */
static amct_status run_clip(const amct_call *call, amct_err *err)
{
    (void)err;
    uint32_t dtype = call->src[0]->dtype;
    const amct_value *min = amct_call_src(call, 1), *max = amct_call_src(call, 2);
    if (amct_dtype_is_float(dtype)) {
        double p[] = {min ? amct_value_get(min, 0) : -INFINITY,
                      max ? amct_value_get(max, 0) : INFINITY};
        amct_map(call->dst[0], call->src[0], row_clip, p);
    } else {
        bool wide = dtype == AMCT_UINT64;
        int64_t p[] = {min    ? amct_value_get_int(min, 0)
                       : wide ? 0
                              : INT64_MIN,
                       max    ? amct_value_get_int(max, 0)
                       : wide ? -1
                              : INT64_MAX};
        amct_map_int(call->dst[0], call->src[0], ints_clip, p);
    }
    return AMCT_OK;
}

/* ---- PRelu ---------------------------------------------------------------------------------- */

static amct_status infer_prelu(const amct_infer *in, amct_err *err)
{
    char one[128], other[128];
    const amct_shape *x = &in->src[0]->shape, *slope = &in->src[1]->shape;
    AMCT_TRY(amct_infer_map(in, err));
    AMCT_TRY(amct_want_dtype(in, 1, in->src[0]->dtype, err));
    if (!amct_broadcast_fits(slope, x))
        return amct_fail(err, AMCT_E_INVALID, "a slope of shape %s does not broadcast to %s",
                         amct_shape_print(slope, one, sizeof one),
                         amct_shape_print(x, other, sizeof other));
    return AMCT_OK;
}

static void row_prelu(double *x, const double *slope, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = x[i] < 0 ? slope[i] * x[i] : x[i];
}

static amct_status run_prelu(const amct_call *call, amct_err *err)
{
    (void)err;
    amct_zip(call->dst[0], call->src[0], call->src[1], row_prelu);
    return AMCT_OK;
}

#define ENTRY(name, first, first_default, second, second_default, expr)                            \
    {#name, 1, 1, 1, amct_infer_map, run_##name},

const amct_op amct_ops_activation[] = {
    ACTIVATIONS(ENTRY) /**/
    {"Gelu", 1, 1, 1, infer_gelu, run_gelu},
    {"Relu", 1, 1, 1, amct_infer_map_number, run_relu},
    {"Clip", 1, 3, 1, infer_clip, run_clip},
    {"PRelu", 2, 2, 1, infer_prelu, run_prelu},
};
const size_t amct_n_ops_activation = sizeof amct_ops_activation / sizeof *amct_ops_activation;
