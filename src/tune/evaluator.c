#include "tune/evaluator.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct amct_evaluator {
    const amct_bench *bench;
    amct_workers *workers;
    amct_answer answer; /* too large for a stack */
    /* of a worker */
    amct_exec *exec;
    amct_stage_cache *cache;
    float *rows;
    amct_bench own; /* of detectors: the bench, with a judge that keeps what is right */
    amct_judge judge;
};

typedef struct request {
    amct_race race;
    uint8_t choices[AMCT_MESSAGE_MAX - sizeof(amct_race)];
} request;

typedef struct scores {
    uint32_t n;
    amct_score at[AMCT_RACE_LOOKS];
    double seconds;
} scores;

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void judge_batch(amct_tally *tally, const amct_bench *bench, const amct_plan *plan,
                        const amct_graph *graph, uint32_t first, uint32_t count, float *rows)
{
    const amct_judge *judge = bench->judge;
    amct_outputs_copy(rows, &judge->outputs, plan, graph, count);
    for (uint32_t k = 0; k < count; k++)
        amct_judge_add(judge, first + k, rows + (size_t)k * judge->outputs.row, tally);
}

amct_status amct_bench_measure(amct_tally *tally, amct_plan *plan, const amct_graph *graph,
                               const amct_bench *bench, uint32_t from, uint32_t to, float *rows,
                               amct_err *err)
{
    for (uint32_t i = from, count; i < to; i += count) {
        AMCT_TRY(amct_plan_run_samples(plan, &bench->feed, i, &count, err));
        count = count < to - i ? count : to - i;
        judge_batch(tally, bench, plan, graph, i, count, rows);
    }
    return AMCT_OK;
}

/* The same through the stages. */
static amct_status measure_staged(amct_tally *tally, amct_evaluator *e, const amct_graph *graph,
                                  uint32_t from, uint32_t to, amct_err *err)
{
    amct_plan *plan;
    for (uint32_t i = from, count; i < to; i += count) {
        AMCT_TRY(amct_stage_cache_run(e->cache, i, &plan, &count, err));
        count = count < to - i ? count : to - i;
        judge_batch(tally, e->bench, plan, graph, i, count, e->rows);
    }
    return AMCT_OK;
}

/* What the search sees. A drop that is no count of answers is made one. Where the cosine is
 * measured it is both the loss and the drop; 0.17 is the loss that the search expects per unit of
 * drop (search/drop.h). */
amct_score amct_bench_score(const amct_judge *judge, const amct_tally *t)
{
    if (judge->detector && judge->metric != AMCT_METRIC_COSINE) {
        double drop = amct_metric_drop(judge, t) * t->n;
        return (amct_score){t->n,
                            drop > 0 ? (uint32_t)(drop + 0.5) : 0,
                            drop < 0 ? (uint32_t)(0.5 - drop) : 0,
                            t->kl,
                            t->kl_sq,
                            0,
                            0};
    }
    if (judge->metric != AMCT_METRIC_COSINE)
        return (amct_score){t->n, t->lost, t->gained, t->kl, t->kl_sq, t->fall, t->fall_sq};
    const double scale = 1 / 0.17;
    double lost = t->cosine < t->n ? t->cosine : t->n;
    return (amct_score){
        t->n, (uint32_t)(lost + 0.5), 0, t->cosine * scale, t->cosine_sq * scale * scale, 0, 0};
}

static amct_status race(scores *to, const amct_race *how, amct_evaluator *e,
                        const amct_graph *graph, amct_err *err)
{
    amct_tally tally = {0};
    amct_score score = {0};
    uint32_t upto;
    while (amct_race_step(how, &score, &upto) == AMCT_RACE_CONTINUE) {
        AMCT_TRY(measure_staged(&tally, e, graph, score.n, upto, err));
        AMCT_TRY(amct_judge_finish(e->bench->judge, &tally, 0, err));
        score = amct_bench_score(e->bench->judge, &tally);
        to->at[to->n++] = score;
    }
    return AMCT_OK;
}

