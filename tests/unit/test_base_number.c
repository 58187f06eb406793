#include "base/number.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

static amct_err err;

static double number_of(const char *text)
{
    double value;
    cr_assert_eq(amct_parse_number(&value, text, &err), AMCT_OK, "%s", err.text);
    return value;
}

static double ratio_of(const char *text)
{
    double value;
    cr_assert_eq(amct_parse_ratio(&value, text, &err), AMCT_OK, "%s", err.text);
    return value;
}

static uint64_t bytes_of(const char *text)
{
    uint64_t value;
    cr_assert_eq(amct_parse_bytes(&value, text, 0, &err), AMCT_OK, "%s", err.text);
    return value;
}

static uint64_t seconds_of(const char *text)
{
    uint64_t value_ns;
    cr_assert_eq(amct_parse_duration(&value_ns, text, &err), AMCT_OK, "%s", err.text);
    return value_ns / 1000000000;
}

Test(base_number, decimals_and_fractions_are_numbers)
{
    cr_assert_eq(number_of("0.5"), 0.5);
    cr_assert_eq(number_of(" -3 "), -3);
    cr_assert_eq(number_of("+.5"), 0.5);
    cr_assert_eq(number_of("5."), 5);
    cr_assert_eq(number_of("1e-3"), 1e-3);
    cr_assert_eq(number_of("1/255"), 1.0 / 255);
    cr_assert_eq(number_of("1 / 127.5"), 1 / 127.5);
    cr_assert_eq(number_of("0.229"), 0.229);
}

Test(base_number, what_strtod_would_take_but_is_no_decimal_is_refused)
{
    static const char *const bad[] = {"",      " ",     "x",   "nan", "inf",   "0x10", "1,0",
                                      "1.2.3", "1e400", "1/0", "0/0", "1/",    "/2",   "1/2/3",
                                      "--1",   "1e",    ".",   "1 2", "1/255x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double value = 42;
        cr_assert_eq(amct_parse_number(&value, bad[i], &err), AMCT_E_INVALID, "'%s'", bad[i]);
        cr_assert_not_null(strstr(err.text, "is not a number such as 0.5 or 1/255"));
        cr_assert_eq(value, 42);
    }
    char digits[300];
    memset(digits, '1', sizeof digits - 1);
    digits[sizeof digits - 1] = 0;
    double value;
    cr_assert_eq(amct_parse_number(&value, digits, &err), AMCT_E_INVALID);
}

Test(base_number, ratios_have_a_percent_sign_or_are_below_one)
{
    cr_assert_eq(ratio_of("1%"), 0.01);
    cr_assert_eq(ratio_of("1.0 %"), 0.01);
    cr_assert_eq(ratio_of("0.01"), 0.01);
    cr_assert_eq(ratio_of("1/100"), 0.01);
    cr_assert_eq(ratio_of("0"), 0);
    cr_assert_eq(ratio_of("100%"), 1);
    cr_assert_eq(ratio_of("95 % "), 0.95);
}

