#include "compress/quantise.h"

#include "ops/weights.h"
#include "ops/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Weights ------------------------------------------------------------------------------ */

static double error_of(const float *w, int64_t n, float scale)
{
    double sum = 0;
    float inverse = 1 / scale;
    for (int64_t i = 0; i < n; i++) {
        float q = rintf(w[i] * inverse);
        q = q < -128 ? -128 : q > 127 ? 127 : q;
        float e = w[i] - q * scale;
        sum += (double)e * e;
    }
    return sum;
}

static float scale_for(const float *w, int64_t n, amct_weight_algo algo)
{
    float low = 0, high = 0;
    for (int64_t i = 0; i < n; i++) {
        low = w[i] < low ? w[i] : low;
        high = w[i] > high ? w[i] : high;
    }
    float full = amct_qparams_of_range(low, high, false, 8).scale, best = full;
    if (algo == AMCT_WEIGHTS_ARQ || (low == 0 && high == 0))
        return full;
    double least = error_of(w, n, full);
    for (int percent = 99; percent >= 50; percent--) {
        float scale = full * (float)percent / 100;
        double error = error_of(w, n, scale);
        if (error < least)
            least = error, best = scale;
    }
    return best;
}

void amct_quantise_weights(int8_t *weights, float *scales, const amct_graph *graph,
                           const amct_layer *layer, amct_weight_algo algo)
{
    const amct_tensor *w = &graph->tensors[layer->weights];
    const amct_node *node = &graph->nodes[layer->node];
    const float *from = w->data;
    int64_t n = amct_shape_size(&w->shape), n_scales = layer->per_channel ? layer->channels : 1;
    float *column = malloc((size_t)(n ? n : 1) * sizeof *column);
    for (int64_t c = 0; c < n_scales; c++) {
        int64_t k = 0;
        const float *values = from;
        if (n_scales > 1 && amct_weights_axis(node, &w->shape) == 0) {
            k = n / n_scales;
            values = from + c * k;
        } else if (n_scales > 1 && column) {
            for (int64_t i = 0; i < n; i++)
                if (amct_weights_channel(node, &w->shape, i) == c)
                    column[k++] = from[i];
            values = column;
        } else {
            k = n;
        }
        scales[c] = scale_for(values, k, algo);
    }
    free(column);
    for (int64_t i = 0; i < n; i++) {
        int64_t c = n_scales > 1 ? amct_weights_channel(node, &w->shape, i) : 0;
        float q = rintf(from[i] / scales[c]);
        weights[i] = (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
    }
}

/* ---- Bias --------------------------------------------------------------------------------- */

/* How often tap k of a dim meets the source, per position of the result. */
static double tap_share(const amct_window *w, int32_t d, int64_t k, bool deconv)
{
    int64_t from = deconv ? w->in[d] : w->out[d], to = deconv ? w->out[d] : w->in[d], met = 0;
    for (int64_t i = 0; i < from; i++) {
        int64_t at = i * w->strides[d] - w->pad_begin[d] + k * w->dilations[d];
        met += at >= 0 && at < to;
    }
    return (double)met / (double)w->out[d];
}

/* shares[tap]: the part of the result's positions at which the tap sees no padding. */
static amct_status tap_shares(double **out, const amct_graph *graph, const amct_layer *layer,
                              amct_err *err)
{
    const amct_node *node = &graph->nodes[layer->node];
    const amct_shape *w = &graph->tensors[layer->weights].shape;
    int64_t n = amct_shape_count(w, 2, w->rank);
    double *shares = calloc((size_t)n, sizeof *shares);
    amct_window window;
    if (!shares)
        return amct_fail_nomem(err);
    bool conv = amct_node_is(node, "Conv"), deconv = amct_node_is(node, "ConvTranspose");
    for (int64_t i = 0; i < n; i++)
        shares[i] = 1;
    if (conv || deconv) {
        amct_status status =
            amct_window_make(&window, node, &graph->tensors[layer->src].shape, w, err);
        if (status != AMCT_OK) {
            free(shares);
            return status;
        }
        for (int64_t i = 0; i < n; i++)
            for (int32_t d = 0; d < window.rank; d++) {
                int64_t inner = amct_shape_count(w, 3 + d, w->rank);
                shares[i] *= tap_share(&window, d, i / inner % w->dims[2 + d], deconv);
            }
    }
    *out = shares;
    return AMCT_OK;
}

/* Subtracts (W' - W) E[x] from bias. */
static amct_status correct(double *bias, const amct_quantised *q, const amct_graph *graph,
                           const amct_layer *layer, const amct_layer_stats *stats, amct_err *err)
{
    const amct_node *node = &graph->nodes[layer->node];
    const amct_tensor *w = &graph->tensors[layer->weights];
    const float *from = w->data;
    int64_t n = amct_shape_size(&w->shape), taps = amct_shape_count(&w->shape, 2, w->shape.rank);
    bool conv = amct_node_is(node, "Conv"), deconv = amct_node_is(node, "ConvTranspose");
    bool rows = amct_weights_axis(node, &w->shape) == 0;
    int64_t per_group = stats->n_src_channels / layer->groups;
    double *shares = NULL;
    AMCT_TRY(tap_shares(&shares, graph, layer, err));
    for (int64_t i = 0; i < n; i++) {
        int64_t c = amct_weights_channel(node, &w->shape, i), second = i / taps % w->shape.dims[1];
        int64_t x = conv     ? c / (layer->channels / layer->groups) * per_group + second
                    : deconv ? i / taps / w->shape.dims[1]
                    : rows   ? second
                             : i / w->shape.dims[1];
        double error = (double)q->weights[i] * q->scales[q->n_scales > 1 ? c : 0] - from[i];
        bias[c] -= error * stats->src_mean[x] * shares[i % taps];
    }
    free(shares);
    return AMCT_OK;
}

amct_status amct_quantise_bias(int32_t *to, const amct_quantised *q, const double *bias,
                               amct_err *err)
{
    for (int64_t c = 0; c < q->channels; c++) {
        double units = rint(bias[c] / amct_quantised_unit(q, c));
        if (!(fabs(units) < 0x1p31)) /* NaN as well */
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "the bias of channel %lld does not fit into 32 bits", (long long)c);
        to[c] = (int32_t)units;
    }
    return AMCT_OK;
}

