#include "export/opset.h"

#include "ops/op.h"
#include "ops/window.h"

#include <string.h>

/* From when on the form is ONNX's: of the operator, of an attribute, or of more inputs than `src`.
 * The numbers are those of ONNX's docs/Changelog.md. What is older than 15 is not listed. */
static const struct since {
    const char *op, *attr;
    uint32_t src;
    int64_t opset;
} sinces[] = {
    {"AveragePool", "dilations", 0, 19},
    {"Cast", "saturate", 0, 19},
    {"CastLike", "saturate", 0, 19},
    {"DequantizeLinear", "block_size", 0, 21},
    {"DequantizeLinear", "output_dtype", 0, 23},
    {"Gelu", NULL, 0, 20},
    {"GroupNormalization", NULL, 0, 18},
    {"LayerNormalization", NULL, 0, 17},
    {"LpPool", "ceil_mode", 0, 18},
    {"LpPool", "dilations", 0, 18},
    {"Mish", NULL, 0, 18},
    {"Pad", NULL, 3, 18},
    {"QuantizeLinear", "block_size", 0, 21},
    {"QuantizeLinear", "output_dtype", 0, 21},
    {"QuantizeLinear", "precision", 0, 23},
    {"QuantizeLinear", "saturate", 0, 19},
    {"ReduceL1", NULL, 1, 18},
    {"ReduceL2", NULL, 1, 18},
    {"ReduceLogSum", NULL, 1, 18},
    {"ReduceLogSumExp", NULL, 1, 18},
    {"ReduceMax", NULL, 1, 18},
    {"ReduceMean", NULL, 1, 18},
    {"ReduceMin", NULL, 1, 18},
    {"ReduceProd", NULL, 1, 18},
    {"ReduceSumSquare", NULL, 1, 18},
    {"Resize", "antialias", 0, 18},
    {"Resize", "axes", 0, 18},
    {"Resize", "keep_aspect_ratio_policy", 0, 18},
    {"Split", "num_outputs", 0, 18},
    {"Swish", NULL, 0, 24},
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool attr_is(const amct_node *node, const char *name, const char *text)
{
    return strcmp(amct_node_string(node, name, ""), text) == 0;
}

static bool any_type(const amct_graph *graph, const amct_node *node, uint32_t a, uint32_t b)
{
    bool any = false;
    for (uint32_t i = 0; i < node->n_src; i++) {
        const amct_tensor *src = amct_node_src(graph, node, i);
        any |= src && (src->dtype == a || src->dtype == b);
    }
    for (uint32_t i = 0; i < node->n_dst; i++)
        if (node->dst[i] != AMCT_NO_TENSOR) {
            uint32_t dtype = graph->tensors[node->dst[i]].dtype;
            any |= dtype == a || dtype == b;
        }
    return any;
}

/* Whether ceil_mode asks for one window more than opset 22 gives: one that would begin in the
 * padding. Before, the operator's text and its shape rules did not agree on it. */
static bool drops_a_window(const amct_graph *graph, const amct_node *node)
{
    const amct_tensor *src = amct_node_src(graph, node, 0);
    amct_window w;
    amct_err ignored;
    bool drops = false;
    if ((!amct_node_is(node, "MaxPool") && !amct_node_is(node, "AveragePool")) || !src ||
        !amct_shape_known(&src->shape) || !amct_node_int(node, "ceil_mode", 0) ||
        amct_window_make(&w, node, &src->shape, NULL, &ignored) != AMCT_OK)
        return false;
    for (int32_t d = 0; d < w.rank; d++)
        drops |= w.out[d] * w.strides[d] <
                 w.in[d] + w.pad_begin[d] + w.pad_end[d] - amct_window_extent(&w, d) + w.strides[d];
    return drops;
}

/* Changes that a word or a type makes. */
static int64_t opset_of_details(const amct_graph *graph, const amct_node *node)
{
    int64_t opset = 15;
    if (any_type(graph, node, AMCT_INT4, AMCT_UINT4))
        opset = 21;
    if ((amct_node_is(node, "QuantizeLinear") || amct_node_is(node, "DequantizeLinear")) &&
        any_type(graph, node, AMCT_INT16, AMCT_UINT16))
        opset = 21;
    if (amct_node_is(node, "QuantizeLinear") || amct_node_is(node, "DequantizeLinear"))
        if (any_type(graph, node, AMCT_FLOAT16, AMCT_BFLOAT16))
            opset = later(opset, 19);
    if (amct_node_is(node, "QLinearMatMul") && any_type(graph, node, AMCT_FLOAT16, AMCT_BFLOAT16))
        opset = 21;
    if (drops_a_window(graph, node))
        opset = 22;
    if (amct_node_is(node, "Resize") &&
        attr_is(node, "coordinate_transformation_mode", "half_pixel_symmetric"))
        opset = 19;
    if (amct_node_is(node, "Pad") && attr_is(node, "mode", "wrap"))
        opset = 19;
    if ((amct_node_is(node, "ReduceMax") || amct_node_is(node, "ReduceMin")) &&
        any_type(graph, node, AMCT_BOOL, AMCT_BOOL))
        opset = 20;
    if (amct_node_is(node, "GroupNormalization")) {
        /* opset 18 has a scale per group, opset 21 one per channel */
        const amct_tensor *scale = amct_node_src(graph, node, 1);
        int64_t groups = amct_node_int(node, "num_groups", 1);
        if (scale && scale->shape.rank == 1 && scale->shape.dims[0] != groups)
            opset = 21;
    }
    return opset;
}

int64_t amct_opset_of(const amct_graph *graph)
{
    int64_t opset = 15;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const amct_node *node = &graph->nodes[n];
        if (node->domain[0])
            continue;
        if (!amct_op_find(node->op, ""))
            opset = later(opset, 18);
        for (size_t i = 0; i < sizeof sinces / sizeof *sinces; i++)
            if (strcmp(node->op, sinces[i].op) == 0 && node->n_src > sinces[i].src &&
                (!sinces[i].attr || amct_node_attr(node, sinces[i].attr)))
                opset = later(opset, sinces[i].opset);
        opset = later(opset, opset_of_details(graph, node));
    }
    return opset;
}

int64_t amct_opset_ir_version(int64_t opset)
{
    return opset < 19 ? 8 : opset < 21 ? 9 : opset < 23 ? 10 : opset < 24 ? 11 : 12;
}
