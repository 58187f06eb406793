/*
 * What can be reckoned while the file is read: the arithmetic of shapes, in which the batch size is
 * not known (NaN), and of a Dropout that drops nothing. Larger constants are left to the host.
 */
#include "tf_fold.h"

#include <math.h>
#include <string.h>

enum { MAX_FLOATS = 8 };

static bool is_whole(uint32_t dtype)
{
    return dtype != AMCT_FLOAT && dtype != AMCT_DOUBLE && dtype != AMCT_FLOAT16 &&
           dtype != AMCT_BFLOAT16;
}

static double compare(const char *op, double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    return strcmp(op, "Equal") == 0          ? a == b
           : strcmp(op, "NotEqual") == 0     ? a != b
           : strcmp(op, "Less") == 0         ? a < b
           : strcmp(op, "LessEqual") == 0    ? a <= b
           : strcmp(op, "Greater") == 0      ? a > b
           : strcmp(op, "GreaterEqual") == 0 ? a >= b
           : strcmp(op, "LogicalAnd") == 0   ? a && b
                                             : a || b;
}

/* false if it is no operator of two numbers */
static bool binary(const char *op, bool whole, double a, double b, double *out)
{
    bool nan = isnan(a) || isnan(b);
    if (strcmp(op, "Add") == 0 || strcmp(op, "AddV2") == 0)
        *out = a + b;
    else if (strcmp(op, "Sub") == 0)
        *out = a - b;
    else if (strcmp(op, "Mul") == 0)
        *out = a * b;
    else if (strcmp(op, "RealDiv") == 0 || (strcmp(op, "Div") == 0 && !whole))
        *out = a / b;
    else if (strcmp(op, "Div") == 0)
        *out = trunc(a / b);
    else if (strcmp(op, "FloorDiv") == 0)
        *out = floor(a / b);
    else if (strcmp(op, "FloorMod") == 0)
        *out = a - floor(a / b) * b;
    else if (strcmp(op, "Maximum") == 0)
        *out = nan ? NAN : a > b ? a : b;
    else if (strcmp(op, "Minimum") == 0)
        *out = nan ? NAN : a < b ? a : b;
    else if (tf_rule_find(op)->translate == tf_compare || strcmp(op, "NotEqual") == 0)
        *out = compare(op, a, b);
    else
        return false;
    return true;
}

static bool unary(const tf_call *call, double a, double *out)
{
    if (tf_fold_is(call, "Neg"))
        *out = -a;
    else if (tf_fold_is(call, "Floor"))
        *out = floor(a);
    else if (tf_fold_is(call, "Ceil"))
        *out = ceil(a);
    else if (tf_fold_is(call, "Round"))
        *out = rint(a);
    else if (tf_fold_is(call, "Sqrt"))
        *out = sqrt(a);
    else if (tf_fold_is(call, "Cast"))
        *out = is_whole(tf_attr_type(call->node, "DstT", AMCT_FLOAT)) ? trunc(a) : a;
    else
        return false;
    return true;
}

static int32_t fold_binary(tf_reader *r, tf_call *call, const tf_operand *in, double *out,
                           bool *done)
{
    uint32_t dtype = call->src[0]->dtype;
    size_t n = in[0].n > in[1].n ? in[0].n : in[1].n;
    tf_shape shape;
    if (dtype != call->src[1]->dtype)
        return AMCT_OK;
    TF_TRY(tf_broadcast(r, call->src, 2, &shape));
    size_t wanted = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        wanted *= (size_t)shape.dims[i];
    if (wanted != n || (in[0].n != n && in[0].n != 1) || (in[1].n != n && in[1].n != 1))
        return AMCT_OK;
    for (size_t i = 0; i < n; i++)
        if (!binary(call->node->op, is_whole(dtype), in[0].at[in[0].n == 1 ? 0 : i],
                    in[1].at[in[1].n == 1 ? 0 : i], &out[i]))
            return AMCT_OK;
    tf_translate *translate = tf_rule_find(call->node->op)->translate;
    bool truth = translate == tf_compare || tf_fold_is(call, "NotEqual");
    return tf_fold_put(r, call, truth ? AMCT_BOOL : dtype, &shape, out, done);
}

