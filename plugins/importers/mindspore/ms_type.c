/* Element types: MindIR numbers them as ONNX does, checkpoints name them, operators take TypeIds.
 */
#include "ms_reader.h"

uint32_t ms_dtype(int64_t type)
{
    switch (type) {
    case 1: return AMCT_FLOAT;
    case 2: return AMCT_UINT8;
    case 3: return AMCT_INT8;
    case 4: return AMCT_UINT16;
    case 5: return AMCT_INT16;
    case 6: return AMCT_INT32;
    case 7: return AMCT_INT64;
    case 9: return AMCT_BOOL;
    case 10: return AMCT_FLOAT16;
    case 11: /* DOUBLE and FLOAT64 are the same */
    case 17: return AMCT_DOUBLE;
    case 12: return AMCT_UINT32;
    case 13: return AMCT_UINT64;
    case 16: return AMCT_BFLOAT16;
    default: return AMCT_UNDEFINED;
    }
}

uint32_t ms_dtype_of_id(int64_t id)
{
    static const uint8_t dtypes[] = {AMCT_BOOL,    AMCT_UNDEFINED, AMCT_INT8,      AMCT_INT16,
                                     AMCT_INT32,   AMCT_INT64,     AMCT_UNDEFINED, AMCT_UINT8,
                                     AMCT_UINT16,  AMCT_UINT32,    AMCT_UINT64,    AMCT_UNDEFINED,
                                     AMCT_FLOAT16, AMCT_FLOAT,     AMCT_DOUBLE,    AMCT_BFLOAT16};
    enum { FIRST = 30 }; /* kNumberTypeBool */
    return id >= FIRST && id < FIRST + (int64_t)sizeof dtypes ? dtypes[id - FIRST] : AMCT_UNDEFINED;
}

uint32_t ms_dtype_named(wire_span name)
{
    static const struct {
        const char *name;
        uint32_t dtype;
    } names[] = {
        {"Float32", AMCT_FLOAT},  {"Float16", AMCT_FLOAT16}, {"BFloat16", AMCT_BFLOAT16},
        {"Float64", AMCT_DOUBLE}, {"Int8", AMCT_INT8},       {"Int16", AMCT_INT16},
        {"Int32", AMCT_INT32},    {"Int64", AMCT_INT64},     {"UInt8", AMCT_UINT8},
        {"UInt16", AMCT_UINT16},  {"UInt32", AMCT_UINT32},   {"UInt64", AMCT_UINT64},
        {"Bool", AMCT_BOOL},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (wire_is(name, names[i].name))
            return names[i].dtype;
    return AMCT_UNDEFINED;
}

uint32_t ms_dtype_bytes(uint32_t dtype)
{
    switch (dtype) {
    case AMCT_UINT8:
    case AMCT_INT8:
    case AMCT_BOOL: return 1;
    case AMCT_UINT16:
    case AMCT_INT16:
    case AMCT_FLOAT16:
    case AMCT_BFLOAT16: return 2;
    case AMCT_FLOAT:
    case AMCT_INT32:
    case AMCT_UINT32: return 4;
    case AMCT_INT64:
    case AMCT_UINT64:
    case AMCT_DOUBLE: return 8;
    default: return 0;
    }
}
