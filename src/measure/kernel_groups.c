#include "measure/kernel_groups.h"

#include <stdlib.h>
#include <string.h>

#define STRANGE_RATIO 0.05 /* of a profile's time, in convolutions that no layer is */

uint32_t amct_kernel_groups_root(const amct_kernel_groups *g, uint32_t n)
{
    while (g->root[n] != n)
        n = g->root[n] = g->root[g->root[n]];
    return n;
}

void amct_kernel_groups_join(amct_kernel_groups *g, uint32_t a, uint32_t b)
{
    uint32_t x = amct_kernel_groups_root(g, a), y = amct_kernel_groups_root(g, b);
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

bool amct_kernel_groups_told(const amct_kernel_groups *g, uint32_t node)
{
    uint32_t root = amct_kernel_groups_root(g, node);
    return g->measured[root] > 0 && g->estimated[root] > 0;
}

amct_status amct_kernel_groups_make(amct_kernel_groups *out, const amct_graph *graph,
                                    const amct_latency *estimate, amct_err *err)
{
    size_t n = graph->n_nodes + (size_t)1;
    amct_kernel_groups g = {.graph = graph, .estimate = estimate};
    g.root = malloc(n * sizeof *g.root);
    g.measured = calloc(n, sizeof *g.measured);
    g.estimated = calloc(n, sizeof *g.estimated);
    if (!g.root || !g.measured || !g.estimated) {
        amct_kernel_groups_free(&g);
        return amct_fail_nomem(err);
    }
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        g.root[i] = i;
        g.estimated[i] = estimate->costs[i].latency_ns;
    }
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (estimate->costs[i].status == AMCT_NODE_FUSED)
            amct_kernel_groups_join(&g, i, estimate->costs[i].fused_into);
    *out = g;
    return AMCT_OK;
}

void amct_kernel_groups_free(amct_kernel_groups *g)
{
    free(g->root);
    free(g->measured);
    free(g->estimated);
    *g = (amct_kernel_groups){0};
}

/* ---- Batch ------------------------------------------------------------------------------------
 */

enum { MOST_DIMS = 8 };

/* The dims of the first input in a list such as "8,3,224,224;64,3,7,7": how many. */
static int first_dims(int64_t dims[MOST_DIMS], const char *shapes)
{
    int n = 0;
    const char *at = shapes + strspn(shapes, "\" \t");
    while (n < MOST_DIMS) {
        char *end;
        dims[n] = strtol(at, &end, 10);
        if (end == at)
            break;
        n++;
        if (*end != ',')
            break;
        at = end + 1;
    }
    return n;
}

/* What the first dim of an operator's input says of the batch size. */
typedef struct batches {
    int64_t batch;       /* of the network */
    int64_t other;       /* what those that differ say; 0: nothing whole */
    uint32_t same, not ; /* operators */
} batches;

static void add_batch(batches *b, const amct_graph *graph, const amct_node *node,
                      const amct_profile_op *op)
{
    int64_t dims[MOST_DIMS], rows = 1;
    const amct_tensor *src = amct_node_src(graph, node, 0);
    bool conv = amct_node_is(node, "Conv") || amct_node_is(node, "ConvTranspose");
    int n = first_dims(dims, op->shapes);
    if (!b->batch || !src || src->shape.rank < 2 || !amct_shape_known(&src->shape) || n < 2)
        return;
    /* Matrices may be stored in tiles, or with all but the last dim in one. */
    if (!conv && op->formats[0] && strncmp(op->formats + strspn(op->formats, "\" "), "ND", 2) != 0)
        return;
    for (int32_t d = 0; d + 1 < src->shape.rank; d++)
        rows *= src->shape.dims[d];
    int64_t wanted = n == 2 && !conv ? rows : src->shape.dims[0];
    if (conv ? n < 4 : n > 2 && n != src->shape.rank)
        return;
    if (dims[0] <= 0 || dims[0] > INT32_MAX || wanted <= 0 || wanted > INT32_MAX)
        return;
    if (dims[0] == wanted) {
        b->same++;
        return;
    }
    b->not ++;
    if (dims[0] * b->batch % wanted == 0)
        b->other = dims[0] * b->batch / wanted;
}

static int64_t batch_of(const amct_graph *graph)
{
    if (!graph->n_inputs)
        return 0;
    const amct_shape *shape = &graph->tensors[graph->inputs[0]].shape;
    return shape->rank > 0 && shape->dims[0] > 0 ? shape->dims[0] : 0;
}

