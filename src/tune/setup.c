#include <config.h>

#include "tune/setup.h"

#include "base/file.h"
#include "base/fork.h"
#include "base/log.h"
#include "compress/rebuild.h"
#include "measure/tally_verdict.h"
#include "passes/prepare.h"
#include "tune/confirming.h"
#include "tune/settle.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MIN = 64 << 20 };

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
    uint8_t *choices = calloc(amct_parts_choices(s->model.n_layers, NULL) + (size_t)1, 1);
    amct_status status = choices ? amct_costing_total(s->costing, choices, &s->original_cost, err)
                                 : amct_fail_nomem(err);
    free(choices);
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
    if (!(config->max_drop_ratio > 0))
        return amct_fail(err, AMCT_E_INVALID, "the budget must be greater than 0");
    if (config->memory_limit_bytes < MEMORY_MIN)
        return amct_fail(err, AMCT_E_INVALID, "the memory limit must be at least 64 MiB");
    if (!(config->confidence > 0 && config->confidence < 1))
        return amct_fail(err, AMCT_E_INVALID, "the confidence must lie between 0 and 100%%");
    AMCT_TRY(amct_plugins_open(&s->plugins, config, err));
    AMCT_TRY(
        amct_model_load_whole(&s->model, s->plugins, config->model, &config->model_source, err));
    if (config->equalise)
        AMCT_TRY(amct_model_equalise(&s->model, err));
    AMCT_TRY(amct_genes_check_skips(config, s->model.layers, s->model.n_layers, err));
    if (set_batches(s, err) != AMCT_OK)
        return amct_fail_in(err, "%s", config->model);
    AMCT_TRY(amct_setup_costing(s, err));
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
    for (size_t i = 0; i < (size_t)count * s->outputs.row; i++)
        if (!isfinite(rows[i]))
            return amct_fail(err, AMCT_E_FORMAT,
                             "the network's own output is not finite on a sample: is the "
                             "preprocessing right?");
    return AMCT_OK;
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

amct_status amct_setup_baseline(amct_setup *s, amct_err *err)
{
    const amct_shape *in = &s->model.graph->tensors[s->model.graph->inputs[0]].shape;
    baseline b = {.s = s,
                  .feeds = {amct_selection_feed(&s->search), amct_selection_feed(&s->confirm)},
                  .batch = in->rank ? (uint32_t)in->dims[0] : 1};
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
    if (status == AMCT_E_UNSUPPORTED)
        amct_fail_in(err, "%s", s->config->model);
    amct_plan_free(b.plan);
    amct_exec_free(b.exec);
    AMCT_TRY(status);
    s->search_judge.original = s->rows;
    s->confirm_judge.original = s->rows + (size_t)s->search.n * s->outputs.row;
    AMCT_TRY(judge_original(&s->search_baseline, s, &s->search_judge, s->search.n, err));
    AMCT_TRY(judge_original(&s->confirm_baseline, s, &s->confirm_judge, s->confirm.n, err));
    amct_setup_budget(s, s->config->max_drop_ratio, s->config->relative);
    if (!(s->budget_ratio > 0 && s->budget_ratio < 1))
        return amct_fail(err, AMCT_E_INVALID,
                         "a relative budget of an original that is never right means nothing");
    return AMCT_OK;
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

/* ---- Study, calibration, levels ----------------------------------------------------------- */

static amct_hash hash_graph(const amct_graph *g)
{
    amct_hash h = {0};
    for (uint32_t t = 0; t < g->n_tensors; t++) {
        const amct_tensor *tensor = &g->tensors[t];
        if (tensor->data)
            h = amct_hash_bytes(h, &tensor->hash, sizeof tensor->hash);
    }
    for (uint32_t n = 0; n < g->n_nodes; n++) {
        const amct_node *node = &g->nodes[n];
        h = amct_hash_string(amct_hash_string(h, node->op), node->name);
        h = amct_hash_bytes(h, node->src, node->n_src * sizeof *node->src);
        h = amct_hash_bytes(h, node->dst, node->n_dst * sizeof *node->dst);
        for (uint32_t i = 0; i < node->n_attrs; i++) {
            const amct_attr *a = &node->attrs[i];
            size_t size = a->type == AMCT_ATTR_INTS     ? 8
                          : a->type == AMCT_ATTR_FLOATS ? 4
                          : a->type == AMCT_ATTR_STRING ? 1
                                                        : 0;
            h = amct_hash_string(h, a->name);
            h = amct_hash_u64(amct_hash_u64(h, (uint64_t)a->i), a->type);
            h = amct_hash_bytes(h, &a->f, sizeof a->f);
            h = amct_hash_bytes(h, a->data, size * a->count);
        }
    }
    return h;
}

enum { MAX_PRINTS = 64, PRINT_TEXT = 256 };

typedef struct prints {
    amct_study_fingerprint at[MAX_PRINTS];
    char text[MAX_PRINTS][PRINT_TEXT];
    size_t n;
} prints;

static void print(prints *p, const char *key, const char *fmt, ...) AMCT_PRINTF(3, 4);
static void print(prints *p, const char *key, const char *fmt, ...)
{
    if (p->n == MAX_PRINTS)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->text[p->n], PRINT_TEXT, fmt, args);
    va_end(args);
    p->at[p->n] = (amct_study_fingerprint){key, p->text[p->n]};
    p->n++;
}

