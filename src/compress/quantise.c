#include "compress/quantise.h"

#include "compress/round.h"
#include "ops/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Damping of Gram matrices, as GPTQ has it. */
static const double damping = 0.01;

static int least(uint32_t bits)
{
    return -(1 << (bits - 1));
}

static int greatest(uint32_t bits)
{
    return (1 << (bits - 1)) - 1;
}

/* ---- Scales and plain rounding ------------------------------------------------------------ */

static double round_one(double w, double scale, uint32_t bits)
{
    double q = rint(w / scale);
    return q < least(bits) ? least(bits) : q > greatest(bits) ? greatest(bits) : q;
}

/* AMCT's scale for a range of weights. */
static float range_scale(const double *w, size_t n, size_t step, uint32_t bits)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, w[i * step]);
        high = fmax(high, w[i * step]);
    }
    return amct_qparams_of_range((float)low, (float)high, false, bits).scale;
}

static float mse_scale(const double *w, size_t n, size_t step, uint32_t bits)
{
    float full = range_scale(w, n, step, bits), best = full;
    double least_error = INFINITY;
    for (int percent = 100; percent >= 50; percent--) {
        float scale = full * (float)percent / 100;
        double error = 0;
        for (size_t i = 0; i < n; i++) {
            double e = w[i * step] - round_one(w[i * step], scale, bits) * scale;
            error += e * e;
        }
        if (error < least_error)
            least_error = error, best = scale;
    }
    return best;
}

/* ---- Weights ------------------------------------------------------------------------------ */

/* One group's weights as a matrix, columns x outputs, and what is made of it. */
typedef struct group {
    const amct_columns *columns;
    const amct_gram *gram;
    const amct_quantise_options *options;
    size_t n, outputs;
    double *weights;
    int8_t *best, *tried;
    float *scales, *full; /* per output */
    const float *floors;  /* below which the bias of an output would not fit */
    double *errors, *least_errors;
    double *matrix, *mean, *room;
    amct_factor *factors; /* per part */
    bool shared_scale;    /* one for all outputs */
} group;

static void free_group(group *g)
{
    for (int64_t p = 0; g->factors && p < g->gram->parts; p++)
        amct_factor_free(&g->factors[p]);
    free(g->weights);
    free(g->best);
    free(g->tried);
    free(g->scales);
    free(g->full);
    free(g->errors);
    free(g->least_errors);
    free(g->matrix);
    free(g->mean);
    free(g->room);
    free(g->factors);
}

static amct_status make_group(group *g, amct_err *err)
{
    size_t all = g->n * g->outputs, width = g->gram ? (size_t)g->gram->part_columns : 0;
    g->weights = malloc((all + 1) * sizeof *g->weights);
    g->best = malloc(all + 1);
    g->tried = malloc(all + 1);
    g->scales = malloc((g->outputs + 1) * sizeof *g->scales);
    g->full = malloc((g->outputs + 1) * sizeof *g->full);
    g->errors = malloc((g->outputs + 1) * sizeof *g->errors);
    g->least_errors = malloc((g->outputs + 1) * sizeof *g->least_errors);
    g->matrix = malloc((width * width + 1) * sizeof *g->matrix);
    g->mean = malloc((width + 1) * sizeof *g->mean);
    g->room = malloc(((width + AMCT_ROUND_BLOCK) * g->outputs + 1) * sizeof *g->room);
    if (g->gram)
        g->factors = calloc((size_t)g->gram->parts, sizeof *g->factors);
    if (!g->weights || !g->best || !g->tried || !g->scales || !g->full || !g->errors ||
        !g->least_errors || !g->matrix || !g->mean || !g->room || (g->gram && !g->factors))
        return amct_fail_nomem(err);
    return AMCT_OK;
}

static void set_scales(group *g, float (*scale)(const double *, size_t, size_t, uint32_t))
{
    uint32_t bits = g->options->weight_bits;
    for (size_t m = 0; m < g->outputs; m++)
        g->full[m] = g->shared_scale && m ? g->full[0]
                     : g->shared_scale    ? scale(g->weights, g->n * g->outputs, 1, bits)
                                          : scale(g->weights + m, g->n, g->outputs, bits);
}

static void round_plainly(group *g)
{
    set_scales(g, g->options->weights == AMCT_WEIGHTS_ARQ ? range_scale : mse_scale);
    for (size_t i = 0; i < g->n * g->outputs; i++)
        g->best[i] =
            (int8_t)round_one(g->weights[i], g->full[i % g->outputs], g->options->weight_bits);
    memcpy(g->scales, g->full, g->outputs * sizeof *g->scales);
}

