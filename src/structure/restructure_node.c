/* Parameters of nodes that count channels. */
#include "structure/restructure_parts.h"
#include "ops/param.h"

#include <string.h>

/* The lanes of a tensor and how many of them are kept. */
static int64_t kept_of(const amct_restructuring *r, uint32_t tensor)
{
    int32_t axis = r->lanes->axis[tensor];
    return amct_count_kept(r->keep, r->lanes->of[tensor],
                           r->from->tensors[tensor].shape.dims[axis]);
}

/* What a node of the clone reads first in the original, of which lanes tell. */
static uint32_t source_of(const amct_restructuring *r, const amct_node *node)
{
    return r->from->nodes[node - r->graph->nodes].src[0];
}

/* Integers in source i, or in an attribute. */
static amct_status read_list(amct_ints *out, const amct_restructuring *r, const amct_node *node,
                             uint32_t i, const char *name, amct_err *err)
{
    const amct_tensor *t = amct_node_src(r->graph, node, i);
    amct_value value = {.dtype = 0};
    if (t)
        value = (amct_value){t->dtype, 0, t->shape, (void *)t->data};
    return amct_param_ints(out, t ? &value : NULL, node, name, AMCT_MAX_INTS, err);
}

static amct_status set_source(amct_graph *graph, amct_node *node, uint32_t i, uint32_t tensor,
                              amct_err *err)
{
    uint32_t n = node->n_src > i ? node->n_src : i + 1;
    uint32_t *src = amct_arena_array(graph->arena, n, sizeof *src);
    if (!src)
        return amct_fail_nomem(err);
    for (uint32_t k = 0; k < n; k++)
        src[k] = k < node->n_src ? node->src[k] : AMCT_NO_TENSOR;
    src[i] = tensor;
    node->src = src;
    node->n_src = n;
    return AMCT_OK;
}

/* A list of int64 as source i, or as the attribute if the node has that. */
static amct_status write_list(amct_restructuring *r, amct_node *node, uint32_t i, const char *name,
                              int64_t n, const int64_t *values, amct_err *err)
{
    if (!amct_node_src(r->graph, node, i) && amct_node_attr(node, name)) {
        amct_attr attr = {.name = name, .type = AMCT_ATTR_INTS, .data = values, .count = (size_t)n};
        return amct_node_set_attr(r->graph, node, &attr, err);
    }
    const amct_tensor *old = amct_node_src(r->graph, node, i);
    const char *label =
        old ? old->name : amct_arena_printf(r->graph->arena, "%s.%s", node->name, name);
    amct_shape shape = amct_shape_of(1, &n);
    uint32_t id;
    void *data;
    if (!label)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_graph_add_constant(r->graph, label, AMCT_INT64, &shape, &id, &data, err));
    memcpy(data, values, (size_t)n * sizeof *values);
    return set_source(r->graph, node, i, id, err);
}

static amct_status fix_conv(amct_restructuring *r, amct_node *node, uint32_t n, amct_err *err)
{
    const amct_lane_operand *o = amct_lanes_operand(r->lanes, n, AMCT_LANE_THROUGH);
    if (!o)
        return AMCT_OK;
    int64_t groups = amct_node_int(node, "group", 1);
    int64_t rows = r->from->tensors[r->from->nodes[n].src[1]].shape.dims[0];
    int64_t kept = amct_count_kept(r->keep, o->lanes, rows) / (rows / groups);
    amct_attr attr = {.name = "group", .type = AMCT_ATTR_INT, .i = kept};
    return amct_node_set_attr(r->graph, node, &attr, err);
}

static amct_status fix_reshape(amct_restructuring *r, amct_node *node, amct_err *err)
{
    uint32_t dst = node->dst[0];
    amct_ints target;
    AMCT_TRY(read_list(&target, r, node, 1, "shape", err));
    int64_t *dim = &target.at[r->lanes->axis[dst]];
    if (*dim == -1)
        return AMCT_OK;
    *dim = kept_of(r, dst);
    return write_list(r, node, 1, "shape", target.n, target.at, err);
}

static amct_status fix_split(amct_restructuring *r, amct_node *node, amct_err *err)
{
    int64_t *sizes = amct_arena_array(r->graph->arena, node->n_dst, sizeof *sizes);
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0,
                             r->from->tensors[source_of(r, node)].shape.rank, err));
    if (axis != r->lanes->axis[source_of(r, node)])
        return AMCT_OK;
    if (!sizes)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < node->n_dst; i++)
        sizes[i] = kept_of(r, node->dst[i]);
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n_attrs; i++) /* says that the parts are equal */
        if (strcmp(node->attrs[i].name, "num_outputs") != 0)
            node->attrs[n++] = node->attrs[i];
    node->n_attrs = n;
    return write_list(r, node, 1, "split", node->n_dst, sizes, err);
}

