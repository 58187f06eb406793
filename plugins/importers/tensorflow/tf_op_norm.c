/* Normalisation, products of matrices, reductions. */
#include "tf_rules.h"

#include <string.h>

int32_t tf_batch_norm(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    uint32_t rank = x->shape.rank, id;
    tf_op op = tf_op_of("BatchNormalization");
    if (tf_attr_bool(call->node, "is_training", true))
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "is set for training: a network for inference is wanted");
    if (rank < 3)
        return tf_fail(r, AMCT_E_FORMAT, "its input has %u dims, 4 or 5 wanted", rank);
    tf_order order = tf_order_first(rank, tf_channels_last(call));
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    for (uint32_t i = 1; i < 5; i++) {
        if (call->src[i]->shape.rank != 1)
            return tf_fail(r, AMCT_E_FORMAT, "its input %u has %u dims, 1 wanted", i,
                           call->src[i]->shape.rank);
        TF_TRY(tf_want_plain(r, call->src[i], &id));
        tf_op_src(&op, id);
    }
    tf_op_float(&op, "epsilon", tf_attr_float(call->node, "epsilon", 1e-4f));
    return tf_emit(r, &op, call->name, x->dtype, &x->shape, &order, &call->dst[0]);
}

/* ONNX divides alpha by the number of neighbours. */
int32_t tf_lrn(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    int64_t radius = tf_attr_int(call->node, "depth_radius", 5);
    uint32_t id;
    tf_op op = tf_op_of("LRN");
    if (x->shape.rank != 4 || radius < 0 || radius > 1 << 20)
        return tf_fail(r, AMCT_E_FORMAT, "its input has %u dims, 4 wanted, or its radius is %lld",
                       x->shape.rank, (long long)radius);
    tf_order order = tf_order_first(4, true);
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    tf_op_int(&op, "size", 2 * radius + 1);
    tf_op_float(&op, "bias", tf_attr_float(call->node, "bias", 1));
    tf_op_float(&op, "alpha", tf_attr_float(call->node, "alpha", 1) * (float)(2 * radius + 1));
    tf_op_float(&op, "beta", tf_attr_float(call->node, "beta", 0.5f));
    return tf_emit(r, &op, call->name, x->dtype, &x->shape, &order, &call->dst[0]);
}

int32_t tf_softmax(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    uint32_t rank = x->shape.rank, id;
    tf_op op = tf_op_of(tf_as(call));
    if (rank < 1)
        return tf_fail(r, AMCT_E_FORMAT, "its input is a scalar");
    tf_order order = tf_order_of(r, &x, 1, rank);
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    tf_op_int(&op, "axis", tf_order_place(&order, rank, rank - 1));
    return tf_emit(r, &op, call->name, x->dtype, &x->shape, &order, &call->dst[0]);
}

/* ---- Products ------------------------------------------------------------------------------ */

/* With its last two dims swapped, where asked for. */
static int32_t side(tf_reader *r, tf_call *call, uint32_t i, const char *transpose,
                    const char *adjoint, tf_value **out)
{
    tf_value *v = call->src[i];
    uint32_t rank = v->shape.rank, perm[TF_MAX_RANK];
    *out = v;
    if (rank < 2)
        return tf_fail(r, AMCT_E_FORMAT, "its input %u has %u dims, 2 or more wanted", i, rank);
    if (!tf_attr_bool(call->node, transpose, false) && !tf_attr_bool(call->node, adjoint, false))
        return AMCT_OK;
    for (uint32_t k = 0; k < rank; k++)
        perm[k] = k;
    perm[rank - 2] = rank - 1;
    perm[rank - 1] = rank - 2;
    if (v->kind == TF_CONSTANT && rank == 2) { /* here and now, not by a node */
        const tf_order swapped = {{1, 0}};
        const tf_shape dims = tf_order_apply(&swapped, &v->shape);
        const tf_order plain = tf_order_plain();
        uint32_t id;
        TF_TRY(tf_value_new(r, v->name, v->dtype, &dims, out));
        TF_TRY(tf_want(r, v, &swapped, &id));
        return tf_form_add(r, *out, id, &plain);
    }
    return tf_transposed(r, v, perm, v->name, out);
}

/* A product behind a flattened N x C x H x W: its rows take the place of the elements, so that
 * nothing needs to be transposed. */
