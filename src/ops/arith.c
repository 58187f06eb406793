/* Arithmetic element by element, and CumSum. */
#include "ops/broadcast.h"
#include "ops/elementwise.h"
#include "ops/param.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <math.h>

/* ---- One source: floats only ---------------------------------------------------------------- */

#define FLOAT_MAPS(F)                                                                              \
    F(Ceil, ceil(v))                                                                               \
    F(Floor, floor(v))                                                                             \
    F(Round, rint(v)) /* half to even */                                                           \
    F(Sqrt, sqrt(v))                                                                               \
    F(Reciprocal, 1 / v)                                                                           \
    F(Exp, exp(v))                                                                                 \
    F(Log, log(v))                                                                                 \
    F(Erf, erf(v))                                                                                 \
    F(Sin, sin(v))                                                                                 \
    F(Cos, cos(v))                                                                                 \
    F(Tan, tan(v))                                                                                 \
    F(Asin, asin(v))                                                                               \
    F(Acos, acos(v))                                                                               \
    F(Atan, atan(v))                                                                               \
    F(Sinh, sinh(v))                                                                               \
    F(Cosh, cosh(v))                                                                               \
    F(Asinh, asinh(v))                                                                             \
    F(Acosh, acosh(v))                                                                             \
    F(Atanh, atanh(v))

#define DEFINE_MAP(name, expr)                                                                     \
    static void row_##name(double *x, int64_t n, const double *param)                              \
    {                                                                                              \
        (void)param;                                                                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double v = x[i];                                                                       \
            x[i] = (expr);                                                                         \
        }                                                                                          \
    }
