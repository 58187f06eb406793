#include "data/data_config.h"
#include "data/preprocess.h"

#include <criterion/criterion.h>
#include <string.h>

static amct_err err;

static amct_crop fit(const amct_preprocess *pre, uint32_t height, uint32_t width, uint32_t want)
{
    amct_crop crop;
    cr_assert_eq(amct_preprocess_fit(&crop, pre, height, width, want, want, true, &err), AMCT_OK,
                 "%s", err.text);
    return crop;
}

static void assert_crop(amct_crop c, uint32_t full_height, uint32_t full_width, uint32_t top,
                        uint32_t left, uint32_t height, uint32_t width)
{
    cr_assert_eq(c.full_height, full_height);
    cr_assert_eq(c.full_width, full_width);
    cr_assert_eq(c.top, top);
    cr_assert_eq(c.left, left);
    cr_assert_eq(c.height, height);
    cr_assert_eq(c.width, width);
}

Test(data_preprocess, the_short_side_sets_the_scale)
{
    amct_preprocess pre = {
        .resize = AMCT_RESIZE_SHORT, .resize_height = 256, .crop_height = 224, .crop_width = 224};
    assert_crop(fit(&pre, 375, 500, 224), 256, 341, 16, 58, 224, 224);
    assert_crop(fit(&pre, 500, 375, 224), 341, 256, 58, 16, 224, 224);
    assert_crop(fit(&pre, 416, 500, 224), 256, 308, 16, 42, 224, 224);
    assert_crop(fit(&pre, 300, 300, 224), 256, 256, 16, 16, 224, 224);
    assert_crop(fit(&pre, 512, 1001, 224), 256, 501, 16, 138, 224, 224); /* 500.5 */
}

Test(data_preprocess, unsaid_geometry_is_256_of_224_and_a_crop)
{
    amct_preprocess none = {0};
    assert_crop(fit(&none, 375, 500, 224), 256, 341, 16, 58, 224, 224);
    assert_crop(fit(&none, 224, 224, 224), 224, 224, 0, 0, 224, 224);
    assert_crop(fit(&none, 64, 64, 32), 37, 37, 2, 2, 32, 32);
    amct_crop crop;
    cr_assert_eq(amct_preprocess_fit(&crop, &none, 375, 500, 100, 200, true, &err), AMCT_OK);
    assert_crop(crop, 100, 200, 0, 0, 100, 200);
    cr_assert_eq(amct_preprocess_fit(&crop, &none, 28, 28, 32, 32, false, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "the sample becomes 28x28, the network takes 32x32 (height x "
                               "width): set preprocess resize: 32x32 (--resize 32x32)");
}

Test(data_preprocess, a_network_of_one_row_takes_as_many_pixels)
{
    amct_preprocess pre = {0};
    amct_crop crop;
    for (int photo = 0; photo < 2; photo++) {
        cr_assert_eq(amct_preprocess_fit(&crop, &pre, 28, 28, 784, 1, photo, &err), AMCT_OK);
        assert_crop(crop, 28, 28, 0, 0, 28, 28);
        cr_assert_eq(amct_preprocess_fit(&crop, &pre, 28, 28, 1, 784, photo, &err), AMCT_OK);
    }
    pre = (amct_preprocess){.crop_height = 28, .crop_width = 28};
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 32, 32, 784, 1, false, &err), AMCT_OK);
    assert_crop(crop, 32, 32, 2, 2, 28, 28);
    pre = (amct_preprocess){0};
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 32, 32, 784, 1, false, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "the sample becomes 32x32, the network takes 784x1 (height x "
                               "width), row by row: set preprocess resize or crop to a size of as "
                               "many pixels");
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 28, 28, 14, 56, false, &err), AMCT_E_INVALID);
}

