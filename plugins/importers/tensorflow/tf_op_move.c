/* Parts of tensors: joined, cut, padded, resized. */
#include "tf_rules.h"

#include <math.h>
#include <string.h>

/* ---- Joined -------------------------------------------------------------------------------- */

static int32_t join(tf_reader *r, tf_call *call, tf_value *const *src, uint32_t n, int64_t where)
{
    uint32_t rank = src[0]->shape.rank, axis;
    tf_shape shape = src[0]->shape;
    tf_op op = tf_op_of("Concat");
    TF_TRY(tf_axis(r, where, rank, &axis));
    for (uint32_t i = 1; i < n; i++) {
        const tf_shape *other = &src[i]->shape;
        bool fits = other->rank == rank && src[i]->dtype == src[0]->dtype;
        for (uint32_t k = 0; fits && k < rank; k++) {
            int64_t *to = &shape.dims[k], dim = other->dims[k];
            if (k == axis)
                *to = *to < 0 || dim < 0 ? AMCT_DIM_UNKNOWN : *to + dim;
            else if (*to < 0)
                *to = dim;
            else
                fits = dim < 0 || dim == *to;
        }
        if (!fits)
            return tf_fail(r, AMCT_E_FORMAT, "its input %u does not fit the first one", i);
    }
    tf_order order = tf_order_of(r, src, n, rank);
    if (!(op.more = tf_alloc(&r->memory, n, sizeof *op.more)))
        return tf_nomem(r);
    for (; op.n_src < n; op.n_src++)
        TF_TRY(tf_want(r, src[op.n_src], &order, &op.more[op.n_src]));
    tf_op_int(&op, "axis", tf_order_place(&order, rank, axis));
    return tf_emit(r, &op, call->name, src[0]->dtype, &shape, &order, &call->dst[0]);
}

int32_t tf_concat(tf_reader *r, tf_call *call)
{
    bool first = strcmp(call->node->op, "Concat") == 0;
    uint32_t n = call->n_src - 1;
    int64_t axis;
    TF_TRY(tf_int(r, call->src[first ? 0 : n], "the axis", &axis));
    if (n == 1) {
        call->dst[0] = call->src[first];
        return AMCT_OK;
    }
    return join(r, call, call->src + first, n, axis);
}

/* The value with one more dim of 1, or one less. */
static int32_t change_rank(tf_reader *r, tf_call *call, tf_value *v, const char *op_name,
                           uint32_t axis, const char *name, tf_value **out)
{
    bool more = strcmp(op_name, "Unsqueeze") == 0;
    int64_t where = axis;
    uint32_t id, axes;
    tf_op op = tf_op_of(op_name);
    const tf_order plain = tf_order_plain();
    tf_shape to = {.rank = 0};
    if (more && v->shape.rank == TF_MAX_RANK)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "more than %d dims", TF_MAX_RANK);
    for (uint32_t i = 0; i < v->shape.rank + more; i++)
        if (more && i == axis)
            to.dims[to.rank++] = 1;
        else if (more || i != axis)
            to.dims[to.rank++] = v->shape.dims[i - (more && i > axis)];
    if (v->kind == TF_CONSTANT)
        return tf_reshaped_constant(r, v, &to, out);
    TF_TRY(tf_want_plain(r, v, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "axes"), &where, 1, &axes));
    tf_op_src(&op, id);
    tf_op_src(&op, axes);
    return tf_emit(r, &op, name, v->dtype, &to, &plain, out);
}

int32_t tf_pack(tf_reader *r, tf_call *call)
{
    uint32_t axis;
    const char *name = TF_SUB(r, call, "Unsqueeze");
    tf_value **wide = tf_alloc(&r->memory, call->n_src, sizeof *wide);
    if (!wide || !name)
        return tf_nomem(r);
    TF_TRY(tf_axis(r, tf_attr_int(call->node, "axis", 0), call->src[0]->shape.rank + 1, &axis));
    for (uint32_t i = 0; i < call->n_src; i++) {
        if (call->src[i]->shape.rank != call->src[0]->shape.rank)
            return tf_fail(r, AMCT_E_FORMAT, "its inputs are of different ranks");
        TF_TRY(change_rank(r, call, call->src[i], "Unsqueeze", axis, name, &wide[i]));
    }
    return join(r, call, wide, call->n_src, axis);
}

/* ---- Cut ----------------------------------------------------------------------------------- */

enum { MAX_PARTS = TF_MAX_KNOWN };

static int32_t cut(tf_reader *r, tf_call *call, tf_value *x, uint32_t axis, const int64_t *sizes,
                   uint32_t n, tf_value **parts)
{
    uint32_t id, list;
    tf_op op = tf_op_of("Split");
    tf_order order = tf_order_of(r, &x, 1, x->shape.rank);
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "sizes"), sizes, n, &list));
    tf_op_src(&op, id);
    tf_op_src(&op, list);
    tf_op_int(&op, "axis", tf_order_place(&order, x->shape.rank, axis));
    for (uint32_t i = 0; i < n; i++) {
        tf_shape shape = x->shape;
        const char *name = i ? tf_text(&r->memory, "%s:%u", call->name, i) : call->name;
        if (!name)
            return tf_nomem(r);
        shape.dims[axis] = sizes[i];
        TF_TRY(tf_value_new(r, name, x->dtype, &shape, &parts[i]));
    }
    return tf_emit_all(r, &op, call->name, parts, &order, n);
}

