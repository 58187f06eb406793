#include "base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

Test(base_utf8, sequences_are_those_of_the_standard)
{
    static const struct {
        const char *text;
        size_t n;
        uint32_t code;
    } cases[] = {{"a", 1, 'a'},
                 {"\u00e9", 2, 0xe9},
                 {"\u20ac", 3, 0x20ac},
                 {"\U0001f600", 4, 0x1f600},
                 {"\x80", 0, 0},
                 {"\xc1\x81", 0, 0},         /* longer than needed */
                 {"\xe0\x9f\xbf", 0, 0},     /* the same */
                 {"\xed\xa0\x80", 0, 0},     /* half a surrogate pair */
                 {"\xf4\x90\x80\x80", 0, 0}, /* beyond the last character */
                 {"\xe2\x82", 0, 0},         /* cut */
                 {"\xff", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code;
        cr_expect_eq(amct_utf8_next(&code, cases[i].text), cases[i].n, "case %zu", i);
        cr_expect(!cases[i].n || code == cases[i].code, "case %zu: U+%04x", i, code);
    }
    cr_expect(amct_utf8_is_valid("") && amct_utf8_is_valid("n\u00f6de/\U0001f600"));
    cr_expect(!amct_utf8_is_valid("node\xff") && !amct_utf8_is_valid("\xe2\x82"));
}

Test(base_utf8, what_would_act_on_a_terminal_is_replaced)
{
    char text[] = "a\nb\033[2J\177 \u202ecba\u2066d\u2069 \xc2\x9b \xff\xfe \u00e9\u20ac";
    amct_utf8_clean(text);
    cr_expect_str_eq(text, "a?b?[2J? ?cba?d? ? ?? \u00e9\u20ac");
}

Test(base_utf8, a_long_text_is_cut_between_characters)
{
    char out[9];
    cr_expect_str_eq(amct_utf8_show("12345678", out, sizeof out), "12345678");
    cr_expect_str_eq(amct_utf8_show("123456789", out, sizeof out), "12345...");
    cr_expect_str_eq(amct_utf8_show("1234\u00e96789", out, sizeof out), "1234...");
    cr_expect_str_eq(amct_utf8_show("\n234\xff\xff\xff\xff\xff", out, sizeof out), "?234?...");
}
