#include "compress/layer.h"

#include "ops/weights.h"

#include <stdlib.h>
#include <string.h>

static bool all_ones(const amct_node *node, const char *name, size_t upto)
{
    size_t n;
    const int64_t *values = amct_node_ints(node, name, &n);
    for (size_t i = 0; i < n && i < upto; i++)
        if (values[i] != 1)
            return false;
    return true;
}

static const char *why_not_int8(const amct_layer *layer, const amct_graph *graph)
{
    const amct_node *node = &graph->nodes[layer->node];
    const amct_tensor *src = &graph->tensors[layer->src], *dst = &graph->tensors[layer->dst];
    if (amct_node_is(node, "AveragePool"))
        return "pooling stays in 16 bits, as AMCT leaves it beside FP16 layers";
    if (src->dtype == AMCT_INT8)
        return "already quantised in the file";
    if (src->dtype != AMCT_FLOAT)
        return "its source is not float32";
    if (layer->weights == AMCT_NO_TENSOR)
        return "its weights are not constant";
    if (graph->tensors[layer->weights].dtype != AMCT_FLOAT)
        return "its weights are not float32";
    if (!amct_shape_known(&src->shape) || !amct_shape_known(&dst->shape))
        return "its shape is not known";
    if (src->data)
        return "its source is constant";
    int32_t rank = graph->tensors[layer->weights].shape.rank;
    if (amct_node_is(node, "Conv")) {
        if (rank != 4 && rank != 5)
            return "AMCT quantises convolutions of 2 and 3 dims only";
        if (rank == 5 && !all_ones(node, "dilations", 1))
            return "AMCT does not quantise 3-d convolutions dilated in depth";
    }
    if (amct_node_is(node, "ConvTranspose")) {
        if (rank != 4)
            return "AMCT quantises transposed convolutions of 2 dims only";
        if (!all_ones(node, "dilations", 2))
            return "AMCT does not quantise dilated transposed convolutions";
    }
    if (amct_node_is(node, "Gemm") &&
        (amct_node_int(node, "transA", 0) || amct_node_float(node, "alpha", 1) != 1 ||
         (node->n_src > 2 && amct_node_float(node, "beta", 1) != 1)))
        return "AMCT quantises Gemm without transA, alpha and beta only";
    if (amct_node_is(node, "MatMul") && (rank != 2 || src->shape.rank < 2))
        return "AMCT quantises MatMul with a constant matrix only";
    if (node->n_src > 2 && node->src[2] != AMCT_NO_TENSOR && layer->bias == AMCT_NO_TENSOR)
        return "its bias is not a constant of one number per channel";
    return NULL;
}

/* ATC makes Conv2DCompress and the like of Conv2D, MatMulV2 and FullyConnection only. */
static const char *why_not_sparse(const amct_layer *layer, const amct_graph *graph)
{
    const amct_node *node = &graph->nodes[layer->node];
    if (layer->weights == AMCT_NO_TENSOR)
        return "its weights are not constant";
    const amct_shape *w = &graph->tensors[layer->weights].shape;
    if (amct_node_is(node, "ConvTranspose"))
        return "transposed convolutions have no 4:2 form";
    if (amct_node_is(node, "Conv") && w->rank != 4)
        return "only convolutions of 2 dims have a 4:2 form";
    if (!amct_node_is(node, "Conv") && w->rank != 2)
        return "only products with a matrix have a 4:2 form";
    if (layer->groups != 1)
        return "grouped convolutions have no 4:2 form";
    if (amct_shape_size(w) <= 2 * layer->channels * amct_shape_count(w, 2, w->rank))
        return "it reads two channels or fewer";
    return NULL;
}

