#define _GNU_SOURCE /* strtod_l */
#include "base/number.h"

#include "base/utf8.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 100 }; /* of a number: longer ones are a mistake */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

/* A long text must not push the words out of the message. */
static amct_status refuse(const char *text, const char *words, amct_err *err)
{
    char shown[AMCT_CLIPPED];
    return amct_fail(err, AMCT_E_INVALID, "'%s' %s", amct_utf8_show(text, shown, sizeof shown),
                     words);
}

/* Where the decimal number at `at` ends; `at` itself if there is none. Decides the grammar, so that
 * strtod's hex, "inf", "nan" and blanks never count. */
static const char *decimal_end(const char *at)
{
    const char *begin = at + (*at == '-' || *at == '+'), *end = skip_digits(begin);
    size_t digits = (size_t)(end - begin);
    if (*end == '.') {
        const char *fraction = end + 1;
        end = skip_digits(fraction);
        digits += (size_t)(end - fraction);
    }
    if (!digits)
        return at;
    if (*end == 'e' || *end == 'E') {
        const char *power = end + 1 + (end[1] == '-' || end[1] == '+');
        if (is_digit(*power))
            end = skip_digits(power);
    }
    return end;
}

/* Reads a decimal number and moves *at behind it. False if there is none, it is too long or not
 * finite. */
static bool read_decimal(double *out, const char **at)
{
    const char *end = decimal_end(*at);
    size_t length = (size_t)(end - *at);
    if (length == 0 || length > MAX_TEXT)
        return false;
    char text[MAX_TEXT + 1];
    memcpy(text, *at, length);
    text[length] = 0;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return false;
    double value = strtod_l(text, NULL, c);
    freelocale(c);
    if (!isfinite(value))
        return false;
    *out = value;
    *at = end;
    return true;
}

/* A decimal or a fraction of two. */
static bool read_number(double *out, const char **at)
{
    double value, below;
    const char *end = skip_blanks(*at);
    if (!read_decimal(&value, &end))
        return false;
    const char *slash = skip_blanks(end);
    if (*slash == '/') {
        end = skip_blanks(slash + 1);
        if (!read_decimal(&below, &end))
            return false;
        value /= below;
        if (!isfinite(value))
            return false;
    }
    *out = value;
    *at = skip_blanks(end);
    return true;
}

amct_status amct_parse_number(double *out, const char *text, amct_err *err)
{
    double value;
    const char *at = text;
    if (!read_number(&value, &at) || *at)
        return refuse(text, "is not a number such as 0.5 or 1/255", err);
    *out = value;
    return AMCT_OK;
}

static amct_status read_ratio(double *value, const char *text, amct_err *err)
{
    const char *at = text;
    bool good = read_number(value, &at), percent = good && *at == '%';
    if (percent) {
        at = skip_blanks(at + 1);
        *value /= 100;
    }
    if (!good || *at)
        return refuse(text, "is not a ratio such as 1% or 0.01", err);
    if (*value == 1 && !percent)
        return refuse(text, "may mean 1% or all of it: say it in %", err);
    return AMCT_OK;
}

amct_status amct_parse_ratio(double *out, const char *text, amct_err *err)
{
    double value;
    AMCT_TRY(read_ratio(&value, text, err));
    if (value < 0 || value > 1)
        return refuse(text, "is outside of 0% .. 100%", err);
    *out = value;
    return AMCT_OK;
}

amct_status amct_parse_share(double *out, const char *text, amct_err *err)
{
    double value;
    AMCT_TRY(read_ratio(&value, text, err));
    if (value <= 0 || value >= 1)
        return refuse(text, "is not more than 0% and less than 100%", err);
    *out = value;
    return AMCT_OK;
}

amct_status amct_parse_integer(int64_t *out, const char *text, int64_t min, int64_t max,
                               amct_err *err)
{
    char shown[AMCT_CLIPPED];
    const char *at = skip_blanks(text);
    bool negative = *at == '-', good = true, fits = true;
    at += *at == '-' || *at == '+';
    good = is_digit(*at);
    int64_t value = 0; /* built below zero, where the range is one wider */
    for (; is_digit(*at); at++)
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_sub_overflow(value, *at - '0', &value);
    if (!good || *skip_blanks(at))
        return refuse(text, "is not a whole number", err);
    if (!negative)
        fits = fits && !__builtin_sub_overflow(0, value, &value);
    if (!fits || value < min || value > max)
        return amct_fail(err, AMCT_E_INVALID, "'%s' is outside of %lld .. %lld",
                         amct_utf8_show(text, shown, sizeof shown), (long long)min, (long long)max);
    *out = value;
    return AMCT_OK;
}

