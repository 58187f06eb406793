#include "report_sample.h"

#include "base/paired.h"
#include "synthetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1000, CONFIRM = 10000, FRONT = 64, STEPS = 1000 };

typedef struct builder {
    report_sample_shape shape;
    report_sample *to;
    amct_json *json;
    synthetic net;
    amct_search *search;
    double best_ns[STEPS];
    uint32_t steps_at[STEPS], n_steps;
    uint8_t zero[SYNTHETIC_GENES], genome[SYNTHETIC_GENES]; /* the chosen one */
} builder;

static const char *const bits[] = {"16", "w8a8", "w4a8"};

static void must(amct_status status, const amct_err *err)
{
    if (status == AMCT_OK)
        return;
    fprintf(stderr, "report_sample: %s\n", err->text);
    abort();
}

static void keep_point(builder *b, const amct_ask *ask, const amct_result *result)
{
    report_sample *to = b->to;
    to->points = realloc(to->points, (to->n + 1) * sizeof *to->points);
    if (!to->points)
        abort();
    const amct_score *last = &result->scores[result->n_scores - 1];
    to->points[to->n++] = (amct_report_point){.number = ask->number,
                                              .latency_ms = ask->cost_ns / 1e6,
                                              .drop = ((double)last->lost - last->gained) / last->n,
                                              .samples = last->n,
                                              .complete = last->n == SAMPLES,
                                              .probe = ask->probe};
}

static void run(builder *b)
{
    amct_err err;
    const amct_ask *asks;
    size_t n;
    amct_result results[8];
    double best = NAN;
    amct_search_problem problem = synthetic_problem(&b->net, SAMPLES, CONFIRM);
    amct_search_options options = amct_search_defaults();
    problem.budget_ratio = b->shape.budget;
    options.evaluations = b->shape.evaluations;
    options.stall = 0;
    must(amct_search_new(&b->search, &problem, &options, &err), &err);
    for (;;) {
        must(amct_search_ask(b->search, &asks, &n, &err), &err);
        if (!n)
            return;
        for (size_t i = 0; i < n; i++) {
            results[i] = synthetic_measure(&b->net, &asks[i]);
            keep_point(b, &asks[i], &results[i]);
        }
        must(amct_search_tell(b->search, results, n, &err), &err);
        amct_search_progress p = amct_search_get_progress(b->search);
        if (!isnan(p.best_ns) && p.best_ns != best && b->n_steps < STEPS) {
            b->steps_at[b->n_steps] = p.evaluations;
            b->best_ns[b->n_steps++] = best = p.best_ns;
        }
    }
}

static void choose(builder *b)
{
    amct_finalist finalist;
    if (b->shape.faster && amct_search_finalists(b->search, &finalist, 1) == 1)
        memcpy(b->genome, finalist.genome, b->net.shape.n_genes);
}

static void add_accuracy(builder *b)
{
    amct_json *json = b->json;
    double drop = synthetic_drop(&b->net, b->genome), churn = 0.012;
    double lost = round(CONFIRM * (churn + drop)), gained = round(CONFIRM * churn);
    double original_ms = synthetic_cost(&b->net, b->zero) / 1e6;
    double best_ms = synthetic_cost(&b->net, b->genome) / 1e6;
    amct_interval i = amct_paired_interval(CONFIRM, lost, gained, 0.95);
    cJSON *at = amct_json_object(json, json->root, "baseline");
    drop = (lost - gained) / CONFIRM;
    amct_json_number(json, at, "value", 0.852);
    amct_json_interval(json, at, "interval", 0.845, 0.859);
    amct_json_number(json, at, "latency_ms", original_ms);
    amct_json_integer(json, at, "bytes", 84254 * (int64_t)b->shape.layers);
    at = amct_json_object(json, json->root, "best");
    amct_json_number(json, at, "value", 0.852 - drop);
    amct_json_interval(json, at, "interval", 0.845 - drop, 0.859 - drop);
    amct_json_number(json, at, "drop", drop);
    amct_json_interval(json, at, "drop_interval", i.lo, i.hi);
    amct_json_number(json, at, "drop_confidence", 0.975);
    amct_json_number(json, at, "latency_ms", best_ms);
    amct_json_integer(json, at, "bytes", 44254 * (int64_t)b->shape.layers);
    amct_json_number(json, at, "speedup", original_ms / best_ms);
    amct_json_bool(json, at, "restored", true);
    amct_json_text(json, at, "form", "rebuilt");
}