static int32_t permuted_rows(tf_reader *r, tf_call *call, tf_value *a, tf_value *b, uint32_t *ids,
                             bool *done)
{
    const tf_value *from = a->kind == TF_FLAT && !a->forms ? a->from : NULL;
    tf_shape rows = {.rank = 0}, flat = a->shape;
    tf_order order;
    tf_value *view;
    *done = false;
    if (!from || b->kind != TF_CONSTANT || b->shape.rank != 2 || call->src[1] != b ||
        !from->forms || from->forms->order.axis[0] != 0 || from->shape.rank > TF_MAX_RANK - 1 ||
        flat.dims[1] != b->shape.dims[0])
        return AMCT_OK;
    for (uint32_t k = 1; k < from->shape.rank; k++) {
        order.axis[rows.rank] = (uint8_t)(from->forms->order.axis[k] - 1);
        rows.dims[rows.rank++] = from->shape.dims[k];
    }
    order.axis[rows.rank] = (uint8_t)rows.rank;
    rows.dims[rows.rank++] = b->shape.dims[1];
    TF_TRY(tf_reshaped_constant(r, b, &rows, &view));
    TF_TRY(tf_want_as(r, view, &order, &b->shape, &ids[1]));
    tf_op op = tf_op_of("Flatten");
    tf_value *made;
    const tf_order plain = tf_order_plain();
    tf_op_src(&op, from->forms->id);
    tf_op_int(&op, "axis", 1);
    TF_TRY(tf_emit(r, &op, a->name, a->dtype, &flat, &plain, &made));
    ids[0] = made->forms->id;
    *done = true;
    return AMCT_OK;
}

int32_t tf_matmul(tf_reader *r, tf_call *call)
{
    tf_value *sides[2];
    uint32_t ids[2];
    bool done;
    TF_TRY(side(r, call, 0, "transpose_a", "adj_x", &sides[0]));
    TF_TRY(side(r, call, 1, "transpose_b", "adj_y", &sides[1]));
    const tf_shape *a = &sides[0]->shape, *b = &sides[1]->shape;
    tf_shape shape, heads[2] = {*a, *b};
    int64_t inner = a->dims[a->rank - 1], other = b->dims[b->rank - 2];
    if (sides[0]->dtype != sides[1]->dtype)
        return tf_fail(r, AMCT_E_FORMAT, "its inputs are of different types");
    if (inner >= 0 && other >= 0 && inner != other)
        return tf_fail(r, AMCT_E_FORMAT, "a product of %lld columns with %lld rows",
                       (long long)inner, (long long)other);
    heads[0].rank -= 2;
    heads[1].rank -= 2;
    tf_value first = {.shape = heads[0]}, second = {.shape = heads[1]};
    tf_value *both[2] = {&first, &second};
    TF_TRY(tf_broadcast(r, both, 2, &shape));
    shape.dims[shape.rank++] = a->dims[a->rank - 2];
    shape.dims[shape.rank++] = b->dims[b->rank - 1];
    TF_TRY(permuted_rows(r, call, sides[0], sides[1], ids, &done));
    for (uint32_t i = 0; !done && i < 2; i++)
        TF_TRY(tf_want_plain(r, sides[i], &ids[i]));
    tf_op op = tf_op_of("MatMul");
    const tf_order plain = tf_order_plain();
    tf_op_src(&op, ids[0]);
    tf_op_src(&op, ids[1]);
    return tf_emit(r, &op, call->name, sides[0]->dtype, &shape, &plain, &call->dst[0]);
}

/* ---- Reductions ---------------------------------------------------------------------------- */

/* The result's dims and, of those that stay, the order. */
static void reduce_shape(const tf_value *x, const bool *gone, bool keep, const tf_order *order,
                         tf_shape *shape, tf_order *left)
{
    uint8_t number[TF_MAX_RANK] = {0};
    uint32_t n = 0;
    shape->rank = 0;
    for (uint32_t i = 0; i < x->shape.rank; i++) {
        number[i] = (uint8_t)shape->rank;
        if (!gone[i] || keep)
            shape->dims[shape->rank++] = gone[i] ? 1 : x->shape.dims[i];
    }
    *left = tf_order_plain();
    for (uint32_t k = 0; k < x->shape.rank; k++)
        if (!gone[order->axis[k]] || keep)
            left->axis[n++] = number[order->axis[k]];
}

/* The mean or the greatest of all pixels of N x C x ... */
static bool is_global(const char *op, const bool *gone, const tf_order *order, uint32_t rank)
{
    bool global = rank >= 3 && (strcmp(op, "ReduceMean") == 0 || strcmp(op, "ReduceMax") == 0);
    for (uint32_t k = 0; k < rank; k++)
        global = global && gone[order->axis[k]] == (k >= 2);
    return global && order->axis[0] == 0;
}

