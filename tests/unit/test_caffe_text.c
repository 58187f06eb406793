/* The text format: what it may look like, and where it is wrong. */
#include "import/import.h"
#include "unit/caffe_build.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static amct_graph *import(const char *text)
{
    amct_graph *g;
    cr_assert_eq(caffe_import(&g, text, NULL, &err), AMCT_OK, "%s", err.text);
    return g;
}

static uint32_t nodes(const char *text, const char *op)
{
    amct_graph *g = import(text);
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        n += strcmp(g->nodes[i].op, op) == 0;
    amct_graph_free(g);
    return n;
}

#define IN   "input: 'x' input_dim: 1 input_dim: 1 input_dim: 1 input_dim: 1 "
#define RELU "layer { name: 'r' type: 'ReLU' bottom: 'x' top: 'y' } "

Test(caffe_text, every_way_of_writing)
{
    amct_graph *g = import("\xef\xbb\xbf# a comment\n"
                           "name: \"a\\x42\\103\" 'd' ; input : 'x', input_shape: < dim: [0x2, 03, "
                           "4] >\r\n"
                           "layer: { name: 'r' type: 'ReLU' bottom: 'x' top: 'y';"
                           " relu_param < negative_slope: .5f > }");
    cr_assert_str_eq(g->name, "aBCd");
    const amct_shape *s = &g->tensors[g->inputs[0]].shape;
    cr_assert(s->rank == 3 && s->dims[0] == 2 && s->dims[1] == 3 && s->dims[2] == 4);
    cr_assert_str_eq(g->nodes[0].op, "LeakyRelu");
    cr_assert_float_eq(amct_node_float(&g->nodes[0], "alpha", 0), 0.5, 0);
    amct_graph_free(g);
}

Test(caffe_text, what_is_not_known_is_skipped)
{
    cr_assert_eq(nodes(IN RELU "strange { a: 1 b { c: 'd}' e <f: -inf> } g: [1, 2, {}] } other: -3 "
                               "[a.b.c] { d: 1 }",
                       "Relu"),
                 1);
}

Test(caffe_text, line_and_column_of_what_is_wrong)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"name: 'x'\nlayer {\n  type: 'ReLU'\n", "line 4, column 1: the file ends where the '}' of "
                                                 "line 2 is wanted"},
        {"layer { name: 'a }\n", "line 1, column 15: a string that does not end on its line"},
        {"layer { name: 'a\\q' }", "column 15: an unknown escape in a string"},
        {"layer { name 'a' }", "column 14: ':' wanted behind name"},
        {"layer { name: a }", "column 15: name is 'a', a text in quotes wanted"},
        {"layer { convolution_param { num_output: 1.5 } }",
         "column 41: num_output is '1.5', a whole number wanted"},
        {"layer { convolution_param { num_output: -1 } }",
         "num_output is '1', a number from 0 on wanted"},
        {"layer { convolution_param { num_output: 99999999999999999999 } }", "a whole number"},
        {"layer { relu_param { negative_slope: nan } }",
         "negative_slope is 'nan', a finite number"},
        {"layer { relu_param { negative_slope: 1e99 } }", "a finite number"},
        {"layer { pooling_param { pool: MIN } }", "pool is 'MIN', MAX, AVE, STOCHASTIC wanted"},
        {"layer { pooling_param { global_pooling: 2 } }", "true or false wanted"},
        {"layer { pooling_param { kernel_size: 2 kernel_size: 2 } }",
         "column 53: kernel_size is there twice"},
        {"layer { pooling_param { } pooling_param { } }", "pooling_param is there twice"},
        {"layer { type: 'ReLU' } }", "column 24: '}' where a field's name is wanted"},
        {"layer: 'x'", "column 8: '{' wanted behind layer"},
        {"layer { } @", "column 11: a byte that means nothing here"},
        {"input_dim: [1 2]", "column 15: ',' or ']' wanted"},
        {"layer { a { b: [ } }", "column 18: '}' where a ']' is wanted"},
        {"layer { a: }", "column 12: a value is wanted"},
        {"layers { layer { name: 'x' } }", "the oldest form (V0)"},
        {"layers { type: 'RELU' }", "a word without quotes, as in the old form of layers, wanted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_graph *g = NULL;
        cr_assert_eq(caffe_import(&g, cases[i].text, NULL, &err), AMCT_E_FORMAT, "%s",
                     cases[i].text);
        HAS(err.text, cases[i].words);
    }
}

Test(caffe_text, deep_nesting_ends)
{
    char *text = malloc(1 << 20);
    amct_graph *g = NULL;
    strcpy(text, "layer { ");
    for (int i = 0; i < 100000; i++)
        memcpy(text + 8 + 4 * i, "a { ", 5);
    cr_assert_eq(caffe_import(&g, text, NULL, &err), AMCT_E_FORMAT);
    HAS(err.text, "more than 64 messages in one another");
    free(text);
}

