/*
 * TensorProto: 1 dims, 2 data_type, 9 raw_data; elements as numbers in 3 float_data, 4 int32_data,
 * 6 int64_data, 10 double_data, 11 uint64_data; 12 external_data (1 location, 2 offset, 3 length);
 * 16 compression_type, 17 quant_params.
 */
#include "../common/import_number.h"
#include "ms_reader.h"

#include <string.h>

/* Elements that are spelt as numbers may not fill the memory. */
#define MAX_COPIED ((size_t)256 << 20)

int32_t ms_tensor_new(ms_reader *r, const char *name, uint32_t dtype, int32_t rank,
                      const int64_t *dims, ms_tensor **out)
{
    ms_tensor *t = import_alloc(&r->memory, 1, sizeof *t);
    if (!t)
        return ms_nomem(r);
    *t = (ms_tensor){.name = name, .id = AMCT_NO_TENSOR, .dtype = dtype, .rank = rank};
    for (int32_t d = 0; d < rank; d++)
        t->dims[d] = dims ? dims[d] : AMCT_DIM_UNKNOWN;
    *out = t;
    return AMCT_OK;
}

int64_t ms_tensor_count(const ms_tensor *t)
{
    int64_t count = 1;
    if (t->rank < 0)
        return -1;
    for (int32_t d = 0; d < t->rank; d++)
        if (t->dims[d] < 0 || __builtin_mul_overflow(count, t->dims[d], &count))
            return -1;
    return count;
}

int32_t ms_tensor_bind(ms_reader *r, ms_tensor *t, wire_span bytes)
{
    int64_t count = ms_tensor_count(t), wanted;
    char text[200];
    if (count < 0 || __builtin_mul_overflow(count, (int64_t)ms_dtype_bytes(t->dtype), &wanted))
        return ms_fail(r, AMCT_E_LIMIT, "'%.200s' of shape %s is too large", t->name,
                       ms_dims_text(t->rank, t->dims, text, sizeof text));
    if ((uint64_t)wanted != bytes.size)
        return ms_fail(r, AMCT_E_FORMAT, "'%.200s' of shape %s has %zu bytes, %lld wanted", t->name,
                       ms_dims_text(t->rank, t->dims, text, sizeof text), bytes.size,
                       (long long)wanted);
    t->kind = AMCT_TENSOR_CONSTANT;
    t->data = bytes.data;
    t->data_size = bytes.size;
    return AMCT_OK;
}

int32_t ms_read_shape(ms_reader *r, wire_span message, ms_tensor *out)
{
    wire_span rest = message, packed = {NULL, 0};
    int64_t dim;
    if (!wire_valid(message))
        return ms_damaged(r, message.data);
    out->dtype = ms_dtype(wire_int(message, 2, 0));
    out->rank = 0;
    while (wire_each_int(&rest, &packed, 1, &dim)) {
        if (out->rank == MS_MAX_RANK)
            return ms_fail(r, AMCT_E_LIMIT, "a tensor of more than %d dims", MS_MAX_RANK);
        out->dims[out->rank++] = dim < 0 ? AMCT_DIM_UNKNOWN : dim;
        if (dim == -2) { /* not even the number of dims is known */
            out->rank = -1;
            break;
        }
    }
    return AMCT_OK;
}

/* ---- Elements ------------------------------------------------------------------------------ */

static int32_t map_file(ms_reader *r, wire_span location, amct_view *out)
{
    for (ms_map *m = r->maps; m; m = m->next)
        if (wire_is(location, m->location)) {
            *out = m->view;
            return AMCT_OK;
        }
    ms_map *m = import_alloc(&r->memory, 1, sizeof *m);
    if (!m || !(m->location = import_copy(&r->memory, location.data, location.size)))
        return ms_nomem(r);
    m->view.struct_size = sizeof m->view;
    MS_TRY(r->sink->map(r->sink->ctx, m->location, &m->view));
    m->next = r->maps;
    r->maps = m;
    *out = m->view;
    return AMCT_OK;
}

static int32_t bind_external(ms_reader *r, ms_tensor *t, wire_span external)
{
    wire_span location = wire_bytes(external, 1);
    int64_t offset = wire_int(external, 2, 0), length = wire_int(external, 3, -1);
    amct_view view = {.struct_size = sizeof view};
    if (!wire_valid(external) || !location.size || memchr(location.data, 0, location.size))
        return ms_fail(r, AMCT_E_FORMAT, "'%.200s' lies in another file, which is not named",
                       t->name);
    MS_TRY(map_file(r, location, &view));
    if (offset < 0 || length < 0 || (uint64_t)offset > view.size ||
        (uint64_t)length > view.size - (uint64_t)offset)
        return ms_fail(r, AMCT_E_FORMAT,
                       "'%.200s' lies at %lld, %lld bytes, of '%.200s', which has %zu", t->name,
                       (long long)offset, (long long)length, view.name, view.size);
    return ms_tensor_bind(r, t, (wire_span){(const uint8_t *)view.data + offset, (size_t)length});
}

