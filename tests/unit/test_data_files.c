/* Data sets that are arrays: IDX, CIFAR, NumPy, raw files. */
#include "data/dataset.h"
#include "unit/data_fixture.h"

#include <criterion/criterion.h>
#include <png.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

TestSuite(data_files, .init = fixture_setup, .fini = fixture_teardown);

static amct_dataset_options take(uint32_t rank, int64_t a, int64_t b, int64_t c)
{
    return (amct_dataset_options){
        .rank = rank, .dims = {a, b, c}, .preprocess = {.scale = 1}, .jobs = 2};
}

static amct_dataset *open_set(const char *name, const amct_dataset_options *options)
{
    amct_dataset *ds = NULL;
    cr_assert_eq(amct_dataset_open(&ds, fixture_path(name), options, &err), AMCT_OK, "%s",
                 err.text);
    return ds;
}

static void assert_refused(const char *name, const amct_dataset_options *options, amct_status code,
                           const char *words)
{
    amct_dataset *ds = NULL;
    cr_assert_eq(amct_dataset_open(&ds, fixture_path(name), options, &err), code, "%s", err.text);
    cr_assert_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    cr_assert_null(ds);
}

static void assert_sample(const amct_dataset *ds, uint32_t i, amct_data_layout layout,
                          const float *wanted)
{
    float *sample = malloc(ds->elements * sizeof *sample);
    amct_dataset_fetch(ds, &i, 1, layout, sample);
    for (size_t e = 0; e < ds->elements; e++)
        cr_assert_eq(sample[e], wanted[e], "sample %u, element %zu: %g", i, e, (double)sample[e]);
    free(sample);
}

/* ---- IDX ----------------------------------------------------------------------------------- */

static const uint32_t idx_dims[] = {3, 1, 2};
static const float idx_second[] = {3, 4};

static void write_idx_pair(const char *images, const char *labels, bool packed)
{
    blob b = make_idx(8, 3, idx_dims, "\1\2\3\4\5\6", 6),
         l = make_idx(8, 1, idx_dims, "\7\x8\x9", 3);
    if (packed) {
        blob image_file = make_gzip(b.data, b.size), label_file = make_gzip(l.data, l.size);
        blob_free(&b);
        blob_free(&l);
        b = image_file;
        l = label_file;
    }
    fixture_write_blob(images, b);
    fixture_write_blob(labels, l);
}

Test(data_files, idx_pairs_are_found_by_name)
{
    amct_dataset_options options = take(3, 1, 1, 2);
    write_idx_pair("a/t10k-images-idx3-ubyte", "a/t10k-labels-idx1-ubyte", false);
    write_idx_pair("b/t10k-images.idx3-ubyte.gz", "b/t10k-labels.idx1-ubyte.gz", true);
    write_idx_pair("c/images-idx3", "c/x", false);
    write_idx_pair("c/y", "c/labels-idx1.gz", true);
    static const char *const names[] = {"a/t10k-images-idx3-ubyte", "a",
                                        "b/t10k-images.idx3-ubyte.gz", "b", "c/images-idx3"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        amct_dataset *ds = open_set(names[i], &options);
        cr_assert_eq(ds->n, 3);
        cr_assert_str_eq(ds->format, "IDX");
        cr_assert_eq(ds->labels[0], 7);
        cr_assert_eq(ds->labels[2], 9);
        assert_sample(ds, 1, AMCT_NCHW, idx_second);
        amct_dataset_free(ds);
    }
}

Test(data_files, of_several_idx_pairs_one_must_be_named)
{
    amct_dataset_options options = take(3, 1, 1, 2);
    write_idx_pair("a/t10k-images-idx3-ubyte", "a/t10k-labels-idx1-ubyte", false);
    write_idx_pair("a/t10k-images-idx3-ubyte.gz", "a/t10k-labels-idx1-ubyte.gz", true);
    amct_dataset_free(open_set("a", &options)); /* the same one, packed */
    write_idx_pair("a/train-images-idx3-ubyte", "a/train-labels-idx1-ubyte", false);
    assert_refused("a", &options, AMCT_E_INVALID,
                   "holds 2 data sets, such as t10k-images-idx3-ubyte and "
                   "train-images-idx3-ubyte: give one of them");
}

