/* Folders and files of pictures, and what all data sets have in common. */
#include "data/dataset.h"
#include "unit/data_fixture.h"

#include <criterion/criterion.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <turbojpeg.h>
#include <unistd.h>

static amct_err err;

TestSuite(data_dataset, .init = fixture_setup, .fini = fixture_teardown);

/* Raw pixel values of a 3 x 8 x 8 input. */
static amct_dataset_options options_8x8(void)
{
    return (amct_dataset_options){
        .rank = 3, .dims = {3, 8, 8}, .preprocess = {.scale = 1}, .jobs = 3};
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
    cr_assert_eq(strncmp(err.text, fixture_path(""), strlen(fixture_path("")) - 1), 0,
                 "'%s' begins with no path", err.text);
    cr_assert_null(ds);
}

/* A PNG of one gray value in 8 x 8 pixels. */
static void write_gray(const char *name, uint8_t value)
{
    uint8_t pixels[64];
    memset(pixels, value, sizeof pixels);
    fixture_write_blob(name, make_png(pixels, 8, 8, 8, PNG_COLOR_TYPE_GRAY, false));
}

static float first_value(const amct_dataset *ds, uint32_t i)
{
    float *sample = malloc(ds->elements * sizeof *sample);
    amct_dataset_fetch(ds, &i, 1, AMCT_NCHW, sample);
    float value = sample[0];
    free(sample);
    return value;
}

/* ---- Folders of pictures ------------------------------------------------------------------- */

Test(data_dataset, class_folders_give_labels_by_name)
{
    amct_dataset_options options = options_8x8();
    options.n_classes = 3;
    write_gray("val/cat/2.png", 12);
    write_gray("val/cat/1.png", 11);
    write_gray("val/dog/1.png", 31);
    write_gray("val/bee/1.PNG", 1);
    fixture_write_text("val/readme.md", "not a picture");
    fixture_write_text("val/dog/notes.txt", "nor this");
    amct_dataset *ds = open_set("val", &options);
    static const int32_t labels[] = {0, 1, 1, 2};
    static const float values[] = {1, 11, 12, 31};
    cr_assert_eq(ds->n, 4);
    cr_assert_str_eq(ds->format, "images in class folders");
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(ds->labels[i], labels[i]);
        cr_assert_eq(first_value(ds, i), values[i]);
    }
    cr_assert_eq(ds->bytes, 4 * 192);
    cr_assert_not(ds->spilled);
    amct_dataset_free(ds);
}

Test(data_dataset, class_folders_must_be_all_there)
{
    amct_dataset_options options = options_8x8();
    write_gray("val/cat/1.png", 1);
    write_gray("val/dog/1.png", 2);
    options.n_classes = 3;
    assert_refused("val", &options, AMCT_E_INVALID, "has 2 class folders, the network 3 classes");
    options.label_offset = 1;
    amct_dataset *ds = open_set("val", &options);
    cr_assert_eq(ds->labels[0], 1);
    cr_assert_eq(ds->labels[1], 2);
    amct_dataset_free(ds);
    write_gray("num/2/1.png", 1);
    write_gray("num/10/1.png", 2);
    options = options_8x8();
    assert_refused("num", &options, AMCT_E_INVALID, "the class folder '10' is not at that place");
    write_gray("fine/0/1.png", 1);
    write_gray("fine/1/1.png", 2);
    ds = open_set("fine", &options);
    cr_assert_eq(ds->labels[1], 1);
    amct_dataset_free(ds);
}

Test(data_dataset, labels_txt_lists_the_samples)
{
    amct_dataset_options options = options_8x8();
    write_gray("val/a b.png", 1);
    write_gray("val/c.png", 2);
    write_gray("val/unlisted.png", 3);
    write_gray("val/sub/d.png", 4);
    fixture_write_text("val/labels.txt", "sub/d.png 7\na b.png 5\n");
    amct_dataset *ds = open_set("val", &options);
    cr_assert_eq(ds->n, 2);
    cr_assert_str_eq(ds->format, "listed images");
    cr_assert_eq(ds->labels[0], 7);
    cr_assert_eq(first_value(ds, 0), 4);
    cr_assert_eq(ds->labels[1], 5);
    amct_dataset *again = open_set("val/labels.txt", &options);
    cr_assert_eq(again->n, 2);
    cr_assert(amct_hash_equal(again->fingerprint, ds->fingerprint));
    amct_dataset_free(again);
    amct_dataset_free(ds);
    fixture_write_text("other.txt", "c.png 1\n");
    options.labels_path = fixture_path("other.txt");
    ds = open_set("val", &options);
    cr_assert_eq(ds->n, 1);
    cr_assert_eq(first_value(ds, 0), 2);
    amct_dataset_free(ds);
}

