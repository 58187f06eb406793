#include <config.h>

#include "cli/result.h"

#include "cli/verdict.h"
#include "measure/interval.h"
#include "tune/outcome.h"
#include "tune/publish.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void add_value(amct_json *json, cJSON *at, const amct_outcome_value *v)
{
    amct_json_number(json, at, "value", v->value);
    amct_json_interval(json, at, "interval", v->interval.lo, v->interval.hi);
    amct_json_number(json, at, "latency_ms", v->latency_ns / 1e6);
    amct_json_integer(json, at, "bytes", v->bytes);
}

static void add_values(amct_json *json, const amct_tuned *to)
{
    amct_outcome o = amct_outcome_of(to);
    add_value(json, amct_json_object(json, json->root, "baseline"), &o.before);
    cJSON *best = amct_json_object(json, json->root, "best");
    add_value(json, best, &o.after);
    amct_json_number(json, best, "drop", o.drop);
    amct_json_interval(json, best, "drop_interval", o.drop_interval.lo, o.drop_interval.hi);
    amct_json_number(json, best, "drop_confidence", o.confidence);
    amct_json_number(json, best, "speedup", o.before.latency_ns / o.after.latency_ns);
    amct_json_bool(json, best, "restored", to->best && to->best->refined.restored);
    amct_json_text(json, best, "form",
                   to->best ? amct_refinement_names[to->best->refined.form] : NULL);
    amct_json_number(json, best, "loss", o.loss);
}

/* Which level of its gene was chosen. */
static uint32_t chosen_level(const amct_tuned *to, const amct_gene *gene)
{
    uint32_t level = 0;
    while (to->best && gene->values[level] != to->best->choices[gene->slot])
        level++;
    return level;
}

/* Why a layer is not at a level that loses more. */
static const char *reason_of(const amct_tuned *to, uint32_t g, uint32_t level)
{
    const amct_gene *gene = &to->setup.genes.genes[g];
    if (level + 1 == gene->n_levels)
        return NULL;
    for (uint32_t k = level + 1; k < gene->n_levels; k++)
        if (to->other_ns[g * AMCT_GENE_LEVELS + k] < to->best_cost.latency_ns)
            return "a lossier level would cost too much accuracy";
    return "a lossier level would not be faster beside the other layers' levels";
}

static const char *form_name(amct_split_form form)
{
    return form == AMCT_SPLIT_ROWS || form == AMCT_SPLIT_COLUMNS ? "spatial" : "channel";
}

/* What a gene says at a level. */
static void add_level(amct_json *json, cJSON *at, const amct_tuned *to, const amct_gene *gene,
                      uint32_t level)
{
    const amct_structure *structure = to->setup.structure;
    uint8_t value = gene->values[level];
    if (gene->kind == AMCT_GENE_BITS) {
        amct_json_text(json, at, "bits", amct_level_name((amct_level_kind)value));
    } else if (gene->kind == AMCT_GENE_CHANNELS) {
        amct_group_levels levels = amct_structure_group(structure, gene->index);
        amct_json_integer(json, at, "channels_kept",
                          value ? levels.kept[value - 1] : levels.group->n_lanes);
    } else if (value) {
        amct_rank rank = amct_structure_layer(structure, gene->index).ranks[value - 1];
        amct_json_integer(json, at, "rank", rank.rank);
        amct_json_text(json, at, "form", form_name(rank.form));
    } else {
        amct_json_null(json, at, "rank");
    }
}

/* The levels of a gene that were not chosen, with what they would have meant. */
static void add_others(amct_json *json, cJSON *list, const amct_tuned *to, const amct_gene *gene)
{
    uint32_t g = (uint32_t)(gene - to->setup.genes.genes), chosen = chosen_level(to, gene);
    for (uint32_t k = 0; k < gene->n_levels; k++) {
        if (k == chosen)
            continue;
        cJSON *other = amct_json_object(json, list, NULL);
        add_level(json, other, to, gene, k);
        amct_json_number(json, other, "network_latency_ms",
                         to->other_ns[g * AMCT_GENE_LEVELS + k] / 1e6);
        amct_json_number(json, other, "loss_alone",
                         k ? to->alone_loss[g * AMCT_GENE_LEVELS + k] : 0);
    }
}

