/* AMCT's config and record. */
#include "export/amct_text.h"
#include "unit/export_file.h"
#include "unit/export_fixture.h"

#include <cjson/cJSON.h>

static const cJSON *member(const cJSON *at, const char *key)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(at, key);
    cr_assert_not_null(found, "no %s", key);
    return found;
}

static double number(const cJSON *at, const char *key)
{
    return cJSON_GetNumberValue(member(at, key));
}

static const char *text(const cJSON *at, const char *key)
{
    const char *value = cJSON_GetStringValue(member(at, key));
    cr_assert_not_null(value);
    return value;
}

static cJSON *config_of(const export_case *c)
{
    char *json;
    amct_origin origin = export_case_origin(c);
    amct_export_calibration calibration = {c->range, 2};
    OK(amct_config_text(&json, &origin, &calibration, &err));
    cJSON *root = cJSON_Parse(json);
    cr_assert_not_null(root, "%s", json);
    free(json);
    return root;
}

Test(export_text, config_begins_with_what_holds_for_all_layers)
{
    static const char *const keys[] = {"version",         "batch_num",   "activation_offset",
                                       "joint_quant",     "do_fusion",   "skip_fusion_layers",
                                       "tensor_quantize", "/conv1/Conv", "/conv2/Conv"};
    export_case c;
    begin(&c, "plain", MIX_ALL);
    cJSON *root = config_of(&c);
    const cJSON *at = root->child;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++, at = at->next)
        cr_assert_str_eq(at->string, keys[i]);
    cr_assert_eq(number(root, "version"), 1);
    cr_assert_eq(number(root, "batch_num"), 2);
    cr_assert(cJSON_IsTrue(member(root, "activation_offset")));
    cr_assert(cJSON_IsFalse(member(root, "joint_quant")));
    cr_assert(cJSON_IsTrue(member(root, "do_fusion")));
    cr_assert_eq(cJSON_GetArraySize(member(root, "skip_fusion_layers")), 0);
    cr_assert(cJSON_IsArray(member(root, "tensor_quantize")));
    cJSON_Delete(root);
    export_case_end(&c);
}

Test(export_text, a_layers_block_is_amcts)
{
    export_case c;
    begin(&c, "plain", MIX_EVEN);
    cJSON *root = config_of(&c);
    const cJSON *layer = member(root, "/conv1/Conv");
    const cJSON *act = member(layer, "activation_quant_params");
    const cJSON *weights = member(layer, "weight_quant_params");
    cr_assert(cJSON_IsTrue(member(layer, "quant_enable")));
    cr_assert_eq(cJSON_GetArraySize(act), 7);
    cr_assert_eq(number(act, "num_bits"), 8);
    cr_assert_eq(number(act, "max_percentile"), 0.999999);
    cr_assert_eq(number(act, "min_percentile"), 0.999999);
    cr_assert_eq(cJSON_GetArrayItem(member(act, "search_range"), 0)->valuedouble, 0.7);
    cr_assert_eq(cJSON_GetArrayItem(member(act, "search_range"), 1)->valuedouble, 1.3);
    cr_assert_eq(number(act, "search_step"), 0.01);
    cr_assert_str_eq(text(act, "act_algo"), "ifmr");
    cr_assert(cJSON_IsTrue(member(act, "asymmetric")));
    cr_assert_eq(cJSON_GetArraySize(weights), 3);
    cr_assert_eq(number(weights, "num_bits"), 8);
    cr_assert_str_eq(text(weights, "wts_algo"), "arq_quantize");
    cr_assert(cJSON_IsTrue(member(weights, "channel_wise")));

    cr_assert(cJSON_IsFalse(member(member(root, "/conv2/Conv"), "quant_enable")), "it stays float");
    cr_assert_null(cJSON_GetObjectItem(root, "/average/AveragePool"), "never quantised here");
    cr_assert(cJSON_IsFalse(
        member(member(member(root, "/fc/Gemm"), "weight_quant_params"), "channel_wise")));
    cJSON_Delete(root);
    export_case_end(&c);
}

Test(export_text, hfmg_has_its_own_parameters)
{
    export_case c;
    begin(&c, "plain", MIX_ALL);
    c.range.algo = AMCT_ACT_HFMG;
    c.range.asymmetric = false;
    cJSON *root = config_of(&c);
    const cJSON *act = member(member(root, "/conv1/Conv"), "activation_quant_params");
    cr_assert_eq(cJSON_GetArraySize(act), 4);
    cr_assert_str_eq(text(act, "act_algo"), "hfmg");
    cr_assert_eq(number(act, "num_of_bins"), 4096);
    cr_assert(cJSON_IsFalse(member(act, "asymmetric")));
    cr_assert(cJSON_IsFalse(member(root, "activation_offset")));
    cJSON_Delete(root);
    export_case_end(&c);
}