static amct_status check_batch(const batches *b, const char *folder, amct_err *err)
{
    if (b->not <= b->same || !b->other)
        return AMCT_OK;
    return amct_fail(err, AMCT_E_INVALID,
                     "%s: was measured at batch %lld, by the shapes of %u of %u operators, but the "
                     "network is at batch %lld: say --batch %lld, or profile it at that one",
                     folder, (long long)b->other, b->not, b->not +b->same, (long long)b->batch,
                     (long long)b->other);
}

/* ---- Operators --------------------------------------------------------------------------------
 */

typedef struct strangers {
    uint32_t all, unknown; /* convolutions and matrix products of the profile */
    double unknown_ns;
} strangers;

static uint32_t count_cube(const amct_kernel_groups *g, bool told_only)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->graph->n_nodes; i++)
        n += g->estimate->costs[i].status == AMCT_NODE_OK &&
             amct_device_class_is_cube(amct_device_class_of_op(g->graph->nodes[i].op)) &&
             (!told_only || amct_kernel_groups_told(g, i));
    return n;
}

/* Such an operator is a layer of some network: if it is none of this one's, it is of another. */
static amct_status check_strangers(const amct_kernel_groups *g, const strangers *s,
                                   const char *folder, amct_err *err)
{
    uint32_t all = count_cube(g, false), told = count_cube(g, true);
    if (s->unknown_ns > STRANGE_RATIO * g->all_ns)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: %u of its %u convolutions and matrix products, with %.0f %% of its "
                         "time, are not of this network, which has %u of them: is it the profile "
                         "of another one?",
                         folder, s->unknown, s->all, 100 * s->unknown_ns / g->all_ns, all);
    if (4 * (uint64_t)told < 3 * (uint64_t)all)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: has %u of this network's %u convolutions and matrix products: is it "
                         "cut, or the profile of another one?",
                         folder, told, all);
    return AMCT_OK;
}

/* *node: the first of the operator's nodes that the matrix unit computes, else the first;
 * AMCT_NO_TENSOR: it has none. */
static void add_op(uint32_t *node, amct_kernel_groups *g, amct_correction_found *found,
                   const amct_names *names, const amct_profile_op *op)
{
    uint32_t nodes[AMCT_MOST_FUSED], n = amct_names_of(nodes, AMCT_MOST_FUSED, names, op);
    g->all_ns += op->ns;
    g->other_ns += op->wait_ns;
    found->n_ops++;
    *node = n ? nodes[0] : AMCT_NO_TENSOR;
    if (!n) {
        g->other_ns += op->ns;
        return;
    }
    found->n_matched++;
    g->matched_ns += op->ns;
    for (uint32_t i = 1; i < n; i++)
        amct_kernel_groups_join(g, nodes[0], nodes[i]);
    g->measured[amct_kernel_groups_root(g, nodes[0])] += op->ns;
    for (uint32_t i = n; i-- > 0;)
        if (amct_device_class_is_cube(amct_device_class_of_op(g->graph->nodes[nodes[i]].op)))
            *node = nodes[i];
}

amct_status amct_kernel_groups_add_ops(amct_kernel_groups *g, amct_correction_found *found,
                                       const amct_names *names, const amct_profile *profile,
                                       amct_err *err)
{
    strangers strange = {0};
    batches batch = {.batch = batch_of(g->graph)};
    for (uint32_t i = 0; i < profile->n_ops; i++) {
        const amct_profile_op *op = &profile->ops[i];
        bool cube = amct_device_class_is_cube(amct_device_class_of_type(op->type));
        uint32_t node;
        add_op(&node, g, found, names, op);
        strange.all += cube;
        if (node != AMCT_NO_TENSOR) {
            add_batch(&batch, g->graph, &g->graph->nodes[node], op);
        } else if (cube) {
            strange.unknown++;
            strange.unknown_ns += op->ns;
        }
    }
    if (2 * g->matched_ns < g->all_ns)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: %u of %u operators, with %.0f %% of the time, belong to this network "
                         "(%s): is it the profile of another one?",
                         profile->folder, found->n_matched, found->n_ops,
                         100 * g->matched_ns / g->all_ns, profile->what);
    AMCT_TRY(check_strangers(g, &strange, profile->folder, err));
    return check_batch(&batch, profile->folder, err);
}
