#include "structure/restructure_parts.h"
#include "ops/move.h"
#include "ops/weights.h"
#include "passes/pass.h"

#include <stdlib.h>
#include <string.h>

/* ---- Channels ---------------------------------------------------------------------------------
 */

static amct_status check_keep(const amct_graph *graph, const amct_lanes *lanes, const bool *keep,
                              amct_err *err)
{
    for (uint32_t i = 0; i < lanes->n; i++)
        if (!keep[i] && lanes->blocked[i])
            return amct_fail(err, AMCT_E_INVALID, "a channel that must stay is dropped: %s",
                             lanes->blocked[i]);
    for (uint32_t t = 0; t < lanes->n_tensors; t++)
        if (lanes->axis[t] >= 0 &&
            !amct_count_kept(keep, lanes->of[t], graph->tensors[t].shape.dims[lanes->axis[t]]))
            return amct_fail(err, AMCT_E_INVALID, "no channel of '%s' is kept",
                             graph->tensors[t].name);
    return AMCT_OK;
}

/* dst: what of src (of that shape) lies at indices that are kept of a dim. */
static void take(void *dst, const void *src, const amct_shape *shape, int32_t axis,
                 const uint32_t *lanes, const bool *keep, uint32_t bits)
{
    int64_t outer = amct_shape_count(shape, 0, axis), n = shape->dims[axis], to = 0, from = 0;
    int64_t inner = amct_shape_count(shape, axis + 1, shape->rank);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n; i++, from += inner)
            if (keep[lanes[i]]) {
                amct_move(dst, to, src, from, 1, inner, bits);
                to += inner;
            }
}

/* Cuts source `src` of a node along one or two of its dims: operands k and, if it is another one of
 * the same constant, l. */
static amct_status cut_constant(amct_restructuring *r, uint32_t k, uint32_t l, amct_err *err)
{
    const amct_lane_operand *o = &r->lanes->operands[k], *p = &r->lanes->operands[l];
    uint32_t *src = &r->graph->nodes[o->node].src[o->src];
    amct_tensor old = r->graph->tensors[*src]; /* the array moves when it grows */
    amct_shape once = old.shape, twice;
    uint32_t bits = amct_dtype_bits(old.dtype), id;
    once.dims[o->axis] = amct_count_kept(r->keep, o->lanes, old.shape.dims[o->axis]);
    twice = once;
    if (k != l)
        twice.dims[p->axis] = amct_count_kept(r->keep, p->lanes, old.shape.dims[p->axis]);
    if (amct_shape_equal(&old.shape, &twice))
        return AMCT_OK;
    void *data, *half = NULL;
    if (r->blank) {
        AMCT_TRY(
            amct_restructure_borrow(r->graph, &id, old.name, old.dtype, &twice, r->blank, err));
        r->graph->nodes[o->node].src[o->src] = id;
        return AMCT_OK;
    }
    AMCT_TRY(amct_graph_add_constant(r->graph, old.name, old.dtype, &twice, &id, &data, err));
    if (k == l) {
        take(data, old.data, &old.shape, o->axis, o->lanes, r->keep, bits);
    } else {
        size_t bytes;
        AMCT_TRY(amct_tensor_bytes(&bytes, old.dtype, &once, err));
        half = malloc(bytes + 1);
        if (!half)
            return amct_fail_nomem(err);
        take(half, old.data, &old.shape, o->axis, o->lanes, r->keep, bits);
        take(data, half, &once, p->axis, p->lanes, r->keep, bits);
        free(half);
    }
    *src = id;
    return AMCT_OK;
}

static amct_status drop_channels(amct_restructuring *r, amct_err *err)
{
    AMCT_TRY(check_keep(r->from, r->lanes, r->keep, err));
    for (uint32_t k = 0; k < r->lanes->n_operands; k++) { /* those of a constant are neighbours */
        const amct_lane_operand *o = &r->lanes->operands[k], *next = o + 1;
        bool pair = k + 1 < r->lanes->n_operands && next->node == o->node && next->src == o->src;
        AMCT_TRY(cut_constant(r, k, k + pair, err));
        k += pair;
    }
    for (uint32_t n = 0; n < r->graph->n_nodes; n++) {
        amct_status status = amct_restructure_node(r, n, err);
        if (status != AMCT_OK)
            return amct_fail_in(err, "node '%s'", r->from->nodes[n].name);
    }
    return AMCT_OK;
}

