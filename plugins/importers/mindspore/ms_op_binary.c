/* Element by element on several tensors. */
#include "ms_ops.h"

#include <math.h>
#include <string.h>

static void wider(ms_tensor *like, const ms_tensor *y)
{
    if (like->rank < 0 || y->rank < 0) {
        like->rank = -1;
        return;
    }
    ms_tensor a = *like;
    like->rank = a.rank > y->rank ? a.rank : y->rank;
    for (int32_t d = 0; d < like->rank; d++) {
        int32_t i = d - (like->rank - a.rank), k = d - (like->rank - y->rank);
        int64_t p = i < 0 ? 1 : a.dims[i], q = k < 0 ? 1 : y->dims[k];
        like->dims[d] = p == 1 ? q : p;
    }
}

static int32_t binary(ms_call *c, ms_tensor *x, ms_tensor *y, uint32_t dtype)
{
    ms_build b = ms_begin(c, c->onnx, NULL);
    ms_tensor like = *x;
    wider(&like, y);
    like.dtype = dtype ? dtype : x->dtype;
    ms_in(&b, x);
    ms_in(&b, y);
    return ms_finish(&b, &like);
}

/* ---- Numbers ------------------------------------------------------------------------------- */

static bool is_number(ms_value v)
{
    return v.kind == MS_INT || v.kind == MS_FLOAT || v.kind == MS_BOOL || v.kind == MS_OPEN;
}

static double number_of(ms_value v)
{
    return v.kind == MS_FLOAT ? v.f : (double)v.i;
}

static double compute(const char *op, double x, double y)
{
    return strcmp(op, "Add") == 0   ? x + y
           : strcmp(op, "Sub") == 0 ? x - y
           : strcmp(op, "Mul") == 0 ? x * y
           : strcmp(op, "Max") == 0 ? fmax(x, y)
           : strcmp(op, "Min") == 0 ? fmin(x, y)
           : strcmp(op, "Pow") == 0 ? pow(x, y)
                                    : x / y;
}

/* Sizes are reckoned with: whole numbers stay whole, but for a division that is not rounded. */
static int32_t reckon(ms_call *c, bool floored)
{
    const double most = 4611686018427387904.0; /* 2^62 */
    ms_value x = c->args[0], y = c->args[1];
    if (x.kind == MS_OPEN || y.kind == MS_OPEN) {
        c->result = (ms_value){.kind = MS_OPEN};
        return AMCT_OK;
    }
    bool divides = strcmp(c->onnx, "Div") == 0;
    bool whole = x.kind != MS_FLOAT && y.kind != MS_FLOAT && (!divides || floored);
    double result = compute(c->onnx, number_of(x), number_of(y));
    if (floored)
        result = floor(result);
    if (!(result >= -most && result <= most))
        return ms_fail(c->r, AMCT_E_FORMAT, "a number becomes %g", result);
    c->result = whole ? ms_int((int64_t)result) : (ms_value){.kind = MS_FLOAT, .f = result};
    return AMCT_OK;
}

static int32_t run_binary(ms_call *c)
{
    ms_tensor *x, *y;
    if (c->n_args == 2 && is_number(c->args[0]) && is_number(c->args[1]))
        return reckon(c, false);
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &y));
    return binary(c, x, y, AMCT_UNDEFINED);
}

static int32_t run_compare(ms_call *c)
{
    ms_tensor *x, *y;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &y));
    return binary(c, x, y, AMCT_BOOL);
}

static int32_t run_not_equal(ms_call *c)
{
    ms_tensor *x, *y;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &y));
    ms_build equal = ms_begin(c, "Equal", "equal");
    ms_tensor like = *x, *t;
    wider(&like, y);
    like.dtype = AMCT_BOOL;
    ms_in(&equal, x);
    ms_in(&equal, y);
    MS_TRY(ms_end(&equal, AMCT_BOOL, like.rank, like.dims, &t));
    ms_build b = ms_begin(c, "Not", NULL);
    ms_in(&b, t);
    return ms_finish(&b, &like);
}

/* Division rounded down. */
static int32_t run_floor_div(ms_call *c)
{
    ms_tensor *x, *y, *t;
    if (c->n_args == 2 && is_number(c->args[0]) && is_number(c->args[1]))
        return reckon(c, true);
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &y));
    if (x->dtype != AMCT_FLOAT && x->dtype != AMCT_FLOAT16 && x->dtype != AMCT_DOUBLE)
        return ms_unsupported(c, "this type");
    MS_TRY(ms_binary(c, "Div", "quotient", x, y, &t));
    ms_build b = ms_begin(c, "Floor", NULL);
    ms_tensor like = *x;
    wider(&like, y);
    ms_in(&b, t);
    return ms_finish(&b, &like);
}

/* The remainder has the sign of the divisor. */
static int32_t run_floor_mod(ms_call *c)
{
    ms_tensor *x, *y;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &y));
    if (x->dtype != AMCT_INT32 && x->dtype != AMCT_INT64)
        return ms_unsupported(c, "this type");
    return binary(c, x, y, AMCT_UNDEFINED);
}