Test(data_preprocess, sizes_that_miss_the_network_come_with_a_hint)
{
    amct_preprocess pre = {.resize = AMCT_RESIZE_SHORT, .resize_height = 256};
    amct_crop crop = {.top = 42};
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 375, 500, 224, 224, true, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "the sample becomes 256x341, the network takes 224x224 (height x "
                               "width): set preprocess crop: 224x224 (--crop 224x224)");
    pre = (amct_preprocess){.crop_height = 227, .crop_width = 227};
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 375, 500, 224, 224, true, &err), AMCT_E_INVALID);
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 100, 500, 227, 227, true, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "a crop of 227x227 does not fit into 100x500 (height x width): set "
                               "preprocess resize");
    pre = (amct_preprocess){.resize = AMCT_RESIZE_NONE};
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 375, 500, 224, 224, true, &err), AMCT_E_INVALID);
    pre = (amct_preprocess){
        .resize = AMCT_RESIZE_SHORT, .resize_height = 256, .crop_height = 224, .crop_width = 224};
    cr_assert_eq(amct_preprocess_fit(&crop, &pre, 1, 100000, 224, 224, true, &err),
                 AMCT_E_UNSUPPORTED);
    cr_assert_not_null(strstr(err.text, "are too long a picture"));
    cr_assert_eq(crop.top, 42);
}

Test(data_preprocess, values_are_scaled_then_normalised)
{
    amct_preprocess pre = {.scale = 1.0 / 255,
                           .n_mean = 3,
                           .n_std = 3,
                           .mean = {0.485, 0.456, 0.406},
                           .std = {0.229, 0.224, 0.225}};
    cr_assert_float_eq(amct_preprocess_value(&pre, 2, true, 51), (0.2 - 0.406) / 0.225, 1e-12);
    pre = (amct_preprocess){.scale = 1 / 127.5, .n_mean = 1, .mean = {1}};
    cr_assert_float_eq(amct_preprocess_value(&pre, 1, true, 255), 1, 1e-12);
    cr_assert_eq(amct_preprocess_value(&pre, 1, true, 0), -1);
    pre = (amct_preprocess){0};
    cr_assert_eq(amct_preprocess_value(&pre, 0, true, 255), 1);
    cr_assert_eq(amct_preprocess_value(&pre, 0, false, 255), 255);
    cr_assert(amct_preprocess_is_identity(&pre));
}