/* The group that decides over the channels that a layer makes; -1: none. */
static int64_t group_of_layer(const amct_tuned *to, uint32_t i)
{
    const amct_setup *s = &to->setup;
    return s->structure ? amct_structure_group_of(s->structure, i) : -1;
}

static void add_shape(amct_json *json, cJSON *at, const amct_tuned *to, uint32_t i)
{
    const amct_setup *s = &to->setup;
    const amct_layer *l = &s->model.layers[i];
    const amct_structured *c = to->best ? &to->best->candidate.structured : NULL;
    int64_t kept = l->channels;
    for (uint32_t k = 0; c && c->graph && k < c->n_layers; k++)
        if (c->origins[k].layer == i && c->origins[k].part != AMCT_PART_FIRST)
            kept = c->layers[k].channels;
    amct_json_integer(json, at, "channels_kept", kept);
    amct_json_integer(json, at, "channels", l->channels);
    const amct_gene *gene = amct_genes_of(&s->genes, AMCT_GENE_RANK, i);
    uint32_t level = gene ? chosen_level(to, gene) : 0;
    if (level) {
        add_level(json, at, to, gene, level);
    } else {
        amct_json_null(json, at, "rank");
        amct_json_null(json, at, "form");
    }
}

static void add_layer(amct_json *json, cJSON *list, const amct_tuned *to, uint32_t i)
{
    const amct_setup *s = &to->setup;
    const amct_layer *l = &s->model.layers[i];
    uint8_t kind = to->best ? to->best->choices[i] : AMCT_LEVEL_16;
    const amct_gene *bits = amct_genes_of(&s->genes, AMCT_GENE_BITS, i);
    const amct_gene *rank = amct_genes_of(&s->genes, AMCT_GENE_RANK, i);
    const amct_layer_cost *now = &to->best_layers[i], *before = &to->original_layers[i];
    int64_t group = group_of_layer(to, i);
    cJSON *at = amct_json_object(json, list, NULL);
    amct_json_text(json, at, "name", l->name);
    amct_json_text(json, at, "op", l->op);
    amct_json_text(json, at, "bits", amct_level_name((amct_level_kind)kind));
    amct_json_text(json, at, "baseline_bits", amct_level_name(AMCT_LEVEL_16));
    add_shape(json, at, to, i);
    amct_json_number(json, at, "latency_us",
                     now->status == AMCT_NODE_OK ? now->latency_ns / 1e3 : NAN);
    amct_json_number(json, at, "baseline_latency_us",
                     before->status == AMCT_NODE_OK ? before->latency_ns / 1e3 : NAN);
    if (bits) {
        uint32_t g = (uint32_t)(bits - s->genes.genes), level = chosen_level(to, bits);
        amct_json_text(json, at, "reason", reason_of(to, g, level));
        amct_json_number(json, at, "loss_alone",
                         level ? to->alone_loss[g * AMCT_GENE_LEVELS + level] : 0);
    } else {
        amct_json_text(json, at, "reason",
                       amct_genes_reason(&s->genes, AMCT_GENE_BITS, i, AMCT_LEVEL_16));
    }
    cJSON *others = amct_json_array(json, at, "alternatives");
    if (bits)
        add_others(json, others, to, bits);
    if (group >= 0) {
        const amct_gene *gene = amct_genes_of(&s->genes, AMCT_GENE_CHANNELS, (uint32_t)group);
        if (gene)
            add_others(json, others, to, gene);
    }
    if (rank)
        add_others(json, others, to, rank);
}

static int compare_cost(const void *a, const void *b)
{
    const amct_finalist *x = a, *y = b;
    return (x->cost_ns > y->cost_ns) - (x->cost_ns < y->cost_ns);
}