Test(data_dataset, a_sample_with_two_labels_is_refused)
{
    amct_dataset_options options = options_8x8();
    write_gray("val/a.png", 1);
    write_gray("val/b.png", 2);
    fixture_write_text("val/labels.txt", "a.png 1\nb.png 2\na.png 3\n");
    assert_refused("val", &options, AMCT_E_FORMAT,
                   "labels.txt: line 3: 'a.png' has label 3, in line 1 it has 1");
    fixture_write_text("val/labels.txt", "a.png 1\nb.png 2\na.png 1\n");
    amct_dataset *ds = open_set("val", &options);
    cr_assert_eq(ds->n, 3);
    amct_dataset_free(ds);
}

Test(data_dataset, labels_out_of_range_name_sample_and_line)
{
    amct_dataset_options options = options_8x8();
    options.n_classes = 10;
    write_gray("val/a.png", 1);
    write_gray("val/b.png", 1);
    fixture_write_text("val/labels.txt", "a.png 9\n\nb.png 10\n");
    assert_refused("val", &options, AMCT_E_INVALID,
                   "labels.txt: line 3: sample 'b.png': label 10 is outside of the network's "
                   "classes 0 .. 9");
    options.label_offset = 1;
    assert_refused("val", &options, AMCT_E_INVALID,
                   "line 1: sample 'a.png': label 9 + label_offset 1 is outside");
    options.label_offset = -10;
    assert_refused("val", &options, AMCT_E_INVALID, "label 9 + label_offset -10 is outside");
    options = options_8x8();
    fixture_write_text("val/labels.txt", "a.png -1\nb.png 10\n");
    assert_refused("val", &options, AMCT_E_INVALID, "label -1 is outside of 0 .. 2147483647");
    fixture_write_text("val/labels.txt", "a.png 1\nb.png\n");
    assert_refused("val", &options, AMCT_E_FORMAT,
                   "labels.txt: line 2: 'b.png' does not end with a label");
}

Test(data_dataset, pictures_alone_have_no_labels)
{
    amct_dataset_options options = options_8x8();
    options.n_classes = 10;
    write_gray("val/b.png", 2);
    write_gray("val/a.png", 1);
    amct_dataset *ds = open_set("val", &options);
    cr_assert_eq(ds->n, 2);
    cr_assert_null(ds->labels);
    cr_assert_eq(first_value(ds, 0), 1);
    amct_dataset_free(ds);
    write_gray("val/sub/a.png", 1);
    assert_refused("val", &options, AMCT_E_INVALID, "holds images and folders of images");
}

Test(data_dataset, folders_without_data_say_what_is_wanted)
{
    amct_dataset_options options = options_8x8();
    fixture_write_text("val/class/readme.txt", "x");
    assert_refused("val", &options, AMCT_E_FORMAT, "holds no data: wanted images (JPEG, PNG;");
    assert_refused("nowhere", &options, AMCT_E_IO, "No such file");
    fixture_write_text("x.dat", "something");
    assert_refused("x.dat", &options, AMCT_E_FORMAT, "is no data: wanted a folder of images");
    fixture_write_text("empty.txt", "");
    assert_refused("empty.txt", &options, AMCT_E_FORMAT, "names no samples");
}

Test(data_dataset, an_unreadable_picture_is_listed_not_fatal)
{
    amct_dataset_options options = options_8x8();
    write_gray("val/x/1.png", 1);
    fixture_write_text("val/x/2.png", "no picture");
    fixture_write_text("val/x/3.jpg", "");
    write_gray("val/y/4.png", 4);
    fixture_write_text("val/y/5.gif", "GIF89a");
    write_gray("val/y/6.png", 6);
    cr_assert_eq(symlink("/no/such/file", fixture_path("val/y/7.png")), 0);
    amct_dataset *ds = open_set("val", &options);
    cr_assert_eq(ds->n, 3);
    cr_assert_eq(ds->n_unreadable, 4);
    cr_assert_str_eq(ds->unreadable[0].name, "x/2.png");
    cr_assert_str_eq(ds->unreadable[0].reason, "neither a JPEG nor a PNG file");
    cr_assert_str_eq(ds->unreadable[1].reason, "an empty file");
    cr_assert_str_eq(ds->unreadable[2].name, "y/5.gif");
    cr_assert_not_null(strstr(ds->unreadable[3].reason, "No such file"));
    static const int32_t labels[] = {0, 1, 1};
    static const float values[] = {1, 4, 6};
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(ds->labels[i], labels[i]);
        cr_assert_eq(first_value(ds, i), values[i]);
    }
    amct_dataset_free(ds);
}