Test(data_preprocess, contradictions_are_refused)
{
    amct_preprocess pre = {.n_mean = 3, .scale = 1};
    cr_assert_eq(amct_preprocess_check(&pre, 3, true, &err), AMCT_OK);
    cr_assert_eq(amct_preprocess_check(&pre, 1, true, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "preprocess: mean has 3 values, a sample 1 channel");
    pre = (amct_preprocess){.n_std = 2, .scale = 1};
    cr_assert_eq(amct_preprocess_check(&pre, 3, true, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "preprocess: std has 2 values, a sample 3 channels");
    pre = (amct_preprocess){.n_mean = 1};
    cr_assert_eq(amct_preprocess_check(&pre, 3, true, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "set scale: 1/255 if they are for values in 0 .. 1"));
    cr_assert_eq(amct_preprocess_check(&pre, 3, false, &err), AMCT_OK);
    pre = (amct_preprocess){.resize = AMCT_RESIZE_TO,
                            .resize_height = 100,
                            .resize_width = 200,
                            .crop_height = 101,
                            .crop_width = 50};
    cr_assert_eq(amct_preprocess_check(&pre, 3, true, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "preprocess: crop 101x50 is larger than resize 100x200 (height x "
                               "width)");
}

Test(data_preprocess, sizes_are_read_from_words)
{
    amct_preprocess pre = {0};
    cr_assert_eq(amct_preprocess_set_resize(&pre, "256", &err), AMCT_OK);
    cr_assert_eq(pre.resize, AMCT_RESIZE_SHORT);
    cr_assert_eq(pre.resize_height, 256);
    cr_assert_eq(amct_preprocess_set_resize(&pre, "224x256", &err), AMCT_OK);
    cr_assert_eq(pre.resize, AMCT_RESIZE_TO);
    cr_assert_eq(pre.resize_height, 224);
    cr_assert_eq(pre.resize_width, 256);
    cr_assert_eq(amct_preprocess_set_resize(&pre, "0", &err), AMCT_OK);
    cr_assert_eq(pre.resize, AMCT_RESIZE_NONE);
    cr_assert_eq(amct_preprocess_set_crop(&pre, "224", &err), AMCT_OK);
    cr_assert_eq(pre.crop_height, 224);
    cr_assert_eq(pre.crop_width, 224);
    static const char *const bad[] = {
        "",   "x",     "224x", "x224",    "0x5",
        "-3", "2x3x4", "1e9",  "9999999", "11111111111111111111111111111111111111111x2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(amct_preprocess_set_resize(&pre, bad[i], &err), AMCT_E_INVALID, "%s", bad[i]);
        cr_assert_not_null(strstr(err.text, "is not a number of pixels such as 224"));
    }
}

static const amct_yaml_node *parse(amct_arena *arena, const char *text)
{
    const amct_yaml_node *root;
    cr_assert_eq(amct_yaml_parse(&root, arena, "s.yaml", text, strlen(text), &err), AMCT_OK, "%s",
                 err.text);
    return root;
}

Test(data_preprocess, the_data_section_of_a_search_file_is_read)
{
    amct_arena *arena = amct_arena_new();
    amct_data_config config = amct_data_config_default();
    const amct_yaml_node *root =
        parse(arena, "path: val/\n"
                     "labels: val.txt\n"
                     "preprocess: {resize: 256, crop: 224, layout: NHWC, color: BGR,\n"
                     "  mean: [0.485, 0.456, 0.406], std: 0.225, scale: 1/255}\n"
                     "calibration: 256\nconfirm: rest\nlabel_offset: 1\n");
    cr_assert_eq(amct_data_config_read(&config, root, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(config.path, "val/");
    cr_assert_str_eq(config.dataset.labels_path, "val.txt");
    cr_assert_eq(config.dataset.preprocess.resize, AMCT_RESIZE_SHORT);
    cr_assert_eq(config.dataset.preprocess.crop_width, 224);
    cr_assert_eq(config.dataset.preprocess.layout, AMCT_NHWC);
    cr_assert_eq(config.dataset.preprocess.color, AMCT_COLOR_BGR);
    cr_assert_eq(config.dataset.preprocess.n_mean, 3);
    cr_assert_eq(config.dataset.preprocess.mean[1], 0.456);
    cr_assert_eq(config.dataset.preprocess.n_std, 1);
    cr_assert_eq(config.dataset.preprocess.scale, 1.0 / 255);
    cr_assert_eq(config.split.calibration, 256);
    cr_assert_eq(config.split.search, AMCT_SPLIT_DEFAULT);
    cr_assert_eq(config.split.confirm, AMCT_SPLIT_REST);
    cr_assert_eq(config.dataset.label_offset, 1);
    cr_assert_eq(amct_data_config_read(&config, NULL, &err), AMCT_OK);
    cr_assert_str_eq(config.path, "val/");
    amct_arena_free(arena);
}

Test(data_preprocess, mistakes_in_the_section_are_placed)
{
    static const char *const bad[][2] = {
        {"preprocess: {resise: 1}", "s.yaml:1:14: unknown key 'resise' (did you mean 'resize'?)"},
        {"preprocess:\n  crop: big", "s.yaml:2:9: crop: 'big' is not a number of pixels"},
        {"preprocess: {color: rgb}", "s.yaml:1:21: color: 'rgb' is not known; allowed: RGB, BGR"},
        {"preprocess: {mean: []}", "s.yaml:1:20: mean: wanted 1 to 64 numbers, found 0"},
        {"preprocess: {std: [1, 0]}", "s.yaml:1:19: std: wanted numbers above 0"},
        {"preprocess: {scale: -1}", "s.yaml:1:21: scale: wanted a number above 0"},
        {"preprocess: {resize: [1, 2]}", "s.yaml:1:22: resize: wanted a single value"},
        {"preprocess: 3", "s.yaml:1:13: preprocess: wanted a map"},
        {"calibration: some", "s.yaml:1:14: calibration: 'some' is not a whole number"},
        {"search: -1", "s.yaml:1:9: search: '-1' is outside of 0"},
    };
    amct_arena *arena = amct_arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        amct_data_config config = amct_data_config_default();
        cr_assert_eq(amct_data_config_read(&config, parse(arena, bad[i][0]), &err), AMCT_E_INVALID);
        cr_assert_not_null(strstr(err.text, bad[i][1]), "'%s' lacks '%s'", err.text, bad[i][1]);
        cr_assert_eq(config.split.search, AMCT_SPLIT_DEFAULT);
        cr_assert_eq(config.dataset.preprocess.n_mean, 0);
    }
    amct_arena_free(arena);
}
