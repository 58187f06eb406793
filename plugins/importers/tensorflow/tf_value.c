/* Values and the forms that the sink has of them. */
#include "tf_reader.h"

#include <string.h>

int32_t tf_value_new(tf_reader *r, const char *name, uint32_t dtype, const tf_shape *shape,
                     tf_value **out)
{
    tf_shape free = *shape;
    int64_t ignored;
    for (uint32_t i = 0; i < free.rank; i++) /* what is known must be of a sane size */
        free.dims[i] = free.dims[i] < 0 ? 1 : free.dims[i];
    TF_TRY(tf_count(r, &free, &ignored));
    tf_value *v = import_alloc(&r->memory, 1, sizeof *v);
    if (!v)
        return tf_nomem(r);
    v->name = name;
    v->dtype = dtype;
    v->shape = *shape;
    *out = v;
    return AMCT_OK;
}

int32_t tf_form_add(tf_reader *r, tf_value *v, uint32_t id, const tf_order *order)
{
    enum { MAX_FORMS = 32 }; /* that are worth to be remembered */
    tf_form *form = import_alloc(&r->memory, 1, sizeof *form), **last = &v->forms;
    uint32_t n = 0;
    if (!form)
        return tf_nomem(r);
    *form = (tf_form){.id = id, .flat = id, .order = *order};
    for (; *last; n++)
        last = &(*last)->next;
    if (n < MAX_FORMS)
        *last = form;
    return AMCT_OK;
}

static bool orders_equal(const tf_order *a, const tf_order *b, uint32_t rank)
{
    return memcmp(a->axis, b->axis, rank) == 0;
}

tf_order tf_order_of(tf_reader *r, tf_value *const *values, uint32_t n, uint32_t rank)
{
    const tf_order plain = tf_order_plain();
    for (uint32_t i = 0; i < n; i++) {
        const tf_value *v = values[i];
        if (v->shape.rank != rank || v->kind == TF_CONSTANT)
            continue;
        if (tf_is_image(r, v))
            return tf_order_first(rank, true);
        if (v->forms && !orders_equal(&v->forms->order, &plain, rank))
            return v->forms->order;
    }
    return plain;
}

static int32_t check_kind(tf_reader *r, const tf_value *v)
{
    switch (v->kind) {
    case TF_RESOURCE:
        return tf_fail(r, AMCT_E_UNSUPPORTED, "takes the variable '%.200s' itself, not its value",
                       v->name);
    case TF_RANDOM:
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "takes random numbers ('%.200s'): a network for inference is wanted, "
                       "without Dropout",
                       v->name);
    case TF_BLOCKED:
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "takes '%.200s' of SpaceToBatchND, which is supported around a convolution "
                       "only",
                       v->name);
    default: return AMCT_OK;
    }
}

/* A Reshape or Transpose of a form that is there. */
static int32_t convert(tf_reader *r, tf_value *v, const tf_form *from, const tf_order *order,
                       uint32_t *id)
{
    uint32_t rank = v->shape.rank;
    int64_t perm[TF_MAX_RANK], unknown = 0;
    tf_shape dims = tf_order_apply(order, &v->shape);
    bool same = tf_order_same(&from->order, order, &v->shape);
    char *name = import_text(&r->memory, "%s/%s", v->name, same ? "Reshape" : "Transpose");
    if (!name)
        return tf_nomem(r);
    for (uint32_t k = 0; k < rank; k++) {
        perm[k] = tf_order_place(&from->order, rank, order->axis[k]);
        unknown += dims.dims[k] < 0;
    }
    tf_op op = tf_op_of(same && unknown <= 1 ? "Reshape" : "Transpose");
    tf_value *made;
    if (same && unknown <= 1) {
        uint32_t shape;
        TF_TRY(tf_new_ints(r, name, dims.dims, rank, &shape));
        tf_op_src(&op, from->flat);
        tf_op_src(&op, shape);
    } else {
        tf_op_src(&op, from->id);
        tf_op_ints(&op, "perm", perm, rank);
    }
    const tf_order plain = tf_order_plain();
    TF_TRY(tf_emit(r, &op, name, v->dtype, &dims, &plain, &made));
    *id = made->forms->id;
    return tf_form_add(r, v, *id, order);
}

