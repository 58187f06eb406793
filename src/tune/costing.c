#include "tune/costing.h"

#include "base/fork.h"
#include "base/log.h"
#include "base/map.h"
#include "compress/stitch.h"
#include "tune/costing_shape.h"

#include <stdlib.h>
#include <string.h>

static const amct_hash names_seed = {2, 2};
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
    uint32_t n_choices;
    amct_shape_parts shapes;
    amct_layer_cost *details;     /* shared memory */
    amct_latency_parts *parts;    /* the same */
    double *nodes;                /* the same: n_nodes and the rest */
    amct_node_cost *costs;        /* the same: of the original's nodes */
    amct_correction_found *found; /* the same; a scale of 0: nothing yet */
    amct_map node_of;             /* number of a node of graph by the hash of its name, from 1 */
    amct_estimating *estimator;   /* of the worker */
    amct_correction correction;   /* the same; zeroed: there is none */
    amct_workers *workers;
    known *known; /* KNOWN of them, by hash; a later one takes the place of an older one */
};

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
static void fill_details(const amct_costing *c, const amct_costing_shape *s,
                         const amct_graph *graph, const amct_latency *l)
{
    for (uint32_t i = 0; i < c->n_layers; i++)
        c->details[i] = (amct_layer_cost){.status = AMCT_NODE_UNSUPPORTED};
    for (uint32_t i = 0; i < s->n_layers; i++) {
        const amct_node_cost *cost = cost_of(graph, l, s->layers[i].name);
        if (cost)
            add_detail(&c->details[amct_costing_shape_origin(s, i)], cost);
    }
}

/* The node of the original that a node of a candidate is of: of its own name, or of that name and
 * ".first", ".quant" and the like. n_nodes: of none. */
static uint32_t origin_of(const amct_costing *c, const char *name)
{
    size_t length = strlen(name);
    const void *found = amct_map_get(&c->node_of, amct_hash_bytes(names_seed, name, length));
    while (!found && length) {
        while (length && name[length - 1] != '.')
            length--;
        if (length)
            found = amct_map_get(&c->node_of, amct_hash_bytes(names_seed, name, --length));
    }
    return found ? (uint32_t)((uintptr_t)found - 1) : c->graph->n_nodes;
}

static void fill_nodes(amct_costing *c, const amct_graph *graph, const amct_latency *l)
{
    uint32_t rest = c->graph->n_nodes;
    memset(c->nodes, 0, (rest + (size_t)1) * sizeof *c->nodes);
    c->nodes[rest] = l->total.latency_ns;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        double ns = l->costs[n].latency_ns;
        uint32_t origin;
        if (ns > 0 && (origin = origin_of(c, graph->nodes[n].name)) < rest) {
            c->nodes[origin] += ns;
            c->nodes[rest] -= ns;
        }
    }
}

static void fill_costs(amct_costing *c, const amct_graph *graph, const amct_latency *l)
{
    uint32_t origin;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        if ((origin = origin_of(c, graph->nodes[n].name)) < c->graph->n_nodes)
            c->costs[origin] = l->costs[n];
}

/* Beside the total. */
typedef enum asked { NOTHING, LAYERS, NODES, COSTS } asked;

