/*
 * What can be reckoned while the file is read: the arithmetic of shapes, in which the batch size is
 * not known (NaN), and of a Dropout that drops nothing. Larger constants are left to the host.
 */
#include "tf_rules.h"

#include <math.h>
#include <string.h>

enum { MAX_FLOATS = 8 };

typedef struct operand {
    const double *at;
    size_t n;
} operand;

static bool is(const tf_call *call, const char *op)
{
    return strcmp(call->node->op, op) == 0;
}

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
    if (is(call, "Neg"))
        *out = -a;
    else if (is(call, "Floor"))
        *out = floor(a);
    else if (is(call, "Ceil"))
        *out = ceil(a);
    else if (is(call, "Round"))
        *out = rint(a);
    else if (is(call, "Sqrt"))
        *out = sqrt(a);
    else if (is(call, "Cast"))
        *out = is_whole(tf_attr_type(call->node, "DstT", AMCT_FLOAT)) ? trunc(a) : a;
    else
        return false;
    return true;
}

static int32_t put(tf_reader *r, tf_call *call, uint32_t dtype, const tf_shape *shape,
                   const double *numbers, bool *done)
{
    *done = true;
    return tf_known_new(r, call->name, dtype, shape, numbers, &call->dst[0]);
}

static int32_t fold_binary(tf_reader *r, tf_call *call, const operand *in, double *out, bool *done)
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
    bool truth = translate == tf_compare || is(call, "NotEqual");
    return put(r, call, truth ? AMCT_BOOL : dtype, &shape, out, done);
}

static int32_t fold_unary(tf_reader *r, tf_call *call, const operand *in, double *out, bool *done)
{
    uint32_t dtype = call->src[0]->dtype;
    double ignored;
    if (!unary(call, 0, &ignored))
        return AMCT_OK;
    if (is(call, "Cast"))
        dtype = tf_attr_type(call->node, "DstT", AMCT_UNDEFINED);
    if (!tf_dtype_bits(dtype) || dtype == AMCT_FLOAT16 || dtype == AMCT_BFLOAT16)
        return AMCT_OK;
    for (size_t i = 0; i < in->n; i++)
        unary(call, in->at[i], &out[i]);
    return put(r, call, dtype, &call->src[0]->shape, out, done);
}

/* Scalars packed to a list, lists joined to a longer one. */
static int32_t fold_join(tf_reader *r, tf_call *call, const operand *in, double *out, bool *done)
{
    bool pack = is(call, "Pack"), front = is(call, "Concat");
    uint32_t first = front, n = call->n_src - (pack ? 0 : 1);
    tf_shape shape = {.rank = 1};
    size_t count = 0;
    for (uint32_t i = first; i < first + n; i++) {
        if (call->src[i]->shape.rank != (pack ? 0u : 1u) || count + in[i].n > TF_MAX_KNOWN)
            return AMCT_OK;
        if (in[i].n)
            memcpy(out + count, in[i].at, in[i].n * sizeof *out);
        count += in[i].n;
    }
    shape.dims[0] = (int64_t)count;
    return n ? put(r, call, call->src[first]->dtype, &shape, out, done) : AMCT_OK;
}

static int32_t fold_list_slice(tf_reader *r, tf_call *call, const operand *in, double *out,
                               bool *done)
{
    const tf_node *node = call->node;
    int64_t n = (int64_t)in[0].n, from, to, step = 1, count = 0;
    bool shrink = tf_attr_int(node, "shrink_axis_mask", 0) & 1;
    if (call->src[0]->shape.rank != 1 || in[1].n != 1 || in[2].n != 1 || isnan(in[1].at[0]) ||
        isnan(in[2].at[0]) || tf_attr_int(node, "new_axis_mask", 0) ||
        tf_attr_int(node, "ellipsis_mask", 0))
        return AMCT_OK;
    from = tf_attr_int(node, "begin_mask", 0) & 1 ? 0 : tf_whole(in[1].at[0]);
    to = tf_whole(in[2].at[0]);
    if (is(call, "Slice"))
        to = to < 0 ? n : from + to;
    else if (in[3].n != 1 || (step = tf_whole(in[3].at[0])) < 1)
        return AMCT_OK;
    to = tf_attr_int(node, "end_mask", 0) & 1 ? n : to;
    from += from < 0 ? n : 0;
    to += to < 0 ? n : 0;
    to = shrink ? from + 1 : to > n ? n : to;
    if (from < 0 || (shrink && from >= n))
        return tf_fail(r, AMCT_E_FORMAT, "takes element %lld of %lld", (long long)from,
                       (long long)n);
    for (int64_t i = from; i < to; i += step)
        out[count++] = in[0].at[i];
    const tf_shape shape = {.rank = !shrink, .dims = {count}};
    return put(r, call, call->src[0]->dtype, &shape, out, done);
}

