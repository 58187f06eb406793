#include "measure/detect.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

enum { CLASSES = 2, CHANNELS = 2 * (5 + CLASSES), SIDE = 4, ROW = CHANNELS * SIDE * SIDE };

static amct_detect_options options = {
    .classes = {CLASSES, NULL},
    .n_heads = 1,
    .heads = {{.stride = 16, .n_anchors = 2, .anchors = {{20, 30}, {40, 10}}}},
    .score = 0.1,
    .nms = 0.5,
    .confidence = 0.25,
};

/* A network without nodes whose input and output have these dims; its outputs come first. */
static amct_graph *network(const amct_shape *outputs, uint32_t n)
{
    amct_graph *g;
    uint32_t id;
    cr_assert_eq(amct_graph_new(&g, &err), AMCT_OK);
    for (uint32_t i = 0; i < n; i++) {
        amct_tensor t = {.name = "head", .dtype = AMCT_FLOAT, .shape = outputs[i]};
        cr_assert_eq(amct_graph_add_tensor(g, &t, &id, &err), AMCT_OK);
        cr_assert_eq(amct_graph_add_output(g, id, &err), AMCT_OK);
    }
    amct_tensor in = {.name = "in",
                      .dtype = AMCT_FLOAT,
                      .shape = amct_shape_of(4, (int64_t[]){2, 3, 16 * SIDE, 16 * SIDE})};
    cr_assert_eq(amct_graph_add_tensor(g, &in, &id, &err), AMCT_OK);
    cr_assert_eq(amct_graph_add_input(g, id, &err), AMCT_OK);
    return g;
}

#define SHAPE(...) amct_shape_of(4, (const int64_t[]){__VA_ARGS__})

static amct_detector detector(amct_shape shape)
{
    amct_detector d;
    amct_graph *g = network(&shape, 1);
    cr_assert_eq(amct_detector_of(&d, &options, g, &err), AMCT_OK, "%s", err.text);
    amct_graph_free(g);
    return d;
}

/* Nothing anywhere. */
static float *empty_row(void)
{
    float *row = malloc(ROW * sizeof *row);
    for (int i = 0; i < ROW; i++)
        row[i] = -9;
    return row;
}

static float *number(float *row, int anchor, int channel, int y, int x)
{
    return &row[((anchor * (5 + CLASSES) + channel) * SIDE + y) * SIDE + x];
}

/* An object of class 1 with these tx .. th. */
static void put(float *row, int anchor, int y, int x, const float *box, float object)
{
    for (int k = 0; k < 4; k++)
        *number(row, anchor, k, y, x) = box[k];
    *number(row, anchor, 4, y, x) = object;
    *number(row, anchor, 6, y, x) = 9;
}

Test(measure_detect, a_cell_is_decoded_as_its_form_says)
{
    amct_detector d = detector(SHAPE(2, CHANNELS, SIDE, SIDE));
    amct_detections found;
    float *row = empty_row();
    put(row, 1, 2, 1, (const float[]){0, 0, logf(1.5f), 0}, 2);
    amct_detect(&found, &d, row);
    cr_assert_eq(found.n, 1);
    const amct_box *b = &found.at[0].box;
    cr_assert_eq(b->class, 1);
    cr_assert_float_eq(found.at[0].score, 1 / (1 + exp(-2)) / (1 + exp(-9)), 1e-6);
    /* centre (1.5, 2.5) cells of 16 pixels, 60 x 10 pixels of 64 */
    cr_assert_float_eq(b->x0, (24 - 30) / 64.0, 1e-6);
    cr_assert_float_eq(b->x1, (24 + 30) / 64.0, 1e-6);
    cr_assert_float_eq(b->y0, (40 - 5) / 64.0, 1e-6);
    cr_assert_float_eq(b->y1, (40 + 5) / 64.0, 1e-6);
    options.form = AMCT_DETECT_YOLOV5;
    put(row, 1, 2, 1, (const float[]){0, 2, 0, 0}, 2);
    amct_detect(&found, &d, row);
    b = &found.at[0].box;
    double s = 1 / (1 + exp(-2));
    cr_assert_float_eq((b->y0 + b->y1) / 2, (2 * s - 0.5 + 2) * 16 / 64, 1e-6);
    cr_assert_float_eq(b->x1 - b->x0, 40 / 64.0, 1e-6);
    options.form = AMCT_DETECT_YOLOV3;
    free(row);
    amct_detector_free(&d);
}

Test(measure_detect, channels_may_be_last)
{
    amct_detector first = detector(SHAPE(2, CHANNELS, SIDE, SIDE));
    amct_detector last = detector(SHAPE(2, SIDE, SIDE, CHANNELS));
    amct_detections a, b;
    float *row = empty_row(), *turned = malloc(ROW * sizeof *turned);
    put(row, 0, 1, 3, (const float[]){0.3f, -1, 0.1f, 0.2f}, 1);
    put(row, 1, 3, 0, (const float[]){0.1f, 1, -0.5f, 0.4f}, 3);
    for (int c = 0; c < CHANNELS; c++)
        for (int p = 0; p < SIDE * SIDE; p++)
            turned[p * CHANNELS + c] = row[c * SIDE * SIDE + p];
    amct_detect(&a, &first, row);
    amct_detect(&b, &last, turned);
    cr_assert_eq(a.n, 2);
    cr_assert_eq(b.n, 2);
    cr_assert_eq(memcmp(a.at, b.at, 2 * sizeof *a.at), 0);
    cr_assert_gt(a.at[0].score, a.at[1].score);
    free(row);
    free(turned);
    amct_detector_free(&first);
    amct_detector_free(&last);
}

