#include "cli/result.h"

#include "measure/interval.h"
#include "tune/publish.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* What the constants take on the device: floats as float16, quantised layers as they are. */
static int64_t bytes_of(const amct_setup *s, const uint8_t *kinds)
{
    const amct_graph *g = s->model.graph;
    int64_t bytes = 0;
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (g->tensors[t].data)
            bytes += amct_dtype_is_float(g->tensors[t].dtype)
                         ? 2 * amct_shape_size(&g->tensors[t].shape)
                         : (int64_t)g->tensors[t].bytes;
    for (uint32_t i = 0; kinds && i < s->model.n_layers; i++)
        if (kinds[i] != AMCT_LEVEL_16)
            bytes += amct_level_bytes(&s->model.layers[i], (amct_level_kind)kinds[i]) -
                     amct_level_bytes(&s->model.layers[i], AMCT_LEVEL_16);
    return bytes;
}

static amct_interval value_interval(amct_metric metric, const amct_tally *t, double confidence)
{
    double value = amct_metric_value(metric, t);
    if (metric == AMCT_METRIC_COSINE) {
        amct_interval drop = amct_cosine_judge(t, 1, confidence).drop;
        return (amct_interval){1 - drop.hi, 1 - drop.lo};
    }
    return amct_wilson_interval(t->n, (uint32_t)(value * t->n + 0.5), confidence);
}

static void add_accuracy(amct_json *json, cJSON *at, const amct_setup *s, const amct_tally *t)
{
    amct_metric metric = s->search_judge.metric;
    amct_interval i = value_interval(metric, t, s->config->confidence);
    amct_json_number(json, at, "value", t->n ? amct_metric_value(metric, t) : NAN);
    amct_json_interval(json, at, "interval", t->n ? i.lo : NAN, i.hi);
}

static double drop_of(amct_metric metric, const amct_tally *t)
{
    if (!t->n)
        return NAN;
    return metric == AMCT_METRIC_COSINE ? t->cosine / t->n
                                        : ((double)t->lost - t->gained) / t->n;
}

static void add_baseline(amct_json *json, const amct_tuned *to, bool confirmed)
{
    const amct_setup *s = &to->setup;
    cJSON *at = amct_json_object(json, json->root, "baseline");
    add_accuracy(json, at, s, confirmed ? &s->confirm_baseline : &s->search_baseline);
    amct_json_number(json, at, "latency_ms", s->original_cost.latency_ns / 1e6);
    amct_json_integer(json, at, "bytes", bytes_of(s, NULL));
}

static void add_best(amct_json *json, const amct_tuned *to, bool confirmed)
{
    const amct_setup *s = &to->setup;
    const amct_final *f = to->best;
    cJSON *at = amct_json_object(json, json->root, "best");
    amct_metric metric = s->search_judge.metric;
    const amct_tally *t = !f          ? (confirmed ? &s->confirm_baseline : &s->search_baseline)
                          : confirmed ? &f->confirm
                                      : &f->search;
    add_accuracy(json, at, s, t);
    amct_json_number(json, at, "drop", f ? drop_of(metric, t) : 0);
    if (f && confirmed)
        amct_json_interval(json, at, "drop_interval", f->verdict.drop.lo, f->verdict.drop.hi);
    else if (f && metric != AMCT_METRIC_COSINE) {
        amct_interval i = amct_paired_interval(t->n, t->lost, t->gained, s->config->confidence);
        amct_json_interval(json, at, "drop_interval", i.lo, i.hi);
    } else
        amct_json_interval(json, at, "drop_interval", f ? NAN : 0, 0);
    amct_json_number(json, at, "latency_ms", to->best_cost.latency_ns / 1e6);
    amct_json_integer(json, at, "bytes", bytes_of(s, f ? f->kinds : NULL));
    amct_json_number(json, at, "speedup", s->original_cost.latency_ns / to->best_cost.latency_ns);
    amct_json_bool(json, at, "refined", f && f->refined);
    amct_json_number(json, at, "loss", f && t->n ? amct_tally_loss(&s->search_judge, t) : 0);
}

