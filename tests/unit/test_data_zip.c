#include "data/inflate.h"
#include "data/zip.h"
#include "unit/data_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static amct_arena *arena;

static void setup(void)
{
    arena = amct_arena_new();
}

static void teardown(void)
{
    amct_arena_free(arena);
}

TestSuite(data_zip, .init = setup, .fini = teardown);

Test(data_zip, stored_and_deflated_members_come_back)
{
    static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbb", other[] = "xyz";
    for (int zip64 = 0; zip64 < 2; zip64++) {
        zip_fixture members[] = {make_member("a.npy", text, sizeof text, true),
                                 make_member("b/c.npy", other, sizeof other, false),
                                 make_member("empty", "", 0, true)};
        for (int i = 0; i < 3; i++)
            members[i].zip64 = zip64;
        blob b = make_zip(members, 3);
        blob_add_text(&b, ""); /* no comment */
        amct_zip_file zip;
        cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), AMCT_OK, "%s", err.text);
        cr_assert_eq(zip.n, 3);
        cr_assert_str_eq(zip.members[1].name, "b/c.npy");
        char back[sizeof text];
        cr_assert_eq(zip.members[0].bytes, sizeof text);
        cr_assert_eq(amct_zip_extract(back, &zip.members[0], &err), AMCT_OK, "%s", err.text);
        cr_assert_str_eq(back, text);
        cr_assert_eq(amct_zip_extract(back, &zip.members[1], &err), AMCT_OK, "%s", err.text);
        cr_assert_str_eq(back, other);
        cr_assert_eq(amct_zip_extract(back, &zip.members[2], &err), AMCT_OK, "%s", err.text);
        free_members(members, 3);
        blob_free(&b);
    }
}

Test(data_zip, a_comment_may_follow)
{
    zip_fixture member = make_member("a", "x", 1, false);
    blob b = make_zip(&member, 1);
    b.data[b.size - 2] = 5;
    blob_add_text(&b, "hello");
    amct_zip_file zip;
    cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), AMCT_OK, "%s", err.text);
    free_members(&member, 1);
    blob_free(&b);
}

static void assert_open_refused(zip_fixture member, amct_status code, const char *words)
{
    blob b = make_zip(&member, 1);
    amct_zip_file zip = {.n = 42};
    cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), code, "%s", err.text);
    cr_assert_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    cr_assert_eq(zip.n, 42);
    blob_free(&b);
    free_members(&member, 1);
}

static void assert_extract_refused(zip_fixture member, const char *words)
{
    blob b = make_zip(&member, 1);
    amct_zip_file zip;
    cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), AMCT_OK, "%s", err.text);
    void *back = malloc(zip.members[0].bytes);
    cr_assert_eq(amct_zip_extract(back, &zip.members[0], &err), AMCT_E_FORMAT, "%s", err.text);
    cr_assert_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    free(back);
    blob_free(&b);
    free_members(&member, 1);
}

Test(data_zip, bombs_are_refused_before_memory_is_taken)
{
    zip_fixture member = make_member("bomb", "x", 1, true);
    member.bytes = UINT64_C(4) << 30 | 1;
    member.zip64 = true;
    assert_open_refused(member, AMCT_E_FORMAT, "bomb: 4294967297 bytes cannot come out of 3");
    member = make_member("bomb", "x", 1, true);
    member.bytes = UINT64_MAX;
    member.zip64 = true;
    assert_open_refused(member, AMCT_E_FORMAT, "cannot come out of 3");
    member = make_member("bomb", "x", 1, false);
    member.bytes = 2;
    assert_open_refused(member, AMCT_E_FORMAT, "2 bytes cannot come out of 1");
}

Test(data_zip, more_or_less_than_declared_is_refused)
{
    char zeros[1000] = {0};
    zip_fixture member = make_member("m", zeros, sizeof zeros, true);
    member.bytes = 999;
    assert_extract_refused(member, "m: more data than the 999 bytes that are declared");
    member = make_member("m", zeros, sizeof zeros, true);
    member.bytes = 1001;
    assert_extract_refused(member, "m: 1000 bytes of data, 1001 are declared");
    member = make_member("m", zeros, sizeof zeros, true);
    member.crc32 ^= 1;
    assert_extract_refused(member, "m: its checksum is wrong");
    member = make_member("m", zeros, sizeof zeros, false);
    member.packed.data[500] = 1;
    assert_extract_refused(member, "m: its checksum is wrong");
    member = make_member("m", zeros, sizeof zeros, true);
    member.packed.data[0] = 0xff;
    assert_extract_refused(member, "m: the packed data are damaged");
    member = make_member("m", zeros, sizeof zeros, true);
    member.packed_bytes--;
    assert_extract_refused(member, "m: the packed data are cut");
}

