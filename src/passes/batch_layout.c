#include "passes/batch_layout.h"

#include "base/grow.h"
#include "ops/move.h"
#include "passes/prepare.h"

#include <stdlib.h>
#include <string.h>

amct_batch_at amct_batch_src(const amct_batching *b, const amct_node *node, uint32_t i)
{
    static const amct_batch_at none = {.dim = AMCT_BATCH_NONE};
    return i < node->n_src && node->src[i] != AMCT_NO_TENSOR ? b->at[node->src[i]] : none;
}

void amct_batch_dst(amct_batching *b, const amct_node *node, uint32_t i, amct_batch_at at)
{
    if (i < node->n_dst && node->dst[i] != AMCT_NO_TENSOR)
        b->at[node->dst[i]] = at;
}

amct_shape amct_batching_shape(const amct_batching *b, uint32_t tensor)
{
    amct_shape shape = b->graph->tensors[tensor].shape;
    const amct_batch_at *at = &b->at[tensor];
    int64_t size;
    if (at->dim >= 0 && !__builtin_mul_overflow(at->before * at->after, b->to, &size))
        shape.dims[at->dim] = size;
    return shape;
}

/* ---- Edits ----------------------------------------------------------------------------------- */

static amct_status add_edit(amct_batching *b, const amct_batch_edit *edit, amct_err *err)
{
    AMCT_TRY(amct_grow(&b->edits, b->n_edits, &b->cap_edits, sizeof *b->edits, err));
    b->edits[b->n_edits++] = *edit;
    return AMCT_OK;
}

amct_status amct_batch_set_ints(amct_batching *b, uint32_t n, uint32_t slot, int32_t count,
                                const int64_t *numbers, bool as_reshape, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_tensor *old = amct_node_src(b->graph, node, slot);
    amct_shape shape = amct_shape_of(1, (int64_t[]){count});
    amct_batch_edit edit = {
        .node = n, .slot = slot, .as_reshape = as_reshape, .from = AMCT_NO_TENSOR};
    void *data;
    AMCT_TRY(amct_graph_add_constant(b->graph, old ? old->name : node->name, AMCT_INT64, &shape,
                                     &edit.id, &data, err));
    if (count)
        memcpy(data, numbers, (size_t)count * sizeof *numbers);
    return add_edit(b, &edit, err);
}

/* Whether all samples' parts of a constant are alike: outer x from x inner elements. */
static bool parts_alike(const amct_tensor *t, int64_t outer, int64_t from, int64_t inner)
{
    uint32_t bits = amct_dtype_bits(t->dtype);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t s = 1; s < from; s++) {
            int64_t first = o * from * inner, other = first + s * inner;
            if (bits >= 8) {
                size_t size = bits / 8;
                const char *data = t->data;
                if (memcmp(data + (size_t)first * size, data + (size_t)other * size,
                           (size_t)inner * size) != 0)
                    return false;
                continue;
            }
            for (int64_t i = 0; i < inner; i++)
                if (amct_constant_int(t, first + i) != amct_constant_int(t, other + i))
                    return false;
        }
    return true;
}

static amct_status check_size(const amct_tensor *t, const amct_shape *shape, amct_err *err)
{
    size_t bytes;
    AMCT_TRY(amct_tensor_bytes(&bytes, t->dtype, shape, err));
    if (bytes > AMCT_MAX_FOLDED_BYTES)
        return amct_fail(err, AMCT_E_LIMIT, "constant '%s' would take %zu MiB", t->name,
                         bytes >> 20);
    return AMCT_OK;
}