static const char *skip_reason(const amct_genes *genes, const char *name)
{
    for (uint32_t i = 0; i < genes->n_skipped; i++)
        if (strcmp(genes->skipped[i].name, name) == 0)
            return genes->skipped[i].reason;
    return NULL;
}

static void add_layer(amct_json *json, cJSON *list, const amct_tuned *to, uint32_t i)
{
    const amct_setup *s = &to->setup;
    const amct_layer *l = &s->model.layers[i];
    uint8_t kind = to->best ? to->best->kinds[i] : AMCT_LEVEL_16;
    const char *reason = skip_reason(&s->genes, l->name);
    uint32_t g = 0;
    while (g < s->genes.n && s->genes.genes[g].layer != i)
        g++;
    bool choice = g < s->genes.n;
    if (!reason && kind == AMCT_LEVEL_16)
        reason = choice && to->other_ns[g] >= to->best_cost.latency_ns
                     ? "8 bits would not be faster beside the other layers' levels"
                     : "8 bits would cost too much accuracy";
    const amct_layer_cost *now = &to->best_layers[i], *before = &to->original_layers[i];
    cJSON *at = amct_json_object(json, list, NULL);
    amct_json_text(json, at, "name", l->name);
    amct_json_text(json, at, "op", l->op);
    amct_json_text(json, at, "bits", amct_level_name((amct_level_kind)kind));
    amct_json_text(json, at, "baseline_bits", amct_level_name(AMCT_LEVEL_16));
    amct_json_integer(json, at, "channels_kept", l->channels);
    amct_json_integer(json, at, "channels", l->channels);
    amct_json_null(json, at, "rank");
    amct_json_null(json, at, "form");
    amct_json_number(json, at, "latency_us",
                     now->status == AMCT_NODE_OK ? now->latency_ns / 1e3 : NAN);
    amct_json_number(json, at, "baseline_latency_us",
                     before->status == AMCT_NODE_OK ? before->latency_ns / 1e3 : NAN);
    amct_json_text(json, at, "reason", reason);
    cJSON *others = amct_json_array(json, at, "alternatives");
    if (!choice)
        return;
    cJSON *other = amct_json_object(json, others, NULL);
    const amct_gene *gene = &s->genes.genes[g];
    amct_json_text(json, other, "bits",
                   amct_level_name((amct_level_kind)gene->kinds[kind == gene->kinds[0]]));
    amct_json_number(json, other, "network_latency_ms", to->other_ns[g] / 1e6);
    amct_json_number(json, at, "loss_alone", to->alone_loss[g]);
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
    uint8_t *kinds = calloc(s->model.n_layers + 1, 1);
    size_t n = to->search && kinds ? amct_search_front(to->search, front, MOST) : 0;
    qsort(front, n, sizeof *front, compare_cost);
    for (size_t i = 0; i < n; i++) {
        cJSON *at = amct_json_object(json, list, NULL);
        amct_genes_express(&s->genes, front[i].genome, kinds);
        amct_json_number(json, at, "drop", front[i].drop);
        amct_json_number(json, at, "latency_ms", front[i].cost_ns / 1e6);
        amct_json_integer(json, at, "bytes", bytes_of(s, kinds));
        amct_json_integer(json, at, "candidate", (int64_t)front[i].number);
    }
    free(kinds);
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
    amct_json_integer(json, json->root, "candidates", to->stats.measured + to->stats.replayed);
    amct_json_integer(json, json->root, "evaluations", p->evaluations);
    amct_json_integer(json, json->root, "samples_evaluated", (int64_t)p->samples);
    amct_json_integer(json, json->root, "rejected", p->rejected);
    amct_json_integer(json, json->root, "rejected_samples", (int64_t)p->rejected_samples);
    amct_json_integer(json, json->root, "measured_now", to->stats.measured);
    amct_json_integer(json, json->root, "samples_now", (int64_t)to->stats.samples);
    amct_json_number(json, json->root, "search_seconds", to->stats.seconds);
    amct_json_number(json, json->root, "seconds", to->seconds);
    amct_json_integer(json, json->root, "peak_rss_bytes", (int64_t)peak * 1024);
}

