/* Failures, warnings, and the two ways of taking a message apart, which fail alike. */
#include "../common/import_report.h"
#include "onnx_reader.h"

#include <stdio.h>
#include <string.h>

void onnx_at(onnx_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->place, sizeof r->place, fmt, args);
    va_end(args);
}

int32_t onnx_fail(onnx_reader *r, int32_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int32_t status = import_fail(r->host, code, r->place, fmt, args);
    va_end(args);
    return status;
}

int32_t onnx_nomem(onnx_reader *r)
{
    return r->host->fail(r->host->ctx, AMCT_E_NOMEM, "out of memory");
}

void onnx_warn(onnx_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    import_log(r->host, AMCT_LOG_WARN, r->place, fmt, args);
    va_end(args);
}

/* TensorProto.DataType of ONNX 1.19; 0 bits where amct has no such type. */
static const struct {
    const char *name;
    uint32_t bits;
} types[] = {
    {"undefined", 0},      {"float32", 32},     {"uint8", 8},          {"int8", 8},
    {"uint16", 16},        {"int16", 16},       {"int32", 32},         {"int64", 64},
    {"string", 0},         {"bool", 8},         {"float16", 16},       {"float64", 64},
    {"uint32", 32},        {"uint64", 64},      {"complex64", 0},      {"complex128", 0},
    {"bfloat16", 16},      {"float8e4m3fn", 0}, {"float8e4m3fnuz", 0}, {"float8e5m2", 0},
    {"float8e5m2fnuz", 0}, {"uint4", 4},        {"int4", 4},           {"float4e2m1", 0},
    {"float8e8m0", 0},
};
enum { N_TYPES = sizeof types / sizeof *types };

const char *onnx_dtype_name(int64_t dtype)
{
    return dtype >= 0 && dtype < N_TYPES ? types[dtype].name : "unknown";
}

uint32_t onnx_dtype_bits(int64_t dtype)
{
    return dtype >= 0 && dtype < N_TYPES ? types[dtype].bits : 0;
}

int32_t onnx_split(onnx_reader *r, onnx_memory *memory, wire_span message, onnx_part *parts,
                   size_t n_parts, wire_span *others)
{
    const uint8_t *bad, *from = r->model.data;
    int32_t status = onnx_wire_split(memory, message, parts, n_parts, others, &bad);
    if (status == AMCT_E_NOMEM)
        return onnx_nomem(r);
    if (status == AMCT_OK)
        return AMCT_OK;
    if (bad >= from && bad <= from + r->model.size)
        return onnx_fail(r, AMCT_E_FORMAT, "the file is cut short or damaged at byte %zu of %zu",
                         (size_t)(bad - from), r->model.size);
    return onnx_fail(r, AMCT_E_FORMAT, "the file is damaged");
}

int32_t onnx_unpack(onnx_reader *r, onnx_memory *memory, const ProtobufCMessageDescriptor *type,
                    wire_span message, void *out_message)
{
    ProtobufCMessage *m =
        protobuf_c_message_unpack(type, &memory->protobuf, message.size, message.data);
    if (!m && memory->exhausted)
        return onnx_nomem(r);
    if (!m)
        return onnx_fail(r, AMCT_E_FORMAT, "the file is damaged: this is no %s", type->short_name);
    memcpy(out_message, &m, sizeof m);
    return AMCT_OK;
}