/* ---- Weights ----------------------------------------------------------------------------------
 */

amct_status amct_restructure_borrow(amct_graph *graph, uint32_t *id, const char *name,
                                    uint32_t dtype, const amct_shape *shape, const void *data,
                                    amct_err *err)
{
    amct_tensor tensor = {.name = name, .dtype = dtype, .shape = *shape, .data = data};
    AMCT_TRY(amct_tensor_bytes(&tensor.bytes, dtype, shape, err));
    return amct_graph_add_tensor(graph, &tensor, id, err);
}

/* A bias for a MatMul that has none, behind it. */
static amct_status add_behind(amct_graph *graph, const amct_layer *layer, uint32_t bias,
                              amct_err *err)
{
    amct_tensor like = graph->tensors[layer->dst];
    uint32_t product;
    like.name = amct_arena_join(graph->arena, layer->name, ".product");
    const char *name = amct_arena_join(graph->arena, layer->name, ".bias");
    if (!like.name || !name)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_graph_add_tensor(graph, &like, &product, err));
    graph->nodes[layer->node].dst[0] = product;
    uint32_t dst = layer->dst;
    amct_node add = {.name = name,
                     .op = "Add",
                     .n_src = 2,
                     .src = (uint32_t[]){product, bias},
                     .n_dst = 1,
                     .dst = &dst};
    return amct_graph_add_node(graph, &add, err);
}

static amct_status set_bias(amct_graph *graph, const amct_layer *layer, const float *data,
                            int64_t channels, amct_err *err)
{
    const char *name = layer->bias != AMCT_NO_TENSOR
                           ? graph->tensors[layer->bias].name
                           : amct_arena_join(graph->arena, layer->name, ".bias");
    amct_shape shape = amct_shape_of(1, &channels);
    uint32_t id;
    if (!name)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_restructure_borrow(graph, &id, name, AMCT_FLOAT, &shape, data, err));
    if (layer->bias_node != AMCT_NO_TENSOR) {
        amct_node *add = &graph->nodes[layer->bias_node];
        add->src[add->src[0] == layer->dst] = id;
        return AMCT_OK;
    }
    if (strcmp(layer->op, "MatMul") == 0)
        return add_behind(graph, layer, id, err);
    amct_node *node = &graph->nodes[layer->node];
    if (node->n_src > 2 && node->src[2] != AMCT_NO_TENSOR && layer->bias == AMCT_NO_TENSOR)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "its bias is not a constant of one number per channel");
    uint32_t *src = amct_arena_array(graph->arena, 3, sizeof *src);
    if (!src)
        return amct_fail_nomem(err);
    memcpy(src, node->src, (node->n_src < 3 ? node->n_src : 3) * sizeof *src);
    src[2] = id;
    node->src = src;
    node->n_src = 3;
    return AMCT_OK;
}

static amct_status apply_form(amct_restructuring *r, const amct_layer *layer,
                              const amct_layer_form *form, amct_err *err)
{
    amct_graph *graph = r->graph;
    if (!form->weights && !form->bias && !form->factors)
        return AMCT_OK;
    if (layer->weights == AMCT_NO_TENSOR)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its weights are not constant");
    amct_node *node = &graph->nodes[layer->node];
    amct_tensor w = graph->tensors[node->src[1]];
    int64_t channels = amct_weights_channels(node, &w.shape);
    if (form->weights && !form->factors) {
        uint32_t id;
        AMCT_TRY(
            amct_restructure_borrow(graph, &id, w.name, AMCT_FLOAT, &w.shape, form->weights, err));
        node->src[1] = id;
    }
    if (form->bias)
        AMCT_TRY(set_bias(graph, layer, form->bias, channels, err));
    return form->factors ? amct_restructure_factors(r, layer, form->factors, err) : AMCT_OK;
}

