/* The forms for other runtimes: what they are made of, and how QDQ is read. */
#include "passes/prepare.h"
#include "unit/export_file.h"
#include "unit/export_fixture.h"

#include <math.h>

static Onnx__ModelProto *written(export_case *c, const char *net, export_mix mix, const char *file)
{
    begin(c, net, mix);
    OK(export_case_write(c, folder, "net", NULL, &err));
    return export_file_read(folder, file);
}

static bool made_by(const Onnx__ModelProto *m, const char *op, const char *tensor)
{
    for (size_t i = 0; i < m->graph->n_node; i++)
        if (strcmp(m->graph->node[i]->output[0], tensor) == 0)
            return strcmp(m->graph->node[i]->op_type, op) == 0;
    return false;
}

Test(export_qdq, a_layers_three_sources_are_dequantised, .init = setup, .fini = teardown)
{
    export_case c;
    Onnx__ModelProto *m = written(&c, "plain", MIX_ALL, "net_qdq_model.onnx");
    const amct_quantised *q = c.levels[layer_named(&c, "/conv2/Conv")];
    const Onnx__NodeProto *conv = export_file_node(m, "/conv2/Conv");
    const Onnx__NodeProto *quant = export_file_node(m, "/conv2/Conv.quant");
    cr_assert_eq(conv->n_input, 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert(made_by(m, "DequantizeLinear", conv->input[i]), "%zu", i);
    cr_assert_str_eq(quant->op_type, "QuantizeLinear");
    cr_assert_eq(quant->n_input, 3);
    float scale;
    memcpy(&scale, export_file_tensor(m, quant->input[1])->raw_data.data, 4);
    cr_assert_eq(scale, q->src.scale);
    const Onnx__TensorProto *zero = export_file_tensor(m, quant->input[2]);
    cr_assert_eq(zero->data_type, AMCT_UINT8);
    cr_assert_eq(zero->raw_data.data[0], q->src.offset + 128);
    const Onnx__TensorProto *w = export_file_tensor(m, "/conv2/Conv.weight");
    const Onnx__NodeProto *dq = export_file_user(m, "DequantizeLinear", w->name);
    cr_assert_eq(w->data_type, AMCT_INT8);
    cr_assert_eq(memcmp(w->raw_data.data, q->weights, w->raw_data.len), 0);
    cr_assert_eq(export_file_attr(dq, "axis")->i, 0);
    cr_assert_eq(memcmp(export_file_tensor(m, dq->input[1])->raw_data.data, q->scales, 80), 0);
    const Onnx__TensorProto *b = export_file_tensor(m, "/conv2/Conv.bias");
    cr_assert_eq(b->data_type, AMCT_INT32);
    dq = export_file_user(m, "DequantizeLinear", b->name);
    memcpy(&scale, export_file_tensor(m, dq->input[1])->raw_data.data + 4, 4);
    cr_assert_eq(scale, q->src.scale * q->scales[1]);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

/* ONNX Runtime requantises float weights that it finds between the two. */
Test(export_qdq, a_float_layer_never_takes_what_was_dequantised, .init = setup, .fini = teardown)
{
    for (int mix = MIX_NO_DEPTHWISE; mix <= MIX_ODD; mix++) {
        export_case c;
        Onnx__ModelProto *m = written(&c, "depthwise", (export_mix)mix, "net_qdq_model.onnx");
        int floats = 0;
        for (uint32_t i = 0; i < c.n_layers; i++) {
            if (c.levels[i])
                continue;
            const Onnx__NodeProto *node = export_file_node(m, c.layers[i].name);
            cr_assert_not(made_by(m, "DequantizeLinear", node->input[0]), "%s", node->name);
            cr_assert_eq(export_file_tensor(m, node->input[1])->data_type, AMCT_FLOAT);
            floats++;
        }
        cr_assert_gt(floats, 0);
        onnx__model_proto__free_unpacked(m, NULL);
        export_case_end(&c);
    }
}

Test(export_qdq, a_result_goes_straight_to_the_next_pair, .init = setup, .fini = teardown)
{
    export_case c;
    Onnx__ModelProto *m = written(&c, "depthwise", MIX_ALL, "net_qdq_model.onnx");
    const Onnx__NodeProto *clip = export_file_user(m, "Clip", "b1/depthwise");
    const Onnx__NodeProto *quant = export_file_user(m, "QuantizeLinear", clip->output[0]);
    const Onnx__NodeProto *back = export_file_user(m, "DequantizeLinear", quant->output[0]);
    export_file_user(m, "Conv", back->output[0]);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

/* With groups, channels of a transposed convolution are no axis of its weights. */
Test(export_qdq, grouped_transposed_weights_have_scales_per_block, .init = setup, .fini = teardown)
{
    export_case c;
    Onnx__ModelProto *m = written(&c, "decoder", MIX_ALL, "net_qdq_model.onnx");
    const amct_quantised *q = c.levels[layer_named(&c, "up2")];
    const Onnx__NodeProto *dq = export_file_user(m, "DequantizeLinear", "up2.weight");
    const Onnx__TensorProto *scales = export_file_tensor(m, dq->input[1]);
    cr_assert_eq(export_file_attr(dq, "axis")->i, 0);
    cr_assert_eq(export_file_attr(dq, "block_size")->i, 6);
    cr_assert_eq(scales->n_dims, 4);
    cr_assert_eq(scales->dims[0], 2);
    cr_assert_eq(scales->dims[1], 4);
    for (int channel = 0; channel < 8; channel++)
        for (int tap = 0; tap < 16; tap++) {
            float scale;
            memcpy(&scale, scales->raw_data.data + 4 * (channel * 16 + tap), 4);
            cr_assert_eq(scale, q->scales[channel]);
        }
    cr_assert_eq(m->opset_import[0]->version, 21);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_qdq, fake_has_operators_of_onnx_alone_and_no_integers, .init = setup, .fini = teardown)
{
    for (uint32_t i = 0; i < n_export_nets; i++) {
        export_case c;
        Onnx__ModelProto *m =
            written(&c, export_nets[i].name, MIX_ALL, "net_fake_quant_model.onnx");
        cr_assert_eq(m->n_opset_import, 1);
        cr_assert_eq(export_file_count(m, "AscendQuant") + export_file_count(m, "AscendDequant") +
                         export_file_count(m, "QuantizeLinear"),
                     0);
        for (size_t k = 0; k < m->graph->n_initializer; k++) {
            int32_t type = m->graph->initializer[k]->data_type;
            cr_assert(type == AMCT_FLOAT || type == AMCT_INT64, "%s",
                      m->graph->initializer[k]->name);
        }
        const Onnx__TensorProto *w =
            export_file_tensor(m, c.graph->tensors[c.layers[0].weights].name);
        for (size_t k = 0; k < w->raw_data.len / 4; k++) {
            float value;
            memcpy(&value, w->raw_data.data + 4 * k, 4);
            cr_assert_eq(value, (float)c.levels[0]->weights[k]);
        }
        onnx__model_proto__free_unpacked(m, NULL);
        export_case_end(&c);
    }
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

static uint32_t constant(amct_graph *g, const char *name, uint32_t dtype, int64_t n,
                         const void *bytes)
{
    amct_shape shape = amct_shape_of(n ? 1 : 0, &n);
    void *data;
    uint32_t id;
    OK(amct_graph_add_constant(g, name, dtype, &shape, &id, &data, &err));
    memcpy(data, bytes, g->tensors[id].bytes);
    return id;
}

/* x -> pair -> MatMul(3 x 2) -> Add, or a Gemm, as another tool could have written it. n_scales
 * scales for the bias; bias_scale is right if it is 0.5 * 0.25. */
static amct_graph *product_with_bias(bool gemm, int64_t n_scales, float bias_scale, int8_t zero)
{
    amct_graph *g = net_new();
    float scales[8];
    int32_t zeros[8];
    for (int i = 0; i < 8; i++)
        scales[i] = bias_scale, zeros[i] = i ? zero : 0;
    uint32_t x = net_input(g, "x", 2, (int64_t[]){4, 3});
    uint32_t s = net_scalar(g, "s", 0.5f);
    uint32_t ws = constant(g, "ws", AMCT_FLOAT, 2, (float[]){0.25f, 0.25f});
    uint32_t z = constant(g, "z", AMCT_INT8, 0, (int8_t[]){3}), w;
    amct_shape shape = amct_shape_of(2, (int64_t[]){3, 2});
    void *data;
    OK(amct_graph_add_constant(g, "w", AMCT_INT8, &shape, &w, &data, &err));
    memcpy(data, (int8_t[]){1, -2, 3, -4, 5, -6}, 6);
    uint32_t b = constant(g, "b", AMCT_INT32, 2, (int32_t[]){70, -800});
    uint32_t bs = constant(g, "bs", AMCT_FLOAT, n_scales, scales);
    uint32_t bz = constant(g, "bz", AMCT_INT32, n_scales, zeros);
    x = net_node(g, "QuantizeLinear", "q", (uint32_t[]){x, s, z, AMCT_NO_TENSOR});
    x = net_node(g, "DequantizeLinear", "dq", (uint32_t[]){x, s, z, AMCT_NO_TENSOR});
    w = net_node(g, "DequantizeLinear", "dqw", (uint32_t[]){w, ws, AMCT_NO_TENSOR});
    net_int(g, "axis", 1);
    b = net_node(g, "DequantizeLinear", "dqb", (uint32_t[]){b, bs, bz, AMCT_NO_TENSOR});
    net_int(g, "axis", 0);
    if (gemm) {
        x = net_node(g, "Gemm", "m", (uint32_t[]){x, w, b, AMCT_NO_TENSOR});
    } else {
        x = net_node(g, "MatMul", "m", (uint32_t[]){x, w, AMCT_NO_TENSOR});
        x = net_node(g, "Add", "a", (uint32_t[]){b, x, AMCT_NO_TENSOR});
    }
    net_output(g, x, "y");
    return g;
}

static const amct_node *node_of(const amct_graph *g, const char *op)
{
    for (uint32_t n = 0; n < g->n_nodes; n++)
        if (amct_node_is(&g->nodes[n], op))
            return &g->nodes[n];
    return NULL;
}

Test(export_qdq, an_integer_bias_behind_a_matmul_is_added_to_its_sums)
{
    amct_graph *g = product_with_bias(false, 0, 0.125f, 0);
    OK(amct_prepare(g, &err));
    const amct_node *add = node_of(g, "Add");
    cr_assert_eq(g->tensors[add->dst[0]].dtype, AMCT_INT32);
    cr_assert_eq(amct_constant_int(&g->tensors[add->src[1]], 1), -800);
    cr_assert_eq(node_of(g, "AscendDequant")->src[0], add->dst[0]);
    cr_assert_str_eq(g->tensors[node_of(g, "AscendDequant")->dst[0]].name, "y");
    amct_graph_free(g);
}

Test(export_qdq, a_bias_in_other_units_stays_a_float_addition)
{
    amct_graph *g = product_with_bias(false, 2, 0.126f, 0);
    OK(amct_prepare(g, &err));
    cr_assert_eq(g->tensors[node_of(g, "Add")->dst[0]].dtype, AMCT_FLOAT);
    cr_assert_not_null(node_of(g, "AscendDequant"), "the product is in integers all the same");
    amct_graph_free(g);
    g = product_with_bias(false, 2, 0.125f, 1); /* the second zero point is not 0 */
    OK(amct_prepare(g, &err));
    cr_assert_eq(g->tensors[node_of(g, "Add")->dst[0]].dtype, AMCT_FLOAT);
    amct_graph_free(g);
}

/* Scales of another number than the bias has elements contradict it; nothing is read beyond. */
Test(export_qdq, scales_that_do_not_fit_the_bias_are_refused)
{
    for (int i = 0; i < 4; i++) {
        amct_graph *g = product_with_bias(i < 2, i % 2 ? 3 : 7, 0.125f, 0);
        cr_assert_eq(amct_prepare(g, &err), AMCT_E_INVALID);
        HAS(err.text, "'dqb'");
        amct_graph_free(g);
    }
}
