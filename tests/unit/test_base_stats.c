#include "base/stats.h"

#include <criterion/criterion.h>
#include <math.h>

Test(base_stats, quantile_gives_the_tabulated_values)
{
    /* 40-digit values, cut; the first two and the last are the test cases of AS 241. */
    static const double table[][2] = {
        {0.25, -0.6744897501960817432}, {0.001, -3.0902323061678132778}, {0.5, 0},
        {0.975, 1.9599639845400542355}, {0.995, 2.5758293035489007610},  {0.9, 1.2815515655446004},
        {1e-10, -6.3613409024040561},   {1e-20, -9.262340089798407884},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        cr_assert_float_eq(amct_normal_quantile(table[i][0]), table[i][1], 1e-13, "p = %g: %.17g",
                           table[i][0], amct_normal_quantile(table[i][0]));
}

Test(base_stats, quantile_and_cdf_undo_each_other)
{
    for (double x = -8; x <= 5; x += 0.0625) {
        double back = amct_normal_quantile(amct_normal_cdf(x));
        cr_assert_float_eq(back, x, 1e-9, "x = %g came back as %.17g", x, back);
    }
}

Test(base_stats, cdf_is_the_integral_of_the_density)
{
    /* Simpson's rule from -10, where the tail is below 1e-23. */
    double sum = 0, h = 1.0 / 256;
    for (int i = 0; i < 12 * 256; i++) {
        double a = -10 + i * h, m = a + h / 2, b = a + h;
        if (i % 256 == 0)
            cr_assert_float_eq(amct_normal_cdf(a), sum, 1e-11, "x = %g", a);
        sum += h / 6 * (exp(-a * a / 2) + 4 * exp(-m * m / 2) + exp(-b * b / 2)) / sqrt(2 * M_PI);
    }
}

Test(base_stats, quantile_of_no_probability_is_infinite)
{
    cr_assert_eq(amct_normal_quantile(0), -INFINITY);
    cr_assert_eq(amct_normal_quantile(-1), -INFINITY);
    cr_assert_eq(amct_normal_quantile(1), INFINITY);
    cr_assert_eq(amct_normal_quantile(NAN), -INFINITY);
}

Test(base_stats, two_sided_z_of_95_percent_is_1_96)
{
    cr_assert_float_eq(amct_normal_two_sided(0.95), 1.9599639845400542, 1e-14);
    cr_assert_float_eq(amct_normal_two_sided(0), 0, 1e-15);
}
