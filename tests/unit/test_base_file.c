#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static amct_err err;

static void setup(void)
{
    strcpy(folder, "/tmp/amct-file-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
    cr_assert_neq(access(folder, F_OK), 0);
}

static char *in_folder(const char *name)
{
    return amct_path_join(folder, name);
}

Test(base_file, what_is_written_is_mapped, .init = setup, .fini = teardown)
{
    char *path = in_folder("a");
    amct_file file;
    cr_assert_eq(amct_file_write(path, "hello", 5, &err), AMCT_OK);
    cr_assert_eq(amct_file_map(&file, path, &err), AMCT_OK);
    cr_assert_eq(file.size, 5);
    cr_assert_eq(memcmp(file.data, "hello", 5), 0);
    amct_file_unmap(&file);
    free(path);
}

Test(base_file, writing_leaves_no_other_file_behind, .init = setup, .fini = teardown)
{
    char *path = in_folder("no/such/folder/a");
    cr_assert_eq(amct_file_write(path, "x", 1, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, path));
    cr_assert_not_null(strstr(err.text, "No such file"));
    free(path);
    cr_assert_eq(rmdir(folder), 0, "the folder is not empty");
    cr_assert_eq(mkdir(folder, 0777), 0);
}

Test(base_file, folders_and_missing_files_cannot_be_mapped, .init = setup, .fini = teardown)
{
    amct_file file = {"untouched", 1};
    cr_assert_eq(amct_file_map(&file, folder, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "is a folder"));
    cr_assert_eq(amct_file_map(&file, "/no/such/file", &err), AMCT_E_IO);
    cr_assert_str_eq(file.data, "untouched");
    cr_assert_eq(amct_file_map(&file, "/dev/null", &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "not a regular file"));
}

Test(base_file, an_empty_file_maps_to_nothing, .init = setup, .fini = teardown)
{
    char *path = in_folder("empty");
    amct_file file;
    cr_assert_eq(amct_file_write(path, "", 0, &err), AMCT_OK);
    cr_assert_eq(amct_file_map(&file, path, &err), AMCT_OK);
    cr_assert_null(file.data);
    cr_assert_eq(file.size, 0);
    free(path);
}

Test(base_file, a_folder_is_replaced_as_a_whole, .init = setup, .fini = teardown)
{
    char *best = in_folder("best"), *fresh = in_folder("fresh");
    char *old_file = in_folder("best/old"), *new_file = in_folder("fresh/new");
    char *result = in_folder("best/new");
    for (int round = 0; round < 2; round++) { /* without and with one before */
        cr_assert_eq(amct_folder_make(fresh, &err), AMCT_OK);
        cr_assert_eq(amct_file_write(new_file, "x", 1, &err), AMCT_OK);
        cr_assert_eq(amct_folder_replace(best, fresh, &err), AMCT_OK, "%s", err.text);
        cr_assert_eq(access(result, F_OK), 0);
        cr_assert_neq(access(fresh, F_OK), 0);
        cr_assert_neq(access(old_file, F_OK), 0);
        cr_assert_eq(amct_file_write(old_file, "x", 1, &err), AMCT_OK);
    }
    free(best), free(fresh), free(old_file), free(new_file), free(result);
}

Test(base_file, a_folder_below_a_file_cannot_be_made, .init = setup, .fini = teardown)
{
    char *file = in_folder("f"), *below = in_folder("f/g"), *deep = in_folder("x/y/z");
    cr_assert_eq(amct_file_write(file, "x", 1, &err), AMCT_OK);
    cr_assert_eq(amct_folder_make(below, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "cannot make the folder"));
    cr_assert_eq(amct_folder_check(below, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "cannot make the folder"));
    cr_assert_eq(amct_folder_check(file, &err), AMCT_E_IO);
    cr_assert_eq(amct_folder_check(deep, &err), AMCT_OK);
    cr_assert_neq(access(deep, F_OK), 0);
    cr_assert_eq(amct_folder_make(deep, &err), AMCT_OK);
    cr_assert_eq(amct_folder_make(deep, &err), AMCT_OK);
    free(file), free(below), free(deep);
}

Test(base_file, paths_join_and_split)
{
    char *a = amct_path_join("x", "y"), *b = amct_path_join("x/", "y"),
         *c = amct_path_join("x", "/y");
    char *d = amct_path_folder("x/y"), *e = amct_path_folder("y"), *f = amct_path_folder("/y");
    cr_assert_str_eq(a, "x/y");
    cr_assert_str_eq(b, "x/y");
    cr_assert_str_eq(c, "/y");
    cr_assert_str_eq(d, "x");
    cr_assert_str_eq(e, ".");
    cr_assert_str_eq(f, "/");
    cr_assert_str_eq(amct_path_base("a/b/c"), "c");
    cr_assert_str_eq(amct_path_base("c"), "c");
    free(a), free(b), free(c), free(d), free(e), free(f);
}