/* ---- Nets ------------------------------------------------------------------------------------ */

Test(caffe_text, phases_choose_layers)
{
    static const char *const rules[][2] = {
        {"include { phase: TRAIN }", "0"},
        {"include { phase: TEST }", "1"},
        {"exclude { phase: TEST }", "0"},
        {"exclude { phase: TRAIN }", "1"},
        {"include { phase: TRAIN } include { stage: 'deploy' }", "1"},
        {"include { stage: 'deploy' not_stage: 'b' }", "0"},
        {"include { min_level: 2 }", "0"},
        {"include { min_level: 1 max_level: 1 }", "1"},
        {"exclude { max_level: 0 }", "1"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 IN "state { phase: TRAIN level: 1 stage: 'deploy' stage: 'b' } layer { name: 's' "
                    "type: 'Sigmoid' bottom: 'x' top: 'x' %s } " RELU,
                 rules[i][0]);
        cr_assert_eq(nodes(text, "Sigmoid"), (uint32_t)atoi(rules[i][1]), "%s", rules[i][0]);
    }
}

Test(caffe_text, a_net_for_training_ends_before_its_loss)
{
    amct_graph *g = import(
        "layer { name: 'd' type: 'Data' top: 'data' top: 'label' data_param { batch_size: 2 } "
        "transform_param { crop_size: 8 mean_value: 1 mean_value: 2 mean_value: 3 } include { "
        "phase: TEST } } layer { name: 'd' type: 'Data' top: 'data' top: 'label' include { phase: "
        "TRAIN } } layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'y' } layer { name: 'l' "
        "type: 'SoftmaxWithLoss' bottom: 'y' bottom: 'label' top: 'loss' } layer { name: 'a' type: "
        "'Accuracy' bottom: 'y' bottom: 'label' top: 'a' }");
    cr_assert_eq(g->n_inputs, 1);
    cr_assert_eq(g->n_outputs, 1);
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "y");
    const amct_shape *s = &g->tensors[g->inputs[0]].shape;
    cr_assert(s->dims[0] == 2 && s->dims[1] == 3 && s->dims[2] == 8 && s->dims[3] == 8);
    amct_graph_free(g);
}

Test(caffe_text, an_option_says_what_a_layer_reads)
{
    const char *text = "layer { name: 'd' type: 'Data' top: 'd' top: 'l' } layer { name: 'r' type: "
                       "'ReLU' bottom: 'd' top: 'y' }";
    static const struct {
        const char *value, *words;
    } cases[] = {{"2x3x5x7", NULL},
                 {"2x3x0", "input is '2x3x0', dims as 1x3x32x32 wanted"},
                 {"1x2x", "dims as 1x3x32x32 wanted"},
                 {"", "dims as 1x3x32x32 wanted"},
                 {"1x1x1x1x1x1x1x1x1", "dims as 1x3x32x32 wanted"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const amct_option option = {
            .struct_size = sizeof option, .key = "input", .value = cases[i].value};
        amct_graph *g;
        amct_status status =
            amct_import_bytes(&g, &amct_plugin_v1, text, strlen(text), NULL, &option, 1, &err);
        if (cases[i].words) {
            cr_assert_eq(status, AMCT_E_INVALID);
            HAS(err.text, cases[i].words);
            continue;
        }
        cr_assert_eq(status, AMCT_OK, "%s", err.text);
        const amct_shape *s = &g->tensors[g->inputs[0]].shape;
        cr_assert(s->dims[0] == 2 && s->dims[1] == 3 && s->dims[2] == 5 && s->dims[3] == 7);
        amct_graph_free(g);
    }
}

Test(caffe_text, both_forms_of_layers_say_the_same)
{
    cr_assert_eq(nodes(IN "layers { name: 'r' type: RELU bottom: 'x' top: 'y' relu_param { "
                          "negative_slope: 1 } } layers { name: 't' type: TANH bottom: 'y' top: "
                          "'z' }",
                       "LeakyRelu"),
                 1);
}

Test(caffe_text, the_last_of_layers_in_place_has_the_blobs_name)
{
    amct_graph *g = import(IN "layer { name: 'a' type: 'Sigmoid' bottom: 'x' top: 'y' } layer { "
                              "name: 'b' type: 'TanH' bottom: 'y' top: 'y' }");
    cr_assert_eq(g->n_outputs, 1);
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "y");
    cr_assert_str_eq(g->nodes[1].op, "Tanh");
    cr_assert_eq(g->nodes[1].dst[0], g->outputs[0]);
    amct_graph_free(g);
}

