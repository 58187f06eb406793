/* The order of the search samples, and which of them finalists are refined on. */
#include "tune/setup.h"

#include "data/halves.h"
#include "measure/temper.h"

#include <stdlib.h>
#include <string.h>

amct_status amct_setup_refit(amct_setup *s, amct_err *err)
{
    uint32_t n = s->calibration.n, more = 0;
    if (s->confirm.n) /* all of them may take long */
        more = s->search.n < n ? s->search.n : n;
    s->refit_indices = malloc((n + (size_t)more) * sizeof *s->refit_indices);
    if (!s->refit_indices)
        return amct_fail_nomem(err);
    /* The last ones are held back from fitting (refinery.h). */
    memcpy(s->refit_indices, s->search.indices, more * sizeof *s->refit_indices);
    memcpy(s->refit_indices + more, s->calibration.indices, n * sizeof *s->refit_indices);
    s->refit = (amct_selection){s->dataset, s->refit_indices, n + more};
    return AMCT_OK;
}

/* Puts the search samples, and all that is kept of each, into that order. */
static amct_status reorder(amct_setup *s, const uint32_t *order, amct_err *err)
{
    uint32_t n = s->search.n;
    size_t row = s->outputs.row;
    uint32_t *indices = malloc(n * sizeof *indices);
    int32_t *labels = malloc(n * sizeof *labels);
    float *rows = malloc(n * row * sizeof *rows);
    amct_status status = indices && labels && rows ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++) {
        indices[i] = s->split.search[order[i]];
        labels[i] = s->search_labels ? s->search_labels[order[i]] : 0;
        memcpy(rows + i * row, s->rows + order[i] * row, row * sizeof *rows);
    }
    if (status == AMCT_OK) {
        memcpy(s->split.search, indices, n * sizeof *indices);
        memcpy(s->rows, rows, n * row * sizeof *rows);
        if (s->search_labels)
            memcpy(s->search_labels, labels, n * sizeof *labels);
    }
    free(rows);
    free(labels);
    free(indices);
    return status;
}

typedef struct unsure {
    double by; /* amct_unsure */
    uint32_t sample;
} unsure;

static int by_sureness(const void *left, const void *right)
{
    const unsure *a = left, *b = right;
    if (a->by != b->by)
        return a->by > b->by ? -1 : 1;
    return (a->sample > b->sample) - (a->sample < b->sample);
}

static amct_status choose_refit(amct_setup *s, const double *by, amct_err *err)
{
    uint32_t more = s->refit.n - s->calibration.n;
    unsure *all = malloc(s->search.n * sizeof *all);
    if (!all)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < s->search.n; i++)
        all[i] = (unsure){by[i], s->search.indices[i]};
    qsort(all, s->search.n, sizeof *all, by_sureness);
    for (uint32_t i = 0; i < more; i++) /* the surest of them first, which are cut first */
        s->refit_indices[i] = all[more - 1 - i].sample;
    free(all);
    return AMCT_OK;
}

amct_status amct_setup_by_sureness(amct_setup *s, amct_err *err)
{
    uint32_t n = s->search.n;
    if (!s->outputs.classes || s->detection.used)
        return AMCT_OK;
    double *by = malloc(n * sizeof *by);
    uint32_t *order = malloc(n * sizeof *order);
    amct_status status = by && order ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++)
        by[i] = amct_unsure(&s->search_judge.outputs, s->rows + (size_t)i * s->outputs.row);
    if (status == AMCT_OK)
        status = choose_refit(s, by, err);
    if (status == AMCT_OK)
        status = amct_halves_order(order, by, n, err);
    if (status == AMCT_OK)
        status = reorder(s, order, err);
    free(order);
    free(by);
    return status;
}

amct_status amct_setup_refit_cut(amct_setup *s, size_t limit_bytes, amct_err *err)
{
    uint32_t n = s->refit.n, most;
    size_t bytes;
    if (n == s->calibration.n)
        return AMCT_OK;
    AMCT_TRY(amct_refine_activations(&bytes, &s->bench, n, err));
    if (bytes <= limit_bytes / 2)
        return AMCT_OK;
    most = (uint32_t)((double)limit_bytes / 2 / (double)bytes * n);
    most = most > s->calibration.n ? most : s->calibration.n;
    s->refit.indices += n - most;
    s->refit.n = most;
    return AMCT_OK;
}