Test(data_dataset, only_unreadable_pictures_are_an_error)
{
    amct_dataset_options options = options_8x8();
    fixture_write_text("val/1.png", "no picture");
    fixture_write_text("val/2.png", "no picture");
    assert_refused("val", &options, AMCT_E_FORMAT,
                   "none of its 2 files can be read; the first: 1.png: neither a JPEG nor a PNG");
}

/* ---- What becomes of a picture ------------------------------------------------------------- */

Test(data_dataset, layouts_and_colours_are_as_asked)
{
    amct_dataset_options options = {.rank = 3, .dims = {3, 1, 2}, .preprocess = {.scale = 1}};
    const uint8_t rgb[] = {1, 2, 3, 4, 5, 6};
    const uint32_t zero = 0;
    float sample[6];
    static const float planar[] = {1, 4, 2, 5, 3, 6}, interleaved[] = {1, 2, 3, 4, 5, 6};
    static const float bgr[] = {3, 6, 2, 5, 1, 4};
    fixture_write_blob("val/a.png", make_png(rgb, 2, 1, 8, PNG_COLOR_TYPE_RGB, false));
    amct_dataset *ds = open_set("val", &options);
    cr_assert_eq(ds->layout, AMCT_NCHW);
    amct_dataset_fetch(ds, &zero, 1, AMCT_NCHW, sample);
    cr_assert_eq(memcmp(sample, planar, sizeof sample), 0);
    amct_dataset_fetch(ds, &zero, 1, AMCT_NHWC, sample);
    cr_assert_eq(memcmp(sample, interleaved, sizeof sample), 0);
    amct_dataset_free(ds);
    options.preprocess.color = AMCT_COLOR_BGR;
    ds = open_set("val", &options);
    amct_dataset_fetch(ds, &zero, 1, AMCT_NCHW, sample);
    cr_assert_eq(memcmp(sample, bgr, sizeof sample), 0);
    amct_dataset_free(ds);
    options = (amct_dataset_options){
        .rank = 3,
        .dims = {AMCT_DIM_UNKNOWN, 2, 3},
        .preprocess = {.resize = AMCT_RESIZE_TO, .resize_height = 4, .resize_width = 2}};
    ds = open_set("val", &options); /* 3 at the end alone: height x width x channel */
    cr_assert_eq(ds->layout, AMCT_NHWC);
    cr_assert_eq(ds->height, 4);
    cr_assert_eq(ds->width, 2);
    cr_assert_eq(ds->channels, 3);
    cr_assert_eq(first_value(ds, 0), (float)(1.0 / 255));
    amct_dataset_free(ds);
}

