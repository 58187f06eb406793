#include "tune/costing.h"

#include "base/fork.h"
#include "base/log.h"
#include "compress/stitch.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60 * 1000 };

struct amct_costing {
    const amct_plugins *plugins;
    const amct_config *config;
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    amct_arena *arena;
    amct_quantised *shapes;      /* per layer and kind, without values: no estimator sees weights */
    const amct_quantised **form; /* per layer, of the candidate at hand */
    amct_layer_cost *details;    /* shared memory */
    amct_estimating *estimator;  /* of the worker */
    amct_workers *workers;
};

static amct_status make_shapes(amct_costing *c, amct_err *err)
{
    int64_t most = 1;
    for (uint32_t i = 0; i < c->n_layers; i++)
        most = c->layers[i].channels > most ? c->layers[i].channels : most;
    float *ones = amct_arena_array(c->arena, (size_t)most, sizeof *ones);
    int32_t *zeros = amct_arena_array(c->arena, (size_t)most, sizeof *zeros);
    c->shapes = amct_arena_array(c->arena, (size_t)c->n_layers * AMCT_N_LEVELS, sizeof *c->shapes);
    c->form = amct_arena_array(c->arena, c->n_layers, sizeof *c->form);
    if (!ones || !zeros || !c->shapes || !c->form)
        return amct_fail_nomem(err);
    for (int64_t i = 0; i < most; i++)
        ones[i] = 1;
    for (uint32_t i = 0; i < c->n_layers; i++) {
        const amct_layer *l = &c->layers[i];
        if (l->no_int8)
            continue;
        const amct_tensor *w = &c->graph->tensors[l->weights];
        for (amct_level_kind k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
            c->shapes[i * AMCT_N_LEVELS + k] =
                (amct_quantised){.src = {1, 0},
                                 .src_bits = amct_level_src_bits(k),
                                 .weight_bits = amct_level_weight_bits(k),
                                 .n_weights = amct_shape_size(&w->shape),
                                 .n_scales = l->per_channel ? l->channels : 1,
                                 .channels = l->channels,
                                 .weights = w->data,
                                 .scales = ones,
                                 .bias = zeros};
    }
    return AMCT_OK;
}

/* Which layer's time each costs entry is: a fused layer's is where it is fused into. */
static void fill_details(const amct_costing *c, const amct_graph *graph, const amct_latency *l)
{
    for (uint32_t i = 0; i < c->n_layers; i++) {
        amct_layer_cost *to = &c->details[i];
        *to = (amct_layer_cost){.status = AMCT_NODE_UNSUPPORTED};
        for (uint32_t n = 0; n < graph->n_nodes; n++) {
            if (strcmp(graph->nodes[n].name, c->layers[i].name) != 0)
                continue;
            const amct_node_cost *cost = &l->costs[n];
            *to = (amct_layer_cost){.latency_ns = cost->latency_ns,
                                    .status = cost->status,
                                    .bound = cost->bound,
                                    .rolled_back = (cost->flags & AMCT_NODE_ROLLED_BACK) != 0};
        }
    }
}

/* Runs in the worker. The request is a byte per layer and one that asks for details. */
static amct_status answer(void *ctx, const void *request, size_t size, void *bytes,
                          size_t *answer_size, amct_err *err)
{
    amct_costing *c = ctx;
    const uint8_t *kinds = request;
    if (size != c->n_layers + 1)
        return amct_fail(err, AMCT_E_INTERNAL, "a request of %zu bytes", size);
    if (!c->estimator)
        AMCT_TRY(amct_estimating_open(&c->estimator, c->plugins, c->config->estimator,
                                      c->config->target_options, c->config->n_target_options, err));
    for (uint32_t i = 0; i < c->n_layers; i++)
        c->form[i] = kinds[i] == AMCT_LEVEL_16 ? NULL : &c->shapes[i * AMCT_N_LEVELS + kinds[i]];
    amct_graph *graph;
    amct_latency latency = {0};
    AMCT_TRY(amct_stitch(&graph, c->graph, c->layers, c->n_layers, c->form, err));
    amct_status status = amct_latency_estimate(&latency, c->estimator, graph, err);
    if (status == AMCT_OK) {
        memcpy(bytes, &latency.total, sizeof latency.total);
        *answer_size = sizeof latency.total;
        if (kinds[c->n_layers])
            fill_details(c, graph, &latency);
    }
    amct_latency_free(&latency);
    amct_graph_free(graph);
    return status;
}

amct_status amct_costing_new(amct_costing **out, const amct_plugins *plugins,
                             const amct_config *config, const amct_graph *graph,
                             const amct_layer *layers, uint32_t n_layers, amct_err *err)
{
    amct_costing *c = calloc(1, sizeof *c);
    if (!c)
        return amct_fail_nomem(err);
    *c = (amct_costing){.plugins = plugins,
                        .config = config,
                        .graph = graph,
                        .layers = layers,
                        .n_layers = n_layers,
                        .arena = amct_arena_new()};
    amct_status status = c->arena ? make_shapes(c, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        c->details = amct_shared_alloc(n_layers * sizeof *c->details);
        status = c->details ? AMCT_OK : amct_fail_nomem(err);
    }
    if (status == AMCT_OK)
        status = amct_workers_new(&c->workers, 1, "estimator", answer, c, TIMEOUT_MS, err);
    if (status != AMCT_OK)
        amct_costing_free(c);
    else
        *out = c;
    return status;
}

void amct_costing_free(amct_costing *costing)
{
    if (!costing)
        return;
    amct_workers_free(costing->workers);
    amct_shared_free(costing->details, costing->n_layers * sizeof *costing->details);
    amct_arena_free(costing->arena);
    free(costing);
}

static amct_status ask(amct_costing *c, const uint8_t *kinds, bool details, amct_graph_cost *total,
                       amct_err *err)
{
    unsigned char request[AMCT_MESSAGE_MAX], bytes[AMCT_MESSAGE_MAX];
    size_t size;
    if (c->n_layers + 1 > sizeof request)
        return amct_fail(err, AMCT_E_LIMIT, "%u layers are too many", c->n_layers);
    if (c->n_layers)
        memcpy(request, kinds, c->n_layers);
    request[c->n_layers] = details;
    AMCT_TRY(amct_workers_ask(c->workers, request, c->n_layers + 1, bytes, &size, err));
    if (size != sizeof *total)
        return amct_fail(err, AMCT_E_INTERNAL, "an answer of %zu bytes", size);
    memcpy(total, bytes, size);
    return AMCT_OK;
}

amct_status amct_costing_total(amct_costing *costing, const uint8_t *kinds, amct_graph_cost *total,
                               amct_err *err)
{
    return ask(costing, kinds, false, total, err);
}

amct_status amct_costing_layers(amct_costing *costing, const uint8_t *kinds, amct_graph_cost *total,
                                amct_layer_cost *layers, amct_err *err)
{
    AMCT_TRY(ask(costing, kinds, true, total, err));
    memcpy(layers, costing->details, costing->n_layers * sizeof *layers);
    return AMCT_OK;
}
