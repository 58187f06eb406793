#include "base/file.h"
#include "import/maps.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static amct_err err;
static char top[64], *folder, *inside, *outside;
static amct_arena *arena;
static amct_maps maps;

static void setup(void)
{
    amct_import_place place = {
        .model = {.struct_size = sizeof(amct_view), .name = "m", .data = "0123", .size = 4}};
    strcpy(top, "/tmp/amct-maps-XXXXXX");
    cr_assert_not_null(mkdtemp(top));
    folder = amct_path_join(top, "model");
    inside = amct_path_join(folder, "sub/weights");
    outside = amct_path_join(top, "secret");
    char *sub = amct_path_join(folder, "sub");
    cr_assert_eq(amct_folder_make(sub, &err), AMCT_OK);
    cr_assert_eq(amct_file_write(inside, "weights", 7, &err), AMCT_OK);
    cr_assert_eq(amct_file_write(outside, "secret", 6, &err), AMCT_OK);
    free(sub);
    arena = amct_arena_new();
    place.folder = folder;
    cr_assert_eq(amct_maps_init(&maps, arena, &place, &err), AMCT_OK, "%s", err.text);
}

static void teardown(void)
{
    amct_maps_done(&maps);
    amct_arena_free(arena);
    cr_assert_eq(amct_folder_remove(top, &err), AMCT_OK);
    free(folder), free(inside), free(outside);
}

static void make_link(const char *to, const char *name)
{
    char *path = amct_path_join(folder, name);
    cr_assert_eq(symlink(to, path), 0);
    free(path);
}

Test(import_maps, a_file_in_the_folder_is_mapped_once, .init = setup, .fini = teardown)
{
    amct_view a, b;
    make_link("sub/weights", "link");
    cr_assert_eq(amct_maps_open(&maps, "sub/weights", &a, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(a.size, 7);
    cr_assert_eq(memcmp(a.data, "weights", 7), 0);
    cr_assert_str_eq(a.name, "sub/weights");
    cr_assert_eq(amct_maps_open(&maps, "./link", &b, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(a.data, b.data);
    cr_assert_eq(maps.n, 2);
}

Test(import_maps, names_that_leave_the_folder_are_refused, .init = setup, .fini = teardown)
{
    amct_view view;
    const char *const names[] = {"", "/etc/passwd", "../secret", "sub/../../secret", ".."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(amct_maps_open(&maps, names[i], &view, &err), AMCT_E_INVALID, "%s", names[i]);
        cr_assert_not_null(strstr(err.text, "a name inside of the model's folder is wanted"));
    }
    make_link(outside, "absolute");
    make_link("../secret", "relative");
    make_link("..", "up");
    const char *const links[] = {"absolute", "relative", "up/secret"};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        cr_assert_eq(amct_maps_open(&maps, links[i], &view, &err), AMCT_E_INVALID, "%s", links[i]);
        cr_assert_not_null(strstr(err.text, "is a link that leaves the model's folder"));
    }
    cr_assert_eq(maps.n, 1);
}

Test(import_maps, bytes_that_were_forgotten_come_from_the_file_again, .init = setup,
     .fini = teardown)
{
    enum { SIZE = 1 << 20 };
    char *bytes = malloc(SIZE), memory[64] = "no file";
    amct_view view;
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 7 + i / 4096);
    cr_assert_eq(amct_file_write(inside, bytes, SIZE, &err), AMCT_OK);
    cr_assert_eq(amct_maps_open(&maps, "sub/weights", &view, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(memcmp(view.data, bytes, SIZE), 0);
    amct_maps_forget(&maps, (const char *)view.data + 1, SIZE - 1);
    cr_assert_eq(memcmp(view.data, bytes, SIZE), 0);
    amct_maps_forget(&maps, memory, sizeof memory); /* is left alone */
    amct_maps_forget(&maps, maps.at[0].view.data, 4);
    cr_assert_str_eq(memory, "no file");
    free(bytes);
}

Test(import_maps, the_one_name_outside_may_be_opened, .init = setup, .fini = teardown)
{
    amct_view view;
    maps.outside = outside;
    cr_assert_eq(amct_maps_open(&maps, outside, &view, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(memcmp(view.data, "secret", 6), 0);
    cr_assert_eq(amct_maps_open(&maps, "../secret", &view, &err), AMCT_E_INVALID);
    maps.outside = "/no/such/weights";
    cr_assert_eq(amct_maps_open(&maps, "/no/such/weights", &view, &err), AMCT_E_IO);
}

Test(import_maps, a_folder_of_a_similar_name_is_outside, .init = setup, .fini = teardown)
{
    amct_view view;
    char *twin = amct_path_join(top, "model2"), *file = amct_path_join(twin, "x");
    cr_assert_eq(amct_folder_make(twin, &err), AMCT_OK);
    cr_assert_eq(amct_file_write(file, "x", 1, &err), AMCT_OK);
    make_link(file, "twin");
    cr_assert_eq(amct_maps_open(&maps, "twin", &view, &err), AMCT_E_INVALID);
    free(twin), free(file);
}

Test(import_maps, missing_files_and_folders_are_io_errors, .init = setup, .fini = teardown)
{
    amct_view view;
    cr_assert_eq(amct_maps_open(&maps, "nothing", &view, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "the external file 'nothing': No such file"));
    cr_assert_eq(amct_maps_open(&maps, "sub", &view, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "is a folder"));
}

Test(import_maps, only_bytes_of_mapped_files_are_contained, .init = setup, .fini = teardown)
{
    amct_view view;
    cr_assert_eq(amct_maps_open(&maps, "sub/weights", &view, &err), AMCT_OK);
    const char *data = view.data, *model = maps.at[0].view.data;
    cr_assert(amct_maps_contain(&maps, data, 7));
    cr_assert(amct_maps_contain(&maps, data + 7, 0));
    cr_assert(amct_maps_contain(&maps, model, 4));
    cr_assert_not(amct_maps_contain(&maps, data, 8));
    cr_assert_not(amct_maps_contain(&maps, data + 1, SIZE_MAX));
    cr_assert_not(amct_maps_contain(&maps, NULL, 0));
    cr_assert_not(amct_maps_contain(&maps, &view, 1));
}
