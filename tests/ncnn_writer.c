/*
 * ncnn_writer MODEL PARAM BIN - writes a convolutional classifier as ncnn's two files, for the test
 * of examples/plugin-importer. It knows Conv, Relu, Add, GlobalAveragePool, Flatten and Gemm.
 */
#include "import/import.h"
#include "passes/prepare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *param, *bin;

static void stop(const char *why)
{
    fprintf(stderr, "ncnn_writer: %s\n", why);
    exit(1);
}

/* Tagged: four zero bytes in front say that floats follow. */
static int64_t write_floats(const amct_tensor *t, bool tagged)
{
    static const uint32_t tag = 0;
    if (!amct_tensor_is_constant(t) || t->dtype != AMCT_FLOAT)
        stop("weights that are no float constants");
    if (tagged)
        fwrite(&tag, sizeof tag, 1, bin);
    fwrite(t->data, 1, t->bytes, bin);
    return amct_shape_size(&t->shape);
}

static int64_t first_of(const amct_node *node, const char *name, int64_t otherwise)
{
    size_t n;
    const int64_t *values = amct_node_ints(node, name, &n);
    return n ? values[0] : otherwise;
}

static void write_conv(const amct_graph *g, const amct_node *node)
{
    const amct_tensor *w = amct_node_src(g, node, 1), *b = amct_node_src(g, node, 2);
    int64_t size = write_floats(w, true);
    if (b)
        write_floats(b, false);
    fprintf(param,
            " 0=%" PRId64 " 1=%" PRId64 " 11=%" PRId64 " 3=%" PRId64 " 4=%" PRId64
            " 5=%d 6=%" PRId64 " 7=%" PRId64,
            w->shape.dims[0], w->shape.dims[3], w->shape.dims[2], first_of(node, "strides", 1),
            first_of(node, "pads", 0), b != NULL, size, amct_node_int(node, "group", 1));
}

static void write_gemm(const amct_graph *g, const amct_node *node)
{
    const amct_tensor *w = amct_node_src(g, node, 1), *b = amct_node_src(g, node, 2);
    if (!amct_node_int(node, "transB", 0))
        stop("Gemm without transB");
    int64_t size = write_floats(w, true);
    write_floats(b, false);
    fprintf(param, " 0=%" PRId64 " 1=1 2=%" PRId64, w->shape.dims[0], size);
}

static void write_node(const amct_graph *g, const amct_node *node)
{
    static const struct {
        const char *op, *type, *keys;
        uint32_t n_src;
        void (*more)(const amct_graph *g, const amct_node *node);
    } all[] = {
        {"Conv", "Convolution", "", 1, write_conv},
        {"Gemm", "InnerProduct", "", 1, write_gemm},
        {"Relu", "ReLU", "", 1, NULL},
        {"Add", "BinaryOp", " 0=0", 2, NULL},
        {"GlobalAveragePool", "Pooling", " 0=1 4=1", 1, NULL},
        {"Flatten", "Split", "", 1, NULL}, /* InnerProduct flattens what it reads */
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].op, node->op) != 0)
            continue;
        fprintf(param, "%s %s %u 1", all[i].type, node->name, all[i].n_src);
        for (uint32_t s = 0; s < all[i].n_src; s++)
            fprintf(param, " %s", g->tensors[node->src[s]].name);
        fprintf(param, " %s%s", g->tensors[node->dst[0]].name, all[i].keys);
        if (all[i].more)
            all[i].more(g, node);
        fprintf(param, "\n");
        return;
    }
    stop(node->op);
}

int main(int argc, char **argv)
{
    amct_err err;
    amct_plugins *plugins;
    amct_graph *g;
    if (argc != 4)
        stop("MODEL PARAM BIN are wanted");
    param = fopen(argv[2], "w");
    bin = fopen(argv[3], "wb");
    if (!param || !bin || amct_plugins_new(&plugins, &err) != AMCT_OK ||
        amct_plugins_search(plugins, NULL, 0, &err) != AMCT_OK ||
        amct_import(&g, plugins, argv[1], NULL, &err) != AMCT_OK ||
        amct_prepare(g, &err) != AMCT_OK)
        stop("cannot begin");
    const amct_tensor *in = &g->tensors[g->inputs[0]];
    fprintf(param, "7767517\n%u %u\n", g->n_nodes + 1, g->n_nodes + 1);
    fprintf(param, "Input input 0 1 %s 0=%" PRId64 " 1=%" PRId64 " 2=%" PRId64 "\n", in->name,
            in->shape.dims[3], in->shape.dims[2], in->shape.dims[1]);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        write_node(g, &g->nodes[i]);
    if (fclose(param) != 0 || fclose(bin) != 0)
        stop("cannot write");
    amct_graph_free(g);
    amct_plugins_free(plugins);
    return 0;
}
