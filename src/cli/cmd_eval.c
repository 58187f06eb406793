#include "cli/command.h"

#include "base/fork.h"
#include "base/log.h"
#include "import/finite.h"
#include "measure/pair_outputs.h"
#include "measure/tally_verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One model on all samples, in processes. */
typedef struct run {
    const char *path;
    const amct_graph *graph;
    amct_feed feed;
    amct_judge judge;
    amct_engine engine;
    uint32_t batch;
    float *keep;       /* shared: the rows of all samples; NULL: they are judged only */
    amct_tally *parts; /* shared, per task */
    uint32_t *odd;     /* shared, per task: samples with outputs that are not finite */
    amct_exec *exec;
    amct_plan *plan;
    float *rows; /* of a batch */
} run;

static amct_status eval_batch(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    run *r = ctx;
    uint32_t count, row = r->judge.outputs.row;
    (void)worker;
    if (!r->plan) {
        AMCT_TRY(amct_exec_new(&r->exec, r->engine, err));
        AMCT_TRY(amct_plan_new(&r->plan, r->exec, r->graph, NULL, err));
        r->rows = malloc((size_t)r->batch * row * sizeof *r->rows);
        if (!r->rows)
            return amct_fail_nomem(err);
    }
    AMCT_TRY(amct_plan_run_samples(r->plan, &r->feed, task * r->batch, &count, err));
    float *rows = r->keep ? r->keep + (size_t)task * r->batch * row : r->rows;
    amct_outputs_copy(rows, &r->judge.outputs, r->plan, r->graph, count);
    for (uint32_t k = 0; k < count; k++)
        r->odd[task] += amct_first_not_finite(AMCT_FLOAT, rows + (size_t)k * row, row) < row;
    for (uint32_t k = 0; !r->keep && k < count; k++)
        amct_judge_add(&r->judge, task * r->batch + k, rows + (size_t)k * row, &r->parts[task]);
    return AMCT_OK;
}

static amct_status run_all(amct_tally *tally, run *r, uint32_t jobs, amct_err *err)
{
    uint32_t tasks = (r->feed.n + r->batch - 1) / r->batch, odd = 0;
    size_t bytes = tasks * (sizeof *r->parts + sizeof *r->odd);
    r->parts = amct_shared_alloc(bytes);
    if (!r->parts)
        return amct_fail_nomem(err);
    r->odd = (uint32_t *)(r->parts + tasks);
    amct_status status = amct_parallel(jobs, tasks, eval_batch, r, err);
    if (status != AMCT_OK)
        amct_model_blame(r->path, err);
    for (uint32_t i = 0; status == AMCT_OK && i < tasks; i++) {
        amct_tally_add(tally, &r->parts[i]);
        odd += r->odd[i];
    }
    if (odd)
        amct_log(AMCT_LOG_WARN, "%s: outputs of %u of %u samples are not finite", r->path, odd,
                 r->feed.n);
    amct_plan_free(r->plan);
    amct_exec_free(r->exec);
    free(r->rows);
    amct_shared_free(r->parts, bytes);
    return status;
}

/* What eval works on and finds. */
typedef struct evaluation {
    const amct_config *config;
    const amct_plugins *plugins;
    uint32_t jobs;
    amct_engine engine;
    amct_model model;
    amct_dataset *dataset;
    amct_outputs outputs;
    float *original; /* shared: rows of the original; NULL: there is none */
    size_t original_bytes;
    amct_metric metric;
    amct_detection_data detection;
    amct_judge judge; /* of all samples */
    size_t matches_bytes;
    amct_tally tally, original_tally;
    double seconds;
    char executor[64];
} evaluation;

static run run_of(const evaluation *e, const char *path, const amct_graph *graph,
                  const amct_selection *all)
{
    return (run){.path = path,
                 .graph = graph,
                 .feed = amct_selection_feed(all),
                 .judge = e->judge,
                 .engine = e->engine,
                 .batch = (uint32_t)amct_batch_of(graph)};
}

