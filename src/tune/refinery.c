#include "tune/refinery.h"

#include "base/fork.h"
#include "base/log.h"
#include "compress/rebuild.h"
#include "compress/refine.h"
#include "structure/restore.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const amct_refinement_names[AMCT_N_REFINEMENTS] = {"stitched", "mean-corrected",
                                                               "rebuilt"};

/* Of few samples none is held back: then all forms are judged on what they were fitted to. */
uint32_t amct_refinery_held(uint32_t n)
{
    enum { PART = 4, MOST = 64 };
    uint32_t held = n / PART;
    return held > MOST ? MOST : held;
}

/* A form of the network on samples, in a process of its own. */
typedef struct running {
    const amct_refinery *refinery;
    const amct_candidate *candidates[AMCT_N_REFINEMENTS]; /* NULL: not tried */
    amct_tally *held, *fitted;                            /* shared, per form */
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
    amct_status status = new_plan(&plan, &exec, bench, bench->parts.graph, err);
    uint32_t batch = (uint32_t)amct_batch_of(bench->parts.graph), count;
    uint32_t batches = (r->feed.n + batch - 1) / batch, to = batches * (task + 1) / r->jobs;
    (void)worker;
    for (uint32_t b = batches * task / r->jobs; status == AMCT_OK && b < to; b++) {
        status = amct_plan_run_samples(plan, &r->feed, b * batch, &count, err);
        if (status == AMCT_OK)
            amct_outputs_copy(r->original + (size_t)b * batch * outputs->row, outputs, plan,
                              bench->parts.graph, count);
    }
    amct_plan_free(plan);
    amct_exec_free(exec);
    return status;
}

