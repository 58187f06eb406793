#include "data/split.h"

#include "base/pcg.h"

#include <stdlib.h>

enum { MAX_CALIBRATION = 256, MAX_SEARCH = 1024 };

/* ---- Order --------------------------------------------------------------------------------- */

/* A sample's place: sample number `rank` of `size` in its class stands at (rank + 1/2) / size. */
typedef struct place {
    uint32_t index;
    int32_t label;
    uint32_t rank, size;
    uint32_t lot; /* decides between equal places */
} place;

static int by_label(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return x->lot < y->lot ? -1 : x->lot > y->lot;
}

static int by_place(const void *a, const void *b)
{
    const place *x = a, *y = b;
    uint64_t left = (2 * (uint64_t)x->rank + 1) * y->size;
    uint64_t right = (2 * (uint64_t)y->rank + 1) * x->size;
    if (left != right)
        return left < right ? -1 : 1;
    return x->lot < y->lot ? -1 : x->lot > y->lot;
}

/* Gives every sample a lot of its own: a random permutation (Fisher and Yates). */
static void draw_lots(place *places, uint32_t n, uint64_t seed)
{
    amct_pcg rng = amct_pcg_new(seed, 0);
    for (uint32_t i = 0; i < n; i++)
        places[i].lot = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = amct_pcg_below(&rng, i), lot = places[j].lot;
        places[j].lot = places[i - 1].lot;
        places[i - 1].lot = lot;
    }
}

static void order_samples(place *places, uint32_t n, const int32_t *labels, uint64_t seed)
{
    for (uint32_t i = 0; i < n; i++)
        places[i] = (place){.index = i, .label = labels ? labels[i] : 0};
    draw_lots(places, n, seed);
    qsort(places, n, sizeof *places, by_label);
    for (uint32_t begin = 0, end; begin < n; begin = end) {
        end = begin;
        while (end < n && places[end].label == places[begin].label)
            end++;
        for (uint32_t i = begin; i < end; i++) {
            places[i].rank = i - begin;
            places[i].size = end - begin;
        }
    }
    qsort(places, n, sizeof *places, by_place);
}

/* ---- Counts -------------------------------------------------------------------------------- */

/* A default: part of n, at most `most` and `share`, at least 1. */
static uint32_t default_count(uint64_t part, uint64_t most, uint64_t share)
{
    uint64_t count = part < most ? part : most;
    count = count < share ? count : share;
    return count ? (uint32_t)count : 1;
}

static amct_status check_counts(const uint64_t counts[3], uint32_t n, amct_err *err)
{
    uint64_t sum = counts[0] + counts[1] + counts[2];
    if (sum > n)
        return amct_fail(err, AMCT_E_INVALID,
                         "%u samples, but calibration %llu + search %llu + confirm %llu = %llu are "
                         "asked for",
                         n, (unsigned long long)counts[0], (unsigned long long)counts[1],
                         (unsigned long long)counts[2], (unsigned long long)sum);
    return AMCT_OK;
}

static amct_status decide_counts(uint64_t counts[3], uint32_t n, const amct_split_options *options,
                                 amct_err *err)
{
    static const char *const names[] = {"calibration", "search", "confirm"};
    uint32_t said[3] = {options->calibration, options->search, options->confirm};
    if (said[2] == AMCT_SPLIT_DEFAULT)
        said[2] = AMCT_SPLIT_REST;
    int rest = -1;
    for (int i = 0; i < 3; i++) {
        if (said[i] == AMCT_SPLIT_REST && rest >= 0)
            return amct_fail(err, AMCT_E_INVALID,
                             "the rest of the samples cannot be both %s and %s", names[rest],
                             names[i]);
        if (said[i] == AMCT_SPLIT_REST)
            rest = i;
        counts[i] = said[i] < AMCT_SPLIT_REST ? said[i] : 0;
    }
    AMCT_TRY(check_counts(counts, n, err));
    uint64_t left = n - counts[0] - counts[1] - counts[2];
    if (said[0] == AMCT_SPLIT_DEFAULT) {
        counts[0] = default_count(n / 5, MAX_CALIBRATION, left / 3);
        left -= left ? counts[0] : 0;
    }
    if (said[1] == AMCT_SPLIT_DEFAULT)
        counts[1] = default_count((uint64_t)n * 2 / 5, MAX_SEARCH, left / 2);
    AMCT_TRY(check_counts(counts, n, err));
    if (rest >= 0) {
        counts[rest] = n - counts[0] - counts[1] - counts[2];
        if (counts[rest] == 0)
            return amct_fail(err, AMCT_E_INVALID,
                             "%u samples: none is left for %s, as calibration %llu + search %llu + "
                             "confirm %llu are taken",
                             n, names[rest], (unsigned long long)counts[0],
                             (unsigned long long)counts[1], (unsigned long long)counts[2]);
    }
    return AMCT_OK;
}

amct_status amct_split_make(amct_split *out, uint32_t n, const int32_t *labels,
                            const amct_split_options *options, amct_err *err)
{
    uint64_t counts[3];
    AMCT_TRY(decide_counts(counts, n, options, err));
    place *places = calloc(n ? n : 1, sizeof *places);
    uint32_t *indices = calloc(n ? n : 1, sizeof *indices);
    if (!places || !indices) {
        free(places);
        free(indices);
        return amct_fail_nomem(err);
    }
    order_samples(places, n, labels, options->seed);
    for (uint32_t i = 0; i < n; i++)
        indices[i] = places[i].index;
    free(places);
    *out = (amct_split){.calibration = indices,
                        .search = indices + counts[0],
                        .confirm = indices + counts[0] + counts[1],
                        .n_calibration = (uint32_t)counts[0],
                        .n_search = (uint32_t)counts[1],
                        .n_confirm = (uint32_t)counts[2]};
    return AMCT_OK;
}

void amct_split_free(amct_split *split)
{
    free(split->calibration);
    *split = (amct_split){0};
}
