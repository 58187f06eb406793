#include "onnx_reader.h"

/* Types that nest deeper than this are made to exhaust the stack. */
enum { MAX_NESTING = 16 };

const onnx_type onnx_type_unknown = {.dtype = AMCT_UNDEFINED, .rank = AMCT_RANK_UNKNOWN};

int64_t onnx_type_count(const onnx_type *type)
{
    int64_t count = 1;
    if (type->rank == AMCT_RANK_UNKNOWN)
        return -1;
    for (uint32_t i = 0; i < type->rank; i++)
        if (type->dims[i] < 0 || __builtin_mul_overflow(count, type->dims[i], &count))
            return -1;
    return count;
}

static void read_tensor_type(const Onnx__TypeProto__Tensor *t, onnx_type *out)
{
    *out = onnx_type_unknown;
    if (t->has_elem_type)
        out->dtype = (uint32_t)t->elem_type;
    if (!t->shape)
        return;
    out->rank = t->shape->n_dim > UINT16_MAX ? UINT16_MAX : (uint32_t)t->shape->n_dim;
    for (uint32_t i = 0; i < out->rank && i < AMCT_MAX_RANK; i++) {
        const Onnx__TensorShapeProto__Dimension *dim = t->shape->dim[i];
        bool known = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        out->dims[i] = known && dim->dim_value >= 0 ? dim->dim_value : AMCT_DIM_UNKNOWN;
    }
}

int32_t onnx_read_value_info(onnx_reader *r, wire_span message, const char **name, onnx_type *type,
                             const char **other)
{
    wire_span rest = message;
    wire_field field;
    while (wire_next(&rest, &field) > 0)
        if (field.number == 2 && field.wire == WIRE_LENGTH &&
            onnx_wire_type_depth(field.bytes, MAX_NESTING) > MAX_NESTING)
            return onnx_fail(r, AMCT_E_LIMIT, "its type nests deeper than %d", MAX_NESTING);
    Onnx__ValueInfoProto *info;
    ONNX_TRY(onnx_unpack(r, &r->memory, &onnx__value_info_proto__descriptor, message, &info));
    *name = onnx_or_empty(info->name);
    *type = onnx_type_unknown;
    *other = NULL;
    if (!info->type)
        return AMCT_OK;
    switch (info->type->value_case) {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
        if (info->type->tensor_type)
            read_tensor_type(info->type->tensor_type, type);
        break;
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE: *other = "a sequence"; break;
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE: *other = "a map"; break;
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE: *other = "an optional"; break;
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE: *other = "a sparse tensor"; break;
    default: break;
    }
    return AMCT_OK;
}
