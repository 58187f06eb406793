/* Other dims for the same elements. */
#include "tf_rules.h"
#include "tf_runs.h"

#include <math.h>
#include <string.h>

int32_t tf_shape_of(tf_reader *r, tf_call *call)
{
    const tf_shape *shape = &call->src[0]->shape;
    bool size = strcmp(call->node->op, "Size") == 0;
    double dims[TF_MAX_RANK], count = 1;
    const tf_shape list = {.rank = !size, .dims = {shape->rank}};
    for (uint32_t i = 0; i < shape->rank; i++) {
        dims[i] = shape->dims[i] < 0 ? NAN : (double)shape->dims[i];
        count *= dims[i];
    }
    return tf_known_new(r, call->name, tf_attr_type(call->node, "out_type", AMCT_INT32), &list,
                        size ? &count : dims, &call->dst[0]);
}

/* ---- Reshape ------------------------------------------------------------------------------- */

/* Fills the target in: NaN is the one dim of x that is not known, -1 what is left. */
static int32_t read_target(tf_reader *r, tf_call *call, tf_shape *out)
{
    tf_value *x = call->src[0];
    size_t n;
    const double *numbers = tf_known(r, call->src[1], &n);
    tf_product from = tf_product_of(&x->shape), to;
    int64_t left = -1;
    if (!numbers)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "the shape wanted ('%.200s') is not known before the network runs",
                       call->src[1]->name);
    if (n > TF_MAX_RANK)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "more than %d dims", TF_MAX_RANK);
    *out = (tf_shape){.rank = (uint32_t)n};
    for (uint32_t i = 0; i < n; i++) {
        int64_t dim = tf_whole(numbers[i]);
        out->dims[i] = isnan(numbers[i]) ? AMCT_DIM_UNKNOWN : dim;
        if (isnan(numbers[i]))
            continue;
        if (dim < -1 || (dim == -1 && left >= 0))
            return tf_fail(r, AMCT_E_FORMAT, "the shape wanted has a dim of %lld, or -1 twice",
                           (long long)dim);
        if (dim == -1)
            left = i;
    }
    if (left >= 0) {
        out->dims[left] = 1;
        to = tf_product_of(out);
        bool fits = to.known > 0 && from.known % to.known == 0;
        if (from.unknown == to.unknown && !fits)
            return tf_fail(r, AMCT_E_FORMAT, "%lld elements do not make rows of %lld",
                           (long long)from.known, (long long)to.known);
        out->dims[left] = from.unknown == to.unknown ? from.known / to.known : AMCT_DIM_UNKNOWN;
    }
    to = tf_product_of(out);
    if (from.unknown == to.unknown && from.known != to.known)
        return tf_fail(r, AMCT_E_FORMAT, "%lld elements, %lld wanted", (long long)from.known,
                       (long long)to.known);
    return AMCT_OK;
}

/* x[.., a, ..] with every element of dim a repeated: ExpandDims behind it, Tile, and back. */
static bool is_repeat(const tf_call *call, const tf_shape *to, tf_value **x)
{
    const tf_value *tiled = call->src[0], *wide = tiled->times > 1 ? tiled->from : NULL;
    if (!wide || wide->times != 1 || !wide->from || tiled->axis != wide->axis || tiled->axis < 1)
        return false;
    *x = wide->from;
    uint32_t axis = (uint32_t)tiled->axis - 1;
    if (to->rank != (*x)->shape.rank || (*x)->shape.dims[axis] < 1)
        return false;
    for (uint32_t i = 0; i < to->rank; i++)
        if (to->dims[i] != (*x)->shape.dims[i] * (i == axis ? tiled->times : 1) &&
            (to->dims[i] >= 0 || (*x)->shape.dims[i] >= 0))
            return false;
    return true;
}

static int32_t emit_repeat(tf_reader *r, tf_call *call, tf_value *x, const tf_shape *to)
{
    tf_order order = tf_order_of(r, &x, 1, to->rank);
    tf_shape stored = tf_order_apply(&order, to);
    uint32_t id, sizes;
    tf_op op = tf_op_of("Resize");
    for (uint32_t k = 0; k < stored.rank; k++)
        stored.dims[k] = stored.dims[k] < 0 ? 1 : stored.dims[k];
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "sizes"), stored.dims, stored.rank, &sizes));
    tf_op_src(&op, id);
    tf_op_src(&op, AMCT_NO_TENSOR);
    tf_op_src(&op, AMCT_NO_TENSOR);
    tf_op_src(&op, sizes);
    tf_op_text(&op, "mode", "nearest");
    tf_op_text(&op, "coordinate_transformation_mode", "asymmetric");
    tf_op_text(&op, "nearest_mode", "floor");
    return tf_emit(r, &op, call->name, x->dtype, to, &order, &call->dst[0]);
}

