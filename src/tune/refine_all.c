#include "tune/refine_all.h"

#include "base/fork.h"
#include "compress/rebuild.h"
#include "structure/restore.h"
#include "tune/final_record.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Shared between the processes. */
typedef struct counts {
    atomic_uint begun, finished;
} counts;

typedef struct work {
    const amct_refine_task *tasks;
    uint32_t n;
    amct_refinery refinery; /* of one of those at work at a time */
    char **records;         /* shared, per task */
    amct_refined *refined;  /* likewise */
    counts *counts;
    amct_refining_hook *hook;
    void *ctx;
} work;

static amct_status refine(void *ctx, uint32_t worker, uint32_t i, amct_err *err)
{
    work *w = ctx;
    const amct_refine_task *t = &w->tasks[i];
    amct_candidate c;
    amct_arena *arena = amct_arena_new();
    (void)worker;
    if (!arena)
        return amct_fail_nomem(err);
    uint32_t begun = atomic_fetch_add(&w->counts->begun, 1);
    if (w->hook)
        w->hook(w->ctx, begun, atomic_load(&w->counts->finished), w->n);
    amct_status status = amct_candidate_make(&c, &w->refinery.bench->parts, t->choices, err);
    if (status == AMCT_OK) {
        status = amct_refinery_run(&w->refined[i], &w->refinery, &c, t->choices, arena, err);
        if (status == AMCT_OK)
            amct_final_record_write(w->records[i], &c);
        amct_candidate_free(&c);
    }
    amct_arena_free(arena);
    atomic_fetch_add(&w->counts->finished, 1);
    return status;
}

/* Room for the record of a candidate, restored or not. */
static size_t room(const amct_candidate *c)
{
    return amct_final_record_size(c, c->structured.graph);
}

static amct_status run(work *w, uint32_t at_a_time, amct_arena *arena, amct_err *err)
{
    amct_status status = AMCT_OK;
    for (uint32_t i = 0; i < w->n; i++) {
        w->records[i] = amct_shared_alloc(room(w->tasks[i].candidate));
        if (!w->records[i])
            return amct_fail_nomem(err);
    }
    status = amct_refinery_start(&w->refinery, err);
    if (status == AMCT_OK) {
        at_a_time = at_a_time < w->n ? at_a_time : w->n;
        w->refinery.limit_bytes /= at_a_time;
        w->refinery.jobs /= at_a_time;
        status = amct_parallel(at_a_time, w->n, refine, w, err);
    }
    for (uint32_t i = 0; status == AMCT_OK && i < w->n; i++) {
        *w->tasks[i].refined = w->refined[i];
        status = amct_final_record_read(w->tasks[i].candidate, w->refined[i].restored,
                                        w->records[i], arena, err);
    }
    return status;
}

amct_status amct_refine_all(const amct_refine_task *tasks, uint32_t n,
                            const amct_refinery *refinery, uint32_t at_a_time, amct_arena *arena,
                            amct_refining_hook *hook, void *ctx, amct_err *err)
{
    size_t refined_bytes = n * sizeof(amct_refined);
    if (!n)
        return AMCT_OK;
    work w = {.tasks = tasks,
              .n = n,
              .refinery = *refinery,
              .records = calloc(n, sizeof *w.records),
              .refined = amct_shared_alloc(refined_bytes),
              .counts = amct_shared_alloc(sizeof *w.counts),
              .hook = hook,
              .ctx = ctx};
    amct_status status =
        w.records && w.refined && w.counts ? run(&w, at_a_time, arena, err) : amct_fail_nomem(err);
    amct_refinery_stop(&w.refinery);
    for (uint32_t i = 0; w.records && i < n; i++)
        if (w.records[i])
            amct_shared_free(w.records[i], room(tasks[i].candidate));
    free(w.records);
    amct_shared_free(w.refined, refined_bytes);
    amct_shared_free(w.counts, sizeof *w.counts);
    return status;
}

static bool suffices(const amct_parts *parts, uint32_t n_samples, size_t activations,
                     size_t limit_bytes)
{
    return activations <= limit_bytes &&
           amct_rebuild_short(parts->graph, parts->layers, parts->n_layers, n_samples,
                              limit_bytes) == 0;
}

amct_status amct_refine_activations(size_t *bytes, const amct_bench *bench, uint32_t n_samples,
                                    amct_err *err)
{
    const amct_parts *parts = &bench->parts;
    amct_exec *exec;
    *bytes = 0;
    if (!parts->structure)
        return AMCT_OK;
    AMCT_TRY(amct_exec_new(&exec, bench->engine, err));
    amct_status status = amct_restore_activations(bytes, exec, parts->graph, parts->layers,
                                                  parts->n_layers, n_samples, err);
    amct_exec_free(exec);
    return status;
}

amct_status amct_refine_at_a_time(uint32_t *out, const amct_bench *bench, uint32_t n_samples,
                                  size_t limit_bytes, uint32_t jobs, amct_err *err)
{
    size_t activations;
    uint32_t n = jobs;
    AMCT_TRY(amct_refine_activations(&activations, bench, n_samples, err));
    while (n > 1 && !suffices(&bench->parts, n_samples, activations, limit_bytes / n))
        n--;
    *out = n > 1 ? n : 1;
    return AMCT_OK;
}
