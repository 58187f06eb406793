/*
 * tf_window.h - the geometry of convolutions and pools. TensorFlow's SAME pads so that there are
 * ceil(in / stride) results, the odd pixel at the end; the numbers are written out, as pads.
 */
#ifndef TF_WINDOW_H
#define TF_WINDOW_H

#include "tf_rules.h"

enum { TF_MAX_SPACE = 3, TF_MAX_SIZE = 1 << 24 };

/* Per spatial dim. */
typedef struct tf_window {
    uint32_t n; /* spatial dims */
    bool last;  /* channels */
    int64_t in[TF_MAX_SPACE], kernel[TF_MAX_SPACE], strides[TF_MAX_SPACE], dilations[TF_MAX_SPACE];
    int64_t pads[2 * TF_MAX_SPACE], out[TF_MAX_SPACE]; /* begins, then ends */
} tf_window;

/* TensorFlow's axis of spatial dim i. */
static inline uint32_t tf_window_axis(const tf_window *w, uint32_t i)
{
    return i + (w->last ? 1 : 2);
}

static inline int64_t tf_window_extent(const tf_window *w, uint32_t i)
{
    return (w->kernel[i] - 1) * w->dilations[i] + 1;
}

/* The source's sizes, strides and dilations of the node. */
int32_t tf_window_read(tf_reader *r, const tf_call *call, const tf_value *x, tf_window *w);
/* An attribute with a number per dim, 1 for batch and channels. */
int32_t tf_window_list(tf_reader *r, const tf_call *call, const char *name, const tf_window *w,
                       int64_t *out);
/* Pads as the node's padding says; the kernel is known. */
int32_t tf_window_pad(tf_reader *r, const tf_call *call, tf_window *w);
/* Those of SAME in dim i, for `in` pixels of which there are `out` windows. */
void tf_window_same(tf_window *w, uint32_t i, int64_t in, int64_t out);
/* Sizes of the result. */
int32_t tf_window_measure(tf_reader *r, tf_window *w);
tf_shape tf_window_result(const tf_window *w, int64_t batch, int64_t channels);
/* Attributes of ONNX's node; w must live until it is emitted. */
void tf_window_put(tf_op *op, const tf_window *w, bool dilated);

#endif
