#include "ascend_net.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

net *net_new(void)
{
    net *n = calloc(1, sizeof *n);
    cr_assert_not_null(n);
    return n;
}

void net_free(net *n)
{
    free(n);
}

/* ---- Tensors ------------------------------------------------------------------------------- */

uint32_t net_tensor(net *n, uint32_t dtype, uint32_t rank, const int64_t *dims)
{
    uint32_t t = n->n_tensors++;
    cr_assert_lt(t, NET_TENSORS);
    cr_assert_leq(rank, AMCT_MAX_RANK);
    if (rank > 0)
        memcpy(n->dims[t], dims, rank * sizeof *dims);
    n->tensors[t] = (amct_tensor_view){.struct_size = sizeof n->tensors[t],
                                       .dtype = dtype,
                                       .rank = rank,
                                       .name = "t",
                                       .dims = n->dims[t]};
    return t;
}

uint32_t net_input(net *n, uint32_t dtype, uint32_t rank, const int64_t *dims)
{
    uint32_t t = net_tensor(n, dtype, rank, dims);
    cr_assert_lt(n->n_inputs, 16);
    n->inputs[n->n_inputs++] = t;
    return t;
}

uint32_t net_constant(net *n, uint32_t dtype, uint32_t rank, const int64_t *dims)
{
    uint32_t t = net_tensor(n, dtype, rank, dims);
    n->tensors[t].constant = 1;
    return t;
}

uint32_t net_unknown(net *n)
{
    uint32_t t = net_tensor(n, AMCT_UNDEFINED, 0, NULL);
    n->tensors[t].rank = AMCT_RANK_UNKNOWN;
    n->tensors[t].dims = NULL;
    return t;
}

void net_output(net *n, uint32_t t)
{
    cr_assert_lt(n->n_outputs, 16);
    n->outputs[n->n_outputs++] = t;
}

/* ---- Nodes --------------------------------------------------------------------------------- */

static uint32_t edge(net *n, uint32_t t)
{
    cr_assert_lt(n->n_edges, NET_EDGES);
    n->edges[n->n_edges] = t;
    return n->n_edges++;
}

uint32_t net_node(net *n, const char *op, uint32_t dst, ...)
{
    cr_assert_lt(n->n_nodes, NET_NODES);
    amct_node_desc *node = &n->nodes[n->n_nodes++];
    *node = (amct_node_desc){
        .struct_size = sizeof *node, .name = "n", .op = op, .domain = "", .n_dst = 1};
    node->dst = &n->edges[edge(n, dst)];
    node->src = &n->edges[n->n_edges];
    node->attrs = &n->attrs[n->n_attrs];
    va_list args;
    va_start(args, dst);
    for (uint32_t t; (t = va_arg(args, uint32_t)) != NET_END; node->n_src++)
        edge(n, t);
    va_end(args);
    return dst;
}

static amct_attr_desc *attr(net *n, const char *name, uint32_t type)
{
    cr_assert_lt(n->n_attrs, NET_ATTRS);
    n->nodes[n->n_nodes - 1].n_attrs++;
    amct_attr_desc *a = &n->attrs[n->n_attrs++];
    *a = (amct_attr_desc){.struct_size = sizeof *a, .type = type, .name = name};
    return a;
}

void net_int(net *n, const char *name, int64_t value)
{
    attr(n, name, AMCT_ATTR_INT)->i = value;
}

void net_float(net *n, const char *name, float value)
{
    attr(n, name, AMCT_ATTR_FLOAT)->f = value;
}

void net_ints(net *n, const char *name, size_t count, const int64_t *values)
{
    amct_attr_desc *a = attr(n, name, AMCT_ATTR_INTS);
    int64_t *ints = n->ints[a - n->attrs];
    cr_assert_leq(count, AMCT_MAX_RANK);
    memcpy(ints, values, count * sizeof *values);
    a->data = ints;
    a->count = count;
}