Test(data_files, idx_with_wrong_labels_is_refused)
{
    amct_dataset_options options = take(3, 1, 1, 2);
    static const uint32_t two[] = {2};
    write_idx_pair("a/images-idx3", "a/labels-idx1", false);
    fixture_write_blob("a/labels-idx1", make_idx(8, 1, two, "\1\2", 2));
    assert_refused("a", &options, AMCT_E_FORMAT,
                   "labels-idx1: holds 2 labels, there are 3 samples");
    fixture_write_blob("a/labels-idx1", make_idx(8, 3, idx_dims, "\1\2\3\4\5\6", 6));
    assert_refused("a", &options, AMCT_E_FORMAT, "labels are one whole number a sample");
    cr_assert_eq(remove(fixture_path("a/labels-idx1")), 0);
    amct_dataset *ds = open_set("a", &options);
    cr_assert_null(ds->labels);
    amct_dataset_free(ds);
    fixture_write_text("l.txt", "4\n5\n6\n");
    options.labels_path = fixture_path("l.txt");
    options.n_classes = 6;
    assert_refused("a", &options, AMCT_E_INVALID,
                   "l.txt: line 3: sample 2: label 6 is outside of the network's classes 0 .. 5");
    options.n_classes = 7;
    ds = open_set("a", &options);
    cr_assert_eq(ds->labels[2], 6);
    amct_dataset_free(ds);
    fixture_write_text("l.txt", "4\n5\n");
    assert_refused("a", &options, AMCT_E_FORMAT, "l.txt: holds 2 labels, there are 3 samples");
}

Test(data_files, damaged_idx_packages_are_refused)
{
    amct_dataset_options options = take(3, 1, 1, 2);
    blob plain = make_idx(8, 3, idx_dims, "\1\2\3\4\5\6", 6),
         packed = make_gzip(plain.data, plain.size);
    fixture_write("images-idx3.gz", packed.data, packed.size - 9);
    assert_refused("images-idx3.gz", &options, AMCT_E_FORMAT,
                   "images-idx3.gz: the packed data are cut");
    blob_free(&packed);
    plain.data[7]++; /* one sample more is declared */
    fixture_write_blob("images-idx3.gz", make_gzip(plain.data, plain.size));
    assert_refused("images-idx3.gz", &options, AMCT_E_FORMAT, "22 bytes of data, 24 are declared");
    plain.data[4] = 0x7f; /* billions */
    fixture_write_blob("images-idx3.gz", make_gzip(plain.data, plain.size));
    assert_refused("images-idx3.gz", &options, AMCT_E_FORMAT, "which cannot come out of");
    fixture_write_blob("images-idx3.gz", make_gzip("hello", 5));
    assert_refused("images-idx3.gz", &options, AMCT_E_FORMAT, "not an IDX file");
    fixture_write_blob("images-idx3", plain);
    assert_refused("images-idx3", &options, AMCT_E_FORMAT, "the file is cut, or its shape wrong");
}

Test(data_files, unpacking_counts_toward_the_memory_limit)
{
    amct_dataset_options options = take(3, 1, 1, 2);
    write_idx_pair("images-idx3.gz", "labels-idx1.gz", true);
    options.memory_limit_bytes = 22 + 11 + 6; /* both files unpacked, and the samples */
    amct_dataset *ds = open_set("images-idx3.gz", &options);
    cr_assert_not(ds->spilled);
    amct_dataset_free(ds);
    options.memory_limit_bytes--;
    assert_refused("images-idx3.gz", &options, AMCT_E_LIMIT, "the memory limit leaves 0 MiB");
    options.spill_folder = fixture_path(".");
    ds = open_set("images-idx3.gz", &options);
    cr_assert(ds->spilled);
    assert_sample(ds, 1, AMCT_NCHW, idx_second);
    amct_dataset_free(ds);
    options.memory_limit_bytes = 1;
    ds = open_set("images-idx3.gz", &options);
    cr_assert_eq(ds->labels[2], 9);
    amct_dataset_free(ds);
}

