/* Slice and StridedSlice. */
#include "tf_rules.h"

#include <math.h>

/* Per dim of x; `to` is how far, exclusive, as ONNX's Slice has it. */
typedef struct cuts {
    int64_t from[TF_MAX_RANK], to[TF_MAX_RANK], steps[TF_MAX_RANK];
    bool all[TF_MAX_RANK]; /* nothing is cut off */
} cuts;

static int32_t emit_slice(tf_reader *r, tf_call *call, tf_value *x, const cuts *c,
                          const tf_shape *shape, tf_value **out)
{
    int64_t lists[4][TF_MAX_RANK];
    uint32_t n = 0, id, list;
    tf_op op = tf_op_of("Slice");
    tf_order order = tf_order_of(r, &x, 1, x->shape.rank);
    for (uint32_t k = 0; k < x->shape.rank; k++) {
        uint32_t axis = order.axis[k];
        if (c->all[axis])
            continue;
        lists[0][n] = c->from[axis];
        lists[1][n] = c->to[axis];
        lists[2][n] = k;
        lists[3][n++] = c->steps[axis];
    }
    *out = x;
    if (n == 0)
        return AMCT_OK;
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    for (uint32_t i = 0; i < 4; i++) {
        static const char *const names[] = {"starts", "ends", "axes", "steps"};
        TF_TRY(tf_new_ints(r, TF_SUB(r, call, names[i]), lists[i], n, &list));
        tf_op_src(&op, list);
    }
    return tf_emit(r, &op, call->name, x->dtype, shape, &order, out);
}

int32_t tf_slice(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t begin[TF_MAX_RANK], size[TF_MAX_RANK];
    uint32_t n, n_size;
    size_t n_known;
    tf_shape shape = x->shape;
    cuts c;
    TF_TRY(tf_ints(r, call->src[1], "begin", begin, TF_MAX_RANK, &n));
    const double *known = tf_known(r, call->src[2], &n_known);
    n_size = (uint32_t)n_known;
    if (!known || n != shape.rank || n_size != n)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "begin and size must be known, %u numbers each",
                       shape.rank);
    for (uint32_t i = 0; i < n; i++) {
        int64_t dim = shape.dims[i];
        size[i] = isnan(known[i]) ? -1 : tf_whole(known[i]); /* the batch is all of it */
        c.all[i] = begin[i] == 0 && (size[i] == -1 || size[i] == dim);
        c.from[i] = begin[i];
        c.to[i] = size[i] == -1 ? INT64_MAX : begin[i] + size[i];
        c.steps[i] = 1;
        if (c.all[i])
            continue;
        if (begin[i] < 0 || size[i] < -1 || dim < 0 || begin[i] > dim ||
            (size[i] >= 0 && size[i] > dim - begin[i]))
            return tf_fail(r, AMCT_E_FORMAT, "begins at %lld of %lld with %lld",
                           (long long)begin[i], (long long)dim, (long long)size[i]);
        shape.dims[i] = size[i] == -1 ? dim - begin[i] : size[i];
    }
    return emit_slice(r, call, x, &c, &shape, &call->dst[0]);
}

/* ---- StridedSlice -------------------------------------------------------------------------- */