/* The result of a node that leaves the elements one after the other as they are. */
static int32_t emit_view(tf_reader *r, tf_call *call, tf_value *x, const tf_order *need,
                         const tf_shape *to, const tf_order *made)
{
    tf_shape dims = tf_order_apply(made, to);
    uint32_t id, shape, unknown = 0, flat;
    tf_op op = tf_op_of("Reshape");
    TF_TRY(tf_want(r, x, need, &id));
    flat = id;
    for (const tf_form *form = x->forms; form; form = form->next)
        if (form->id == id)
            flat = form->flat;
    for (uint32_t k = 0; k < dims.rank; k++)
        unknown += dims.dims[k] < 0;
    if (unknown > 1)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "more than one dim of its result is not known: all dims but the batch must "
                       "be fixed, in the file or by option shape");
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "shape"), dims.dims, dims.rank, &shape));
    tf_op_src(&op, flat);
    tf_op_src(&op, shape);
    TF_TRY(tf_emit(r, &op, call->name, x->dtype, to, made, &call->dst[0]));
    call->dst[0]->forms->flat = flat;
    return AMCT_OK;
}

/* Whether x is N x C x H x W, and now N x (H * W * C) of it is wanted: what a product that follows
 * can take as it is. */
static bool is_flattening(const tf_value *x, const tf_shape *to, const tf_order *need)
{
    return to->rank == 2 && x->forms && x->shape.rank > 2 && x->shape.dims[0] == to->dims[0] &&
           to->dims[1] > 0 && !tf_order_same(need, &x->forms->order, &x->shape);
}

int32_t tf_view(tf_reader *r, tf_call *call, tf_value *x, const tf_shape *to)
{
    tf_order stored = tf_order_plain(), need, made;
    if (x->kind == TF_CONSTANT)
        return tf_reshaped_constant(r, x, to, &call->dst[0]);
    if (x->forms)
        stored = x->forms->order;
    tf_runs found = tf_runs_find(&x->shape, to);
    tf_runs_plan(&x->shape, to, &found, &stored, &need, &made);
    if (tf_order_same(&need, &stored, &x->shape))
        need = stored;
    if (is_flattening(x, to, &need)) {
        TF_TRY(tf_value_new(r, call->name, x->dtype, to, &call->dst[0]));
        call->dst[0]->kind = TF_FLAT;
        call->dst[0]->from = x;
        return AMCT_OK;
    }
    return emit_view(r, call, x, &need, to, &made);
}

int32_t tf_reshape(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0], *repeated;
    tf_shape to;
    TF_TRY(read_target(r, call, &to));
    if (is_repeat(call, &to, &repeated))
        return emit_repeat(r, call, repeated, &to);
    if (tf_shape_equal(&x->shape, &to))
        return tf_alias(r, call);
    return tf_view(r, call, x, &to);
}

int32_t tf_squeeze(tf_reader *r, tf_call *call)
{
    const tf_value *x = call->src[0];
    int64_t axes[TF_MAX_RANK];
    uint32_t n, axis;
    bool gone[TF_MAX_RANK] = {false};
    tf_shape to = {.rank = 0};
    TF_TRY(tf_attr_ints(r, call->node, "squeeze_dims", axes, TF_MAX_RANK, &n));
    if (n == 0)
        TF_TRY(tf_attr_ints(r, call->node, "axis", axes, TF_MAX_RANK, &n));
    for (uint32_t i = 0; i < n; i++) {
        TF_TRY(tf_axis(r, axes[i], x->shape.rank, &axis));
        if (x->shape.dims[axis] > 1)
            return tf_fail(r, AMCT_E_FORMAT, "dim %u is %lld, 1 wanted", axis,
                           (long long)x->shape.dims[axis]);
        gone[axis] = true;
    }
    for (uint32_t i = 0; i < x->shape.rank; i++)
        if (n ? !gone[i] : x->shape.dims[i] != 1)
            to.dims[to.rank++] = x->shape.dims[i];
    return tf_view(r, call, call->src[0], &to);
}

