/* Where samples lie behind operators whose parameters hold sizes. */
#include "passes/batch_layout.h"

#include <string.h>

/* Source i as a value that is a constant; *there is false if it is left out or empty. */
static amct_status read_source(amct_value *value, bool *there, const amct_batching *b,
                               const amct_node *node, uint32_t i, const char *name, amct_err *err)
{
    const amct_tensor *t = amct_node_src(b->graph, node, i);
    *there = false;
    if (!t)
        return AMCT_OK;
    if (!t->data)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "%s is computed", name);
    *value = (amct_value){t->dtype, t->zero_point, t->shape, (void *)(uintptr_t)t->data};
    *there = amct_shape_size(&t->shape) > 0;
    return AMCT_OK;
}

static amct_status read_ints(amct_ints *out, const amct_batching *b, const amct_node *node,
                             uint32_t i, const char *name, amct_err *err)
{
    amct_value value;
    bool there;
    AMCT_TRY(read_source(&value, &there, b, node, i, name, err));
    return amct_param_ints(out, there ? &value : NULL, node, name, AMCT_MAX_INTS, err);
}

/* Where dim d stands among the axes (all dims, if they are not given); -1: it is not there. */
static amct_status find_axis(int32_t *place, const amct_batching *b, const amct_node *node,
                             uint32_t i, int32_t d, int32_t rank, amct_err *err)
{
    amct_value value;
    amct_ints axes;
    bool there;
    AMCT_TRY(read_source(&value, &there, b, node, i, "axes", err));
    AMCT_TRY(amct_param_axes(&axes, there ? &value : NULL, node, rank, err));
    *place = axes.given ? -1 : d;
    for (int32_t k = 0; k < axes.n; k++)
        if (axes.at[k] == d)
            *place = k;
    return AMCT_OK;
}

amct_status amct_batch_slice(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_batch_at at = amct_batch_src(b, node, 0);
    const amct_shape *shape = amct_batch_shape(b, node, 0);
    amct_ints starts, ends, steps;
    int32_t k;
    if (at.dim < 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "where it slices is computed");
    AMCT_TRY(read_ints(&starts, b, node, 1, "starts", err));
    AMCT_TRY(read_ints(&ends, b, node, 2, "ends", err));
    AMCT_TRY(read_ints(&steps, b, node, 4, "steps", err));
    AMCT_TRY(find_axis(&k, b, node, 3, at.dim, shape->rank, err));
    amct_batch_dst(b, node, 0, at);
    if (k < 0 || k >= starts.n || k >= ends.n)
        return AMCT_OK;
    bool all = starts.at[k] == 0 && (!steps.given || steps.at[k] == 1) &&
               ends.at[k] >= shape->dims[at.dim];
    if (!all)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it slices axis %d, along which the samples lie",
                         at.dim);
    if (ends.at[k] > AMCT_MAX_TENSOR_BYTES)
        return AMCT_OK;
    if (!amct_node_src(b->graph, node, 2))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its attribute ends holds the batch");
    ends.at[k] = INT64_MAX;
    return amct_batch_set_ints(b, n, 2, ends.n, ends.at, false, err);
}

amct_status amct_batch_pad(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_batch_at at = amct_batch_src(b, node, 0);
    amct_ints pads;
    int32_t k;
    if (at.dim < 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its pads are computed");
    AMCT_TRY(read_ints(&pads, b, node, 1, "pads", err));
    AMCT_TRY(find_axis(&k, b, node, 3, at.dim, amct_batch_shape(b, node, 0)->rank, err));
    if (k >= 0 && k < pads.n / 2 && (pads.at[k] || pads.at[pads.n / 2 + k]))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it pads axis %d, along which the samples lie",
                         at.dim);
    amct_batch_dst(b, node, 0, at);
    return AMCT_OK;
}

/* Sources: X, roi, scales, sizes; of Upsample X, scales. */
amct_status amct_batch_resize(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_batch_at at = amct_batch_src(b, node, 0);
    const amct_shape *shape = amct_batch_shape(b, node, 0);
    bool upsample = amct_node_is(node, "Upsample"), scaled;
    amct_value scales;
    amct_ints sizes = {0};
    int32_t k;
    if (at.dim < 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its sizes are computed");
    AMCT_TRY(read_source(&scales, &scaled, b, node, upsample ? 1 : 2, "scales", err));
    k = at.dim;
    if (!upsample) {
        AMCT_TRY(read_ints(&sizes, b, node, 3, "sizes", err));
        AMCT_TRY(find_axis(&k, b, node, AMCT_NO_TENSOR, at.dim, shape->rank, err));
    }
    amct_batch_dst(b, node, 0, at);
    if (k < 0)
        return AMCT_OK;
    bool same = scaled ? k < amct_shape_size(&scales.shape) && amct_value_get(&scales, k) == 1
                       : k < sizes.n && sizes.at[k] == shape->dims[at.dim];
    if (!same)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it resizes axis %d, along which the samples lie",
                         at.dim);
    if (scaled)
        return AMCT_OK;
    if (strcmp(amct_node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its common scale depends on the batch");
    sizes.at[k] = amct_batching_shape(b, node->src[0]).dims[at.dim];
    return amct_batch_set_ints(b, n, 3, sizes.n, sizes.at, false, err);
}

amct_status amct_batch_expand(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    amct_batch_at at = amct_batch_src(b, node, 0);
    const amct_shape *shape = amct_batch_shape(b, node, 0);
    const amct_shape *to = &b->graph->tensors[node->dst[0]].shape;
    amct_ints target;
    if (at.dim < 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its shape is computed");
    AMCT_TRY(read_ints(&target, b, node, 1, "shape", err));
    int64_t size = shape->dims[at.dim];
    int32_t k = at.dim + target.n - shape->rank; /* shapes are aligned at their ends */
    at.dim += to->rank - shape->rank;
    if (to->dims[at.dim] != size)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it expands axis %d, along which the samples lie",
                         at.dim);
    amct_batch_dst(b, node, 0, at);
    if (k < 0 || target.at[k] == 1)
        return AMCT_OK;
    target.at[k] = 1; /* as many as there are */
    return amct_batch_set_ints(b, n, 1, target.n, target.at, false, err);
}

amct_status amct_batch_tile(amct_batching *b, uint32_t n, amct_err *err)
{
    const amct_node *node = &b->graph->nodes[n];
    const amct_batch_at at = amct_batch_src(b, node, 0);
    amct_ints repeats;
    if (at.dim < 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "its repeats are computed");
    AMCT_TRY(read_ints(&repeats, b, node, 1, "repeats", err));
    if (at.dim >= repeats.n || repeats.at[at.dim] != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "it repeats axis %d, along which the samples lie",
                         at.dim);
    amct_batch_dst(b, node, 0, at);
    return AMCT_OK;
}
