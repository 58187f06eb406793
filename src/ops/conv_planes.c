#include "ops/conv_planes.h"

#include "ops/rows.h"
#include "ops/rule.h"

#include <stdlib.h>

amct_status amct_conv_make(amct_conv *out, amct_shape *result, const amct_node *node,
                           const amct_shape *src, const amct_shape *weights, amct_err *err)
{
    amct_conv conv = {.transposed = amct_node_is(node, "ConvTranspose"),
                      .groups = amct_node_int(node, "group", 1)};
    AMCT_TRY(amct_window_make(&conv.window, node, src, weights, err));
    int64_t channels = src->dims[1], groups = conv.groups;
    if (groups < 1)
        return amct_fail(err, AMCT_E_INVALID, "group is %lld, wanted at least 1",
                         (long long)groups);
    if (channels % groups != 0 || groups > channels)
        return amct_fail(err, AMCT_E_INVALID, "%lld input channels do not divide into %lld groups",
                         (long long)channels, (long long)groups);
    conv.samples = src->dims[0];
    conv.src_channels = channels / groups;
    int64_t weights_src = conv.transposed ? weights->dims[0] : weights->dims[1];
    int64_t wanted = conv.transposed ? channels : conv.src_channels;
    if (weights_src != wanted)
        return amct_fail(
            err, AMCT_E_INVALID,
            "weights are for %lld input channels, wanted %lld (of %lld in %lld groups)",
            (long long)weights_src, (long long)wanted, (long long)channels, (long long)groups);
    if (conv.transposed) {
        conv.dst_channels = weights->dims[1];
        if (conv.dst_channels > INT64_MAX / groups)
            return amct_fail(err, AMCT_E_LIMIT, "%lld groups of %lld channels are too many",
                             (long long)groups, (long long)conv.dst_channels);
    } else {
        if (weights->dims[0] % groups != 0)
            return amct_fail(err, AMCT_E_INVALID,
                             "%lld output channels do not divide into %lld groups",
                             (long long)weights->dims[0], (long long)groups);
        conv.dst_channels = weights->dims[0] / groups;
    }
    *result = amct_window_result(&conv.window, src, conv.dst_channels * groups);
    *out = conv;
    return AMCT_OK;
}

/* The steps s of `coarse` whose place s * stride + offset lies in a dim of size `fine`. */
static void steps_inside(int64_t *first, int64_t *end, int64_t coarse, int64_t fine, int64_t stride,
                         int64_t offset)
{
    *first = offset < 0 ? (stride - 1 - offset) / stride : 0;
    *end = offset < fine ? (fine - 1 - offset) / stride + 1 : 0;
    if (*end > coarse)
        *end = coarse;
}

/* One tap of the kernel: the coarse grid (results of a convolution, sources of a transposed one)
 * meets the fine one at stride and offset. */
static void add_tap(double *sums, const double *x, double weight, bool transposed,
                    const amct_window *w, const int64_t tap[AMCT_WINDOW_DIMS])
{
    const int64_t *coarse = transposed ? w->in : w->out, *fine = transposed ? w->out : w->in;
    int64_t first[AMCT_WINDOW_DIMS], end[AMCT_WINDOW_DIMS], offset[AMCT_WINDOW_DIMS];
    for (int d = 0; d < AMCT_WINDOW_DIMS; d++) {
        offset[d] = tap[d] * w->dilations[d] - w->pad_begin[d];
        steps_inside(&first[d], &end[d], coarse[d], fine[d], w->strides[d], offset[d]);
    }
    for (int64_t a = first[0]; a < end[0]; a++)
        for (int64_t b = first[1]; b < end[1]; b++) {
            int64_t there =
                (a * w->strides[0] + offset[0]) * fine[1] + b * w->strides[1] + offset[1];
            int64_t at_fine = there * fine[2] + offset[2], stride = w->strides[2];
            int64_t at_coarse = (a * coarse[1] + b) * coarse[2];
            if (transposed)
                for (int64_t c = first[2]; c < end[2]; c++)
                    sums[at_fine + c * stride] += weight * x[at_coarse + c];
            else
                for (int64_t c = first[2]; c < end[2]; c++)
                    sums[at_coarse + c] += weight * x[at_fine + c * stride];
        }
}

static void add_channel(double *sums, const double *x, const double *weights, bool transposed,
                        const amct_window *w)
{
    int64_t tap[AMCT_WINDOW_DIMS];
    for (tap[0] = 0; tap[0] < w->kernel[0]; tap[0]++)
        for (tap[1] = 0; tap[1] < w->kernel[1]; tap[1]++)
            for (tap[2] = 0; tap[2] < w->kernel[2]; tap[2]++)
                add_tap(sums, x, *weights++, transposed, w, tap);
}

/* Weights of one output channel m of a group: source channels x kernel. */
static void load_weights(double *to, const amct_value *weights, const amct_conv *conv,
                         int64_t group, int64_t m, int64_t taps, double zero)
{
    int64_t n = conv->src_channels * taps;
    if (!conv->transposed)
        amct_row_load(to, weights, (group * conv->dst_channels + m) * n, 1, n);
    for (int64_t c = 0; conv->transposed && c < conv->src_channels; c++) {
        int64_t row = (group * conv->src_channels + c) * conv->dst_channels + m;
        amct_row_load(to + c * taps, weights, row * taps, 1, taps);
    }
    for (int64_t i = 0; zero != 0 && i < n; i++)
        to[i] -= zero;
}

amct_status amct_conv_run(const amct_conv *conv, const amct_conv_terms *terms,
                          const amct_value *src, const amct_value *weights, const amct_value *dst,
                          void (*finish)(const void *ctx, int64_t channel, double *sums, int64_t n),
                          const void *ctx, amct_err *err)
{
    amct_window w = amct_window_to_3d(&conv->window);
    int64_t in = w.in[0] * w.in[1] * w.in[2], out = w.out[0] * w.out[1] * w.out[2];
    int64_t taps = w.kernel[0] * w.kernel[1] * w.kernel[2], n_src = conv->src_channels;
    double *x = amct_rows_new(n_src, in), *filter = amct_rows_new(n_src, taps);
    double *sums = amct_rows_new(1, out);
    if (!x || !filter || !sums) {
        free(x);
        free(filter);
        free(sums);
        return amct_fail_nomem(err);
    }
    for (int64_t s = 0; s < conv->samples; s++)
        for (int64_t g = 0; g < conv->groups; g++) {
            amct_row_load(x, src, (s * conv->groups + g) * n_src * in, 1, n_src * in);
            for (int64_t i = 0; terms->src_zero != 0 && i < n_src * in; i++)
                x[i] -= terms->src_zero;
            for (int64_t m = 0; m < conv->dst_channels; m++) {
                int64_t channel = g * conv->dst_channels + m;
                double bias = amct_value_each(terms->bias, channel);
                load_weights(filter, weights, conv, g, m, taps,
                             amct_value_each(terms->weights_zero, channel));
                for (int64_t i = 0; i < out; i++)
                    sums[i] = bias;
                for (int64_t c = 0; c < n_src; c++)
                    add_channel(sums, x + c * in, filter + c * taps, conv->transposed, &w);
                if (finish)
                    finish(ctx, channel, sums, out);
                amct_row_store(dst, (s * conv->groups * conv->dst_channels + channel) * out, 1,
                               sums, out);
            }
        }
    free(x);
    free(filter);
    free(sums);
    return AMCT_OK;
}