int32_t tf_expand_dims(tf_reader *r, tf_call *call)
{
    const tf_value *x = call->src[0];
    int64_t where;
    uint32_t axis;
    tf_shape to = {.rank = x->shape.rank + 1};
    TF_TRY(tf_int(r, call->src[1], "the axis", &where));
    TF_TRY(tf_axis(r, where, x->shape.rank + 1, &axis));
    if (to.rank > TF_MAX_RANK)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "more than %d dims", TF_MAX_RANK);
    for (uint32_t i = 0; i < to.rank; i++)
        to.dims[i] = i == axis ? 1 : x->shape.dims[i - (i > axis)];
    TF_TRY(tf_view(r, call, call->src[0], &to));
    if (call->dst[0]->kind == TF_VALUE) {
        call->dst[0]->from = call->src[0];
        call->dst[0]->axis = axis;
        call->dst[0]->times = 1;
    }
    return AMCT_OK;
}

int32_t tf_transpose(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t axes[TF_MAX_RANK];
    uint32_t n, perm[TF_MAX_RANK];
    bool seen[TF_MAX_RANK] = {false};
    TF_TRY(tf_ints(r, call->src[1], "the order", axes, TF_MAX_RANK, &n));
    if (n != x->shape.rank)
        return tf_fail(r, AMCT_E_FORMAT, "an order of %u dims for %u", n, x->shape.rank);
    for (uint32_t i = 0; i < n; i++) {
        TF_TRY(tf_axis(r, axes[i], n, &perm[i]));
        if (seen[perm[i]])
            return tf_fail(r, AMCT_E_FORMAT, "the order has dim %u twice", perm[i]);
        seen[perm[i]] = true;
    }
    return tf_transposed(r, x, perm, call->name, &call->dst[0]);
}

int32_t tf_fill(tf_reader *r, tf_call *call)
{
    int64_t dims[TF_MAX_RANK];
    uint32_t n, id, value;
    tf_op op = tf_op_of("Expand");
    const tf_order plain = tf_order_plain();
    tf_shape shape = {.rank = 0};
    TF_TRY(tf_ints(r, call->src[0], "the shape", dims, TF_MAX_RANK, &n));
    for (uint32_t i = 0; i < n; i++)
        if (dims[i] < 0)
            return tf_fail(r, AMCT_E_FORMAT, "a dim of %lld", (long long)dims[i]);
        else
            shape.dims[shape.rank++] = dims[i];
    TF_TRY(tf_want_plain(r, call->src[1], &value));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "shape"), dims, n, &id));
    tf_op_src(&op, value);
    tf_op_src(&op, id);
    return tf_emit(r, &op, call->name, call->src[1]->dtype, &shape, &plain, &call->dst[0]);
}

int32_t tf_tile(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t times[TF_MAX_RANK], stored[TF_MAX_RANK];
    uint32_t n, id, repeats, at = 0, n_more = 0;
    tf_shape shape = x->shape;
    tf_op op = tf_op_of("Tile");
    TF_TRY(tf_ints(r, call->src[1], "how often", times, TF_MAX_RANK, &n));
    if (n != shape.rank)
        return tf_fail(r, AMCT_E_FORMAT, "%u numbers for %u dims", n, shape.rank);
    tf_order order = tf_order_of(r, &x, 1, n);
    for (uint32_t i = 0; i < n; i++) {
        if (times[i] < 0 || (shape.dims[i] > 0 && times[i] > ((int64_t)1 << 40) / shape.dims[i]))
            return tf_fail(r, AMCT_E_LIMIT, "repeats dim %u %lld times", i, (long long)times[i]);
        if (shape.dims[i] >= 0)
            shape.dims[i] *= times[i];
        if (times[i] != 1)
            at = i, n_more++;
    }
    for (uint32_t k = 0; k < n; k++)
        stored[k] = times[order.axis[k]];
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "repeats"), stored, n, &repeats));
    tf_op_src(&op, id);
    tf_op_src(&op, repeats);
    TF_TRY(tf_emit(r, &op, call->name, x->dtype, &shape, &order, &call->dst[0]));
    if (n_more == 1) {
        call->dst[0]->from = x;
        call->dst[0]->axis = at;
        call->dst[0]->times = times[at];
    }
    return AMCT_OK;
}