Test(data_files, gray_arrays_become_colour_only_if_asked)
{
    amct_dataset_options options = take(3, 3, 1, 2);
    write_idx_pair("images-idx3", "labels-idx1", false);
    assert_refused("images-idx3", &options, AMCT_E_INVALID,
                   "samples of 1x2 do not have the 3 channels that the network takes: set "
                   "preprocess color");
    options.preprocess.color = AMCT_COLOR_RGB;
    amct_dataset *ds = open_set("images-idx3", &options);
    static const float repeated[] = {3, 4, 3, 4, 3, 4};
    assert_sample(ds, 1, AMCT_NCHW, repeated);
    amct_dataset_free(ds);
}

Test(data_files, arrays_are_resized_only_if_asked)
{
    amct_dataset_options options = take(3, 1, 2, 4);
    write_idx_pair("images-idx3", "labels-idx1", false);
    assert_refused("images-idx3", &options, AMCT_E_INVALID,
                   "the sample becomes 1x2, the network takes 2x4 (height x width): set preprocess "
                   "resize: 2x4 (--resize 2x4)");
    options.preprocess.resize = AMCT_RESIZE_TO;
    options.preprocess.resize_height = 2;
    options.preprocess.resize_width = 4;
    amct_dataset *ds = open_set("images-idx3", &options);
    static const float larger[] = {3, 3, 4, 4, 3, 3, 4, 4}; /* 3.25 and 3.75 rounded */
    assert_sample(ds, 1, AMCT_NCHW, larger);
    amct_dataset_free(ds);
}

Test(data_files, flat_networks_take_pictures_in_their_order)
{
    amct_dataset_options options = take(1, 2, 0, 0);
    write_idx_pair("images-idx3", "labels-idx1", false);
    amct_dataset *ds = open_set("images-idx3", &options);
    cr_assert_eq(ds->elements, 2);
    assert_sample(ds, 1, ds->layout, idx_second);
    amct_dataset_free(ds);
    options.dims[0] = 3;
    assert_refused("images-idx3", &options, AMCT_E_INVALID,
                   "a sample of 1x1x2 (channels x height x width) has 2 elements, the network "
                   "takes 3");
    options = take(0, 0, 0, 0);
    ds = open_set("images-idx3", &options);
    cr_assert_eq(ds->width, 2);
    amct_dataset_free(ds);
}

/* ---- CIFAR --------------------------------------------------------------------------------- */

Test(data_files, cifar_files_are_joined_in_the_order_of_names)
{
    amct_dataset_options options = take(3, 3, 32, 32);
    fixture_write_blob("c/data_batch_2.bin", make_cifar(4, false));
    fixture_write_blob("c/data_batch_1.bin", make_cifar(3, false));
    fixture_write_text("c/batches.meta.txt", "airplane\n");
    amct_dataset *ds = open_set("c", &options);
    static const int32_t labels[] = {0, 1, 2, 0, 1, 2, 3};
    cr_assert_eq(ds->n, 7);
    cr_assert_str_eq(ds->format, "CIFAR-10 binary");
    cr_assert_eq(memcmp(ds->labels, labels, sizeof labels), 0);
    float sample[3072];
    const uint32_t last = 6;
    amct_dataset_fetch(ds, &last, 1, AMCT_NCHW, sample);
    for (int k = 0; k < 3072; k++)
        cr_assert_eq(sample[k], (uint8_t)(3 + k));
    amct_dataset_free(ds);
    fixture_write_blob("c/data_batch_3.bin", make_cifar(30, true));
    assert_refused("c", &options, AMCT_E_FORMAT, "CIFAR-10 and CIFAR-100 records in one folder");
}

