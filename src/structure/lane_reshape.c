/* Operators that move elements without changing them. */
#include "base/gcd.h"
#include "structure/lane_walk.h"

#include <stdlib.h>

/* Steps that one reshape may take to be understood. */
static const int64_t MAX_STEPS = (int64_t)1 << 24;

/* Dims first .. last - 1 of the source that hold the same elements as those of the result. */
typedef struct span {
    int32_t src_first, src_last, dst_first, dst_last;
} span;

/* The narrowest span around dim `axis` of src. */
static span find_span(const amct_shape *src, const amct_shape *dst, int32_t axis)
{
    span s = {0, 0, 0, 0};
    while (s.src_last <= axis) {
        s.src_first = s.src_last;
        s.dst_first = s.dst_last;
        int64_t from = src->dims[s.src_last++], to = 1;
        while (from != to && (s.src_last < src->rank || s.dst_last < dst->rank)) {
            if (from > to && s.dst_last < dst->rank)
                to *= dst->dims[s.dst_last++];
            else if (s.src_last < src->rank)
                from *= src->dims[s.src_last++];
            else
                to *= dst->dims[s.dst_last++];
        }
    }
    while (s.src_last == src->rank && s.dst_last < dst->rank) /* dims of 1 at the end */
        s.dst_last++;
    return s;
}

/* A way to follow channels of dim `axis` of the source through a reshape: as dim `to` of the
 * result. Channels are numbered 0 .. C - 1, indices of that dim C .. C + D - 1; tree[] unites those
 * that share elements, so that a set of them is the same elements on both sides. */
typedef struct route {
    int32_t to;
    int64_t sets; /* 0: there is none, or finding it takes too long */
    uint32_t *tree;
} route;

static uint32_t root_of(uint32_t *tree, uint32_t i)
{
    while (tree[i] != i)
        i = tree[i] = tree[tree[i]];
    return i;
}

static amct_status find_way(route *out, const amct_shape *src, const amct_shape *dst, const span *s,
                            int32_t axis, int32_t to, amct_err *err)
{
    int64_t channels = src->dims[axis], inner = amct_shape_count(src, axis + 1, s->src_last);
    int64_t dims = dst->dims[to], dst_inner = amct_shape_count(dst, to + 1, s->dst_last);
    int64_t size = amct_shape_count(src, s->src_first, s->src_last);
    int64_t step = amct_gcd(inner, dst_inner);
    route found = {to, size / step > MAX_STEPS ? 0 : channels + dims, NULL};
    found.tree = calloc((size_t)(channels + dims), sizeof *found.tree);
    if (!found.tree)
        return amct_fail_nomem(err);
    for (int64_t i = 0; i < channels + dims; i++)
        found.tree[i] = (uint32_t)i;
    for (int64_t f = 0; found.sets && f < size; f += step) {
        uint32_t a = root_of(found.tree, (uint32_t)(f / inner % channels));
        uint32_t b = root_of(found.tree, (uint32_t)(channels + f / dst_inner % dims));
        if (a != b) {
            found.tree[a < b ? b : a] = a < b ? a : b;
            found.sets--;
        }
    }
    *out = found;
    return AMCT_OK;
}

static amct_status go(amct_lane_walk *w, const amct_node *node, const route *way, amct_err *err)
{
    const uint32_t *lanes = w->of[node->src[0]];
    int64_t channels = amct_lane_count(w, node->src[0]);
    int64_t dims = w->graph->tensors[node->dst[0]].shape.dims[way->to];
    uint32_t *given;
    AMCT_TRY(amct_lane_new_array(w, &given, dims, err));
    for (int64_t i = 0; i < channels + dims; i++) {
        uint32_t root = root_of(way->tree, (uint32_t)i); /* a channel: they have the low numbers */
        if (i < channels)
            amct_lane_unite(w, lanes[root], lanes[i]);
        else
            given[i - channels] = lanes[root];
    }
    amct_lane_give(w, node, 0, way->to, given);
    return AMCT_OK;
}