Test(data_dataset, gray_and_colour_follow_the_network)
{
    amct_dataset_options options = {.rank = 3, .dims = {1, 1, 1}, .preprocess = {.scale = 1}};
    const uint8_t rgb[] = {255, 0, 0}, gray[] = {9};
    fixture_write_blob("val/a.png", make_png(rgb, 1, 1, 8, PNG_COLOR_TYPE_RGB, false));
    fixture_write_blob("val/b.png", make_png(gray, 1, 1, 8, PNG_COLOR_TYPE_GRAY, false));
    amct_dataset *ds = open_set("val", &options);
    cr_assert_eq(first_value(ds, 0), 76);
    cr_assert_eq(first_value(ds, 1), 9);
    amct_dataset_free(ds);
    options.preprocess.color = AMCT_COLOR_RGB;
    assert_refused("val", &options, AMCT_E_INVALID, "images have 3 channels, the network takes 1");
    options = (amct_dataset_options){.rank = 3, .dims = {4, 2, 2}};
    assert_refused("val", &options, AMCT_E_INVALID, "images have 3 channels, the network takes 4");
    options = (amct_dataset_options){
        .rank = 1,
        .dims = {1},
        .preprocess = {.resize = AMCT_RESIZE_TO, .resize_height = 1, .resize_width = 1}};
    ds = open_set("val", &options); /* a flat input of one value: gray */
    cr_assert_eq(ds->elements, 1);
    amct_dataset_free(ds);
    options.dims[0] = 5;
    assert_refused("val", &options, AMCT_E_INVALID, "has 3 elements, the network takes 5");
    options = (amct_dataset_options){.rank = 4, .dims = {1, 1, 1, 1}};
    assert_refused("val", &options, AMCT_E_INVALID, "do not fit a network input of 4 dims");
    options = (amct_dataset_options){.rank = 3, .dims = {3, AMCT_DIM_UNKNOWN, 1}};
    assert_refused("val", &options, AMCT_E_INVALID, "leaves the size of images open");
    options = (amct_dataset_options){.rank = 3, .dims = {3, 0, 1}};
    assert_refused("val", &options, AMCT_E_INVALID, "has a dim of 0");
}

Test(data_dataset, values_are_normalised_per_channel)
{
    amct_dataset_options options = {.rank = 3,
                                    .dims = {3, 8, 8},
                                    .preprocess = {.scale = 1.0 / 255,
                                                   .n_mean = 3,
                                                   .mean = {0.485, 0.456, 0.406},
                                                   .n_std = 3,
                                                   .std = {0.229, 0.224, 0.225}}};
    const uint32_t zero = 0;
    float sample[192];
    write_gray("val/a.png", 51);
    amct_dataset *ds = open_set("val", &options);
    amct_dataset_fetch(ds, &zero, 1, AMCT_NCHW, sample);
    for (int c = 0; c < 3; c++)
        cr_assert_float_eq(sample[64 * c],
                           (0.2 - options.preprocess.mean[c]) / options.preprocess.std[c], 1e-6);
    amct_dataset_free(ds);
    options.preprocess.scale = 0;
    assert_refused("val", &options, AMCT_E_INVALID, "mean and std need their scale");
}

Test(data_dataset, sizes_that_miss_the_network_name_the_picture)
{
    amct_dataset_options options = options_8x8();
    options.preprocess.resize = AMCT_RESIZE_SHORT;
    options.preprocess.resize_height = 8;
    fixture_write_blob("val/a.jpg", make_plain_jpeg(8, 8, 1, 2, 3));
    fixture_write_blob("val/b.jpg", make_plain_jpeg(16, 8, 1, 2, 3));
    fixture_write_blob("val/c.jpg", make_plain_jpeg(24, 8, 1, 2, 3));
    for (options.jobs = 1; options.jobs <= 4; options.jobs++)
        assert_refused("val", &options, AMCT_E_INVALID,
                       "val/b.jpg: the sample becomes 8x16, the network takes 8x8 (height x "
                       "width): set preprocess crop: 8x8 (--crop 8x8)");
}

Test(data_dataset, unsaid_preprocessing_resizes_and_crops)
{
    amct_dataset_options options = options_8x8();
    uint8_t *pixels = calloc(90 * 45, 3);
    for (size_t i = 0; i < 90 * 45; i++) /* a white middle, a black border */
        if (i % 90 >= 20 && i % 90 < 70)
            memset(pixels + 3 * i, 255, 3);
    fixture_write_blob("val/a.png", make_png(pixels, 90, 45, 8, PNG_COLOR_TYPE_RGB, false));
    free(pixels);
    amct_dataset *ds = open_set("val", &options);
    const uint32_t zero = 0;
    float sample[192];
    amct_dataset_fetch(ds, &zero, 1, AMCT_NCHW, sample);
    for (int i = 0; i < 192; i++) /* the short side becomes 9, the middle 8 stay */
        cr_assert_eq(sample[i], 255);
    amct_dataset_free(ds);
}

/* ---- All data sets ------------------------------------------------------------------------- */

static void write_many(int n)
{
    char name[32];
    uint8_t pixels[192];
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 192; k++)
            pixels[k] = (uint8_t)(i * 31 + k * 7);
        snprintf(name, sizeof name, "val/%03d.jpg", i);
        fixture_write_blob(name, make_jpeg(pixels, 8, 8, TJPF_RGB, false));
    }
}