static amct_status load(amct_model *model, amct_outputs *outputs, const evaluation *e,
                        const char *path, const amct_model_source *source, amct_err *err)
{
    AMCT_TRY(amct_model_load_whole(model, e->plugins, path, source, err));
    amct_status status = amct_model_set_eval_batch(model, err);
    if (status == AMCT_OK)
        status = amct_outputs_of(outputs, model->graph, err);
    if (status != AMCT_OK)
        amct_model_free(model);
    return status == AMCT_OK ? status : amct_fail_in(err, "%s", path);
}

static amct_status run_original(evaluation *e, amct_err *err)
{
    amct_model model;
    amct_outputs outputs;
    amct_selection all = {e->dataset, NULL, e->dataset->n};
    AMCT_TRY(load(&model, &outputs, e, e->config->original, &e->config->original_source, err));
    amct_status status = AMCT_OK;
    if (outputs.row != e->outputs.row)
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s has %u outputs a sample, the model has %u: it is not its original",
                           e->config->original, outputs.row, e->outputs.row);
    else if (amct_outputs_pair(model.graph, e->model.graph, err) != AMCT_OK)
        status = amct_fail_in(err, "%s", e->config->original);
    size_t bytes = (size_t)all.n * outputs.row * sizeof(float);
    if (status == AMCT_OK && bytes > e->config->memory_limit_bytes / 2)
        status = amct_fail(err, AMCT_E_LIMIT,
                           "the original's outputs take %zu MiB, more than half of the memory "
                           "limit (--memory-limit)",
                           bytes >> 20);
    float *rows = status == AMCT_OK ? amct_shared_alloc(bytes) : NULL;
    if (status == AMCT_OK && !rows)
        status = amct_fail_nomem(err);
    if (status == AMCT_OK) {
        run r = run_of(e, e->config->original, model.graph, &all);
        r.keep = rows;
        status = run_all(&e->original_tally, &r, e->jobs, err);
        e->original = rows;
        e->original_bytes = bytes;
        e->judge.original = rows;
        if (status == AMCT_OK)
            status = amct_detection_original(&e->judge, &e->detection, all.n, err);
        r.judge = e->judge;
        r.judge.matches = (amct_matches *)e->judge.original_matches; /* written as they are */
        for (uint32_t i = 0; status == AMCT_OK && i < all.n; i++) {
            amct_judge_add(&r.judge, i, rows + (size_t)i * outputs.row, &e->original_tally);
        }
        if (status == AMCT_OK)
            status = amct_judge_finish(&r.judge, &e->original_tally, e->config->confidence, err);
    }
    amct_model_free(&model);
    return status;
}

/* The metric that the user wants, or else the one that the data allow. */
static amct_status choose_metric(evaluation *e, amct_err *err)
{
    bool labels = e->dataset->labels, classes = e->outputs.classes, original = e->config->original;
    int wanted = e->config->metric;
    if (e->detection.used) {
        AMCT_TRY(amct_detection_metric(&e->metric, &e->detection, wanted, err));
        return original || amct_metric_is_map(e->metric)
                   ? AMCT_OK
                   : amct_fail(err, AMCT_E_INVALID,
                               "metric %s compares two networks; say --original MODEL, or give "
                               "labels",
                               amct_metric_names[e->metric]);
    }
    if (wanted >= 0 && amct_metric_is_map((amct_metric)wanted))
        return amct_fail(err, AMCT_E_INVALID,
                         "metric %s needs a search file (--config) with a section 'detection'",
                         amct_metric_names[wanted]);
    if (wanted < 0)
        wanted = labels && classes      ? AMCT_METRIC_TOP1
                 : classes || !original ? AMCT_METRIC_AGREEMENT
                                        : AMCT_METRIC_COSINE;
    e->metric = (amct_metric)wanted;
    if (e->metric > AMCT_METRIC_TOP5 && !original)
        return amct_fail(err, AMCT_E_INVALID, "%s: %s; say --original MODEL to compare with it",
                         e->config->metric < 0 ? e->dataset->path : amct_metric_names[wanted],
                         e->config->metric >= 0 ? "this metric compares two networks"
                         : classes              ? "there are no labels, so there is no accuracy"
                                   : "the network does not classify, so there is no accuracy");
    if (e->metric <= AMCT_METRIC_TOP5 && (!labels || !classes))
        return amct_fail(err, AMCT_E_INVALID, "%s: metric %s needs %s", e->dataset->path,
                         amct_metric_names[wanted],
                         labels ? "a network that classifies" : "labels");
    if (e->metric == AMCT_METRIC_AGREEMENT && !classes)
        return amct_fail(err, AMCT_E_INVALID, "metric agreement needs a network that classifies");
    return AMCT_OK;
}

