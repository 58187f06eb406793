/* The loops between primitives, and sums per channel. */
#include "base/pcg.h"
#include "exec/channels.h"
#include "exec/kernels.h"

#include <criterion/criterion.h>
#include <math.h>

enum { N = 1000 };

Test(exec_kernels, quantisation_rounds_half_to_even_and_clips)
{
    const float src[] = {0.5f, 1.5f, 2.5f, -0.5f, 1e30f, -1e30f, NAN, INFINITY, -INFINITY};
    const uint8_t wanted[] = {10, 12, 12, 10, 200, 3, 3, 200, 3};
    const float floats[] = {0, 2, 2, 0, 200, -5, -5, 200, -5};
    uint8_t codes[9];
    float values[9];
    amct_quantize_u8(codes, src, 9, 1, 10, 3, 200);
    amct_quantize_f32(values, src, 9, 1, -5, 200);
    for (int i = 0; i < 9; i++) {
        cr_assert_eq(codes[i], wanted[i], "%d: %d", i, codes[i]);
        cr_assert_eq(values[i], floats[i], "%d: %g", i, values[i]);
    }
}

Test(exec_kernels, every_length_and_alignment_gives_the_plain_result)
{
    static float src[N + 8], centered[N + 8];
    static uint8_t codes[N + 8], shifted[N + 8], back[N + 8];
    amct_pcg rng = amct_pcg_new(1, 1);
    for (int i = 0; i < N + 8; i++)
        src[i] = (float)(600 * amct_pcg_unit(&rng) - 300);
    for (size_t n = 0; n < N; n += n < 70 ? 1 : 97)
        for (size_t at = 0; at < 4; at++) {
            codes[at + n] = 77; /* nothing is written beyond the end */
            amct_quantize_u8(codes + at, src + at, n, 0.73f, 12, 5, 250);
            cr_assert_eq(codes[at + n], 77);
            amct_shift_u8(shifted + at, codes + at, n);
            amct_center_u8(centered + at, codes + at, n, 12);
            amct_uncenter_u8(back + at, centered + at, n, 12);
            for (size_t i = at; i < at + n; i++) {
                float q = rintf(src[i] * 0.73f) + 12;
                q = q < 5 ? 5 : q > 250 ? 250 : q;
                cr_assert_eq(codes[i], q);
                cr_assert_eq((int8_t)shifted[i], (int)codes[i] - 128);
                cr_assert_eq(centered[i], q - 12);
                cr_assert_eq(back[i], codes[i]);
            }
        }
}

/* Element (sample, channel, place) holds 100 * sample + 10 * channel + place. */
static void fill(float *data, amct_layout layout, int64_t samples, int64_t channels, int64_t inner)
{
    for (int64_t s = 0; s < samples; s++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < inner; i++)
                data[layout == AMCT_LAYOUT_LAST ? (s * inner + i) * channels + c
                                                : (s * channels + c) * inner + i] =
                    (float)(100 * s + 10 * c + i);
}

Test(exec_kernels, sums_and_shifts_are_per_channel_in_both_layouts)
{
    for (int layout = 0; layout < 2; layout++) {
        float data[3 * 5 * 6], shift[] = {1, 2, 3, 4, 5};
        double sums[5] = {0};
        amct_buffer b = {.data = data,
                         .dtype = AMCT_FLOAT,
                         .layout = (amct_layout)layout,
                         .shape = amct_shape_of(4, (int64_t[]){3, 5, 2, 3}),
                         .bytes = sizeof data};
        fill(data, b.layout, 3, 5, 6);
        cr_assert_eq(amct_channels_sum(sums, &b, 1, 2), 12, "the third sample is not counted");
        for (int c = 0; c < 5; c++)
            cr_assert_eq(sums[c], 12 * 10 * c + 6 * 100 + 2 * (0 + 1 + 2 + 3 + 4 + 5));
        amct_channels_shift(&b, 1, 3, shift);
        double after[5] = {0};
        amct_channels_sum(after, &b, 1, 2);
        for (int c = 0; c < 5; c++)
            cr_assert_eq(after[c] - sums[c], 12 * (c + 1));
    }
}

Test(exec_kernels, rows_of_features_have_their_channels_last)
{
    float data[2 * 3 * 4], shift[] = {1, 2, 3, 4};
    double sums[4] = {0};
    amct_buffer b = {.data = data, .dtype = AMCT_FLOAT, .bytes = sizeof data};
    b.shape = amct_shape_of(2, (int64_t[]){6, 4});
    for (int i = 0; i < 24; i++)
        data[i] = (float)i;
    cr_assert_eq(amct_channels_sum(sums, &b, 1, 6), 6);
    cr_assert_eq(sums[1], 1 + 5 + 9 + 13 + 17 + 21);
    amct_channels_shift(&b, 1, 1, shift);
    cr_assert_eq(data[3], 7);
    cr_assert_eq(data[4], 4);
}