static void fingerprint(prints *p, const amct_setup *s, const amct_exec *exec)
{
    const amct_config *c = s->config;
    char hex[AMCT_HASH_HEX], all[PRINT_TEXT] = "", bits[32] = "";
    amct_hash skip = {0};
    amct_hash_hex(hash_graph(s->model.graph), hex);
    print(p, "model", "%s", hex);
    amct_hash_hex(s->dataset->fingerprint, hex);
    print(p, "data", "%s", hex);
    if (s->detection.used) {
        amct_hash_hex(amct_detection_hash(&s->detection), hex);
        print(p, "detection", "%s", hex);
    }
    print(p, "samples", "%u calibration, %u search, %u confirm", s->calibration.n, s->search.n,
          s->confirm.n);
    print(p, "budget", "%.17g %s of %s at %.17g", c->max_drop_ratio,
          c->relative ? "relative" : "absolute", amct_metric_names[s->search_judge.metric],
          c->confidence);
    for (uint32_t i = 0; i < c->n_target_options; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), " %s=%s", c->target_options[i].key,
                 c->target_options[i].value);
    const amct_plugin *plugin = amct_plugins_find(s->plugins, AMCT_PLUGIN_ESTIMATOR, c->estimator);
    print(p, "target", "%s %s%s batch=%lld", c->estimator, plugin ? plugin->version : "?", all,
          (long long)amct_batch_of(s->cost_graph));
    if (c->confirm_by)
        print(p, "confirm", "%s", c->confirm_by);
    if (c->profile || c->measured_ns)
        print(p, "measured", "%s %llu", c->profile ? c->profile : "",
              (unsigned long long)c->measured_ns);
    for (uint32_t i = 0; i < c->n_skip; i++)
        skip = amct_hash_string(skip, c->skip[i]);
    amct_hash_hex(skip, hex);
    for (int k = AMCT_LEVEL_W8A8; k < AMCT_N_LEVELS; k++)
        if (c->levels[k])
            snprintf(bits + strlen(bits), sizeof bits - strlen(bits), " %s",
                     amct_level_name((amct_level_kind)k));
    print(p, "space", "16%s skip=%u:%.8s", bits, c->n_skip, hex);
    char ratios[PRINT_TEXT] = "";
    for (uint32_t i = 0; i < c->n_ratios; i++)
        snprintf(ratios + strlen(ratios), sizeof ratios - strlen(ratios), " %g", c->ratios[i]);
    print(p, "structure", "multiple=%u ranks=%u ratios%s", c->multiple, c->rank_levels, ratios);
    print(p, "quantise", "weights=%d activations=%d asymmetric=%d equalise=%d", c->weights,
          c->range.algo, c->range.asymmetric, c->equalise);
    print(p, "search", "%s seed=%llu evaluations=%u population=%u", c->algorithm,
          (unsigned long long)c->seed, c->evaluations, c->population);
    print(p, "executor", "%s, %s", amct_exec_name(exec), amct_onednn_isa());
    print(p, "version", "%s", PACKAGE_VERSION);
}

amct_status amct_setup_study(amct_setup *s, amct_err *err)
{
    prints *p = calloc(1, sizeof *p);
    amct_exec *exec = NULL;
    amct_status status = p ? amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        fingerprint(p, s, exec);
        status = amct_study_open(&s->study, s->config->output, p->at, p->n, err);
    }
    amct_exec_free(exec);
    free(p);
    return status;
}

/* The level database, with all that the genes may want. */
static amct_status make_levels(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_feed feed = amct_selection_feed(&s->calibration);
    s->level = (amct_level_options){s->config->weights, true};
    char *folder = amct_path_join(s->config->output, "levels");
    uint32_t *wanted = calloc(m->n_layers + 1, sizeof *wanted);
    amct_status status = folder && wanted ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status =
            amct_leveldb_new(&s->levels, m->graph, m->layers, s->stats, &s->level, folder, err);
    if (status == AMCT_OK) {
        amct_leveldb_know(s->levels, s->moments);
        amct_genes_wanted(&s->genes, wanted);
        status = amct_leveldb_fill(s->levels, wanted, &feed, s->jobs,
                                   s->config->memory_limit_bytes / 2, err);
    }
    free(wanted);
    free(folder);
    return status;
}

