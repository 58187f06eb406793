/* Layers that move numbers: each result is the input's numbers in another order. */
#include "unit/caffe_build.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

static float ramp[256];

static void setup(void)
{
    for (int i = 0; i < 256; i++)
        ramp[i] = (float)i;
}

/* Layers on an input 1x4x3x2 of 0, 1, 2 ...; the last one makes y. */
static float *moved(const char *layers, size_t *n)
{
    char text[MOST];
    snprintf(text, sizeof text, "input: 'x' input_dim: 1 input_dim: 4 input_dim: 3 input_dim: 2 %s",
             layers);
    return caffe_run(text, NULL, ramp, n);
}

#define CHECK(layers, count, wanted)                                                               \
    do {                                                                                           \
        size_t n_;                                                                                 \
        float *found_ = moved(layers, &n_);                                                        \
        cr_assert_eq(n_, (size_t)(count), "%zu", n_);                                              \
        for (int i = 0; i < (int)n_; i++)                                                          \
            cr_assert_float_eq(found_[i], (wanted), 1e-5, "%d is %g, not %g: %s", i, found_[i],    \
                               (double)(wanted), layers);                                          \
        free(found_);                                                                              \
    } while (0)

Test(caffe_shapes, slices_at_points_or_equal, .init = setup)
{
    CHECK("layer { name: 's' type: 'Slice' bottom: 'x' top: 'a' top: 'b' slice_param { "
          "slice_point: 1 } } layer { name: 'c' type: 'Concat' bottom: 'b' bottom: 'a' top: 'y' }",
          24, i < 18 ? i + 6 : i - 18);
    CHECK("layer { name: 's' type: 'Slice' bottom: 'x' top: 'a' top: 'b' slice_param { axis: -1 } "
          "} layer { name: 'c' type: 'Concat' bottom: 'b' bottom: 'a' top: 'y' concat_param { "
          "axis: 3 } }",
          24, i ^ 1);
}

Test(caffe_shapes, flattens_and_reshapes, .init = setup)
{
    static const char *const layers[] = {
        "layer { name: 'f' type: 'Flatten' bottom: 'x' top: 'y' }",
        "layer { name: 'f' type: 'Flatten' bottom: 'x' top: 'y' flatten_param { axis: 0 "
        "end_axis: -2 } }",
        "layer { name: 'r' type: 'Reshape' bottom: 'x' top: 'y' reshape_param { shape { dim: 0 "
        "dim: -1 dim: 4 } } }",
        "layer { name: 'r' type: 'Reshape' bottom: 'x' top: 'y' reshape_param { shape { dim: 12 } "
        "axis: 1 num_axes: 2 } }",
        "layer { name: 'r' type: 'Reshape' bottom: 'x' top: 'y' reshape_param { shape { dim: 1 } "
        "axis: -1 num_axes: 0 } }"};
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++)
        CHECK(layers[k], 24, i);
}

Test(caffe_shapes, reshaped_dims_are_those_of_caffe, .init = setup)
{
    amct_graph *g;
    amct_err err;
    const char *text =
        "input: 'x' input_dim: 1 input_dim: 4 input_dim: 3 input_dim: 2 layer { name: 'r' type: "
        "'Reshape' bottom: 'x' top: 'y' reshape_param { shape { dim: 2 dim: -1 } axis: 1 num_axes: "
        "2 } }";
    cr_assert_eq(caffe_import(&g, text, NULL, &err), AMCT_OK, "%s", err.text);
    const amct_shape *s = &g->tensors[g->outputs[0]].shape;
    cr_assert_eq(s->rank, 4);
    cr_assert(s->dims[0] == 1 && s->dims[1] == 2 && s->dims[2] == 6 && s->dims[3] == 2);
    amct_graph_free(g);
}