amct_status amct_quantise_layer(amct_quantised *out, amct_arena *arena, const amct_graph *graph,
                                const amct_layer *layer, const amct_layer_stats *stats,
                                amct_weight_algo algo, bool correct_mean, amct_err *err)
{
    const amct_tensor *w = &graph->tensors[layer->weights];
    amct_quantised q = {.src = stats->src,
                        .n_weights = amct_shape_size(&w->shape),
                        .n_scales = layer->per_channel ? layer->channels : 1,
                        .channels = layer->channels};
    int8_t *weights = amct_arena_array(arena, (size_t)q.n_weights, 1);
    float *scales = amct_arena_array(arena, (size_t)q.n_scales, sizeof *scales);
    int32_t *bias = amct_arena_array(arena, (size_t)q.channels, sizeof *bias);
    double *exact = calloc((size_t)q.channels + 1, sizeof *exact);
    amct_status status = weights && scales && bias && exact ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        amct_quantise_weights(weights, scales, graph, layer, algo);
        q.weights = weights;
        q.scales = scales;
        q.bias = bias;
        q.weights_hash = amct_hash_bytes((amct_hash){0}, weights, (size_t)q.n_weights);
        for (int64_t c = 0; layer->bias != AMCT_NO_TENSOR && c < q.channels; c++)
            exact[c] = amct_constant_number(&graph->tensors[layer->bias], c);
        if (correct_mean)
            status = correct(exact, &q, graph, layer, stats, err);
    }
    if (status == AMCT_OK)
        status = amct_quantise_bias(bias, &q, exact, err);
    free(exact);
    if (status == AMCT_OK)
        *out = q;
    return status;
}
