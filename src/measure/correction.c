#include "measure/correction.h"

#include "measure/profile_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FUSED = 256 };

/* Sets of nodes that belong together, by their lowest members (union-find), and their times. */
typedef struct groups {
    const amct_graph *graph;
    const amct_latency *estimate;
    uint32_t *root;    /* per node */
    double *measured;  /* per root */
    double *estimated; /* per root */
    double other_ns;   /* of operators that are no node, and waits */
    double all_ns;     /* of all operators */
    double matched_ns;
} groups;

static uint32_t root_of(const groups *g, uint32_t n)
{
    while (g->root[n] != n)
        n = g->root[n] = g->root[g->root[n]];
    return n;
}

static void join(groups *g, uint32_t a, uint32_t b)
{
    uint32_t x = root_of(g, a), y = root_of(g, b);
    if (x == y)
        return;
    if (x > y) {
        uint32_t swap = x;
        x = y;
        y = swap;
    }
    g->root[y] = x;
    g->measured[x] += g->measured[y];
    g->estimated[x] += g->estimated[y];
    g->measured[y] = g->estimated[y] = 0;
}

static amct_status groups_make(groups *out, const amct_graph *graph, const amct_latency *estimate,
                               amct_err *err)
{
    size_t n = graph->n_nodes + (size_t)1;
    groups g = {.graph = graph, .estimate = estimate};
    g.root = malloc(n * sizeof *g.root);
    g.measured = calloc(n, sizeof *g.measured);
    g.estimated = calloc(n, sizeof *g.estimated);
    *out = g;
    if (!g.root || !g.measured || !g.estimated)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        g.root[i] = i;
        g.estimated[i] = estimate->costs[i].latency_ns;
    }
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (estimate->costs[i].status == AMCT_NODE_FUSED)
            join(&g, i, estimate->costs[i].fused_into);
    return AMCT_OK;
}

static void groups_free(groups *g)
{
    free(g->root);
    free(g->measured);
    free(g->estimated);
}

static void add_op(groups *g, amct_correction *c, const amct_names *names,
                   const amct_profile_op *op)
{
    uint32_t nodes[MOST_FUSED], n = amct_names_of(nodes, MOST_FUSED, names, op);
    g->all_ns += op->ns;
    g->other_ns += op->wait_ns;
    c->n_ops++;
    if (!n) {
        g->other_ns += op->ns;
        return;
    }
    c->n_matched++;
    g->matched_ns += op->ns;
    for (uint32_t i = 1; i < n; i++)
        join(g, nodes[0], nodes[i]);
    g->measured[root_of(g, nodes[0])] += op->ns;
}

/* ---- Types ------------------------------------------------------------------------------------
 */

/* What the device calls an operator. */
static const struct {
    const char *type, *op;
} types[] = {
    {"Conv2D", "Conv"},
    {"DepthwiseConv2D", "Conv"},
    {"Conv3D", "Conv"},
    {"Conv2DTranspose", "ConvTranspose"},
    {"Conv2DTransposeD", "ConvTranspose"},
    {"Conv2DBackpropInputD", "ConvTranspose"},
    {"MatMul", "Gemm"},
    {"MatMulV2", "Gemm"},
    {"MatMulV3", "Gemm"},
    {"FullyConnection", "Gemm"},
    {"BatchMatMul", "MatMul"},
    {"BatchMatMulV2", "MatMul"},
    {"Pooling", "MaxPool"},
    {"MaxPool", "MaxPool"},
    {"MaxPoolV3", "MaxPool"},
    {"AvgPool", "AveragePool"},
    {"AvgPoolV2", "AveragePool"},
    {"SoftmaxV2", "Softmax"},
    {"Add", "Add"},
    {"Mul", "Mul"},
    {"Relu", "Relu"},
    {"Sigmoid", "Sigmoid"},
    {"ConcatD", "Concat"},
    {"LayerNorm", "LayerNormalization"},
    {"AscendQuant", "AscendQuant"},
    {"AscendDequant", "AscendDequant"},
};

/* The first node that a type's time is carried by, AMCT_NO_TENSOR if there is none; all that do are
 * joined, and counted. */
