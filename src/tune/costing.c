#include "tune/costing.h"

#include "base/fork.h"
#include "base/log.h"
#include "compress/stitch.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60 * 1000, KNOWN = 1 << 14 };

/* What a candidate was found to take. */
typedef struct known {
    amct_hash choices;
    amct_graph_cost total;
} known;

struct amct_costing {
    const amct_plugins *plugins;
    const amct_config *config;
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    const amct_structure *structure;
    uint32_t n_choices;
    float *ones; /* as many as the widest layer has channels */
    int32_t *zeros;
    amct_layer_cost *details;     /* shared memory */
    amct_latency_parts *parts;    /* the same */
    amct_estimating *estimator;   /* of the worker */
    amct_correction correction;   /* the same; zeroed: there is none */
    amct_correction_found *found; /* shared memory; a scale of 0: nothing yet */
    amct_workers *workers;
    known *known; /* KNOWN of them, by hash; a later one takes the place of an older one */
};

/* A candidate as an estimator sees it: no weights have values. */
typedef struct shape {
    amct_structured structured;
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    amct_quantised *forms; /* per layer */
    const amct_quantised **levels;
} shape;

static void shape_free(shape *s)
{
    amct_structured_free(&s->structured);
    free(s->forms);
    free(s->levels);
}

static amct_status set_structure(shape *s, const amct_costing *c, const uint8_t *choices,
                                 amct_err *err)
{
    amct_structure_genome genome;
    AMCT_TRY(amct_choices_genome(&genome, choices, c->n_layers, c->structure, err));
    amct_status status = amct_structure_shape(&s->structured, c->structure, c->graph, &genome, err);
    amct_choices_free(&genome);
    AMCT_TRY(status);
    s->graph = s->structured.graph;
    s->layers = s->structured.layers;
    s->n_layers = s->structured.n_layers;
    return AMCT_OK;
}

static amct_status set_levels(shape *s, const amct_costing *c, const uint8_t *kinds, amct_err *err)
{
    s->forms = calloc(s->n_layers + (size_t)1, sizeof *s->forms);
    s->levels = calloc(s->n_layers + (size_t)1, sizeof *s->levels);
    if (!s->forms || !s->levels)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < s->n_layers; i++) {
        const amct_layer *l = &s->layers[i];
        amct_level_kind k =
            (amct_level_kind)kinds[s->structured.graph ? s->structured.origins[i].layer : i];
        if (k == AMCT_LEVEL_16 || l->no_int8)
            continue;
        const amct_tensor *w = &s->graph->tensors[l->weights];
        s->forms[i] = (amct_quantised){.src = {1, 0},
                                       .src_bits = amct_level_src_bits(k),
                                       .weight_bits = amct_level_weight_bits(k),
                                       .sparse = amct_level_sparse(k),
                                       .n_weights = amct_shape_size(&w->shape),
                                       .n_scales = l->per_channel ? l->channels : 1,
                                       .channels = l->channels,
                                       .weights = w->data,
                                       .scales = c->ones,
                                       .bias = c->zeros};
        s->levels[i] = &s->forms[i];
    }
    return AMCT_OK;
}

static amct_status shape_make(shape *out, const amct_costing *c, const uint8_t *choices,
                              amct_err *err)
{
    shape s = {.graph = c->graph, .layers = c->layers, .n_layers = c->n_layers};
    amct_status status = AMCT_OK;
    if (amct_choices_are_structured(choices, c->n_layers, c->structure))
        status = set_structure(&s, c, choices, err);
    if (status == AMCT_OK)
        status = set_levels(&s, c, choices, err);
    if (status != AMCT_OK)
        shape_free(&s);
    else
        *out = s;
    return status;
}

static const amct_node_cost *cost_of(const amct_graph *graph, const amct_latency *l,
                                     const char *name)
{
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if (strcmp(graph->nodes[n].name, name) == 0)
            return &l->costs[n];
    return NULL;
}

static void add_detail(amct_layer_cost *to, const amct_node_cost *cost)
{
    to->latency_ns += cost->latency_ns;
    if (to->status != AMCT_NODE_OK)
        to->status = cost->status;
    if (cost->status == AMCT_NODE_OK)
        to->bound = cost->bound;
    to->rolled_back |= (cost->flags & AMCT_NODE_ROLLED_BACK) != 0;
}

/* Which layer's time each costs entry is: a fused layer's is where it is fused into. */
static void fill_details(const amct_costing *c, const shape *s, const amct_graph *graph,
                         const amct_latency *l)
{
    for (uint32_t i = 0; i < c->n_layers; i++)
        c->details[i] = (amct_layer_cost){.status = AMCT_NODE_UNSUPPORTED};
    for (uint32_t i = 0; i < s->n_layers; i++) {
        const amct_node_cost *cost = cost_of(graph, l, s->layers[i].name);
        if (cost)
            add_detail(&c->details[s->structured.graph ? s->structured.origins[i].layer : i], cost);
    }
}

static amct_status estimate(amct_graph_cost *total, amct_costing *c, const shape *s, bool details,
                            amct_err *err)
{
    amct_graph *graph;
    amct_latency latency = {0};
    AMCT_TRY(amct_stitch(&graph, s->graph, s->layers, s->n_layers, s->levels, err));
    amct_status status = amct_latency_estimate(&latency, c->estimator, graph, err);
    if (status == AMCT_OK && c->correction.arena)
        amct_correction_apply(&latency, graph, &c->correction);
    if (status == AMCT_OK) {
        *total = latency.total;
        if (details) {
            fill_details(c, s, graph, &latency);
            amct_latency_split(c->parts, &latency);
        }
    }
    amct_latency_free(&latency);
    amct_graph_free(graph);
    return status;
}