Test(data_files, cifar_100_has_fine_labels)
{
    amct_dataset_options options = take(3, 32, 32, 3);
    fixture_write_blob("test.bin", make_cifar(30, true));
    amct_dataset *ds = open_set("test.bin", &options);
    cr_assert_eq(ds->n, 30);
    cr_assert_eq(ds->labels[29], 29);
    cr_assert_eq(ds->layout, AMCT_NHWC);
    amct_dataset_free(ds);
    options.preprocess.color = AMCT_COLOR_GRAY;
    options.dims[2] = 1;
    ds = open_set("test.bin", &options);
    cr_assert_eq(ds->channels, 1);
    float sample[1024];
    const uint32_t zero = 0;
    amct_dataset_fetch(ds, &zero, 1, AMCT_NHWC, sample);
    cr_assert_eq(sample[5], 5); /* all three planes are equal: 1024 is 4 * 256 */
    amct_dataset_free(ds);
    fixture_write_text("short.bin", "xyz");
    assert_refused("short.bin", &options, AMCT_E_FORMAT, "3 bytes are not CIFAR records");
}

/* ---- NumPy --------------------------------------------------------------------------------- */

static const float six[] = {1, 2, 3, 4, 5, 6};

Test(data_files, float_arrays_are_taken_as_they_are)
{
    amct_dataset_options options = take(3, 1, 1, 3);
    options.preprocess.scale = 0;
    fixture_write_blob("x.npy", make_npy("<f4", "(2, 1, 1, 3)", six, sizeof six));
    fixture_write_blob("x_labels.npy",
                       make_npy("<i8", "(2,)", "\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0", 16));
    amct_dataset *ds = open_set("x.npy", &options);
    cr_assert_eq(ds->n, 2);
    cr_assert_eq(ds->labels[0], 3);
    cr_assert_eq(ds->labels[1], 4);
    assert_sample(ds, 1, AMCT_NCHW, six + 3);
    amct_dataset_free(ds);
    options.preprocess.scale = 2;
    options.preprocess.n_mean = 1;
    options.preprocess.mean[0] = 1;
    ds = open_set("x.npy", &options);
    static const float scaled[] = {7, 9, 11};
    assert_sample(ds, 1, AMCT_NCHW, scaled);
    amct_dataset_free(ds);
}

Test(data_files, layouts_of_arrays_are_recognised)
{
    static const float planar[] = {1, 2, 3, 4, 5, 6}, interleaved[] = {1, 3, 5, 2, 4, 6};
    amct_dataset_options options = take(3, 3, 1, 2);
    fixture_write_blob("p.npy", make_npy("<f4", "(1, 3, 1, 2)", six, sizeof six));
    fixture_write_blob("i.npy", make_npy("<f4", "(1, 1, 2, 3)", interleaved, sizeof interleaved));
    fixture_write_blob("u.npy", make_npy("|u1", "(1, 1, 2, 3)", "\1\3\5\2\4\6", 6));
    static const char *const names[] = {"p.npy", "i.npy", "u.npy"};
    for (int i = 0; i < 3; i++) {
        amct_dataset *ds = open_set(names[i], &options);
        assert_sample(ds, 0, AMCT_NCHW, planar);
        assert_sample(ds, 0, AMCT_NHWC, interleaved);
        amct_dataset_free(ds);
    }
    options = take(3, 4, 1, 2);
    assert_refused("p.npy", &options, AMCT_E_INVALID,
                   "samples of 3x1x2 do not have the 4 channels that the network takes");
    options = take(3, 3, 2, 2);
    assert_refused("p.npy", &options, AMCT_E_INVALID,
                   "samples are 1x2, the network takes 2x2 (height x width)");
}