amct_status amct_batch_repeat(amct_batching *b, uint32_t n, uint32_t slot, amct_batch_at along,
                              amct_err *err)
{
    uint32_t source = b->graph->nodes[n].src[slot];
    const amct_tensor old = b->graph->tensors[source];
    amct_batch_edit edit = {.node = n, .slot = slot, .from = source, .along = along};
    for (uint32_t i = 0; i < b->n_edits; i++)
        if (b->edits[i].from == source && amct_batch_same(b->edits[i].along, along)) {
            edit.id = b->edits[i].id;
            return add_edit(b, &edit, err);
        }
    if (!old.data)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "'%s' is computed, and the same for all samples: it cannot be repeated "
                         "for each",
                         old.name);
    int64_t outer = amct_shape_count(&old.shape, 0, along.dim) * along.before;
    int64_t inner = amct_shape_count(&old.shape, along.dim + 1, old.shape.rank) * along.after;
    if (!parts_alike(&old, outer, b->from, inner))
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "constant '%s' has other numbers for every sample", old.name);
    amct_shape shape = old.shape;
    if (__builtin_mul_overflow(along.before * along.after, b->to, &shape.dims[along.dim]))
        return amct_fail(err, AMCT_E_LIMIT, "constant '%s' would be too large", old.name);
    AMCT_TRY(check_size(&old, &shape, err));
    void *data;
    uint32_t bits = amct_dtype_bits(old.dtype);
    AMCT_TRY(amct_graph_add_constant(b->graph, old.name, old.dtype, &shape, &edit.id, &data, err));
    amct_tensor *fresh = &b->graph->tensors[edit.id];
    fresh->zero_point = old.zero_point;
    fresh->int4 = old.int4;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t s = 0; s < b->to; s++)
            amct_move(data, (o * b->to + s) * inner, old.data, o * b->from * inner, 1, inner, bits);
    return add_edit(b, &edit, err);
}

/* ---- The walk -------------------------------------------------------------------------------- */

/* Whether any source has samples. *origin: the node that made one of unknown shape; it stays as it
 * is if there is none. */
static bool sees_samples(const amct_batching *b, const amct_node *node, uint32_t *origin)
{
    bool any = false, unknown = false;
    for (uint32_t i = 0; i < node->n_src; i++) {
        amct_batch_at at = amct_batch_src(b, node, i);
        any |= at.dim != AMCT_BATCH_NONE;
        if (at.dim == AMCT_BATCH_UNKNOWN && !unknown) {
            unknown = true;
            *origin = (uint32_t)at.before;
        }
    }
    return any;
}

static bool results_known(const amct_graph *graph, const amct_node *node)
{
    for (uint32_t i = 0; i < node->n_dst; i++)
        if (node->dst[i] != AMCT_NO_TENSOR &&
            !amct_shape_known(&graph->tensors[node->dst[i]].shape))
            return false;
    return true;
}

static amct_status follow_node(amct_batching *b, uint32_t n, amct_err *err)
{
    amct_node *node = &b->graph->nodes[n];
    uint32_t origin = n;
    if (!sees_samples(b, node, &origin))
        return AMCT_OK;
    amct_batch_rule *rule = origin == n ? amct_batch_rule_of(node) : NULL;
    bool known = results_known(b->graph, node);
    amct_status status = AMCT_OK;
    if (rule && (known || amct_node_is(node, "TopK"))) /* its rule asks for no result */
        status = rule(b, n, err);
    else if (known)
        status = amct_fail(err, AMCT_E_UNSUPPORTED, "what it does with samples is not known");
    node = &b->graph->nodes[n];
    for (uint32_t i = 0; !known && i < node->n_dst; i++) /* nothing is claimed of it at any batch */
        amct_batch_dst(b, node, i, (amct_batch_at){.dim = AMCT_BATCH_UNKNOWN, .before = origin});
    node = &b->graph->nodes[origin];
    return status == AMCT_OK ? status : amct_fail_in(err, "node '%s' (%s)", node->name, node->op);
}

static amct_status begin_inputs(amct_batching *b, amct_err *err)
{
    const amct_graph *graph = b->graph;
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        const amct_tensor *input = &graph->tensors[graph->inputs[i]];
        if (input->shape.rank < 1 || input->shape.dims[0] != b->from)
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "input '%s' has no batch dim like the first input's", input->name);
        b->at[graph->inputs[i]] = (amct_batch_at){0, 1, 1};
    }
    return AMCT_OK;
}

amct_status amct_batching_make(amct_batching *out, amct_graph *graph, int64_t from, int64_t to,
                               amct_err *err)
{
    amct_batching b = {.graph = graph, .from = from, .to = to, .n_tensors = graph->n_tensors};
    b.at = malloc((graph->n_tensors + 1) * sizeof *b.at);
    if (!b.at)
        return amct_fail_nomem(err);
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        b.at[t] = (amct_batch_at){.dim = AMCT_BATCH_NONE};
    amct_status status = begin_inputs(&b, err);
    for (uint32_t n = 0; status == AMCT_OK && n < graph->n_nodes; n++)
        status = follow_node(&b, n, err);
    if (status != AMCT_OK)
        amct_batching_free(&b);
    else
        *out = b;
    return status;
}

void amct_batching_free(amct_batching *b)
{
    free(b->at);
    free(b->edits);
    *b = (amct_batching){0};
}