int32_t tf_want(tf_reader *r, tf_value *v, const tf_order *order, uint32_t *id)
{
    TF_TRY(check_kind(r, v));
    for (const tf_form *form = v->forms; form; form = form->next)
        if (orders_equal(&form->order, order, v->shape.rank)) {
            *id = form->id;
            return AMCT_OK;
        }
    if (v->kind == TF_CONSTANT) {
        tf_shape dims = tf_order_apply(order, &v->shape);
        TF_TRY(tf_constant_emit(r, v, order, &dims, id));
        return tf_form_add(r, v, *id, order);
    }
    if (v->kind == TF_FLAT && !v->forms) {
        const tf_order plain = tf_order_plain();
        TF_TRY(tf_want_as(r, v->from, &plain, &v->shape, id));
        TF_TRY(tf_form_add(r, v, *id, &plain));
        return tf_want(r, v, order, id);
    }
    if (v->kind == TF_INPUT && !v->forms) {
        const tf_order plain = tf_order_plain();
        bool free = tf_is_image(r, v) && order->axis[0] == 0;
        TF_TRY(tf_inputs_emit(r, v->input));
        TF_TRY(tf_input_emit(r, v, free ? order : &plain));
        return tf_want(r, v, order, id);
    }
    const tf_form *from = v->forms;
    for (const tf_form *form = v->forms; form; form = form->next)
        if (tf_order_same(&form->order, order, &v->shape)) {
            from = form;
            break;
        }
    return convert(r, v, from, order, id);
}

int32_t tf_want_plain(tf_reader *r, tf_value *v, uint32_t *id)
{
    const tf_order plain = tf_order_plain();
    return tf_want(r, v, &plain, id);
}

int32_t tf_want_as(tf_reader *r, tf_value *v, const tf_order *order, const tf_shape *dims,
                   uint32_t *id)
{
    if (v->kind == TF_CONSTANT)
        return tf_constant_emit(r, v, order, dims, id);
    const tf_order plain = tf_order_plain();
    uint32_t src, shape;
    char *name = import_text(&r->memory, "%s/Reshape", v->name);
    if (!name)
        return tf_nomem(r);
    TF_TRY(tf_want(r, v, order, &src));
    TF_TRY(tf_new_ints(r, name, dims->dims, dims->rank, &shape));
    tf_op op = tf_op_of("Reshape");
    tf_value *made;
    tf_op_src(&op, src);
    tf_op_src(&op, shape);
    TF_TRY(tf_emit(r, &op, name, v->dtype, dims, &plain, &made));
    *id = made->forms->id;
    return AMCT_OK;
}

int32_t tf_want_beside(tf_reader *r, tf_value *v, uint32_t rank, const tf_order *order,
                       uint32_t *id)
{
    const tf_order plain = tf_order_plain();
    uint32_t own = v->shape.rank, missing = rank - own;
    if (own == rank)
        return tf_want(r, v, order, id);
    if (own == 0 || orders_equal(order, &plain, rank))
        return tf_want_plain(r, v, id);
    TF_TRY(check_kind(r, v));
    tf_shape wide = {.rank = rank};
    for (uint32_t i = 0; i < rank; i++)
        wide.dims[i] = i < missing ? 1 : v->shape.dims[i - missing];
    tf_shape dims = tf_order_apply(order, &wide);
    tf_value *other;
    if (v->kind == TF_CONSTANT) {
        TF_TRY(tf_reshaped_constant(r, v, &wide, &other));
        return tf_want(r, other, order, id);
    }
    if (tf_order_same(order, &plain, &wide))
        return tf_want_as(r, v, &plain, &dims, id);
    TF_TRY(tf_value_new(r, v->name, v->dtype, &wide, &other));
    TF_TRY(tf_want_as(r, v, &plain, &wide, id));
    TF_TRY(tf_form_add(r, other, *id, &plain));
    return tf_want(r, other, order, id);
}

int32_t tf_transposed(tf_reader *r, tf_value *v, const uint32_t *perm, const char *name,
                      tf_value **out)
{
    uint32_t rank = v->shape.rank, id;
    uint8_t inverse[TF_MAX_RANK];
    tf_shape shape = {.rank = rank};
    tf_value *other;
    for (uint32_t i = 0; i < rank; i++) {
        shape.dims[i] = v->shape.dims[perm[i]];
        inverse[perm[i]] = (uint8_t)i;
    }
    if (!v->forms)
        TF_TRY(tf_want_plain(r, v, &id));
    TF_TRY(tf_value_new(r, name, v->dtype, &shape, &other));
    for (const tf_form *form = v->forms; form; form = form->next) {
        tf_order order = form->order;
        for (uint32_t k = 0; k < rank; k++)
            order.axis[k] = inverse[form->order.axis[k]];
        TF_TRY(tf_form_add(r, other, form->id, &order));
    }
    *out = other;
    return AMCT_OK;
}