static int32_t fold_gather(tf_reader *r, tf_call *call, const operand *in, double *out, bool *done)
{
    if (call->src[0]->shape.rank != 1 || in[1].n > TF_MAX_KNOWN)
        return AMCT_OK;
    for (size_t i = 0; i < in[1].n; i++) {
        int64_t at = tf_whole(in[1].at[i]);
        if (isnan(in[1].at[i]) || at < 0 || at >= (int64_t)in[0].n)
            return tf_fail(r, AMCT_E_FORMAT, "takes element %lld of %zu", (long long)at, in[0].n);
        out[i] = in[0].at[at];
    }
    return put(r, call, call->src[0]->dtype, &call->src[1]->shape, out, done);
}

/* All of a list: a sum, a product, the least, the greatest. */
static int32_t fold_reduce(tf_reader *r, tf_call *call, const operand *in, bool *done)
{
    double all = is(call, "Prod") ? 1 : 0;
    const tf_shape shape = {.rank = tf_attr_bool(call->node, "keep_dims", false), .dims = {1}};
    if (call->src[0]->shape.rank != 1 || in[1].n != 1 || in[0].n == 0)
        return AMCT_OK;
    for (size_t i = 0; i < in[0].n; i++) {
        double v = in[0].at[i];
        all = is(call, "Prod")                             ? all * v
              : is(call, "Sum")                            ? all + v
              : i == 0 || isnan(v)                         ? v
              : isnan(all) || (all > v) == is(call, "Max") ? all
                                                           : v;
    }
    return put(r, call, call->src[0]->dtype, &shape, &all, done);
}

static int32_t fold_range(tf_reader *r, tf_call *call, const operand *in, double *out, bool *done)
{
    int64_t n = 0;
    if (in[0].n != 1 || in[1].n != 1 || in[2].n != 1 || !(fabs(in[2].at[0]) > 0))
        return AMCT_OK;
    double from = in[0].at[0], to = in[1].at[0], step = in[2].at[0];
    for (; n < TF_MAX_KNOWN; n++) {
        double v = from + step * (double)n;
        if (!(step > 0 ? v < to : v > to))
            break;
        out[n] = v;
    }
    const tf_shape shape = {.rank = 1, .dims = {n}};
    return n < TF_MAX_KNOWN && !isnan(to) && !isnan(from)
               ? put(r, call, call->src[0]->dtype, &shape, out, done)
               : AMCT_OK;
}