static uint32_t carriers_of(uint32_t *count, groups *g, const amct_profile_op *op)
{
    size_t k = 0, n = sizeof types / sizeof *types;
    uint32_t first = AMCT_NO_TENSOR;
    *count = 0;
    while (k < n && strcmp(types[k].type, op->name) != 0)
        k++;
    for (uint32_t i = 0; k < n && i < g->graph->n_nodes; i++) {
        if (!amct_node_is(&g->graph->nodes[i], types[k].op) ||
            g->estimate->costs[i].status != AMCT_NODE_OK)
            continue;
        if (first == AMCT_NO_TENSOR)
            first = i;
        else
            join(g, first, i);
        ++*count;
    }
    return first;
}

/* How many iterations the times of types are of: what the type with the most time says. */
static double iterations_of(groups *g, const amct_profile *p)
{
    double most = 0, iterations = 1;
    for (uint32_t i = 0; i < p->n_ops; i++) {
        uint32_t carriers;
        if (carriers_of(&carriers, g, &p->ops[i]) == AMCT_NO_TENSOR || p->ops[i].ns <= most)
            continue;
        most = p->ops[i].ns;
        iterations = fmax(1, round((double)p->ops[i].runs / carriers));
    }
    return iterations;
}

static void add_types(groups *g, amct_correction *c, const amct_profile *p)
{
    double iterations = iterations_of(g, p);
    for (uint32_t i = 0; i < p->n_ops; i++) {
        uint32_t carriers, first = carriers_of(&carriers, g, &p->ops[i]);
        double ns = p->ops[i].ns / iterations;
        g->all_ns += ns;
        c->n_ops++;
        if (first == AMCT_NO_TENSOR) {
            g->other_ns += ns;
            continue;
        }
        c->n_matched++;
        g->matched_ns += ns;
        g->measured[root_of(g, first)] += ns;
    }
}

/* ---- Making -----------------------------------------------------------------------------------
 */

static bool fits(const void *ctx, const char *name)
{
    uint32_t nodes[MOST_FUSED];
    return amct_names_in(nodes, MOST_FUSED, ctx, name) > 0;
}

static int by_node_name(const void *a, const void *b)
{
    return strcmp(((const struct amct_corrected *)a)->name,
                  ((const struct amct_corrected *)b)->name);
}

static amct_status take_factors(amct_correction *c, groups *g, amct_err *err)
{
    const amct_graph *graph = g->graph;
    double measured = 0, estimated = 0, lost = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        bool told = g->root[i] == i && g->measured[i] > 0;
        if (told && g->estimated[i] > 0) {
            measured += g->measured[i];
            estimated += g->estimated[i];
        } else if (told) { /* of nodes that are said to cost nothing */
            lost += g->measured[i];
        }
    }
    c->others = estimated > 0 ? measured / estimated : 1;
    c->fixed_ns = fmax(g->estimate->total.fixed_ns, g->other_ns + lost);
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const amct_node_cost *cost = &g->estimate->costs[i];
        uint32_t root = root_of(g, i);
        if (cost->status != AMCT_NODE_OK)
            continue;
        bool told = g->measured[root] > 0 && g->estimated[root] > 0;
        c->nodes[c->n++] = (struct amct_corrected){
            amct_arena_string(c->arena, graph->nodes[i].name),
            told ? g->measured[root] / g->estimated[root] : c->others, cost->latency_ns};
        if (!c->nodes[c->n - 1].name)
            return amct_fail_nomem(err);
    }
    return AMCT_OK;
}

static amct_status use_profile(amct_correction *c, const char *folder, const amct_graph *graph,
                               const amct_latency *estimate, amct_err *err)
{
    amct_names names;
    amct_profile profile;
    groups g;
    AMCT_TRY(amct_names_make(&names, graph, err));
    amct_status status = amct_profile_read(&profile, folder, fits, &names, err);
    if (status != AMCT_OK) {
        amct_names_free(&names);
        return status;
    }
    status = groups_make(&g, graph, estimate, err);
    if (status == AMCT_OK && profile.by_type)
        add_types(&g, c, &profile);
    for (uint32_t i = 0; status == AMCT_OK && !profile.by_type && i < profile.n_ops; i++)
        add_op(&g, c, &names, &profile.ops[i]);
    c->matched_ratio = status == AMCT_OK && g.all_ns > 0 ? g.matched_ns / g.all_ns : 0;
    if (status == AMCT_OK && !(c->matched_ratio >= 0.5))
        status =
            amct_fail(err, AMCT_E_INVALID,
                      "%s: %u of %u operators, with %.0f %% of the time, belong to this network "
                      "(%s): is it the profile of another one?",
                      folder, c->n_matched, c->n_ops, 100 * c->matched_ratio, profile.what);
    if (status == AMCT_OK)
        status = take_factors(c, &g, err);
    if (status == AMCT_OK && !(c->what = amct_arena_string(c->arena, profile.what)))
        status = amct_fail_nomem(err);
    groups_free(&g);
    amct_profile_free(&profile);
    amct_names_free(&names);
    return status;
}

