#include "ops/weights.h"

int32_t amct_weights_axis(const amct_node *node, const amct_shape *weights)
{
    if (amct_node_is(node, "Conv"))
        return 0;
    if (amct_node_is(node, "ConvTranspose"))
        return 1;
    bool rows = amct_node_is(node, "Gemm") && amct_node_int(node, "transB", 0) != 0;
    return rows ? 0 : weights->rank - 1;
}

int64_t amct_weights_channels(const amct_node *node, const amct_shape *weights)
{
    int64_t n = weights->dims[amct_weights_axis(node, weights)];
    return amct_node_is(node, "ConvTranspose") ? n * amct_node_int(node, "group", 1) : n;
}

int64_t amct_weights_channel(const amct_node *node, const amct_shape *weights, int64_t i)
{
    int32_t axis = amct_weights_axis(node, weights);
    int64_t inner = amct_shape_count(weights, axis + 1, weights->rank);
    int64_t at = i / inner % weights->dims[axis];
    if (!amct_node_is(node, "ConvTranspose"))
        return at;
    int64_t group = i / amct_shape_count(weights, 1, weights->rank) /
                    (weights->dims[0] / amct_node_int(node, "group", 1));
    return group * weights->dims[1] + at;
}