void net_string(net *n, const char *name, const char *value)
{
    amct_attr_desc *a = attr(n, name, AMCT_ATTR_STRING);
    a->data = value;
    a->count = strlen(value);
}

static uint32_t like(net *n, uint32_t x)
{
    return net_tensor(n, n->tensors[x].dtype, n->tensors[x].rank, n->dims[x]);
}

uint32_t net_unary(net *n, const char *op, uint32_t x)
{
    return net_node(n, op, like(n, x), x, NET_END);
}

uint32_t net_binary(net *n, const char *op, uint32_t x, uint32_t y)
{
    return net_node(n, op, like(n, x), x, y, NET_END);
}

static uint32_t slid(net *n, uint32_t x, uint32_t dtype, int64_t channels, int64_t stride)
{
    const int64_t *d = n->dims[x];
    return net_tensor(
        n, dtype, DIMS(d[0], channels, (d[2] + stride - 1) / stride, (d[3] + stride - 1) / stride));
}

static uint32_t conv(net *n, uint32_t x, uint32_t dst, int64_t window, int64_t group,
                     uint32_t weight_dtype, uint32_t bias_dtype)
{
    int64_t channels = n->dims[dst][1];
    uint32_t w =
        net_constant(n, weight_dtype, DIMS(channels, n->dims[x][1] / group, window, window));
    uint32_t b = net_constant(n, bias_dtype, DIMS(channels));
    net_node(n, "Conv", dst, x, w, b, NET_END);
    net_int(n, "group", group);
    net_ints(n, "kernel_shape", DIMS(window, window));
    return dst;
}

uint32_t net_conv(net *n, uint32_t x, int64_t channels, int64_t window, int64_t stride,
                  int64_t group)
{
    return conv(n, x, slid(n, x, AMCT_FLOAT16, channels, stride), window, group, AMCT_FLOAT16,
                AMCT_FLOAT16);
}

uint32_t net_pool(net *n, const char *op, uint32_t x, int64_t window, int64_t stride)
{
    net_node(n, op, slid(n, x, n->tensors[x].dtype, n->dims[x][1], stride), x, NET_END);
    net_ints(n, "kernel_shape", DIMS(window, window));
    return n->n_tensors - 1;
}

uint32_t net_matmul(net *n, uint32_t x, int64_t columns)
{
    uint32_t rank = n->tensors[x].rank, y = like(n, x);
    int64_t inner = n->dims[x][rank - 1];
    n->dims[y][rank - 1] = columns;
    return net_node(n, "MatMul", y, x, net_constant(n, AMCT_FLOAT16, DIMS(inner, columns)),
                    NET_END);
}

uint32_t net_quant(net *n, uint32_t x, int bits, float scale)
{
    uint32_t q = like(n, x);
    n->tensors[q].dtype = bits == 4 ? AMCT_INT4 : AMCT_INT8;
    net_node(n, "AscendQuant", q, x, NET_END);
    net_float(n, "scale", scale);
    net_float(n, "offset", 0);
    return q;
}

static uint32_t dequant(net *n, uint32_t x)
{
    uint32_t y = like(n, x);
    n->tensors[y].dtype = AMCT_FLOAT16;
    return net_node(n, "AscendDequant", y, x, net_constant(n, AMCT_UINT64, DIMS(1)), NET_END);
}

uint32_t net_quant_conv(net *n, uint32_t x, int64_t channels, int64_t window, int64_t stride,
                        int64_t group, int weight_bits)
{
    uint32_t y = slid(n, x, AMCT_INT32, channels, stride);
    return dequant(
        n, conv(n, x, y, window, group, weight_bits == 4 ? AMCT_INT4 : AMCT_INT8, AMCT_INT32));
}

uint32_t net_maker(const net *n, uint32_t t)
{
    for (uint32_t i = 0; i < n->n_nodes; i++)
        for (uint32_t d = 0; d < n->nodes[i].n_dst; d++)
            if (n->nodes[i].dst[d] == t)
                return i;
    cr_assert_fail("tensor %u has no maker", t);
    return 0;
}

