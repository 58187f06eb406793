/*
 * onednn.h - the only door to oneDNN: layers with fused post-operations, pooling, elementwise
 * operations and layout changes, compiled once and kept.
 *
 * A primitive is compiled for shapes, types, post-operations and the scales of an integer layer
 * (oneDNN 2.6 has no fast integer convolution with scales given later); weights and biases are
 * arguments. Packed weights are kept by the hash of their bytes, so a second network
 * that shares a layer pays nothing for it. One instance per process; not for several threads.
 */
#ifndef AMCT_EXEC_ONEDNN_H
#define AMCT_EXEC_ONEDNN_H

#include "base/arena.h"
#include "graph/tensor.h"

typedef struct amct_onednn amct_onednn;

/* Order of a tensor's elements in memory: PLAIN is C order of the dims; LAST has the channels
 * (dim 1) innermost: N, spatial..., C. */
typedef enum amct_layout { AMCT_LAYOUT_PLAIN = 0, AMCT_LAYOUT_LAST = 1 } amct_layout;

/* A tensor as oneDNN sees it: dtype is FLOAT, UINT8, INT8 or INT32; rank 1 to 5. */
typedef struct amct_onednn_tensor {
    uint32_t dtype;
    amct_layout layout;
    amct_shape shape;
} amct_onednn_tensor;

/* What happens to a layer's result before it is stored, in order. No kind twice, but for ADD:
 * oneDNN 2.6 computes the second one with the numbers of the first. */
typedef enum amct_post_kind {
    AMCT_POST_RELU,   /* max(x, 0) + a * min(x, 0) */
    AMCT_POST_CLIP,   /* min(max(x, a), b) */
    AMCT_POST_LINEAR, /* a * x + b */
    AMCT_POST_ROUND,  /* to nearest even */
    AMCT_POST_SIGMOID,
    AMCT_POST_TANH,
    AMCT_POST_ELU, /* x > 0 ? x : a * (exp(x) - 1) */
    AMCT_POST_SOFTPLUS,
    AMCT_POST_GELU_ERF,
    AMCT_POST_GELU_TANH,
    AMCT_POST_HARDSWISH,
    AMCT_POST_MISH,
    AMCT_POST_EXP,
    AMCT_POST_SQRT,
    AMCT_POST_ABS,
    AMCT_POST_ADD,   /* a float tensor of the result's shape and layout, an argument */
    AMCT_POST_SUM,   /* what dst holds (float) */
    AMCT_POST_SCALES /* times one float per channel (dim 1), an argument */
} amct_post_kind;

typedef struct amct_post {
    amct_post_kind kind;
    float a, b;
} amct_post;

enum { AMCT_MAX_POSTS = 10 };

typedef enum amct_layer_kind {
    AMCT_LAYER_CONV,   /* weights: Cout, Cin / groups, spatial... */
    AMCT_LAYER_DECONV, /* weights: Cin, Cout / groups, spatial... as in ONNX's ConvTranspose */
    AMCT_LAYER_INNER   /* src: N x K; weights: Cout x K, or K x Cout if transposed */
} amct_layer_kind;

typedef struct amct_layer_desc {
    amct_layer_kind kind;
    amct_onednn_tensor src, dst; /* src FLOAT or UINT8; dst FLOAT, UINT8 or (integer) INT32 */
    amct_shape weights;          /* FLOAT with a float src, INT8 with an integer one */
    bool weights_transposed;
    bool bias; /* FLOAT, or INT32 with an integer src */
    int64_t groups;
    int64_t strides[3], dilations[3], pad_begin[3], pad_end[3];
    /* Integer layers: result = float(sum + bias) * scales[channel] with n_scales floats (1 or Cout)
     * unless dst is INT32; padding stands for src_zero_point. */
    int64_t n_scales;
    const float *scales; /* read while it is compiled */
    int32_t src_zero_point;
    int32_t dst_zero_point; /* added behind the posts, before rounding to an integer dst */
    amct_post posts[AMCT_MAX_POSTS];
    uint32_t n_posts;
} amct_layer_desc;

