#include "ops/resize_axis.h"

#include "graph/tensor.h"

#include <math.h>
#include <stdlib.h>

/* Where result x lies in the source; NaN if that is beyond it. */
static double coordinate(const amct_resize_mode *mode, const amct_resize_axis *axis, double scale,
                         const double roi[2], int64_t result)
{
    double x = (double)result, in = (double)axis->in, width = scale * in;
    switch (mode->coordinates) {
    case AMCT_RESIZE_ALIGN_CORNERS: return result ? x * (in - 1) / (width - 1) : 0;
    case AMCT_RESIZE_ASYMMETRIC: return x / scale;
    case AMCT_RESIZE_TF_HALF_PIXEL_FOR_NN: return (x + 0.5) / scale;
    case AMCT_RESIZE_PYTORCH_HALF_PIXEL: return axis->out == 1 ? 0 : (x + 0.5) / scale - 0.5;
    case AMCT_RESIZE_HALF_PIXEL_SYMMETRIC: {
        /* Centres meet, though the target length was cut to an integer. */
        double adjustment = (double)axis->out / width;
        return in / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    case AMCT_RESIZE_TF_CROP_AND_RESIZE: {
        double at = axis->out == 1 ? (roi[0] + roi[1]) * (in - 1) / 2
                                   : x * (roi[1] - roi[0]) * (in - 1) / (double)(axis->out - 1) +
                                         roi[0] * (in - 1);
        return at >= 0 && at <= in - 1 ? at : NAN;
    }
    default: return (x + 0.5) / scale - 0.5;
    }
}

static double cubic(double a, double x)
{
    x = fabs(x);
    if (x <= 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* Weight of the source element that lies `distance` (in source elements) away. */
static double weight_at(const amct_resize_mode *mode, double distance, double squeeze)
{
    double x = distance * squeeze;
    return mode->kind == AMCT_RESIZE_CUBIC ? cubic(mode->cubic_a, x) : fmax(1 - fabs(x), 0);
}

static int64_t nearest(uint32_t rounding, int64_t below, double ratio)
{
    bool up = rounding == AMCT_RESIZE_ROUND_PREFER_FLOOR  ? ratio > 0.5
              : rounding == AMCT_RESIZE_ROUND_PREFER_CEIL ? ratio >= 0.5
              : rounding == AMCT_RESIZE_CEIL              ? true
                                                          : ratio == 1;
    return below + up;
}

static void set_weights(double *weights, const amct_resize_mode *mode, const amct_resize_axis *axis,
                        int64_t first, double at, double squeeze)
{
    double sum = 0;
    for (int64_t k = 0; k < axis->taps; k++) {
        int64_t i = first + k;
        bool excluded = mode->exclude_outside && (i < 0 || i >= axis->in);
        weights[k] = excluded ? 0 : weight_at(mode, (double)i - at, squeeze);
        sum += weights[k];
    }
    if ((mode->exclude_outside || mode->antialias) && sum != 0)
        for (int64_t k = 0; k < axis->taps; k++)
            weights[k] /= sum;
}

amct_status amct_resize_axis_make(amct_resize_axis *out, const amct_resize_mode *mode, int64_t in,
                                  int64_t n_out, double scale, const double roi[2], amct_err *err)
{
    bool weighted = mode->kind != AMCT_RESIZE_NEAREST;
    double squeeze = weighted && mode->antialias && scale < 1 ? scale : 1;
    double reach = floor((mode->kind == AMCT_RESIZE_CUBIC ? -2 : -1) / squeeze) + 1;
    amct_resize_axis axis = {.in = in, .out = n_out, .taps = 1};
    if (reach < -(double)AMCT_MAX_TENSOR_BYTES)
        return amct_fail(err, AMCT_E_LIMIT, "scale %g needs too wide a filter", scale);
    if (weighted)
        axis.taps = 2 - 2 * (int64_t)reach;
    if (n_out > AMCT_MAX_TENSOR_BYTES / axis.taps)
        return amct_fail(err, AMCT_E_LIMIT, "scale %g needs too wide a filter", scale);
    size_t n = (size_t)(n_out * axis.taps);
    axis.index = malloc(n * sizeof *axis.index);
    axis.weights = weighted ? malloc(n * sizeof *axis.weights) : NULL;
    if (!axis.index || (weighted && !axis.weights)) {
        amct_resize_axis_free(&axis);
        return amct_fail_nomem(err);
    }
    for (int64_t o = 0; o < n_out; o++) {
        double at = coordinate(mode, &axis, scale, roi, o);
        bool beyond = at != at;
        at = beyond ? 0 : fmin(fmax(at, -0x1p52), 0x1p52);
        /* The element below is never the place itself: at = below + ratio, 0 < ratio <= 1. */
        double below = ceil(at) - 1;
        int64_t first = weighted ? (int64_t)(below + reach)
                                 : nearest(mode->rounding, (int64_t)below, at - below);
        for (int64_t k = 0; k < axis.taps; k++) {
            int64_t i = first + k;
            axis.index[o * axis.taps + k] = beyond ? -1 : i < 0 ? 0 : i < in ? i : in - 1;
        }
        if (weighted)
            set_weights(axis.weights + o * axis.taps, mode, &axis, first, at, squeeze);
    }
    *out = axis;
    return AMCT_OK;
}

void amct_resize_axis_free(amct_resize_axis *axis)
{
    free(axis->index);
    free(axis->weights);
    *axis = (amct_resize_axis){0};
}
