#include "data/boxes.h"
#include "unit/data_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static amct_err err;
static const char *const two[] = {"cat", "dog"};
static const amct_class_names by_name = {2, two};

#define BOXES_TEST(name) Test(data_boxes, name, .init = fixture_setup, .fini = fixture_teardown)
#define OK(expr)         cr_assert_eq((expr), AMCT_OK, "%s", err.text)
#define SAYS(word)       cr_assert_not_null(strstr(err.text, word), "'%s' not in '%s'", word, err.text)

/* Two pictures of 40 x 20, resized to 8 x 8, or as pre says. */
static amct_dataset *pictures(const amct_preprocess *pre)
{
    static uint8_t rows[20 * 40 * 3];
    amct_dataset *ds;
    fixture_write_blob("set/a.png", make_png(rows, 40, 20, 8, 2, false));
    fixture_write_blob("set/b.png", make_png(rows, 40, 20, 8, 2, false));
    amct_dataset_options options = {.preprocess = *pre, .rank = 3, .dims = {3, 8, 8}};
    OK(amct_dataset_open(&ds, fixture_path("set"), &options, &err));
    return ds;
}

static const amct_preprocess whole = {
    .resize = AMCT_RESIZE_TO, .resize_height = 8, .resize_width = 8};

#define HEAD                                                                                       \
    "{\"images\":[{\"id\":7,\"file_name\":\"x/b.png\",\"height\":20,\"width\":40},"                \
    "{\"id\":3,\"file_name\":\"a.png\",\"height\":20,\"width\":40}],"                              \
    "\"categories\":[{\"id\":18,\"name\":\"dog\"},{\"id\":2,\"name\":\"cat\"},"                    \
    "{\"id\":44,\"name\":\"fish\"}],\"annotations\":["

static amct_status read(amct_boxes *out, const char *text, const amct_preprocess *pre,
                        const amct_class_names *names)
{
    amct_dataset *ds = pictures(pre);
    fixture_write_text("boxes.json", text);
    amct_status status = amct_boxes_read(out, fixture_path("boxes.json"), ds, pre, names, &err);
    amct_dataset_free(ds);
    return status;
}

BOXES_TEST(coco_is_read_by_file_names_and_category_names)
{
    amct_boxes boxes;
    OK(read(&boxes,
            HEAD "{\"image_id\":7,\"category_id\":18,\"bbox\":[10,5,20,10],\"iscrowd\":0},"
                 "{\"image_id\":7,\"category_id\":44,\"bbox\":[0,0,20,10],\"iscrowd\":0},"
                 "{\"image_id\":3,\"category_id\":2,\"bbox\":[0,0,40,20],\"iscrowd\":1}]}",
            &whole, &by_name));
    cr_assert_eq(boxes.n, 2); /* no fish */
    cr_assert_eq(boxes.lists[0].n, 1);
    cr_assert_eq(boxes.lists[0].at[0].class, 0);
    cr_assert(boxes.lists[0].at[0].crowd);
    const amct_box *b = boxes.lists[1].at;
    cr_assert_eq(b->class, 1);
    cr_assert_not(b->crowd);
    cr_assert_float_eq(b->x0, 0.25, 1e-6);
    cr_assert_float_eq(b->x1, 0.75, 1e-6);
    cr_assert_float_eq(b->y0, 0.25, 1e-6);
    cr_assert_float_eq(b->y1, 0.75, 1e-6);
    amct_boxes_free(&boxes);
}

BOXES_TEST(categories_without_names_are_numbered_in_the_order_of_their_ids)
{
    amct_class_names three = {3, NULL}, four = {4, NULL};
    amct_boxes boxes;
    const char *text = HEAD "{\"image_id\":7,\"category_id\":18,\"bbox\":[10,5,20,10]}]}";
    OK(read(&boxes, text, &whole, &three));
    cr_assert_eq(boxes.lists[1].at[0].class, 1);
    amct_boxes_free(&boxes);
    cr_assert_eq(read(&boxes, text, &whole, &four), AMCT_E_INVALID);
    SAYS("boxes.json: has 3 categories, the detector 4 classes");
}

