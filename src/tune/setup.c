#include "tune/setup.h"

#include "base/file.h"
#include "base/fork.h"
#include "base/log.h"
#include "import/finite.h"
#include "measure/soften.h"
#include "measure/temper.h"
#include "measure/tally_verdict.h"
#include "passes/prepare.h"
#include "tune/confirming.h"
#include "tune/refine_all.h"
#include "tune/settle.h"

#include <math.h>
#include <stdlib.h>

/* ---- Model, target, data ------------------------------------------------------------------ */

/* The model at both batch sizes, and its outputs. */
static amct_status set_batches(amct_setup *s, amct_err *err)
{
    AMCT_TRY(amct_graph_clone(&s->cost_graph, s->model.graph, err));
    if (s->config->batch)
        AMCT_TRY(amct_set_batch(s->cost_graph, s->config->batch, err));
    AMCT_TRY(amct_model_set_eval_batch(&s->model, err));
    amct_hash_constants(s->model.graph);
    return amct_outputs_of(&s->outputs, s->model.graph, err);
}

/* Opens the plugin: unknown chips and options are found here. */
amct_status amct_setup_costing(amct_setup *s, amct_err *err)
{
    amct_costing_free(s->costing);
    s->costing = NULL;
    AMCT_TRY(amct_costing_new(&s->costing, s->plugins, s->config, s->cost_graph, s->model.layers,
                              s->model.n_layers, NULL, err));
    amct_status status = amct_costing_original(s->costing, &s->original_cost, err);
    return status == AMCT_OK || !s->config->target_section
               ? status
               : amct_yaml_fail_in(s->config->target_section, err);
}

static amct_status choose_metric(amct_setup *s, amct_metric *metric, amct_err *err)
{
    bool labels = s->dataset->labels, classes = s->outputs.classes;
    int wanted = s->config->metric;
    if (s->detection.used)
        return amct_detection_metric(metric, &s->detection, wanted, err);
    if (wanted >= 0 && amct_metric_is_map((amct_metric)wanted))
        return amct_fail(err, AMCT_E_INVALID,
                         "metric %s needs a section 'detection' in the search file, which says how "
                         "boxes are read from the outputs",
                         amct_metric_names[wanted]);
    if (wanted < 0 && !classes && labels)
        amct_log(AMCT_LOG_WARN, "the network does not classify, so the labels are not looked at; "
                                "its outputs are compared by metric cosine");
    if (wanted < 0)
        wanted = !classes ? AMCT_METRIC_COSINE : labels ? AMCT_METRIC_TOP1 : AMCT_METRIC_AGREEMENT;
    *metric = (amct_metric)wanted;
    if (!classes && wanted != AMCT_METRIC_COSINE)
        return amct_fail(err, AMCT_E_INVALID,
                         "metric %s needs a network that classifies; this one's outputs are "
                         "compared by metric cosine",
                         amct_metric_names[wanted]);
    if (!labels && (wanted == AMCT_METRIC_TOP1 || wanted == AMCT_METRIC_TOP5))
        return amct_fail(err, AMCT_E_INVALID,
                         "metric %s needs labels, and %s has none; metric agreement does without",
                         amct_metric_names[wanted], s->dataset->path);
    return AMCT_OK;
}

static amct_status split_samples(amct_setup *s, amct_err *err)
{
    amct_metric metric;
    bool failed[2];
    amct_split_options options = {s->config->calibration, s->config->search, s->config->confirm,
                                  s->config->seed};
    AMCT_TRY(choose_metric(s, &metric, err));
    AMCT_TRY(amct_split_make(&s->split, s->dataset->n, s->dataset->labels, &options, err));
    s->calibration = (amct_selection){s->dataset, s->split.calibration, s->split.n_calibration};
    s->search = (amct_selection){s->dataset, s->split.search, s->split.n_search};
    s->confirm = (amct_selection){s->dataset, s->split.confirm, s->split.n_confirm};
    if (!s->calibration.n || !s->search.n)
        return amct_fail(err, AMCT_E_INVALID,
                         "calibration and search need samples: %u and %u are left for them",
                         s->calibration.n, s->search.n);
    AMCT_TRY(amct_setup_refit(s, err));
    s->search_labels = amct_selection_labels(&s->search, &failed[0]);
    s->confirm_labels = amct_selection_labels(&s->confirm, &failed[1]);
    if (failed[0] || failed[1])
        return amct_fail_nomem(err);
    s->search_judge =
        (amct_judge){.outputs = s->outputs, .metric = metric, .labels = s->search_labels};
    s->confirm_judge =
        (amct_judge){.outputs = s->outputs, .metric = metric, .labels = s->confirm_labels};
    AMCT_TRY(amct_detection_judge(&s->search_judge, &s->detection, &s->search, err));
    return amct_detection_judge(&s->confirm_judge, &s->detection, &s->confirm, err);
}

