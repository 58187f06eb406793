/* Element types and shapes. */
#include "tf_reader.h"

#include <stdio.h>
#include <string.h>

/* tensorflow/core/framework/types.proto, by number. */
static const struct {
    const char *name;
    uint32_t dtype;
} types[] = {
    {"undefined", AMCT_UNDEFINED},
    {"float32", AMCT_FLOAT},
    {"float64", AMCT_DOUBLE},
    {"int32", AMCT_INT32},
    {"uint8", AMCT_UINT8},
    {"int16", AMCT_INT16},
    {"int8", AMCT_INT8},
    {"string", AMCT_STRING},
    {"complex64", AMCT_UNDEFINED},
    {"int64", AMCT_INT64},
    {"bool", AMCT_BOOL},
    {"qint8", AMCT_UNDEFINED},
    {"quint8", AMCT_UNDEFINED},
    {"qint32", AMCT_UNDEFINED},
    {"bfloat16", AMCT_BFLOAT16},
    {"qint16", AMCT_UNDEFINED},
    {"quint16", AMCT_UNDEFINED},
    {"uint16", AMCT_UINT16},
    {"complex128", AMCT_UNDEFINED},
    {"float16", AMCT_FLOAT16},
    {"resource", AMCT_UNDEFINED},
    {"variant", AMCT_UNDEFINED},
    {"uint32", AMCT_UINT32},
    {"uint64", AMCT_UINT64},
};
enum { N_TYPES = sizeof types / sizeof *types, REFERENCE = 100 };

static int64_t plain_type(int64_t type)
{
    return type > REFERENCE ? type - REFERENCE : type;
}

uint32_t tf_dtype(int64_t type)
{
    type = plain_type(type);
    return type >= 0 && type < N_TYPES ? types[type].dtype : AMCT_UNDEFINED;
}

const char *tf_dtype_name(int64_t type)
{
    type = plain_type(type);
    return type >= 0 && type < N_TYPES ? types[type].name : "unknown";
}

uint32_t tf_dtype_bits(uint32_t dtype)
{
    switch (dtype) {
    case AMCT_BOOL:
    case AMCT_INT8:
    case AMCT_UINT8: return 8;
    case AMCT_FLOAT16:
    case AMCT_BFLOAT16:
    case AMCT_INT16:
    case AMCT_UINT16: return 16;
    case AMCT_FLOAT:
    case AMCT_INT32:
    case AMCT_UINT32: return 32;
    case AMCT_DOUBLE:
    case AMCT_INT64:
    case AMCT_UINT64: return 64;
    default: return 0;
    }
}

/* TensorShapeProto: 2 dim { 1 size }, 3 unknown_rank. */
int32_t tf_read_shape(tf_reader *r, wire_span message, tf_shape *out, bool *known)
{
    tf_shape shape = {.rank = 0};
    wire_span rest = message, dim;
    *known = !wire_int(message, 3, 0);
    while (*known && wire_each(&rest, 2, &dim)) {
        int64_t size = wire_int(dim, 1, 0);
        if (shape.rank == TF_MAX_RANK)
            return tf_fail(r, AMCT_E_UNSUPPORTED, "has more than %d dims", TF_MAX_RANK);
        if (size < AMCT_DIM_UNKNOWN)
            return tf_fail(r, AMCT_E_FORMAT, "dim %u is %lld", shape.rank, (long long)size);
        shape.dims[shape.rank++] = size;
    }
    *out = shape;
    return AMCT_OK;
}

int32_t tf_count(tf_reader *r, const tf_shape *shape, int64_t *out)
{
    int64_t count = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dims[i];
        if (dim < 0) {
            *out = -1;
            return AMCT_OK;
        }
        if (dim > 0 && count > ((int64_t)1 << 40) / dim) {
            char text[256];
            return tf_fail(r, AMCT_E_LIMIT, "a tensor of shape %s is too large",
                           tf_shape_text(shape, text, sizeof text));
        }
        count *= dim;
    }
    *out = count;
    return AMCT_OK;
}

const char *tf_shape_text(const tf_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "scalar");
    for (uint32_t i = 0; i < shape->rank && used < size; i++) {
        int n = shape->dims[i] < 0 ? snprintf(text + used, size - used, "%s?", i ? "x" : "")
                                   : snprintf(text + used, size - used, "%s%lld", i ? "x" : "",
                                              (long long)shape->dims[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}

bool tf_shape_equal(const tf_shape *a, const tf_shape *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}