BOXES_TEST(boxes_follow_the_crop)
{
    /* 20 x 40 becomes 8 x 16, of which the middle 8 stay: x from 10 to 30 */
    amct_preprocess crop = {
        .resize = AMCT_RESIZE_SHORT, .resize_height = 8, .crop_height = 8, .crop_width = 8};
    amct_boxes boxes;
    OK(read(&boxes,
            HEAD "{\"image_id\":3,\"category_id\":2,\"bbox\":[20,0,30,10]},"
                 "{\"image_id\":3,\"category_id\":2,\"bbox\":[0,0,9,20]}]}",
            &crop, &by_name));
    cr_assert_eq(boxes.lists[0].n, 1); /* the other one is cropped away */
    cr_assert_float_eq(boxes.lists[0].at[0].x0, 0.5, 1e-6);
    cr_assert_float_eq(boxes.lists[0].at[0].x1, 1, 1e-6);
    cr_assert_float_eq(boxes.lists[0].at[0].y1, 0.5, 1e-6);
    amct_boxes_free(&boxes);
}

BOXES_TEST(yolo_texts_are_read_and_may_be_missing)
{
    amct_boxes boxes;
    amct_dataset *ds = pictures(&whole);
    fixture_write_text("labels/b.txt", "1 0.5 0.5 0.5 0.25\n\n0 0.1 0.1 0.2 0.2\n");
    OK(amct_boxes_read(&boxes, fixture_path("labels"), ds, &whole, &by_name, &err));
    cr_assert_eq(boxes.lists[0].n, 0);
    cr_assert_eq(boxes.lists[1].n, 2);
    cr_assert_float_eq(boxes.lists[1].at[0].x0, 0.25, 1e-6);
    cr_assert_float_eq(boxes.lists[1].at[0].y1, 0.625, 1e-6);
    amct_boxes_free(&boxes);
    fixture_write_text("labels/b.txt", "1 0.5 0.5 0.5 0.25\n2 0.1 0.1 0.2 0.2\n");
    cr_assert_eq(amct_boxes_read(&boxes, fixture_path("labels"), ds, &whole, &by_name, &err),
                 AMCT_E_INVALID);
    SAYS("labels/b.txt: line 2: class 2 is none of 0 .. 1");
    fixture_write_text("labels/b.txt", "1 0.5 0.5 0.5\n");
    cr_assert_eq(amct_boxes_read(&boxes, fixture_path("labels"), ds, &whole, &by_name, &err),
                 AMCT_E_FORMAT);
    SAYS("line 1: 'class x y width height' is wanted");
    fixture_write_text("empty/c.txt", "");
    cr_assert_eq(amct_boxes_read(&boxes, fixture_path("empty"), ds, &whole, &by_name, &err),
                 AMCT_E_INVALID);
    SAYS("has no .txt of any picture");
    amct_preprocess shorter = {.resize = AMCT_RESIZE_SHORT, .resize_height = 8};
    cr_assert_eq(amct_boxes_read(&boxes, fixture_path("labels"), ds, &shorter, &by_name, &err),
                 AMCT_E_INVALID);
    SAYS("resize: HxW");
    amct_dataset_free(ds);
}

BOXES_TEST(broken_files_are_refused_with_the_place)
{
    static const struct {
        const char *text, *words;
        amct_status status;
    } all[] = {
        {"{\"images\":", "boxes.json: is not JSON as of byte", AMCT_E_FORMAT},
        {"", "is not JSON", AMCT_E_FORMAT},
        {"[]", "has no list 'images'", AMCT_E_FORMAT},
        {"{\"images\":[{\"id\":1}]}", "images: entry 0 has no id or no file_name", AMCT_E_FORMAT},
        {"{\"images\":[],\"categories\":[]}", "has no picture 'a.png'", AMCT_E_INVALID},
        {HEAD "{\"image_id\":9,\"category_id\":2,\"bbox\":[0,0,1,1]}]}",
         "annotation 0: belongs to no picture or no category", AMCT_E_FORMAT},
        {HEAD "{\"image_id\":3,\"category_id\":2,\"bbox\":[0,0,1]}]}",
         "annotation 0: its bbox is not [x, y, width, height]", AMCT_E_FORMAT},
        {HEAD "{\"image_id\":3,\"category_id\":2,\"bbox\":[0,0,\"1\",1]}]}", "its bbox is not",
         AMCT_E_FORMAT},
        {HEAD "{\"image_id\":3,\"category_id\":2,\"bbox\":[0,0,1e999,1]}]}", "its bbox is not",
         AMCT_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        amct_boxes boxes;
        cr_assert_eq(read(&boxes, all[i].text, &whole, &by_name), all[i].status, "%zu: %s", i,
                     err.text);
        SAYS(all[i].words);
    }
    static const char *const other[] = {"cat", "horse"};
    amct_class_names names = {2, other};
    amct_boxes boxes;
    cr_assert_eq(read(&boxes, HEAD "]}", &whole, &names), AMCT_E_INVALID);
    SAYS("has no category 'horse'");
}
