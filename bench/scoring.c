#include "bench/scoring.h"

#include "base/fork.h"
#include "passes/prepare.h"

#include <stdio.h>
#include <time.h>

double scoring_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

amct_feed scoring_feed(const scoring *s, amct_selection *selection)
{
    *selection = (amct_selection){s->data, NULL, s->n_calibration};
    return amct_selection_feed(selection);
}

amct_status scoring_run(float *rows, const scoring *s, amct_exec *exec, const amct_graph *form,
                        const amct_feed *feed, amct_err *err)
{
    amct_plan *plan;
    AMCT_TRY(amct_plan_new(&plan, exec, form, NULL, err));
    amct_status status = AMCT_OK;
    for (uint32_t first = 0, count; status == AMCT_OK && first < feed->n; first += count) {
        status = amct_plan_run_samples(plan, feed, first, &count, err);
        if (status == AMCT_OK)
            amct_outputs_copy(rows + (size_t)first * s->outputs.row, &s->outputs, plan, form,
                              count);
    }
    amct_plan_free(plan);
    return status;
}

double scoring_kl(const scoring *s, const float *original, const float *rows, uint32_t n)
{
    amct_judge judge = {
        .outputs = s->outputs, .metric = AMCT_METRIC_AGREEMENT, .original = original};
    amct_tally t = {0};
    for (uint32_t i = 0; i < n; i++)
        amct_judge_add(&judge, i, rows + (size_t)i * s->outputs.row, &t);
    return t.kl / t.n;
}

typedef struct running {
    const scoring *s;
    const amct_graph *form;
    uint32_t batch;
    amct_feed feed;
    float *rows; /* shared */
    amct_exec *exec;
    amct_plan *plan;
} running;

static amct_status run_batch(void *ctx, uint32_t worker, uint32_t task, amct_err *err)
{
    running *r = ctx;
    uint32_t count;
    (void)worker;
    if (!r->plan) {
        AMCT_TRY(amct_exec_new(&r->exec, AMCT_ENGINE_ONEDNN, err));
        AMCT_TRY(amct_plan_new(&r->plan, r->exec, r->form, NULL, err));
    }
    AMCT_TRY(amct_plan_run_samples(r->plan, &r->feed, task * r->batch, &count, err));
    amct_outputs_copy(r->rows + (size_t)task * r->batch * r->s->outputs.row, &r->s->outputs,
                      r->plan, r->form, count);
    return AMCT_OK;
}

amct_status scoring_rows(float *rows, const scoring *s, const amct_graph *form, amct_err *err)
{
    amct_selection all = {s->scored, NULL, s->scored->n};
    running r = {.s = s,
                 .form = form,
                 .batch = (uint32_t)amct_batch_of(form),
                 .feed = amct_selection_feed(&all),
                 .rows = rows};
    amct_status status =
        amct_parallel(s->jobs, (all.n + r.batch - 1) / r.batch, run_batch, &r, err);
    amct_plan_free(r.plan);
    amct_exec_free(r.exec);
    return status;
}

amct_tally scoring_tally(const scoring *s, const float *rows, uint32_t first)
{
    amct_judge judge = {.outputs = s->outputs,
                        .metric = AMCT_METRIC_TOP1,
                        .labels = s->scored->labels,
                        .original = s->original};
    amct_tally t = {0};
    for (uint32_t i = first; i < s->scored->n; i++)
        amct_judge_add(&judge, i, rows + (size_t)i * s->outputs.row, &t);
    return t;
}

static void print_range(const scoring *s, uint32_t first)
{
    amct_tally now = scoring_tally(s, s->rows, first),
               before = scoring_tally(s, s->original, first);
    double right = 100.0 * now.right / now.n;
    printf("  %u..%u: top1 %5.2f (%+6.2f) agree %5.2f KL %.4f", first, s->scored->n - 1, right,
           right - 100.0 * before.right / before.n, 100.0 * now.agree / now.n, now.kl / now.n);
}

amct_status scoring_print(const scoring *s, const char *what, const amct_graph *form, amct_err *err)
{
    AMCT_TRY(scoring_rows(s->rows, s, form, err));
    printf("%-40s", what);
    print_range(s, 0);
    if (s->scored == s->data)
        print_range(s, s->n_calibration);
    printf("\n");
    fflush(stdout);
    return AMCT_OK;
}

amct_status scoring_open(scoring *s, const char *calibration, uint32_t n_calibration,
                         const char *scored, amct_err *err)
{
    s->n_calibration = n_calibration;
    s->jobs = amct_cpu_count();
    AMCT_TRY(amct_config_new(&s->config, err));
    AMCT_TRY(amct_config_read(s->config, calibration, err));
    if (scored) {
        AMCT_TRY(amct_config_new(&s->scored_config, err));
        AMCT_TRY(amct_config_read(s->scored_config, scored, err));
    }
    AMCT_TRY(amct_plugins_open(&s->plugins, s->config, err));
    AMCT_TRY(
        amct_model_load(&s->model, s->plugins, s->config->model, &s->config->model_source, err));
    if (s->config->equalise)
        AMCT_TRY(amct_model_equalise(&s->model, err));
    AMCT_TRY(amct_model_set_eval_batch(&s->model, err));
    amct_hash_constants(s->model.graph);
    AMCT_TRY(amct_outputs_of(&s->outputs, s->model.graph, err));
    AMCT_TRY(amct_samples_open(&s->data, s->config, s->model.graph, s->outputs.classes, NULL,
                               s->jobs, err));
    s->scored = s->data;
    if (scored)
        AMCT_TRY(amct_samples_open(&s->scored, s->scored_config, s->model.graph, s->outputs.classes,
                                   NULL, s->jobs, err));
    if (n_calibration > s->data->n)
        return amct_fail(err, AMCT_E_INVALID, "there are %u samples only", s->data->n);
    size_t bytes = (size_t)(s->scored->n + 16) * s->outputs.row * sizeof(float);
    s->original = amct_shared_alloc(bytes);
    s->rows = amct_shared_alloc(bytes);
    if (!s->original || !s->rows)
        return amct_fail_nomem(err);
    return scoring_rows(s->original, s, s->model.graph, err);
}
