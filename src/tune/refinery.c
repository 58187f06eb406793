#include "tune/refinery.h"

#include "base/fork.h"
#include "compress/rebuild.h"
#include "compress/refine.h"
#include "compress/stitch.h"
#include "passes/prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const amct_refinement_names[AMCT_N_REFINEMENTS] = {"stitched", "mean-corrected",
                                                               "rebuilt"};

/* Of few samples none is held back: then all forms are judged on what they were fitted to. */
static uint32_t count_held(uint32_t n)
{
    enum { PART = 4, MOST = 64 };
    uint32_t held = n / PART;
    return held > MOST ? MOST : held;
}

/* A form of the network on samples, in a process of its own. */
typedef struct running {
    const amct_refinery *refinery;
    const amct_quantised *const *forms[AMCT_N_REFINEMENTS]; /* NULL: not tried */
    amct_tally *held, *fitted;                              /* shared, per form */
} running;

static amct_status new_plan(amct_plan **plan, amct_exec **exec, const amct_bench *bench,
                            const amct_graph *graph, amct_err *err)
{
    AMCT_TRY(amct_exec_new(exec, bench->engine, err));
    return amct_plan_new(plan, *exec, graph, NULL, err);
}

static amct_status run_original(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    amct_refinery *r = ctx;
    const amct_bench *bench = r->bench;
    const amct_outputs *outputs = &bench->judge->outputs;
    amct_exec *exec = NULL;
    amct_plan *plan = NULL;
    amct_status status = new_plan(&plan, &exec, bench, bench->graph, err);
    uint32_t batch = (uint32_t)amct_batch_of(bench->graph), count;
    uint32_t batches = (r->feed.n + batch - 1) / batch, to = batches * (task + 1) / r->jobs;
    (void)worker;
    for (uint32_t b = batches * task / r->jobs; status == AMCT_OK && b < to; b++) {
        status = amct_plan_run_samples(plan, &r->feed, b * batch, &count, err);
        if (status == AMCT_OK)
            amct_outputs_copy(r->original + (size_t)b * batch * outputs->row, outputs, plan,
                              bench->graph, count);
    }
    amct_plan_free(plan);
    amct_exec_free(exec);
    return status;
}

amct_status amct_refinery_start(amct_refinery *r, amct_err *err)
{
    r->n_held = count_held(r->feed.n);
    r->original_bytes = (size_t)r->feed.n * r->bench->judge->outputs.row * sizeof *r->original + 1;
    r->original = amct_shared_alloc(r->original_bytes);
    if (!r->original)
        return amct_fail_nomem(err);
    return amct_parallel(r->jobs, r->jobs, run_original, r, err);
}

void amct_refinery_stop(amct_refinery *r)
{
    amct_shared_free(r->original, r->original_bytes);
    r->original = NULL;
}

static amct_status run_form(void *ctx, uint32_t worker, uint32_t form, amct_err *err)
{
    running *run = ctx;
    const amct_refinery *r = run->refinery;
    amct_bench bench = *r->bench; /* on the samples of calibration, from their beginning */
    amct_judge judge = {bench.judge->outputs, AMCT_METRIC_COSINE, NULL, r->original};
    amct_exec *exec = NULL;
    amct_plan *plan = NULL;
    amct_graph *graph;
    (void)worker;
    if (!run->forms[form])
        return AMCT_OK;
    bench.judge = &judge;
    bench.feed = r->feed;
    AMCT_TRY(amct_stitch(&graph, bench.graph, bench.layers, bench.n_layers, run->forms[form], err));
    size_t batch = (size_t)amct_batch_of(graph);
    float *rows = malloc(batch * judge.outputs.row * sizeof *rows);
    uint32_t held = r->n_held ? r->n_held : r->feed.n;
    amct_status status = rows ? new_plan(&plan, &exec, &bench, graph, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_bench_measure(&run->held[form], plan, graph, &bench, r->feed.n - held,
                                    r->feed.n, rows, err);
    if (status == AMCT_OK && form == AMCT_REFINED_REBUILT && r->n_held)
        status = amct_bench_measure(&run->fitted[form], plan, graph, &bench, 0, held, rows, err);
    amct_plan_free(plan);
    amct_exec_free(exec);
    amct_graph_free(graph);
    free(rows);
    return status;
}

static amct_status measure(amct_refined *out, running *run, amct_err *err)
{
    const amct_refinery *r = run->refinery;
    size_t bytes = 2 * AMCT_N_REFINEMENTS * sizeof *run->held;
    run->held = amct_shared_alloc(bytes);
    if (!run->held)
        return amct_fail_nomem(err);
    run->fitted = run->held + AMCT_N_REFINEMENTS;
    AMCT_TRY(amct_parallel(r->jobs, AMCT_N_REFINEMENTS, run_form, run, err));
    out->form = AMCT_REFINED_NOT;
    out->fitted_loss = NAN;
    for (int f = 0; f < AMCT_N_REFINEMENTS; f++) {
        out->losses[f] = NAN;
        if (!run->forms[f])
            continue;
        out->losses[f] = amct_tally_loss(r->bench->judge, &run->held[f]);
        if (!(out->losses[f] > out->losses[out->form]))
            out->form = (amct_refinement)f;
        if (run->fitted[f].n)
            out->fitted_loss = amct_tally_loss(r->bench->judge, &run->fitted[f]);
    }
    amct_shared_free(run->held, bytes);
    return AMCT_OK;
}

static bool any_level(const amct_quantised *const *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (levels[i])
            return true;
    return false;
}

amct_status amct_refinery_run(amct_refined *out, const amct_refinery *r,
                              const amct_quantised **levels, amct_arena *arena, amct_err *err)
{
    const amct_bench *bench = r->bench;
    uint32_t n = bench->n_layers;
    amct_feed fit = r->feed;
    fit.n -= r->n_held;
    amct_exec *exec = NULL;
    const amct_quantised **means = amct_arena_array(arena, n + 1, sizeof *means);
    const amct_quantised **rebuilt = amct_arena_array(arena, n + 1, sizeof *rebuilt);
    if (!means || !rebuilt)
        return amct_fail_nomem(err);
    running run = {.refinery = r, .forms = {levels}};
    AMCT_TRY(amct_exec_new(&exec, bench->engine, err));
    amct_status status = AMCT_OK;
    if (any_level(levels, n)) {
        status = amct_refine_means(means, arena, exec, bench->graph, bench->layers, n,
                                   r->calibration, levels, &r->feed, r->limit_bytes, r->jobs, err);
        run.forms[AMCT_REFINED_MEANS] = means;
        if (status == AMCT_OK)
            status = amct_rebuild(rebuilt, arena, exec, bench->graph, bench->layers, n, levels,
                                  &fit, r->limit_bytes, r->jobs, err);
        run.forms[AMCT_REFINED_REBUILT] = rebuilt;
    }
    amct_exec_free(exec);
    if (status == AMCT_OK)
        status = measure(out, &run, err);
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++)
        levels[i] = run.forms[out->form][i];
    return status;
}
