/*
 * ascend_net.h - small networks as the host shows them to an estimator, for the tests of the Ascend
 * estimator. Failures of building end the test case.
 */
#ifndef AMCT_TESTS_ASCEND_NET_H
#define AMCT_TESTS_ASCEND_NET_H

#include <amct/plugin.h>

#include <stdbool.h>

enum { NET_TENSORS = 2048, NET_NODES = 1024, NET_EDGES = 4096, NET_ATTRS = 4096 };

typedef struct net {
    amct_tensor_view tensors[NET_TENSORS];
    int64_t dims[NET_TENSORS][AMCT_MAX_RANK];
    amct_node_desc nodes[NET_NODES];
    uint32_t edges[NET_EDGES];
    amct_attr_desc attrs[NET_ATTRS];
    int64_t ints[NET_ATTRS][AMCT_MAX_RANK];
    uint32_t inputs[16], outputs[16];
    uint32_t n_tensors, n_nodes, n_edges, n_attrs, n_inputs, n_outputs;
    /* Filled by net_estimate. */
    amct_node_cost costs[NET_NODES];
    amct_graph_cost total;
} net;

net *net_new(void);
void net_free(net *n);

/* ---- Tensors ------------------------------------------------------------------------------- */

#define DIMS(...)                                                                                  \
    (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[])                        \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

uint32_t net_tensor(net *n, uint32_t dtype, uint32_t rank, const int64_t *dims);
uint32_t net_input(net *n, uint32_t dtype, uint32_t rank, const int64_t *dims);
uint32_t net_constant(net *n, uint32_t dtype, uint32_t rank, const int64_t *dims);
uint32_t net_unknown(net *n); /* of unknown rank */
void net_output(net *n, uint32_t t);

/* ---- Nodes: each returns its (first) result ------------------------------------------------ */

/* A node with given sources (ended by NET_END) and one given result. */
#define NET_END 0xfffffffeu
uint32_t net_node(net *n, const char *op, uint32_t dst, ...);
/* Attributes of the node that was added last. */
void net_int(net *n, const char *name, int64_t value);
void net_float(net *n, const char *name, float value);
void net_ints(net *n, const char *name, size_t count, const int64_t *values);
void net_string(net *n, const char *name, const char *value);

/* Results of the first source's dims and type. */
uint32_t net_unary(net *n, const char *op, uint32_t x);
uint32_t net_binary(net *n, const char *op, uint32_t x, uint32_t y);
/* "Same" padding, square window, of type FLOAT16. */
uint32_t net_conv(net *n, uint32_t x, int64_t channels, int64_t window, int64_t stride,
                  int64_t group);
uint32_t net_pool(net *n, const char *op, uint32_t x, int64_t window, int64_t stride);
/* x times a constant of columns. */
uint32_t net_matmul(net *n, uint32_t x, int64_t columns);

/* AscendQuant to bits (8 or 4), scale told apart by `scale`. */
uint32_t net_quant(net *n, uint32_t x, int bits, float scale);
/* A convolution of integers x and its AscendDequant. */
uint32_t net_quant_conv(net *n, uint32_t x, int64_t channels, int64_t window, int64_t stride,
                        int64_t group, int weight_bits);

/* ---- Looking ------------------------------------------------------------------------------- */

/* Index of the node that makes t. */
uint32_t net_maker(const net *n, uint32_t t);
static inline const amct_node_cost *net_cost(const net *n, uint32_t t)
{
    return &n->costs[net_maker(n, t)];
}

/* ---- Estimating ---------------------------------------------------------------------------- */

/* What the host of the tests saw. */
typedef struct net_host {
    amct_host host;
    char text[1024]; /* the last failure */
    int n_blocks;    /* not freed yet */
    int n_allocs;    /* since it was set up */
    int fail_at;     /* allocation that fails, counted from 1; 0: none */
} net_host;

void net_host_init(net_host *h);
/* The estimator's table; options are "key=value" texts, ended by NULL. The instance is NULL if it
 * could not be opened, and h->text says why. */
const amct_estimator *net_estimator(void);
void *net_open(net_host *h, int32_t *status, const char *const *options);
void net_view(const net *n, amct_graph_view *out);

/* Estimates with options, and checks what every answer must fulfil: one status for each node, sums,
 * finite times, fusion into nodes that carry time. */
void net_estimate(net *n, const char *const *options);
#define NET_ESTIMATE(n, ...) net_estimate(n, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
/* The checks of net_estimate alone. */
void net_check(const net *n);

/* ---- Networks ------------------------------------------------------------------------------ */

/* ResNet-50 (He et al. 2015, stride in the 3x3 convolutions) for 224 x 224 images; bits of
 * activations and weights of every layer: 16, 8 or 4. */
void net_resnet50(net *n, int64_t batch, int bits, int weight_bits);

#endif
