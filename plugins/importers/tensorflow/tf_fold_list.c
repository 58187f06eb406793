/* Lists, as shapes are: joined, cut, reduced, made. */
#include "tf_fold.h"

#include <math.h>
#include <string.h>

/* Scalars packed to a list, lists joined to a longer one. */
int32_t tf_fold_join(tf_reader *r, tf_call *call, const tf_operand *in, double *out, bool *done)
{
    bool pack = tf_fold_is(call, "Pack"), front = tf_fold_is(call, "Concat");
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
    return n ? tf_fold_put(r, call, call->src[first]->dtype, &shape, out, done) : AMCT_OK;
}

int32_t tf_fold_list_slice(tf_reader *r, tf_call *call, const tf_operand *in, double *out,
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
    if (tf_fold_is(call, "Slice"))
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
    return tf_fold_put(r, call, call->src[0]->dtype, &shape, out, done);
}

int32_t tf_fold_gather(tf_reader *r, tf_call *call, const tf_operand *in, double *out, bool *done)
{
    if (call->src[0]->shape.rank != 1 || in[1].n > TF_MAX_KNOWN)
        return AMCT_OK;
    for (size_t i = 0; i < in[1].n; i++) {
        int64_t at = tf_whole(in[1].at[i]);
        if (isnan(in[1].at[i]) || at < 0 || at >= (int64_t)in[0].n)
            return tf_fail(r, AMCT_E_FORMAT, "takes element %lld of %zu", (long long)at, in[0].n);
        out[i] = in[0].at[at];
    }
    return tf_fold_put(r, call, call->src[0]->dtype, &call->src[1]->shape, out, done);
}

/* All of a list: a sum, a product, the least, the greatest. */
int32_t tf_fold_reduce(tf_reader *r, tf_call *call, const tf_operand *in, bool *done)
{
    double all = tf_fold_is(call, "Prod") ? 1 : 0;
    const tf_shape shape = {.rank = tf_attr_bool(call->node, "keep_dims", false), .dims = {1}};
    if (call->src[0]->shape.rank != 1 || in[1].n != 1 || in[0].n == 0)
        return AMCT_OK;
    for (size_t i = 0; i < in[0].n; i++) {
        double v = in[0].at[i];
        all = tf_fold_is(call, "Prod")                             ? all * v
              : tf_fold_is(call, "Sum")                            ? all + v
              : i == 0 || isnan(v)                                 ? v
              : isnan(all) || (all > v) == tf_fold_is(call, "Max") ? all
                                                                   : v;
    }
    return tf_fold_put(r, call, call->src[0]->dtype, &shape, &all, done);
}

int32_t tf_fold_range(tf_reader *r, tf_call *call, const tf_operand *in, double *out, bool *done)
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
               ? tf_fold_put(r, call, call->src[0]->dtype, &shape, out, done)
               : AMCT_OK;
}

int32_t tf_fold_fill(tf_reader *r, tf_call *call, const tf_operand *in, double *out, bool *done)
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
    return tf_fold_put(r, call, call->src[1]->dtype, &shape, out, done);
}

/* Elements of a list, one by one. */
int32_t tf_fold_unpack(tf_reader *r, tf_call *call, const tf_operand *in, bool *done)
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
