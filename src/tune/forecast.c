#include "tune/forecast.h"

#include "passes/prepare.h"
#include "search/search.h"

#include <stdlib.h>
#include <sys/resource.h>

/* The original in this process, for about a second: seconds per sample. */
static amct_status time_original(double *seconds, size_t *plan_bytes, const amct_setup *s,
                                 amct_err *err)
{
    amct_exec *exec;
    amct_plan *plan = NULL;
    amct_feed feed = amct_selection_feed(&s->search);
    AMCT_TRY(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err));
    amct_status status = amct_plan_new(&plan, exec, s->model.graph, NULL, err);
    uint32_t count = 0, at = 0, done = 0;
    if (status == AMCT_OK) /* the first run compiles and packs */
        status = amct_plan_run_samples(plan, &feed, 0, &count, err);
    double begin = amct_clock(), taken = 0;
    while (status == AMCT_OK && (done == 0 || taken < 1)) {
        status = amct_plan_run_samples(plan, &feed, at, &count, err);
        done += count;
        at = at + count < feed.n ? at + count : 0;
        taken = amct_clock() - begin;
    }
    if (status == AMCT_OK) {
        *seconds = taken / done;
        *plan_bytes = amct_plan_bytes(plan);
    }
    amct_plan_free(plan);
    amct_exec_free(exec);
    return status;
}

static uint64_t weight_bytes(const amct_graph *g)
{
    uint64_t bytes = 0;
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (g->tensors[t].data)
            bytes += g->tensors[t].bytes;
    return bytes;
}

/* Activations that may be kept: of the search samples while searching, of the calibration samples
 * while finalists are refined; half of the limit at most. */
static uint64_t cache_bytes(const amct_setup *s)
{
    const amct_graph *g = s->model.graph;
    uint32_t most = s->search.n > s->calibration.n ? s->search.n : s->calibration.n;
    uint64_t per_sample = 0, limit = s->config->memory_limit_bytes / 2;
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (!g->tensors[t].data && amct_shape_known(&g->tensors[t].shape))
            per_sample += (uint64_t)amct_shape_size(&g->tensors[t].shape) * sizeof(float);
    per_sample /= (uint64_t)amct_batch_of(g);
    return per_sample > limit / most ? limit : per_sample * most;
}

static amct_status forecast_cost(amct_forecast *f, const amct_setup *s, amct_err *err)
{
    const amct_genes *genes = &s->genes;
    uint8_t *choices = calloc(genes->n_choices + (size_t)1, 1);
    amct_graph_cost fastest = {0};
    if (!choices)
        return amct_fail_nomem(err);
    /* both at once: a layer that is sparse and loses channels is beyond what any candidate can be */
    for (uint32_t g = 0; g < genes->n; g++)
        choices[genes->genes[g].slot] = genes->genes[g].values[genes->genes[g].n_levels - 1];
    amct_status status = amct_costing_total(s->costing, choices, &fastest, err);
    free(choices);
    f->original_ns = s->original_cost.latency_ns;
    f->fastest_ns = fastest.latency_ns < f->original_ns ? fastest.latency_ns : f->original_ns;
    f->fixed_ratio = s->original_cost.fixed_ns / s->original_cost.latency_ns;
    return status;
}

static amct_status forecast(amct_forecast *f, amct_setup *s, amct_err *err)
{
    const amct_genes *genes = &s->genes;
    double per_sample = 0;
    size_t plan_bytes = 0;
    const amct_config *c = s->config;
    *f = (amct_forecast){.layers = s->model.n_layers,
                         .genes = genes->n,
                         .evaluations = genes->n ? c->evaluations : 0,
                         .calibration_samples = s->calibration.n,
                         .search_samples = s->search.n,
                         .confirm_samples = s->confirm.n};
    for (uint32_t g = 0; g < genes->n; g++)
        f->probes += genes->genes[g].n_levels - 1;
    amct_status status = forecast_cost(f, s, err);
    if (status == AMCT_OK)
        status = time_original(&per_sample, &plan_bytes, s, err);
    /* Calibration runs twice, finalists are refined on the calibration samples and measured once
     * more. Candidates are taken to be as slow as the original in floating point. */
    double samples = 2.0 * s->calibration.n + s->search.n + s->confirm.n +
                     (double)f->probes * amct_search_defaults().probe_samples +
                     (double)f->evaluations * s->search.n +
                     AMCT_FINALISTS * (2.0 * s->calibration.n + 2.0 * s->search.n + s->confirm.n);
    f->seconds = samples * per_sample / s->jobs;
    struct rusage self;
    getrusage(RUSAGE_SELF, &self);
    uint64_t weights = weight_bytes(s->model.graph);
    uint64_t rows = (uint64_t)(s->search.n + s->confirm.n) * s->outputs.row * sizeof(float);
    /* What is resident now, the level database, per worker a plan and both packed forms, and caches
     * and second moments within the limit. */
    f->memory_bytes = (uint64_t)self.ru_maxrss * 1024 + rows + weights / 4 +
                      s->jobs * (plan_bytes + weights + weights / 4) + cache_bytes(s);
    /* Levels; three models, twice while they are replaced; the records. */
    f->disk_bytes = weights / 4 + 2 * (weights / 2 + weights) + (uint64_t)f->evaluations * 1024;
    return status;
}

amct_status amct_forecast_make(amct_forecast *out, const amct_config *config, amct_err *err)
{
    amct_setup s;
    amct_status status = amct_setup_inputs(&s, config, err);
    if (status == AMCT_OK)
        status = forecast(out, &s, err);
    amct_setup_free(&s);
    return status;
}
