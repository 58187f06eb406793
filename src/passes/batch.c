/* Another batch size for a prepared graph: what holds the batch is written anew, all shapes are
 * inferred again, and held against where the samples should lie. */
#include "passes/batch_layout.h"
#include "passes/pass.h"

#include <stdlib.h>
#include <string.h>

/* A node as it was. */
typedef struct undo {
    uint32_t index;
    amct_node node;
} undo;

static amct_status apply_edit(amct_graph *graph, const amct_batch_edit *edit, amct_err *err)
{
    amct_node *node = &graph->nodes[edit->node];
    uint32_t n = edit->as_reshape ? 2 : node->n_src > edit->slot ? node->n_src : edit->slot + 1;
    uint32_t *src = amct_arena_array(graph->arena, n, sizeof *src);
    if (!src)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n; i++)
        src[i] = i < node->n_src ? node->src[i] : AMCT_NO_TENSOR;
    src[edit->slot] = edit->id;
    node->src = src;
    node->n_src = n;
    if (edit->as_reshape) {
        node->op = "Reshape";
        node->n_attrs = 0;
    }
    return AMCT_OK;
}

static amct_status set_inputs(amct_graph *graph, int64_t to, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        amct_tensor *input = &graph->tensors[graph->inputs[i]];
        size_t bytes;
        input->shape.dims[0] = to;
        if (amct_tensor_bytes(&bytes, input->dtype, &input->shape, err) != AMCT_OK)
            return amct_fail_in(err, "input '%s'", input->name);
    }
    return AMCT_OK;
}

/* The shapes that were inferred are those of the layout, so that no sample is lost. */
static amct_status check_shapes(const amct_graph *graph, const amct_shape *wanted, amct_err *err)
{
    char one[128], other[128];
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->n_dst; i++) {
            uint32_t t = node->dst[i];
            if (t != AMCT_NO_TENSOR && !amct_shape_equal(&graph->tensors[t].shape, &wanted[t]))
                return amct_fail(err, AMCT_E_UNSUPPORTED,
                                 "node '%s' (%s): its result is %s, not %s", node->name, node->op,
                                 amct_shape_print(&graph->tensors[t].shape, one, sizeof one),
                                 amct_shape_print(&wanted[t], other, sizeof other));
        }
    }
    return AMCT_OK;
}

static amct_status apply(amct_graph *graph, const amct_batching *b, undo *undone,
                         uint32_t *n_undone, const amct_shape *wanted, amct_err *err)
{
    for (uint32_t i = 0; i < b->n_edits; i++) {
        undone[*n_undone] = (undo){b->edits[i].node, graph->nodes[b->edits[i].node]};
        AMCT_TRY(apply_edit(graph, &b->edits[i], err));
        ++*n_undone;
    }
    AMCT_TRY(set_inputs(graph, b->to, err));
    AMCT_TRY(amct_pass_infer(graph, false, err));
    return check_shapes(graph, wanted, err);
}

static amct_status try_batch(amct_graph *graph, const amct_batching *b, amct_err *err)
{
    uint32_t n = graph->n_tensors, n_undone = 0;
    amct_tensor *tensors = malloc((n + 1) * sizeof *tensors);
    amct_shape *wanted = malloc((n + 1) * sizeof *wanted);
    undo *undone = malloc((b->n_edits + 1) * sizeof *undone);
    amct_status status = tensors && wanted && undone ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        memcpy(tensors, graph->tensors, n * sizeof *tensors);
        for (uint32_t t = 0; t < n; t++)
            wanted[t] = t < b->n_tensors ? amct_batching_shape(b, t) : graph->tensors[t].shape;
        status = apply(graph, b, undone, &n_undone, wanted, err);
        if (status != AMCT_OK) {
            while (n_undone-- > 0)
                graph->nodes[undone[n_undone].index] = undone[n_undone].node;
            memcpy(graph->tensors, tensors, n * sizeof *tensors);
        }
    }
    free(tensors);
    free(wanted);
    free(undone);
    return status;
}

