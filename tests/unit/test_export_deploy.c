/* The deploy model's nodes, attributes and names, as AMCT writes them for ATC. */
#include "unit/export_file.h"
#include "unit/export_fixture.h"

#include "passes/prepare.h"

static Onnx__ModelProto *written(const export_case *c)
{
    OK(export_case_write(c, folder, "net", NULL, &err));
    return export_file_read(folder, "net_deploy_model.onnx");
}

static float attr_float(const Onnx__NodeProto *node, const char *name)
{
    const Onnx__AttributeProto *attr = export_file_attr(node, name);
    cr_assert_not_null(attr, "%s has no %s", node->name, name);
    cr_assert_eq(attr->type, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    return attr->f;
}

static int64_t attr_int(const Onnx__NodeProto *node, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *attr = export_file_attr(node, name);
    return attr ? attr->i : otherwise;
}

Test(export_deploy, a_quantised_layer_stands_between_quant_and_dequant, .init = setup,
     .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    Onnx__ModelProto *m = written(&c);
    const amct_quantised *q = c.levels[layer_named(&c, "/conv2/Conv")];
    Onnx__NodeProto *quant = export_file_node(m, "/conv2/Conv.quant");
    Onnx__NodeProto *conv = export_file_node(m, "/conv2/Conv");
    Onnx__NodeProto *dequant = export_file_node(m, "/conv2/Conv.dequant");
    cr_assert(quant && conv && dequant);

    cr_assert_str_eq(quant->op_type, "AscendQuant");
    cr_assert_null(quant->domain, "ONNX's own");
    cr_assert_eq(quant->n_input, 1);
    cr_assert_str_eq(quant->input[0], "/pool/MaxPool");
    cr_assert_eq(attr_float(quant, "scale"), 1 / q->src.scale);
    cr_assert_eq(attr_float(quant, "offset"), (float)q->src.offset);
    const Onnx__AttributeProto *type = export_file_attr(quant, "dst_type");
    cr_assert_eq(type->type, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    cr_assert_eq(type->s.len, 4);
    cr_assert_eq(memcmp(type->s.data, "INT8", 4), 0);

    cr_assert_str_eq(conv->op_type, "Conv");
    cr_assert_str_eq(conv->input[0], quant->output[0]);
    cr_assert_str_eq(conv->input[1], "/conv2/Conv.weight", "weights keep their name");
    cr_assert_str_eq(conv->input[2], "/conv2/Conv.bias");
    cr_assert_eq(export_file_attr(conv, "strides")->n_ints, 2);
    cr_assert_eq(export_file_attr(conv, "strides")->ints[1], 2);

    cr_assert_str_eq(dequant->op_type, "AscendDequant");
    cr_assert_str_eq(dequant->input[0], conv->output[0]);
    cr_assert_str_eq(dequant->input[1], "/conv2/Conv.dequant.param");
    cr_assert_str_eq(dequant->output[0], "/conv2/Conv", "what follows finds its source");
    cr_assert_eq(attr_int(dequant, "dtype", -1), 0, "GE's float32");
    export_file_user(m, "AveragePool", "/conv2/Conv");
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_deploy, weights_are_int8_bias_int32_and_scales_uint64, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    Onnx__ModelProto *m = written(&c);
    const amct_quantised *q = c.levels[layer_named(&c, "/conv2/Conv")];
    const Onnx__TensorProto *w = export_file_tensor(m, "/conv2/Conv.weight");
    const Onnx__TensorProto *b = export_file_tensor(m, "/conv2/Conv.bias");
    const Onnx__TensorProto *s = export_file_tensor(m, "/conv2/Conv.dequant.param");
    cr_assert(w && b && s);
    cr_assert_eq(w->data_type, AMCT_INT8);
    cr_assert_eq(w->n_dims, 4);
    cr_assert_eq(w->dims[0], 20);
    cr_assert_eq(w->dims[1], 8);
    cr_assert_eq(w->raw_data.len, 20 * 8 * 3 * 3);
    cr_assert_eq(memcmp(w->raw_data.data, q->weights, w->raw_data.len), 0);
    cr_assert_eq(b->data_type, AMCT_INT32);
    cr_assert_eq(b->n_dims, 1);
    cr_assert_eq(b->raw_data.len, 20 * 4);
    cr_assert_eq(memcmp(b->raw_data.data, q->bias, b->raw_data.len), 0);
    cr_assert_eq(s->data_type, AMCT_UINT64);
    cr_assert_eq(s->n_dims, 1);
    cr_assert_eq(s->dims[0], 20);
    for (int64_t i = 0; i < 20; i++) { /* the float32 product in bits 31..0, 0 above */
        uint64_t word;
        float scale = q->src.scale * q->scales[i], low;
        memcpy(&word, s->raw_data.data + 8 * i, 8);
        uint32_t bits = (uint32_t)word;
        memcpy(&low, &bits, 4);
        cr_assert_eq(word >> 32, 0);
        cr_assert_eq(low, scale);
    }
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_deploy, gemm_weights_are_transposed, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    Onnx__ModelProto *m = written(&c);
    const amct_quantised *q = c.levels[layer_named(&c, "/fc/Gemm")];
    const Onnx__TensorProto *w = export_file_tensor(m, "fc.weight");
    const Onnx__TensorProto *s = export_file_tensor(m, "/fc/Gemm.dequant.param");
    cr_assert_eq(attr_int(export_file_node(m, "/fc/Gemm"), "transB", 0), 0);
    cr_assert_eq(w->dims[0], 12);
    cr_assert_eq(w->dims[1], 10);
    for (int k = 0; k < 12; k++)
        for (int n = 0; n < 10; n++)
            cr_assert_eq((int8_t)w->raw_data.data[k * 10 + n], q->weights[n * 12 + k]);
    cr_assert_eq(s->dims[0], 1, "one scale for all");
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_deploy, the_bias_behind_a_matmul_is_added_before_dequantising, .init = setup,
     .fini = teardown)
{
    export_case c;
    begin(&c, "matmul", MIX_ALL);
    Onnx__ModelProto *m = written(&c);
    const Onnx__NodeProto *product = export_file_node(m, "up");
    const Onnx__NodeProto *add = export_file_user(m, "Add", product->output[0]);
    const Onnx__NodeProto *dequant = export_file_user(m, "AscendDequant", add->output[0]);
    cr_assert_str_eq(add->name, "up.add");
    cr_assert_str_eq(dequant->name, "up.dequant");
    cr_assert_str_eq(dequant->output[0], "up.add");
    cr_assert_eq(export_file_tensor(m, add->input[1])->data_type, AMCT_INT32);
    /* a bias that mean correction made, where there was none */
    const Onnx__NodeProto *down = export_file_node(m, "down");
    export_file_user(m, "AscendDequant", export_file_user(m, "Add", down->output[0])->output[0]);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_deploy, dequant_takes_over_an_outputs_name, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "residual", MIX_ALL);
    Onnx__ModelProto *m = written(&c);
    cr_assert_eq(m->graph->n_output, 2);
    cr_assert_str_eq(m->graph->output[0]->name, "map");
    cr_assert_str_eq(m->graph->output[1]->name, "logits");
    cr_assert_str_eq(export_file_node(m, "fc.dequant")->output[0], "logits");
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_deploy, layers_with_one_source_share_its_quant, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "residual", MIX_ALL);
    Onnx__ModelProto *m = written(&c);
    cr_assert_str_eq(export_file_node(m, "b2.conv1")->input[0],
                     export_file_node(m, "b2.down")->input[0]);
    cr_assert_eq(export_file_count(m, "AscendDequant"), 7);
    cr_assert_eq(export_file_count(m, "AscendQuant"), 6);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_deploy, layers_that_stay_float_are_untouched, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "depthwise", MIX_NO_DEPTHWISE);
    Onnx__ModelProto *m = written(&c);
    cr_assert_eq(export_file_count(m, "AscendDequant"), 4);
    cr_assert_null(export_file_node(m, "b1/depthwise.quant"));
    const Onnx__TensorProto *w = export_file_tensor(m, "b1/depthwise.weight");
    cr_assert_eq(w->data_type, AMCT_FLOAT);
    cr_assert_eq(export_file_attr(export_file_node(m, "b1/depthwise"), "group")->i, 16);
    const amct_tensor *original = &c.graph->tensors[c.layers[1].weights];
    cr_assert_str_eq(original->name, w->name);
    cr_assert_eq(memcmp(original->data, w->raw_data.data, w->raw_data.len), 0);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

