/* Elements in the typed fields of a TensorProto: float_data, int32_data and their siblings. */
#include "onnx_reader.h"

#include <string.h>

/* How the elements of a dtype are stored; sources: the comments at the fields in onnx.proto, and
 * for the 4-bit types (two in one int32, the low bits first) those of ONNX 1.16. */
typedef struct layout {
    const char *field;
    uint32_t part;  /* index in the parts of onnx_read_typed */
    uint32_t wire;  /* onnx_wire_type of one number */
    uint32_t width; /* bytes of it that are kept */
} layout;

static layout layout_of(uint32_t dtype)
{
    uint32_t bits = onnx_dtype_bits(dtype), width = bits < 8 ? 1 : bits / 8;
    switch (dtype) {
    case AMCT_FLOAT: return (layout){"float_data", 0, WIRE_FIXED32, width};
    case AMCT_INT64: return (layout){"int64_data", 2, WIRE_VARINT, width};
    case AMCT_DOUBLE: return (layout){"double_data", 3, WIRE_FIXED64, width};
    case AMCT_UINT32:
    case AMCT_UINT64: return (layout){"uint64_data", 4, WIRE_VARINT, width};
    default: return (layout){"int32_data", 1, WIRE_VARINT, width};
    }
}

/* Number of numbers in packed spans: a varint ends with a byte below 0x80. */
static size_t count_packed(const layout *how, const onnx_part *part)
{
    size_t n = 0;
    for (size_t i = 0; i < part->n; i++) {
        const wire_span *span = &part->at[i];
        if (how->wire == WIRE_VARINT)
            for (size_t k = 0; k < span->size; k++)
                n += span->data[k] < 0x80;
        else
            n += span->size / how->width;
    }
    return n;
}

/* Numbers that are not packed are left to protobuf-c. */
static size_t loose_numbers(uint32_t part, const Onnx__TensorProto *loose, const void **numbers,
                            size_t *width)
{
    switch (part) {
    case 0: *numbers = loose->float_data, *width = 4; return loose->n_float_data;
    case 1: *numbers = loose->int32_data, *width = 4; return loose->n_int32_data;
    case 2: *numbers = loose->int64_data, *width = 8; return loose->n_int64_data;
    case 3: *numbers = loose->double_data, *width = 8; return loose->n_double_data;
    default: *numbers = loose->uint64_data, *width = 8; return loose->n_uint64_data;
    }
}

static bool decode_packed(const layout *how, const onnx_part *part, unsigned char *to)
{
    for (size_t i = 0; i < part->n; i++) {
        wire_span span = part->at[i];
        if (how->wire != WIRE_VARINT) {
            if (span.size % how->width)
                return false;
            if (span.size)
                memcpy(to, span.data, span.size);
            to += span.size;
            continue;
        }
        for (uint64_t number; span.size; to += how->width) {
            if (wire_varint(&span, &number) < 0)
                return false;
            memcpy(to, &number, how->width); /* the low bytes: the machine is little-endian */
        }
    }
    return true;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are copied as they are");

int32_t onnx_read_typed(onnx_reader *r, const onnx_part parts[5], const Onnx__TensorProto *loose,
                        int64_t count, onnx_tensor *out)
{
    layout how = layout_of(out->type.dtype);
    const onnx_part *part = &parts[how.part];
    size_t wanted = out->data_size / how.width, width = 0;
    const void *numbers = NULL;
    size_t n_packed = count_packed(&how, part);
    size_t n_loose = loose_numbers(how.part, loose, &numbers, &width);
    if (n_packed && n_loose)
        return onnx_fail(r, AMCT_E_FORMAT, "%s is partly packed", how.field);
    if (n_packed + n_loose != wanted)
        return onnx_fail(r, AMCT_E_FORMAT, "%s has %zu numbers, %zu wanted for %lld %s", how.field,
                         n_packed + n_loose, wanted, (long long)count,
                         onnx_dtype_name(out->type.dtype));
    if (part->n == 1 && n_packed && how.wire != WIRE_VARINT && part->at[0].size == out->data_size) {
        out->data = part->at[0].data; /* floats are stored as they are */
        return AMCT_OK;
    }
    unsigned char *block = r->host->alloc(r->host->ctx, out->data_size, 16);
    if (!block)
        return onnx_nomem(r);
    for (size_t i = 0; i < n_loose; i++)
        memcpy(block + i * how.width, (const char *)numbers + i * width, how.width);
    if (!n_loose && !decode_packed(&how, part, block)) {
        r->host->free(r->host->ctx, block);
        return onnx_fail(r, AMCT_E_FORMAT, "%s is damaged", how.field);
    }
    out->data = block;
    out->owner = AMCT_DATA_HOST;
    return AMCT_OK;
}