static void add_front(amct_json *json, const amct_tuned *to)
{
    enum { MOST = 64 };
    amct_finalist front[MOST];
    cJSON *list = amct_json_array(json, json->root, "front");
    const amct_setup *s = &to->setup;
    uint8_t *choices = calloc(s->genes.n_choices + (size_t)1, 1);
    size_t n = to->search && choices ? amct_search_front(to->search, front, MOST) : 0;
    qsort(front, n, sizeof *front, compare_cost);
    for (size_t i = 0; i < n; i++) {
        cJSON *at = amct_json_object(json, list, NULL);
        amct_genes_express(&s->genes, front[i].genome, choices);
        amct_json_number(json, at, "drop", front[i].drop);
        amct_json_number(json, at, "latency_ms", front[i].cost_ns / 1e6);
        amct_json_integer(json, at, "bytes", amct_outcome_bytes(s, choices));
        amct_json_integer(json, at, "candidate", (int64_t)front[i].number);
    }
    free(choices);
}

static void add_run(amct_json *json, const amct_tuned *to)
{
    struct rusage self, children;
    const amct_search_progress *p = &to->progress;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    long peak = self.ru_maxrss > children.ru_maxrss ? self.ru_maxrss : children.ru_maxrss;
    cJSON *samples = amct_json_object(json, json->root, "samples");
    amct_json_integer(json, samples, "calibration", to->setup.calibration.n);
    amct_json_integer(json, samples, "search", to->setup.search.n);
    amct_json_integer(json, samples, "confirm", to->setup.confirm.n);
    amct_json_number(json, samples, "confirm_needed", amct_outcome_of(to).needed);
    amct_json_integer(json, json->root, "candidates", to->stats.measured + to->stats.replayed);
    amct_json_integer(json, json->root, "evaluations", p->evaluations);
    amct_json_integer(json, json->root, "samples_evaluated", (int64_t)p->samples);
    amct_json_integer(json, json->root, "rejected", p->rejected);
    amct_json_integer(json, json->root, "rejected_samples", (int64_t)p->rejected_samples);
    amct_json_integer(json, json->root, "measured_now", to->stats.measured);
    amct_json_integer(json, json->root, "samples_now", (int64_t)to->stats.samples);
    amct_json_number(json, json->root, "search_seconds", to->stats.seconds);
    amct_json_number(json, json->root, "measuring_processor_seconds", to->stats.busy_seconds);
    amct_json_number(json, json->root, "seconds", to->seconds);
    amct_json_integer(json, json->root, "peak_rss_bytes", (int64_t)peak * 1024);
}

static void add_files(amct_json *json, const amct_tuned *to, const char *folder)
{
    static const struct {
        const char *key, *suffix;
        bool qdq;
    } files[] = {{"deploy_model", "_deploy_model.onnx", false},
                 {"fake_quant_model", "_fake_quant_model.onnx", false},
                 {"qdq_model", "_qdq_model.onnx", true},
                 {"config", "_config.json", false},
                 {"record", "_record.txt", false}};
    const amct_setup *s = &to->setup;
    char prefix[256], name[PATH_MAX];
    cJSON *at = amct_json_object(json, json->root, "files");
    amct_publish_prefix(prefix, sizeof prefix, s->config);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "%s/%s%s", folder, prefix, files[i].suffix);
        bool written = files[i].qdq ? s->config->format_qdq : s->config->format_amct;
        amct_json_text(json, at, files[i].key, written ? name : NULL);
    }
    amct_json_text(json, at, "report", "report.html");
    char *compile = amct_verdict_compile(to, folder);
    amct_json_text(json, json->root, "compile", compile);
    free(compile);
}