static amct_status make_factors(group *g, int64_t at, amct_err *err)
{
    for (int64_t p = 0; p < g->gram->parts; p++) {
        size_t n = (size_t)amct_gram_width(g->gram, p);
        amct_gram_read(g->matrix, g->mean, g->gram, at, p);
        /* The bias takes in what changes the mean: what is left to lessen is the variance. */
        for (size_t i = 0; g->options->correct_mean && i < n; i++)
            for (size_t k = 0; k < n; k++)
                g->matrix[i * n + k] -= g->mean[i] * g->mean[k];
        amct_factor_free(&g->factors[p]);
        AMCT_TRY(amct_factor_make(&g->factors[p], g->matrix, n, damping, err));
    }
    return AMCT_OK;
}

/* Takes over the outputs (all of them if they share a scale) that these scales serve best so far.
 */
static void keep_better(group *g, const float *scales)
{
    double total = 0, least_total = 0;
    for (size_t m = 0; m < g->outputs; m++) {
        total += g->errors[m];
        least_total += g->least_errors[m];
    }
    for (size_t m = 0; m < g->outputs; m++) {
        if (g->shared_scale ? !(total < least_total) : !(g->errors[m] < g->least_errors[m]))
            continue;
        g->least_errors[m] = g->errors[m];
        g->scales[m] = scales[m];
        for (size_t i = 0; i < g->n; i++)
            g->best[i * g->outputs + m] = g->tried[i * g->outputs + m];
    }
}

static amct_status round_for_result(group *g, int64_t at, amct_err *err)
{
    uint32_t bits = g->options->weight_bits;
    int last = bits < 8 ? 40 : 100; /* percent */
    float *scales = malloc((g->outputs + 1) * sizeof *scales);
    if (!scales)
        return amct_fail_nomem(err);
    set_scales(g, range_scale);
    amct_status status = make_factors(g, at, err);
    for (size_t m = 0; m < g->outputs; m++)
        g->least_errors[m] = INFINITY;
    for (int percent = 100; status == AMCT_OK && percent >= last; percent -= 4) {
        memset(g->errors, 0, g->outputs * sizeof *g->errors);
        for (size_t m = 0; m < g->outputs; m++)
            scales[m] = fmaxf(g->full[m] * (float)percent / 100, g->floors[m]);
        for (int64_t p = 0; p < g->gram->parts; p++) {
            size_t from = (size_t)(p * g->gram->part_columns) * g->outputs;
            amct_round(g->tried + from, g->errors, g->weights + from, scales, g->outputs,
                       &g->factors[p], least(bits), greatest(bits), g->room);
        }
        keep_better(g, scales);
    }
    free(scales);
    return status;
}

static amct_status quantise_weights(int8_t *weights, float *scales, const amct_columns *columns,
                                    const float *from, const float *floors, const amct_layer *layer,
                                    const amct_gram *gram, const amct_quantise_options *options,
                                    amct_err *err)
{
    group g = {.columns = columns,
               .gram = options->weights == AMCT_WEIGHTS_GPTQ ? gram : NULL,
               .options = options,
               .n = (size_t)columns->columns,
               .outputs = (size_t)columns->outputs,
               .shared_scale = !layer->per_channel};
    amct_status status = make_group(&g, err);
    for (int64_t at = 0; status == AMCT_OK && at < columns->groups; at++) {
        for (size_t i = 0; i < g.n * g.outputs; i++)
            g.weights[i] = from[amct_columns_weight(columns, at, (int64_t)(i % g.outputs),
                                                    (int64_t)(i / g.outputs))];
        g.floors = floors + at * columns->outputs;
        if (g.gram)
            status = round_for_result(&g, at, err);
        else
            round_plainly(&g);
        for (size_t i = 0; i < g.n * g.outputs; i++)
            weights[amct_columns_weight(columns, at, (int64_t)(i % g.outputs),
                                        (int64_t)(i / g.outputs))] = g.best[i];
        memcpy(scales + (g.shared_scale ? 0 : at * columns->outputs), g.scales,
               (g.shared_scale ? 1 : g.outputs) * sizeof *scales);
    }
    free_group(&g);
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
        status = quantise_weights((int8_t *)out->weights, (float *)out->scales, &columns,
                                  graph->tensors[layer->weights].data, floors, layer, gram, options,
                                  err);
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