static amct_status fix_slice(amct_restructuring *r, amct_node *node, amct_err *err)
{
    int32_t axis = r->lanes->axis[source_of(r, node)];
    int64_t channels = r->from->tensors[source_of(r, node)].shape.dims[axis];
    int32_t rank = r->from->tensors[source_of(r, node)].shape.rank;
    amct_ints starts, ends, axes;
    AMCT_TRY(read_list(&starts, r, node, 1, "starts", err));
    AMCT_TRY(read_list(&ends, r, node, 2, "ends", err));
    AMCT_TRY(read_list(&axes, r, node, 3, "axes", err));
    for (int32_t i = 0; i < starts.n; i++) {
        int64_t at = axes.given ? axes.at[i] : i;
        if (at != axis && at != axis - rank)
            continue;
        int64_t start = starts.at[i] + (starts.at[i] < 0 ? channels : 0);
        start = start < 0 ? 0 : start > channels ? channels : start;
        starts.at[i] = amct_count_kept(r->keep, r->lanes->of[source_of(r, node)], start);
        ends.at[i] = starts.at[i] + kept_of(r, node->dst[0]);
        AMCT_TRY(write_list(r, node, 1, "starts", starts.n, starts.at, err));
        return write_list(r, node, 2, "ends", ends.n, ends.at, err);
    }
    return AMCT_OK;
}

static amct_status fix_gather(amct_restructuring *r, amct_node *node, amct_err *err)
{
    const amct_tensor *indices = amct_node_src(r->from, node, 1);
    const amct_tensor *x = &r->from->tensors[source_of(r, node)];
    int32_t axis;
    AMCT_TRY(amct_param_axis(&axis, node, "axis", 0, x->shape.rank, err));
    if (axis != r->lanes->axis[source_of(r, node)])
        return AMCT_OK;
    int64_t n = amct_shape_size(&indices->shape), dim = x->shape.dims[axis], kept = 0;
    const uint32_t *lanes = r->lanes->of[source_of(r, node)];
    int64_t *values = amct_arena_array(r->graph->arena, (size_t)n + 1, sizeof *values);
    int64_t *place = amct_arena_array(r->graph->arena, (size_t)dim + 1, sizeof *place);
    if (!values || !place)
        return amct_fail_nomem(err);
    for (int64_t i = 0; i < dim; i++)
        place[i + 1] = place[i] + r->keep[lanes[i]];
    for (int64_t i = 0; i < n; i++) {
        int64_t index = amct_constant_int(indices, i);
        index += index < 0 ? dim : 0;
        if (r->keep[lanes[index]])
            values[kept++] = place[index];
    }
    return write_list(r, node, 1, "indices", kept, values, err);
}

static amct_status fix_resize(amct_restructuring *r, amct_node *node, amct_err *err)
{
    int32_t axis = r->lanes->axis[source_of(r, node)];
    int32_t rank = r->from->tensors[source_of(r, node)].shape.rank;
    amct_ints sizes;
    if (!amct_node_src(r->graph, node, 3))
        return AMCT_OK;
    size_t n_axes;
    const int64_t *axes = amct_node_ints(node, "axes", &n_axes);
    AMCT_TRY(read_list(&sizes, r, node, 3, "sizes", err));
    for (int32_t i = 0; i < sizes.n; i++) {
        int64_t at = axes ? axes[i] : i;
        if (at == axis || at == axis - rank)
            sizes.at[i] = kept_of(r, node->dst[0]);
    }
    return write_list(r, node, 3, "sizes", sizes.n, sizes.at, err);
}

static amct_status fix_expand(amct_restructuring *r, amct_node *node, amct_err *err)
{
    amct_ints wanted;
    AMCT_TRY(read_list(&wanted, r, node, 1, "shape", err));
    int32_t rank = r->from->tensors[node->dst[0]].shape.rank;
    int32_t at = r->lanes->axis[node->dst[0]] - rank + wanted.n;
    if (at < 0)
        return AMCT_OK;
    wanted.at[at] = 1; /* broadcasts to whatever there is */
    return write_list(r, node, 1, "shape", wanted.n, wanted.at, err);
}

amct_status amct_restructure_node(amct_restructuring *r, uint32_t n, amct_err *err)
{
    amct_node *node = &r->graph->nodes[n];
    if (!node->n_src || !node->n_dst || source_of(r, node) == AMCT_NO_TENSOR ||
        node->dst[0] == AMCT_NO_TENSOR)
        return AMCT_OK;
    bool src = r->lanes->axis[source_of(r, node)] >= 0, dst = r->lanes->axis[node->dst[0]] >= 0;
    if (dst && (amct_node_is(node, "Conv") || amct_node_is(node, "ConvTranspose")))
        return fix_conv(r, node, n, err);
    if (!src || !dst)
        return AMCT_OK;
    if (amct_node_is(node, "Reshape"))
        return fix_reshape(r, node, err);
    if (amct_node_is(node, "Split"))
        return fix_split(r, node, err);
    if (amct_node_is(node, "Slice"))
        return fix_slice(r, node, err);
    if (amct_node_is(node, "Gather"))
        return fix_gather(r, node, err);
    if (amct_node_is(node, "Resize"))
        return fix_resize(r, node, err);
    if (amct_node_is(node, "Expand"))
        return fix_expand(r, node, err);
    return AMCT_OK;
}