/* Sizes of the parts of SplitV, of which one may be -1. */
static int32_t read_sizes(tf_reader *r, tf_call *call, int64_t whole, int64_t *sizes, uint32_t *n)
{
    int64_t sum = 0, left = -1;
    TF_TRY(tf_ints(r, call->src[1], "the sizes", sizes, MAX_PARTS, n));
    for (uint32_t i = 0; i < *n; i++) {
        if (sizes[i] < -1 || sizes[i] > whole || (sizes[i] == -1 && left >= 0))
            return tf_fail(r, AMCT_E_FORMAT, "a part of %lld", (long long)sizes[i]);
        if (sizes[i] == -1)
            left = i;
        else
            sum += sizes[i];
    }
    if (left >= 0 && sum <= whole)
        sizes[left] = whole - sum, sum = whole;
    return sum == whole ? AMCT_OK
                        : tf_fail(r, AMCT_E_FORMAT, "its parts have %lld, its input %lld",
                                  (long long)sum, (long long)whole);
}

int32_t tf_split(tf_reader *r, tf_call *call)
{
    bool even = strcmp(call->node->op, "Split") == 0;
    tf_value *x = call->src[even];
    int64_t where, parts = tf_attr_int(call->node, "num_split", 1);
    uint32_t axis, n;
    int64_t sizes[MAX_PARTS];
    TF_TRY(tf_int(r, call->src[even ? 0 : 2], "the axis", &where));
    TF_TRY(tf_axis(r, where, x->shape.rank, &axis));
    int64_t whole = x->shape.dims[axis];
    if (whole < 0 || parts < 1 || parts > MAX_PARTS || (even && whole % parts))
        return tf_fail(r, AMCT_E_FORMAT, "%lld cannot be split into %lld parts", (long long)whole,
                       (long long)parts);
    for (n = 0; even && n < parts; n++)
        sizes[n] = whole / parts;
    if (!even)
        TF_TRY(read_sizes(r, call, whole, sizes, &n));
    TF_TRY(tf_call_results(r, call, n));
    return cut(r, call, x, axis, sizes, n, call->dst);
}

int32_t tf_unpack(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    uint32_t axis, n;
    int64_t sizes[64];
    TF_TRY(tf_axis(r, tf_attr_int(call->node, "axis", 0), x->shape.rank, &axis));
    int64_t whole = x->shape.dims[axis];
    if (whole < 1 || whole > 64)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "%lld parts, 1 to 64 are supported",
                       (long long)whole);
    for (n = 0; n < whole; n++)
        sizes[n] = 1;
    TF_TRY(tf_call_results(r, call, n));
    TF_TRY(cut(r, call, x, axis, sizes, n, call->dst));
    for (uint32_t i = 0; i < n; i++) {
        const char *name = tf_text(&r->memory, "%s/Squeeze:%u", call->name, i);
        if (!name)
            return tf_nomem(r);
        TF_TRY(change_rank(r, call, call->dst[i], "Squeeze", axis, name, &call->dst[i]));
    }
    return AMCT_OK;
}

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

/* ---- The others ---------------------------------------------------------------------------- */

int32_t tf_pad(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t pairs[2 * TF_MAX_RANK], pads[2 * TF_MAX_RANK], most = 0;
    uint32_t n, rank = x->shape.rank, id, list, value;
    tf_shape shape = x->shape;
    tf_op op = tf_op_of("Pad");
    TF_TRY(tf_ints(r, call->src[1], "the padding", pairs, 2 * TF_MAX_RANK, &n));
    if (n != 2 * rank)
        return tf_fail(r, AMCT_E_FORMAT, "pads %u dims of %u", n / 2, rank);
    tf_order order = tf_order_of(r, &x, 1, rank);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t place = tf_order_place(&order, rank, i / 2);
        if (pairs[i] < 0 || pairs[i] > INT32_MAX)
            return tf_fail(r, AMCT_E_FORMAT, "pads by %lld", (long long)pairs[i]);
        most = pairs[i] > most ? pairs[i] : most;
        pads[(i % 2) * rank + place] = pairs[i];
        if (shape.dims[i / 2] >= 0)
            shape.dims[i / 2] += pairs[i];
    }
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "pads"), pads, n, &list));
    tf_op_src(&op, id);
    tf_op_src(&op, list);
    if (strcmp(call->node->op, "MirrorPad") == 0) {
        bool symmetric = tf_attr_is(call->node, "mode", "SYMMETRIC", "");
        if (symmetric && most > 1)
            return tf_fail(r, AMCT_E_UNSUPPORTED, "SYMMETRIC by more than 1 is not supported");
        tf_op_text(&op, "mode", symmetric ? "edge" : "reflect");
    } else if (call->n_src == 3) {
        TF_TRY(tf_want_plain(r, call->src[2], &value));
        tf_op_src(&op, value);
    }
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}