/* The second moments of as many layers as fit into half of the memory limit, the narrow ones first
 * in the network's order. */
static amct_status collect_moments(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_feed feed = amct_selection_feed(&s->calibration);
    size_t limit = s->config->memory_limit_bytes / 2, used = 0;
    bool *wanted = calloc(m->n_layers + 1, sizeof *wanted);
    s->grams = calloc(m->n_layers + 1, sizeof *s->grams);
    amct_status status = wanted && s->grams ? AMCT_OK : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < m->n_layers; i++) {
        size_t work = 0;
        size_t bytes = amct_moments_bytes(&work, m->graph, &m->layers[i], &s->stats->layers[i]);
        wanted[i] = bytes && used + bytes + work * s->jobs <= limit;
        if (wanted[i])
            used += bytes;
        else if (bytes)
            amct_log(AMCT_LOG_WARN,
                     "layer '%s': its second moments do not fit into the memory limit: "
                     "it is not factorised, and what it reads is cut as it is",
                     m->layers[i].name);
    }
    if (status == AMCT_OK)
        status = amct_moments_collect(&s->moments, m->graph, m->layers, m->n_layers, wanted,
                                      s->stats, &feed, s->jobs, err);
    for (uint32_t i = 0; status == AMCT_OK && i < m->n_layers; i++)
        s->grams[i] = amct_moments_of(s->moments, i);
    free(wanted);
    return status;
}

/* The genes of a structure that is there. */
static amct_status add_structure(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_costing_free(s->costing); /* its process must know the structure */
    s->costing = NULL;
    AMCT_TRY(amct_costing_new(&s->costing, s->plugins, s->config, s->cost_graph, m->layers,
                              m->n_layers, s->structure, err));
    return amct_genes_add_structure(&s->genes, s->config, m->layers, s->structure, s->costing, err);
}

amct_status amct_setup_outline(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_structure_options options = {.multiple = s->config->multiple,
                                      .amct_ranks = s->config->amct_ranks};
    if (!s->config->n_ratios && !s->config->rank_levels)
        return AMCT_OK;
    AMCT_TRY(
        amct_structure_outline(&s->structure, m->graph, m->layers, m->n_layers, &options, err));
    return add_structure(s, err);
}

/* What the network's channels and ranks can become. */
static amct_status make_structure(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_structure_options options = {.choice = s->config->amct_channels ? AMCT_CHOOSE_BALANCED
                                                                         : AMCT_CHOOSE_ENERGY,
                                      .amct_ranks = s->config->amct_ranks,
                                      .multiple = s->config->multiple,
                                      .limit_bytes = s->config->memory_limit_bytes / 4};
    AMCT_TRY(amct_structure_new(&s->structure, m->graph, m->layers, m->n_layers, s->grams,
                                s->calibration.n, &options, err));
    amct_derive_source source = {.graph = m->graph,
                                 .layers = m->layers,
                                 .lanes = amct_structure_lanes(s->structure),
                                 .calibration = s->stats,
                                 .grams = s->grams,
                                 .asymmetric = s->config->range.asymmetric};
    AMCT_TRY(amct_derived_new(&s->derived, &source, s->levels, &s->level, err));
    return add_structure(s, err);
}

size_t amct_setup_refine_bytes(const amct_setup *s)
{
    return s->config->memory_limit_bytes / 4;
}

/* The result is then another one than with more memory. */
static void tell_short(const amct_setup *s)
{
    uint32_t n = amct_rebuild_short(s->model.graph, s->model.layers, s->model.n_layers,
                                    s->calibration.n, amct_setup_refine_bytes(s));
    if (n)
        amct_log(AMCT_LOG_INFO,
                 "finalists: %u of %u layers are refined on fewer positions of the calibration "
                 "samples than would be taken with more memory (memory_limit)",
                 n, s->model.n_layers);
}

amct_status amct_setup_levels(amct_setup *s, amct_err *err)
{
    tell_short(s);
    amct_feed feed = amct_selection_feed(&s->calibration);
    AMCT_TRY(amct_calibrate(&s->stats, s->model.graph, s->model.layers, s->model.n_layers, &feed,
                            &s->config->range, s->jobs, err));
    bool structure = s->config->n_ratios || s->config->rank_levels;
    if (structure)
        AMCT_TRY(collect_moments(s, err));
    AMCT_TRY(make_levels(s, err));
    AMCT_TRY(amct_genes_drop_impossible(&s->genes, s->levels, err));
    return structure ? make_structure(s, err) : AMCT_OK;
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
    return AMCT_OK;
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
    free(s->search_labels);
    free(s->confirm_labels);
    amct_split_free(&s->split);
    amct_dataset_free(s->dataset);
    amct_graph_free(s->cost_graph);
    amct_model_free(&s->model);
    amct_plugins_free(s->plugins);
    *s = (amct_setup){0};
}