static amct_status estimate(amct_graph_cost *total, amct_costing *c, const amct_costing_shape *s,
                            asked what, amct_err *err)
{
    amct_graph *graph;
    amct_latency latency = {0};
    AMCT_TRY(amct_stitch(&graph, s->graph, s->layers, s->n_layers, s->levels, err));
    amct_status status = amct_latency_estimate(&latency, c->estimator, graph, err);
    if (status == AMCT_OK && c->correction.arena)
        amct_correction_apply(&latency, graph, &c->correction);
    if (status == AMCT_OK) {
        *total = latency.total;
        if (what == NODES)
            fill_nodes(c, graph, &latency);
        if (what == COSTS)
            fill_costs(c, graph, &latency);
        if (what == LAYERS) {
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

/* Runs in the worker. The request is the choices and a byte of asked. */
static amct_status answer(void *ctx, const void *request, size_t size, void *bytes,
                          size_t *answer_size, amct_err *err)
{
    amct_costing *c = ctx;
    const uint8_t *choices = request;
    amct_graph_cost total;
    amct_costing_shape s;
    if (size != c->n_choices + 1)
        return amct_fail(err, AMCT_E_INTERNAL, "a request of %zu bytes", size);
    if (!c->estimator)
        AMCT_TRY(amct_estimating_open(&c->estimator, c->plugins, c->config->estimator,
                                      c->config->target_options, c->config->n_target_options, err));
    AMCT_TRY(make_correction(c, err));
    AMCT_TRY(amct_costing_shape_make(&s, &c->shapes, choices, err));
    amct_status status = estimate(&total, c, &s, (asked)choices[c->n_choices], err);
    amct_costing_shape_free(&s);
    if (status == AMCT_OK) {
        memcpy(bytes, &total, sizeof total);
        *answer_size = sizeof total;
    }
    return status;
}

static amct_status make_numbers(amct_costing *c, amct_err *err)
{
    AMCT_TRY(amct_shape_parts_start(&c->shapes, err));
    c->details = amct_shared_alloc(c->n_layers * sizeof *c->details);
    c->parts = amct_shared_alloc(sizeof *c->parts);
    c->nodes = amct_shared_alloc((c->graph->n_nodes + (size_t)1) * sizeof *c->nodes);
    c->costs = amct_shared_alloc((c->graph->n_nodes + (size_t)1) * sizeof *c->costs);
    c->found = amct_shared_alloc(sizeof *c->found);
    c->known = calloc(KNOWN, sizeof *c->known);
    if (!c->details || !c->parts || !c->nodes || !c->costs || !c->found || !c->known)
        return amct_fail_nomem(err);
    for (uint32_t n = 0; n < c->graph->n_nodes; n++) {
        const char *name = c->graph->nodes[n].name;
        if (!amct_map_put(&c->node_of, amct_hash_bytes(names_seed, name, strlen(name)),
                          (void *)((uintptr_t)n + 1)))
            return amct_fail_nomem(err);
    }
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
    *c = (amct_costing){
        .plugins = plugins,
        .config = config,
        .graph = graph,
        .layers = layers,
        .n_layers = n_layers,
        .shapes = {.graph = graph, .layers = layers, .n_layers = n_layers, .structure = structure},
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
    amct_shared_free(costing->nodes, (costing->graph->n_nodes + (size_t)1) * sizeof(double));
    amct_shared_free(costing->costs,
                     (costing->graph->n_nodes + (size_t)1) * sizeof *costing->costs);
    amct_shared_free(costing->found, sizeof *costing->found);
    amct_map_free(&costing->node_of);
    amct_shape_parts_end(&costing->shapes);
    free(costing->known);
    free(costing);
}

static amct_status ask(amct_costing *c, const uint8_t *choices, asked what, amct_graph_cost *total,
                       amct_err *err)
{
    unsigned char request[AMCT_MESSAGE_MAX], bytes[AMCT_MESSAGE_MAX];
    size_t size;
    if (c->n_choices)
        memcpy(request, choices, c->n_choices);
    request[c->n_choices] = (uint8_t)what;
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
        AMCT_TRY(ask(costing, choices, NOTHING, total, err));
        *k = (known){h, *total};
    }
    *total = k->total;
    return AMCT_OK;
}

static const uint8_t original[AMCT_MESSAGE_MAX]; /* choices: all as it is */

amct_status amct_costing_original(amct_costing *costing, amct_graph_cost *total, amct_err *err)
{
    return amct_costing_total(costing, original, total, err);
}

amct_status amct_costing_warn(amct_costing *costing, amct_err *err)
{
    amct_graph_cost total;
    AMCT_TRY(ask(costing, original, COSTS, &total, err));
    amct_latency latency = {.n_nodes = costing->graph->n_nodes, .costs = costing->costs};
    amct_latency_warn(&latency, costing->graph);
    return AMCT_OK;
}

uint32_t amct_costing_n_nodes(const amct_costing *costing)
{
    return costing->graph->n_nodes + 1;
}

amct_status amct_costing_layers(amct_costing *costing, const uint8_t *choices,
                                amct_graph_cost *total, amct_layer_cost *layers,
                                amct_latency_parts *parts, amct_err *err)
{
    AMCT_TRY(ask(costing, choices, LAYERS, total, err));
    memcpy(layers, costing->details, costing->n_layers * sizeof *layers);
    if (parts)
        *parts = *costing->parts;
    return AMCT_OK;
}

amct_status amct_costing_nodes(amct_costing *costing, const uint8_t *choices,
                               amct_graph_cost *total, double *nodes_ns, amct_err *err)
{
    AMCT_TRY(ask(costing, choices, NODES, total, err));
    memcpy(nodes_ns, costing->nodes, amct_costing_n_nodes(costing) * sizeof *nodes_ns);
    return AMCT_OK;
}

const amct_correction_found *amct_costing_found(const amct_costing *costing)
{
    return costing->found->scale > 0 ? costing->found : NULL;
}