static void add_about(amct_json *json, const amct_tuned *to)
{
    const amct_setup *s = &to->setup;
    const amct_config *c = s->config;
    amct_json_text(json, json->root, "model", c->model);
    amct_json_text(json, json->root, "data", c->data);
    amct_json_integer(json, json->root, "seed", (int64_t)c->seed);
    amct_json_text(json, json->root, "algorithm", c->algorithm);
    amct_json_text(json, json->root, "target", c->chip);
    const amct_shape *in = &s->cost_graph->tensors[s->cost_graph->inputs[0]].shape;
    amct_json_integer(json, json->root, "batch", in->rank ? in->dims[0] : 1);
    amct_json_text(json, json->root, "estimator", c->estimator);
    amct_json_number(json, json->root, "error_band_ratio", to->best_cost.error_band_ratio);
    amct_json_number(json, json->root, "fixed_ratio",
                     s->original_cost.fixed_ns / s->original_cost.latency_ns);
    cJSON *inputs = amct_json_array(json, json->root, "inputs");
    for (uint32_t i = 0; i < s->cost_graph->n_inputs; i++) {
        const amct_tensor *t = &s->cost_graph->tensors[s->cost_graph->inputs[i]];
        cJSON *at = amct_json_object(json, inputs, NULL);
        amct_json_text(json, at, "name", t->name);
        cJSON *shape = amct_json_array(json, at, "shape");
        for (int32_t d = 0; d < t->shape.rank; d++)
            amct_json_integer(json, shape, NULL, t->shape.dims[d]);
    }
    cJSON *versions = amct_json_object(json, json->root, "versions");
    amct_json_text(json, versions, "amct-autotune", PACKAGE_VERSION);
    const amct_plugin *estimator =
        amct_plugins_find(s->plugins, AMCT_PLUGIN_ESTIMATOR, c->estimator);
    amct_json_text(json, versions, c->estimator, estimator ? estimator->version : NULL);
    amct_json_text(json, versions, "executor", amct_onednn_isa());
    cJSON *settings = amct_json_object(json, json->root, "settings");
    amct_json_text(json, settings, "weights", amct_weight_algo_names[c->weights]);
    amct_json_text(json, settings, "activations", c->range.algo == AMCT_ACT_HFMG ? "hfmg" : "ifmr");
    amct_json_text(json, settings, "asymmetric", c->range.asymmetric ? "true" : "false");
    amct_json_integer(json, settings, "evaluations", c->evaluations);
    amct_json_integer(json, settings, "jobs", s->jobs);
}

static void add_skipped(amct_json *json, cJSON *at, const amct_tuned *to,
                        const amct_skipped *skipped)
{
    const amct_setup *s = &to->setup;
    bool group = skipped->kind == AMCT_GENE_CHANNELS;
    const char *level = group                             ? "channels"
                        : skipped->kind == AMCT_GENE_RANK ? "rank"
                        : skipped->value != AMCT_LEVEL_16
                            ? amct_level_name((amct_level_kind)skipped->value)
                            : NULL;
    amct_json_text(json, at, "name",
                   group ? amct_structure_group(s->structure, skipped->index).group->name
                         : s->model.layers[skipped->index].name);
    amct_json_text(json, at, "level", level);
    amct_json_text(json, at, "reason", skipped->reason);
}

void amct_result_fill(amct_json *json, const amct_tuned *to, const char *folder,
                      const amct_progress *steps, const char *started, const char *finished)
{
    const amct_setup *s = &to->setup;
    amct_json_integer(json, json->root, "status", to->exit_status);
    amct_json_text(json, json->root, "verdict", amct_verdict_name(to->verdict));
    amct_json_bool(json, json->root, "faster", to->faster);
    amct_json_text(json, json->root, "metric", amct_metric_names[s->search_judge.metric]);
    amct_json_number(json, json->root, "budget_drop", s->budget_ratio);
    amct_json_number(json, json->root, "confidence", s->config->confidence);
    amct_json_text(json, json->root, "reason", amct_outcome_reason(to));
    add_values(json, to);
    add_run(json, to);
    add_about(json, to);
    amct_json_text(json, json->root, "started", started);
    amct_json_text(json, json->root, "finished", finished);
    cJSON *layers = amct_json_array(json, json->root, "layers");
    for (uint32_t i = 0; i < s->model.n_layers; i++)
        add_layer(json, layers, to, i);
    add_front(json, to);
    cJSON *list = amct_json_array(json, json->root, "skipped");
    for (uint32_t i = 0; i < s->genes.n_skipped; i++) {
        add_skipped(json, amct_json_object(json, list, NULL), to, &s->genes.skipped[i]);
    }
    cJSON *convergence = amct_json_array(json, json->root, "convergence");
    for (uint32_t i = 0; steps && i < steps->n_steps; i++) {
        cJSON *at = amct_json_object(json, convergence, NULL);
        amct_json_integer(json, at, "evaluations", steps->steps[i].evaluations);
        amct_json_number(json, at, "latency_ms", steps->steps[i].latency_ns / 1e6);
    }
    add_files(json, to, folder);
}
