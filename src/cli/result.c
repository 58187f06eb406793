#include <config.h>

#include "cli/result.h"

#include "cli/choices.h"
#include "cli/measured.h"
#include "cli/reasons.h"
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
    amct_json_number(json, best, "gain_band_ms", to->paired_ns / 1e6);
    amct_json_bool(json, best, "restored", to->best && to->best->refined.restored);
    amct_json_text(json, best, "form",
                   to->best ? amct_refinement_names[to->best->refined.form] : NULL);
    amct_json_number(json, best, "loss", o.loss);
    amct_json_number(json, best, "fitted_loss", o.fitted_loss);
    amct_json_number(json, best, "held_loss", o.held_loss);
    amct_json_integer(json, best, "held_samples", o.held);
    amct_json_bool(json, best, "overfitted", o.overfitted);
    const amct_graph_cost *measured = amct_tuned_measured(to);
    amct_json_text(json, json->root, "confirmed_by", to->setup.config->confirm_by);
    amct_json_number(json, json->root, "baseline_measured_ms",
                     to->setup.confirming ? to->setup.measured.latency_ns / 1e6 : NAN);
    amct_json_number(json, json->root, "best_measured_ms",
                     measured ? measured->latency_ns / 1e6 : NAN);
}

static amct_choices_of choices_of(const amct_setup *s)
{
    return (amct_choices_of){&s->genes, s->model.layers, s->structure};
}

/* What a gene says at a level. */
static void add_level(amct_json *json, cJSON *at, const amct_tuned *to, const amct_gene *gene,
                      uint32_t level)
{
    amct_choices_of of = choices_of(&to->setup);
    amct_choices_add(json, at, &of, gene->kind, gene->index, gene->values[level]);
}

/* Of the network with one other choice. */
static int64_t bytes_with(const amct_tuned *to, uint32_t slot, uint8_t value)
{
    const amct_setup *s = &to->setup;
    uint8_t *choices = calloc(s->genes.n_choices + (size_t)1, 1);
    if (!choices)
        return 0;
    if (to->best)
        memcpy(choices, to->best->choices, s->genes.n_choices);
    choices[slot] = value;
    int64_t bytes = amct_outcome_bytes(s, choices);
    free(choices);
    return bytes;
}

/* The levels of a gene that were not chosen, with what they would have meant. */
static void add_others(amct_json *json, cJSON *list, const amct_tuned *to, const amct_gene *gene)
{
    uint32_t g = (uint32_t)(gene - to->setup.genes.genes), chosen = amct_reasons_level(to, gene);
    for (uint32_t k = 0; k < gene->n_levels; k++) {
        if (k == chosen)
            continue;
        cJSON *other = amct_json_object(json, list, NULL);
        amct_json_text(json, other, "kind", amct_choices_kind(gene->kind));
        add_level(json, other, to, gene, k);
        amct_json_number(json, other, "network_latency_ms",
                         to->other_ns[g * AMCT_GENE_LEVELS + k] / 1e6);
        amct_json_number(json, other, "loss_alone",
                         k ? to->alone_loss[g * AMCT_GENE_LEVELS + k] : 0);
        amct_json_integer(json, other, "network_bytes",
                          bytes_with(to, gene->slot, gene->values[k]));
    }
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
    if (l->channels) {
        amct_json_integer(json, at, "channels_kept", kept);
        amct_json_integer(json, at, "channels", l->channels);
    } else {
        amct_json_null(json, at, "channels_kept");
        amct_json_null(json, at, "channels");
    }
    const amct_gene *gene = amct_genes_of(&s->genes, AMCT_GENE_RANK, i);
    uint32_t level = gene ? amct_reasons_level(to, gene) : 0;
    if (level) {
        add_level(json, at, to, gene, level);
    } else {
        amct_json_null(json, at, "rank");
        amct_json_null(json, at, "form");
    }
}

/* The genes that decide over a layer; NULL where there is none. */
typedef struct layer_genes {
    const amct_gene *of[3]; /* by amct_gene_kind */
    const char *reasons[3]; /* why no level that loses more */
    char texts[3][AMCT_REASON];
} layer_genes;

static void find_genes(layer_genes *found, const amct_tuned *to, uint32_t i)
{
    const amct_setup *s = &to->setup;
    *found = (layer_genes){.of = {NULL}};
    for (int kind = AMCT_GENE_BITS; kind <= AMCT_GENE_RANK; kind++) {
        int64_t index = kind != AMCT_GENE_CHANNELS ? (int64_t)i
                        : s->structure             ? amct_structure_group_of(s->structure, i)
                                                   : -1;
        if (index < 0)
            continue;
        const amct_gene *gene = amct_genes_of(&s->genes, (amct_gene_kind)kind, (uint32_t)index);
        found->of[kind] = gene;
        found->reasons[kind] =
            gene ? amct_reasons_tell(found->texts[kind], to, gene)
                 : amct_genes_reason(&s->genes, (amct_gene_kind)kind, (uint32_t)index, 0);
    }
}