amct_status amct_setup_inputs(amct_setup *s, const amct_config *config, amct_err *err)
{
    *s = (amct_setup){.asked = config, .config = config};
    AMCT_TRY(amct_settle(&s->settled, config, err));
    config = s->config = &s->settled;
    s->jobs = config->jobs ? config->jobs : amct_cpu_count();
    if (!config->model)
        return amct_fail(err, AMCT_E_INVALID,
                         "no model: name one, or say model: in the search "
                         "file");
    AMCT_TRY(amct_plugins_open(&s->plugins, config, err));
    AMCT_TRY(
        amct_model_load_whole(&s->model, s->plugins, config->model, &config->model_source, err));
    if (config->equalise)
        AMCT_TRY(amct_model_equalise(&s->model, err));
    amct_model_warn_float16(&s->model);
    AMCT_TRY(amct_genes_check_skips(config, s->model.layers, s->model.n_layers, err));
    if (set_batches(s, err) != AMCT_OK)
        return amct_fail_in(err, "%s", config->model);
    AMCT_TRY(amct_setup_costing(s, err));
    if (amct_costing_found(s->costing))
        amct_correction_warn(amct_costing_found(s->costing));
    AMCT_TRY(amct_costing_warn(s->costing, err));
    AMCT_TRY(amct_confirming_open(s, err));
    char *folder = amct_path_folder(config->output); /* for what does not fit into memory */
    if (!folder)
        return amct_fail_nomem(err);
    amct_status status = amct_samples_open(&s->dataset, config, s->model.graph, s->outputs.classes,
                                           folder, s->jobs, err);
    free(folder);
    AMCT_TRY(status);
    AMCT_TRY(amct_detection_open(&s->detection, config, s->model.graph, s->dataset, err));
    status = split_samples(s, err);
    if (status != AMCT_OK)
        return config->data_section ? amct_yaml_fail_in(config->data_section, err)
                                    : amct_fail_in(err, "%s", s->dataset->path);
    AMCT_TRY(
        amct_genes_make(&s->genes, config, s->model.layers, s->model.n_layers, s->costing, err));
    return amct_settle_check(config, s->model.graph, s->model.layers, s->model.n_layers, s->genes.n,
                             err);
}

/* ---- The original ------------------------------------------------------------------------- */

typedef struct baseline {
    amct_setup *s;
    amct_feed feeds[2];
    uint32_t batch;
    amct_exec *exec;
    amct_plan *plan;
} baseline;

static amct_status run_original(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    baseline *b = ctx;
    amct_setup *s = b->s;
    uint32_t first_tasks = (s->search.n + b->batch - 1) / b->batch, count;
    bool confirm = task >= first_tasks;
    uint32_t from = (confirm ? task - first_tasks : task) * b->batch;
    (void)worker;
    if (!b->plan) {
        AMCT_TRY(amct_exec_new(&b->exec, AMCT_ENGINE_ONEDNN, err));
        AMCT_TRY(amct_plan_new(&b->plan, b->exec, s->model.graph, NULL, err));
    }
    AMCT_TRY(amct_plan_run_samples(b->plan, &b->feeds[confirm], from, &count, err));
    float *rows = s->rows + (size_t)(from + (confirm ? s->search.n : 0)) * s->outputs.row;
    amct_outputs_copy(rows, &s->outputs, b->plan, s->model.graph, count);
    size_t n = (size_t)count * s->outputs.row;
    return amct_first_not_finite(AMCT_FLOAT, rows, n) == n
               ? AMCT_OK
               : amct_fail(err, AMCT_E_FORMAT,
                           "%s: its output is not finite on a sample: is the preprocessing right?",
                           s->config->model);
}