Test(export_text, record_has_scales_and_offsets_of_quantised_layers)
{
    static const float scales[] = {0.25f, 1.0f / 3};
    static const amct_quantised a = {
        {0.0185549166f, -14}, 8, 8, 4, 2, 2, NULL, scales, NULL, {0, 0}, false, NULL};
    static const amct_quantised b = {
        {1.0f / 255, -128}, 8, 8, 4, 1, 2, NULL, scales, NULL, {0, 0}, false, NULL};
    amct_layer layers[3] = {
        {.name = "/conv1/Conv"}, {.name = "float"}, {.name = "a \"b\\\t\xc3\xa9"}};
    const amct_quantised *levels[3] = {&a, NULL, &b};
    amct_origin origin = {layers, 3, levels};
    char *record;
    OK(amct_record_text(&record, NULL, &origin, &err));
    cr_assert_str_eq(record, "record {\n"
                             "  key: \"/conv1/Conv\"\n"
                             "  value {\n"
                             "    scale_d: 0.0185549166\n"
                             "    offset_d: -14\n"
                             "    act_type: \"INT8\"\n"
                             "    op_data_type: \"FLOAT32\"\n"
                             "    scale_w: 0.25\n"
                             "    scale_w: 0.333333343\n"
                             "    offset_w: 0\n"
                             "    offset_w: 0\n"
                             "    wts_type: \"INT8\"\n"
                             "  }\n"
                             "}\n"
                             "record {\n"
                             "  key: \"a \\\"b\\\\\\011\\303\\251\"\n"
                             "  value {\n"
                             "    scale_d: 0.00392156886\n"
                             "    offset_d: -128\n"
                             "    act_type: \"INT8\"\n"
                             "    op_data_type: \"FLOAT32\"\n"
                             "    scale_w: 0.25\n"
                             "    offset_w: 0\n"
                             "    wts_type: \"INT8\"\n"
                             "  }\n"
                             "}\n");
    free(record);
}

Test(export_text, record_has_the_masks_of_sparse_layers)
{
    static const float scale = 0.5f;
    static const int8_t weights[72] = {[0] = 1, [3] = -1, [8] = 5, [63] = 7, [64] = 9, [71] = -2};
    const amct_quantised dense = {{1, 0},  8,      8,    72,     1,     2,
                                  weights, &scale, NULL, {0, 0}, false, NULL};
    const amct_quantised sparse = {{1, 0},  8,      8,    72,     1,    2,
                                   weights, &scale, NULL, {0, 0}, true, NULL};
    amct_layer layers[2] = {{.name = "dense"}, {.name = "sparse"}};
    const amct_quantised *levels[2] = {&dense, &sparse};
    amct_tensor tensor = {.shape = amct_shape_of(4, (int64_t[]){2, 4, 3, 3})};
    amct_graph candidate = {.n_tensors = 1, .tensors = &tensor};
    amct_origin origin = {layers, 2, levels};
    char *record;
    OK(amct_record_text(&record, &candidate, &origin, &err));
    const char *pruned = strstr(record, "prune_record");
    cr_assert_not_null(pruned);
    /* bytes 0x90, 0x80, 0 ... 0x01 and 0x81, 0 ... */
    cr_assert_str_eq(pruned, "prune_record {\n"
                             "  selective_prune {\n"
                             "    name: \"sparse\"\n"
                             "    attr {\n"
                             "      name: \"mask_shape\"\n"
                             "      type: INTS\n"
                             "      ints: 2\n"
                             "      ints: 4\n"
                             "      ints: 3\n"
                             "      ints: 3\n"
                             "    }\n"
                             "    attr {\n"
                             "      name: \"selective_mask\"\n"
                             "      type: INTS\n"
                             "      ints: 72057594037960848\n"
                             "      ints: 129\n"
                             "    }\n"
                             "  }\n"
                             "}\n");
    free(record);
}

Test(export_text, numbers_come_back_as_the_same_floats, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "residual", MIX_ALL);
    OK(export_case_write(&c, folder, "net", NULL, &err));
    char *record = export_file_text(folder, "net_record.txt"), *at = record;
    for (uint32_t i = 0; i < c.n_layers; i++) {
        const amct_quantised *q = c.levels[i];
        if (!q)
            continue;
        cr_assert_not_null(at = strstr(at, "scale_d: "));
        cr_assert_eq(strtof(at + strlen("scale_d: "), NULL), q->src.scale);
        for (int64_t k = 0; k < q->n_scales; k++) {
            cr_assert_not_null(at = strstr(at + 1, "scale_w: "));
            cr_assert_eq(strtof(at + strlen("scale_w: "), NULL), q->scales[k]);
        }
    }
    cr_assert_null(strstr(at + 1, "scale_w: "));
    free(record);
    export_case_end(&c);
}

Test(export_text, keys_are_the_names_of_nodes, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "matmul", MIX_ALL);
    OK(export_case_write(&c, folder, "net", NULL, &err));
    char *config = export_file_text(folder, "net_config.json");
    cJSON *root = cJSON_Parse(config);
    Onnx__ModelProto *m = export_file_read(folder, "net_deploy_model.onnx");
    int layers = 0;
    for (const cJSON *at = root->child; at; at = at->next)
        if (cJSON_IsObject(at)) {
            layers++;
            cr_assert_str_eq(export_file_node(m, at->string)->op_type, "MatMul");
        }
    cr_assert_eq(layers, 3);
    onnx__model_proto__free_unpacked(m, NULL);
    cJSON_Delete(root);
    free(config);
    export_case_end(&c);
}
