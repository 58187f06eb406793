#include "data/bilinear.h"

#include <math.h>
#include <stdlib.h>

enum { WEIGHT_BITS = 11, WEIGHT_ONE = 1 << WEIGHT_BITS };

/* Where one destination coordinate reads: at and after, weighted. */
typedef struct tap {
    int32_t at, after;
    int32_t weight_at, weight_after;
} tap;

static tap make_tap(uint32_t i, uint32_t from, uint32_t to)
{
    double scale = 1.0 / ((double)to / from);
    float x = (float)((i + 0.5) * scale - 0.5);
    int32_t at = (int32_t)floorf(x);
    float part = x - (float)at;
    return (tap){at, at + 1, (int32_t)lrintf((1.0f - part) * WEIGHT_ONE),
                 (int32_t)lrintf(part * WEIGHT_ONE)};
}

static int32_t clamp(int32_t i, uint32_t n)
{
    return i < 0 ? 0 : i >= (int32_t)n ? (int32_t)n - 1 : i;
}

/* Across, a pixel beyond the edge is the edge alone. Down, it is the edge twice with both weights,
 * which can round differently. */
static tap make_across_tap(uint32_t i, uint32_t from, uint32_t to)
{
    tap t = make_tap(i, from, to);
    if (t.at < 0 || t.after >= (int32_t)from) {
        t.at = t.after = clamp(t.at, from);
        t.weight_at = WEIGHT_ONE, t.weight_after = 0;
    }
    return t;
}

static void resize_row(int32_t *dst, const uint8_t *src, const tap *taps, uint32_t width,
                       uint32_t channels)
{
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t *a = src + (size_t)taps[x].at * channels,
                      *b = src + (size_t)taps[x].after * channels;
        for (uint32_t c = 0; c < channels; c++)
            *dst++ = a[c] * taps[x].weight_at + b[c] * taps[x].weight_after;
    }
}

/* The last two rows that were resized across, by their number in the source. */
typedef struct row_cache {
    int32_t *rows[2];
    int32_t numbers[2];
} row_cache;

static const int32_t *cached_row(row_cache *cache, int32_t number, int32_t other,
                                 const uint8_t *src, size_t src_stride, const tap *taps,
                                 uint32_t width, uint32_t channels)
{
    int slot = cache->numbers[0] == number ? 0 : cache->numbers[1] == number ? 1 : -1;
    if (slot < 0) {
        slot = cache->numbers[0] == other; /* not the one that is needed at the same time */
        resize_row(cache->rows[slot], src + (size_t)number * src_stride, taps, width, channels);
        cache->numbers[slot] = number;
    }
    return cache->rows[slot];
}

static void resize(uint8_t *dst, const uint8_t *src, uint32_t height, uint32_t width,
                   uint32_t channels, const amct_crop *crop, tap *taps, int32_t *rows)
{
    size_t row = (size_t)crop->width * channels, stride = (size_t)width * channels;
    row_cache cache = {{rows, rows + row}, {-1, -1}};
    for (uint32_t x = 0; x < crop->width; x++)
        taps[x] = make_across_tap(crop->left + x, width, crop->full_width);
    for (uint32_t y = 0; y < crop->height; y++) {
        tap t = make_tap(crop->top + y, height, crop->full_height);
        int32_t at = clamp(t.at, height), after = clamp(t.after, height);
        const int32_t *a = cached_row(&cache, at, after, src, stride, taps, crop->width, channels);
        const int32_t *b = cached_row(&cache, after, at, src, stride, taps, crop->width, channels);
        for (size_t i = 0; i < row; i++)
            *dst++ = (uint8_t)(((t.weight_at * (a[i] >> 4) >> 16) +
                                (t.weight_after * (b[i] >> 4) >> 16) + 2) >>
                               2);
    }
}

amct_status amct_bilinear(uint8_t *dst, const uint8_t *src, uint32_t height, uint32_t width,
                          uint32_t channels, const amct_crop *crop, amct_err *err)
{
    tap *taps = malloc(crop->width * sizeof *taps);
    int32_t *rows = malloc(2 * (size_t)crop->width * channels * sizeof *rows);
    amct_status status = AMCT_OK;
    if (taps && rows)
        resize(dst, src, height, width, channels, crop, taps, rows);
    else
        status = amct_fail_nomem(err);
    free(rows);
    free(taps);
    return status;
}