static void assert_same_samples(const amct_dataset *a, const amct_dataset *b)
{
    cr_assert_eq(a->n, b->n);
    float *x = malloc(a->elements * sizeof *x), *y = malloc(a->elements * sizeof *y);
    for (uint32_t i = 0; i < a->n; i++) {
        amct_dataset_fetch(a, &i, 1, AMCT_NCHW, x);
        amct_dataset_fetch(b, &i, 1, AMCT_NCHW, y);
        cr_assert_eq(memcmp(x, y, a->elements * sizeof *x), 0);
    }
    free(x);
    free(y);
}

Test(data_dataset, processes_and_spilling_change_nothing)
{
    amct_dataset_options options = options_8x8();
    write_many(40);
    fixture_write_text("val/017.jpg", "damaged");
    fixture_write_text("spill/keep", "");
    options.jobs = 1;
    amct_dataset *one = open_set("val", &options);
    options.jobs = 5;
    options.memory_limit_bytes = 40 * 192 - 1;
    options.spill_folder = fixture_path("spill");
    amct_dataset *five = open_set("val", &options);
    cr_assert_not(one->spilled);
    cr_assert(five->spilled);
    cr_assert_eq(one->n, 39);
    assert_same_samples(one, five);
    cr_assert(amct_hash_equal(one->fingerprint, five->fingerprint));
    cr_assert_eq(remove(fixture_path("spill/keep")), 0);
    cr_assert_eq(rmdir(fixture_path("spill")), 0, "the spill file has a name");
    assert_same_samples(one, five);
    amct_dataset_free(one);
    amct_dataset_free(five);
}

Test(data_dataset, beyond_the_memory_limit_without_a_folder_is_an_error)
{
    amct_dataset_options options = options_8x8();
    write_many(40);
    options.memory_limit_bytes = 1000;
    amct_dataset *ds = NULL;
    cr_assert_eq(amct_dataset_open(&ds, fixture_path("val"), &options, &err), AMCT_E_LIMIT);
    cr_assert_not_null(strstr(err.text, "the memory limit leaves"));
    options.spill_folder = fixture_path("nowhere");
    cr_assert_eq(amct_dataset_open(&ds, fixture_path("val"), &options, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "of samples in "));
}

Test(data_dataset, processes_forked_later_see_the_same_samples)
{
    amct_dataset_options options = options_8x8();
    write_many(3);
    amct_dataset *ds = open_set("val", &options);
    float here = first_value(ds, 2);
    pid_t child = fork();
    if (child == 0)
        _exit(first_value(ds, 2) == here ? 7 : 1);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    amct_dataset_free(ds);
}

Test(data_dataset, the_fingerprint_follows_contents_not_places)
{
    amct_dataset_options options = options_8x8();
    write_gray("a/x/1.png", 1);
    write_gray("a/y/2.png", 2);
    write_gray("b/x/1.png", 1);
    write_gray("b/y/2.png", 2);
    write_gray("c/x/1.png", 1);
    write_gray("c/y/2.png", 3);
    write_gray("d/x/1.png", 1);
    write_gray("d/y/3.png", 2);
    amct_dataset *a = open_set("a", &options), *b = open_set("b", &options),
                 *c = open_set("c", &options), *d = open_set("d", &options);
    cr_assert(amct_hash_equal(a->fingerprint, b->fingerprint));
    cr_assert_not(amct_hash_equal(a->fingerprint, c->fingerprint));
    cr_assert_not(amct_hash_equal(a->fingerprint, d->fingerprint));
    amct_dataset_free(b);
    amct_dataset_free(c);
    amct_dataset_free(d);
    options.preprocess.color = AMCT_COLOR_BGR;
    b = open_set("a", &options);
    options = options_8x8();
    options.label_offset = 1;
    c = open_set("a", &options);
    options = options_8x8();
    options.preprocess.scale = 2;
    d = open_set("a", &options);
    cr_assert_not(amct_hash_equal(a->fingerprint, b->fingerprint));
    cr_assert_not(amct_hash_equal(a->fingerprint, c->fingerprint));
    cr_assert_not(amct_hash_equal(a->fingerprint, d->fingerprint));
    amct_dataset_free(a);
    amct_dataset_free(b);
    amct_dataset_free(c);
    amct_dataset_free(d);
    amct_dataset_free(NULL);
}
