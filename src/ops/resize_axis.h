/*
 * resize_axis.h - resizing along one axis: which source elements each result is made of. Resizing
 * is separable, so a tensor is resized by one axis after the other.
 *
 * Definition: ONNX, operator Resize of opset 19, whose length_resized is the result's integer
 * length. Only ALIGN_CORNERS takes the fractional target length, scale * in, as ONNX's own tests
 * and reference implementation do (onnxruntime does not; they differ where scale * in is no
 * integer).
 */
#ifndef AMCT_OPS_RESIZE_AXIS_H
#define AMCT_OPS_RESIZE_AXIS_H

#include "base/err.h"

#include <stdbool.h>

enum amct_resize_kind { AMCT_RESIZE_NEAREST, AMCT_RESIZE_LINEAR, AMCT_RESIZE_CUBIC };

enum amct_resize_coordinates {
    AMCT_RESIZE_HALF_PIXEL,
    AMCT_RESIZE_HALF_PIXEL_SYMMETRIC,
    AMCT_RESIZE_PYTORCH_HALF_PIXEL,
    AMCT_RESIZE_ALIGN_CORNERS,
    AMCT_RESIZE_ASYMMETRIC,
    AMCT_RESIZE_TF_HALF_PIXEL_FOR_NN,
    AMCT_RESIZE_TF_CROP_AND_RESIZE
};

enum amct_resize_rounding {
    AMCT_RESIZE_ROUND_PREFER_FLOOR,
    AMCT_RESIZE_ROUND_PREFER_CEIL,
    AMCT_RESIZE_FLOOR,
    AMCT_RESIZE_CEIL
};

typedef struct amct_resize_mode {
    uint32_t kind;        /* amct_resize_kind */
    uint32_t coordinates; /* amct_resize_coordinates */
    uint32_t rounding;    /* amct_resize_rounding, of NEAREST */
    bool antialias;       /* of LINEAR and CUBIC: widens the filter when shrinking */
    bool exclude_outside; /* of LINEAR and CUBIC: no weight outside of the source */
    double cubic_a;
} amct_resize_mode;

typedef struct amct_resize_axis {
    int64_t in, out;
    int64_t taps;    /* source elements per result; 1 for NEAREST */
    int64_t *index;  /* out x taps, each within the source; those of a result beyond it
                      * (TF_CROP_AND_RESIZE) are -1 */
    double *weights; /* out x taps; NULL for NEAREST */
} amct_resize_axis;

/* in and out are at least 1, scale (out / in but for rounding) is finite and > 0; roi is begin and
 * end of the cropped part in 0 .. 1, used by TF_CROP_AND_RESIZE. */
amct_status amct_resize_axis_make(amct_resize_axis *out, const amct_resize_mode *mode, int64_t in,
                                  int64_t n_out, double scale, const double roi[2], amct_err *err);
void amct_resize_axis_free(amct_resize_axis *axis); /* a zeroed one is allowed */

#endif
