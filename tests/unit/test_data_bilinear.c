#include "base/pcg.h"
#include "data/bilinear.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

static uint8_t *random_picture(uint32_t height, uint32_t width, uint32_t channels)
{
    amct_pcg rng = amct_pcg_new(42, height * width);
    uint8_t *pixels = malloc((size_t)height * width * channels);
    for (size_t i = 0; i < (size_t)height * width * channels; i++)
        pixels[i] = (uint8_t)amct_pcg_next(&rng);
    return pixels;
}

/* The textbook: real weights of the four nearest pixel centres, edges repeated. */
static double ideal(const uint8_t *src, uint32_t height, uint32_t width, uint32_t channels,
                    double y, double x, uint32_t c)
{
    double sum = 0;
    for (int dy = 0; dy < 2; dy++)
        for (int dx = 0; dx < 2; dx++) {
            double yy = floor(y) + dy, xx = floor(x) + dx;
            double weight = (1 - fabs(y - yy)) * (1 - fabs(x - xx));
            size_t row = (size_t)fmin(fmax(yy, 0), height - 1);
            size_t column = (size_t)fmin(fmax(xx, 0), width - 1);
            sum += weight * src[(row * width + column) * channels + c];
        }
    return sum;
}

Test(data_bilinear, stays_within_rounding_of_the_textbook)
{
    static const uint32_t sizes[][4] = {{28, 28, 32, 32}, {50, 40, 17, 23}, {1, 7, 5, 3},
                                        {9, 1, 4, 8},     {3, 3, 64, 64},   {1, 1, 4, 4}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (uint32_t channels = 1; channels <= 3; channels += 2) {
            uint32_t h = sizes[s][0], w = sizes[s][1], H = sizes[s][2], W = sizes[s][3];
            uint8_t *src = random_picture(h, w, channels);
            uint8_t *dst = malloc((size_t)H * W * channels);
            amct_crop all = {H, W, 0, 0, H, W};
            cr_assert_eq(amct_bilinear(dst, src, h, w, channels, &all, &err), AMCT_OK);
            for (uint32_t y = 0; y < H; y++)
                for (uint32_t x = 0; x < W; x++)
                    for (uint32_t c = 0; c < channels; c++) {
                        double wanted = ideal(src, h, w, channels, (y + 0.5) * h / H - 0.5,
                                              (x + 0.5) * w / W - 0.5, c);
                        cr_assert_float_eq(dst[(y * W + x) * channels + c], wanted, 1.0,
                                           "size %zu at %u %u %u", s, y, x, c);
                    }
            free(src);
            free(dst);
        }
}

Test(data_bilinear, half_size_is_the_mean_of_four)
{
    uint8_t *src = random_picture(20, 30, 3), dst[10 * 15 * 3];
    amct_crop all = {10, 15, 0, 0, 10, 15};
    cr_assert_eq(amct_bilinear(dst, src, 20, 30, 3, &all, &err), AMCT_OK);
    for (uint32_t y = 0; y < 10; y++)
        for (uint32_t x = 0; x < 15; x++)
            for (uint32_t c = 0; c < 3; c++) {
                const uint8_t *p = src + (2 * y * 30 + 2 * x) * 3 + c;
                cr_assert_eq(dst[(y * 15 + x) * 3 + c], (p[0] + p[3] + p[90] + p[93] + 2) / 4);
            }
    free(src);
}

Test(data_bilinear, the_same_size_changes_nothing)
{
    uint8_t *src = random_picture(33, 21, 3), dst[33 * 21 * 3];
    amct_crop all = {33, 21, 0, 0, 33, 21};
    cr_assert_eq(amct_bilinear(dst, src, 33, 21, 3, &all, &err), AMCT_OK);
    cr_assert_eq(memcmp(dst, src, sizeof dst), 0);
    free(src);
}

Test(data_bilinear, a_part_is_that_part_of_the_whole)
{
    uint8_t *src = random_picture(40, 60, 3), whole[50 * 75 * 3], part[20 * 30 * 3];
    amct_crop all = {50, 75, 0, 0, 50, 75}, middle = {50, 75, 15, 22, 20, 30};
    cr_assert_eq(amct_bilinear(whole, src, 40, 60, 3, &all, &err), AMCT_OK);
    cr_assert_eq(amct_bilinear(part, src, 40, 60, 3, &middle, &err), AMCT_OK);
    for (uint32_t y = 0; y < 20; y++)
        cr_assert_eq(memcmp(part + y * 90, whole + ((y + 15) * 75 + 22) * 3, 90), 0);
    free(src);
}
