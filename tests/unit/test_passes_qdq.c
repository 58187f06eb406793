/* Layers written with QuantizeLinear and DequantizeLinear become integer layers with the same
 * results. */
#include "exec_net.h"

#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct qdq {
    uint32_t dtype;      /* of the activation: INT8 or UINT8 */
    double scale, zero;  /* of it */
    bool per_channel;    /* weights */
    bool bias, int_bias; /* int_bias: int32 behind DequantizeLinear, else float */
} qdq;

static uint32_t number(exec_net *n, uint32_t dtype, double value)
{
    return net_constant(n, dtype, SCALAR, 1, &value);
}

static uint32_t quantised(exec_net *n, uint32_t x, const qdq *q)
{
    uint32_t scale = net_float(n, q->scale), zero = number(n, q->dtype, q->zero);
    uint32_t t = net_node(n, "QuantizeLinear", IDS(x, scale, zero));
    return net_node(n, "DequantizeLinear", IDS(t, scale, zero));
}

/* int8 weights behind DequantizeLinear; scales: one, or one for each of n. */
static uint32_t weights(exec_net *n, amct_shape shape, int64_t channels, int64_t axis,
                        uint32_t *scales)
{
    uint32_t w = net_random(n, AMCT_INT8, shape, -127, 127);
    *scales = net_random(n, AMCT_FLOAT, channels ? DIMS(channels) : SCALAR, 0.005, 0.02);
    if (channels)
        net_int(n, "axis", axis);
    return net_node(n, "DequantizeLinear", IDS(w, *scales));
}

/* A bias of `channels`: int32 in the scales of the sums, or float. */
static uint32_t bias(exec_net *n, const qdq *q, int64_t channels, uint32_t scales)
{
    if (!q->int_bias)
        return net_random(n, AMCT_FLOAT, DIMS(channels), -1, 1);
    uint32_t b = net_random(n, AMCT_INT32, DIMS(channels), -3000, 3000);
    double numbers[16];
    const amct_tensor *s = &n->graph->tensors[scales];
    int64_t count = amct_shape_size(&s->shape);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = (double)(float)((float)q->scale * (float)amct_constant_number(s, i));
    uint32_t scale = s->shape.rank ? net_constant(n, AMCT_FLOAT, DIMS(count), 16, numbers)
                                   : net_float(n, numbers[0]);
    if (count > 1)
        net_int(n, "axis", 0);
    return net_node(n, "DequantizeLinear", IDS(b, scale));
}

static uint32_t add_layer(exec_net *n, const char *op, uint32_t x, const qdq *q)
{
    bool conv = op[0] == 'C', gemm = op[0] == 'G', deconv = strcmp(op, "ConvTranspose") == 0;
    amct_shape shape = !conv    ? gemm ? DIMS(4, 6) : DIMS(6, 4)
                          : deconv ? DIMS(6, 4, 3, 3)
                                : DIMS(4, 6, 3, 3);
    int64_t axis = conv ? deconv : !gemm;
    uint32_t scales, a = quantised(n, x, q);
    uint32_t w = weights(n, shape, q->per_channel ? 4 : 0, axis, &scales);
    uint32_t b = q->bias ? bias(n, q, 4, scales) : AMCT_NO_TENSOR;
    if (gemm)
        net_int(n, "transB", 1);
    return q->bias ? net_node(n, op, IDS(a, w, b)) : net_node(n, op, IDS(a, w));
}

static const char *ops(const exec_net *n)
{
    static char text[400];
    text[0] = 0;
    for (uint32_t i = 0; i < n->graph->n_nodes; i++) {
        strncat(text, i ? " " : "", sizeof text - strlen(text) - 1);
        strncat(text, n->graph->nodes[i].op, sizeof text - strlen(text) - 1);
    }
    return text;
}

/* Runs the network as the file has it and as integers; the limit allows for a float bias that is
 * rounded to whole sums. */