Test(export_deploy, nodes_stand_in_order_and_versions_are_those_that_atc_reads, .init = setup,
     .fini = teardown)
{
    export_case c;
    begin(&c, "residual", MIX_ALL);
    Onnx__ModelProto *m = written(&c);
    cr_assert_eq(m->n_opset_import, 1);
    cr_assert_str_eq(m->opset_import[0]->domain, "");
    cr_assert_eq(m->opset_import[0]->version, 15);
    cr_assert_eq(m->ir_version, 8);
    cr_assert_str_eq(m->producer_name, "amct-autotune");
    cr_assert_neq(m->graph->name[0], 0);
    for (size_t n = 0; n < m->graph->n_node; n++) {
        const Onnx__NodeProto *node = m->graph->node[n];
        for (size_t i = 0; i < node->n_input; i++) {
            bool made = strcmp(node->input[i], "x") == 0 || export_file_tensor(m, node->input[i]);
            for (size_t k = 0; k < n; k++)
                made |= strcmp(m->graph->node[k]->output[0], node->input[i]) == 0;
            cr_assert(made, "%s: %s", node->name, node->input[i]);
        }
    }
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}

/* One constant that two layers share, of which one stays float. */
Test(export_deploy, shared_weights_become_two_constants, .init = setup, .fini = teardown)
{
    amct_graph *g = net_new();
    uint32_t x = net_input(g, "x", 4, (int64_t[]){1, 4, 6, 6});
    uint32_t w = net_random(g, "w", 0.5f, 4, (int64_t[]){4, 4, 1, 1});
    x = net_node(g, "Conv", "first", (uint32_t[]){x, w, AMCT_NO_TENSOR});
    x = net_node(g, "Relu", "relu", (uint32_t[]){x, AMCT_NO_TENSOR});
    x = net_node(g, "Conv", "second", (uint32_t[]){x, w, AMCT_NO_TENSOR});
    net_output(g, x, "y");
    export_case c;
    OK(amct_prepare(g, &err));
    OK(export_case_begin(&c, g, (export_samples){.n = 3}, 3, true, &err));
    OK(export_case_mix(&c, MIX_EVEN, &err));
    Onnx__ModelProto *m = written(&c);
    const char *first = export_file_node(m, "first")->input[1];
    const char *second = export_file_node(m, "second")->input[1];
    cr_assert_str_neq(first, second);
    cr_assert_eq(export_file_tensor(m, first)->data_type, AMCT_INT8);
    cr_assert_eq(export_file_tensor(m, second)->data_type, AMCT_FLOAT);
    onnx__model_proto__free_unpacked(m, NULL);
    export_case_end(&c);
}