typedef enum amct_pool_kind {
    AMCT_POOL_MAX,
    AMCT_POOL_AVERAGE,
    AMCT_POOL_AVERAGE_PADDED
} amct_pool_kind;

typedef struct amct_pool_desc {
    amct_pool_kind kind; /* AVERAGE_PADDED counts the padding */
    amct_onednn_tensor src, dst;
    int64_t kernel[3], strides[3], dilations[3], pad_begin[3], pad_end[3];
} amct_pool_desc;

typedef enum amct_binary_kind {
    AMCT_BINARY_ADD,
    AMCT_BINARY_SUB,
    AMCT_BINARY_MUL,
    AMCT_BINARY_DIV,
    AMCT_BINARY_MAX,
    AMCT_BINARY_MIN,
    AMCT_BINARY_PRELU /* a < 0 ? a * b : a */
} amct_binary_kind;

/* A compiled primitive; belongs to the instance. */
typedef struct amct_prim amct_prim;
/* Weights in the form that a primitive wants; belongs to the instance. */
typedef struct amct_packed amct_packed;
/* A primitive with its arguments, ready to run; belongs to the arena it was bound in. */
typedef struct amct_bound amct_bound;

/* AMCT_E_UNSUPPORTED on processors without AVX2: there oneDNN 2.6 crashes on some shapes. */
amct_status amct_onednn_new(amct_onednn **out, amct_err *err);
void amct_onednn_free(amct_onednn *dnn);
/* Whether u8 x s8 products are summed without saturation here (VNNI or better). */
bool amct_onednn_has_vnni(void);
/* The instruction set that oneDNN uses here: results of float sums may depend on it. */
const char *amct_onednn_isa(void);

/* Each returns AMCT_E_UNSUPPORTED (and says nothing useful) if oneDNN has no fast implementation:
 * the caller has another way. */
amct_status amct_onednn_layer(amct_prim **out, amct_onednn *dnn, const amct_layer_desc *desc,
                              amct_err *err);
amct_status amct_onednn_pool(amct_prim **out, amct_onednn *dnn, const amct_pool_desc *desc,
                             amct_err *err);
/* One elementwise post (not ADD, SCALES) on a tensor; dst may be src. */
amct_status amct_onednn_eltwise(amct_prim **out, amct_onednn *dnn, const amct_onednn_tensor *src,
                                const amct_post *post, amct_err *err);
/* dst = a op b; b's dims are a's or 1. FLOAT, one layout. */
amct_status amct_onednn_binary(amct_prim **out, amct_onednn *dnn, amct_binary_kind kind,
                               const amct_onednn_tensor *a, const amct_onednn_tensor *b,
                               amct_err *err);
/* Copies src into the other layout. */
amct_status amct_onednn_reorder(amct_prim **out, amct_onednn *dnn, const amct_onednn_tensor *src,
                                amct_layout dst_layout, amct_err *err);

/* The name of the implementation that oneDNN chose, for profiles. */
const char *amct_prim_name(const amct_prim *prim);

/* The layer's weights, packed for it; data has desc->weights' shape in C order. */
amct_status amct_onednn_pack(const amct_packed **out, amct_onednn *dnn, const amct_prim *layer,
                             const amct_layer_desc *desc, const void *data, amct_hash hash,
                             amct_err *err);

/* Where a bound primitive finds its arguments; the pointers must stay valid while it is run. */
typedef struct amct_prim_args {
    const void *src, *src1; /* src1: second operand of a binary */
    void *dst;
    const amct_packed *weights;
    const void *bias;
    const float *scales;              /* n_scales of the layer, or of AMCT_POST_SCALES */
    const float *add[AMCT_MAX_POSTS]; /* per post: operand of AMCT_POST_ADD */
} amct_prim_args;

/* scratch of amct_onednn_scratch is used while it runs. */
amct_status amct_onednn_bind(amct_bound **out, amct_onednn *dnn, amct_prim *prim, amct_arena *arena,
                             const amct_prim_args *args, amct_err *err);
amct_status amct_onednn_run(amct_onednn *dnn, amct_bound *bound, amct_err *err);

#endif