static void name_layer(char *name, size_t size, uint32_t i, uint32_t n)
{
    static const char *const kinds[] = {"pointwise", "depthwise"};
    if (n <= 40)
        snprintf(name, size, "MobilenetV1/MobilenetV1/Conv2d_%u_%s/Conv2D", (i + 1) / 2,
                 kinds[i % 2]);
    else
        snprintf(name, size, "/model/backbone/layer%u/layer%u.%u/conv%u/Conv", 1 + 4 * i / n,
                 1 + 4 * i / n, i / 3, 1 + i % 3);
}

/* Layer i is gene i - 1; the first and the last have none, every ninth runs in the one before. */
static void add_layer(builder *b, cJSON *list, uint32_t i)
{
    amct_json *json = b->json;
    char name[128];
    uint32_t n = b->shape.layers, gene = i - 1;
    bool choice = i > 0 && i + 1 < n, fused = i % 9 == 8;
    const double *cost = b->net.cost_ns[choice ? gene : 0];
    uint8_t level = choice ? b->genome[gene] : 0;
    cJSON *at = amct_json_object(json, list, NULL);
    name_layer(name, sizeof name, i, n);
    amct_json_text(json, at, "name", name);
    amct_json_text(json, at, "op", i + 1 == n ? "Gemm" : "Conv");
    amct_json_text(json, at, "bits", bits[level]);
    amct_json_number(json, at, "latency_us", fused ? NAN : cost[level] / 1e3);
    amct_json_number(json, at, "baseline_latency_us", fused ? NAN : cost[0] / 1e3);
    amct_json_text(json, at, "reason",
                   !choice ? "the device's compiler turns it back to 16 bits"
                   : level ? NULL
                           : "8 bits would cost too much accuracy");
    cJSON *others = amct_json_array(json, at, "alternatives");
    for (uint8_t l = 0; choice && l < 3; l++) {
        if (l == level)
            continue;
        uint8_t genome[SYNTHETIC_GENES];
        memcpy(genome, b->genome, sizeof genome);
        genome[gene] = l;
        cJSON *other = amct_json_object(json, others, NULL);
        amct_json_text(json, other, "bits", bits[l]);
        amct_json_number(json, other, "network_latency_ms", synthetic_cost(&b->net, genome) / 1e6);
    }
    amct_json_number(json, at, "loss_alone", choice && i % 5 ? b->net.loss[gene][1] : NAN);
}

static void add_lists(builder *b)
{
    amct_json *json = b->json;
    char name[128];
    amct_finalist front[FRONT];
    size_t n = amct_search_front(b->search, front, FRONT);
    cJSON *list = amct_json_array(json, json->root, "layers"), *at;
    for (uint32_t i = 0; i < b->shape.layers; i++)
        add_layer(b, list, i);
    list = amct_json_array(json, json->root, "front");
    for (size_t i = 0; i < n; i++) {
        at = amct_json_object(json, list, NULL);
        amct_json_number(json, at, "drop", front[i].drop);
        amct_json_number(json, at, "latency_ms", front[i].cost_ns / 1e6);
        amct_json_integer(json, at, "bytes", (int64_t)front[i].cost_ns * 2);
        amct_json_integer(json, at, "candidate", (int64_t)front[i].number);
    }
    list = amct_json_array(json, json->root, "skipped");
    for (uint32_t i = 0; i < b->shape.layers; i += b->shape.layers - 1) {
        at = amct_json_object(json, list, NULL);
        name_layer(name, sizeof name, i, b->shape.layers);
        amct_json_text(json, at, "name", name);
        amct_json_text(json, at, "reason", "the device's compiler turns it back to 16 bits");
    }
    list = amct_json_array(json, json->root, "convergence");
    for (uint32_t i = 0; i < b->n_steps; i++) {
        at = amct_json_object(json, list, NULL);
        amct_json_integer(json, at, "evaluations", b->steps_at[i]);
        amct_json_number(json, at, "latency_ms", b->best_ns[i] / 1e6);
    }
}

