/* Names, the tensors behind them, and constants of our own. */
#define _GNU_SOURCE /* tdestroy */
#include "onnx_reader.h"

#include <math.h>
#include <search.h>
#include <string.h>

typedef struct onnx_entry {
    const char *key;
    onnx_value *value; /* NULL: an input that the call of a function leaves out */
} onnx_entry;

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const onnx_entry *)a)->key, ((const onnx_entry *)b)->key);
}

static onnx_entry *find(const onnx_scope *scope, const char *name)
{
    const onnx_entry wanted = {.key = name};
    void *node = tfind(&wanted, &scope->names, compare_entries);
    return node ? *(onnx_entry **)node : NULL;
}

onnx_value *onnx_value_find(const onnx_scope *scope, const char *name)
{
    onnx_entry *entry = find(scope, name);
    return entry ? entry->value : NULL;
}

static int32_t add_entry(onnx_reader *r, onnx_scope *scope, const char *name, onnx_value *value)
{
    onnx_entry *entry = onnx_alloc(&r->memory, 1, sizeof *entry);
    if (!entry)
        return onnx_nomem(r);
    *entry = (onnx_entry){onnx_text(&r->memory, "%s", name), value};
    if (!entry->key || !tsearch(entry, &scope->names, compare_entries))
        return onnx_nomem(r);
    return AMCT_OK;
}

int32_t onnx_value_bind(onnx_reader *r, onnx_scope *scope, const char *name, onnx_value *value)
{
    if (find(scope, name))
        return onnx_fail(r, AMCT_E_FORMAT, "the name '%s' is there twice", name);
    return add_entry(r, scope, name, value);
}

int32_t onnx_value_new(onnx_reader *r, const char *name, onnx_value **out)
{
    onnx_value *value = onnx_alloc(&r->memory, 1, sizeof *value);
    if (!value || !(value->name = onnx_text(&r->memory, "%s", name)))
        return onnx_nomem(r);
    value->id = AMCT_NO_TENSOR;
    value->kind = AMCT_TENSOR_VALUE;
    value->type = onnx_type_unknown;
    *r->last_value = value;
    r->last_value = &value->next;
    *out = value;
    return AMCT_OK;
}

int32_t onnx_value_named(onnx_reader *r, onnx_scope *scope, const char *name, onnx_value **out)
{
    onnx_entry *entry = find(scope, name);
    if (entry) {
        *out = entry->value;
        return AMCT_OK;
    }
    const char *full = name;
    if (scope->prefix[0] && !(full = onnx_text(&r->memory, "%s%s", scope->prefix, name)))
        return onnx_nomem(r);
    onnx_value *value;
    ONNX_TRY(onnx_value_new(r, full, &value));
    ONNX_TRY(add_entry(r, scope, name, value));
    *out = value;
    return AMCT_OK;
}

static void keep(void *entry)
{
    (void)entry; /* of memory */
}

void onnx_scope_clear(onnx_scope *scope)
{
    tdestroy(scope->names, keep);
    scope->names = NULL;
}

static int32_t emit(onnx_reader *r, onnx_value *value, const void *data, size_t data_size,
                    uint32_t owner)
{
    const amct_tensor_desc desc = {
        .struct_size = sizeof desc,
        .kind = value->kind,
        .dtype = value->type.dtype,
        .rank = value->type.rank,
        .name = value->name,
        .dims = value->type.dims,
        .data = data,
        .data_size = data_size,
        .owner = owner,
    };
    return r->sink->tensor(r->sink->ctx, &desc, &value->id);
}

int32_t onnx_value_emit(onnx_reader *r, onnx_value *value)
{
    return value->id == AMCT_NO_TENSOR ? emit(r, value, NULL, 0, AMCT_DATA_MAPPED) : AMCT_OK;
}

int32_t onnx_value_emit_constant(onnx_reader *r, onnx_value *value, const void *data,
                                 size_t data_size, uint32_t owner)
{
    value->kind = AMCT_TENSOR_CONSTANT;
    int32_t status = emit(r, value, data, data_size, owner);
    if (status == AMCT_OK)
        value->data = data;
    else if (owner == AMCT_DATA_HOST)
        r->host->free(r->host->ctx, (void *)data);
    return status;
}

int32_t onnx_value_take(onnx_reader *r, onnx_value *value, onnx_tensor *tensor)
{
    value->type = tensor->type;
    return onnx_value_emit_constant(r, value, tensor->data, tensor->data_size, tensor->owner);
}

int32_t onnx_value_fill(onnx_reader *r, onnx_value *value, const void *data, size_t data_size)
{
    void *block = r->host->alloc(r->host->ctx, data_size, 8);
    if (!block)
        return onnx_nomem(r);
    if (data_size)
        memcpy(block, data, data_size);
    return onnx_value_emit_constant(r, value, block, data_size, AMCT_DATA_HOST);
}

int32_t onnx_new_ints(onnx_reader *r, const char *name, const int64_t *ints, size_t n, bool scalar,
                      onnx_value **out)
{
    onnx_value *value;
    ONNX_TRY(onnx_value_new(r, name, &value));
    value->type = (onnx_type){.dtype = AMCT_INT64, .rank = !scalar, .dims = {(int64_t)n}};
    ONNX_TRY(onnx_value_fill(r, value, ints, n * sizeof *ints));
    *out = value;
    return AMCT_OK;
}

/* To nearest even, as by IEEE 754. */
static uint16_t to_half(float number)
{
    uint16_t sign = signbit(number) ? 0x8000 : 0;
    double magnitude = fabs((double)number);
    int exponent;
    if (isnan(number))
        return sign | 0x7e00;
    if (magnitude >= 65520) /* rounds to 65536 */
        return sign | 0x7c00;
    if (magnitude < 0x1p-14) /* subnormal or 0 */
        return sign | (uint16_t)lrint(ldexp(magnitude, 24));
    double fraction = frexp(magnitude, &exponent); /* 0.5 to 1 */
    return sign | (uint16_t)(((exponent + 13) << 10) + lrint(ldexp(fraction, 11)));
}

static uint16_t to_bfloat(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

int32_t onnx_new_scalar(onnx_reader *r, const char *name, uint32_t dtype, double number,
                        onnx_value **out)
{
    union {
        float f;
        double d;
        uint16_t h;
    } bits = {.d = 0};
    size_t size = onnx_dtype_bits(dtype) / 8;
    switch (dtype) {
    case AMCT_DOUBLE: bits.d = number; break;
    case AMCT_FLOAT16: bits.h = to_half((float)number); break;
    case AMCT_BFLOAT16: bits.h = to_bfloat((float)number); break;
    default: /* before opset 11, whose inputs take the place of these, all others were float */
        dtype = AMCT_FLOAT;
        bits.f = (float)number;
        size = sizeof bits.f;
    }
    onnx_value *value;
    ONNX_TRY(onnx_value_new(r, name, &value));
    value->type = (onnx_type){.dtype = dtype};
    ONNX_TRY(onnx_value_fill(r, value, &bits, size));
    *out = value;
    return AMCT_OK;
}