amct_status amct_refinery_start(amct_refinery *r, amct_err *err)
{
    r->n_held = amct_refinery_held(r->feed.n);
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
    amct_bench bench = *r->bench; /* on the samples of the refinery, from their beginning */
    amct_judge judge = {.outputs = bench.judge->outputs,
                        .metric = AMCT_METRIC_COSINE,
                        .original = r->original,
                        .detector = bench.judge->detector};
    amct_exec *exec = NULL;
    amct_plan *plan = NULL;
    amct_graph *graph;
    (void)worker;
    if (!run->candidates[form])
        return AMCT_OK;
    bench.judge = &judge;
    bench.feed = r->feed;
    AMCT_TRY(amct_candidate_stitch(&graph, run->candidates[form], err));
    size_t batch = (size_t)amct_batch_of(graph);
    float *rows = malloc(batch * judge.outputs.row * sizeof *rows);
    uint32_t held = r->n_held ? r->n_held : r->feed.n, fitted = r->feed.n - held;
    amct_status status = rows ? new_plan(&plan, &exec, &bench, graph, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status =
            amct_bench_measure(&run->held[form], plan, graph, &bench, fitted, r->feed.n, rows, err);
    if (status == AMCT_OK && r->n_held)
        status = amct_bench_measure(&run->fitted[form], plan, graph, &bench, fitted - held, fitted,
                                    rows, err);
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
    out->n_held = r->n_held;
    for (int f = 0; f < AMCT_N_REFINEMENTS; f++) {
        out->losses[f] = out->fitted_losses[f] = NAN;
        if (!run->candidates[f])
            continue;
        out->losses[f] = amct_tally_loss(r->bench->judge, &run->held[f]);
        if (!(out->losses[f] > out->losses[out->form]))
            out->form = (amct_refinement)f;
        if (run->fitted[f].n)
            out->fitted_losses[f] = amct_tally_loss(r->bench->judge, &run->fitted[f]);
    }
    amct_shared_free(run->held, bytes);
    return AMCT_OK;
}

static bool any_level(const amct_candidate *c)
{
    for (uint32_t i = 0; i < c->n_layers; i++)
        if (c->levels[i])
            return true;
    return false;
}

/* The mean loss of two candidates on the samples held back. */
static amct_status compare(double losses[2], const amct_refinery *r, const amct_candidate *a,
                           const amct_candidate *b, amct_err *err)
{
    running run = {.refinery = r, .candidates = {a, b}};
    amct_refined refined;
    AMCT_TRY(measure(&refined, &run, err));
    losses[0] = refined.losses[0];
    losses[1] = refined.losses[1];
    return AMCT_OK;
}

/* ---- Structure ------------------------------------------------------------------------------ */

/* *out has another structure's candidate c restored; it shares everything else with c. */
static amct_status restore(amct_candidate *out, const amct_refinery *r, const amct_candidate *c,
                           amct_err *err)
{
    const amct_parts *parts = &r->bench->parts;
    amct_feed fit = r->feed;
    amct_restore_options options = {.limit_bytes = r->limit_bytes};
    amct_exec *exec;
    amct_graph *restored;
    amct_candidate made = {.structured = c->structured, .n_layers = c->n_layers};
    made.structured.layers = NULL; /* it gets its own */
    fit.n -= r->n_held;
    AMCT_TRY(amct_exec_new(&exec, r->bench->engine, err));
    amct_status status = amct_restore(&restored, c->structured.graph, parts->graph,
                                      amct_structure_lanes(parts->structure), c->structured.keep,
                                      exec, &fit, &options, err);
    amct_exec_free(exec);
    AMCT_TRY(status);
    status = amct_candidate_restore(&made, restored, err);
    if (status != AMCT_OK) {
        amct_graph_free(made.restored);
        return status;
    }
    *out = made;
    return AMCT_OK;
}

/* c becomes what was restored of it. */
static void take_over(amct_candidate *c, amct_candidate *restored)
{
    free(c->structured.layers);
    c->structured.layers = restored->structured.layers;
    c->restored = restored->restored;
    c->graph = restored->graph;
    c->layers = restored->layers;
}

/* What a body, the float network of a candidate, is quantised with. */
typedef struct body {
    amct_calibration *own; /* NULL: the original's do */
    const amct_calibration *stats;
    amct_leveldb *levels;
} body;

static void body_free(body *b)
{
    amct_leveldb_free(b->levels);
    amct_calibration_free(b->own);
}

static amct_status calibrate(body *b, const amct_refinery *r, const amct_candidate *c,
                             amct_err *err)
{
    AMCT_TRY(amct_calibrate(&b->own, c->graph, c->layers, c->n_layers, &r->feed, r->range, r->jobs,
                            err));
    b->stats = b->own;
    return AMCT_OK;
}

/* Quantises a restored candidate like a network of its own, to the kinds that `like` has. */
static amct_status quantise_anew(body *b, amct_candidate *c, const amct_refinery *r,
                                 const amct_candidate *like, const uint8_t *choices, amct_err *err)
{
    uint32_t *wanted = calloc(c->n_layers + (size_t)1, sizeof *wanted);
    c->levels = calloc(c->n_layers + (size_t)1, sizeof *c->levels);
    amct_status status = wanted && c->levels ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < c->n_layers; i++)
        if (like->levels[i])
            wanted[i] = 1u << choices[c->structured.origins[i].layer];
    if (status == AMCT_OK)
        status = calibrate(b, r, c, err);
    if (status == AMCT_OK)
        status = amct_leveldb_new(&b->levels, c->graph, c->layers, b->stats, r->level, NULL, err);
    if (status == AMCT_OK)
        status = amct_leveldb_fill(b->levels, wanted, &r->feed, r->jobs, r->limit_bytes, err);
    for (uint32_t i = 0; status == AMCT_OK && i < c->n_layers; i++)
        if (like->levels[i])
            status =
                amct_leveldb_get(&c->levels[i], b->levels, i,
                                 (amct_level_kind)choices[c->structured.origins[i].layer], err);
    free(wanted);
    return status;
}

static amct_status copy_level(const amct_quantised **out, const amct_quantised *q,
                              amct_arena *arena, amct_err *err)
{
    amct_quantised *copy = amct_arena_copy(arena, q, sizeof *q);
    if (!copy)
        return amct_fail_nomem(err);
    copy->weights = amct_arena_copy(arena, q->weights, (size_t)q->n_weights);
    copy->scales = amct_arena_copy(arena, q->scales, (size_t)q->n_scales * sizeof *q->scales);
    copy->bias = amct_arena_copy(arena, q->bias, (size_t)q->channels * sizeof *q->bias);
    if (!copy->weights || !copy->scales || !copy->bias)
        return amct_fail_nomem(err);
    *out = copy;
    return AMCT_OK;
}

/* Restoring failed: if it was for this, as no solution is found for some numbers, or they do not
 * fit into integers, the candidate stays as it is. */
