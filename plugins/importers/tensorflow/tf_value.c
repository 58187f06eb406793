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
    tf_value *v = tf_alloc(&r->memory, 1, sizeof *v);
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
    tf_form *form = tf_alloc(&r->memory, 1, sizeof *form), **last = &v->forms;
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

/* Weights are wanted in one order, seldom in two: a file that wants them in many is hostile. */
#define MIN_EMITTED ((size_t)256 << 20)
enum { EMITTED_PER_BYTE = 4 };

/* ---- Constants ----------------------------------------------------------------------------- */

/* Copies elements to where `order` stores them. The source's last dim goes by in short runs, so
 * that both sides are read and written by whole cache lines. */
static void permute(char *dst, const char *src, size_t width, const tf_shape *shape,
                    const tf_order *order)
{
    enum { RUN = 16 };
    uint32_t rank = shape->rank, last = rank - 1, place = tf_order_place(order, rank, last);
    int64_t from[TF_MAX_RANK], to[TF_MAX_RANK], at[TF_MAX_RANK] = {0}, dims[TF_MAX_RANK];
    for (int64_t k = rank - 1, stride = 1; k >= 0; stride *= shape->dims[k--])
        from[tf_order_place(order, rank, (uint32_t)k)] = stride;
    for (int64_t k = rank - 1, stride = 1; k >= 0; stride *= dims[k--]) {
        dims[k] = shape->dims[order->axis[k]];
        to[k] = stride;
    }
    for (int64_t first = 0; first < dims[place]; first += RUN) {
        int64_t run = dims[place] - first < RUN ? dims[place] - first : RUN;
        int64_t s = first, d = first * to[place], k;
        do {
            for (int64_t i = 0; i < run; i++)
                if (width == 4)
                    memcpy(dst + (d + i * to[place]) * 4, src + (s + i) * 4, 4);
                else
                    memcpy(dst + (size_t)(d + i * to[place]) * width, src + (size_t)(s + i) * width,
                           width);
            for (k = rank - 1; k >= 0; k--) {
                if (k == place)
                    continue;
                s += from[k], d += to[k];
                if (++at[k] < dims[k])
                    break;
                s -= from[k] * dims[k], d -= to[k] * dims[k];
                at[k] = 0;
            }
        } while (k >= 0);
    }
}

/* Bytes for what is known as numbers only. */
static int32_t fill_known(tf_reader *r, tf_value *v, int64_t count)
{
    size_t width = tf_dtype_bits(v->dtype) / 8;
    char *data = tf_alloc(&r->memory, count ? (size_t)count : 1, 8);
    if (!data)
        return tf_nomem(r);
    for (int64_t i = 0; i < count; i++) {
        double number = v->known[i];
        int64_t whole = tf_whole(number);
        float f = (float)number;
        if (number != number)
            return tf_fail(r, AMCT_E_UNSUPPORTED,
                           "'%.200s' depends on the batch size, which is not known", v->name);
        if (v->dtype == AMCT_FLOAT)
            memcpy(data + (size_t)i * width, &f, sizeof f);
        else if (v->dtype == AMCT_DOUBLE)
            memcpy(data + (size_t)i * width, &number, sizeof number);
        else
            memcpy(data + (size_t)i * width, &whole, width);
    }
    v->data = data;
    v->data_size = (size_t)count * width;
    return AMCT_OK;
}

/* Gives the constant to the sink in that order, under other dims. */
static int32_t emit_constant(tf_reader *r, tf_value *v, const tf_order *order, const tf_shape *dims,
                             uint32_t *id)
{
    const tf_order plain = tf_order_plain();
    int64_t count;
    TF_TRY(tf_count(r, &v->shape, &count));
    if (!v->data && v->known)
        TF_TRY(fill_known(r, v, count));
    if (v->dtype == AMCT_STRING || !v->data)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "takes the text '%.200s', which nothing computes with", v->name);
    amct_tensor_desc desc = {.struct_size = sizeof desc,
                             .kind = AMCT_TENSOR_CONSTANT,
                             .dtype = v->dtype,
                             .rank = dims->rank,
                             .name = v->name,
                             .dims = dims->dims,
                             .data = v->data,
                             .data_size = v->data_size,
                             .owner = AMCT_DATA_MAPPED};
    bool same = count == 0 || tf_order_same(order, &plain, &v->shape);
    if (!v->data_size)
        desc.data = NULL;
    if ((same && v->owner == AMCT_DATA_MAPPED) || !v->data_size)
        return r->sink->tensor(r->sink->ctx, &desc, id);
    if (v->data_size > MIN_EMITTED + EMITTED_PER_BYTE * r->n_mapped_bytes - r->n_emitted_bytes)
        return tf_fail(r, AMCT_E_LIMIT, "constants in other orders take more than %zu MiB",
                       (MIN_EMITTED + EMITTED_PER_BYTE * r->n_mapped_bytes) >> 20);
    r->n_emitted_bytes += v->data_size;
    void *block = r->host->alloc(r->host->ctx, v->data_size, 64);
    if (!block)
        return tf_nomem(r);
    if (same)
        memcpy(block, v->data, v->data_size);
    else
        permute(block, v->data, tf_dtype_bits(v->dtype) / 8, &v->shape, order);
    desc.data = block;
    desc.owner = AMCT_DATA_HOST;
    int32_t status = r->sink->tensor(r->sink->ctx, &desc, id);
    if (status != AMCT_OK)
        r->host->free(r->host->ctx, block);
    return status;
}