/* ---- Estimating ---------------------------------------------------------------------------- */

static void *host_alloc(void *ctx, size_t size, size_t align)
{
    net_host *h = ctx;
    cr_assert_leq(align, 16);
    if (++h->n_allocs == h->fail_at)
        return NULL;
    h->n_blocks++;
    return malloc(size); /* as little as was asked for: the sanitizer sees what is beyond */
}

static void host_free(void *ctx, void *block)
{
    net_host *h = ctx;
    h->n_blocks -= block != NULL;
    free(block);
}

static void host_log(void *ctx, uint32_t level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

static int32_t host_fail(void *ctx, int32_t code, const char *text)
{
    net_host *h = ctx;
    snprintf(h->text, sizeof h->text, "%s", text);
    return code;
}

void net_host_init(net_host *h)
{
    *h = (net_host){.host = {.struct_size = sizeof h->host,
                             .abi_minor = AMCT_ABI_MINOR,
                             .ctx = h,
                             .alloc = host_alloc,
                             .free = host_free,
                             .log = host_log,
                             .fail = host_fail}};
}

const amct_estimator *net_estimator(void)
{
    return amct_plugin_v1.estimator;
}

void *net_open(net_host *h, int32_t *status, const char *const *options)
{
    char keys[8][64];
    amct_option list[8];
    size_t n = 0;
    void *self = NULL;
    for (; options[n] != NULL; n++) {
        cr_assert_lt(n, 8);
        snprintf(keys[n], sizeof keys[n], "%s", options[n]);
        char *equals = strchr(keys[n], '=');
        cr_assert_not_null(equals);
        *equals = 0;
        list[n] = (amct_option){.struct_size = sizeof list[n], .key = keys[n], .value = equals + 1};
    }
    *status = net_estimator()->open(&h->host, list, n, &self);
    return self;
}

void net_view(const net *n, amct_graph_view *out)
{
    *out = (amct_graph_view){.struct_size = sizeof *out,
                             .n_nodes = n->n_nodes,
                             .n_tensors = n->n_tensors,
                             .n_inputs = n->n_inputs,
                             .n_outputs = n->n_outputs,
                             .nodes = n->nodes,
                             .tensors = n->tensors,
                             .inputs = n->inputs,
                             .outputs = n->outputs};
}

void net_check(const net *n)
{
    double sum = n->total.fixed_ns, spread = 0;
    for (uint32_t i = 0; i < n->n_nodes; i++) {
        const amct_node_cost *c = &n->costs[i];
        cr_assert(isfinite(c->latency_ns) && isfinite(c->spread_ns));
        cr_assert_leq(c->bound, AMCT_BOUND_OVERHEAD);
        sum += c->latency_ns;
        spread += c->spread_ns;
        if (c->status == AMCT_NODE_OK) {
            cr_assert_gt(c->latency_ns, 0);
            cr_assert_gt(c->spread_ns, 0);
            cr_assert_neq(c->bound, AMCT_BOUND_NONE);
            continue;
        }
        cr_assert_eq(c->latency_ns, 0);
        cr_assert_eq(c->spread_ns, 0);
        cr_assert_eq(c->bound, AMCT_BOUND_NONE);
        cr_assert_eq(c->flags, 0);
        if (c->status == AMCT_NODE_FUSED) {
            cr_assert_lt(c->fused_into, n->n_nodes);
            cr_assert_eq(n->costs[c->fused_into].status, AMCT_NODE_OK, "node %u %s -> %u %s", i,
                         n->nodes[i].op, c->fused_into, n->nodes[c->fused_into].op);
        } else
            cr_assert(c->status == AMCT_NODE_REMOVED || c->status == AMCT_NODE_UNSUPPORTED);
    }
    cr_assert_gt(n->total.fixed_ns, 0);
    cr_assert(isfinite(n->total.latency_ns));
    cr_assert_float_eq(sum, n->total.latency_ns, 1e-9 * sum);
    /* The band is the sum of the nodes' and of what is fixed, which is surer than most. */
    double band = n->total.error_band_ratio * n->total.latency_ns;
    cr_assert_geq(band, spread * (1 - 1e-9));
    cr_assert_leq(band, spread + 2 * n->total.fixed_ns);
}

void net_estimate(net *n, const char *const *options)
{
    net_host h;
    amct_graph_view view;
    int32_t status;
    net_host_init(&h);
    void *self = net_open(&h, &status, options);
    cr_assert_eq(status, AMCT_OK, "%s", h.text);
    net_view(n, &view);
    memset(n->costs, 0, sizeof n->costs);
    for (uint32_t i = 0; i < NET_NODES; i++)
        n->costs[i].struct_size = sizeof n->costs[i];
    n->total = (amct_graph_cost){.struct_size = sizeof n->total};
    status = net_estimator()->estimate(self, &view, n->costs, &n->total);
    cr_assert_eq(status, AMCT_OK, "%s", h.text);
    net_estimator()->close(self);
    cr_assert_eq(h.n_blocks, 0);
    net_check(n);
}

/* ---- Networks ------------------------------------------------------------------------------ */

typedef struct precision {
    int bits, weight_bits;
} precision;

static uint32_t layer(net *n, uint32_t x, int64_t channels, int64_t window, int64_t stride,
                      precision p, bool relu)
{
    uint32_t y = p.bits == 16 ? net_conv(n, x, channels, window, stride, 1)
                              : net_quant_conv(n, net_quant(n, x, p.bits, 1), channels, window,
                                               stride, 1, p.weight_bits);
    return relu ? net_unary(n, "Relu", y) : y;
}

static uint32_t bottleneck(net *n, uint32_t x, int64_t width, int64_t stride, precision p)
{
    uint32_t y = layer(n, x, width, 1, 1, p, true);
    y = layer(n, y, width, 3, stride, p, true);
    y = layer(n, y, 4 * width, 1, 1, p, false);
    if (n->dims[x][1] != 4 * width)
        x = layer(n, x, 4 * width, 1, stride, p, false);
    return net_unary(n, "Relu", net_binary(n, "Add", y, x));
}

void net_resnet50(net *n, int64_t batch, int bits, int weight_bits)
{
    static const int blocks[] = {3, 4, 6, 3};
    precision p = {bits, weight_bits};
    uint32_t x = net_input(n, AMCT_FLOAT16, DIMS(batch, 3, 224, 224));
    x = layer(n, x, 64, 7, 2, p, true);
    x = net_pool(n, "MaxPool", x, 3, 2);
    for (int stage = 0; stage < 4; stage++)
        for (int block = 0; block < blocks[stage]; block++)
            x = bottleneck(n, x, 64 << stage, stage > 0 && block == 0 ? 2 : 1, p);
    x = net_node(n, "GlobalAveragePool", net_tensor(n, AMCT_FLOAT16, DIMS(batch, 2048, 1, 1)), x,
                 NET_END);
    x = net_node(n, "Flatten", net_tensor(n, AMCT_FLOAT16, DIMS(batch, 2048)), x, NET_END);
    uint32_t dtype = bits == 16 ? AMCT_FLOAT16 : weight_bits == 4 ? AMCT_INT4 : AMCT_INT8;
    if (bits != 16)
        x = net_quant(n, x, bits, 1);
    x = net_node(n, "Gemm",
                 net_tensor(n, bits == 16 ? AMCT_FLOAT16 : AMCT_INT32, DIMS(batch, 1000)), x,
                 net_constant(n, dtype, DIMS(1000, 2048)),
                 net_constant(n, bits == 16 ? AMCT_FLOAT16 : AMCT_INT32, DIMS(1000)), NET_END);
    net_int(n, "transB", 1);
    net_output(n, bits == 16 ? x : dequant(n, x));
}