amct_status amct_set_batch(amct_graph *graph, int64_t batch, amct_err *err)
{
    int64_t from = amct_batch_of(graph);
    uint32_t n = graph->n_tensors;
    amct_batching b;
    if (batch == from)
        return AMCT_OK;
    if (batch < 1 || from < 1)
        return amct_fail(err, AMCT_E_INVALID, "batch %lld: 1 or more is wanted",
                         (long long)(batch < 1 ? batch : from));
    amct_status status =
        graph->n_inputs ? amct_batching_make(&b, graph, from, batch, err)
                        : amct_fail(err, AMCT_E_UNSUPPORTED, "it has no input, and so no batch");
    if (status == AMCT_OK) {
        status = try_batch(graph, &b, err);
        amct_batching_free(&b);
    }
    if (status == AMCT_OK)
        return AMCT_OK;
    graph->n_tensors = n;       /* nothing names the constants that were added */
    if (status != AMCT_E_NOMEM) /* the graph was right at the size before */
        err->code = AMCT_E_UNSUPPORTED;
    return amct_fail_in(err, "the network cannot be run at batch %lld", (long long)batch);
}

/* What layers take: source 0, and the other factor of a product. */
static bool is_layer(const amct_node *node)
{
    return amct_node_is(node, "Conv") || amct_node_is(node, "ConvTranspose") ||
           amct_node_is(node, "Gemm") || amct_node_is(node, "MatMul");
}

static bool leads(const amct_batching *b)
{
    const amct_graph *graph = b->graph;
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        amct_batch_at at = b->at[graph->outputs[i]];
        if (at.dim != 0 || at.before != 1)
            return false;
    }
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        for (uint32_t i = 0; is_layer(&graph->nodes[n]) && i < 2; i++) {
            amct_batch_at at = amct_batch_src(b, &graph->nodes[n], i);
            if (at.dim > 0 || (at.dim == 0 && at.before != 1))
                return false;
        }
    for (uint32_t t = 0; t < b->n_tensors; t++) {
        const amct_shape *shape = &graph->tensors[t].shape;
        if (b->at[t].dim > 0 && shape->dims[0] == b->from && b->from > 1)
            return false;
    }
    return true;
}

/* Where samples lie at the batch size that the graph has: an error if they cannot be followed. The
 * graph of b is a copy, freed with it. */
static amct_status look(amct_batching *b, const amct_graph *graph, amct_err *err)
{
    amct_graph *copy;
    int64_t batch = amct_batch_of(graph);
    AMCT_TRY(amct_graph_clone(&copy, graph, err));
    amct_status status = amct_batching_make(b, copy, batch, batch, err);
    if (status != AMCT_OK)
        amct_graph_free(copy);
    return status;
}

static void end_look(amct_batching *b)
{
    amct_graph *copy = b->graph;
    amct_batching_free(b);
    amct_graph_free(copy);
}

bool amct_batch_leads(const amct_graph *graph)
{
    amct_batching b;
    amct_err ignored;
    if (look(&b, graph, &ignored) != AMCT_OK)
        return false;
    bool result = leads(&b);
    end_look(&b);
    return result;
}

amct_status amct_batch_dims(int32_t *dims, const amct_graph *graph, amct_err *err)
{
    amct_batching b;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        dims[t] = -1;
    if (!graph->n_inputs || amct_batch_of(graph) < 1)
        return AMCT_OK;
    amct_status status = look(&b, graph, err);
    if (status != AMCT_OK)
        return status == AMCT_E_NOMEM ? status : AMCT_OK;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        dims[t] = b.at[t].dim >= 0 ? b.at[t].dim : -1;
    end_look(&b);
    return AMCT_OK;
}

amct_status amct_batch_check_free(const amct_graph *graph, amct_err *err)
{
    amct_batching b;
    amct_graph *copy;
    int64_t batch = amct_batch_of(graph);
    AMCT_TRY(amct_graph_clone(&copy, graph, err));
    amct_status status = amct_batching_make(&b, copy, batch, batch + 1, err);
    if (status == AMCT_OK) {
        for (uint32_t i = 0; status == AMCT_OK && i < b.n_edits; i++) {
            const amct_node *node = &copy->nodes[b.edits[i].node];
            if (!amct_node_is(node, "Resize"))
                status = amct_fail(err, AMCT_E_UNSUPPORTED,
                                   "node '%s' (%s): its input %u has a part for every sample",
                                   node->name, node->op, b.edits[i].slot);
        }
        amct_batching_free(&b);
    }
    amct_graph_free(copy);
    return status;
}