static amct_status use_estimate(amct_correction *c, const amct_graph *graph,
                                const amct_latency *estimate, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if (estimate->costs[i].status != AMCT_NODE_OK)
            continue;
        const char *name = amct_arena_string(c->arena, graph->nodes[i].name);
        if (!name)
            return amct_fail_nomem(err);
        c->nodes[c->n++] = (struct amct_corrected){name, 1, estimate->costs[i].latency_ns};
    }
    return AMCT_OK;
}

amct_status amct_correction_make(amct_correction *out, const char *folder, double measured_ns,
                                 const amct_graph *graph, const amct_latency *estimate,
                                 amct_err *err)
{
    amct_correction c = {.arena = amct_arena_new(), .others = 1, .fixed_ns = -1, .scale = 1};
    if (c.arena)
        c.nodes = amct_arena_array(c.arena, graph->n_nodes + (size_t)1, sizeof *c.nodes);
    amct_status status = c.nodes ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = folder ? use_profile(&c, folder, graph, estimate, err)
                        : use_estimate(&c, graph, estimate, err);
    if (status != AMCT_OK) {
        amct_correction_free(&c);
        return status;
    }
    double total = c.fixed_ns >= 0 ? c.fixed_ns : estimate->total.fixed_ns;
    for (uint32_t i = 0; i < c.n; i++)
        total += c.nodes[i].factor * c.nodes[i].ns;
    if (measured_ns > 0 && total > 0)
        c.scale = measured_ns / total;
    qsort(c.nodes, c.n, sizeof *c.nodes, by_node_name);
    *out = c;
    return AMCT_OK;
}

void amct_correction_free(amct_correction *correction)
{
    amct_arena_free(correction->arena);
    *correction = (amct_correction){0};
}

/* ---- Applying ---------------------------------------------------------------------------------
 */

static const struct amct_corrected *find_name(const amct_correction *c, const char *name,
                                              size_t length)
{
    uint32_t low = 0, high = c->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *at = c->nodes[middle].name;
        int order = strncmp(at, name, length);
        if (order == 0 && at[length])
            order = 1;
        if (order == 0)
            return &c->nodes[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The layer that a node comes from: of its own name, or "LAYER.first" and the like. What changes
 * between formats is of no layer. */
static const struct amct_corrected *layer_of(const amct_correction *c, const amct_node *node)
{
    size_t length = strlen(node->name);
    const struct amct_corrected *found = find_name(c, node->name, length);
    while (!found && length && strncmp(node->op, "Ascend", 6) != 0) {
        while (length && node->name[length - 1] != '.')
            length--;
        if (length)
            found = find_name(c, node->name, --length);
    }
    return found;
}

void amct_correction_apply(amct_latency *latency, const amct_graph *graph, const amct_correction *c)
{
    amct_graph_cost *total = &latency->total;
    double sum = 0, unsure = 0, band = total->error_band_ratio;
    for (uint32_t i = 0; i < latency->n_nodes; i++) {
        amct_node_cost *cost = &latency->costs[i];
        if (cost->status != AMCT_NODE_OK)
            continue;
        const struct amct_corrected *layer = layer_of(c, &graph->nodes[i]);
        double factor = (layer ? layer->factor : c->others) * c->scale;
        double changed = fabs(cost->latency_ns - (layer ? layer->ns : 0));
        double ratio = cost->latency_ns > 0 ? cost->spread_ns / cost->latency_ns : 0;
        cost->latency_ns *= factor;
        cost->spread_ns *= factor;
        sum += cost->latency_ns;
        unsure += fmin(changed * factor, cost->latency_ns) * ratio;
    }
    total->fixed_ns = (c->fixed_ns >= 0 ? c->fixed_ns : total->fixed_ns) * c->scale;
    total->latency_ns = sum + total->fixed_ns;
    if (total->latency_ns > 0)
        total->error_band_ratio = fmin(band, AMCT_CORRECTION_NOISE + unsure / total->latency_ns);
}
