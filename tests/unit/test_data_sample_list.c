#include "data/sample_list.h"

#include <criterion/criterion.h>
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

TestSuite(data_sample_list, .init = setup, .fini = teardown);

static amct_sample_list parse(const char *text, amct_list_kind kind)
{
    amct_sample_list list;
    cr_assert_eq(amct_sample_list_parse(&list, arena, text, strlen(text), kind, &err), AMCT_OK,
                 "%s", err.text);
    return list;
}

static void assert_refused(const char *text, size_t size, amct_list_kind kind, const char *words)
{
    amct_sample_list list = {.n = 42};
    cr_assert_eq(amct_sample_list_parse(&list, arena, text, size, kind, &err), AMCT_E_FORMAT);
    cr_assert_str_eq(err.text, words);
    cr_assert_eq(list.n, 42);
}

Test(data_sample_list, the_last_field_is_the_label)
{
    amct_sample_list list =
        parse("a.jpg 3\n  my dog 2.jpg\t17 \n\nsub/b.png 0", AMCT_LIST_LABELLED);
    cr_assert_eq(list.n, 3);
    cr_assert(list.labelled);
    cr_assert_str_eq(list.entries[0].file, "a.jpg");
    cr_assert_eq(list.entries[0].label, 3);
    cr_assert_str_eq(list.entries[1].file, "my dog 2.jpg");
    cr_assert_eq(list.entries[1].label, 17);
    cr_assert_eq(list.entries[2].line, 4);
}

Test(data_sample_list, line_ends_and_marks_of_other_systems_are_understood)
{
    amct_sample_list list = parse("\xef\xbb\xbf"
                                  "a.jpg 3\r\nb.jpg 4\r\n",
                                  AMCT_LIST_LABELLED);
    cr_assert_eq(list.n, 2);
    cr_assert_str_eq(list.entries[0].file, "a.jpg");
    cr_assert_eq(list.entries[1].label, 4);
}

Test(data_sample_list, labels_may_be_left_out_of_a_list_of_files)
{
    amct_sample_list list = parse("a 1.bin\nb.bin\n", AMCT_LIST_FILES);
    cr_assert_not(list.labelled);
    cr_assert_str_eq(list.entries[0].file, "a 1.bin");
    list = parse("17\n18\n", AMCT_LIST_FILES);
    cr_assert_not(list.labelled);
    cr_assert_str_eq(list.entries[1].file, "18");
    list = parse("a.bin 5\n", AMCT_LIST_FILES);
    cr_assert(list.labelled);
    cr_assert_eq(list.entries[0].label, 5);
    static const char mixed[] = "a.bin 5\nb.bin\n", other[] = "a.bin\n\nb.bin 5\n";
    assert_refused(mixed, sizeof mixed - 1, AMCT_LIST_FILES,
                   "line 2: lacks a label, unlike the lines before");
    assert_refused(other, sizeof other - 1, AMCT_LIST_FILES,
                   "line 3: has a label, unlike the lines before");
}

Test(data_sample_list, a_list_of_labels_has_one_a_line)
{
    amct_sample_list list = parse("3\n-1\n\n7\n", AMCT_LIST_LABELS);
    cr_assert_eq(list.n, 3);
    cr_assert_eq(list.entries[1].label, -1);
    cr_assert_null(list.entries[0].file);
    assert_refused("1\n2 3\n", 6, AMCT_LIST_LABELS, "line 2: more than a label in the line");
}

Test(data_sample_list, errors_name_their_line)
{
    assert_refused("a.jpg 3\nb.jpg cat\n", 18, AMCT_LIST_LABELLED,
                   "line 2: 'b.jpg cat' does not end with a label, a whole number");
    assert_refused("a.jpg 3\n\n7\n", 11, AMCT_LIST_LABELLED,
                   "line 3: a label without a file name in front of it");
    assert_refused("a.jpg 3.5\n", 10, AMCT_LIST_LABELLED,
                   "line 1: 'a.jpg 3.5' does not end with a label, a whole number");
    assert_refused("a.jpg 99999999999999999999\n", 27, AMCT_LIST_LABELLED,
                   "line 1: 'a.jpg 99999999999999999999' does not end with a label, a whole "
                   "number");
    assert_refused("a\0b 3\n", 6, AMCT_LIST_LABELLED,
                   "line 1: a zero character: this is no text file");
    assert_refused("", 0, AMCT_LIST_LABELLED, "names no samples");
    assert_refused(" \n\n", 3, AMCT_LIST_LABELLED, "names no samples");
}