static int32_t run_squared_difference(ms_call *c)
{
    ms_tensor *x, *y, *t, like;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &y));
    MS_TRY(ms_binary(c, "Sub", "difference", x, y, &t));
    ms_build b = ms_begin(c, "Mul", NULL);
    like = *x;
    wider(&like, y);
    ms_in(&b, t);
    ms_in(&b, t);
    return ms_finish(&b, &like);
}

/* (x, y, alpha): x + alpha * y */
static int32_t run_scaled(ms_call *c)
{
    ms_tensor *x, *y;
    double alpha;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &y));
    MS_TRY(ms_arg_number(c, 2, "alpha", 1, &alpha));
    if (alpha != 1)
        MS_TRY(ms_binary_number(c, "Mul", "scaled", y, alpha, &y));
    return binary(c, x, y, AMCT_UNDEFINED);
}

/* A tuple of tensors, or the tensors themselves. */
static int32_t run_sum(ms_call *c)
{
    ms_build b = ms_begin(c, "Sum", NULL);
    ms_value *at = c->args;
    uint32_t n = c->n_args;
    if (n == 1 && at[0].kind == MS_TUPLE) {
        n = at[0].list->n;
        at = at[0].list->at;
    }
    if (!n)
        return ms_fail(c->r, AMCT_E_FORMAT, "has no input");
    for (uint32_t i = 0; i < n; i++) {
        if (at[i].kind != MS_TENSOR)
            return ms_fail(c->r, AMCT_E_FORMAT, "input %u is %s, a tensor is wanted", i,
                           ms_kind_text(at[i]));
        ms_in(&b, at[i].tensor);
    }
    return ms_finish(&b, at[0].tensor);
}

/* (condition, x, y) */
static int32_t run_select(ms_call *c)
{
    ms_tensor *t, *x = NULL;
    ms_build b = ms_begin(c, "Where", NULL);
    for (uint32_t i = 0; i < 3; i++) {
        MS_TRY(ms_arg_tensor(c, i, &t));
        ms_in(&b, t);
        x = i == 1 ? t : x;
    }
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    return ms_finish(&b, &like);
}

/* (x, mask, value) */
static int32_t run_masked_fill(ms_call *c)
{
    ms_tensor *x, *mask, *value;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_tensor(c, 1, &mask));
    MS_TRY(ms_arg_tensor(c, 2, &value));
    ms_build b = ms_begin(c, "Where", NULL);
    ms_in(&b, mask);
    ms_in(&b, value);
    ms_in(&b, x);
    return ms_finish(&b, x);
}

const ms_op ms_ops_binary[] = {
    {"Add", run_binary, "Add"},
    {"TensorAdd", run_binary, "Add"},
    {"Sub", run_binary, "Sub"},
    {"Mul", run_binary, "Mul"},
    {"Div", run_binary, "Div"},
    {"RealDiv", run_binary, "Div"},
    {"Adds", run_binary, "Add"},
    {"Subs", run_binary, "Sub"},
    {"Muls", run_binary, "Mul"},
    {"Divs", run_binary, "Div"},
    {"ScalarAdd", run_binary, "Add"},
    {"ScalarSub", run_binary, "Sub"},
    {"ScalarMul", run_binary, "Mul"},
    {"ScalarDiv", run_binary, "Div"},
    {"scalar_add", run_binary, "Add"},
    {"scalar_sub", run_binary, "Sub"},
    {"scalar_mul", run_binary, "Mul"},
    {"FloorDiv", run_floor_div, "Div"},
    {"ScalarFloorDiv", run_floor_div, "Div"},
    {"scalar_floordiv", run_floor_div, "Div"},
    {"FloorMod", run_floor_mod, "Mod"},
    {"AddExt", run_scaled, "Add"},
    {"SubExt", run_scaled, "Sub"},
    {"Maximum", run_binary, "Max"},
    {"Minimum", run_binary, "Min"},
    {"Pow", run_binary, "Pow"},
    {"PowTensorScalar", run_binary, "Pow"},
    {"SquaredDifference", run_squared_difference, NULL},
    {"AddN", run_sum, NULL},
    {"AccumulateNV2", run_sum, NULL},
    {"Equal", run_compare, "Equal"},
    {"NotEqual", run_not_equal, NULL},
    {"Greater", run_compare, "Greater"},
    {"GreaterEqual", run_compare, "GreaterOrEqual"},
    {"Less", run_compare, "Less"},
    {"LessEqual", run_compare, "LessOrEqual"},
    {"LogicalAnd", run_compare, "And"},
    {"LogicalOr", run_compare, "Or"},
    {"LogicalXor", run_compare, "Xor"},
    {"Select", run_select, NULL},
    {"MaskedFill", run_masked_fill, NULL},
};
MS_FAMILY(binary);