Test(base_number, a_bare_one_is_no_ratio)
{
    double value = 42;
    cr_assert_eq(amct_parse_ratio(&value, "1", &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "'1' may mean 1% or all of it: say it in %");
    cr_assert_eq(amct_parse_ratio(&value, "1.0", &err), AMCT_E_INVALID);
    cr_assert_eq(amct_parse_ratio(&value, "95", &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "'95' is outside of 0% .. 100%");
    cr_assert_eq(amct_parse_ratio(&value, "101%", &err), AMCT_E_INVALID);
    cr_assert_eq(amct_parse_ratio(&value, "-1%", &err), AMCT_E_INVALID);
    cr_assert_eq(amct_parse_ratio(&value, "1,0%", &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "'1,0%' is not a ratio such as 1% or 0.01");
    cr_assert_eq(amct_parse_ratio(&value, "1%%", &err), AMCT_E_INVALID);
    cr_assert_eq(value, 42);
}

Test(base_number, a_share_is_neither_nothing_nor_all)
{
    double value = 42;
    static const char *const bad[] = {"0", "0%", "100%", "-1%", "150%", "95"};
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(amct_parse_share(&value, bad[i], &err), AMCT_E_INVALID, "%s", bad[i]);
        cr_assert_not_null(strstr(err.text, "' is not more than 0% and less than 100%"));
    }
    cr_assert_eq(value, 42);
    cr_assert_eq(amct_parse_share(&value, "99.5%", &err), AMCT_OK);
    cr_assert_eq(value, 0.995);
}

Test(base_number, integers_keep_to_their_range)
{
    int64_t value = 42;
    cr_assert_eq(amct_parse_integer(&value, " 17 ", 0, 100, &err), AMCT_OK);
    cr_assert_eq(value, 17);
    cr_assert_eq(amct_parse_integer(&value, "-9223372036854775808", INT64_MIN, 0, &err), AMCT_OK);
    cr_assert_eq(value, INT64_MIN);
    cr_assert_eq(amct_parse_integer(&value, "+9223372036854775807", 0, INT64_MAX, &err), AMCT_OK);
    cr_assert_eq(value, INT64_MAX);
    cr_assert_eq(amct_parse_integer(&value, "101", 0, 100, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "'101' is outside of 0 .. 100");
    static const char *const huge[] = {"9223372036854775808", "-9223372036854775809",
                                       "99999999999999999999999"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(amct_parse_integer(&value, huge[i], INT64_MIN, INT64_MAX, &err),
                     AMCT_E_INVALID);
        cr_assert_not_null(strstr(err.text, "is outside of"));
    }
    static const char *const bad[] = {"", "-", "1.5", "1e3", "0x10", "12a", "1 2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(amct_parse_integer(&value, bad[i], 0, 100, &err), AMCT_E_INVALID);
        cr_assert_not_null(strstr(err.text, "is not a whole number"));
    }
    cr_assert_eq(value, INT64_MAX);
}

Test(base_number, sizes_know_binary_and_decimal_units)
{
    cr_assert_eq(bytes_of("65536"), 65536);
    cr_assert_eq(bytes_of("4GiB"), (uint64_t)4 << 30);
    cr_assert_eq(bytes_of("4 gib"), (uint64_t)4 << 30);
    cr_assert_eq(bytes_of("512M"), (uint64_t)512 << 20);
    cr_assert_eq(bytes_of("1.5k"), 1536);
    cr_assert_eq(bytes_of("2TB"), 2000000000000);
    cr_assert_eq(bytes_of("3kB"), 3000);
    cr_assert_eq(bytes_of("7 B"), 7);
    uint64_t value = 42;
    static const char *const bad[] = {"", "GiB", "4X", "4GiBs", "4Gi", "1/2G", "1,5G"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(amct_parse_bytes(&value, bad[i], 0, &err), AMCT_E_INVALID, "'%s'", bad[i]);
        cr_assert_not_null(strstr(err.text, "is not a size such as 4GiB, 512M or 65536"));
    }
    cr_assert_eq(amct_parse_bytes(&value, "-1", 0, &err), AMCT_E_INVALID);
    cr_assert_eq(amct_parse_bytes(&value, "99999999TiB", 0, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "that this machine can hold"));
    cr_assert_eq(amct_parse_bytes(&value, "63M", 64 << 20, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "'63M' is less than 64 MiB");
    cr_assert_eq(value, 42);
    cr_assert_eq(amct_parse_bytes(&value, "64M", 64 << 20, &err), AMCT_OK);
}

Test(base_number, durations_add_their_parts)
{
    cr_assert_eq(seconds_of("8h"), 28800);
    cr_assert_eq(seconds_of("90s"), 90);
    cr_assert_eq(seconds_of("1h30m"), 5400);
    cr_assert_eq(seconds_of("1h 30m 5s"), 5405);
    cr_assert_eq(seconds_of("1.5h"), 5400);
    cr_assert_eq(seconds_of("2d"), 172800);
    cr_assert_eq(seconds_of("3600"), 3600);
    uint64_t ns;
    cr_assert_eq(amct_parse_duration(&ns, "1s250ms", &err), AMCT_OK);
    cr_assert_eq(ns, 1250000000);
    ns = 42;
    static const char *const bad[] = {"",   "h",   "1h30",  "30m1h",   "1h1h",
                                      "1x", "-1h", "1h-5m", "8 hours", "1:30"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(amct_parse_duration(&ns, bad[i], &err), AMCT_E_INVALID, "'%s'", bad[i]);
        cr_assert_not_null(strstr(err.text, "is not a time such as 8h, 90s or 1h30m"));
    }
    cr_assert_eq(amct_parse_duration(&ns, "-5", &err), AMCT_E_INVALID);
    cr_assert_eq(amct_parse_duration(&ns, "9999d", &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "'9999d' is outside of 0s .. 10 years");
    cr_assert_eq(ns, 42);
}

Test(base_number, a_locale_with_a_decimal_comma_changes_nothing)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        cr_skip_test("no locale with a decimal comma is installed");
    cr_assert_eq(number_of("0.5"), 0.5);
    cr_assert_eq(ratio_of("2.5%"), 0.025);
}

Test(base_number, printed_numbers_are_short_and_come_back)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.485, "0.485"}, {1.0 / 255, "0.00392156862745098"},
                 {0.1, "0.1"},     {0.1 + 0.2, "0.30000000000000004"},
                 {-3, "-3"},       {5e-324, "5e-324"},
                 {1e22, "1e+22"},  {0.07, "0.07"}};
    char text[AMCT_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_str_eq(amct_number_print(cases[i].value, text), cases[i].text);
        cr_expect_eq(number_of(text), cases[i].value);
    }
}

Test(base_number, a_long_text_leaves_room_for_the_words)
{
    char text[5001];
    int64_t value;
    memset(text, '9', 5000);
    text[5000] = 0;
    cr_assert_eq(amct_parse_integer(&value, text, 0, 7, &err), AMCT_E_INVALID);
    cr_expect_not_null(strstr(err.text, "99...' is outside of 0 .. 7"), "%s", err.text);
    cr_expect_lt(strlen(err.text), 100);
}

Test(base_number, rounded_numbers_have_no_exponents_where_a_latency_may_be)
{
    static const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = {
        {1011.4, 3, "1010"},       {347.2, 3, "347"},       {999.6, 3, "1000"},
        {0.78021, 4, "0.7802"},    {0.001, 3, "0.001"},     {1.5, 3, "1.5"},
        {100, 3, "100"},           {33374.2, 4, "33370"},   {999999, 3, "1e+06"},
        {999499, 3, "999000"},     {0.00099, 3, "0.00099"}, {0, 3, "0"},
        {-12.345, 3, "-12.3"},     {1e300, 3, "1e+300"},    {1e-9, 3, "1e-09"},
        {0.0012345, 3, "0.00123"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(amct_number_round(cases[i].value, cases[i].digits).text, cases[i].text);
}
