#include "structure/pairs.h"

#include <stdlib.h>

amct_status amct_pairs_start(amct_pairs *out, amct_exec *exec, const amct_graph *original,
                             const uint32_t *watch_original, uint32_t n_watch_original,
                             const amct_graph *candidate, const uint32_t *watch_candidate,
                             uint32_t n_watch_candidate, const amct_feed *feed, size_t limit_bytes,
                             amct_err *err)
{
    amct_plan_options options[] = {
        {.watch = watch_original, .n_watch = n_watch_original, .briefly = true},
        {.watch = watch_candidate, .n_watch = n_watch_candidate, .briefly = true}};
    uint32_t batch = (uint32_t)amct_batch_of(original), most = (feed->n + batch - 1) / batch;
    size_t bytes = 0;
    out->at = calloc(most + (size_t)1, sizeof *out->at);
    if (!out->at)
        return amct_fail_nomem(err);
    while (out->n < most && (out->n == 0 || bytes + bytes / out->n <= limit_bytes)) {
        amct_pair *p = &out->at[out->n++];
        p->first = out->n_samples;
        AMCT_TRY(amct_plan_new(&p->original, exec, original, &options[0], err));
        AMCT_TRY(amct_plan_new(&p->candidate, exec, candidate, &options[1], err));
        AMCT_TRY(amct_plan_load(p->original, feed, p->first, &p->count, err));
        AMCT_TRY(amct_plan_load(p->candidate, feed, p->first, &p->count, err));
        out->n_samples += p->count;
        bytes += amct_plan_bytes(p->original) + amct_plan_bytes(p->candidate);
    }
    return AMCT_OK;
}

void amct_pairs_free(amct_pairs *pairs)
{
    for (uint32_t i = 0; i < pairs->n; i++) {
        amct_plan_free(pairs->at[i].original);
        amct_plan_free(pairs->at[i].candidate);
    }
    free(pairs->at);
    *pairs = (amct_pairs){0};
}

amct_status amct_pairs_run(amct_pairs *pairs, uint32_t original_step, uint32_t candidate_step,
                           amct_err *err)
{
    for (uint32_t i = 0; i < pairs->n; i++) {
        amct_pair *p = &pairs->at[i];
        if (original_step > pairs->original_step)
            AMCT_TRY(amct_plan_run_steps(p->original, pairs->original_step, original_step, err));
        if (candidate_step > pairs->candidate_step)
            AMCT_TRY(amct_plan_run_steps(p->candidate, pairs->candidate_step, candidate_step, err));
    }
    if (original_step > pairs->original_step)
        pairs->original_step = original_step;
    if (candidate_step > pairs->candidate_step)
        pairs->candidate_step = candidate_step;
    return AMCT_OK;
}