Test(data_files, where_both_dims_may_be_channels_sizes_decide)
{
    uint8_t data[3 * 2 * 3];
    for (int i = 0; i < 18; i++)
        data[i] = (uint8_t)i;
    fixture_write_blob("x.npy", make_npy("|u1", "(1, 3, 2, 3)", data, 18));
    amct_dataset_options options = take(3, 3, 2, 3); /* 3 channels of 2 x 3 */
    amct_dataset *ds = open_set("x.npy", &options);
    float sample[18];
    const uint32_t zero = 0;
    cr_assert_eq(ds->height, 2);
    amct_dataset_fetch(ds, &zero, 1, AMCT_NCHW, sample);
    cr_assert_eq(sample[1], 1);
    amct_dataset_free(ds);
    options = take(3, 3, 3, 2); /* 3 channels of 3 x 2: the last dim is the channel */
    ds = open_set("x.npy", &options);
    cr_assert_eq(ds->height, 3);
    amct_dataset_fetch(ds, &zero, 1, AMCT_NCHW, sample);
    cr_assert_eq(sample[1], 3);
    amct_dataset_free(ds);
}

Test(data_files, as_many_elements_are_taken_row_by_row)
{
    static const struct {
        const char *descr, *shape;
        amct_dataset_options options;
    } cases[] = {
        {"<f4", "(1, 2, 3)", {.rank = 2, .dims = {6, 1}}},
        {"<f4", "(1, 2, 3)", {.rank = 3, .dims = {1, 1, 6}}},
        {"<f4", "(1, 3, 2)", {.rank = 4, .dims = {1, 6, 1, 1}}},
        {"<f4", "(1, 1, 2, 1, 3)", {.rank = 2, .dims = {6, 1}}},
        {"<f4", "(1, 1, 2, 1, 3)", {.rank = 3, .dims = {1, 1, 6}}},
        {"|u1", "(1, 2, 3)", {.rank = 2, .dims = {6, 1}}},
        {"|u1", "(1, 1, 2, 3)", {.rank = 3, .dims = {1, 6, 1}}},
        {"|u1", "(1, 2, 3)", {.rank = 4, .dims = {1, 1, 6, 1}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amct_dataset_options options = cases[i].options;
        bool bytes = cases[i].descr[0] == '|';
        options.preprocess.scale = options.jobs = 1;
        fixture_write_blob("x.npy", make_npy(cases[i].descr, cases[i].shape,
                                             bytes ? "\1\2\3\4\5\6" : (const void *)six,
                                             bytes ? 6 : sizeof six));
        amct_dataset *ds = NULL;
        cr_assert_eq(amct_dataset_open(&ds, fixture_path("x.npy"), &options, &err), AMCT_OK,
                     "case %zu: %s", i, err.text);
        assert_sample(ds, 0, AMCT_NCHW, six);
        amct_dataset_free(ds);
    }
    amct_dataset_options options = take(2, 3, 2, 0); /* turned over: nobody meant that */
    fixture_write_blob("x.npy", make_npy("<f4", "(1, 2, 3)", six, sizeof six));
    assert_refused("x.npy", &options, AMCT_E_INVALID, "samples are 2x3, the network takes 3x2");
    options = take(4, 1, 3, 1);
    options.dims[3] = 2;
    assert_refused("x.npy", &options, AMCT_E_INVALID, "samples of 2x3 do not have the dims");
    options = take(2, 6, 1, 0); /* something else is asked for */
    options.preprocess.crop_height = options.preprocess.crop_width = 1;
    assert_refused("x.npy", &options, AMCT_E_INVALID, "only images can be resized or cropped");
}

Test(data_files, arrays_of_other_ranks_keep_their_order)
{
    amct_dataset_options options = {.rank = 4, .dims = {1, 2, 1, 3}};
    fixture_write_blob("x.npy", make_npy("<f4", "(1, 1, 2, 1, 3)", six, sizeof six));
    amct_dataset *ds = open_set("x.npy", &options);
    assert_sample(ds, 0, AMCT_NCHW, six);
    amct_dataset_free(ds);
    options.dims[1] = 3;
    assert_refused("x.npy", &options, AMCT_E_INVALID,
                   "samples of 1x2x1x3 do not have the dims of the network's input");
    options = (amct_dataset_options){.rank = 1, .dims = {3}};
    fixture_write_blob("y.npy", make_npy("<f4", "(2, 3)", six, sizeof six));
    ds = open_set("y.npy", &options);
    assert_sample(ds, 1, AMCT_NHWC, six + 3);
    amct_dataset_free(ds);
    options = take(3, 3, 1, 1); /* a flat sample of the right size */
    ds = open_set("y.npy", &options);
    assert_sample(ds, 1, AMCT_NCHW, six + 3);
    amct_dataset_free(ds);
    options = take(2, 1, 3, 0);
    fixture_write_blob("z.npy", make_npy("<f4", "(2, 1, 3)", six, sizeof six));
    ds = open_set("z.npy", &options);
    assert_sample(ds, 1, AMCT_NCHW, six + 3);
    amct_dataset_free(ds);
    fixture_write_blob("s.npy", make_npy("<f4", "(6,)", six, sizeof six));
    options = (amct_dataset_options){.rank = 1, .dims = {1}};
    ds = open_set("s.npy", &options);
    cr_assert_eq(ds->n, 6);
    amct_dataset_free(ds);
}

Test(data_files, flat_bytes_are_pictures_without_a_shape)
{
    fixture_write_blob("x.npy", make_npy("|u1", "(2, 6)", "\0\1\2\3\4\5\1\2\3\4\5\6", 12));
    amct_dataset_options options = {.rank = 1, .dims = {6}, .preprocess = {.scale = 1}};
    amct_dataset *ds = open_set("x.npy", &options);
    cr_assert_eq(ds->bytes, 12);
    assert_sample(ds, 1, AMCT_NCHW, six);
    amct_dataset_free(ds);
    options = take(3, 3, 1, 2); /* their order is the network's */
    ds = open_set("x.npy", &options);
    static const float interleaved[] = {1, 3, 5, 2, 4, 6};
    assert_sample(ds, 1, AMCT_NCHW, six);
    assert_sample(ds, 1, AMCT_NHWC, interleaved);
    amct_dataset_free(ds);
    options.preprocess.scale = 0;
    ds = open_set("x.npy", &options);
    static const float ratios[] = {1 / 255.f, 2 / 255.f, 3 / 255.f,
                                   4 / 255.f, 5 / 255.f, 6 / 255.f};
    assert_sample(ds, 1, AMCT_NCHW, ratios);
    amct_dataset_free(ds);
    options.preprocess.resize = AMCT_RESIZE_SHORT;
    options.preprocess.resize_height = 2;
    assert_refused("x.npy", &options, AMCT_E_INVALID, "only images can be resized");
}

Test(data_files, only_images_are_resized)
{
    amct_dataset_options options = take(3, 1, 1, 3);
    options.preprocess.resize = AMCT_RESIZE_SHORT;
    options.preprocess.resize_height = 1;
    fixture_write_blob("x.npy", make_npy("<f4", "(2, 1, 1, 3)", six, sizeof six));
    assert_refused("x.npy", &options, AMCT_E_INVALID, "only images can be resized or cropped");
    options = take(3, 1, 1, 3);
    options.preprocess.color = AMCT_COLOR_BGR;
    assert_refused("x.npy", &options, AMCT_E_INVALID, "color can be changed in images alone");
}

Test(data_files, values_that_are_no_numbers_name_the_sample)
{
    float data[6] = {1, 2, 3, 4, NAN, 6};
    amct_dataset_options options = take(1, 3, 0, 0);
    fixture_write_blob("x.npy", make_npy("<f4", "(2, 3)", data, sizeof data));
    assert_refused("x.npy", &options, AMCT_E_FORMAT,
                   "x.npy: sample 1: holds a value that is not a finite number");
    data[4] = INFINITY;
    fixture_write_blob("x.npy", make_npy("<f4", "(2, 3)", data, sizeof data));
    assert_refused("x.npy", &options, AMCT_E_FORMAT, "not a finite number");
}

Test(data_files, labels_beside_an_array_are_found_and_checked)
{
    amct_dataset_options options = take(1, 3, 0, 0);
    fixture_write_blob("d/x.npy", make_npy("<f4", "(2, 3)", six, sizeof six));
    fixture_write_blob("d/labels.npy", make_npy("|u1", "(2, 1)", "\1\2", 2));
    amct_dataset *ds = open_set("d", &options);
    cr_assert_eq(ds->labels[1], 2);
    amct_dataset_free(ds);
    fixture_write_blob("d/labels.npy", make_npy("|u1", "(3,)", "\1\2\3", 3));
    assert_refused("d", &options, AMCT_E_FORMAT, "labels.npy: holds 3 labels, there are 2 samples");
    fixture_write_blob("d/labels.npy", make_npy("<f4", "(2,)", six, 8));
    assert_refused("d", &options, AMCT_E_FORMAT, "labels are one whole number a sample");
    fixture_write_blob("d/labels.npy", make_npy("|O", "(2,)", six, 8));
    assert_refused("d", &options, AMCT_E_UNSUPPORTED, "labels.npy: holds Python objects");
}

Test(data_files, archives_of_arrays_are_read)
{
    amct_dataset_options options = take(1, 3, 0, 0);
    blob x = make_npy("<f4", "(2, 3)", six, sizeof six), y = make_npy("|u1", "(2,)", "\5\6", 2);
    static const char *const names[][2] = {
        {"x.npy", "y.npy"}, {"images.npy", "labels.npy"}, {"anything.npy", "y.npy"}};
    for (int i = 0; i < 6; i++) {
        zip_fixture members[] = {make_member(names[i / 2][0], x.data, x.size, i % 2),
                                 make_member(names[i / 2][1], y.data, y.size, i % 2)};
        fixture_write_blob("a.npz", make_zip(members, 2));
        amct_dataset *ds = open_set("a.npz", &options);
        cr_assert_eq(ds->n, 2);
        cr_assert_eq(ds->labels[0], 5);
        assert_sample(ds, 1, AMCT_NCHW, six + 3);
        amct_dataset_free(ds);
        fixture_write_blob("a.npz", make_zip(members, 1));
        ds = open_set("a.npz", &options);
        cr_assert_null(ds->labels);
        amct_dataset_free(ds);
        free_members(members, 2);
    }
    blob_free(&x);
    blob_free(&y);
}

Test(data_files, archives_without_a_clear_array_are_refused)
{
    amct_dataset_options options = take(1, 3, 0, 0);
    blob x = make_npy("<f4", "(2, 3)", six, sizeof six);
    zip_fixture members[] = {make_member("x_train.npy", x.data, x.size, true),
                             make_member("x_test.npy", x.data, x.size, false)};
    fixture_write_blob("a.npz", make_zip(members, 2));
    assert_refused("a.npz", &options, AMCT_E_FORMAT,
                   "a.npz: holds x_train.npy and x_test.npy: call the samples x, images, data or "
                   "input");
    free_members(members, 2);
    members[0] = make_member("note.txt", "hello", 5, false);
    fixture_write_blob("a.npz", make_zip(members, 1));
    assert_refused("a.npz", &options, AMCT_E_FORMAT, "holds no array of samples");
    free_members(members, 1);
    members[0] = make_member("x.npy", x.data, x.size, true);
    members[0].bytes += 4;
    fixture_write_blob("a.npz", make_zip(members, 1));
    assert_refused("a.npz", &options, AMCT_E_FORMAT, "a.npz: x.npy: ");
    free_members(members, 1);
    blob_free(&x);
}

/* ---- Raw files ----------------------------------------------------------------------------- */

Test(data_files, folders_of_raw_samples_are_read)
{
    amct_dataset_options options = take(3, 3, 1, 2);
    fixture_write("r/b.bin", six, sizeof six);
    fixture_write("r/a.bin", six, sizeof six);
    fixture_write("r/cut.bin", six, 20);
    options.preprocess.scale = 0;
    amct_dataset *ds = open_set("r", &options);
    cr_assert_eq(ds->n, 2);
    cr_assert_null(ds->labels);
    cr_assert_eq(ds->n_unreadable, 1);
    cr_assert_str_eq(ds->unreadable[0].name, "cut.bin");
    cr_assert_str_eq(ds->unreadable[0].reason,
                     "has 20 bytes, one sample of the network's input takes 24 (float32)");
    assert_sample(ds, 0, AMCT_NCHW, six);
    static const float interleaved[] = {1, 3, 5, 2, 4, 6};
    assert_sample(ds, 0, AMCT_NHWC, interleaved);
    amct_dataset_free(ds);
    fixture_write_text("l.txt", "1\n2\n3\n");
    options.labels_path = fixture_path("l.txt");
    ds = open_set("r", &options);
    cr_assert_eq(ds->labels[1], 2);
    amct_dataset_free(ds);
    options = take(3, 3, 1, 3);
    assert_refused("r", &options, AMCT_E_FORMAT,
                   "neither CIFAR records nor samples of the network's input, 36 bytes");
    options = take(3, 3, AMCT_DIM_UNKNOWN, 3);
    assert_refused("r", &options, AMCT_E_INVALID, "whose size is not known");
}

Test(data_files, lists_of_raw_samples_may_have_labels)
{
    amct_dataset_options options = take(3, 3, 1, 2);
    options.preprocess.scale = 0;
    fixture_write("r/b 1.bin", six, sizeof six);
    fixture_write("r/a.bin", six, sizeof six);
    fixture_write_text("r/list.txt", "b 1.bin 4\na.bin 2\n");
    amct_dataset *ds = open_set("r", &options);
    cr_assert_eq(ds->n, 2);
    cr_assert_eq(ds->labels[0], 4);
    amct_dataset_free(ds);
    fixture_write_text("r/list.txt", "b 1.bin\n");
    ds = open_set("r/list.txt", &options);
    cr_assert_eq(ds->n, 1);
    cr_assert_null(ds->labels);
    amct_dataset_free(ds);
    fixture_write_text("r/list.txt", "a.bin\nb.png\n");
    assert_refused("r", &options, AMCT_E_FORMAT, "list.txt: lists .bin files and others");
    fixture_write_text("r/list.txt", "nowhere.bin\n");
    assert_refused("r", &options, AMCT_E_FORMAT, "none of its 1 files can be read");
}

Test(data_files, folders_of_several_kinds_are_refused)
{
    amct_dataset_options options = take(3, 3, 1, 2);
    fixture_write("m/a.bin", six, sizeof six);
    fixture_write_blob("m/x.npy", make_npy("<f4", "(2, 3)", six, sizeof six));
    assert_refused("m", &options, AMCT_E_INVALID,
                   "m: holds .bin files and NumPy files: give a folder of one of them, or a file");
    fixture_write_blob("n/x.npy", make_npy("<f4", "(2, 3)", six, sizeof six));
    fixture_write_blob("n/y.npz", make_npy("<f4", "(2, 3)", six, sizeof six));
    assert_refused("n", &options, AMCT_E_INVALID, "holds 2 data sets, such as x.npy and y.npz");
}