Test(caffe_text, a_layer_that_nobody_knows_is_passed_on)
{
    amct_graph *g =
        import(IN RELU "layer { name: 'p' type: 'PriorBox' bottom: 'y' bottom: 'x' top: "
                       "'p' } layer { name: 'f' type: 'Flatten' bottom: 'p' top: 'f' }");
    cr_assert_eq(g->n_nodes, 3);
    cr_assert_str_eq(g->nodes[1].op, "PriorBox");
    cr_assert_str_eq(g->nodes[1].domain, "caffe");
    cr_assert_str_eq(g->nodes[2].domain, "caffe", "nobody knows what it flattens");
    amct_graph_free(g);
}

Test(caffe_text, nets_that_caffe_would_refuse)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"name: 'x'", "the net has no layers"},
        {IN "layers { name: 'r' type: RELU bottom: 'x' top: 'y' } " RELU,
         "both 'layer' and 'layers'"},
        {IN "layer { name: 'r' bottom: 'x' top: 'y' }", "layer 0 'r': has no type"},
        {IN "\nlayer { name: 'r' type: 'ReLU' bottom: 'z' top: 'y' }",
         "line 2: layer 'r' (ReLU): bottom 'z' is made by no layer before it"},
        {IN RELU "layer { name: 's' type: 'ReLU' bottom: 'x' top: 'y' }",
         "layer 's' (ReLU): top 'y' is made by a layer before it already"},
        {IN "input: 'x' " RELU, "input 'x' is there twice"},
        {"input: 'x' input_shape { dim: 9223372036854775807 dim: 9223372036854775807 } " RELU,
         "more than 2147483647 elements"},
        {"input: 'x' input_shape { dim: 1 dim: -1 } " RELU, "dims from 1 on"},
        {"input: 'x' input_dim: 1 " RELU, "1 inputs have 0 input_shape and 1 input_dim"},
        {IN "layer { name: 'r' type: 'ReLU' top: 'y' }", "has 0 bottoms, 1 wanted"},
        {IN "layer { name: 'r' type: 'ReLU' bottom: 'x' top: 'y' include {} exclude {} }",
         "both include and exclude"},
        {IN "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'y' }", "has no kernel_size"},
        {IN "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'y' convolution_param { "
            "num_output: 1 kernel_size: 3 } }",
         "dims from 1 on wanted"},
        {IN "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'y' convolution_param { "
            "num_output: 18446744073709551615 kernel_size: 3 } }",
         "num_output is 18446744073709551615, 1 to 16777216 wanted"},
        {IN "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'y' convolution_param { "
            "num_output: 3 kernel_size: 1 group: 2 } }",
         "cannot be split into 2 groups"},
        {IN "layer { name: 'p' type: 'Pooling' bottom: 'x' top: 'y' pooling_param { kernel_size: 2 "
            "pad: 2 } }",
         "pad is 2, less than the kernel (2) wanted"},
        {IN "layer { name: 'l' type: 'LRN' bottom: 'x' top: 'y' lrn_param { local_size: 4 } }",
         "local_size is 4, an odd number wanted"},
        {IN "layer { name: 'r' type: 'Reshape' bottom: 'x' top: 'y' reshape_param { shape { dim: 2 "
            "dim: -1 } } }",
         "1 elements do not fit"},
        {IN "layer { name: 'r' type: 'Reshape' bottom: 'x' top: 'y' reshape_param { shape { dim: "
            "-1 dim: -1 } } }",
         "dim 1 cannot become -1"},
        {IN "layer { name: 's' type: 'Slice' bottom: 'x' top: 'a' top: 'b' }",
         "1 cannot be cut into 2 equal pieces"},
        {IN "layer { name: 'd' type: 'Data' top: 'd' } " RELU "layer { name: 's' type: 'ReLU' "
            "bottom: 'd' top: 'e' }",
         "does not say the shape of what it reads; give the net for deployment"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_graph *g = NULL;
        cr_assert_neq(caffe_import(&g, cases[i].text, NULL, &err), AMCT_OK, "%s", cases[i].text);
        HAS(err.text, cases[i].words);
    }
}

Test(caffe_text, what_is_beyond_this_program_is_named)
{
    static const struct {
        const char *layer, *words;
    } cases[] = {
        {"type: 'Pooling' pooling_param { pool: STOCHASTIC kernel_size: 1 }", "stochastic pooling"},
        {"type: 'BatchNorm' batch_norm_param { use_global_stats: false }", "use_global_stats"},
        {"type: 'ArgMax' argmax_param { top_k: 5 }", "top_k is 5"},
        {"type: 'Upsample' upsample_param { upsample_h: 5 upsample_w: 5 }", "with its mask"},
        {"type: 'Interp' interp_param { height: 2 width: 2 pad_beg: 1 }", "must not be above 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        amct_graph *g = NULL;
        snprintf(text, sizeof text, IN "layer { name: 'l' bottom: 'x' top: 'y' %s }",
                 cases[i].layer);
        cr_assert_eq(caffe_import(&g, text, NULL, &err), AMCT_E_UNSUPPORTED, "%s", err.text);
        HAS(err.text, cases[i].words);
    }
}