static int32_t fold_fill(tf_reader *r, tf_call *call, const operand *in, double *out, bool *done)
{
    tf_shape shape = {.rank = 0};
    int64_t count = 1;
    if (in[0].n > TF_MAX_RANK || in[1].n != 1)
        return AMCT_OK;
    for (size_t i = 0; i < in[0].n; i++) {
        int64_t dim = isnan(in[0].at[i]) ? -1 : tf_whole(in[0].at[i]);
        if (dim < 0 || dim > TF_MAX_KNOWN || count * dim > TF_MAX_KNOWN)
            return AMCT_OK;
        shape.dims[shape.rank++] = dim;
        count *= dim;
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = in[1].at[0];
    return put(r, call, call->src[1]->dtype, &shape, out, done);
}

/* Elements of a list, one by one. */
static int32_t fold_unpack(tf_reader *r, tf_call *call, const operand *in, bool *done)
{
    const tf_shape scalar = tf_scalar();
    if (call->src[0]->shape.rank != 1)
        return AMCT_OK;
    TF_TRY(tf_call_results(r, call, (uint32_t)in->n));
    for (uint32_t i = 0; i < in->n; i++)
        TF_TRY(
            tf_known_new(r, call->name, call->src[0]->dtype, &scalar, &in->at[i], &call->dst[i]));
    *done = true;
    return AMCT_OK;
}

static int32_t fold_known(tf_reader *r, tf_call *call, const operand *in, double *out, bool *done)
{
    const tf_shape scalar = tf_scalar();
    double rank = call->src[0]->shape.rank;
    if (is(call, "Pack") || is(call, "ConcatV2") || is(call, "Concat"))
        return fold_join(r, call, in, out, done);
    if (is(call, "StridedSlice") || is(call, "Slice"))
        return fold_list_slice(r, call, in, out, done);
    if (is(call, "GatherV2") || is(call, "Gather"))
        return fold_gather(r, call, in, out, done);
    if (is(call, "Prod") || is(call, "Sum") || is(call, "Max") || is(call, "Min"))
        return fold_reduce(r, call, in, done);
    if (is(call, "Range"))
        return fold_range(r, call, in, out, done);
    if (is(call, "Fill"))
        return fold_fill(r, call, in, out, done);
    if (is(call, "Unpack"))
        return fold_unpack(r, call, in, done);
    if (is(call, "Rank"))
        return put(r, call, AMCT_INT32, &scalar, &rank, done);
    if (is(call, "ZerosLike") || is(call, "OnesLike")) {
        for (size_t i = 0; i < in->n; i++)
            out[i] = is(call, "OnesLike");
        return put(r, call, call->src[0]->dtype, &call->src[0]->shape, out, done);
    }
    if (call->n_src == 2)
        return fold_binary(r, call, in, out, done);
    return call->n_src == 1 ? fold_unary(r, call, in, out, done) : AMCT_OK;
}

/* ---- Random numbers ------------------------------------------------------------------------ */

static int32_t put_random(tf_reader *r, tf_call *call, const tf_value *u, double low, double high,
                          bool *done)
{
    *done = true;
    TF_TRY(tf_value_new(r, call->name, u->dtype, &u->shape, &call->dst[0]));
    call->dst[0]->kind = TF_RANDOM;
    call->dst[0]->low = low;
    call->dst[0]->high = high;
    return AMCT_OK;
}

static int32_t fold_random(tf_reader *r, tf_call *call, bool *done)
{
    const tf_shape scalar = tf_scalar();
    tf_value *u = call->src[0];
    bool first = u->kind == TF_RANDOM;
    size_t n = 0;
    double low = floor(first ? u->low : 0), truth;
    if (call->n_src == 1 && is(call, "Floor") && u->high <= low + 1)
        return put(r, call, u->dtype, &scalar, &low, done);
    if (call->n_src != 2 || (u = call->src[!first])->kind != TF_RANDOM)
        return AMCT_OK;
    const double *other = tf_known(r, call->src[first], &n);
    if (!other || n != 1 || isnan(other[0]))
        return AMCT_OK;
    double by = other[0];
    if (is(call, "Add") || is(call, "AddV2"))
        return put_random(r, call, u, u->low + by, u->high + by, done);
    if (is(call, "Sub") && first)
        return put_random(r, call, u, u->low - by, u->high - by, done);
    if (is(call, "Mul") && by > 0)
        return put_random(r, call, u, u->low * by, u->high * by, done);
    if (is(call, "GreaterEqual") && first && (u->low >= by || u->high <= by)) {
        truth = u->low >= by;
        return put(r, call, AMCT_BOOL, &scalar, &truth, done);
    }
    return AMCT_OK;
}

/* -------------------------------------------------------------------------------------------- */

int32_t tf_fold(tf_reader *r, tf_call *call, bool *done)
{
    enum { MAX_SRC = 64 };
    operand in[MAX_SRC];
    double out[TF_MAX_KNOWN];
    if (call->n_src == 0 || call->n_src > MAX_SRC)
        return AMCT_OK;
    for (uint32_t i = 0; i < call->n_src; i++)
        if (call->src[i]->kind == TF_RANDOM)
            return fold_random(r, call, done);
    if (is(call, "Rank")) {
        in[0] = (operand){NULL, 0};
        return fold_known(r, call, in, out, done);
    }
    if ((is(call, "Select") || is(call, "SelectV2")) && call->src[0]->shape.rank == 0) {
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