/* The original against itself. */
static amct_status judge_original(amct_tally *tally, amct_setup *s, amct_judge *judge, uint32_t n,
                                  amct_err *err)
{
    AMCT_TRY(amct_detection_original(judge, &s->detection, n, err));
    amct_judge own = *judge;
    own.matches = (amct_matches *)judge->original_matches; /* written as they are */
    for (uint32_t i = 0; i < n; i++)
        amct_judge_add(&own, i, judge->original + (size_t)i * s->outputs.row, tally);
    return n ? amct_judge_finish(&own, tally, s->config->confidence, err) : AMCT_OK;
}

/* Of a network that can lose no more than the budget allows nothing is shown by keeping it; one
 * that is hardly ever right is usually fed or judged wrongly. */
static amct_status check_original(const amct_setup *s, amct_err *err)
{
    static const char hint[] = "are the labels (--label-offset) and the preprocessing right? "
                               "amct-autotune eval tells";
    amct_metric metric = s->search_judge.metric;
    double value = amct_metric_value(&s->search_judge, &s->search_baseline);
    if (!(s->budget_ratio > 0 && s->budget_ratio < 1) || value <= s->budget_ratio)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s of the original is %.2f %%, not more than the budget allows to lose: "
                         "%s",
                         amct_metric_names[metric], 100 * value, hint);
    if (metric == AMCT_METRIC_TOP1) {
        double n = s->search.n, chance = 1.0 / s->outputs.classes;
        if (value <= chance + 2 * sqrt(chance / n))
            amct_log(AMCT_LOG_WARN,
                     "the original is right on %.2f %%, hardly more than by chance: %s",
                     100 * value, hint);
    }
    return AMCT_OK;
}

amct_status amct_setup_baseline(amct_setup *s, amct_err *err)
{
    baseline b = {.s = s,
                  .feeds = {amct_selection_feed(&s->search), amct_selection_feed(&s->confirm)},
                  .batch = (uint32_t)amct_batch_of(s->model.graph)};
    s->rows_bytes = (size_t)(s->search.n + s->confirm.n) * s->outputs.row * sizeof *s->rows;
    if (s->rows_bytes > s->config->memory_limit_bytes / 4)
        return amct_fail(err, AMCT_E_LIMIT,
                         "the outputs of %u samples take %zu MiB, more than a quarter of the "
                         "memory limit: allow more (--memory-limit), or fewer samples "
                         "(--search-samples, --confirm)",
                         s->search.n + s->confirm.n, s->rows_bytes >> 20);
    s->rows = amct_shared_alloc(s->rows_bytes);
    if (!s->rows)
        return amct_fail_nomem(err);
    uint32_t tasks = (s->search.n + b.batch - 1) / b.batch + (s->confirm.n + b.batch - 1) / b.batch;
    amct_status status = amct_parallel(s->jobs, tasks, run_original, &b, err);
    if (status != AMCT_OK)
        amct_model_blame(s->config->model, err);
    amct_plan_free(b.plan);
    amct_exec_free(b.exec);
    AMCT_TRY(status);
    s->search_judge.original = s->rows;
    s->confirm_judge.original = s->rows + (size_t)s->search.n * s->outputs.row;
    AMCT_TRY(amct_soften(&s->search_judge.outputs.scale, &s->outputs, s->rows, s->search.n, err));
    s->confirm_judge.outputs.scale = s->search_judge.outputs.scale;
    if (s->search_judge.metric == AMCT_METRIC_TOP1)
        s->search_judge.temper =
            amct_temper(&s->search_judge.outputs, s->rows, s->search_labels, s->search.n);
    AMCT_TRY(amct_setup_refit_choose(s, err));
    AMCT_TRY(judge_original(&s->search_baseline, s, &s->search_judge, s->search.n, err));
    AMCT_TRY(judge_original(&s->confirm_baseline, s, &s->confirm_judge, s->confirm.n, err));
    amct_setup_budget(s, s->config->max_drop_ratio, s->config->relative);
    return check_original(s, err);
}

void amct_setup_budget(amct_setup *s, double max_drop_ratio, bool relative)
{
    s->budget_ratio = max_drop_ratio;
    if (relative)
        s->budget_ratio *= amct_metric_value(&s->search_judge, &s->search_baseline);
}