static void check(exec_net *n, double limit)
{
    net_result before[3], now[3];
    net_shape(n, 0);
    net_run(n, AMCT_ENGINE_REFERENCE, NULL, before);
    cr_assert_eq(amct_prepare(n->graph, &n->err), AMCT_OK, "%s", n->err.text);
    net_run(n, AMCT_ENGINE_REFERENCE, NULL, now);
    net_compare(n, now, before, limit, 0, "in integers");
    net_check(n, 0, 0);
}

static uint32_t input_of(exec_net *n, const char *op)
{
    return net_input(n, AMCT_FLOAT, op[0] == 'C' ? DIMS(2, 6, 5, 5) : DIMS(3, 6));
}

Test(passes_qdq, every_layer_and_form_becomes_integers_with_the_same_results)
{
    static const char *const layers[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    for (uint64_t seed = 0; seed < 64; seed++) {
        exec_net n;
        const char *op = layers[seed % 4];
        bool matmul = op[0] == 'M';
        net_begin(&n, seed + 1);
        qdq q = {.dtype = seed & 4 ? AMCT_UINT8 : AMCT_INT8,
                 .scale = net_real(&n, 0.02, 0.05),
                 .per_channel = seed & 8,
                 .bias = (seed & 16) && !matmul,
                 .int_bias = seed & 32};
        q.zero =
            (double)(q.dtype == AMCT_UINT8 ? net_between(&n, 0, 255) : net_between(&n, -128, 127));
        net_output(&n, add_layer(&n, op, input_of(&n, op), &q));
        char wanted[80];
        check(&n, q.bias && !q.int_bias ? 1e-3 : 2e-6);
        snprintf(wanted, sizeof wanted, "AscendQuant %s AscendDequant", op);
        cr_assert_str_eq(ops(&n), wanted);
        net_end(&n);
    }
}

Test(passes_qdq, scales_of_columns_are_not_taken_for_scales_of_rows)
{
    exec_net n;
    uint32_t scales;
    net_begin(&n, 100);
    qdq q = {.dtype = AMCT_INT8, .scale = 0.03};
    uint32_t a = quantised(&n, net_input(&n, AMCT_FLOAT, DIMS(2, 4, 6)), &q);
    uint32_t w = weights(&n, DIMS(6, 4), 4, 1, &scales); /* 4 columns, and 4 rows in each sample */
    net_output(&n, net_node(&n, "MatMul", IDS(a, w)));
    check(&n, 2e-6);
    cr_assert_str_eq(ops(&n), "AscendQuant MatMul AscendDequant");
    net_end(&n);
}

Test(passes_qdq, layers_of_one_source_share_its_quantisation)
{
    exec_net n;
    uint32_t scales;
    net_begin(&n, 101);
    qdq q = {.dtype = AMCT_UINT8, .scale = 0.03, .zero = 100};
    uint32_t a = quantised(&n, net_input(&n, AMCT_FLOAT, DIMS(1, 6, 5, 5)), &q);
    net_output(&n, net_node(&n, "Conv", IDS(a, weights(&n, DIMS(4, 6, 1, 1), 0, 0, &scales))));
    net_output(&n, net_node(&n, "Conv", IDS(a, weights(&n, DIMS(3, 6, 3, 3), 3, 0, &scales))));
    check(&n, 2e-6);
    int quants = 0;
    for (uint32_t i = 0; i < n.graph->n_nodes; i++)
        quants += amct_node_is(&n.graph->nodes[i], "AscendQuant");
    cr_assert_eq(quants, 1, "%s", ops(&n));
    net_end(&n);
}

Test(passes_qdq, a_float_reader_of_the_quantised_values_keeps_them)
{
    exec_net n;
    uint32_t scales;
    net_begin(&n, 102);
    qdq q = {.dtype = AMCT_UINT8, .scale = 0.03, .zero = 100};
    uint32_t a = quantised(&n, net_input(&n, AMCT_FLOAT, DIMS(1, 6, 5, 5)), &q);
    uint32_t t = net_node(&n, "Conv", IDS(a, weights(&n, DIMS(6, 6, 1, 1), 0, 0, &scales)));
    net_output(&n, net_node(&n, "Add", IDS(t, a)));
    check(&n, 2e-6);
    cr_assert_not_null(strstr(ops(&n), "DequantizeLinear"), "%s", ops(&n));
    net_end(&n);
}

/* Each is close to a quantised layer, but no integer layer has its results. */
Test(passes_qdq, what_integers_cannot_express_stays)
{
    for (int kind = 0; kind < 6; kind++) {
        exec_net n;
        uint32_t scales;
        net_begin(&n, 200 + (uint64_t)kind);
        uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(1, 6, 5, 5));
        uint32_t scale = net_float(&n, 0.03), zero = number(&n, AMCT_INT8, 3);
        uint32_t other = net_float(&n, 0.04),
                 values = net_random(&n, AMCT_FLOAT, DIMS(6), 0.02, 0.05);
        uint32_t t, w = weights(&n, DIMS(4, 6, 1, 1), 0, 0, &scales);
        switch (kind) {
        case 0: /* back with another scale */
            t = net_node(&n, "QuantizeLinear", IDS(x, scale, zero));
            t = net_node(&n, "DequantizeLinear", IDS(t, other, zero));
            break;
        case 1: /* one scale per channel of the source */
            t = net_node(&n, "QuantizeLinear", IDS(x, values));
            t = net_node(&n, "DequantizeLinear", IDS(t, values));
            break;
        case 2: /* weights with a zero point */
            t = net_node(&n, "QuantizeLinear", IDS(x, scale, zero));
            t = net_node(&n, "DequantizeLinear", IDS(t, scale, zero));
            w = net_node(&n, "DequantizeLinear",
                         IDS(net_random(&n, AMCT_INT8, DIMS(4, 6, 1, 1), -9, 9), scale, zero));
            break;
        case 3: /* weights with scales along their inputs */
            t = net_node(&n, "QuantizeLinear", IDS(x, scale, zero));
            t = net_node(&n, "DequantizeLinear", IDS(t, scale, zero));
            w = weights(&n, DIMS(4, 6, 1, 1), 6, 1, &scales);
            break;
        case 4: /* 16 bits */
            zero = number(&n, AMCT_INT16, 3);
            t = net_node(&n, "QuantizeLinear", IDS(x, scale, zero));
            t = net_node(&n, "DequantizeLinear", IDS(t, scale, zero));
            break;
        default: /* a bias in scales of its own */
            t = net_node(&n, "QuantizeLinear", IDS(x, scale, zero));
            t = net_node(&n, "DequantizeLinear", IDS(t, scale, zero));
        }
        if (kind == 5) {
            uint32_t b = net_random(&n, AMCT_INT32, DIMS(4), -9, 9);
            b = net_node(&n, "DequantizeLinear", IDS(b, other));
            t = net_node(&n, "Conv", IDS(t, w, b));
        } else {
            t = net_node(&n, "Conv", IDS(t, w));
        }
        net_output(&n, t);
        cr_assert_eq(amct_prepare(n.graph, &n.err), AMCT_OK, "%s", n.err.text);
        cr_assert_null(strstr(ops(&n), "Ascend"), "kind %d: %s", kind, ops(&n));
        cr_assert_not_null(strstr(ops(&n), "QuantizeLinear DequantizeLinear"));
        net_end(&n);
    }
}

Test(passes_qdq, a_bias_beyond_32_bits_is_refused)
{
    exec_net n;
    uint32_t scales;
    net_begin(&n, 300);
    qdq q = {.dtype = AMCT_INT8, .scale = 0.03};
    uint32_t a = quantised(&n, net_input(&n, AMCT_FLOAT, DIMS(1, 6, 5, 5)), &q);
    uint32_t w = weights(&n, DIMS(4, 6, 1, 1), 0, 0, &scales);
    double huge = 1e9;
    uint32_t b = net_constant(&n, AMCT_FLOAT, DIMS(4), 1, &huge);
    net_output(&n, net_node(&n, "Conv", IDS(a, w, b)));
    cr_assert_eq(amct_prepare(n.graph, &n.err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(n.err.text, "the bias of channel 0 does not fit into 32 bits"), "%s",
                       n.err.text);
    net_end(&n);
}