static amct_status evaluate(evaluation *e, const char *path, amct_err *err)
{
    AMCT_TRY(amct_engine_by_name(&e->engine, e->config->executor, err));
    AMCT_TRY(load(&e->model, &e->outputs, e, path, &e->config->model_source, err));
    AMCT_TRY(amct_samples_open(&e->dataset, e->config, e->model.graph, e->outputs.classes, NULL,
                               e->jobs, err));
    AMCT_TRY(amct_detection_open(&e->detection, e->config, e->model.graph, e->dataset, err));
    AMCT_TRY(choose_metric(e, err));
    amct_selection all = {e->dataset, NULL, e->dataset->n};
    e->judge =
        (amct_judge){.outputs = e->outputs, .metric = e->metric, .labels = e->dataset->labels};
    AMCT_TRY(amct_detection_judge(&e->judge, &e->detection, &all, err));
    if (e->config->original)
        AMCT_TRY(run_original(e, err));
    amct_exec *exec;
    AMCT_TRY(amct_exec_new(&exec, e->engine, err));
    snprintf(e->executor, sizeof e->executor, "%s", amct_exec_name(exec));
    amct_exec_free(exec);
    if (e->judge.objects) {
        e->matches_bytes = (size_t)all.n * sizeof *e->judge.matches;
        e->judge.matches = amct_shared_alloc(e->matches_bytes);
        if (!e->judge.matches)
            return amct_fail_nomem(err);
    }
    run r = run_of(e, path, e->model.graph, &all);
    double begin = amct_clock();
    AMCT_TRY(run_all(&e->tally, &r, e->jobs, err));
    e->seconds = amct_clock() - begin;
    return amct_judge_finish(&e->judge, &e->tally, e->config->confidence, err);
}

/* ---- The answer --------------------------------------------------------------------------- */

/* Whether the original has a value of its own, and so a drop against it means something. */
static bool has_drop(const evaluation *e)
{
    return e->config->original && !amct_metric_is_likeness(e->metric);
}

static amct_interval drop_of(const evaluation *e)
{
    return amct_tally_judge(&e->judge, &e->tally, 1, e->config->confidence).drop;
}

static void print_text(const evaluation *e)
{
    const amct_tally *t = &e->tally;
    amct_interval i = amct_tally_interval(&e->judge, t, e->config->confidence);
    double n = t->n;
    printf("%s %.2f %% (%.4g %% interval %.2f .. %.2f) of %u samples, %.0f samples/s, %s\n",
           amct_metric_names[e->metric], 100 * amct_metric_value(&e->judge, t),
           100 * e->config->confidence, 100 * i.lo, 100 * i.hi, t->n, n / e->seconds, e->executor);
    if (has_drop(e)) {
        amct_interval drop = drop_of(e);
        printf("the original has %.2f %%: drop %.2f pp (%.4g %% interval %.2f .. %.2f)\n",
               100 * amct_metric_value(&e->judge, &e->original_tally),
               100 * amct_metric_drop(&e->judge, t), 100 * e->config->confidence, 100 * drop.lo,
               100 * drop.hi);
    }
    if (e->config->original && e->detection.used)
        printf("detections like the original's: %.2f %%, divergence %.5f\n",
               100 - 100 * t->unlike / n, t->kl / n);
    else if (e->config->original && e->outputs.classes)
        printf("agreement with the original %.2f %%, KL divergence %.5f\n", 100 * t->agree / n,
               t->kl / n);
    if (e->config->original)
        printf("outputs: mean cosine %.6f, relative L2 difference %.5f\n", 1 - t->cosine / n,
               sqrt(t->l2_sq / n));
    if (e->dataset->n_unreadable)
        printf("%u files could not be read\n", e->dataset->n_unreadable);
}