bool amct_setup_provable(const amct_setup *s, double *needed)
{
    double confidence = s->config->confidence;
    if (!s->confirm.n || !amct_judge_counts(&s->search_judge))
        return true;
    *needed = ceil(amct_paired_samples(0, 0, s->budget_ratio, confidence, 0.5));
    return amct_paired_interval(s->confirm.n, 0, 0, confidence).hi <= s->budget_ratio;
}

/* ---- The bench ---------------------------------------------------------------------------- */

/* What comes before all choices, and where the rest is cut. */
static amct_status make_stages(amct_setup *s, amct_err *err)
{
    const amct_graph *g = s->model.graph;
    const amct_model *m = &s->model;
    size_t limit = s->config->memory_limit_bytes / 4;
    bool *changing = calloc(g->n_nodes + 1, sizeof *changing);
    double *macs = calloc(g->n_nodes + 1, sizeof *macs);
    amct_feed feed = amct_selection_feed(&s->search);
    amct_status status = changing && macs ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < m->n_layers; i++)
        macs[m->layers[i].node] = (double)m->layers[i].macs;
    for (uint32_t i = 0; status == AMCT_OK && i < s->genes.n; i++)
        if (s->genes.genes[i].kind == AMCT_GENE_BITS)
            changing[m->layers[s->genes.genes[i].index].node] = true;
    for (uint32_t i = 0; status == AMCT_OK && s->structure && i < m->n_layers; i++)
        changing[m->layers[i].node] = true; /* a group is in many places */
    if (status == AMCT_OK)
        status = amct_prefix_make(&s->prefix, g, changing, macs, &feed, AMCT_ENGINE_ONEDNN, limit,
                                  s->jobs, err);
    if (status == AMCT_OK)
        status = amct_stages_make(&s->stages, g, changing, macs, m->layers, m->n_layers,
                                  s->structure ? amct_structure_groups(s->structure) : NULL, feed.n,
                                  limit / s->jobs, err);
    free(changing);
    free(macs);
    if (status == AMCT_OK)
        amct_log(AMCT_LOG_DEBUG,
                 "%.0f %% of the network come before every choice; the rest is run in %u stages",
                 s->prefix ? 100 * s->prefix->saved_ratio : 0, s->stages.n);
    return status;
}

amct_status amct_setup_bench(amct_setup *s, amct_err *err)
{
    if (s->genes.n)
        AMCT_TRY(make_stages(s, err));
    s->bench = (amct_bench){.parts = {.graph = s->model.graph,
                                      .layers = s->model.layers,
                                      .n_layers = s->model.n_layers,
                                      .levels = s->levels,
                                      .structure = s->structure,
                                      .derived = s->derived},
                            .judge = &s->search_judge,
                            .prefix = s->prefix,
                            .stages = &s->stages,
                            .cache_bytes = s->config->memory_limit_bytes / 4 / s->jobs,
                            .feed = amct_selection_feed(&s->search),
                            .engine = AMCT_ENGINE_ONEDNN};
    size_t limit = amct_setup_refine_bytes(s);
    AMCT_TRY(amct_setup_refit_cut(s, limit, err));
    AMCT_TRY(amct_refine_at_a_time(&s->refine_at_a_time, &s->bench, s->calibration.n, limit,
                                   s->jobs, err));
    return amct_refine_at_a_time(&s->refit_at_a_time, &s->bench, s->refit.n, limit, s->jobs, err);
}

void amct_setup_free(amct_setup *s)
{
    amct_estimating_close(s->confirming);
    amct_costing_free(s->costing);
    amct_stages_free(&s->stages);
    amct_detection_free(&s->detection);
    amct_prefix_free(s->prefix);
    amct_genes_free(&s->genes);
    amct_derived_free(s->derived);
    amct_structure_free(s->structure);
    amct_moments_free(s->moments);
    free(s->grams);
    amct_leveldb_free(s->levels);
    amct_calibration_free(s->stats);
    amct_study_free(s->study);
    amct_shared_free(s->rows, s->rows_bytes);
    free(s->refit_indices);
    free(s->search_labels);
    free(s->confirm_labels);
    amct_split_free(&s->split);
    amct_dataset_free(s->dataset);
    amct_graph_free(s->cost_graph);
    amct_model_free(&s->model);
    amct_plugins_free(s->plugins);
    *s = (amct_setup){0};
}
