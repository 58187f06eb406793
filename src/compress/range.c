#include "compress/range.h"

#include <math.h>
#include <stdlib.h>

const amct_range_options amct_range_defaults = {
    .algo = AMCT_ACT_IFMR,
    .asymmetric = true,
    .percentile = 0.999999,
    .search_start = 0.7,
    .search_end = 1.3,
    .search_step = 0.01,
    .bins = 4096,
};

/* ---- Extremes ----------------------------------------------------------------------------- */

uint32_t amct_extremes_tail(uint64_t total, double percentile)
{
    double tail = ceil((1 - percentile) * (double)total) + 1;
    return tail < 1e6 ? (uint32_t)tail : 1000000;
}

/* A heap with the value that leaves first on top: sign +1 keeps the largest, -1 the smallest. */
static void heap_add(float *heap, uint32_t n, uint32_t tail, float value, float sign)
{
    uint32_t i;
    if (n < tail) {
        for (i = n; i && sign * heap[(i - 1) / 2] > sign * value; i = (i - 1) / 2)
            heap[i] = heap[(i - 1) / 2];
        heap[i] = value;
        return;
    }
    for (i = 0;;) {
        uint32_t child = 2 * i + 1;
        if (child >= tail)
            break;
        if (child + 1 < tail && sign * heap[child + 1] < sign * heap[child])
            child++;
        if (sign * heap[child] >= sign * value)
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = value;
}

void amct_extremes_add(amct_extremes *to, const float *values, size_t n)
{
    size_t i = 0;
    for (; i < n && to->n < to->tail; i++) {
        heap_add(to->high, to->n, to->tail, values[i], 1);
        heap_add(to->low, to->n, to->tail, values[i], -1);
        to->n++;
    }
    for (; i < n; i++) {
        if (values[i] > to->high[0])
            heap_add(to->high, to->tail, to->tail, values[i], 1);
        if (values[i] < to->low[0])
            heap_add(to->low, to->tail, to->tail, values[i], -1);
    }
}

void amct_extremes_merge(amct_extremes *to, const amct_extremes *from)
{
    uint32_t before = to->n;
    for (uint32_t i = 0; i < from->n; i++) {
        if (before + i < to->tail)
            to->n = before + i + 1;
        if (before + i < to->tail || from->high[i] > to->high[0])
            heap_add(to->high, before + i, to->tail, from->high[i], 1);
        if (before + i < to->tail || from->low[i] < to->low[0])
            heap_add(to->low, before + i, to->tail, from->low[i], -1);
    }
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static int descending(const void *a, const void *b)
{
    return ascending(b, a);
}

void amct_extremes_sort(amct_extremes *e)
{
    qsort(e->high, e->n, sizeof *e->high, ascending);
    qsort(e->low, e->n, sizeof *e->low, descending);
}

float amct_extremes_high(const amct_extremes *e, uint32_t k)
{
    return e->high[e->n - (k < e->n ? k : e->n)];
}

float amct_extremes_low(const amct_extremes *e, uint32_t k)
{
    return e->low[e->n - (k < e->n ? k : e->n)];
}

/* ---- Histogram ---------------------------------------------------------------------------- */

void amct_histogram_add(uint64_t counts[AMCT_RANGE_BINS], float min, float max, const float *values,
                        size_t n)
{
    float per_value = max > min ? (AMCT_RANGE_BINS - 1) / (max - min) : 0;
    for (size_t i = 0; i < n; i++) {
        float at = (values[i] - min) * per_value + 0.5f;
        at = at > 0 ? at : 0; /* NaN as well */
        counts[at < AMCT_RANGE_BINS - 1 ? (int32_t)at : AMCT_RANGE_BINS - 1]++;
    }
}

/* ---- Parameters --------------------------------------------------------------------------- */

amct_qparams amct_qparams_of_range(float min, float max, bool asymmetric, uint32_t bits)
{
    double low = min < 0 ? min : 0, high = max > 0 ? max : 0, half = (double)(1u << (bits - 1));
    double scale = asymmetric    ? (high - low) / (2 * half - 1)
                   : -low > high ? -low / half
                                 : high / (half - 1);
    if (!(scale >= 1.192e-7)) /* NaN as well */
        return (amct_qparams){1, asymmetric ? (int32_t)-half : 0};
    double offset = asymmetric ? rint(-half - low / scale) : 0;
    return (amct_qparams){(float)scale, (int32_t)offset};
}

typedef struct bins {
    const uint64_t *counts;
    double first, step;
} bins;

/* The squared error of all values counted on the grid q. */
static double squared_error(const bins *b, amct_qparams q, uint32_t bits)
{
    double sum = 0, scale = q.scale, half = (double)(1u << (bits - 1));
    for (int i = 0; i < AMCT_RANGE_BINS; i++) {
        if (!b->counts[i])
            continue;
        double x = b->first + i * b->step, n = rint(x / scale) + q.offset;
        n = n < -half ? -half : n > half - 1 ? half - 1 : n;
        double error = x - (n - q.offset) * scale;
        sum += error * error * (double)b->counts[i];
    }
    return sum;
}

/* IFMR: the percentile's range, its upper end (both ends if symmetric) scaled by each candidate. */
static amct_qparams search_ifmr(const amct_range_options *o, const bins *b, const amct_extremes *e,
                                uint64_t total)
{
    uint32_t k = (uint32_t)fmin((double)e->n, floor((1 - o->percentile) * (double)total) + 1);
    double high = fmax(amct_extremes_high(e, k), 0), low = fmin(amct_extremes_low(e, k), 0);
    double best = INFINITY;
    amct_qparams found = amct_qparams_of_range((float)low, (float)high, o->asymmetric, 8);
    int steps = (int)floor((o->search_end - o->search_start) / o->search_step + 1e-9);
    for (int i = 0; i <= steps; i++) {
        double r = o->search_start + i * o->search_step;
        double reach = fmax(high, -low) * r;
        amct_qparams q = o->asymmetric
                             ? amct_qparams_of_range((float)low, (float)(high * r), true, 8)
                             : amct_qparams_of_range((float)-reach, (float)reach, false, 8);
        double error = squared_error(b, q, 8);
        if (error < best)
            best = error, found = q;
    }
    return found;
}

/* HFMG: from o->bins bins on, the end whose counts are fewer is cut by a share of all values, until
 * a quarter of the bins is left; the best range on the way wins. */
static amct_qparams search_hfmg(const amct_range_options *o, const bins *b, uint64_t total)
{
    enum { MAX_BINS = 8192 };
    uint64_t coarse[MAX_BINS] = {0};
    uint32_t n = o->bins < MAX_BINS ? o->bins : MAX_BINS;
    double width = b->step * AMCT_RANGE_BINS / n;
    for (uint32_t i = 0; i < AMCT_RANGE_BINS; i++)
        coarse[(uint64_t)i * n / AMCT_RANGE_BINS] += b->counts[i];
    uint64_t share = (total + 99999) / 100000;
    uint32_t first = 0, last = n - 1;
    uint64_t left = 0, right = 0;
    double best = INFINITY;
    amct_qparams found = {1, o->asymmetric ? -128 : 0};
    for (uint64_t cut = 0;; cut += share) {
        while (first < last && left + coarse[first] <= cut)
            left += coarse[first++];
        while (last > first && right + coarse[last] <= cut)
            right += coarse[last--];
        double low = b->first + first * width, high = b->first + (last + 1) * width;
        double reach = fmax(fabs(low), fabs(high));
        amct_qparams q = o->asymmetric
                             ? amct_qparams_of_range((float)low, (float)high, true, 8)
                             : amct_qparams_of_range((float)-reach, (float)reach, false, 8);
        double error = squared_error(b, q, 8);
        if (error < best)
            best = error, found = q;
        if (last - first + 1 <= n / 4 || cut > total / 2)
            return found;
    }
}

/* Fewer bits: each end in turn as far in as pays, from the whole range on. */
static amct_qparams search_narrow(bool asymmetric, const bins *b, double low, double high,
                                  uint32_t bits)
{
    enum { STEPS = 64, TURNS = 3 };
    uint64_t few[AMCT_RANGE_BINS] = {0}; /* every 16th bin is enough for so few levels */
    bins coarse = {few, b->first + 7.5 * b->step, b->step};
    for (int i = 0; i < AMCT_RANGE_BINS; i++)
        few[i / 16 * 16] += b->counts[i];
    double ends[2] = {fmin(low, 0), fmax(high, 0)}, best = INFINITY;
    amct_qparams found = amct_qparams_of_range((float)ends[0], (float)ends[1], asymmetric, bits);
    if (!asymmetric) {
        ends[1] = fmax(ends[1], -ends[0]);
        ends[0] = 0;
    }
    for (int turn = 0; turn < TURNS; turn++)
        for (int end = 1; end >= 0; end--) {
            double from = ends[end], kept = from;
            for (int i = 1; i <= STEPS && from != 0; i++) {
                ends[end] = from * i / STEPS;
                amct_qparams q =
                    asymmetric
                        ? amct_qparams_of_range((float)ends[0], (float)ends[1], true, bits)
                        : amct_qparams_of_range((float)-ends[1], (float)ends[1], false, bits);
                double error = squared_error(&coarse, q, bits);
                if (error < best)
                    best = error, found = q, kept = ends[end];
            }
            ends[end] = kept;
        }
    return found;
}

amct_qparams amct_range_search(const amct_range_options *options, uint32_t bits,
                               const uint64_t counts[AMCT_RANGE_BINS],
                               const amct_extremes *extremes, uint64_t total)
{
    double min = amct_extremes_low(extremes, 1), max = amct_extremes_high(extremes, 1);
    bins b = {counts, min, (max - min) / (AMCT_RANGE_BINS - 1)};
    if (!(max > min))
        return amct_qparams_of_range((float)min, (float)max, options->asymmetric, bits);
    if (bits < 8)
        return search_narrow(options->asymmetric, &b, min, max, bits);
    return options->algo == AMCT_ACT_HFMG ? search_hfmg(options, &b, total)
                                          : search_ifmr(options, &b, extremes, total);
}