static amct_status start(amct_evaluator *e, amct_err *err)
{
    const amct_bench *bench = e->bench;
    if (e->exec)
        return AMCT_OK;
    AMCT_TRY(amct_exec_new(&e->exec, bench->engine, err));
    if (bench->judge->detector) {
        e->judge = *bench->judge;
        e->judge.matches = malloc((bench->feed.n + (size_t)1) * sizeof *e->judge.matches);
        if (!e->judge.matches)
            return amct_fail_nomem(err);
        e->own = *bench;
        e->own.judge = &e->judge;
        e->bench = &e->own;
    }
    uint32_t batch = (uint32_t)amct_batch_of(bench->parts.graph);
    amct_stage_source source = {.stages = bench->stages,
                                .prefix = bench->prefix,
                                .feed = &bench->feed,
                                .exec = e->exec,
                                .batch = batch,
                                .limit_bytes = bench->cache_bytes};
    AMCT_TRY(amct_stage_cache_new(&e->cache, &source, err));
    e->rows = malloc((size_t)batch * bench->judge->outputs.row * sizeof *e->rows);
    return e->rows ? AMCT_OK : amct_fail_nomem(err);
}

static amct_status measure(scores *to, amct_evaluator *e, const request *r, amct_err *err)
{
    const amct_parts *parts = &e->bench->parts;
    amct_candidate candidate;
    amct_graph *graph = NULL;
    AMCT_TRY(amct_candidate_make(&candidate, parts, r->choices, err));
    amct_status status = amct_candidate_stitch(&graph, &candidate, err);
    if (status == AMCT_OK)
        status = amct_stage_cache_begin(e->cache, graph, r->choices, err);
    if (status == AMCT_OK)
        status = race(to, &r->race, e, graph, err);
    amct_stage_cache_rest(e->cache);
    amct_graph_free(graph);
    amct_candidate_free(&candidate);
    return status;
}

static amct_status answer(void *ctx, const void *bytes, size_t size, void *reply,
                          size_t *reply_size, amct_err *err)
{
    static request r; /* aligned */
    amct_evaluator *e = ctx;
    const amct_parts *parts = &e->bench->parts;
    if (size != sizeof r.race + amct_parts_choices(parts->n_layers, parts->structure))
        return amct_fail(err, AMCT_E_INTERNAL, "a request of %zu bytes", size);
    memcpy(&r, bytes, size);
    AMCT_TRY(start(e, err));
    scores s = {0};
    double begin = processor_seconds();
    amct_status status = measure(&s, e, &r, err);
    s.seconds = processor_seconds() - begin;
    memcpy(reply, &s, sizeof s);
    *reply_size = sizeof s;
    return status;
}

amct_status amct_evaluator_new(amct_evaluator **out, const amct_bench *bench, uint32_t jobs,
                               amct_err *err)
{
    if (amct_parts_choices(bench->parts.n_layers, bench->parts.structure) >
        sizeof((request *)0)->choices)
        return amct_fail(err, AMCT_E_LIMIT, "%u layers are too many", bench->parts.n_layers);
    amct_evaluator *e = calloc(1, sizeof *e);
    if (!e)
        return amct_fail_nomem(err);
    e->bench = bench;
    amct_status status =
        amct_workers_new(&e->workers, jobs, "evaluation worker", answer, e, 0, err);
    if (status != AMCT_OK)
        amct_evaluator_free(e);
    else
        *out = e;
    return status;
}

void amct_evaluator_free(amct_evaluator *evaluator)
{
    if (!evaluator)
        return;
    amct_workers_free(evaluator->workers);
    free(evaluator);
}

uint32_t amct_evaluator_idle(const amct_evaluator *evaluator)
{
    return amct_workers_idle(evaluator->workers);
}

amct_status amct_evaluator_begin(amct_evaluator *evaluator, uint64_t number, const uint8_t *choices,
                                 const amct_race *race_to_run, amct_err *err)
{
    request r;
    const amct_parts *parts = &evaluator->bench->parts;
    uint32_t n = amct_parts_choices(parts->n_layers, parts->structure);
    r.race = *race_to_run;
    if (n)
        memcpy(r.choices, choices, n);
    return amct_workers_submit(evaluator->workers, number, &r, sizeof r.race + n, err);
}

bool amct_evaluator_wait(amct_evaluator *evaluator, amct_measured *out, int wait_ms)
{
    amct_answer *a = &evaluator->answer;
    if (!amct_workers_wait(evaluator->workers, a, wait_ms))
        return false;
    *out = (amct_measured){.number = a->id, .status = a->status};
    scores s;
    if (a->status == AMCT_OK && a->size == sizeof s) {
        memcpy(&s, a->bytes, sizeof s);
        out->n_scores = s.n;
        memcpy(out->scores, s.at, sizeof out->scores);
        out->seconds = s.seconds;
    } else if (a->status == AMCT_OK) {
        out->status = amct_fail(&out->err, AMCT_E_INTERNAL, "an answer of %zu bytes", a->size);
    } else {
        out->err = a->err;
    }
    return true;
}