static amct_status leave(bool *restored, amct_status expected, const amct_err *why, amct_err *err)
{
    *restored = false;
    if (why->code != expected) {
        *err = *why;
        return why->code;
    }
    amct_log(AMCT_LOG_WARN, "a finalist stays as it is, not restored: %s", why->text);
    return AMCT_OK;
}

/* Restores a candidate of another structure if it loses less then. */
static amct_status try_restoring(bool *restored, body *b, amct_candidate *c, const amct_refinery *r,
                                 const uint8_t *choices, amct_err *err)
{
    amct_candidate other;
    double losses[2] = {0};
    amct_err why;
    amct_status status = restore(&other, r, c, &why);
    if (status != AMCT_OK)
        return leave(restored, AMCT_E_INVALID, &why, err);
    status = quantise_anew(b, &other, r, c, choices, &why);
    if (status == AMCT_OK)
        status = compare(losses, r, c, &other, &why);
    if (status == AMCT_OK)
        amct_log(AMCT_LOG_DEBUG, "loss on held-back samples %.4g, restored %.4g", losses[0],
                 losses[1]);
    *restored = status == AMCT_OK && losses[1] < losses[0];
    if (*restored) {
        take_over(c, &other);
        memcpy(c->levels, other.levels, c->n_layers * sizeof *c->levels);
    } else {
        amct_graph_free(other.restored);
        free(other.structured.layers);
        body_free(b);
        *b = (body){0};
    }
    free(other.levels);
    return status == AMCT_OK ? AMCT_OK : leave(restored, AMCT_E_UNSUPPORTED, &why, err);
}

/* ---- All of it ------------------------------------------------------------------------------ */

static amct_status refine(amct_refined *out, const amct_refinery *r, amct_candidate *c,
                          const amct_calibration *stats, amct_arena *arena, amct_err *err)
{
    uint32_t n = c->n_layers;
    amct_feed fit = r->feed;
    fit.n -= r->n_held;
    amct_exec *exec = NULL;
    const amct_quantised **means = amct_arena_array(arena, n + 1, sizeof *means);
    const amct_quantised **rebuilt = amct_arena_array(arena, n + 1, sizeof *rebuilt);
    if (!means || !rebuilt)
        return amct_fail_nomem(err);
    amct_candidate others[AMCT_N_REFINEMENTS] = {*c, *c, *c};
    others[AMCT_REFINED_MEANS].levels = means;
    others[AMCT_REFINED_REBUILT].levels = rebuilt;
    running run = {.refinery = r, .candidates = {c}};
    AMCT_TRY(amct_exec_new(&exec, r->bench->engine, err));
    amct_status status = AMCT_OK;
    if (any_level(c)) {
        status = amct_refine_means(means, arena, exec, c->graph, c->layers, n, stats, c->levels,
                                   &r->feed, r->limit_bytes, r->jobs, err);
        if (status == AMCT_OK)
            status = amct_rebuild(rebuilt, arena, exec, c->graph, c->layers, n, c->levels, &fit,
                                  r->limit_bytes, r->jobs, err);
        run.candidates[AMCT_REFINED_MEANS] = &others[AMCT_REFINED_MEANS];
        run.candidates[AMCT_REFINED_REBUILT] = &others[AMCT_REFINED_REBUILT];
    }
    amct_exec_free(exec);
    if (status == AMCT_OK)
        status = measure(out, &run, err);
    for (uint32_t i = 0; status == AMCT_OK && i < n; i++)
        if (c->levels[i])
            status = copy_level(&c->levels[i], run.candidates[out->form]->levels[i], arena, err);
    return status;
}

amct_status amct_refinery_run(amct_refined *out, const amct_refinery *r, amct_candidate *c,
                              const uint8_t *choices, amct_arena *arena, amct_err *err)
{
    body b = {.stats = r->calibration};
    bool restored = false;
    amct_status status = AMCT_OK;
    if (c->structured.graph)
        status = try_restoring(&restored, &b, c, r, choices, err);
    if (status == AMCT_OK && c->structured.graph && !restored)
        status = calibrate(&b, r, c, err);
    if (status == AMCT_OK)
        status = refine(out, r, c, b.stats, arena, err);
    out->restored = restored;
    body_free(&b);
    return status;
}
