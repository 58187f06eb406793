/*
 * range.h - quantisation parameters of an activation from what was seen of it: AMCT's IFMR and
 * HFMG.
 *
 * Both look for the range [min, max] whose 8-bit grid has the least squared error on the
 * calibration samples. IFMR keeps all values in memory at AMCT; here the same search runs on a
 * histogram of 2^15 bins whose centres divide the range seen, which moves no candidate's error by
 * more than 2^-14 of the range per value. Its percentiles are exact: the largest and smallest
 * values are kept as they are.
 */
#ifndef AMCT_COMPRESS_RANGE_H
#define AMCT_COMPRESS_RANGE_H

#include "base/err.h"

#include <stdbool.h>

enum { AMCT_RANGE_BINS = 1 << 15 };

/* First pass: extremes. tail values of each end are kept so that percentiles are exact. */
typedef struct amct_extremes {
    uint32_t tail;     /* room at each end, at least 1 */
    uint32_t n;        /* values at each end: up to tail */
    float *low, *high; /* heaps of the smallest and the largest values */
} amct_extremes;

/* How many values the percentile of `total` values needs at each end. */
uint32_t amct_extremes_tail(uint64_t total, double percentile);
void amct_extremes_add(amct_extremes *to, const float *values, size_t n);
void amct_extremes_merge(amct_extremes *to, const amct_extremes *from);
/* Puts the ends in order (heaps stay heaps): after it, the k-th largest and smallest can be asked
 * for (1 = the extreme itself). */
void amct_extremes_sort(amct_extremes *e);
float amct_extremes_high(const amct_extremes *e, uint32_t k);
float amct_extremes_low(const amct_extremes *e, uint32_t k);

/* Second pass: counts of values nearest to min + i * (max - min) / (BINS - 1). */
void amct_histogram_add(uint64_t counts[AMCT_RANGE_BINS], float min, float max, const float *values,
                        size_t n);

typedef enum amct_act_algo { AMCT_ACT_IFMR, AMCT_ACT_HFMG } amct_act_algo;

/* AMCT's options with its defaults. */
typedef struct amct_range_options {
    amct_act_algo algo;
    bool asymmetric;                              /* true */
    double percentile;                            /* 0.999999; IFMR */
    double search_start, search_end, search_step; /* 0.7, 1.3, 0.01; IFMR */
    uint32_t bins;                                /* 4096; HFMG */
} amct_range_options;
extern const amct_range_options amct_range_defaults;

typedef struct amct_qparams {
    float scale;    /* of one step */
    int32_t offset; /* the integer of 0.0, -2^(bits-1) .. 2^(bits-1) - 1; 0 if symmetric */
} amct_qparams;

/* AMCT's formula for a range: widened to hold 0; a scale below 1.192e-7 becomes 1. */
amct_qparams amct_qparams_of_range(float min, float max, bool asymmetric, uint32_t bits);

/* The parameters for the values counted, of 8 bits by AMCT's algorithms. AMCT has none for fewer
 * bits: there both ends are drawn in, turn by turn, to the range of least squared error. extremes
 * are sorted and hold the percentile's tail. */
amct_qparams amct_range_search(const amct_range_options *options, uint32_t bits,
                               const uint64_t counts[AMCT_RANGE_BINS],
                               const amct_extremes *extremes, uint64_t total);

#endif