Test(caffe_shapes, permutes_what_is_named_then_the_rest, .init = setup)
{
    CHECK("layer { name: 'p' type: 'Permute' bottom: 'x' top: 'y' permute_param { order: 0 order: "
          "2 order: 3 order: 1 } }",
          24, i % 4 * 6 + i / 4);
    CHECK("layer { name: 'p' type: 'Permute' bottom: 'x' top: 'y' permute_param { order: 3 } }", 24,
          i % 12 * 2 + i / 12);
    CHECK("layer { name: 's' type: 'ShuffleChannel' bottom: 'x' top: 'y' shuffle_channel_param { "
          "group: 2 } }",
          24, (i / 6 % 2 * 2 + i / 12) * 6 + i % 6);
}

Test(caffe_shapes, crops_to_the_second_bottom, .init = setup)
{
    CHECK("layer { name: 'd' type: 'DummyData' top: 'r' dummy_data_param { shape { dim: 1 dim: 1 "
          "dim: 2 dim: 1 } } } layer { name: 'c' type: 'Crop' bottom: 'x' bottom: 'r' top: 'y' "
          "crop_param { offset: 1 } }",
          8, i / 2 * 6 + 2 + i % 2 * 2 + 1);
    CHECK("layer { name: 'd' type: 'DummyData' top: 'r' dummy_data_param { num: 1 channels: 2 "
          "height: 2 width: 2 } } layer { name: 'c' type: 'Crop' bottom: 'x' bottom: 'r' top: 'y' "
          "crop_param { axis: 1 offset: 2 offset: 1 offset: 0 } }",
          8, (i / 4 + 2) * 6 + 2 + i % 4);
}

Test(caffe_shapes, tiles_and_splits, .init = setup)
{
    CHECK("layer { name: 't' type: 'Tile' bottom: 'x' top: 'y' tile_param { axis: 2 tiles: 2 } }",
          48, i / 12 * 6 + i % 6);
    CHECK("layer { name: 's' type: 'Split' bottom: 'x' top: 'a' top: 'b' } layer { name: 'e' type: "
          "'Eltwise' bottom: 'a' bottom: 'b' top: 'y' }",
          24, 2 * i);
}

Test(caffe_shapes, dummy_data_is_constant_beside_an_input, .init = setup)
{
    CHECK("layer { name: 'd' type: 'DummyData' top: 'r' dummy_data_param { shape { dim: 1 dim: 4 "
          "dim: 3 dim: 2 } data_filler { type: 'constant' value: 0.5 } } } layer { name: 'e' type: "
          "'Eltwise' bottom: 'x' bottom: 'r' top: 'y' }",
          24, i + 0.5);
}

Test(caffe_shapes, upsample_repeats, .init = setup)
{
    CHECK("layer { name: 'u' type: 'Upsample' bottom: 'x' top: 'y' upsample_param { scale: 2 } }",
          96, i / 24 * 6 + i / 8 % 3 * 2 + i % 4 / 2);
}

/* Rows and columns at equal steps between the first and the last. */
static double between(int i, int h, int w, int cut, int out_h, int out_w)
{
    double y = i / out_w % out_h * (h - 1.0) / (out_h - 1), z = i % out_w * (w - 1.0) / (out_w - 1);
    return i / (out_h * out_w) * 6 + (y + cut) * 2 + z;
}

Test(caffe_shapes, interp_aligns_the_corners, .init = setup)
{
    CHECK("layer { name: 'i' type: 'Interp' bottom: 'x' top: 'y' interp_param { height: 5 width: 4 "
          "} }",
          80, between(i, 3, 2, 0, 5, 4));
    CHECK("layer { name: 'i' type: 'Interp' bottom: 'x' top: 'y' interp_param { zoom_factor: 3 } }",
          4 * 7 * 4, between(i, 3, 2, 0, 7, 4));
    CHECK("layer { name: 'i' type: 'Interp' bottom: 'x' top: 'y' interp_param { shrink_factor: 2 "
          "zoom_factor: 2 } }",
          4 * 3 * 1, i / 3 * 6 + i % 3 * 2);
    CHECK("layer { name: 'd' type: 'DummyData' top: 'r' dummy_data_param { shape { dim: 1 dim: 1 "
          "dim: 5 dim: 3 } } } layer { name: 'i' type: 'Interp' bottom: 'x' bottom: 'r' top: 'y' }",
          60, between(i, 3, 2, 0, 5, 3));
}
