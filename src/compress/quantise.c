#include "compress/quantise.h"

#include "compress/sparse.h"
#include "ops/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Weights ------------------------------------------------------------------------------ */

/* Makes the rounder's weights sparse, or a part of their columns that has second moments of its
 * own, if no four channels lie in two parts. */
static amct_status make_sparse(amct_rounder *r, const amct_gram *gram, int64_t part,
                               const double *matrix, amct_err *err)
{
    size_t taps = (size_t)gram->columns.taps, first = (size_t)(part * gram->part_columns);
    if (gram->parts > 1 && (size_t)gram->part_columns % (AMCT_SPARSE_GROUP * taps) != 0) {
        if (part)
            return AMCT_OK;
        return amct_sparse_fit(r->weights, r->options.columns, r->options.outputs, taps, NULL, err);
    }
    return amct_sparse_fit(r->weights + first * r->options.outputs,
                           (size_t)amct_gram_width(gram, part), r->options.outputs, taps, matrix,
                           err);
}

/* Gives the rounder a group's second moments. The bias takes in what changes the mean of a result,
 * so what is left to lessen is the variance. */
static amct_status set_moments(amct_rounder *r, const amct_gram *gram, int64_t group, bool centred,
                               double *matrix, double *mean, amct_err *err)
{
    for (int64_t p = 0; p < gram->parts; p++) {
        if (centred)
            amct_gram_covariance(matrix, mean, gram, group, p);
        else
            amct_gram_read(matrix, mean, gram, group, p);
        if (r->options.keep_zeros)
            AMCT_TRY(make_sparse(r, gram, p, matrix, err));
        AMCT_TRY(amct_rounder_set_moments(r, (size_t)p, matrix, err));
    }
    return AMCT_OK;
}

static amct_status quantise_groups(amct_quantised *q, amct_rounder *r, const amct_columns *c,
                                   const float *from, const float *floors, const amct_gram *gram,
                                   bool centred, amct_err *err)
{
    size_t width = gram ? (size_t)gram->part_columns : 0;
    double *matrix = malloc((width * width + width + 1) * sizeof *matrix);
    amct_status status = matrix ? AMCT_OK : amct_fail_nomem(err);
    for (int64_t group = 0; status == AMCT_OK && group < c->groups; group++) {
        int64_t first = group * c->outputs;
        for (int64_t k = 0; k < c->columns; k++)
            for (int64_t m = 0; m < c->outputs; m++)
                r->weights[k * c->outputs + m] = from[amct_columns_weight(c, group, m, k)];
        memcpy(r->floors, floors + first, (size_t)c->outputs * sizeof *floors);
        if (gram)
            status = set_moments(r, gram, group, centred, matrix, matrix + width * width, err);
        else if (r->options.keep_zeros)
            status = amct_sparse_fit(r->weights, (size_t)c->columns, (size_t)c->outputs,
                                     (size_t)c->taps, NULL, err);
        if (status != AMCT_OK)
            break;
        amct_rounder_run(r);
        for (int64_t k = 0; k < c->columns; k++)
            for (int64_t m = 0; m < c->outputs; m++)
                ((int8_t *)q->weights)[amct_columns_weight(c, group, m, k)] =
                    r->integers[k * c->outputs + m];
        if (q->n_scales > 1 || !group)
            memcpy((float *)q->scales + first, r->scales,
                   (size_t)(q->n_scales > 1 ? c->outputs : 1) * sizeof *q->scales);
    }
    free(matrix);
    return status;
}

static amct_status quantise_weights(amct_quantised *q, const amct_columns *columns,
                                    const float *from, const float *floors, const amct_layer *layer,
                                    const amct_gram *gram, const amct_quantise_options *options,
                                    amct_err *err)
{
    amct_rounder *r;
    gram = options->weights == AMCT_WEIGHTS_GPTQ ? gram : NULL;
    amct_rounder_options rounding = {.columns = (size_t)columns->columns,
                                     .outputs = (size_t)columns->outputs,
                                     .bits = options->weight_bits,
                                     .per_output = layer->per_channel,
                                     .algo = options->weights,
                                     .once = options->once,
                                     .keep_zeros = options->sparse};
    if (gram) {
        rounding.parts = (size_t)gram->parts;
        rounding.part_columns = (size_t)gram->part_columns;
    }
    AMCT_TRY(amct_rounder_new(&r, &rounding, err));
    amct_status status =
        quantise_groups(q, r, columns, from, floors, gram, options->correct_mean, err);
    amct_rounder_free(r);
    return status;
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

/* Scales below which a bias would take more than 2^24 units, the most that float32 counts exactly.
 * Weights that need a smaller one do not matter beside such a bias. */
static void find_floors(float *floors, const double *bias, const amct_quantised *q)
{
    for (int64_t c = 0; c < q->channels; c++)
        floors[c] = (float)(fabs(bias[c]) / (0x1p24 * (double)q->src.scale));
}

amct_status amct_quantise_layer(amct_quantised *out, const amct_graph *graph,
                                const amct_layer *layer, const amct_layer_stats *stats,
                                const amct_gram *gram, const amct_quantise_options *options,
                                amct_err *err)
{
    amct_columns columns;
    double *bias = calloc((size_t)out->channels + 1, sizeof *bias);
    float *floors = calloc((size_t)out->channels + 1, sizeof *floors);
    amct_status status = bias && floors ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_columns_make(&columns, graph, layer, 1, err);
    if (status == AMCT_OK) {
        for (int64_t c = 0; layer->bias != AMCT_NO_TENSOR && c < out->channels; c++)
            bias[c] = amct_constant_number(&graph->tensors[layer->bias], c);
        find_floors(floors, bias, out);
        status = quantise_weights(out, &columns, graph->tensors[layer->weights].data, floors, layer,
                                  gram, options, err);
    }
    if (status == AMCT_OK && options->correct_mean)
        status = correct(bias, out, graph, layer, stats, err);
    if (status == AMCT_OK)
        status = amct_quantise_bias((int32_t *)out->bias, out, bias, err);
    free(bias);
    free(floors);
    if (status == AMCT_OK)
        out->weights_hash = amct_hash_bytes((amct_hash){0}, out->weights, (size_t)out->n_weights);
    return status;
}

size_t amct_quantise_bytes(const amct_graph *graph, const amct_layer *layer)
{
    amct_columns c;
    amct_err why;
    if (amct_columns_make(&c, graph, layer, 1, &why) != AMCT_OK)
        return 0;
    size_t n = (size_t)c.columns, width = n < AMCT_GRAM_COLUMNS ? n : AMCT_GRAM_COLUMNS;
    return (width * width + n * width) * sizeof(double) +
           n * (size_t)c.outputs * (2 * sizeof(double) + 2);
}
