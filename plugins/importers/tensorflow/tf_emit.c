/* Nodes and small constants for the sink. */
#include "tf_reader.h"

#include <string.h>

tf_op tf_op_of(const char *op)
{
    return (tf_op){.op = op};
}

void tf_op_src(tf_op *op, uint32_t id)
{
    op->src[op->n_src++] = id;
}

void tf_op_int(tf_op *op, const char *name, int64_t i)
{
    op->attrs[op->n_attrs++] = import_attr_int(name, i);
}

void tf_op_float(tf_op *op, const char *name, float f)
{
    op->attrs[op->n_attrs++] = import_attr_float(name, f);
}

void tf_op_text(tf_op *op, const char *name, const char *text)
{
    op->attrs[op->n_attrs++] = import_attr_text(name, text);
}

void tf_op_ints(tf_op *op, const char *name, const int64_t *ints, size_t n)
{
    op->attrs[op->n_attrs++] = import_attr_ints(name, ints, n);
}

int32_t tf_emit_all(tf_reader *r, const tf_op *op, const char *name, tf_value **results,
                    const tf_order *order, uint32_t n)
{
    uint32_t *dst = import_alloc(&r->memory, n + 1, sizeof *dst);
    if (!dst)
        return tf_nomem(r);
    for (uint32_t i = 0; i < n; i++) {
        tf_shape stored = tf_order_apply(order, &results[i]->shape);
        const amct_tensor_desc desc = {.struct_size = sizeof desc,
                                       .kind = AMCT_TENSOR_VALUE,
                                       .dtype = results[i]->dtype,
                                       .rank = stored.rank,
                                       .name = results[i]->name,
                                       .dims = stored.dims};
        TF_TRY(r->sink->tensor(r->sink->ctx, &desc, &dst[i]));
        TF_TRY(tf_form_add(r, results[i], dst[i], order));
    }
    const amct_node_desc desc = {.struct_size = sizeof desc,
                                 .n_src = op->n_src,
                                 .name = name,
                                 .op = op->op,
                                 .domain = "",
                                 .src = op->more ? op->more : op->src,
                                 .dst = dst,
                                 .n_dst = n,
                                 .n_attrs = op->n_attrs,
                                 .attrs = op->attrs};
    return r->sink->node(r->sink->ctx, &desc);
}

int32_t tf_emit(tf_reader *r, const tf_op *op, const char *name, uint32_t dtype,
                const tf_shape *shape, const tf_order *order, tf_value **out)
{
    tf_value *v;
    TF_TRY(tf_value_new(r, name, dtype, shape, &v));
    TF_TRY(tf_emit_all(r, op, name, &v, order, 1));
    *out = v;
    return AMCT_OK;
}

static int32_t new_constant(tf_reader *r, const char *name, uint32_t dtype, const tf_shape *shape,
                            const void *data, size_t size, uint32_t *id)
{
    if (!name)
        return tf_nomem(r);
    void *block = size ? r->host->alloc(r->host->ctx, size, 16) : NULL;
    if (size && !block)
        return tf_nomem(r);
    if (size)
        memcpy(block, data, size);
    const amct_tensor_desc desc = {.struct_size = sizeof desc,
                                   .kind = AMCT_TENSOR_CONSTANT,
                                   .dtype = dtype,
                                   .rank = shape->rank,
                                   .name = name,
                                   .dims = shape->dims,
                                   .data = block,
                                   .data_size = size,
                                   .owner = size ? AMCT_DATA_HOST : AMCT_DATA_MAPPED};
    int32_t status = r->sink->tensor(r->sink->ctx, &desc, id);
    if (status != AMCT_OK)
        r->host->free(r->host->ctx, block);
    return status;
}

int32_t tf_new_ints(tf_reader *r, const char *name, const int64_t *ints, size_t n, uint32_t *id)
{
    const tf_shape shape = {.rank = 1, .dims = {(int64_t)n}};
    return new_constant(r, name, AMCT_INT64, &shape, ints, n * sizeof *ints, id);
}

int32_t tf_new_float(tf_reader *r, const char *name, uint32_t dtype, double number, uint32_t *id)
{
    const tf_shape scalar = tf_scalar();
    tf_value *v;
    TF_TRY(tf_known_new(r, name, dtype, &scalar, &number, &v));
    return tf_want_plain(r, v, id);
}