Test(measure_detect, of_boxes_that_overlap_the_best_of_a_class_is_kept)
{
    amct_detector d = detector(SHAPE(2, CHANNELS, SIDE, SIDE));
    amct_detections found;
    float *row = empty_row();
    put(row, 0, 1, 1, (const float[]){0, 0, 0, 0}, 1);
    put(row, 1, 1, 1, (const float[]){0, 0, logf(0.5f), logf(3)}, 2); /* the same 20 x 30 */
    amct_detect(&found, &d, row);
    cr_assert_eq(found.n, 1);
    cr_assert_float_eq(found.at[0].score, 1 / (1 + exp(-2)), 1e-3);
    *number(row, 0, 6, 1, 1) = -9;
    *number(row, 0, 5, 1, 1) = 9; /* of another class */
    amct_detect(&found, &d, row);
    cr_assert_eq(found.n, 2);
    free(row);
    amct_detector_free(&d);
}

Test(measure_detect, the_best_hundred_are_kept)
{
    amct_detect_options many = options;
    many.nms = 1;
    many.heads[0].n_anchors = 16;
    amct_shape shape = SHAPE(1, 16 * (5 + CLASSES), SIDE, SIDE);
    amct_graph *g = network(&shape, 1);
    g->tensors[g->inputs[0]].shape.dims[0] = 1;
    for (int a = 0; a < 16; a++)
        many.heads[0].anchors[a][0] = many.heads[0].anchors[a][1] = 8 + a;
    amct_detector d;
    amct_detections found;
    cr_assert_eq(amct_detector_of(&d, &many, g, &err), AMCT_OK);
    float *row = malloc(16 * (5 + CLASSES) * SIDE * SIDE * sizeof *row);
    for (int i = 0; i < 16 * (5 + CLASSES) * SIDE * SIDE; i++)
        row[i] = 1 + (float)(i % 97) * 0.01f;
    amct_detect(&found, &d, row);
    cr_assert_eq(found.n, AMCT_DETECTIONS);
    for (uint32_t i = 1; i < found.n; i++)
        cr_assert_leq(found.at[i].score, found.at[i - 1].score);
    free(row);
    amct_detector_free(&d);
    amct_graph_free(g);
}

static amct_detection at(float x, int32_t class, float score)
{
    return (amct_detection){{.x0 = x, .y0 = 0, .x1 = x + 0.2f, .y1 = 1, .class = class}, score};
}

Test(measure_detect, lists_agree_by_pairs_of_one_class)
{
    amct_detections a = {.n = 2}, b = {.n = 2}, none = {.n = 0};
    a.at[0] = at(0, 1, 0.9f), a.at[1] = at(0.5f, 0, 0.8f);
    b = a;
    cr_assert_eq(amct_detections_agree(&a, &b, 0.25), 1);
    cr_assert_eq(amct_detections_agree(&none, &none, 0.25), 1);
    cr_assert_eq(amct_detections_agree(&a, &none, 0.25), 0);
    b.at[1].box.class = 1;
    cr_assert_float_eq(amct_detections_agree(&a, &b, 0.25), 0.5, 1e-12);
    b.at[1] = at(0.55f, 0, 0.3f); /* overlaps by 0.15 of 0.25 */
    cr_assert_eq(amct_detections_agree(&a, &b, 0.25), 1);
    b.at[1].score = 0.2f; /* not sure enough: one pair of three */
    cr_assert_float_eq(amct_detections_agree(&a, &b, 0.25), 2 / 3.0, 1e-12);
}

Test(measure_detect, the_divergence_is_0_for_the_same_and_grows_with_the_distance)
{
    amct_detector d = detector(SHAPE(2, CHANNELS, SIDE, SIDE));
    float *row = empty_row(), *other = empty_row();
    put(row, 0, 1, 1, (const float[]){0, 0, 0, 0}, 3);
    memcpy(other, row, ROW * sizeof *row);
    cr_assert_eq(amct_detect_divergence(&d, row, other), 0);
    double last = 0;
    for (int k = 1; k < 6; k++) {
        *number(other, 0, 4, 1, 1) = 3 - (float)k;
        double now = amct_detect_divergence(&d, row, other);
        cr_assert_gt(now, last);
        last = now;
    }
    /* by hand: of an object that is as sure as 3, and now as -2 */
    double p = 1 / (1 + exp(-3)), q = 1 / (1 + exp(2)), nothing = 1 / (1 + exp(9));
    double objects = p + (2 * SIDE * SIDE - 1) * nothing;
    double wanted = p * log(p / q) + (1 - p) * log((1 - p) / (1 - q));
    cr_assert_float_eq(last, wanted / fmax(objects, 1), 1e-9);
    free(row);
    free(other);
    amct_detector_free(&d);
}

Test(measure_detect, a_head_without_an_output_is_refused_with_what_there_is)
{
    amct_detector d;
    amct_shape shapes[] = {SHAPE(2, 21, 8, 8), SHAPE(2, CHANNELS, SIDE, SIDE),
                           SHAPE(2, CHANNELS, SIDE, SIDE)};
    amct_graph *g = network(shapes, 1);
    cr_assert_eq(amct_detector_of(&d, &options, g, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text,
                              "no output for the head of stride 16, which has 2 anchors x "
                              "(5 + 2 classes) = 14 channels of 4 x 4 cells"));
    cr_assert_not_null(strstr(err.text, "'head' 2x21x8x8"));
    amct_graph_free(g);
    g = network(shapes, 3);
    cr_assert_eq(amct_detector_of(&d, &options, g, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "two outputs"));
    amct_graph_free(g);
}
