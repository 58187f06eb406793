#include "report/axis.h"
#include "report/html.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_sound(double lo, double hi, int max_ticks)
{
    amct_axis a = amct_axis_make(lo, hi, max_ticks);
    cr_assert(isfinite(a.lo) && isfinite(a.hi) && a.lo < a.hi, "%g %g", lo, hi);
    cr_assert(a.n_ticks >= 1 && a.n_ticks <= max_ticks, "%g %g: %d ticks", lo, hi, a.n_ticks);
    for (int i = 0; i < a.n_ticks; i++) {
        double place = amct_axis_place(&a, amct_axis_tick(&a, i));
        cr_assert(place > -1e-5 && place < 1 + 1e-5, "%g %g: tick %d at %g", lo, hi, i, place);
    }
    double digit = a.step / pow(10, floor(log10(a.step) + 1e-9));
    cr_assert(fabs(digit - 1) < 1e-6 || fabs(digit - 2) < 1e-6 || fabs(digit - 5) < 1e-6,
              "%g %g: step %g", lo, hi, a.step);
}

static char *label(const amct_axis *a, int i)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    amct_html_number(out, amct_axis_tick(a, i), a->decimals);
    fclose(out);
    return text;
}

static void assert_ticks(double lo, double hi, int max_ticks, const char *wanted)
{
    amct_axis a = amct_axis_make(lo, hi, max_ticks);
    char got[256] = "";
    for (int i = 0; i < a.n_ticks; i++) {
        char *text = label(&a, i);
        strcat(strcat(got, i ? " " : ""), text);
        free(text);
    }
    cr_assert_str_eq(got, wanted);
}

Test(report_axis, ticks_are_round_numbers_within_the_range)
{
    assert_ticks(0, 1, 6, "0.0 0.2 0.4 0.6 0.8 1.0");
    assert_ticks(0, 400, 8, "0 100 200 300 400");
    assert_ticks(0.33, 0.61, 8, "0.35 0.40 0.45 0.50 0.55 0.60");
    assert_ticks(-0.021, 0.034, 7, "\u22120.02 \u22120.01 0.00 0.01 0.02 0.03");
    assert_ticks(3, 3 + 2e-4, 4, "3.0000 3.0001 3.0002");
}

Test(report_axis, a_tick_at_an_end_is_not_lost_to_rounding)
{
    for (int i = 1; i < 200; i++) {
        amct_axis a = amct_axis_make(-0.1 * i, 0.3 * i, 9);
        double last = amct_axis_tick(&a, a.n_ticks - 1);
        cr_assert(last + a.step > a.hi * (1 + 1e-9), "%d", i);
        cr_assert(a.first - a.step < a.lo * (1 + 1e-9), "%d", i);
    }
}

Test(report_axis, any_two_values_make_an_axis)
{
    static const double values[] = {0,         1,       -1,    1e-300,    5e-324,    -1e-12,
                                    1e12,      1e300,   1e308, -1e308,    INFINITY,  NAN,
                                    1 + 1e-15, -2e-309, 0.1,   123456.75, 1e9 + 0.1, 1e9};
    enum { N = sizeof values / sizeof *values };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int ticks = 4; ticks < 10; ticks++)
                assert_sound(values[i], values[j], ticks);
}

Test(report_axis, labels_of_an_ordinary_axis_differ)
{
    for (double width = 1e-6; width < 1e7; width *= 1.7) {
        amct_axis a = amct_axis_make(2 * width, 3 * width, 8);
        for (int i = 1; i < a.n_ticks; i++) {
            char *before = label(&a, i - 1), *text = label(&a, i);
            cr_assert_str_neq(before, text, "width %g", width);
            free(before);
            free(text);
        }
    }
}

Test(report_axis, ends_are_zero_and_one)
{
    amct_axis a = amct_axis_make(5, 2, 5);
    cr_assert_eq(amct_axis_place(&a, 2), 0);
    cr_assert_eq(amct_axis_place(&a, 5), 1);
    cr_assert_gt(amct_axis_place(&a, 6), 1);
}

Test(report_axis, ranges_leave_out_what_is_not_finite)
{
    amct_range range = {NAN, NAN};
    amct_range_widen(&range, NAN);
    cr_assert(isnan(range.lo));
    amct_range_widen(&range, 3);
    amct_range_widen(&range, INFINITY);
    amct_range_widen(&range, -1);
    amct_range_widen(&range, NAN);
    cr_assert_eq(range.lo, -1);
    cr_assert_eq(range.hi, 3);
}
