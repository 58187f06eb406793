/* Real data, where they are present: pictures to the bit as OpenCV 4.6 prepares them. */
#include "base/file.h"
#include "data/array.h"
#include "data/dataset.h"
#include "unit/shared_data.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

static amct_dataset *open_shared(const char *name, const amct_dataset_options *options)
{
    amct_dataset *ds = NULL;
    char path[4096];
    shared_path(path, sizeof path, name);
    cr_assert_eq(amct_dataset_open(&ds, path, options, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(ds->n_unreadable, 0);
    return ds;
}

/* Options that hand the pixels through as they are. */
static amct_dataset_options pixels(int64_t channels, int64_t height, int64_t width)
{
    return (amct_dataset_options){
        .rank = 3, .dims = {channels, height, width}, .preprocess = {.scale = 1}, .jobs = 2};
}

/* Compares the first samples with a file of uint8 N x H x W (x C). */
static void assert_first_samples(const amct_dataset *ds, const char *name)
{
    char path[4096];
    amct_file file;
    amct_array array;
    cr_assert_eq(amct_file_map(&file, shared_path(path, sizeof path, name), &err), AMCT_OK, "%s",
                 err.text);
    cr_assert_eq(amct_npy_parse(&array, file.data, file.size, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(array.sample_count, ds->elements);
    float *sample = malloc(ds->elements * sizeof *sample);
    for (uint32_t i = 0; i < array.dims[0]; i++) {
        size_t different = 0;
        amct_dataset_fetch(ds, &i, 1, AMCT_NHWC, sample);
        for (size_t e = 0; e < ds->elements; e++)
            different += sample[e] != array.data[i * array.stride_bytes + e];
        cr_assert_eq(different, 0, "sample %u: %zu pixels differ", i, different);
    }
    free(sample);
    amct_file_unmap(&file);
}

Test(data_shared, imagenet_by_short_side_and_crop_is_exact)
{
    amct_dataset_options options = pixels(3, 224, 224);
    options.preprocess.resize = AMCT_RESIZE_SHORT;
    options.preprocess.resize_height = 256;
    options.preprocess.crop_height = options.preprocess.crop_width = 224;
    options.n_classes = 1000;
    amct_dataset *ds = open_shared("data/images/imagenet500", &options);
    cr_assert_eq(ds->n, 500);
    cr_assert_eq(ds->labels[0], 0);
    cr_assert_eq(ds->labels[1], 2);
    cr_assert_eq(ds->labels[499], 998);
    assert_first_samples(ds, "data/expected/imagenet/first50.short256crop224.rgb.u8.npy");
    amct_dataset_free(ds);
}

Test(data_shared, unsaid_preprocessing_of_imagenet_is_the_same)
{
    amct_dataset_options options = pixels(3, 224, 224);
    amct_dataset *ds = open_shared("data/images/imagenet500", &options);
    assert_first_samples(ds, "data/expected/imagenet/first50.short256crop224.rgb.u8.npy");
    amct_dataset_free(ds);
}

Test(data_shared, imagenet_squashed_and_bgr_is_exact)
{
    amct_dataset_options options = pixels(3, 227, 227);
    options.preprocess.resize = AMCT_RESIZE_TO;
    options.preprocess.resize_height = options.preprocess.resize_width = 256;
    options.preprocess.crop_height = options.preprocess.crop_width = 227;
    options.preprocess.color = AMCT_COLOR_BGR;
    amct_dataset *ds = open_shared("data/images/imagenet500", &options);
    assert_first_samples(ds, "data/expected/imagenet/first50.squash256crop227.bgr.u8.npy");
    amct_dataset_free(ds);
}

Test(data_shared, mnist_enlarged_is_exact)
{
    amct_dataset_options options = pixels(1, 32, 32);
    options.preprocess.resize = AMCT_RESIZE_TO;
    options.preprocess.resize_height = options.preprocess.resize_width = 32;
    amct_dataset *ds = open_shared("data/images/mnist", &options);
    cr_assert_eq(ds->n, 10000);
    cr_assert_eq(ds->labels[0], 7);
    cr_assert_eq(ds->labels[9999], 6);
    assert_first_samples(ds, "data/expected/mnist/first50_resized32_u8.npy");
    amct_dataset_free(ds);
}

Test(data_shared, cifar_records_are_counted)
{
    amct_dataset_options options = pixels(3, 32, 32);
    amct_dataset *ds = open_shared("data/images/cifar10/test1000.bin", &options);
    cr_assert_eq(ds->n, 1000);
    cr_assert_eq(ds->labels[0], 3);
    amct_dataset *again = open_shared("data/images/cifar10/train1000.bin", &options);
    cr_assert_eq(again->n, 1000);
    cr_assert_neq(amct_hash_equal(ds->fingerprint, again->fingerprint), 1);
    amct_dataset_free(ds);
    amct_dataset_free(again);
}

Test(data_shared, a_folder_of_mixed_kinds_is_refused)
{
    amct_dataset_options options = pixels(3, 32, 32);
    amct_dataset *ds = NULL;
    char path[4096];
    shared_path(path, sizeof path, "data/images/cifar10");
    cr_assert_eq(amct_dataset_open(&ds, path, &options, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "holds images and .bin files"), "%s", err.text);
}

Test(data_shared, pictures_of_coco_have_no_labels)
{
    amct_dataset_options options = pixels(3, 320, 320);
    options.preprocess.resize = AMCT_RESIZE_TO;
    options.preprocess.resize_height = options.preprocess.resize_width = 320;
    amct_dataset *ds = open_shared("data/images/coco64", &options);
    cr_assert_eq(ds->n, 64);
    cr_assert_null(ds->labels);
    amct_dataset_free(ds);
}

Test(data_shared, arrays_of_pictures_are_recognised)
{
    amct_dataset_options options = pixels(3, 224, 224);
    amct_dataset *ds =
        open_shared("data/expected/imagenet/first50.short256crop224.rgb.u8.npy", &options);
    cr_assert_eq(ds->n, 50);
    cr_assert_eq(ds->channels, 3);
    amct_dataset_free(ds);
}