int32_t tf_reshaped_constant(tf_reader *r, tf_value *v, const tf_shape *shape, tf_value **out)
{
    tf_value *other;
    TF_TRY(tf_value_new(r, v->name, v->dtype, shape, &other));
    other->kind = TF_CONSTANT;
    other->data = v->data;
    other->data_size = v->data_size;
    other->owner = v->owner;
    other->known = v->known;
    *out = other;
    return AMCT_OK;
}

/* ---- Inputs -------------------------------------------------------------------------------- */

int32_t tf_input_add(tf_reader *r, tf_value *v)
{
    if (r->n_inputs == r->cap_inputs) {
        uint32_t cap = r->cap_inputs ? 2 * r->cap_inputs : 8;
        tf_value **more = tf_alloc(&r->memory, cap, sizeof *more);
        if (!more)
            return tf_nomem(r);
        if (r->n_inputs)
            memcpy(more, r->inputs, r->n_inputs * sizeof *more);
        r->inputs = more;
        r->cap_inputs = cap;
    }
    v->kind = TF_INPUT;
    v->input = r->n_inputs;
    r->inputs[r->n_inputs++] = v;
    return AMCT_OK;
}

static bool is_image(const tf_reader *r, const tf_value *v)
{
    return !r->keep_layout && !r->channels_first && v->kind == TF_INPUT && v->shape.rank == 4 &&
           !v->forms;
}

static int32_t emit_input(tf_reader *r, tf_value *v, const tf_order *order)
{
    tf_shape stored = tf_order_apply(order, &v->shape);
    const amct_tensor_desc desc = {.struct_size = sizeof desc,
                                   .kind = AMCT_TENSOR_INPUT,
                                   .dtype = v->dtype,
                                   .rank = stored.rank,
                                   .name = v->name,
                                   .dims = stored.dims};
    uint32_t id;
    r->n_inputs_emitted++;
    TF_TRY(r->sink->tensor(r->sink->ctx, &desc, &id));
    return tf_form_add(r, v, id, order);
}

/* The sink numbers inputs as they come, so those before it come first. */
int32_t tf_inputs_emit(tf_reader *r, uint32_t n)
{
    const tf_order plain = tf_order_plain();
    while (r->n_inputs_emitted < n)
        TF_TRY(emit_input(r, r->inputs[r->n_inputs_emitted], &plain));
    return AMCT_OK;
}

/* ---- Forms --------------------------------------------------------------------------------- */

tf_order tf_order_of(tf_reader *r, tf_value *const *values, uint32_t n, uint32_t rank)
{
    const tf_order plain = tf_order_plain();
    for (uint32_t i = 0; i < n; i++) {
        const tf_value *v = values[i];
        if (v->shape.rank != rank || v->kind == TF_CONSTANT)
            continue;
        if (is_image(r, v))
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
    char *name = tf_text(&r->memory, "%s/%s", v->name, same ? "Reshape" : "Transpose");
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
        TF_TRY(emit_constant(r, v, order, &dims, id));
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
        bool free = is_image(r, v) && order->axis[0] == 0;
        TF_TRY(tf_inputs_emit(r, v->input));
        TF_TRY(emit_input(r, v, free ? order : &plain));
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
        return emit_constant(r, v, order, dims, id);
    const tf_order plain = tf_order_plain();
    uint32_t src, shape;
    char *name = tf_text(&r->memory, "%s/Reshape", v->name);
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
