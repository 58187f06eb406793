#include "cli/command.h"

#include "base/fork.h"
#include "base/log.h"
#include "measure/interval.h"
#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One model on all samples, in processes. */
typedef struct run {
    const amct_graph *graph;
    amct_feed feed;
    amct_judge judge;
    amct_engine engine;
    uint32_t batch;
    amct_tally *parts; /* shared, per task */
    amct_exec *exec;
    amct_plan *plan;
    float *rows;
} run;

static amct_status eval_batch(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    run *r = ctx;
    uint32_t count;
    (void)worker;
    if (!r->plan) {
        AMCT_TRY(amct_exec_new(&r->exec, r->engine, err));
        AMCT_TRY(amct_plan_new(&r->plan, r->exec, r->graph, NULL, err));
        r->rows = malloc((size_t)r->batch * r->judge.outputs.row * sizeof *r->rows);
        if (!r->rows)
            return amct_fail_nomem(err);
    }
    AMCT_TRY(amct_plan_run_samples(r->plan, &r->feed, task * r->batch, &count, err));
    amct_outputs_copy(r->rows, &r->judge.outputs, r->plan, r->graph, count);
    for (uint32_t k = 0; k < count; k++)
        amct_judge_add(&r->judge, task * r->batch + k, r->rows + (size_t)k * r->judge.outputs.row,
                       &r->parts[task]);
    return AMCT_OK;
}

typedef struct result {
    amct_tally tally;
    double seconds;
    const char *executor;
} result;

static amct_status measure(result *out, run *r, uint32_t jobs, amct_err *err)
{
    uint32_t tasks = (r->feed.n + r->batch - 1) / r->batch;
    size_t bytes = tasks * sizeof *r->parts;
    r->parts = amct_shared_alloc(bytes);
    if (!r->parts)
        return amct_fail_nomem(err);
    double begin = amct_clock();
    amct_status status = amct_parallel(jobs, tasks, eval_batch, r, err);
    out->seconds = amct_clock() - begin;
    for (uint32_t i = 0; status == AMCT_OK && i < tasks; i++)
        amct_tally_add(&out->tally, &r->parts[i]);
    amct_plan_free(r->plan);
    amct_exec_free(r->exec);
    free(r->rows);
    amct_shared_free(r->parts, bytes);
    return status;
}

static amct_status answer(const amct_config *c, const char *model, const amct_dataset *ds,
                          amct_metric metric, const result *r, uint32_t jobs, amct_err *err)
{
    double value = amct_metric_value(metric, &r->tally), n = r->tally.n;
    amct_interval interval = amct_wilson_interval(r->tally.n, (uint32_t)(value * n + 0.5),
                                                  c->confidence);
    if (!c->json) {
        printf("%s %.2f %% (%.4g %% interval %.2f .. %.2f) of %u samples, %.0f samples/s, %s\n",
               amct_metric_names[metric], 100 * value, 100 * c->confidence, 100 * interval.lo,
               100 * interval.hi, r->tally.n, n / r->seconds, r->executor);
        if (ds->n_unreadable)
            printf("%u files could not be read\n", ds->n_unreadable);
        return AMCT_OK;
    }
    amct_json json;
    amct_json_begin(&json);
    amct_json_text(&json, json.root, "model", model);
    amct_json_text(&json, json.root, "metric", amct_metric_names[metric]);
    amct_json_number(&json, json.root, "value", value);
    amct_json_interval(&json, json.root, "interval", interval.lo, interval.hi);
    amct_json_number(&json, json.root, "confidence", c->confidence);
    amct_json_integer(&json, json.root, "samples", r->tally.n);
    amct_json_number(&json, json.root, "seconds", r->seconds);
    amct_json_number(&json, json.root, "samples_per_second", n / r->seconds);
    amct_json_text(&json, json.root, "executor", r->executor);
    amct_json_integer(&json, json.root, "threads", jobs);
    amct_json_integer(&json, json.root, "unreadable", ds->n_unreadable);
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

static amct_status eval_model(amct_config *c, const amct_plugins *plugins, const char *path,
                              amct_err *err)
{
    amct_model model;
    amct_dataset *ds = NULL;
    amct_exec *exec = NULL;
    run r = {0};
    result out = {0};
    uint32_t jobs = c->jobs ? c->jobs : amct_cpu_count();
    AMCT_TRY(amct_model_load(&model, plugins, path, err));
    amct_status status = amct_engine_by_name(&r.engine, c->executor, err);
    if (status == AMCT_OK)
        status = amct_model_set_eval_batch(&model, err);
    if (status == AMCT_OK)
        status = amct_outputs_of(&r.judge.outputs, model.graph, err);
    if (status == AMCT_OK)
        status = amct_samples_open(&ds, c, model.graph, r.judge.outputs.classes, NULL, jobs, err);
    r.judge.metric = c->metric < 0 ? AMCT_METRIC_TOP1 : (amct_metric)c->metric;
    if (status == AMCT_OK && r.judge.metric > AMCT_METRIC_TOP5)
        status = amct_fail(err, AMCT_E_INVALID,
                           "metric %s compares two networks; eval measures one: top1 or top5",
                           amct_metric_names[r.judge.metric]);
    if (status == AMCT_OK && (!ds->labels || !r.judge.outputs.classes))
        status = amct_fail(err, AMCT_E_INVALID, "%s: %s", ds->path,
                           ds->labels ? "the network does not classify, so there is no accuracy"
                                      : "there are no labels, so there is no accuracy");
    if (status == AMCT_OK)
        status = amct_exec_new(&exec, r.engine, err);
    if (status == AMCT_OK) {
        amct_selection all = {ds, NULL, ds->n};
        const amct_shape *in = &model.graph->tensors[model.graph->inputs[0]].shape;
        r.graph = model.graph;
        r.feed = amct_selection_feed(&all);
        r.judge.labels = ds->labels;
        r.batch = in->rank ? (uint32_t)in->dims[0] : 1;
        out.executor = amct_exec_name(exec);
        status = measure(&out, &r, jobs, err);
    }
    if (status == AMCT_OK)
        status = answer(c, path, ds, r.judge.metric, &out, jobs, err);
    amct_exec_free(exec);
    amct_dataset_free(ds);
    amct_model_free(&model);
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