/* The power of a size unit at `at`, 0 if there is none; moves *at behind it. */
static double read_size_unit(const char **at)
{
    static const char prefixes[] = "kmgt";
    const char *unit = *at;
    double step = 1024, factor = 1;
    const char *prefix = *unit ? strchr(prefixes, *unit | 0x20) : NULL;
    if (prefix) {
        unit++;
        if ((*unit | 0x20) == 'i' && (unit[1] | 0x20) == 'b')
            unit += 2;
        else if ((*unit | 0x20) == 'b')
            step = 1000, unit++;
        for (const char *p = prefixes; p <= prefix; p++)
            factor *= step;
    } else if ((*unit | 0x20) == 'b') {
        unit++;
    }
    *at = unit;
    return factor;
}

amct_status amct_parse_bytes(uint64_t *out_bytes, const char *text, uint64_t min, amct_err *err)
{
    char shown[AMCT_CLIPPED];
    double value;
    const char *at = skip_blanks(text);
    bool good = read_decimal(&value, &at);
    if (good) {
        at = skip_blanks(at);
        value = round(value * read_size_unit(&at));
    }
    if (!good || *skip_blanks(at))
        return refuse(text, "is not a size such as 4GiB, 512M or 65536", err);
    if (value < 0 || value > 0x1p62)
        return refuse(text, "is not a size that this machine can hold", err);
    if (value < (double)min)
        return amct_fail(err, AMCT_E_INVALID, "'%s' is less than %llu MiB",
                         amct_utf8_show(text, shown, sizeof shown), (unsigned long long)min >> 20);
    *out_bytes = (uint64_t)value;
    return AMCT_OK;
}

static const struct {
    const char *name;
    double ns;
} time_units[] = {{"d", 86400e9}, {"h", 3600e9}, {"ms", 1e6}, {"m", 60e9}, {"s", 1e9}, {"us", 1e3}};
enum { N_TIME_UNITS = sizeof time_units / sizeof *time_units };

/* Index of the unit at *at, N_TIME_UNITS if there is none; moves *at behind it. */
static int read_time_unit(const char **at)
{
    int i = 0;
    for (; i < N_TIME_UNITS; i++) {
        size_t length = strlen(time_units[i].name);
        if (strncmp(*at, time_units[i].name, length) == 0) {
            *at += length;
            break;
        }
    }
    return i;
}

amct_status amct_parse_duration(uint64_t *out_ns, const char *text, amct_err *err)
{
    static const double max_ns = 10 * 366 * 86400e9;
    double total = 0, value, last = INFINITY;
    const char *at = skip_blanks(text);
    bool good = *at != 0;
    while (good && *at) {
        good = read_decimal(&value, &at);
        if (!good)
            break;
        at = skip_blanks(at);
        if (*at == 0 && isinf(last)) { /* a number alone */
            total = value * 1e9;
            break;
        }
        int unit = read_time_unit(&at);
        good = unit < N_TIME_UNITS && time_units[unit].ns < last;
        if (good) {
            last = time_units[unit].ns;
            total += value * last;
            good = value >= 0;
        }
        at = skip_blanks(at);
    }
    if (!good)
        return refuse(text, "is not a time such as 8h, 90s or 1h30m", err);
    if (total < 0 || total > max_ns)
        return refuse(text, "is outside of 0s .. 10 years", err);
    *out_ns = (uint64_t)round(total);
    return AMCT_OK;
}

const char *amct_number_print(double value, char text[AMCT_NUMBER_TEXT])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, AMCT_NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

amct_rounded amct_number_round(double value, int digits)
{
    amct_rounded out;
    snprintf(out.text, sizeof out.text, "%.*e", digits - 1, value);
    const char *mark = strchr(out.text, 'e'); /* none: not finite */
    int exponent = mark ? atoi(mark + 1) : 0;
    if (!mark || value == 0 || exponent < -3 || exponent > 5) {
        snprintf(out.text, sizeof out.text, "%.*g", digits, value);
        return out;
    }
    double rounded = strtod(out.text, NULL);
    int decimals = digits - 1 - exponent;
    snprintf(out.text, sizeof out.text, "%.*f", decimals > 0 ? decimals : 0, rounded);
    for (char *end = out.text + strlen(out.text); decimals > 0 && end[-1] == '0'; decimals--)
        *--end = 0;
    if (out.text[strlen(out.text) - 1] == '.')
        out.text[strlen(out.text) - 1] = 0;
    return out;
}