/* One index of x[a:b:c, d, ...] on a dim; *count is how many are left. */
static int32_t cut_dim(tf_reader *r, int64_t dim, double from, double to, double step, bool shrink,
                       cuts *c, uint32_t axis, int64_t *count)
{
    int64_t stride = tf_whole(step), first, last;
    if (isnan(step) || stride == 0 || stride > INT32_MAX || stride < -INT32_MAX)
        return tf_fail(r, AMCT_E_FORMAT, "a step of %lld", (long long)stride);
    c->steps[axis] = stride;
    c->all[axis] = isnan(from) && isnan(to) && stride == 1 && !shrink;
    *count = dim;
    if (c->all[axis])
        return AMCT_OK;
    if (dim < 0)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "cuts dim %u, whose size is not known", axis);
    first = isnan(from) ? (stride > 0 ? 0 : dim - 1) : tf_whole(from);
    first += first < 0 ? dim : 0;
    if (shrink) {
        if (first < 0 || first >= dim)
            return tf_fail(r, AMCT_E_FORMAT, "takes element %lld of %lld", (long long)first,
                           (long long)dim);
        c->from[axis] = first;
        c->to[axis] = first + 1;
        c->steps[axis] = *count = 1;
        return AMCT_OK;
    }
    last = isnan(to) ? (stride > 0 ? dim : -1) : tf_whole(to);
    last += !isnan(to) && last < 0 ? dim : 0;
    int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? dim : dim - 1;
    first = first < low ? low : first > high ? high : first;
    last = last < low ? low : last > high ? high : last;
    int64_t span = stride > 0 ? last - first : first - last, by = stride > 0 ? stride : -stride;
    *count = span > 0 ? (span + by - 1) / by : 0;
    c->from[axis] = first;
    c->to[axis] = last < 0 ? INT64_MIN + 1 : last; /* -1 would count from the end */
    return AMCT_OK;
}

int32_t tf_strided_slice(tf_reader *r, tf_call *call)
{
    static const char *const masks[] = {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                                        "shrink_axis_mask"};
    enum { BEGIN, END, ELLIPSIS, NEW, SHRINK };
    tf_value *x = call->src[0], *sliced;
    int64_t mask[5];
    size_t n[3];
    const double *index[3];
    tf_shape shape = x->shape, to = {.rank = 0};
    cuts c;
    uint32_t axis = 0, used = 0;
    for (uint32_t i = 0; i < 5; i++)
        mask[i] = tf_attr_int(call->node, masks[i], 0);
    for (uint32_t i = 0; i < 3; i++)
        if (!(index[i] = tf_known(r, call->src[1 + i], &n[i])) || n[i] != n[0] || n[i] > 16)
            return tf_fail(r, AMCT_E_UNSUPPORTED,
                           "begin, end and strides must be known, of the same length");
    for (uint32_t i = 0; i < n[0]; i++)
        used += !(mask[ELLIPSIS] >> i & 1) && !(mask[NEW] >> i & 1);
    if (used > x->shape.rank)
        return tf_fail(r, AMCT_E_FORMAT, "%u indices for %u dims", used, x->shape.rank);
    for (uint32_t i = 0; i <= n[0]; i++) {
        bool rest = i == n[0] || (mask[ELLIPSIS] >> i & 1);
        for (uint32_t k = x->shape.rank - used; rest && k > 0; k--, axis++) {
            TF_TRY(
                cut_dim(r, x->shape.dims[axis], NAN, NAN, 1, false, &c, axis, &shape.dims[axis]));
            if (to.rank < TF_MAX_RANK)
                to.dims[to.rank++] = shape.dims[axis];
        }
        if (rest) {
            used = x->shape.rank; /* once */
            continue;
        }
        if (mask[NEW] >> i & 1) {
            if (to.rank == TF_MAX_RANK)
                return tf_fail(r, AMCT_E_UNSUPPORTED, "more than %d dims", TF_MAX_RANK);
            to.dims[to.rank++] = 1;
            continue;
        }
        bool shrink = mask[SHRINK] >> i & 1;
        double from = mask[BEGIN] >> i & 1 ? NAN : index[0][i];
        double until = mask[END] >> i & 1 ? NAN : index[1][i];
        bool open = isnan(until) && !shrink && !(mask[END] >> i & 1);
        if ((isnan(from) && !(mask[BEGIN] >> i & 1)) || (open && x->shape.dims[axis] >= 0))
            return tf_fail(r, AMCT_E_UNSUPPORTED, "where it begins or ends is not known");
        TF_TRY(cut_dim(r, x->shape.dims[axis], from, until, index[2][i], shrink, &c, axis,
                       &shape.dims[axis]));
        if (!shrink && to.rank < TF_MAX_RANK)
            to.dims[to.rank++] = shape.dims[axis];
        axis++;
    }
    TF_TRY(emit_slice(r, call, x, &c, &shape, &sliced));
    call->dst[0] = sliced;
    return tf_shape_equal(&shape, &to) ? AMCT_OK : tf_view(r, call, sliced, &to);
}