/* Reshape, Flatten, Squeeze, Unsqueeze: follows the dim that ties the fewest channels together. */
amct_status amct_lane_reshape(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (!amct_lane_has(w, node, 0))
        return amct_lane_block_sources(w, node, "has channels as its shape", err);
    const amct_shape *src = &w->graph->tensors[node->src[0]].shape,
                     *dst = &w->graph->tensors[node->dst[0]].shape;
    int32_t axis = w->axis[node->src[0]];
    if (!amct_shape_size(src))
        return amct_lane_block_sources(w, node, "has no elements", err);
    span s = find_span(src, dst, axis);
    route best = {0, 0, NULL}, one;
    amct_status status = AMCT_OK;
    for (int32_t d = s.dst_first; status == AMCT_OK && d < s.dst_last; d++) {
        if (dst->dims[d] == 1 && src->dims[axis] > 1)
            continue;
        status = find_way(&one, src, dst, &s, axis, d, err);
        if (status == AMCT_OK) {
            route worse = one.sets > best.sets ? best : one;
            best = one.sets > best.sets ? one : best;
            free(worse.tree);
        }
    }
    if (status == AMCT_OK)
        status = best.sets
                     ? go(w, node, &best, err)
                     : amct_lane_block_sources(
                           w, node, src->dims[axis] > 1 ? "mixes channels" : "has a single channel",
                           err);
    free(best.tree);
    return status;
}

amct_status amct_lane_transpose(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    int32_t rank = w->graph->tensors[node->src[0]].shape.rank, axis = w->axis[node->src[0]];
    size_t n_perm;
    const int64_t *perm = amct_node_ints(node, "perm", &n_perm);
    int32_t to = rank - 1 - axis;
    (void)err;
    for (size_t i = 0; i < n_perm; i++)
        if (perm[i] == axis || perm[i] == axis - rank)
            to = (int32_t)i;
    amct_lane_give(w, node, 0, to, w->of[node->src[0]]);
    return AMCT_OK;
}

/* Channel c of the result is channels c * step + i * stride of the source, i < n. */
static amct_status fold_channels(amct_lane_walk *w, const amct_node *node, int64_t step,
                                 int64_t stride, int64_t n, amct_err *err)
{
    const uint32_t *lanes = w->of[node->src[0]];
    int64_t channels = w->graph->tensors[node->dst[0]].shape.dims[1];
    uint32_t *given;
    AMCT_TRY(amct_lane_new_array(w, &given, channels, err));
    for (int64_t c = 0; c < channels; c++) {
        given[c] = lanes[c * step];
        for (int64_t i = 1; i < n; i++)
            amct_lane_unite(w, given[c], lanes[c * step + i * stride]);
    }
    amct_lane_give(w, node, 0, 1, given);
    return AMCT_OK;
}

amct_status amct_lane_depth_to_space(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (w->axis[node->src[0]] != 1)
        return amct_lane_block_sources(w, node, "moves these channels", err);
    int64_t from = amct_lane_count(w, node->src[0]);
    int64_t to = w->graph->tensors[node->dst[0]].shape.dims[1];
    bool crd = amct_node_string(node, "mode", "DCR")[0] == 'C';
    if (to < 1)
        return amct_lane_block_sources(w, node, "has no elements", err);
    return fold_channels(w, node, crd ? from / to : 1, crd ? 1 : to, from / to, err);
}

amct_status amct_lane_space_to_depth(amct_lane_walk *w, uint32_t n, amct_err *err)
{
    const amct_node *node = &w->graph->nodes[n];
    if (w->axis[node->src[0]] != 1)
        return amct_lane_block_sources(w, node, "moves these channels", err);
    int64_t from = amct_lane_count(w, node->src[0]);
    int64_t to = w->graph->tensors[node->dst[0]].shape.dims[1];
    bool crd = amct_node_string(node, "mode", "DCR")[0] == 'C';
    uint32_t *given;
    AMCT_TRY(amct_lane_new_array(w, &given, to, err));
    for (int64_t c = 0; c < to; c++) /* positions in a block, each with all channels */
        given[c] = w->of[node->src[0]][crd ? c / (to / from) : c % from];
    amct_lane_give(w, node, 0, 1, given);
    return AMCT_OK;
}