static int32_t fold_unary(tf_reader *r, tf_call *call, const tf_operand *in, double *out,
                          bool *done)
{
    uint32_t dtype = call->src[0]->dtype;
    double ignored;
    if (!unary(call, 0, &ignored))
        return AMCT_OK;
    if (tf_fold_is(call, "Cast"))
        dtype = tf_attr_type(call->node, "DstT", AMCT_UNDEFINED);
    if (!tf_dtype_bits(dtype) || dtype == AMCT_FLOAT16 || dtype == AMCT_BFLOAT16)
        return AMCT_OK;
    for (size_t i = 0; i < in->n; i++)
        unary(call, in->at[i], &out[i]);
    return tf_fold_put(r, call, dtype, &call->src[0]->shape, out, done);
}

static int32_t fold_known(tf_reader *r, tf_call *call, const tf_operand *in, double *out,
                          bool *done)
{
    const tf_shape scalar = tf_scalar();
    double rank = call->src[0]->shape.rank;
    if (tf_fold_is(call, "Pack") || tf_fold_is(call, "ConcatV2") || tf_fold_is(call, "Concat"))
        return tf_fold_join(r, call, in, out, done);
    if (tf_fold_is(call, "StridedSlice") || tf_fold_is(call, "Slice"))
        return tf_fold_list_slice(r, call, in, out, done);
    if (tf_fold_is(call, "GatherV2") || tf_fold_is(call, "Gather"))
        return tf_fold_gather(r, call, in, out, done);
    if (tf_fold_is(call, "Prod") || tf_fold_is(call, "Sum") || tf_fold_is(call, "Max") ||
        tf_fold_is(call, "Min"))
        return tf_fold_reduce(r, call, in, done);
    if (tf_fold_is(call, "Range"))
        return tf_fold_range(r, call, in, out, done);
    if (tf_fold_is(call, "Fill"))
        return tf_fold_fill(r, call, in, out, done);
    if (tf_fold_is(call, "Unpack"))
        return tf_fold_unpack(r, call, in, done);
    if (tf_fold_is(call, "Rank"))
        return tf_fold_put(r, call, AMCT_INT32, &scalar, &rank, done);
    if (tf_fold_is(call, "ZerosLike") || tf_fold_is(call, "OnesLike")) {
        for (size_t i = 0; i < in->n; i++)
            out[i] = tf_fold_is(call, "OnesLike");
        return tf_fold_put(r, call, call->src[0]->dtype, &call->src[0]->shape, out, done);
    }
    if (call->n_src == 2)
        return fold_binary(r, call, in, out, done);
    return call->n_src == 1 ? fold_unary(r, call, in, out, done) : AMCT_OK;
}

/* -------------------------------------------------------------------------------------------- */

int32_t tf_fold(tf_reader *r, tf_call *call, bool *done)
{
    enum { MAX_SRC = 64 };
    tf_operand in[MAX_SRC];
    double out[TF_MAX_KNOWN];
    if (call->n_src == 0 || call->n_src > MAX_SRC)
        return AMCT_OK;
    for (uint32_t i = 0; i < call->n_src; i++)
        if (call->src[i]->kind == TF_RANDOM)
            return tf_fold_random(r, call, done);
    if (tf_fold_is(call, "Rank")) {
        in[0] = (tf_operand){NULL, 0};
        return fold_known(r, call, in, out, done);
    }
    if ((tf_fold_is(call, "Select") || tf_fold_is(call, "SelectV2")) &&
        call->src[0]->shape.rank == 0) {
        const double *which = tf_known(r, call->src[0], &in[0].n);
        if (which && !isnan(which[0])) {
            *done = true;
            call->dst[0] = call->src[which[0] != 0 ? 1 : 2];
            return AMCT_OK;
        }
    }
    for (uint32_t i = 0; i < call->n_src; i++)
        if (!(in[i].at = tf_known(r, call->src[i], &in[i].n)) ||
            (in[i].n > MAX_FLOATS && !is_whole(call->src[i]->dtype)))
            return AMCT_OK;
    return fold_known(r, call, in, out, done);
}