static amct_status print_json(const evaluation *e, const char *model, amct_err *err)
{
    const amct_tally *t = &e->tally;
    amct_interval i = amct_tally_interval(&e->judge, t, e->config->confidence), drop = {NAN, NAN};
    bool original = e->config->original, boxes = e->detection.used;
    bool classes = e->outputs.classes && !boxes, labels = e->dataset->labels && classes;
    bool paired = has_drop(e);
    double n = t->n;
    amct_json json;
    amct_json_begin(&json);
    amct_json_text(&json, json.root, "model", model);
    amct_json_text(&json, json.root, "metric", amct_metric_names[e->metric]);
    amct_json_number(&json, json.root, "value", amct_metric_value(&e->judge, t));
    amct_json_interval(&json, json.root, "interval", i.lo, i.hi);
    amct_json_number(&json, json.root, "confidence", e->config->confidence);
    amct_json_integer(&json, json.root, "samples", t->n);
    amct_json_number(&json, json.root, "seconds", e->seconds);
    amct_json_number(&json, json.root, "samples_per_second", n / e->seconds);
    amct_json_text(&json, json.root, "executor", e->executor);
    amct_json_integer(&json, json.root, "threads", e->jobs);
    amct_json_integer(&json, json.root, "unreadable", e->dataset->n_unreadable);
    amct_json_number(&json, json.root, "top1", labels ? t->right / n : NAN);
    amct_json_number(&json, json.root, "top5", labels ? t->right_top5 / n : NAN);
    amct_json_text(&json, json.root, "original", e->config->original);
    amct_json_number(&json, json.root, "original_value",
                     original ? amct_metric_value(&e->judge, &e->original_tally) : NAN);
    if (paired)
        drop = drop_of(e);
    amct_json_number(&json, json.root, "drop", paired ? amct_metric_drop(&e->judge, t) : NAN);
    amct_json_interval(&json, json.root, "drop_interval", drop.lo, drop.hi);
    amct_json_number(&json, json.root, "agreement",
                     !original || !(classes || boxes) ? NAN
                     : boxes                          ? 1 - t->unlike / n
                                                      : t->agree / n);
    amct_json_number(&json, json.root, "kl", original && (classes || boxes) ? t->kl / n : NAN);
    amct_json_number(&json, json.root, "cosine", original ? 1 - t->cosine / n : NAN);
    amct_json_number(&json, json.root, "relative_l2", original ? sqrt(t->l2_sq / n) : NAN);
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

static amct_status eval_model(const amct_config *c, const amct_plugins *plugins, const char *path,
                              amct_err *err)
{
    evaluation e = {.config = c, .plugins = plugins, .jobs = c->jobs ? c->jobs : amct_cpu_count()};
    amct_status status = evaluate(&e, path, err);
    if (status == AMCT_OK && c->json)
        status = print_json(&e, path, err);
    else if (status == AMCT_OK)
        print_text(&e);
    amct_shared_free(e.original, e.original_bytes);
    amct_shared_free(e.judge.matches, e.matches_bytes);
    amct_detection_free(&e.detection);
    amct_dataset_free(e.dataset);
    amct_model_free(&e.model);
    return status;
}

int amct_cmd_eval(amct_config *config, amct_err *err)
{
    const char *path;
    amct_plugins *plugins;
    if (amct_cmd_argument(&path, config, "a model", err) != AMCT_OK ||
        amct_plugins_open(&plugins, config, err) != AMCT_OK)
        return amct_cmd_fail(err);
    amct_status status = eval_model(config, plugins, path, err);
    amct_plugins_free(plugins);
    return status == AMCT_OK ? 0 : amct_cmd_fail(err);
}
