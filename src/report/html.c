#include "report/html.h"

#include "base/utf8.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define DASH  "\u2013"
#define MINUS "\u2212"
#define NBSP  "\u00a0"

static void put_character(FILE *out, const char *at, size_t length)
{
    switch (*at) {
    case '&': fputs("&amp;", out); break;
    case '<': fputs("&lt;", out); break;
    case '>': fputs("&gt;", out); break;
    case '"': fputs("&quot;", out); break;
    case '\'': fputs("&#39;", out); break;
    default: fwrite(at, 1, length, out);
    }
}

static void put_text(FILE *out, const char *text, bool breaks)
{
    const char *at = text ? text : DASH;
    for (int n = 0; *at; n++) {
        uint32_t code;
        size_t length = amct_utf8_next(&code, at);
        if (n == AMCT_HTML_TEXT_MAX) {
            fputs("\u2026", out);
            return;
        }
        if (length && (code == '\t' || code == '\n' || amct_utf8_is_shown(code)))
            put_character(out, at, length);
        else
            fputs("\ufffd", out);
        if (breaks && *at == '/')
            fputs("<wbr>", out);
        at += length ? length : 1;
    }
}

void amct_html_text(FILE *out, const char *text)
{
    put_text(out, text, false);
}

void amct_html_name(FILE *out, const char *name)
{
    put_text(out, name, true);
}

void amct_html_href(FILE *out, const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~";
    fputs("./", out);
    for (const unsigned char *c = (const unsigned char *)path; *c; c++)
        fprintf(out, strchr(plain, *c) ? "%c" : "%%%02X", *c);
}

static void put_number(FILE *out, double value, int decimals, const char *plus)
{
    if (!isfinite(value)) {
        fputs(DASH, out);
        return;
    }
    char digits[64];
    double size = fabs(value);
    snprintf(digits, sizeof digits, size < 1e15 ? "%.*f" : "%.*e", size < 1e15 ? decimals : 3,
             size);
    bool zero = strspn(digits, "0.") == strlen(digits); /* "-0.0" is 0.0 */
    fprintf(out, "%s%s", zero ? "" : value < 0 ? MINUS : plus, digits);
}

void amct_html_number(FILE *out, double value, int decimals)
{
    put_number(out, value, decimals, "");
}

void amct_html_change(FILE *out, double value, int decimals)
{
    put_number(out, value, decimals, "+");
}

int amct_html_decimals(double value, int significant)
{
    double size = fabs(value);
    if (!(size > 0) || isinf(size))
        return 0;
    double decimals = significant - 1 - floor(log10(size));
    return (int)fmin(fmax(decimals, 0), 6);
}

void amct_html_bytes(FILE *out, double bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    int unit = 0;
    for (; fabs(bytes) >= 999.5 && unit < 4; unit++)
        bytes /= 1000;
    amct_html_number(out, bytes, unit ? amct_html_decimals(bytes, 3) : 0);
    if (isfinite(bytes))
        fprintf(out, NBSP "%s", units[unit]);
}

void amct_html_duration(FILE *out, double seconds)
{
    if (!isfinite(seconds) || seconds >= 1e12) {
        fputs(DASH, out);
    } else if (seconds < 59.95) {
        amct_html_number(out, seconds, 1);
        fputs(NBSP "s", out);
    } else {
        double whole = floor(seconds + 0.5), minutes = floor(whole / 60),
               hours = floor(minutes / 60);
        if (hours > 0)
            fprintf(out, "%.0f" NBSP "h %.0f" NBSP "min", hours, minutes - 60 * hours);
        else
            fprintf(out, "%.0f" NBSP "min %.0f" NBSP "s", minutes, whole - 60 * minutes);
    }
}

void amct_html_count(FILE *out, double count)
{
    char digits[32];
    if (!isfinite(count) || fabs(count) > 1e19) {
        amct_html_number(out, count, 0);
        return;
    }
    int n = snprintf(digits, sizeof digits, "%.0f", fabs(count));
    fprintf(out, "%s%s", fabs(count) > 0x1p53 ? "\u2248" NBSP : "", count <= -0.5 ? MINUS : "");
    for (int i = 0; i < n; i++)
        fprintf(out, "%s%c", i && (n - i) % 3 == 0 && n > 4 ? "\u202f" : "", digits[i]);
}
