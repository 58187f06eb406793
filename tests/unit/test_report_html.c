#include "report/html.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REPLACED "\ufffd"

/* What a call writes, compared and freed. */
#define ASSERT_WRITES(wanted, ...)                                                                 \
    do {                                                                                           \
        char *text_;                                                                               \
        size_t size_;                                                                              \
        FILE *out = open_memstream(&text_, &size_);                                                \
        __VA_ARGS__;                                                                               \
        fclose(out);                                                                               \
        cr_assert_str_eq(text_, wanted);                                                           \
        free(text_);                                                                               \
    } while (0)

Test(report_html, markup_is_escaped)
{
    ASSERT_WRITES("&lt;script&gt;alert(&#39;a&#39;)&lt;/script&gt;",
                  amct_html_text(out, "<script>alert('a')</script>"));
    ASSERT_WRITES("a&quot; onload=&quot;b &amp;amp;", amct_html_text(out, "a\" onload=\"b &amp;"));
}

Test(report_html, plain_text_and_utf8_stay_as_they_are)
{
    ASSERT_WRITES("conv1/Conv_2:0 [x]", amct_html_text(out, "conv1/Conv_2:0 [x]"));
    ASSERT_WRITES("卷积 é \U0001f600", amct_html_text(out, "卷积 é \U0001f600"));
    ASSERT_WRITES("a\tb\nc", amct_html_text(out, "a\tb\nc"));
}

Test(report_html, nothing_is_a_dash)
{
    ASSERT_WRITES("–", amct_html_text(out, NULL));
    ASSERT_WRITES("", amct_html_text(out, ""));
}

Test(report_html, bytes_that_are_no_utf8_are_replaced)
{
    ASSERT_WRITES(REPLACED "a", amct_html_text(out, "\xff"
                                                    "a"));
    ASSERT_WRITES("a" REPLACED, amct_html_text(out, "a\xe5"));
    ASSERT_WRITES(REPLACED REPLACED, amct_html_text(out, "\xc0\xbc")); /* '<' in two bytes */
    ASSERT_WRITES(REPLACED REPLACED REPLACED, amct_html_text(out, "\xed\xa0\x80"));
    ASSERT_WRITES(REPLACED REPLACED REPLACED REPLACED, amct_html_text(out, "\xf4\x90\x80\x80"));
    ASSERT_WRITES(REPLACED "&lt;", amct_html_text(out, "\xe5<"));
}

Test(report_html, controls_and_overrides_of_direction_are_replaced)
{
    ASSERT_WRITES("a" REPLACED "b" REPLACED, amct_html_text(out, "a\x1b"
                                                                 "b\x7f"));
    ASSERT_WRITES("x" REPLACED "y", amct_html_text(out, "x\u202ey"));
    ASSERT_WRITES(REPLACED, amct_html_text(out, "\xc2\x85"));
    ASSERT_WRITES(REPLACED, amct_html_text(out, "\uffff"));
}

Test(report_html, long_texts_are_cut_between_characters)
{
    char long_text[3 * 1000 + 1] = "";
    for (int i = 0; i < 1000; i++)
        strcpy(long_text + 3 * i, "卷");
    char wanted[3 * AMCT_HTML_TEXT_MAX + 4] = "";
    memcpy(wanted, long_text, 3 * AMCT_HTML_TEXT_MAX);
    strcat(wanted, "…");
    ASSERT_WRITES(wanted, amct_html_text(out, long_text));
    long_text[3 * AMCT_HTML_TEXT_MAX] = 0;
    ASSERT_WRITES(long_text, amct_html_text(out, long_text));
}

Test(report_html, names_may_break_behind_slashes)
{
    ASSERT_WRITES("/<wbr>a/<wbr>b&lt;", amct_html_name(out, "/a/b<"));
}