/* The Add of a constant vector behind a MatMul, which Ascend's compiler sees as its bias. */
static void find_matmul_bias(amct_layer *layer, const amct_graph *graph, const amct_links *links)
{
    uint32_t user = amct_links_only_user(links, layer->dst);
    if (user == AMCT_NO_TENSOR || !amct_node_is(&graph->nodes[user], "Add"))
        return;
    const amct_node *add = &graph->nodes[user];
    if (add->n_src != 2 || add->src[0] == add->src[1])
        return;
    uint32_t other = add->src[add->src[0] == layer->dst];
    const amct_tensor *bias = &graph->tensors[other];
    if (bias->data && bias->dtype == AMCT_FLOAT && bias->shape.rank == 1 &&
        bias->shape.dims[0] == layer->channels) {
        layer->bias = other;
        layer->bias_node = user;
        layer->result = add->dst[0];
    }
}

static void describe(amct_layer *layer, const amct_graph *graph, const amct_links *links)
{
    const amct_node *node = &graph->nodes[layer->node];
    const amct_tensor *w = amct_node_src(graph, node, 1), *bias = amct_node_src(graph, node, 2);
    const amct_shape *dst = &graph->tensors[layer->dst].shape;
    if (w && w->data && w->shape.rank >= 2 && !amct_node_is(node, "AveragePool")) {
        layer->weights = node->src[1];
        layer->channels = amct_weights_channels(node, &w->shape);
        layer->parameters = amct_shape_size(&w->shape);
    }
    if (bias && bias->data && amct_shape_size(&bias->shape) == layer->channels &&
        bias->dtype == AMCT_FLOAT) {
        layer->bias = node->src[2];
        layer->parameters += layer->channels;
    }
    if (amct_node_is(node, "MatMul") && layer->weights != AMCT_NO_TENSOR)
        find_matmul_bias(layer, graph, links);
    if (layer->channels > 0 && amct_shape_known(dst) && layer->weights != AMCT_NO_TENSOR) {
        /* every weight is used once per position of the result, or of the source for transposed */
        bool deconv = amct_node_is(node, "ConvTranspose");
        const amct_shape *grid = deconv ? &graph->tensors[layer->src].shape : dst;
        int64_t channels = deconv ? w->shape.dims[0] : layer->channels;
        int64_t batch = dst->rank > 1 && dst->dims[0] > 0 ? dst->dims[0] : 1;
        layer->macs = amct_shape_size(grid) / channels * amct_shape_size(&w->shape) / batch;
    }
    layer->no_int8 = why_not_int8(layer, graph);
    layer->no_sparse = why_not_sparse(layer, graph);
}

amct_status amct_layers_find(amct_layer **out, uint32_t *n, const amct_graph *graph, amct_err *err)
{
    static const char *const ops[] = {"Conv", "ConvTranspose", "Gemm", "MatMul", "AveragePool"};
    amct_links links;
    amct_layer *layers = calloc(graph->n_nodes + 1, sizeof *layers);
    if (!layers)
        return amct_fail_nomem(err);
    amct_status status = amct_links_make(&links, graph, err);
    uint32_t count = 0;
    for (uint32_t i = 0; status == AMCT_OK && i < graph->n_nodes; i++) {
        const amct_node *node = &graph->nodes[i];
        bool layer = false;
        for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
            layer |= amct_node_is(node, ops[k]);
        if (!layer || node->n_src < 1 || node->n_dst < 1)
            continue;
        layers[count] = (amct_layer){.name = node->name,
                                     .op = node->op,
                                     .node = i,
                                     .src = node->src[0],
                                     .weights = AMCT_NO_TENSOR,
                                     .dst = node->dst[0],
                                     .result = node->dst[0],
                                     .bias = AMCT_NO_TENSOR,
                                     .bias_node = AMCT_NO_TENSOR,
                                     .groups = amct_node_int(node, "group", 1),
                                     .per_channel = amct_node_is(node, "Conv") ||
                                                    amct_node_is(node, "ConvTranspose")};
        describe(&layers[count++], graph, &links);
    }
    amct_links_free(&links);
    if (status != AMCT_OK) {
        free(layers);
        return status;
    }
    *out = layers;
    *n = count;
    return AMCT_OK;
}

int32_t amct_layer_axis(const amct_layer *layer, const amct_shape *shape)
{
    bool product = strcmp(layer->op, "Gemm") == 0 || strcmp(layer->op, "MatMul") == 0;
    return product ? shape->rank - 1 : 1;
}