#define DEFINE_FLOAT_RUN(name, expr)                                                               \
    DEFINE_MAP(name, expr)                                                                         \
    static amct_status run_##name(const amct_call *call, amct_err *err)                            \
    {                                                                                              \
        (void)err;                                                                                 \
        amct_map(call->dst[0], call->src[0], row_##name, NULL);                                    \
        return AMCT_OK;                                                                            \
    }
FLOAT_MAPS(DEFINE_FLOAT_RUN)

/* ---- One source: any number ----------------------------------------------------------------- */

/* Wrapping: the least integer is its own negative. */
static int64_t negative(int64_t v)
{
    return (int64_t)(0 - (uint64_t)v);
}

#define NUMBER_MAPS(F)                                                                             \
    F(Abs, fabs(v), v < 0 && !wide ? negative(v) : v)                                              \
    F(Neg, -v, negative(v))                                                                        \
    F(Sign, v > 0 ? 1 : v < 0 ? -1 : v, v == 0 ? 0 : v > 0 || wide ? 1 : -1)

#define DEFINE_NUMBER_RUN(name, expr, int_expr)                                                    \
    DEFINE_MAP(name, expr)                                                                         \
    static void ints_##name(int64_t *x, int64_t n, const int64_t *param, bool wide)                \
    {                                                                                              \
        (void)param;                                                                               \
        (void)wide;                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            int64_t v = x[i];                                                                      \
            x[i] = (int_expr);                                                                     \
        }                                                                                          \
    }                                                                                              \
    static amct_status run_##name(const amct_call *call, amct_err *err)                            \
    {                                                                                              \
        (void)err;                                                                                 \
        if (amct_dtype_is_float(call->src[0]->dtype))                                              \
            amct_map(call->dst[0], call->src[0], row_##name, NULL);                                \
        else                                                                                       \
            amct_map_int(call->dst[0], call->src[0], ints_##name, NULL);                           \
        return AMCT_OK;                                                                            \
    }
NUMBER_MAPS(DEFINE_NUMBER_RUN)

/* The codes change, so does what stands for 0.0. */
static amct_status infer_number(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(amct_infer_map_number(in, err));
    in->dst[0].zero_point = 0;
    return AMCT_OK;
}

/* ---- Two sources ---------------------------------------------------------------------------- */

static bool less(int64_t a, int64_t b, bool wide)
{
    return wide ? (uint64_t)a < (uint64_t)b : a < b;
}

/* Toward zero; by zero it is 0, and the one overflow wraps. */
static int64_t divide(int64_t a, int64_t b, bool wide)
{
    if (b == 0)
        return 0;
    if (wide)
        return (int64_t)((uint64_t)a / (uint64_t)b);
    return b == -1 ? negative(a) : a / b;
}

/* What divide leaves. */
static int64_t remainder_of(int64_t a, int64_t b, bool wide)
{
    if (b == 0)
        return 0;
    if (wide)
        return (int64_t)((uint64_t)a % (uint64_t)b);
    return b == -1 ? 0 : a % b;
}

/* With the sign of the divisor. */
static int64_t modulo(int64_t a, int64_t b, bool wide)
{
    int64_t rest = remainder_of(a, b, wide);
    return !wide && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static double float_modulo(double a, double b)
{
    double rest = fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static int64_t power(int64_t base, int64_t exponent, bool wide)
{
    uint64_t result = 1, factor = (uint64_t)base;
    if (!wide && exponent < 0) /* a fraction, cut */
        return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
    for (uint64_t e = (uint64_t)exponent; e; e >>= 1, factor *= factor)
        if (e & 1)
            result *= factor;
    return (int64_t)result;
}

/* NaN if one of both is. */
static double smaller(double a, double b)
{
    return a < b || isnan(a) ? a : b;
}

static double greater(double a, double b)
{
    return a > b || isnan(a) ? a : b;
}

#define ZIPS(F)                                                                                    \
    F(Add, a + b, (int64_t)((uint64_t)a + (uint64_t)b))                                            \
    F(Sub, a - b, (int64_t)((uint64_t)a - (uint64_t)b))                                            \
    F(Mul, a *b, (int64_t)((uint64_t)a * (uint64_t)b))                                             \
    F(Div, a / b, divide(a, b, wide))                                                              \
    F(Min, smaller(a, b), less(a, b, wide) ? a : b)                                                \
    F(Max, greater(a, b), less(a, b, wide) ? b : a)                                                \
    F(FMod, fmod(a, b), remainder_of(a, b, wide))                                                  \
    F(Modulo, float_modulo(a, b), modulo(a, b, wide))                                              \
    F(Pow, pow(a, b), power(a, b, wide))

#define DEFINE_ZIP(name, expr, int_expr)                                                           \
    static void row_##name(double *x, const double *y, int64_t n)                                  \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double a = x[i], b = y[i];                                                             \
            x[i] = (expr);                                                                         \
        }                                                                                          \
    }                                                                                              \
    static void ints_##name(int64_t *x, const int64_t *y, int64_t n, bool wide)                    \
    {                                                                                              \
        (void)wide;                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            int64_t a = x[i], b = y[i];                                                            \
            x[i] = (int_expr);                                                                     \
        }                                                                                          \
    }                                                                                              \
    static void zip_##name(const amct_value *dst, const amct_value *a, const amct_value *b)        \
    {                                                                                              \
        if (amct_dtype_is_float(dst->dtype))                                                       \
            amct_zip(dst, a, b, row_##name);                                                       \
        else                                                                                       \
            amct_zip_int(dst, a, b, ints_##name);                                                  \
    }
ZIPS(DEFINE_ZIP)

#define DEFINE_ZIP_RUN(name)                                                                       \
    static amct_status run_##name(const amct_call *call, amct_err *err)                            \
    {                                                                                              \
        (void)err;                                                                                 \
        zip_##name(call->dst[0], call->src[0], call->src[1]);                                      \
        return AMCT_OK;                                                                            \
    }
DEFINE_ZIP_RUN(Add)
DEFINE_ZIP_RUN(Sub)
DEFINE_ZIP_RUN(Mul)
DEFINE_ZIP_RUN(Div)

static amct_status run_mod(const amct_call *call, amct_err *err)
{
    (void)err;
    if (amct_node_int(call->node, "fmod", 0) != 0)
        zip_FMod(call->dst[0], call->src[0], call->src[1]);
    else
        zip_Modulo(call->dst[0], call->src[0], call->src[1]);
    return AMCT_OK;
}

/* The exponent's type is its own; the result has that of the base. */
static amct_status infer_pow(const amct_infer *in, amct_err *err)
{
    amct_shape shape;
    const amct_shape *shapes[] = {&in->src[0]->shape, &in->src[1]->shape};
    for (uint32_t i = 0; i < 2; i++)
        if (!amct_dtype_is_number(in->src[i]->dtype))
            return amct_fail(err, AMCT_E_INVALID, "input %u is %s, wanted a number type", i,
                             amct_dtype_name(in->src[i]->dtype));
    AMCT_TRY(amct_broadcast_shape(&shape, 2, shapes, err));
    amct_infer_dst(in, 0, in->src[0]->dtype, &shape);
    return AMCT_OK;
}

static amct_status run_pow(const amct_call *call, amct_err *err)
{
    (void)err;
    if (amct_dtype_is_float(call->src[1]->dtype))
        amct_zip(call->dst[0], call->src[0], call->src[1], row_Pow);
    else
        zip_Pow(call->dst[0], call->src[0], call->src[1]);
    return AMCT_OK;
}

static void ints_left(int64_t *x, const int64_t *y, int64_t n, bool wide)
{
    (void)wide;
    for (int64_t i = 0; i < n; i++)
        x[i] = (uint64_t)y[i] < 64 ? (int64_t)((uint64_t)x[i] << y[i]) : 0;
}

static void ints_right(int64_t *x, const int64_t *y, int64_t n, bool wide)
{
    (void)wide;
    for (int64_t i = 0; i < n; i++)
        x[i] = (uint64_t)y[i] < 64 ? (int64_t)((uint64_t)x[i] >> y[i]) : 0;
}

static const char *const directions[] = {"", "LEFT", "RIGHT", NULL};

static amct_status infer_bit_shift(const amct_infer *in, amct_err *err)
{
    uint32_t direction, dtype = in->src[0]->dtype;
    AMCT_TRY(amct_param_word(&direction, in->node, "direction", directions, err));
    if (direction == 0)
        return amct_fail(err, AMCT_E_INVALID, "direction is missing, wanted LEFT or RIGHT");
    if (dtype != AMCT_UINT8 && dtype != AMCT_UINT16 && dtype != AMCT_UINT32 && dtype != AMCT_UINT64)
        return amct_fail(err, AMCT_E_INVALID, "input 0 is %s, wanted an unsigned type",
                         amct_dtype_name(dtype));
    return amct_infer_zip(in, err);
}

static amct_status run_bit_shift(const amct_call *call, amct_err *err)
{
    uint32_t direction;
    AMCT_TRY(amct_param_word(&direction, call->node, "direction", directions, err));
    amct_zip_int(call->dst[0], call->src[0], call->src[1], direction == 1 ? ints_left : ints_right);
    return AMCT_OK;
}

/* ---- Any number of sources ------------------------------------------------------------------ */

/* From left to right in the result, each step rounded to its type, as numpy does. */
static void fold(const amct_call *call,
                 void (*zip)(const amct_value *, const amct_value *, const amct_value *))
{
    const amct_value *dst = call->dst[0], *first = call->src[0];
    uint32_t n = call->node->n_src;
    if (n == 1)
        zip_Max(dst, first, first); /* itself */
    for (uint32_t i = 1; i < n; i++)
        zip(dst, i == 1 ? first : dst, call->src[i]);
}

#define DEFINE_FOLD_RUN(name, zip)                                                                 \
    static amct_status run_##name(const amct_call *call, amct_err *err)                            \
    {                                                                                              \
        (void)err;                                                                                 \
        fold(call, zip);                                                                           \
        return AMCT_OK;                                                                            \
    }
DEFINE_FOLD_RUN(Min, zip_Min)
DEFINE_FOLD_RUN(Max, zip_Max)
DEFINE_FOLD_RUN(Sum, zip_Add)

static void row_divide(double *x, int64_t n, const double *param)
{
    for (int64_t i = 0; i < n; i++)
        x[i] /= *param;
}

static amct_status run_mean(const amct_call *call, amct_err *err)
{
    (void)err;
    double n = call->node->n_src;
    fold(call, zip_Add);
    amct_map(call->dst[0], call->dst[0], row_divide, &n);
    return AMCT_OK;
}

static amct_status infer_float_fold(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(amct_want_float(in, 0, err));
    return amct_infer_zip(in, err);
}

/* ---- CumSum --------------------------------------------------------------------------------- */

static amct_status cumsum_axis(int32_t *axis, const amct_value *value, int32_t rank, amct_err *err)
{
    AMCT_TRY(amct_param_integer(value, "axis", err));
    return amct_axis_normalise(axis, amct_value_get_int(value, 0), rank, err);
}

static amct_status infer_cumsum(const amct_infer *in, amct_err *err)
{
    const amct_value *src[2];
    amct_value values[2];
    int32_t axis;
    amct_infer_sources(values, src, 2, in);
    AMCT_TRY(amct_want_rank(in, 0, 1, err));
    AMCT_TRY(amct_want_one(in, 1, err));
    if (!amct_infer_waits(in, 1, 2))
        AMCT_TRY(cumsum_axis(&axis, src[1], src[0]->shape.rank, err));
    return infer_number(in, err);
}

static amct_status run_cumsum(const amct_call *call, amct_err *err)
{
    const amct_value *src = call->src[0], *dst = call->dst[0];
    bool exclusive = amct_node_int(call->node, "exclusive", 0) != 0;
    bool reverse = amct_node_int(call->node, "reverse", 0) != 0;
    bool real = amct_dtype_is_float(src->dtype);
    int32_t axis;
    AMCT_TRY(cumsum_axis(&axis, call->src[1], src->shape.rank, err));
    int64_t n = src->shape.dims[axis],
            inner = amct_shape_count(&src->shape, axis + 1, src->shape.rank);
    int64_t outer = amct_shape_count(&src->shape, 0, axis);
    for (int64_t r = 0; r < outer * inner; r++) {
        int64_t base = r / inner * n * inner + r % inner;
        double sum = 0;
        uint64_t int_sum = 0;
        for (int64_t i = 0; i < n; i++) {
            int64_t at = base + (reverse ? n - 1 - i : i) * inner;
            if (real) {
                double next = sum + amct_value_get(src, at);
                amct_value_put(dst, at, exclusive ? sum : next);
                sum = next;
            } else {
                uint64_t next = int_sum + (uint64_t)amct_value_get_int(src, at);
                amct_value_put_int(dst, at, (int64_t)(exclusive ? int_sum : next));
                int_sum = next;
            }
        }
    }
    return AMCT_OK;
}

#define MAP_ENTRY(name, expr)              {#name, 1, 1, 1, amct_infer_map, run_##name},
#define NUMBER_ENTRY(name, expr, int_expr) {#name, 1, 1, 1, infer_number, run_##name},

const amct_op amct_ops_arith[] = {
    FLOAT_MAPS(MAP_ENTRY) NUMBER_MAPS(NUMBER_ENTRY) /**/
    {"Add", 2, 2, 1, amct_infer_zip, run_Add},
    {"Sub", 2, 2, 1, amct_infer_zip, run_Sub},
    {"Mul", 2, 2, 1, amct_infer_zip, run_Mul},
    {"Div", 2, 2, 1, amct_infer_zip, run_Div},
    {"Mod", 2, 2, 1, amct_infer_zip, run_mod},
    {"Pow", 2, 2, 1, infer_pow, run_pow},
    {"BitShift", 2, 2, 1, infer_bit_shift, run_bit_shift},
    {"Min", 1, UINT32_MAX, 1, amct_infer_zip, run_Min},
    {"Max", 1, UINT32_MAX, 1, amct_infer_zip, run_Max},
    {"Sum", 1, UINT32_MAX, 1, infer_float_fold, run_Sum},
    {"Mean", 1, UINT32_MAX, 1, infer_float_fold, run_mean},
    {"CumSum", 2, 2, 1, infer_cumsum, run_cumsum},
};
const size_t amct_n_ops_arith = sizeof amct_ops_arith / sizeof *amct_ops_arith;
