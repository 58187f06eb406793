#include "compress/columns_product.h"

#include "compress/linalg.h"
#include "compress/row_loops.h"

#include <string.h>

static bool each_on_its_own(const amct_columns *c)
{
    return c->depthwise && c->outputs == 1;
}

/* Patches are cheaper so, but the columns of a group do not lie together. */
static bool by_tap(const amct_columns *c)
{
    return c->plane && (c->groups == 1 || each_on_its_own(c));
}

void amct_columns_lay_out(float *to, const amct_columns *c, const float *weights)
{
    int64_t channels = c->groups * c->channels;
    for (int64_t g = 0; g < c->groups; g++)
        for (int64_t k = 0; k < c->columns; k++) {
            int64_t channel = g * c->channels + k / c->taps, tap = k % c->taps;
            int64_t column = by_tap(c) ? tap * channels + channel : g * c->columns + k;
            for (int64_t m = 0; m < c->outputs; m++)
                to[column * c->outputs + m] = weights[amct_columns_weight(c, g, m, k)];
        }
}

void amct_columns_multiply(float *results, float *x, const float *weights, const amct_columns *c,
                           const amct_buffer *src, uint32_t sample, const uint32_t *rows, size_t n)
{
    size_t columns = (size_t)c->columns, outputs = (size_t)c->outputs, groups = (size_t)c->groups;
    size_t width = groups * columns, channels = groups * outputs;
    if (by_tap(c))
        amct_columns_patches_by_tap(x, c, src, sample, rows, n);
    else
        amct_columns_patches(x, c, src, 0, sample, rows, n);
    for (size_t g = 0; !each_on_its_own(c) && g < groups; g++)
        amct_linalg_apply(results + g * outputs, channels, x + g * columns, width,
                          weights + g * columns * outputs, outputs, n, columns, outputs);
    if (!each_on_its_own(c))
        return;
    memset(results, 0, n * channels * sizeof *results);
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < columns; t++)
            amct_rows_multiply(results + i * channels, x + i * width + t * channels,
                               weights + t * channels, channels);
}