static void add_run(builder *b)
{
    amct_json *json = b->json;
    cJSON *root = json->root;
    amct_search_progress p = amct_search_get_progress(b->search);
    cJSON *at = amct_json_object(json, root, "samples");
    amct_json_integer(json, at, "calibration", 200);
    amct_json_integer(json, at, "search", SAMPLES);
    amct_json_integer(json, at, "confirm", CONFIRM);
    amct_json_integer(json, root, "evaluations", p.evaluations);
    amct_json_integer(json, root, "rejected", p.rejected);
    amct_json_number(json, root, "seconds", 731.4);
    amct_json_integer(json, root, "peak_rss_bytes", 812646400);
    amct_json_text(json, root, "model", "models/mobilenet_v1_0.75_224.onnx");
    amct_json_text(json, root, "data", "images/val");
    amct_json_integer(json, root, "seed", 1);
    amct_json_text(json, root, "algorithm", "auto");
    amct_json_text(json, root, "target", "Ascend310P3");
    amct_json_integer(json, root, "batch", 16);
    amct_json_text(json, root, "estimator", "ascend");
    amct_json_number(json, root, "error_band_ratio", 0.12);
    amct_json_number(json, root, "fixed_ratio", b->net.fixed_ns / synthetic_cost(&b->net, b->zero));
    amct_json_text(json, root, "started", "2026-01-12T21:40:03Z");
    amct_json_text(json, root, "finished", "2026-01-12T21:52:14Z");
    at = amct_json_object(json, root, "versions");
    amct_json_text(json, at, "amct-autotune", "0.1.0");
    amct_json_text(json, at, "ascend", "0.1.0");
    amct_json_text(json, at, "executor", "oneDNN 2.6.3, AVX-512 with VNNI");
    at = amct_json_object(json, root, "settings");
    amct_json_text(json, at, "weights", "arq");
    amct_json_integer(json, at, "evaluations", b->shape.evaluations);
    at = amct_json_object(json, root, "files");
    amct_json_text(json, at, "deploy_model", "best/mobilenet_v1_0.75_224_deploy_model.onnx");
    amct_json_text(json, at, "qdq_model", NULL);
    amct_json_text(json, at, "report", "report.html");
}

void report_sample_make(report_sample *sample, report_sample_shape shape)
{
    builder *b = calloc(1, sizeof *b);
    if (!b || shape.layers < 3 || shape.layers > SYNTHETIC_GENES + 2)
        abort();
    *sample = (report_sample){0};
    b->shape = shape;
    b->to = sample;
    b->json = &sample->json;
    synthetic_make(&b->net,
                   (synthetic_shape){.n_genes = shape.layers - 2,
                                     .n_levels = 3,
                                     .boundary = 0.2,
                                     .interaction = 0.15,
                                     .deviation = 0.1,
                                     .noise = true},
                   shape.layers);
    run(b);
    choose(b);
    amct_json_begin(b->json);
    amct_json_integer(b->json, b->json->root, "status", shape.status);
    amct_json_text(b->json, b->json->root, "verdict", shape.verdict);
    amct_json_bool(b->json, b->json->root, "faster", shape.faster);
    amct_json_text(b->json, b->json->root, "metric", "top1");
    amct_json_number(b->json, b->json->root, "budget_drop", shape.budget);
    amct_json_number(b->json, b->json->root, "confidence", 0.95);
    amct_json_text(b->json, b->json->root, "reason", amct_search_reason(b->search));
    add_accuracy(b);
    add_run(b);
    add_lists(b);
    if (b->json->failed)
        abort();
    amct_search_free(b->search);
    free(b);
}

void report_sample_free(report_sample *sample)
{
    amct_json_end(&sample->json);
    free(sample->points);
    *sample = (report_sample){0};
}
