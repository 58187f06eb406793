/* Tensors joined, and taken apart. */
#include "tf_rules.h"

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
    if (!(op.more = import_alloc(&r->memory, n, sizeof *op.more)))
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
    tf_value **wide = import_alloc(&r->memory, call->n_src, sizeof *wide);
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
        const char *name = i ? import_text(&r->memory, "%s:%u", call->name, i) : call->name;
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
        const char *name = import_text(&r->memory, "%s/Squeeze:%u", call->name, i);
        if (!name)
            return tf_nomem(r);
        TF_TRY(change_rank(r, call, call->dst[i], "Squeeze", axis, name, &call->dst[i]));
    }
    return AMCT_OK;
}
