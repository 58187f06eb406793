#include "tune/forecast.h"

#include "search/search.h"
#include "tune/moment_work.h"

#include <stdlib.h>
#include <string.h>
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
    } else {
        amct_model_blame(s->config->model, err);
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

static void count_genes(amct_forecast *f, const amct_genes *genes)
{
    f->genes = genes->n;
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        f->bits += gene->kind == AMCT_GENE_BITS;
        f->channels += gene->kind == AMCT_GENE_CHANNELS;
        f->ranks += gene->kind == AMCT_GENE_RANK;
        f->probes += gene->n_levels - 1;
    }
}

/* Whether a gene has 4-bit weights at some level: they are rounded by second moments. */
static bool any_4_bits(const amct_genes *genes)
{
    for (uint32_t g = 0; g < genes->n; g++)
        for (uint32_t k = 0; k < genes->genes[g].n_levels; k++)
            if (genes->genes[g].kind == AMCT_GENE_BITS &&
                genes->genes[g].values[k] > AMCT_LEVEL_W8A8)
                return true;
    return false;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Assignments beside the original, or most of them: no more can be measured. */
static uint32_t assignments(const amct_genes *genes, uint32_t most)
{
    uint64_t count = 1;
    for (uint32_t g = 0; g < genes->n && count <= most; g++)
        count *= genes->genes[g].n_levels;
    return count > most ? most : (uint32_t)count - 1;
}

/* Candidates that are refined, by auto, while the search goes on. */
static uint32_t refined_meanwhile(const amct_forecast *f)
{
    bool refines = strcmp(f->setup.config->algorithm, "auto") == 0;
    return refines ? least(amct_search_defaults().refinements, f->evaluations) : 0;
}

/* And afterwards. */
static uint32_t most_finalists(const amct_forecast *f)
{
    return least(amct_finals_most(f->setup.confirm.n), f->evaluations);
}

/* Second moments and least squares: of the original if channels, ranks or 4 bits may be chosen; of
 * each candidate that is refined, which is rebuilt once, and once more before that if its structure
 * is another one: that in one process for each of those at work, each layer by several ridges. */
static double refining(const amct_forecast *f, const amct_moment_work *work, uint32_t jobs,
                       uint32_t at_a_time)
{
    enum { RIDGES = 6 };
    bool structured = f->channels + f->ranks > 0, fine = any_4_bits(&f->setup.genes);
    double pass = work->pass_seconds / jobs, factor = work->factor_seconds / jobs, seconds = 0;
    uint32_t refined = refined_meanwhile(f) + most_finalists(f);
    seconds += fine ? pass + factor : 0;
    seconds += structured ? pass + 2 * work->factor_seconds : 0;
    seconds += refined * (pass + 2 * factor);
    if (structured)
        seconds += refined * ((work->pass_seconds + RIDGES * work->factor_seconds) / at_a_time +
                              (fine ? pass + factor : 0));
    return seconds;
}

static amct_status forecast(amct_forecast *f, amct_err *err)
{
    amct_setup *s = &f->setup;
    const amct_config *c = s->config;
    double per_sample = 0;
    size_t plan_bytes = 0;
    amct_moment_work work;
    AMCT_TRY(amct_setup_outline(s, err));
    AMCT_TRY(amct_gains_find(&f->gains, &s->genes, s->costing, err));
    AMCT_TRY(time_original(&per_sample, &plan_bytes, s, err));
    AMCT_TRY(amct_moment_work_find(&work, s->model.graph, s->model.layers, s->model.n_layers,
                                   s->calibration.n, err));
    amct_bench bench = {.parts = {.graph = s->model.graph,
                                  .layers = s->model.layers,
                                  .n_layers = s->model.n_layers,
                                  .structure = s->structure},
                        .engine = AMCT_ENGINE_ONEDNN};
    uint32_t at_a_time;
    AMCT_TRY(amct_refine_at_a_time(&at_a_time, &bench, s->calibration.n, amct_setup_refine_bytes(s),
                                   s->jobs, err));
    count_genes(f, &s->genes);
    f->layers = s->model.n_layers;
    f->evaluations = assignments(&s->genes, c->evaluations);
    f->calibration_samples = s->calibration.n;
    f->search_samples = s->search.n;
    f->confirm_samples = s->confirm.n;
    amct_setup_budget(s, c->max_drop_ratio, false); /* of a relative one it is the most */
    f->provable = amct_setup_provable(s, &f->confirm_needed);
    AMCT_TRY(amct_fixed_share_find(&f->fixed, f->gains.fixed_ratio, s->plugins, c, s->cost_graph,
                                   s->model.layers, s->model.n_layers, err));
    /* Calibration runs twice, and once more for moments; candidates are refined on their
     * samples, restored beside the original if their structure is another one, and measured once
     * more. Candidates are taken to be as slow as the original in floating point. */
    bool structured = f->channels + f->ranks > 0;
    double meanwhile = refined_meanwhile(f), finalists = most_finalists(f);
    double refined = meanwhile * s->calibration.n + finalists * s->refit.n;
    refined = (structured ? 6.0 : 2.0) * refined + meanwhile * s->search.n +
              finalists * (s->confirm.n ? s->confirm.n : s->search.n);
    double samples = (structured ? 3.0 : 2.0) * s->calibration.n + s->search.n + s->confirm.n +
                     (double)f->probes * amct_search_defaults().probe_samples +
                     (double)f->evaluations * s->search.n;
    f->refine_seconds = refined * per_sample / s->jobs;
    f->refine_seconds += refining(f, &work, s->jobs, at_a_time);
    f->refine_seconds = f->genes ? f->refine_seconds : 0;
    f->seconds = samples * per_sample / s->jobs + f->refine_seconds;
    struct rusage self;
    getrusage(RUSAGE_SELF, &self);
    uint64_t weights = weight_bytes(s->model.graph), moments = 0;
    uint64_t rows = (uint64_t)(s->search.n + s->confirm.n) * s->outputs.row * sizeof(float);
    if (structured) { /* as many as fit into half of the limit; weights for each set of channels */
        moments = work.bytes < c->memory_limit_bytes / 2 ? work.bytes : c->memory_limit_bytes / 2;
        moments += weights;
    }
    /* What is resident now, the level database, per worker a plan and both packed forms, and caches
     * and second moments within the limit. */
    f->memory_bytes = (uint64_t)self.ru_maxrss * 1024 + rows + weights / 4 + moments +
                      s->jobs * (plan_bytes + weights + weights / 4) + cache_bytes(s);
    /* Levels; three models, twice while they are replaced; the records, those of refined ones with
     * their weights. */
    f->disk_bytes = weights / 4 + 2 * (weights / 2 + weights) + (uint64_t)f->evaluations * 1024 +
                    (uint64_t)(meanwhile + finalists) * (weights / 4);
    return AMCT_OK;
}

amct_status amct_forecast_make(amct_forecast *out, const amct_config *config, amct_err *err)
{
    *out = (amct_forecast){0};
    AMCT_TRY(amct_setup_inputs(&out->setup, config, err));
    return forecast(out, err);
}

void amct_forecast_free(amct_forecast *forecast)
{
    amct_gains_free(&forecast->gains);
    amct_setup_free(&forecast->setup);
}
