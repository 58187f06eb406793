/*
 * Writes the network of examples/fashion as Caffe would have it:
 *
 *   caffe_fashion MODEL.onnx OUT      OUT.prototxt and OUT.caffemodel
 *
 * Batch norm is two layers there, and the sums that it divides are three times the statistics.
 */
#include "base/file.h"
#include "import/import.h"
#include "unit/caffe_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
    const amct_graph *g;
    FILE *text;
    caffe_file weights;
    const char **blobs; /* per tensor: its name in the net */
    uint32_t *same;     /* per tensor: the one that it is a copy of, or itself */
} writer;

static const amct_tensor *src(const writer *w, const amct_node *node, uint32_t i)
{
    return i < node->n_src ? &w->g->tensors[w->same[node->src[i]]] : NULL;
}

static void begin(writer *w, const amct_node *node, const char *type, const char *top)
{
    fprintf(w->text, "layer {\n  name: \"%s\"\n  type: \"%s\"\n", node->name, type);
    for (uint32_t i = 0; i < node->n_src; i++)
        if (!src(w, node, i)->data)
            fprintf(w->text, "  bottom: \"%s\"\n", w->blobs[node->src[i]]);
    fprintf(w->text, "  top: \"%s\"\n", top);
    w->blobs[node->dst[0]] = top;
}

static caffe_numbers numbers(const amct_tensor *t)
{
    caffe_numbers blob = {.rank = t->shape.rank, .values = t->data};
    memcpy(blob.dims, t->shape.dims, (size_t)t->shape.rank * sizeof *blob.dims);
    return blob;
}

/* Weights, and a bias if there is one. */
static void put_params(writer *w, const amct_node *node)
{
    caffe_numbers blobs[2] = {numbers(src(w, node, 1))};
    if (node->n_src > 2)
        blobs[1] = numbers(src(w, node, 2));
    caffe_put_layer(&w->weights, node->name, blobs, node->n_src > 2 ? 2 : 1);
}

static void put_conv(writer *w, const amct_node *node)
{
    size_t n;
    const amct_tensor *weights = src(w, node, 1);
    begin(w, node, "Convolution", node->name);
    fprintf(w->text,
            "  convolution_param { num_output: %" PRId64 " kernel_size: %" PRId64
            " stride: %" PRId64 " pad: %" PRId64 " bias_term: %s }\n}\n",
            weights->shape.dims[0], weights->shape.dims[2], amct_node_ints(node, "strides", &n)[0],
            amct_node_ints(node, "pads", &n)[0], node->n_src > 2 ? "true" : "false");
    put_params(w, node);
}

/* Both layers in place. */
static void put_batch_norm(writer *w, const amct_node *node)
{
    static const float factor[1] = {3};
    char scale[256];
    const char *top = w->blobs[node->src[0]];
    caffe_numbers blobs[3] = {numbers(src(w, node, 3)), numbers(src(w, node, 4)), {1, {1}, factor}};
    size_t n = (size_t)blobs[0].dims[0];
    float *sums = malloc(2 * n * sizeof *sums);
    if (!sums)
        abort();
    for (size_t i = 0; i < 2 * n; i++)
        sums[i] = 3 * blobs[i / n].values[i % n];
    blobs[0].values = sums, blobs[1].values = sums + n;
    begin(w, node, "BatchNorm", top);
    fprintf(w->text, "  batch_norm_param { eps: %.9g }\n}\n",
            amct_node_float(node, "epsilon", 1e-5f));
    caffe_put_layer(&w->weights, node->name, blobs, 3);
    snprintf(scale, sizeof scale, "%s_scale", node->name);
    fprintf(w->text,
            "layer { name: \"%s\" type: \"Scale\" bottom: \"%s\" top: \"%s\" scale_param { "
            "bias_term: true } }\n",
            scale, top, top);
    const caffe_numbers params[2] = {numbers(src(w, node, 1)), numbers(src(w, node, 2))};
    caffe_put_layer(&w->weights, scale, params, 2);
    free(sums);
}

static int put_node(writer *w, const amct_node *node)
{
    const char *from = w->blobs[node->src[0]];
    if (amct_node_is(node, "Conv")) {
        put_conv(w, node);
    } else if (amct_node_is(node, "BatchNormalization")) {
        put_batch_norm(w, node);
    } else if (amct_node_is(node, "Relu")) {
        begin(w, node, "ReLU", from);
        fputs("}\n", w->text);
    } else if (amct_node_is(node, "Add")) {
        begin(w, node, "Eltwise", node->name);
        fputs("}\n", w->text);
    } else if (amct_node_is(node, "GlobalAveragePool")) {
        begin(w, node, "Pooling", node->name);
        fputs("  pooling_param { pool: AVE global_pooling: true }\n}\n", w->text);
    } else if (amct_node_is(node, "Gemm")) {
        begin(w, node, "InnerProduct", "logits");
        fprintf(w->text, "  inner_product_param { num_output: %" PRId64 " }\n}\n",
                src(w, node, 1)->shape.dims[0]);
        put_params(w, node);
    } else if (amct_node_is(node, "Flatten") || amct_node_is(node, "Identity")) {
        w->blobs[node->dst[0]] = from;
        w->same[node->dst[0]] = w->same[node->src[0]];
    } else {
        fprintf(stderr, "caffe_fashion: operator %s\n", node->op);
        return 1;
    }
    return 0;
}

static int write_net(writer *w, const char *out)
{
    amct_err err;
    char path[4096];
    const amct_shape *in = &w->g->tensors[w->g->inputs[0]].shape;
    int failed = 0;
    snprintf(path, sizeof path, "%s.prototxt", out);
    w->text = fopen(path, "w");
    if (!w->text)
        return 1;
    w->blobs[w->g->inputs[0]] = "image";
    fprintf(w->text,
            "name: \"fashion\"\nlayer {\n  name: \"image\"\n  type: \"Input\"\n  top: \"image\"\n"
            "  input_param { shape { dim: 1 dim: %" PRId64 " dim: %" PRId64 " dim: %" PRId64
            " } }\n}\n",
            in->dims[1], in->dims[2], in->dims[3]);
    for (uint32_t i = 0; i < w->g->n_nodes && !failed; i++)
        failed = put_node(w, &w->g->nodes[i]);
    failed |= fclose(w->text) != 0;
    snprintf(path, sizeof path, "%s.caffemodel", out);
    failed |= amct_file_write(path, w->weights.data, w->weights.size, &err) != AMCT_OK;
    return failed;
}

int main(int argc, char **argv)
{
    amct_err err = {AMCT_OK, ""};
    amct_file file;
    amct_graph *g;
    if (argc != 3 || amct_file_map(&file, argv[1], &err) != AMCT_OK ||
        amct_import_bytes(&g, &amct_plugin_v1, file.data, file.size, NULL, NULL, 0, &err) !=
            AMCT_OK) {
        fprintf(stderr, "caffe_fashion: MODEL.onnx OUT wanted; %s\n", err.text);
        return 1;
    }
    writer w = {.g = g,
                .blobs = calloc(g->n_tensors, sizeof *w.blobs),
                .same = calloc(g->n_tensors, sizeof *w.same)};
    for (uint32_t t = 0; w.same && t < g->n_tensors; t++)
        w.same[t] = t;
    int failed = !w.blobs || !w.same || write_net(&w, argv[2]);
    caffe_file_free(&w.weights);
    free(w.blobs);
    free(w.same);
    amct_graph_free(g);
    amct_file_unmap(&file);
    return failed;
}
