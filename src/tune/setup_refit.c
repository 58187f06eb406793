/* The samples that finalists are refined on. */
#include "tune/setup.h"

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
    /* The last ones are held back from fitting and compared with as many before them
     * (refinery.h): none of these is chosen by how sure the original is. */
    memcpy(s->refit_indices, s->search.indices, more * sizeof *s->refit_indices);
    memcpy(s->refit_indices + more, s->calibration.indices, n * sizeof *s->refit_indices);
    s->refit = (amct_selection){s->dataset, s->refit_indices, n + more};
    return AMCT_OK;
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

amct_status amct_setup_refit_choose(amct_setup *s, amct_err *err)
{
    uint32_t more = s->refit.n - s->calibration.n;
    if (!more || !s->outputs.classes)
        return AMCT_OK;
    unsure *all = malloc(s->search.n * sizeof *all);
    if (!all)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < s->search.n; i++)
        all[i] =
            (unsure){amct_unsure(&s->search_judge.outputs, s->rows + (size_t)i * s->outputs.row),
                     s->search.indices[i]};
    qsort(all, s->search.n, sizeof *all, by_sureness);
    for (uint32_t i = 0; i < more; i++) /* the surest of them first, which are cut first */
        s->refit_indices[i] = all[more - 1 - i].sample;
    free(all);
    return AMCT_OK;
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