/* What was measured of the original sets the estimates right. */
static amct_status make_correction(amct_costing *c, amct_err *err)
{
    const amct_config *config = c->config;
    amct_latency original;
    if (c->correction.arena || (!config->profile && !config->measured_ns))
        return AMCT_OK;
    AMCT_TRY(amct_latency_estimate(&original, c->estimator, c->graph, err));
    amct_status status = amct_correction_make(
        &c->correction, config->profile, (double)config->measured_ns, c->graph, &original, err);
    if (status == AMCT_OK)
        *c->found = c->correction.found;
    amct_latency_free(&original);
    return status;
}

/* Runs in the worker. The request is the choices and a byte that asks for details. */
static amct_status answer(void *ctx, const void *request, size_t size, void *bytes,
                          size_t *answer_size, amct_err *err)
{
    amct_costing *c = ctx;
    const uint8_t *choices = request;
    amct_graph_cost total;
    shape s;
    if (size != c->n_choices + 1)
        return amct_fail(err, AMCT_E_INTERNAL, "a request of %zu bytes", size);
    if (!c->estimator)
        AMCT_TRY(amct_estimating_open(&c->estimator, c->plugins, c->config->estimator,
                                      c->config->target_options, c->config->n_target_options, err));
    AMCT_TRY(make_correction(c, err));
    AMCT_TRY(shape_make(&s, c, choices, err));
    amct_status status = estimate(&total, c, &s, choices[c->n_choices], err);
    shape_free(&s);
    if (status == AMCT_OK) {
        memcpy(bytes, &total, sizeof total);
        *answer_size = sizeof total;
    }
    return status;
}

static amct_status make_numbers(amct_costing *c, amct_err *err)
{
    int64_t most = 1;
    for (uint32_t i = 0; i < c->n_layers; i++)
        most = c->layers[i].channels > most ? c->layers[i].channels : most;
    for (uint32_t i = 0; c->structure && i < c->n_layers; i++) { /* first factors */
        amct_layer_ranks ranks = amct_structure_layer(c->structure, i);
        for (uint32_t k = 0; k < ranks.n; k++)
            most = ranks.ranks[k].rank > most ? ranks.ranks[k].rank : most;
    }
    c->ones = calloc((size_t)most, sizeof *c->ones);
    c->zeros = calloc((size_t)most, sizeof *c->zeros);
    c->details = amct_shared_alloc(c->n_layers * sizeof *c->details);
    c->parts = amct_shared_alloc(sizeof *c->parts);
    c->found = amct_shared_alloc(sizeof *c->found);
    c->known = calloc(KNOWN, sizeof *c->known);
    if (!c->ones || !c->zeros || !c->details || !c->parts || !c->found || !c->known)
        return amct_fail_nomem(err);
    for (int64_t i = 0; i < most; i++)
        c->ones[i] = 1;
    return AMCT_OK;
}

amct_status amct_costing_new(amct_costing **out, const amct_plugins *plugins,
                             const amct_config *config, const amct_graph *graph,
                             const amct_layer *layers, uint32_t n_layers,
                             const amct_structure *structure, amct_err *err)
{
    amct_costing *c = calloc(1, sizeof *c);
    if (!c)
        return amct_fail_nomem(err);
    *c = (amct_costing){.plugins = plugins,
                        .config = config,
                        .graph = graph,
                        .layers = layers,
                        .n_layers = n_layers,
                        .structure = structure,
                        .n_choices = amct_parts_choices(n_layers, structure)};
    amct_status status =
        c->n_choices + (size_t)1 > AMCT_MESSAGE_MAX
            ? amct_fail(err, AMCT_E_LIMIT, "%u layers with %u channel groups are too many",
                        n_layers, amct_parts_groups(structure))
            : make_numbers(c, err);
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
    amct_shared_free(costing->parts, sizeof *costing->parts);
    amct_shared_free(costing->found, sizeof *costing->found);
    free(costing->ones);
    free(costing->zeros);
    free(costing->known);
    free(costing);
}

static amct_status ask(amct_costing *c, const uint8_t *choices, bool details,
                       amct_graph_cost *total, amct_err *err)
{
    unsigned char request[AMCT_MESSAGE_MAX], bytes[AMCT_MESSAGE_MAX];
    size_t size;
    if (c->n_choices)
        memcpy(request, choices, c->n_choices);
    request[c->n_choices] = details;
    AMCT_TRY(amct_workers_ask(c->workers, request, c->n_choices + 1, bytes, &size, err));
    if (size != sizeof *total)
        return amct_fail(err, AMCT_E_INTERNAL, "an answer of %zu bytes", size);
    memcpy(total, bytes, size);
    return AMCT_OK;
}

amct_status amct_costing_total(amct_costing *costing, const uint8_t *choices,
                               amct_graph_cost *total, amct_err *err)
{
    amct_hash h = amct_hash_bytes((amct_hash){1, 1}, choices, costing->n_choices);
    known *k = &costing->known[h.lo % KNOWN];
    if (!amct_hash_equal(k->choices, h)) {
        AMCT_TRY(ask(costing, choices, false, total, err));
        *k = (known){h, *total};
    }
    *total = k->total;
    return AMCT_OK;
}

amct_status amct_costing_layers(amct_costing *costing, const uint8_t *choices,
                                amct_graph_cost *total, amct_layer_cost *layers,
                                amct_latency_parts *parts, amct_err *err)
{
    AMCT_TRY(ask(costing, choices, true, total, err));
    memcpy(layers, costing->details, costing->n_layers * sizeof *layers);
    if (parts)
        *parts = *costing->parts;
    return AMCT_OK;
}

const amct_correction_found *amct_costing_found(const amct_costing *costing)
{
    return costing->found->scale > 0 ? costing->found : NULL;
}
