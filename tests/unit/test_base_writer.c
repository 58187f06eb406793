#include "base/file.h"
#include "base/writer.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[64];
static char *path;
static amct_err err;

static void setup(void)
{
    strcpy(folder, "/tmp/amct-writer-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_not_null(path = amct_path_join(folder, "file"));
}

static void teardown(void)
{
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
    free(path);
}

static void assert_holds(const char *wanted, size_t size)
{
    amct_file file;
    cr_assert_eq(amct_file_map(&file, path, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(file.size, size);
    cr_assert_eq(memcmp(file.data, wanted, size), 0);
    amct_file_unmap(&file);
}

Test(base_writer, pieces_of_all_sizes_follow_each_other, .init = setup, .fini = teardown)
{
    enum { SIZE = 1 << 20 };
    char *bytes = malloc(SIZE);
    amct_writer *writer;
    uint32_t state = 1;
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
    cr_assert_eq(amct_writer_new(&writer, path, &err), AMCT_OK);
    for (size_t at = 0, n = 1; at < SIZE; at += n, n = n * 3 + 1) {
        n = n < SIZE - at ? n : SIZE - at;
        amct_writer_put(writer, bytes + at, n);
    }
    cr_assert_eq(amct_writer_size(writer), SIZE);
    cr_assert_neq(access(path, F_OK), 0, "the name is given at the end");
    cr_assert_eq(amct_writer_commit(writer, &err), AMCT_OK, "%s", err.text);
    assert_holds(bytes, SIZE);
    free(bytes);
}

Test(base_writer, aligning_appends_zeros, .init = setup, .fini = teardown)
{
    amct_writer *writer;
    cr_assert_eq(amct_writer_new(&writer, path, &err), AMCT_OK);
    amct_writer_align(writer, 256);
    amct_writer_put(writer, "a", 1);
    amct_writer_align(writer, 256);
    amct_writer_put(writer, "b", 1);
    cr_assert_eq(amct_writer_commit(writer, &err), AMCT_OK);
    char wanted[257] = "a";
    wanted[256] = 'b';
    assert_holds(wanted, sizeof wanted);
}

Test(base_writer, a_writer_that_is_given_up_leaves_nothing, .init = setup, .fini = teardown)
{
    amct_writer *writer;
    cr_assert_eq(amct_file_write(path, "old", 3, &err), AMCT_OK);
    cr_assert_eq(amct_writer_new(&writer, path, &err), AMCT_OK);
    amct_writer_put(writer, "new", 3);
    amct_writer_free(writer);
    assert_holds("old", 3);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(folder), 0, "a temporary file is left");
    cr_assert_not_null(mkdtemp(strcpy(folder, "/tmp/amct-writer-XXXXXX")));
}

Test(base_writer, a_full_disk_is_told_at_the_end, .init = setup, .fini = teardown)
{
    struct rlimit limit = {1 << 18, 1 << 18}; /* the kernel's own way to refuse more bytes */
    static char bytes[1 << 17];
    amct_writer *writer;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(amct_writer_new(&writer, path, &err), AMCT_OK);
    for (int i = 0; i < 4; i++)
        amct_writer_put(writer, bytes, sizeof bytes);
    cr_assert_eq(amct_writer_commit(writer, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, path));
    cr_assert_not_null(strstr(err.text, "File too large"), "%s", err.text);
    cr_assert_eq(rmdir(folder), 0, "a temporary file is left");
    cr_assert_not_null(mkdtemp(strcpy(folder, "/tmp/amct-writer-XXXXXX")));
}
