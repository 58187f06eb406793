/* TensorProto: header by protobuf-c, raw bytes where they lie, other files through the sink. */
#include "onnx_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int32_t read_header(onnx_reader *r, const Onnx__TensorProto *proto, onnx_tensor *out,
                           int64_t *count)
{
    int64_t dtype = proto->has_data_type ? proto->data_type : AMCT_UNDEFINED;
    uint32_t bits = onnx_dtype_bits(dtype);
    if (!bits && dtype != AMCT_STRING)
        return onnx_fail(r, AMCT_E_UNSUPPORTED, "its element type %s (%lld) is not supported",
                         onnx_dtype_name(dtype), (long long)dtype);
    if (proto->n_dims > AMCT_MAX_RANK)
        return onnx_fail(r, AMCT_E_LIMIT, "has %zu dims, at most %d wanted", proto->n_dims,
                         AMCT_MAX_RANK);
    out->name = onnx_or_empty(proto->name);
    out->type = (onnx_type){.dtype = (uint32_t)dtype, .rank = (uint32_t)proto->n_dims};
    *count = 1;
    for (uint32_t i = 0; i < out->type.rank; i++) {
        int64_t dim = out->type.dims[i] = proto->dims[i];
        if (dim < 0)
            return onnx_fail(r, AMCT_E_FORMAT, "dim %u is %lld", i, (long long)dim);
        if (dim > 0 && *count > ((int64_t)1 << 40) / dim)
            return onnx_fail(r, AMCT_E_LIMIT, "its dims are too large: dim %u is %lld", i,
                             (long long)dim);
        *count *= dim > 0 ? dim : 1;
    }
    for (uint32_t i = 0; i < out->type.rank; i++)
        if (out->type.dims[i] == 0)
            *count = 0;
    out->data_size = ((size_t)*count * bits + 7) / 8;
    return AMCT_OK;
}

/* A decimal number of external_data; absent is what the caller put there. */
static int32_t read_number(onnx_reader *r, const char *key, const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno)
        return onnx_fail(r, AMCT_E_FORMAT, "external data: %s is '%s', a number wanted", key, text);
    *out = number;
    return AMCT_OK;
}

/* Whether a text of external_data, field 13 with its key and value, holds a zero character, behind
 * which protobuf-c's text would end. */
static bool has_zero(wire_span tensor)
{
    wire_field entry, text;
    while (wire_next(&tensor, &entry) > 0) {
        wire_span rest = entry.bytes;
        while (entry.number == 13 && entry.wire == WIRE_LENGTH && wire_next(&rest, &text) > 0)
            if (text.wire == WIRE_LENGTH && memchr(text.bytes.data, 0, text.bytes.size))
                return true;
    }
    return false;
}

static int32_t read_external(onnx_reader *r, const Onnx__TensorProto *proto, onnx_tensor *out)
{
    const char *location = NULL;
    uint64_t offset = 0, length = out->data_size;
    for (size_t i = 0; i < proto->n_external_data; i++) {
        const char *key = onnx_or_empty(proto->external_data[i]->key);
        const char *value = onnx_or_empty(proto->external_data[i]->value);
        if (strcmp(key, "location") == 0)
            location = value;
        else if (strcmp(key, "offset") == 0)
            ONNX_TRY(read_number(r, key, value, &offset));
        else if (strcmp(key, "length") == 0)
            ONNX_TRY(read_number(r, key, value, &length));
    }
    if (!location)
        return onnx_fail(r, AMCT_E_FORMAT, "external data without a location");
    if (length != out->data_size)
        return onnx_fail(r, AMCT_E_FORMAT, "external data has %llu bytes, %zu wanted",
                         (unsigned long long)length, out->data_size);
    if (length == 0)
        return AMCT_OK;
    amct_view view = {.struct_size = sizeof view};
    int32_t status = r->sink->map(r->sink->ctx, location, &view);
    if (status != AMCT_OK)
        return status; /* described by the sink */
    if (offset > view.size || length > view.size - offset)
        return onnx_fail(r, AMCT_E_FORMAT,
                         "external data: '%s' has %zu bytes, %llu from byte %llu wanted", location,
                         view.size, (unsigned long long)length, (unsigned long long)offset);
    out->data = (const char *)view.data + offset;
    return AMCT_OK;
}

int32_t onnx_read_tensor(onnx_reader *r, wire_span message, onnx_tensor *out)
{
    enum { FLOATS, INT32S, INT64S, DOUBLES, UINT64S, RAW, TEXTS, N_PARTS };
    onnx_part parts[N_PARTS] = {{.number = 4},  {.number = 5}, {.number = 7}, {.number = 10},
                                {.number = 11}, {.number = 9}, {.number = 6}};
    wire_span others;
    Onnx__TensorProto *proto;
    ONNX_TRY(onnx_split(r, &r->memory, message, parts, N_PARTS, &others));
    ONNX_TRY(onnx_unpack(r, &r->memory, &onnx__tensor_proto__descriptor, others, &proto));
    onnx_tensor tensor = {.owner = AMCT_DATA_MAPPED};
    int64_t count = 0;
    ONNX_TRY(read_header(r, proto, &tensor, &count));
    if (proto->segment)
        return onnx_fail(r, AMCT_E_UNSUPPORTED, "tensors in segments are not supported");
    if (tensor.type.dtype == AMCT_STRING) {
        *out = tensor; /* known by name and shape */
        return AMCT_OK;
    }
    if (proto->has_data_location &&
        proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        if (has_zero(others))
            return onnx_fail(r, AMCT_E_FORMAT, "external data: a text holds a zero character");
        ONNX_TRY(read_external(r, proto, &tensor));
    } else if (parts[RAW].n) {
        wire_span raw = parts[RAW].at[parts[RAW].n - 1];
        if (raw.size != tensor.data_size)
            return onnx_fail(r, AMCT_E_FORMAT, "raw_data has %zu bytes, %zu wanted for %lld %s",
                             raw.size, tensor.data_size, (long long)count,
                             onnx_dtype_name(tensor.type.dtype));
        tensor.data = raw.data;
    } else {
        ONNX_TRY(onnx_read_typed(r, parts, proto, count, &tensor));
    }
    *out = tensor;
    return AMCT_OK;
}