int32_t tf_gather(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0], *indices = call->src[1];
    int64_t where = 0;
    uint32_t axis, ids[2];
    tf_shape shape = {.rank = 0};
    const tf_order plain = tf_order_plain();
    tf_op op = tf_op_of("Gather");
    if (call->n_src == 3)
        TF_TRY(tf_int(r, call->src[2], "the axis", &where));
    if (tf_attr_int(call->node, "batch_dims", 0))
        return tf_fail(r, AMCT_E_UNSUPPORTED, "batch_dims are not supported");
    TF_TRY(tf_axis(r, where, x->shape.rank, &axis));
    if (x->shape.rank - 1 + indices->shape.rank > TF_MAX_RANK)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "more than %d dims", TF_MAX_RANK);
    for (uint32_t i = 0; i < x->shape.rank; i++)
        if (i != axis)
            shape.dims[shape.rank++] = x->shape.dims[i];
        else
            for (uint32_t k = 0; k < indices->shape.rank; k++)
                shape.dims[shape.rank++] = indices->shape.dims[k];
    TF_TRY(tf_want_plain(r, x, &ids[0]));
    TF_TRY(tf_want_plain(r, indices, &ids[1]));
    tf_op_src(&op, ids[0]);
    tf_op_src(&op, ids[1]);
    tf_op_int(&op, "axis", axis);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &plain, &call->dst[0]);
}

/* TensorFlow rounds halves up where ONNX has a choice. */
int32_t tf_resize(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    const char *mode = tf_as(call);
    bool corners = tf_attr_bool(call->node, "align_corners", false);
    bool centers = tf_attr_bool(call->node, "half_pixel_centers", false);
    int64_t size[2];
    uint32_t n, id, list;
    tf_shape shape = x->shape;
    tf_op op = tf_op_of("Resize");
    TF_TRY(tf_ints(r, call->src[1], "the size", size, 2, &n));
    if (n != 2 || x->shape.rank != 4 || size[0] < 1 || size[1] < 1 || shape.dims[3] < 1)
        return tf_fail(r, AMCT_E_FORMAT, "the size wanted or its input are not those of an image");
    shape.dims[1] = size[0];
    shape.dims[2] = size[1];
    tf_order order = tf_order_first(4, true);
    tf_shape stored = tf_order_apply(&order, &shape);
    stored.dims[0] = stored.dims[0] < 0 ? 1 : stored.dims[0]; /* until a batch size is chosen */
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "sizes"), stored.dims, 4, &list));
    tf_op_src(&op, id);
    tf_op_src(&op, AMCT_NO_TENSOR);
    tf_op_src(&op, AMCT_NO_TENSOR);
    tf_op_src(&op, list);
    tf_op_text(&op, "mode", mode);
    tf_op_text(&op, "coordinate_transformation_mode",
               corners   ? "align_corners"
               : centers ? "half_pixel"
                         : "asymmetric");
    if (strcmp(mode, "nearest") == 0)
        tf_op_text(&op, "nearest_mode", corners || centers ? "round_prefer_ceil" : "floor");
    if (strcmp(mode, "cubic") == 0) {
        tf_op_float(&op, "cubic_coeff_a", centers ? -0.5f : -0.75f);
        tf_op_int(&op, "exclude_outside", centers);
    }
    return tf_emit(r, &op, call->name, mode[0] == 'n' ? x->dtype : AMCT_FLOAT, &shape, &order,
                   &call->dst[0]);
}

int32_t tf_depth_to_space(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    const char *as = tf_as(call);
    int64_t block = tf_attr_int(call->node, "block_size", 0);
    bool last = tf_channels_last(call), deep = strcmp(as, "SpaceToDepth") == 0;
    uint32_t id, channel = last ? 3 : 1;
    tf_shape shape = x->shape;
    tf_op op = tf_op_of(as);
    if (shape.rank != 4 || block < 1 || block > 1 << 15)
        return tf_fail(r, AMCT_E_FORMAT, "4 dims and a block of 1 or more are wanted");
    for (uint32_t i = 1; i < 4; i++) {
        int64_t by = i == channel ? block * block : block, dim = shape.dims[i];
        bool divide = (i == channel) != deep;
        if (dim < 0 || (divide && dim % by) || (!divide && dim > INT32_MAX))
            return tf_fail(r, AMCT_E_FORMAT, "dim %u is %lld, blocks of %lld", i, (long long)dim,
                           (long long)block);
        shape.dims[i] = divide ? dim / by : dim * by;
    }
    tf_order order = tf_order_first(4, last);
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    tf_op_int(&op, "blocksize", block);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]);
}