static int32_t emit_global(tf_reader *r, tf_call *call, const char *as, tf_value *x,
                           const tf_order *order, bool keep, const tf_shape *shape)
{
    uint32_t id;
    bool gone[TF_MAX_RANK] = {false};
    tf_op op = tf_op_of(strcmp(as, "ReduceMax") == 0 ? "GlobalMaxPool" : "GlobalAveragePool");
    tf_shape kept;
    tf_order left;
    tf_value *pooled;
    for (uint32_t k = 2; k < x->shape.rank; k++)
        gone[order->axis[k]] = true;
    reduce_shape(x, gone, true, order, &kept, &left);
    TF_TRY(tf_want(r, x, order, &id));
    tf_op_src(&op, id);
    TF_TRY(tf_emit(r, &op, call->name, x->dtype, &kept, &left, &pooled));
    call->dst[0] = pooled;
    if (keep)
        return AMCT_OK;
    tf_op flatten = tf_op_of("Flatten");
    const tf_order plain = tf_order_plain();
    const char *name = TF_SUB(r, call, "Flatten");
    if (!name)
        return tf_nomem(r);
    tf_op_src(&flatten, pooled->forms->id);
    tf_op_int(&flatten, "axis", 1);
    TF_TRY(tf_emit(r, &flatten, name, x->dtype, shape, &plain, &call->dst[0]));
    call->dst[0]->forms->flat = pooled->forms->id;
    return AMCT_OK;
}

int32_t tf_reduce(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0];
    uint32_t rank = x->shape.rank, n, axis, id, axes_id, n_places = 0;
    int64_t axes[TF_MAX_RANK], places[TF_MAX_RANK];
    bool gone[TF_MAX_RANK] = {false};
    bool keep =
        tf_attr_bool(call->node, "keep_dims", false) || tf_attr_bool(call->node, "keepdims", false);
    const char *as = tf_as(call);
    tf_shape shape;
    tf_order order, left;
    TF_TRY(tf_ints(r, call->src[1], "the axes", axes, TF_MAX_RANK, &n));
    if (n == 0 || rank == 0)
        return tf_alias(r, call);
    order = tf_order_of(r, &x, 1, rank);
    for (uint32_t i = 0; i < n; i++) {
        TF_TRY(tf_axis(r, axes[i], rank, &axis));
        gone[axis] = true;
    }
    for (uint32_t k = 0; k < rank; k++)
        if (gone[order.axis[k]])
            places[n_places++] = k;
    reduce_shape(x, gone, keep, &order, &shape, &left);
    if (is_global(as, gone, &order, rank))
        return emit_global(r, call, as, x, &order, keep, &shape);
    tf_op op = tf_op_of(as);
    TF_TRY(tf_want(r, x, &order, &id));
    TF_TRY(tf_new_ints(r, TF_SUB(r, call, "axes"), places, n_places, &axes_id));
    tf_op_src(&op, id);
    tf_op_src(&op, axes_id);
    tf_op_int(&op, "keepdims", keep);
    return tf_emit(r, &op, call->name, x->dtype, &shape, &left, &call->dst[0]);
}

int32_t tf_arg(tf_reader *r, tf_call *call)
{
    tf_value *x = call->src[0], *found;
    uint32_t rank = x->shape.rank, axis, id;
    int64_t where = 0;
    bool gone[TF_MAX_RANK] = {false};
    uint32_t to = tf_attr_type(call->node, "output_type", AMCT_INT64);
    tf_shape shape;
    tf_order left;
    if (call->n_src == 2)
        TF_TRY(tf_int(r, call->src[1], "the axis", &where));
    TF_TRY(tf_axis(r, where, rank, &axis));
    tf_order order = tf_order_of(r, &x, 1, rank);
    gone[axis] = true;
    reduce_shape(x, gone, false, &order, &shape, &left);
    tf_op op = tf_op_of(tf_as(call));
    TF_TRY(tf_want(r, x, &order, &id));
    tf_op_src(&op, id);
    tf_op_int(&op, "axis", tf_order_place(&order, rank, axis));
    tf_op_int(&op, "keepdims", 0);
    TF_TRY(tf_emit(r, &op, call->name, AMCT_INT64, &shape, &left, &found));
    call->dst[0] = found;
    if (to == AMCT_INT64 || !tf_dtype_bits(to))
        return AMCT_OK;
    tf_op cast = tf_op_of("Cast");
    const char *name = TF_SUB(r, call, "Cast");
    if (!name)
        return tf_nomem(r);
    tf_op_src(&cast, found->forms->id);
    tf_op_int(&cast, "to", to);
    return tf_emit(r, &cast, name, to, &shape, &left, &call->dst[0]);
}