Test(report_html, links_stay_within_the_folder)
{
    ASSERT_WRITES("./best/m.onnx", amct_html_href(out, "best/m.onnx"));
    ASSERT_WRITES("./javascript%3Aalert%281%29", amct_html_href(out, "javascript:alert(1)"));
    ASSERT_WRITES(".///host/a", amct_html_href(out, "//host/a"));
    ASSERT_WRITES("./%22%3E%3Cb%3F%23%C3%A9%5C", amct_html_href(out, "\"><b?#é\\"));
}

Test(report_html, numbers_have_a_true_minus_and_no_negative_zero)
{
    ASSERT_WRITES("1.50", amct_html_number(out, 1.5, 2));
    ASSERT_WRITES("−2", amct_html_number(out, -2, 0));
    ASSERT_WRITES("0.0", amct_html_number(out, -0.04, 1));
    ASSERT_WRITES("+0.1", amct_html_change(out, 0.1, 1));
    ASSERT_WRITES("−0.1", amct_html_change(out, -0.1, 1));
    ASSERT_WRITES("0.0", amct_html_change(out, 0, 1));
}

Test(report_html, what_is_no_number_is_a_dash)
{
    ASSERT_WRITES("–––", amct_html_number(out, NAN, 1), amct_html_number(out, INFINITY, 1),
                  amct_html_change(out, -INFINITY, 0));
    ASSERT_WRITES("–––", amct_html_bytes(out, NAN), amct_html_duration(out, NAN),
                  amct_html_count(out, NAN));
}

Test(report_html, huge_numbers_stay_short)
{
    ASSERT_WRITES("1.000e+300", amct_html_number(out, 1e300, 6));
    ASSERT_WRITES("−1.798e+308", amct_html_number(out, -1.7976931348623157e308, 0));
    ASSERT_WRITES("999999999999999", amct_html_number(out, 999999999999999, 0));
}

Test(report_html, decimals_follow_the_size)
{
    cr_assert_eq(amct_html_decimals(0.1234, 3), 3);
    cr_assert_eq(amct_html_decimals(12.34, 3), 1);
    cr_assert_eq(amct_html_decimals(-1234, 3), 0);
    cr_assert_eq(amct_html_decimals(1e-30, 3), 6);
    cr_assert_eq(amct_html_decimals(0, 3), 0);
    cr_assert_eq(amct_html_decimals(NAN, 3), 0);
    cr_assert_eq(amct_html_decimals(INFINITY, 3), 0);
}

Test(report_html, sizes_and_times_choose_their_unit)
{
    ASSERT_WRITES("999\u00a0bytes", amct_html_bytes(out, 999));
    ASSERT_WRITES("1.00\u00a0kB", amct_html_bytes(out, 1000));
    ASSERT_WRITES("4.21\u00a0MB", amct_html_bytes(out, 4211084));
    ASSERT_WRITES("5000\u00a0TB", amct_html_bytes(out, 5e15));
    ASSERT_WRITES("8.1\u00a0s", amct_html_duration(out, 8.06));
    ASSERT_WRITES("1\u00a0min 0\u00a0s", amct_html_duration(out, 59.99));
    ASSERT_WRITES("12\u00a0min 11\u00a0s", amct_html_duration(out, 731.4));
    ASSERT_WRITES("26\u00a0h 0\u00a0min", amct_html_duration(out, 26 * 3600 + 29));
}

Test(report_html, counts_are_grouped_by_thousands)
{
    ASSERT_WRITES("1000", amct_html_count(out, 1000));
    ASSERT_WRITES("10\u202f000", amct_html_count(out, 10000));
    ASSERT_WRITES("−1\u202f234\u202f567", amct_html_count(out, -1234567));
    ASSERT_WRITES("9\u202f007\u202f199\u202f254\u202f740\u202f992", amct_html_count(out, 0x1p53));
    ASSERT_WRITES("≈\u00a018\u202f014\u202f398\u202f509\u202f481\u202f984",
                  amct_html_count(out, 0x1p54));
}