Test(data_zip, unknown_methods_and_encryption_are_named)
{
    zip_fixture member = make_member("m", "x", 1, false);
    member.method = 12;
    assert_open_refused(member, AMCT_E_UNSUPPORTED, "m: packed with method 12");
    member = make_member("m", "x", 1, false);
    member.flags = 1;
    assert_open_refused(member, AMCT_E_UNSUPPORTED, "m: is encrypted");
}

Test(data_zip, members_outside_of_the_archive_are_refused)
{
    zip_fixture member = make_member("m", "x", 1, false);
    member.packed_bytes = member.bytes = 100000;
    assert_open_refused(member, AMCT_E_FORMAT, "reaches beyond the directory");
    member = make_member("m", "x", 1, false);
    blob b = make_zip(&member, 1);
    amct_zip_file zip;
    for (size_t n = 0; n < b.size; n++) {
        blob part = {0};
        blob_add(&part, b.data, n);
        cr_assert_eq(amct_zip_open(&zip, arena, part.data, part.size, &err), AMCT_E_FORMAT,
                     "at %zu", n);
        blob_free(&part);
    }
    b.data[b.size - 12] = 200; /* members */
    cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "more members are declared"));
    b.data[b.size - 12] = 1;
    b.data[b.size - 6]++; /* where the directory begins */
    cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), AMCT_E_FORMAT);
    b.data[b.size - 6]--;
    b.data[0] = 'x'; /* the member itself */
    cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), AMCT_E_FORMAT);
    cr_assert_not_null(strstr(err.text, "not where the directory says"));
    b.data[b.size - 18] = 1; /* disk number */
    cr_assert_eq(amct_zip_open(&zip, arena, b.data, b.size, &err), AMCT_E_UNSUPPORTED);
    free_members(&member, 1);
    blob_free(&b);
}

Test(data_zip, gzip_gives_exactly_what_is_declared)
{
    static const char text[] = "hello hello hello hello";
    char back[64];
    size_t n;
    blob b = make_gzip(text, sizeof text);
    cr_assert(amct_is_gzip(b.data, b.size));
    cr_assert_eq(amct_inflate(back, sizeof text, b.data, b.size, AMCT_PACKED_GZIP, &err), AMCT_OK);
    cr_assert_str_eq(back, text);
    cr_assert_eq(amct_inflate_head(back, 5, &n, b.data, b.size, AMCT_PACKED_GZIP, &err), AMCT_OK);
    cr_assert_eq(n, 5);
    cr_assert_eq(amct_inflate_head(back, 64, &n, b.data, b.size, AMCT_PACKED_GZIP, &err), AMCT_OK);
    cr_assert_eq(n, sizeof text);
    for (size_t cut = 0; cut < b.size; cut++)
        cr_assert_eq(amct_inflate(back, sizeof text, b.data, cut, AMCT_PACKED_GZIP, &err),
                     AMCT_E_FORMAT, "at %zu", cut);
    cr_assert_not_null(strstr(err.text, "the packed data are cut"));
    b.data[b.size - 5] ^= 1; /* checksum */
    cr_assert_eq(amct_inflate(back, sizeof text, b.data, b.size, AMCT_PACKED_GZIP, &err),
                 AMCT_E_FORMAT);
    b.data[b.size - 5] ^= 1;
    blob_add_text(&b, "tail");
    cr_assert_eq(amct_inflate(back, sizeof text, b.data, b.size, AMCT_PACKED_GZIP, &err),
                 AMCT_E_FORMAT);
    cr_assert_str_eq(err.text, "4 bytes behind the end");
    blob_free(&b);
    cr_assert(amct_inflate_possible(1032, 1));
    cr_assert_not(amct_inflate_possible(2 * 1032, 1));
}