/* ---- The whole --------------------------------------------------------------------------------
 */

/* Where a node belongs: the nodes of the original one step of PLACES apart, new ones around theirs,
 * so that layers are passed in the original's order. */
enum { PLACES = 4 };

typedef struct placed {
    uint64_t place;
    amct_node node;
} placed;

static int by_place(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static amct_status apply_forms(amct_restructuring *r, const amct_layer *layers, uint32_t n_layers,
                               const amct_layer_form *forms, amct_err *err)
{
    amct_graph *graph = r->graph;
    uint32_t old = graph->n_nodes, *of = calloc(2 * (size_t)n_layers + 1, sizeof *of);
    amct_status status = of ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < n_layers; i++) {
        uint32_t before = graph->n_nodes;
        status = apply_form(r, &layers[i], &forms[i], err);
        for (uint32_t n = before; n < graph->n_nodes; n++) /* a bias and a first factor at most */
            of[n - old] = layers[i].node;
        if (status != AMCT_OK)
            amct_fail_in(err, "layer '%s'", layers[i].name);
    }
    placed *nodes = calloc(graph->n_nodes + (size_t)1, sizeof *nodes);
    if (status == AMCT_OK && !nodes)
        status = amct_fail_nomem(err);
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++) {
        bool bias = amct_node_is(&graph->nodes[n], "Add");
        nodes[n].place =
            n < old ? (uint64_t)n * PLACES + 1 : (uint64_t)of[n - old] * PLACES + (bias ? 2 : 0);
        nodes[n].node = graph->nodes[n];
    }
    if (status == AMCT_OK) {
        qsort(nodes, graph->n_nodes, sizeof *nodes, by_place);
        for (uint32_t n = 0; n < graph->n_nodes; n++)
            graph->nodes[n] = nodes[n].node;
    }
    free(nodes);
    free(of);
    return status;
}

static amct_status finish(amct_graph *graph, const amct_graph *from, amct_err *err)
{
    AMCT_TRY(amct_graph_sort(graph, err));
    AMCT_TRY(amct_graph_prune(graph, err));
    AMCT_TRY(amct_pass_infer(graph, false, err));
    AMCT_TRY(amct_graph_validate(graph, err));
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        const amct_tensor *now = &graph->tensors[graph->outputs[i]];
        const amct_tensor *before = &from->tensors[from->outputs[i]];
        if (!amct_shape_equal(&now->shape, &before->shape) || now->dtype != before->dtype)
            return amct_fail(err, AMCT_E_INTERNAL, "output '%s' changes its shape", before->name);
    }
    return AMCT_OK;
}

static amct_status restructure(amct_graph **out, amct_restructuring *r, const amct_layer *layers,
                               uint32_t n_layers, const amct_layer_form *forms, amct_err *err)
{
    AMCT_TRY(amct_graph_clone(&r->graph, r->from, err));
    amct_status status = r->keep ? drop_channels(r, err) : AMCT_OK;
    if (status == AMCT_OK && forms)
        status = apply_forms(r, layers, n_layers, forms, err);
    if (status == AMCT_OK)
        status = finish(r->graph, r->from, err);
    if (status != AMCT_OK)
        amct_graph_free(r->graph);
    else
        *out = r->graph;
    return status;
}

amct_status amct_restructure(amct_graph **out, const amct_graph *graph, const amct_lanes *lanes,
                             const bool *keep, const amct_layer *layers, uint32_t n_layers,
                             const amct_layer_form *forms, amct_err *err)
{
    amct_restructuring r = {.from = graph, .lanes = lanes, .keep = keep};
    return restructure(out, &r, layers, n_layers, forms, err);
}

amct_status amct_restructure_shape(amct_graph **out, const amct_graph *graph,
                                   const amct_lanes *lanes, const bool *keep,
                                   const amct_layer *layers, uint32_t n_layers,
                                   const amct_layer_form *forms, const void *blank, amct_err *err)
{
    amct_restructuring r = {.from = graph, .lanes = lanes, .keep = keep, .blank = blank};
    return restructure(out, &r, layers, n_layers, forms, err);
}