static void add_files(amct_json *json, const amct_setup *s)
{
    static const struct {
        const char *key, *suffix;
        bool qdq;
    } files[] = {{"deploy_model", "_deploy_model.onnx", false},
                 {"fake_quant_model", "_fake_quant_model.onnx", false},
                 {"qdq_model", "_qdq_model.onnx", true},
                 {"config", "_config.json", false},
                 {"record", "_record.txt", false}};
    char prefix[256], name[512];
    cJSON *at = amct_json_object(json, json->root, "files");
    amct_publish_prefix(prefix, sizeof prefix, s->config);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "best/%s%s", prefix, files[i].suffix);
        bool written = files[i].qdq ? s->config->format_qdq : s->config->format_amct;
        amct_json_text(json, at, files[i].key, written ? name : NULL);
    }
    amct_json_text(json, at, "report", "report.html");
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
    amct_json_text(json, settings, "weights", c->weights == AMCT_WEIGHTS_MSE ? "mse" : "arq");
    amct_json_text(json, settings, "activations",
                   c->range.algo == AMCT_ACT_HFMG ? "hfmg" : "ifmr");
    amct_json_text(json, settings, "asymmetric", c->range.asymmetric ? "true" : "false");
    amct_json_integer(json, settings, "evaluations", c->evaluations);
    amct_json_integer(json, settings, "jobs", s->jobs);
}

void amct_result_fill(amct_json *json, const amct_tuned *to, const amct_step_down *steps,
                      uint32_t n_steps, const char *started, const char *finished)
{
    const amct_setup *s = &to->setup;
    bool confirmed = s->confirm.n > 0;
    amct_json_integer(json, json->root, "status", to->exit_status);
    amct_json_text(json, json->root, "verdict", amct_verdict_name(to->verdict));
    amct_json_bool(json, json->root, "faster", to->faster);
    amct_json_text(json, json->root, "metric", amct_metric_names[s->search_judge.metric]);
    amct_json_number(json, json->root, "budget_drop", s->budget_ratio);
    amct_json_number(json, json->root, "confidence", s->config->confidence);
    amct_json_text(json, json->root, "reason",
                   to->search ? amct_search_reason(to->search)
                              : "there was nothing to choose: no layer gains on this target");
    add_baseline(json, to, confirmed);
    add_best(json, to, confirmed);
    add_run(json, to);
    add_about(json, to);
    amct_json_text(json, json->root, "started", started);
    amct_json_text(json, json->root, "finished", finished);
    cJSON *layers = amct_json_array(json, json->root, "layers");
    for (uint32_t i = 0; i < s->model.n_layers; i++)
        add_layer(json, layers, to, i);
    add_front(json, to);
    cJSON *skipped = amct_json_array(json, json->root, "skipped");
    for (uint32_t i = 0; i < s->genes.n_skipped; i++) {
        cJSON *at = amct_json_object(json, skipped, NULL);
        amct_json_text(json, at, "name", s->genes.skipped[i].name);
        amct_json_text(json, at, "reason", s->genes.skipped[i].reason);
    }
    cJSON *convergence = amct_json_array(json, json->root, "convergence");
    for (uint32_t i = 0; i < n_steps; i++) {
        cJSON *at = amct_json_object(json, convergence, NULL);
        amct_json_integer(json, at, "evaluations", steps[i].evaluations);
        amct_json_number(json, at, "latency_ms", steps[i].latency_ns / 1e6);
    }
    add_files(json, s);
}
