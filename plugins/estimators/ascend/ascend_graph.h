/*
 * ascend_graph.h - the host's view of a graph with what the passes note beside it.
 *
 * Everything lives in one block of scratch memory, sized before and laid out by ascend_graph_init,
 * so that a call allocates nothing once the block is large enough. The accessors check ids and
 * dims: a view that breaks the interface's promises gives odd numbers, never a crash.
 */
#ifndef AMCT_ASCEND_GRAPH_H
#define AMCT_ASCEND_GRAPH_H

#include "ascend_chip.h"
#include "ascend_op.h"

#include <amct/plugin.h>

#define ASCEND_NONE 0xffffffffu
/* Sizes and counts are cut here, so that products of a few of them stay finite. */
#define ASCEND_HUGE 1e30
/* Traffic since what never was in L2 was written. */
#define ASCEND_FAR 1e18

enum ascend_layout {
    ASCEND_FLAT =
        0,          /* ND, or FRACTAL_NZ beside a MatMul: conversions between the two are ignored */
    ASCEND_FIVE = 1 /* NC1HWC0: channels in groups of 32 bytes */
};

enum ascend_residual {
    ASCEND_RESIDUAL_FLOAT16 = 0, /* written as FP16, quantised for the next layer by a kernel */
    ASCEND_RESIDUAL_BOTH = 1,    /* the layer's own kernel writes it in both forms */
    ASCEND_RESIDUAL_INT8 = 2     /* written once, quantised; the addition reads that */
};

/* What the user chose. */
typedef struct ascend_settings {
    const ascend_chip *chip;
    bool aipp;          /* images come in as uint8: the first operator reads them so */
    bool small_channel; /* images of up to 4 channels are stored with 4 (NC1HWC0_C04) */
    uint8_t residual;   /* ascend_residual */
} ascend_settings;

typedef struct ascend_tensor {
    const int64_t *dims;
    uint32_t rank;      /* 0 if !known */
    double elements;    /* 0 if !known */
    uint32_t maker;     /* node, ASCEND_NONE */
    uint32_t n_uses;    /* sources of nodes that name it */
    uint32_t use_begin; /* of the users in ascend_graph.uses, in ascending order */
    uint32_t same_as;   /* the tensor that holds its bytes; itself unless it is a view */
    uint32_t part_of;   /* what it was split from without being moved, ASCEND_NONE */
    uint32_t quant;     /* the first AscendQuant that reads it and was kept, ASCEND_NONE */
    uint32_t reader;    /* the kernel that was last seen to read it */
    double made_at;     /* traffic when it was written */
    uint8_t bits;       /* of an element in the device's memory */
    uint8_t layout;     /* ascend_layout */
    bool known;         /* rank and dims are */
    bool fixed;         /* constant, or computed when the network is compiled */
    bool input, output; /* of the network */
    bool sparse;        /* weights whose zeros the chip skips */
    bool image;         /* an input that AIPP feeds */
    bool pieces;        /* written by several kernels, each its part (a free Concat) */
    bool converted;     /* a TransData to the other layout has been paid for */
} ascend_tensor;

enum ascend_extend { ASCEND_MAY_ELTWISE = 1, ASCEND_MAY_QUANT = 2 };

typedef struct ascend_node {
    const ascend_op *op;   /* NULL if it is not known */
    uint32_t kernel;       /* the node that leads the kernel it runs in, ASCEND_NONE */
    uint32_t fused_into;   /* if status is FUSED */
    uint32_t next;         /* member of the kernel, ASCEND_NONE at the end */
    uint8_t status;        /* amct_node_status */
    bool done;             /* status is decided */
    bool rolled_back;      /* a quantised layer that runs in FP16 */
    bool swapped;          /* a Transpose whose last two axes the product behind swaps */
    bool passes_on;        /* a DequantizeLinear that belongs to the quantised layers behind it */
    uint32_t live, rolled; /* of a quantise node: users that take integers, and that do not */
    /* Of a leader: */
    uint32_t tail;    /* last member */
    uint32_t dst;     /* what the kernel produces so far */
    uint8_t extend;   /* ascend_extend */
    uint8_t layout;   /* in which it reads and writes */
    bool activated;   /* has had its free activation */
    uint32_t eltwise; /* elementwise operators that cost a pass of their own */
} ascend_node;

typedef struct ascend_graph {
    const amct_graph_view *view;
    const ascend_settings *settings;
    uint32_t n_nodes, n_tensors;
    ascend_node *nodes;
    ascend_tensor *tensors;
    uint32_t *uses;
    double traffic; /* bytes that the kernels described so far move */
} ascend_graph;

/* Bytes of scratch that the view needs; 0 if they cannot be counted. */
size_t ascend_graph_bytes(const amct_graph_view *view);
/* Lays the graph out in scratch (aligned to 8) and finds operators, makers and users. */
void ascend_graph_init(ascend_graph *g, const amct_graph_view *view,
                       const ascend_settings *settings, void *scratch);

/* Source or result i of a node; ASCEND_NONE if it is left out or no tensor. */
uint32_t ascend_src(const ascend_graph *g, uint32_t node, uint32_t i);
uint32_t ascend_dst(const ascend_graph *g, uint32_t node, uint32_t i);
uint32_t ascend_n_src(const ascend_graph *g, uint32_t node);
uint32_t ascend_n_dst(const ascend_graph *g, uint32_t node);
/* ascend_kind of a node, ASCEND_UNKNOWN for ASCEND_NONE. */
uint32_t ascend_kind_of(const ascend_graph *g, uint32_t node);

/* Attribute by name, NULL if it is absent or not of that type. */
const amct_attr_desc *ascend_attr(const ascend_graph *g, uint32_t node, const char *name,
                                  uint32_t type);
int64_t ascend_attr_int(const ascend_graph *g, uint32_t node, const char *name, int64_t otherwise);

/* The node that alone uses tensor t, which is no output; else ASCEND_NONE. */
uint32_t ascend_only_user(const ascend_graph *g, uint32_t t);
/* The tensor that holds the bytes of t. */
uint32_t ascend_resolve(const ascend_graph *g, uint32_t t);
/* Makes t another name of `of`. */
void ascend_alias(ascend_graph *g, uint32_t t, uint32_t of);

/* Size of axis i; 1 beyond the rank. Of known tensors. */
double ascend_dim(const ascend_graph *g, uint32_t t, uint32_t i);
/* Product of the dims from first to before last, cut at ASCEND_HUGE. */
double ascend_product(const ascend_graph *g, uint32_t t, uint32_t first, uint32_t last);
/* Elements with the channels (axis 1, if the layout is FIVE) rounded up to a multiple. */
double ascend_padded(const ascend_graph *g, uint32_t t, double multiple);
/* Channels that share 32 bytes: 16, 32 (8 bits), 64 (4 bits). */
double ascend_c0(uint32_t bits);
/* In the device's memory, of the tensor that holds the bytes of t. */
double ascend_bytes(const ascend_graph *g, uint32_t t);
/* Whether the same bytes serve both layouts: nothing behind the channels. */
bool ascend_layouts_agree(const ascend_graph *g, uint32_t t);

static inline double ascend_ceil_div(double a, double b)
{
    return __builtin_ceil(a / b);
}

#endif
