#include "base/file.h"
#include "tune/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static char folder[64];

static void setup(void)
{
    strcpy(folder, "/tmp/amct-config-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
}

#define CONFIG_TEST(name) Test(tune_config, name, .init = setup, .fini = teardown)
#define OK(expr)          cr_assert_eq((expr), AMCT_OK, "%s", err.text)
#define SAYS(word)        cr_assert_not_null(strstr(err.text, word), "'%s' not in '%s'", word, err.text)

static amct_config *fresh(void)
{
    amct_config *c;
    OK(amct_config_new(&c, &err));
    return c;
}

static amct_status read_text(amct_config *c, const char *text)
{
    char *path = amct_path_join(folder, "search.yaml");
    OK(amct_file_write(path, text, strlen(text), &err));
    amct_status status = amct_config_read(c, path, &err);
    free(path);
    return status;
}

/* What is printed, read and printed again is the same. */
static void check_round_trip(amct_config *c)
{
    char *once = amct_config_print(c);
    amct_config *again = fresh();
    cr_assert_not_null(once);
    OK(read_text(again, once));
    char *twice = amct_config_print(again);
    cr_assert_str_eq(once, twice);
    free(once);
    free(twice);
    amct_config_free(again);
}

CONFIG_TEST(the_defaults_survive_a_round_trip)
{
    amct_config *c = fresh();
    c->model = "/m.onnx";
    c->data = "/d";
    c->output = "/o";
    check_round_trip(c);
    amct_config_free(c);
}

static const char everything[] =
    "model: /nets/\"odd\\name\".onnx\n"
    "model_options: {signature: predict, outputs: \"a,b\"}\n"
    "data:\n"
    "  path: /data\n"
    "  labels: /labels.txt\n"
    "  preprocess: {resize: 256x300, crop: 224, layout: NHWC, color: "
    "BGR, mean: [1, 2, 3], std: 2.5, scale: 1/255}\n"
    "  calibration: 7\n"
    "  search: 8\n"
    "  confirm: rest\n"
    "  label_offset: -1\n"
    "budget: {metric: agreement, max_drop: 0.7%, relative: true, "
    "confidence: 99%}\n"
    "target: {estimator: ascend, chip: Ascend310, batch: 3, aipp: "
    "false}\n"
    "space: {bits: [16, w8a8-2of4], skip: ['a*', b], sparsity: {ratios: ["
    "0.25, 0.5], multiple: 8}, rank: {levels: 4}}\n"
    "quantise: {weights: mse, activations: hfmg, asymmetric: false, "
    "equalise: true}\n"
    "search: {algorithm: random, population: 5, evaluations: 6, "
    "time_limit: 90s, seed: 12}\n"
    "output: {directory: /out, formats: [onnx-qdq]}\n"
    "memory_limit: 1GiB\n";

CONFIG_TEST(every_key_is_read_and_survives_a_round_trip)
{
    amct_config *c = fresh();
    OK(read_text(c, everything));
    cr_assert_str_eq(c->model, "/nets/\"odd\\name\".onnx");
    cr_assert_str_eq(c->labels, "/labels.txt");
    cr_assert_eq(c->calibration, 7);
    cr_assert_eq(c->search, 8);
    cr_assert_eq(c->label_offset, -1);
    cr_assert_eq(c->metric, AMCT_METRIC_AGREEMENT);
    cr_assert_float_eq(c->max_drop_ratio, 0.007, 1e-12);
    cr_assert(c->relative);
    cr_assert_float_eq(c->confidence, 0.99, 1e-12);
    cr_assert_str_eq(c->chip, "Ascend310");
    cr_assert_eq(c->batch, 3);
    cr_assert_eq(c->n_target_options, 2);
    cr_assert_eq(c->model_source.n_options, 2);
    cr_assert_str_eq(c->model_source.options[0].key, "signature");
    cr_assert_str_eq(c->model_source.options[0].value, "predict");
    cr_assert_str_eq(c->model_source.options[1].value, "a,b");
    cr_assert_not(c->levels[AMCT_LEVEL_W8A8]);
    cr_assert(c->levels[AMCT_LEVEL_W8A8_SPARSE]);
    cr_assert_eq(c->n_ratios, 2);
    cr_assert_eq(c->ratios[1], 0.5);
    cr_assert_eq(c->multiple, 8);
    cr_assert_eq(c->rank_levels, 4);
    cr_assert_eq(c->n_skip, 2);
    cr_assert_str_eq(c->skip[1], "b");
    cr_assert_eq(c->weights, AMCT_WEIGHTS_MSE);
    cr_assert_eq(c->range.algo, AMCT_ACT_HFMG);
    cr_assert_not(c->range.asymmetric);
    cr_assert(c->equalise);
    cr_assert_str_eq(c->algorithm, "random");
    cr_assert_eq(c->population, 5);
    cr_assert_eq(c->evaluations, 6);
    cr_assert_eq(c->time_limit_ns, 90000000000u);
    cr_assert_eq(c->seed, 12);
    cr_assert_not(c->format_amct);
    cr_assert(c->format_qdq);
    cr_assert_eq(c->memory_limit_bytes, (uint64_t)1 << 30);
    check_round_trip(c);
    amct_config_free(c);
}

CONFIG_TEST(numbers_are_printed_short_and_read_back_the_same)
{
    amct_config *c = fresh();
    OK(read_text(c, "data: {preprocess: {scale: 1/255, mean: 0.485, std: [0.1, 0.225]}}\n"
                    "budget: {max_drop: 0.07%, confidence: 0.999}\n"
                    "search: {time_limit: 1ms}\n"));
    char *text = amct_config_print(c);
    static const char *const wanted[] = {"mean: [0.485]",
                                         "std: [0.1, 0.225]",
                                         "max_drop: 0.07%",
                                         "confidence: 0.999 ",
                                         "time_limit: 0.001s",
                                         "labels: ~",
                                         "scale: 0.00392156862745098 "};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        cr_expect_not_null(strstr(text, wanted[i]), "'%s' is not in:\n%s", wanted[i], text);
    amct_config *again = fresh();
    OK(read_text(again, text));
    cr_expect_eq(again->preprocess.scale, c->preprocess.scale);
    cr_expect_eq(again->max_drop_ratio, c->max_drop_ratio);
    cr_expect_eq(again->confidence, c->confidence);
    free(text);
    amct_config_free(again);
    amct_config_free(c);
}

CONFIG_TEST(paths_of_a_file_count_from_its_folder)
{
    amct_config *c = fresh();
    OK(read_text(c, "model: m.onnx\ndata: {path: d}\noutput: {directory: out}\n"));
    char *model = amct_path_join(folder, "m.onnx"), *out = amct_path_join(folder, "out");
    cr_assert_str_eq(c->model, model);
    cr_assert_str_eq(c->output, out);
    free(model);
    free(out);
    amct_config_free(c);
}

CONFIG_TEST(errors_name_line_and_column)
{
    amct_config *c = fresh();
    cr_assert_eq(read_text(c, "budget:\n  max_drop: -1%\n"), AMCT_E_INVALID);
    SAYS("search.yaml:2:13: max_drop: '-1%'");
    cr_assert_eq(read_text(c, "search: {seed: 1.5}\n"), AMCT_E_INVALID);
    SAYS("search.yaml:1:16: seed");
    cr_assert_eq(read_text(c, "target: [a]\n"), AMCT_E_INVALID);
    SAYS("search.yaml:1:9: ");
    amct_config_free(c);
}

static const char detector[] = "detection:\n"
                               "  form: yolov5\n"
                               "  classes: [cat, \"a dog\"]\n"
                               "  heads:\n"
                               "    - {stride: 32, anchors: [[115, 73], [1.5, 2]]}\n"
                               "    - {stride: 8, anchors: [[3, 4]]}\n"
                               "  score: 2%\n"
                               "  confidence: 0.5\n"
                               "budget: {metric: map50}\n";

static void check_detector(const amct_config *c)
{
    const amct_detect_options *o = c->detection;
    cr_assert_not_null(o);
    cr_assert_eq(o->form, AMCT_DETECT_YOLOV5);
    cr_assert_eq(o->classes.n, 2);
    cr_assert_str_eq(o->classes.names[1], "a dog");
    cr_assert_eq(o->n_heads, 2);
    cr_assert_eq(o->heads[0].stride, 32);
    cr_assert_eq(o->heads[0].n_anchors, 2);
    cr_assert_eq(o->heads[0].anchors[1][0], 1.5);
    cr_assert_eq(o->heads[1].anchors[0][1], 4);
    cr_assert_eq(o->score, 0.02);
    cr_assert_eq(o->nms, 0.45);
    cr_assert_eq(o->confidence, 0.5);
    cr_assert_eq(c->metric, AMCT_METRIC_MAP50);
}

CONFIG_TEST(a_detector_is_read_and_printed_as_it_was)
{
    amct_config *c = fresh(), *again = fresh();
    OK(read_text(c, detector));
    check_detector(c);
    char *text = amct_config_print(c);
    OK(read_text(again, text));
    check_detector(again);
    free(text);
    amct_config_free(c);
    amct_config_free(again);
}

/* Where there is no section, a comment shows one: without its signs it is one. */
CONFIG_TEST(the_detection_that_is_shown_as_a_comment_can_be_read)
{
    amct_config *c = fresh(), *again = fresh();
    c->model = "/m.onnx";
    char *text = amct_config_print(c);
    char *section = strstr(text, "\ndetection: ~ ");
    cr_assert_not_null(section);
    section[12] = ' ';
    for (char *at = section; (at = strstr(at, "\n#  "));)
        at[1] = '\n', at++;
    OK(read_text(again, text));
    cr_assert_not_null(again->detection);
    cr_assert_eq(again->detection->n_heads, 2);
    cr_assert_eq(again->detection->classes.n, 80);
    cr_assert_eq(again->detection->score, 0.005);
    free(text);
    amct_config_free(c);
    amct_config_free(again);
}

CONFIG_TEST(a_detector_that_is_not_described_is_refused_with_the_place)
{
    static const struct {
        const char *text, *words;
    } all[] = {
        {"detection:\n  classes: 2\n", "has no heads"},
        {"detection:\n  heads: []\n", "has no classes"},
        {"detection:\n  classes: 2\n  heads: []\n", ":3:10: heads: 0 heads, 1 to 8 wanted"},
        {"detection:\n  classes: 0\n  heads: []\n", "classes"},
        {"detection:\n  classes: [a, a]\n  heads: []\n", "'a' is there twice"},
        {"detection:\n  classes: 2\n  heads: [{stride: 8}]\n", "a head is {stride: 32"},
        {"detection:\n  classes: 2\n  heads: [{stride: 8, anchors: [[1]]}]\n",
         "an anchor is [width, height]"},
        {"detection:\n  classes: 2\n  heads: [{stride: 8, anchors: [[1, 0]]}]\n",
         "must be greater than 0"},
        {"detection:\n  classes: 2\n  heads: [{stride: 8, anchors: [[1, 1]]}]\n  score: 0%\n",
         "score must be greater than 0"},
        {"detection:\n  form: ssd\n", "form"},
        {"detection:\n  nsm: 0.5\n", "nsm"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        amct_config *c = fresh();
        cr_assert_neq(read_text(c, all[i].text), AMCT_OK, "%zu", i);
        SAYS(all[i].words);
        amct_config_free(c);
    }
}

CONFIG_TEST(files_for_the_estimator_lie_beside_the_search_file)
{
    char text[160];
    amct_config *c = fresh();
    char *path = amct_path_join(folder, "my.yaml"), *word = amct_path_join(folder, "true");
    OK(amct_file_write(path, "x", 1, &err));
    OK(amct_file_write(word, "x", 1, &err));
    snprintf(text, sizeof text,
             "target: {chip_file: my.yaml, fit_file: nowhere.yaml, aipp: true,\n"
             "  confirm: {estimator: device, insert_op_conf: my.yaml, cache: none}}\n");
    OK(read_text(c, text));
    cr_assert_str_eq(c->target_options[1].value, path);
    cr_assert_str_eq(c->target_options[2].value, "nowhere.yaml");
    cr_assert_str_eq(c->target_options[3].value, "true"); /* a word, whatever lies there */
    cr_assert_str_eq(c->confirm_options[0].value, path);
    cr_assert_str_eq(c->confirm_options[1].value, "none");
    free(path);
    free(word);
    amct_config_free(c);
}

CONFIG_TEST(a_measured_latency_is_a_time_with_a_unit)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"target: {measured: 0}\n", "measured: wanted is more than 0"},
        {"target: {measured: 0ms}\n", "measured: wanted is more than 0"},
        {"target: {measured: 1.63}\n", "'1.63' has no unit: wanted is a time such as 1.63ms"},
        {"target: {measured: 2h}\n", "'2h' is more than an hour"},
        {"target: {measured: soon}\n", "is not a time such as"},
        {"target: {measured: [1ms]}\n", "measured"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_config *c = fresh();
        cr_assert_eq(read_text(c, cases[i].text), AMCT_E_INVALID, "%s", cases[i].text);
        SAYS(cases[i].words);
        SAYS("search.yaml:1:");
        amct_config_free(c);
    }
    amct_config *c = fresh();
    OK(read_text(c, "target: {measured: 1.63ms}\n"));
    cr_assert_eq(c->measured_ns, 1630000);
    amct_config_free(c);
}
