/*
 * ascend_op.h - ONNX's operators as the graph pass sees them: what can be fused with what.
 */
#ifndef AMCT_ASCEND_OP_H
#define AMCT_ASCEND_OP_H

#include <stdint.h>

typedef enum ascend_kind {
    ASCEND_UNKNOWN = 0,
    ASCEND_CONV,
    ASCEND_DECONV, /* ConvTranspose */
    ASCEND_MATMUL, /* also Gemm */
    ASCEND_POOL,
    ASCEND_GLOBAL_POOL,
    ASCEND_BATCH_NORM,
    ASCEND_CLAMP,  /* Relu and its kin: free at the end of a cube operator */
    ASCEND_UNARY,  /* elementwise, one source */
    ASCEND_BINARY, /* elementwise, several sources */
    ASCEND_CAST,
    ASCEND_QUANT,        /* AscendQuant, QuantizeLinear */
    ASCEND_DEQUANT,      /* AscendDequant */
    ASCEND_ANTIQUANT,    /* AscendAntiQuant */
    ASCEND_QDQ,          /* DequantizeLinear */
    ASCEND_NORM,         /* over an axis, in ONNX's order of elements */
    ASCEND_SOFTMAX,      /* the same */
    ASCEND_NORM_SPATIAL, /* the same over height and width, or channels, in any layout */
    ASCEND_REDUCE,
    ASCEND_RECURRENT, /* LSTM, GRU, RNN */
    ASCEND_MOVE,      /* rearranges data, in any layout that the device has */
    ASCEND_MOVE_FLAT, /* the same, in ONNX's own order of elements only */
    ASCEND_SPLIT,
    ASCEND_TRANSPOSE,
    ASCEND_CONCAT,
    ASCEND_PAD,
    ASCEND_VIEW,  /* other dims, the same order of elements */
    ASCEND_ALIAS, /* nothing at all */
    ASCEND_STATIC /* known when the network is compiled */
} ascend_kind;

/* What an elementwise operator costs the vector unit. */
typedef enum ascend_effort { ASCEND_SIMPLE, ASCEND_DIVIDE, ASCEND_EXPONENTIAL } ascend_effort;

typedef struct ascend_op {
    const char *name;
    uint8_t kind;   /* ascend_kind */
    uint8_t effort; /* ascend_effort */
} ascend_op;

/* Of ONNX's default domain and AMCT's three; NULL if it is not known here. [any thread] */
const ascend_op *ascend_op_find(const char *name, const char *domain);
/* The table, sorted by name. */
extern const ascend_op ascend_ops[];
extern const uint32_t ascend_n_ops;

#endif