/* What was chosen of each gene. */
static void add_chosen(amct_json *json, cJSON *list, const amct_tuned *to, const amct_gene *gene)
{
    uint32_t g = (uint32_t)(gene - to->setup.genes.genes), level = amct_reasons_level(to, gene);
    cJSON *at = amct_json_object(json, list, NULL);
    amct_json_text(json, at, "kind", amct_choices_kind(gene->kind));
    add_level(json, at, to, gene, level);
    amct_json_number(json, at, "loss_alone",
                     level ? to->alone_loss[g * AMCT_GENE_LEVELS + level] : 0);
}

static void add_genes(amct_json *json, cJSON *at, const amct_tuned *to, const layer_genes *genes)
{
    cJSON *reasons = amct_json_object(json, at, "reasons");
    amct_json_text(json, reasons, "bits", genes->reasons[AMCT_GENE_BITS]);
    amct_json_text(json, reasons, "sparsity", genes->reasons[AMCT_GENE_CHANNELS]);
    amct_json_text(json, reasons, "rank", genes->reasons[AMCT_GENE_RANK]);
    cJSON *chosen = amct_json_array(json, at, "chosen");
    cJSON *others = amct_json_array(json, at, "alternatives");
    for (int kind = AMCT_GENE_BITS; kind <= AMCT_GENE_RANK; kind++)
        if (genes->of[kind]) {
            add_chosen(json, chosen, to, genes->of[kind]);
            add_others(json, others, to, genes->of[kind]);
        }
}

static void add_layer(amct_json *json, cJSON *list, const amct_tuned *to, uint32_t i, int64_t bytes)
{
    const amct_setup *s = &to->setup;
    const amct_layer *l = &s->model.layers[i];
    uint8_t kind = to->best ? to->best->choices[i] : AMCT_LEVEL_16;
    const amct_layer_cost *now = &to->best_layers[i], *before = &to->original_layers[i];
    layer_genes genes;
    find_genes(&genes, to, i);
    const amct_gene *bits = genes.of[AMCT_GENE_BITS];
    int64_t group = s->structure ? amct_structure_group_of(s->structure, i) : -1;
    cJSON *at = amct_json_object(json, list, NULL);
    amct_json_text(json, at, "name", l->name);
    amct_json_text(json, at, "op", l->op);
    amct_json_text(json, at, "bits", amct_level_name((amct_level_kind)kind));
    amct_json_text(json, at, "baseline_bits", amct_level_name(AMCT_LEVEL_16));
    add_shape(json, at, to, i);
    amct_json_text(json, at, "group",
                   group < 0 ? NULL
                             : amct_structure_group(s->structure, (uint32_t)group).group->name);
    amct_json_integer(json, at, "bytes", bytes);
    amct_json_integer(json, at, "baseline_bytes", amct_level_bytes(l, AMCT_LEVEL_16));
    amct_json_number(json, at, "latency_us",
                     now->status == AMCT_NODE_OK ? now->latency_ns / 1e3 : NAN);
    amct_json_number(json, at, "baseline_latency_us",
                     before->status == AMCT_NODE_OK ? before->latency_ns / 1e3 : NAN);
    amct_json_text(json, at, "reason", genes.reasons[AMCT_GENE_BITS]);
    if (bits) {
        uint32_t g = (uint32_t)(bits - s->genes.genes), level = amct_reasons_level(to, bits);
        amct_json_number(json, at, "loss_alone",
                         level ? to->alone_loss[g * AMCT_GENE_LEVELS + level] : 0);
    }
    add_genes(json, at, to, &genes);
}

static void add_layers(amct_json *json, const amct_tuned *to)
{
    uint32_t n = to->setup.model.n_layers;
    cJSON *layers = amct_json_array(json, json->root, "layers");
    int64_t *bytes = calloc(n + (size_t)1, sizeof *bytes);
    json->failed |= !bytes;
    if (bytes)
        amct_outcome_layer_bytes(bytes, to);
    for (uint32_t i = 0; bytes && i < n; i++)
        add_layer(json, layers, to, i, bytes[i]);
    free(bytes);
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
    amct_json_text(json, at, "report", to->other ? NULL : "report.html");
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
    amct_json_integer(json, json->root, "batch", amct_batch_of(s->cost_graph));
    amct_json_text(json, json->root, "estimator", c->estimator);
    amct_json_number(json, json->root, "error_band_ratio", to->best_cost.error_band_ratio);
    amct_json_number(json, json->root, "fixed_ratio",
                     s->original_cost.fixed_ns / s->original_cost.latency_ns);
    amct_measured_add(json, json->root, amct_costing_found(s->costing));
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
    add_layers(json, to);
    add_front(json, to);
    amct_choices_of of = choices_of(s);
    amct_choices_add_skipped(json, amct_json_array(json, json->root, "skipped"), &of);
    cJSON *convergence = amct_json_array(json, json->root, "convergence");
    for (uint32_t i = 0; steps && i < steps->n_steps; i++) {
        cJSON *at = amct_json_object(json, convergence, NULL);
        amct_json_integer(json, at, "evaluations", steps->steps[i].evaluations);
        amct_json_number(json, at, "latency_ms", steps->steps[i].latency_ns / 1e6);
    }
    add_files(json, to, folder);
}
