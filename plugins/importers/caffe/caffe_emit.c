/* Nodes and tensors on their way to the sink. */
#include "caffe_reader.h"

static int32_t add_tensor(caffe_reader *r, const char *name, uint32_t kind,
                          const caffe_shape *shape, uint32_t dtype, uint32_t *id)
{
    amct_tensor_desc t = {.struct_size = sizeof t,
                          .kind = kind,
                          .dtype = shape->rank != AMCT_RANK_UNKNOWN ? dtype : AMCT_UNDEFINED,
                          .rank = shape->rank,
                          .name = name,
                          .dims = shape->dims};
    return r->sink->tensor(r->sink->ctx, &t, id);
}

static const char *part_name(caffe_reader *r, const caffe_layer *l, const char *part)
{
    return part[0] ? import_text(&r->memory, "%s/%s", l->name, part) : l->name;
}

int32_t caffe_node(caffe_reader *r, const caffe_layer *l, const caffe_op *op, const uint32_t *dst,
                   uint32_t n_dst)
{
    amct_node_desc node = {.struct_size = sizeof node,
                           .n_src = op->n_src,
                           .name = part_name(r, l, op->part),
                           .op = op->op,
                           .domain = "",
                           .src = op->src,
                           .dst = dst,
                           .n_dst = n_dst,
                           .n_attrs = op->n_attrs,
                           .attrs = op->attrs};
    return node.name ? r->sink->node(r->sink->ctx, &node) : caffe_nomem(r);
}

int32_t caffe_inner(caffe_reader *r, const caffe_layer *l, const caffe_op *op, uint32_t *dst)
{
    uint32_t id;
    const char *name = part_name(r, l, op->part[0] ? op->part : "inner");
    if (!name)
        return caffe_nomem(r);
    CAFFE_TRY(caffe_check_shape(r, &op->shape, "a value"));
    CAFFE_TRY(add_tensor(r, name, AMCT_TENSOR_VALUE, &op->shape,
                         op->other_type ? AMCT_UNDEFINED : AMCT_FLOAT, &id));
    CAFFE_TRY(caffe_node(r, l, op, &id, 1));
    *dst = id;
    return AMCT_OK;
}

/* The tensor that the blob stands for at last has the blob's name, those before it a longer one. */
int32_t caffe_make_top(caffe_reader *r, const caffe_layer *l, uint32_t i, const caffe_shape *shape,
                       uint32_t *id)
{
    caffe_blob *blob;
    CAFFE_TRY(caffe_blob_named(r, l->tops[i], &blob));
    bool last = blob->n_made + 1 >= blob->n_writes;
    const char *name = last ? blob->name : import_text(&r->memory, "%s@%s", blob->name, l->name);
    if (!name)
        return caffe_nomem(r);
    if (shape->rank != AMCT_RANK_UNKNOWN)
        CAFFE_TRY(caffe_check_shape(r, shape, l->tops[i]));
    CAFFE_TRY(add_tensor(r, name, AMCT_TENSOR_VALUE, shape, AMCT_FLOAT, id));
    blob->id = *id;
    blob->shape = *shape;
    blob->unknown = shape->rank == AMCT_RANK_UNKNOWN ? l->type : NULL;
    blob->read = blob->input = false;
    blob->n_made++;
    return AMCT_OK;
}

int32_t caffe_result(caffe_reader *r, const caffe_layer *l, const caffe_op *op, uint32_t i)
{
    uint32_t id;
    CAFFE_TRY(caffe_make_top(r, l, i, &op->shape, &id));
    return caffe_node(r, l, op, &id, 1);
}

static int32_t add_constant(caffe_reader *r, const caffe_layer *l, const char *part, uint32_t dtype,
                            const caffe_shape *shape, const void *values, size_t size, uint32_t *id)
{
    const char *name = part_name(r, l, part);
    void *block = r->host->alloc(r->host->ctx, size, 16);
    if (!name || !block)
        return caffe_nomem(r);
    __builtin_memcpy(block, values, size);
    amct_tensor_desc t = {.struct_size = sizeof t,
                          .kind = AMCT_TENSOR_CONSTANT,
                          .dtype = dtype,
                          .rank = shape->rank,
                          .name = name,
                          .dims = shape->dims,
                          .data = block,
                          .data_size = size,
                          .owner = AMCT_DATA_HOST};
    return r->sink->tensor(r->sink->ctx, &t, id);
}

int32_t caffe_add_ints(caffe_reader *r, const caffe_layer *l, const char *part,
                       const int64_t *values, size_t n, uint32_t *id)
{
    const caffe_shape shape = {.rank = 1, .dims = {(int64_t)n}};
    return add_constant(r, l, part, AMCT_INT64, &shape, values, n * sizeof *values, id);
}

int32_t caffe_add_floats(caffe_reader *r, const caffe_layer *l, const char *part,
                         const float *values, const caffe_shape *shape, uint32_t *id)
{
    return add_constant(r, l, part, AMCT_FLOAT, shape, values,
                        (size_t)caffe_count(shape, 0, shape->rank) * sizeof *values, id);
}

int32_t caffe_add_number(caffe_reader *r, const caffe_layer *l, const char *part, float value,
                         uint32_t *id)
{
    return caffe_add_floats(r, l, part, &value, &caffe_scalar, id);
}

int32_t caffe_add_input(caffe_reader *r, caffe_blob *blob, const caffe_shape *shape)
{
    CAFFE_TRY(caffe_check_shape(r, shape, blob->name));
    blob->n_made++;
    blob->input = true;
    blob->shape = *shape;
    return blob->n_reads
               ? add_tensor(r, blob->name, AMCT_TENSOR_INPUT, shape, AMCT_FLOAT, &blob->id)
               : AMCT_OK; /* a label that nobody reads */
}
