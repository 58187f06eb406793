#include "onnx_reader.h"

#include <string.h>

/* All that a model's sparse tensors may become when they are made dense. */
#define MAX_DENSE_BYTES ((size_t)256 << 20)

/* Index in the dense tensor of entry i: given as it is, or as one index per dim. */
static int64_t dense_index(const onnx_tensor *indices, const onnx_type *dense, int64_t i,
                           int64_t count)
{
    const char *at = indices->data;
    int64_t index = 0, part;
    if (indices->type.rank == 1) {
        memcpy(&index, at + i * 8, sizeof index);
        return index >= 0 && index < count ? index : -1;
    }
    for (uint32_t d = 0; d < dense->rank; d++) {
        memcpy(&part, at + (i * dense->rank + d) * 8, sizeof part);
        if (part < 0 || part >= dense->dims[d])
            return -1;
        index = index * dense->dims[d] + part;
    }
    return index;
}

static int32_t scatter(onnx_reader *r, const onnx_tensor *values, const onnx_tensor *indices,
                       onnx_tensor *out, int64_t count)
{
    size_t width = onnx_dtype_bits(values->type.dtype) / 8;
    int64_t n = values->type.dims[0];
    memset((void *)out->data, 0, out->data_size);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = dense_index(indices, &out->type, i, count);
        if (at < 0)
            return onnx_fail(r, AMCT_E_FORMAT, "sparse index %lld is outside of the tensor",
                             (long long)i);
        memcpy((char *)out->data + (size_t)at * width,
               (const char *)values->data + (size_t)i * width, width);
    }
    return AMCT_OK;
}

static int32_t make_dense(onnx_reader *r, const Onnx__SparseTensorProto *proto,
                          const onnx_tensor *values, const onnx_tensor *indices, onnx_tensor *out)
{
    onnx_tensor dense = {.name = values->name,
                         .type = {.dtype = values->type.dtype, .rank = (uint32_t)proto->n_dims},
                         .owner = AMCT_DATA_HOST};
    uint32_t bits = onnx_dtype_bits(values->type.dtype);
    if (bits < 8)
        return onnx_fail(r, AMCT_E_UNSUPPORTED, "sparse tensors of %s are not supported",
                         onnx_dtype_name(values->type.dtype));
    if (proto->n_dims == 0 || proto->n_dims > AMCT_MAX_RANK)
        return onnx_fail(r, AMCT_E_LIMIT, "has %zu dims, 1 to %d wanted", proto->n_dims,
                         AMCT_MAX_RANK);
    memcpy(dense.type.dims, proto->dims, proto->n_dims * sizeof *proto->dims);
    int64_t count = onnx_type_count(&dense.type);
    size_t room = MAX_DENSE_BYTES - r->n_sparse_bytes;
    if (count < 0 || (uint64_t)count > room / (bits / 8))
        return onnx_fail(r, AMCT_E_LIMIT, "is too large to be made dense");
    bool flat = indices->type.rank == 1;
    if (values->type.rank != 1 || indices->type.dtype != AMCT_INT64 || indices->type.rank > 2 ||
        indices->type.rank < 1 || indices->type.dims[0] != values->type.dims[0] ||
        (!flat && indices->type.dims[1] != (int64_t)proto->n_dims))
        return onnx_fail(r, AMCT_E_FORMAT, "its values and indices do not fit each other");
    dense.data_size = (size_t)count * bits / 8;
    dense.data = r->host->alloc(r->host->ctx, dense.data_size, 16);
    if (!dense.data)
        return onnx_nomem(r);
    r->n_sparse_bytes += dense.data_size;
    int32_t status = scatter(r, values, indices, &dense, count);
    if (status != AMCT_OK) {
        r->host->free(r->host->ctx, (void *)dense.data);
        return status;
    }
    *out = dense;
    return AMCT_OK;
}

static void drop(onnx_reader *r, const onnx_tensor *tensor)
{
    if (tensor->owner == AMCT_DATA_HOST)
        r->host->free(r->host->ctx, (void *)tensor->data);
}

int32_t onnx_read_sparse(onnx_reader *r, wire_span message, onnx_tensor *out)
{
    enum { VALUES, INDICES, N_PARTS };
    onnx_part parts[N_PARTS] = {{.number = 1}, {.number = 2}};
    wire_span others;
    Onnx__SparseTensorProto *proto;
    ONNX_TRY(onnx_split(r, &r->memory, message, parts, N_PARTS, &others));
    ONNX_TRY(onnx_unpack(r, &r->memory, &onnx__sparse_tensor_proto__descriptor, others, &proto));
    if (parts[VALUES].n != 1 || parts[INDICES].n != 1)
        return onnx_fail(r, AMCT_E_FORMAT, "has no values or no indices");
    onnx_tensor values = {0}, indices = {0};
    ONNX_TRY(onnx_read_tensor(r, parts[VALUES].at[0], &values));
    int32_t status = onnx_read_tensor(r, parts[INDICES].at[0], &indices);
    if (status == AMCT_OK)
        status = make_dense(r, proto, &values, &indices, out);
    drop(r, &values);
    drop(r, &indices);
    return status;
}