/* The field of numbers that holds elements of a type, and how. */
static bool numbers_of(uint32_t dtype, uint32_t *number, uint32_t *wire)
{
    *wire = WIRE_VARINT;
    switch (dtype) {
    case AMCT_FLOAT: *number = 3, *wire = WIRE_FIXED32; return true;
    case AMCT_DOUBLE: *number = 10, *wire = WIRE_FIXED64; return true;
    case AMCT_INT64: *number = 6; return true;
    case AMCT_UINT32:
    case AMCT_UINT64: *number = 11; return true;
    case AMCT_FLOAT16: /* as bits */
    case AMCT_BFLOAT16:
    case AMCT_BOOL:
    case AMCT_INT8:
    case AMCT_INT16:
    case AMCT_INT32:
    case AMCT_UINT8:
    case AMCT_UINT16: *number = 4; return true;
    default: return false;
    }
}

typedef struct elements {
    uint8_t *data;
    size_t n, wanted, width;
} elements;

static bool put_element(elements *e, uint64_t bits)
{
    if (e->n == e->wanted)
        return false;
    memcpy(e->data + e->n++ * e->width, &bits, e->width);
    return true;
}

/* A packed field of numbers; false if it is damaged or has too many. */
static bool put_packed(elements *e, wire_span packed, uint32_t wire)
{
    size_t step = wire == WIRE_FIXED64 ? 8 : 4;
    while (packed.size) {
        uint64_t bits = 0;
        if (wire == WIRE_VARINT) {
            if (wire_varint(&packed, &bits) < 0)
                return false;
        } else {
            if (packed.size < step)
                return false;
            memcpy(&bits, packed.data, step);
            packed.data += step;
            packed.size -= step;
        }
        if (!put_element(e, bits))
            return false;
    }
    return true;
}

static int32_t copy_numbers(ms_reader *r, ms_tensor *t, wire_span message)
{
    uint32_t number, wire;
    int64_t count = ms_tensor_count(t);
    wire_field f;
    bool fits = true;
    elements e = {.width = ms_dtype_bytes(t->dtype)};
    if (!numbers_of(t->dtype, &number, &wire) || count < 0)
        return ms_tensor_bind(r, t, (wire_span){NULL, 0});
    /* a number takes a byte of the file at least */
    if ((uint64_t)count > message.size)
        return ms_fail(r, AMCT_E_FORMAT, "'%.200s' has no data", t->name);
    if ((uint64_t)count * e.width > MAX_COPIED - r->n_copied)
        return ms_fail(r, AMCT_E_LIMIT, "elements that are spelt as numbers take more than %zu MiB",
                       MAX_COPIED >> 20);
    e.wanted = (size_t)count;
    r->n_copied += e.wanted * e.width;
    e.data = import_alloc(&r->memory, e.wanted + 1, e.width);
    if (!e.data)
        return ms_nomem(r);
    while (fits && wire_next(&message, &f) > 0) {
        if (f.number != number)
            continue;
        if (f.wire == WIRE_LENGTH)
            fits = put_packed(&e, f.bytes, wire);
        else
            fits = f.wire == wire && put_element(&e, f.value);
    }
    if (!fits || e.n != e.wanted)
        return ms_fail(r, AMCT_E_FORMAT, "'%.200s' has %s elements than its shape", t->name,
                       e.n == e.wanted ? "more" : "fewer");
    t->owner = AMCT_DATA_HOST;
    return ms_tensor_bind(r, t, (wire_span){e.data, e.wanted * e.width});
}

static int32_t check_plain(ms_reader *r, const ms_tensor *t, wire_span message)
{
    static const char *const packings[] = {"",        "INDEXING", "SPARSE", "FSE", "BIT_PACKING",
                                           "FSE_INT", "FSE_INFER"};
    int64_t packing = wire_int(message, 16, 0);
    wire_field field;
    if (packing != 0)
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "'%.200s' is compressed (%s); give the model that it was made from", t->name,
                       packing > 0 && packing < 7 ? packings[packing] : "in an unknown way");
    if (wire_find(message, 17, WIRE_LENGTH, &field))
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "'%.200s' is quantised already; give the model that it was made from",
                       t->name);
    return AMCT_OK;
}

int32_t ms_read_tensor(ms_reader *r, wire_span message, const char *name, ms_tensor **out)
{
    ms_tensor *t = NULL;
    wire_field field;
    MS_TRY(ms_tensor_new(r, name, AMCT_UNDEFINED, 0, NULL, &t));
    MS_TRY(ms_read_shape(r, message, t));
    for (int32_t d = 0; d < t->rank; d++)
        if (t->dims[d] < 0)
            return ms_fail(r, AMCT_E_FORMAT, "dim %d of '%.200s' is not known", d, name);
    if (t->rank < 0 || !ms_dtype_bytes(t->dtype))
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "'%.200s' has the element type %lld, which is not supported", name,
                       (long long)wire_int(message, 2, 0));
    MS_TRY(check_plain(r, t, message));
    *out = t;
    if (wire_find(message, 9, WIRE_LENGTH, &field))
        return ms_tensor_bind(r, t, field.bytes);
    if (wire_find(message, 12, WIRE_LENGTH, &field))
        return bind_external(r, t, field.bytes);
    return copy_numbers(r, t, message);
}

double ms_tensor_number(const ms_tensor *t, size_t i)
{
    return import_number(t->dtype, t->data, i);
}
