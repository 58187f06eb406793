#include "tune/loop.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MANY_FAILURES = 8 };

double amct_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A batch of asks on its way. */
typedef struct batch {
    const amct_ask *asks;
    amct_result *results;
    bool *done;
    size_t n, next; /* next: the first that is neither done nor begun */
    uint32_t in_flight;
    uint8_t *choices;
} batch;

static amct_status replay(amct_loop *loop, batch *b, size_t i, amct_err *err)
{
    const amct_ask *ask = &b->asks[i];
    amct_study_candidate record;
    bool found;
    AMCT_TRY(amct_study_get(&found, &record, loop->study, ask->number, err));
    if (!found)
        return AMCT_OK;
    if (record.genome_size != loop->genes->n ||
        memcmp(record.genome, ask->genome, record.genome_size) != 0)
        return amct_fail(
            err, AMCT_E_INVALID,
            "%s: candidate %llu is not the one that this search asks for: the study is "
            "damaged, or was made by another version or on another kind of processor",
            amct_study_path(loop->study), (unsigned long long)ask->number);
    amct_result *r = &b->results[i];
    *r = (amct_result){.number = ask->number, .failed = record.failed, .n_scores = record.n_scores};
    for (uint32_t k = 0; k < record.n_scores; k++) {
        const amct_study_score *s = &record.scores[k];
        r->scores[k] = (amct_score){s->n,           s->lost,         s->gained,         s->loss_sum,
                                    s->loss_sum_sq, s->expected_sum, s->expected_sum_sq};
    }
    b->done[i] = true;
    loop->stats.replayed++;
    return AMCT_OK;
}

static amct_status record(amct_loop *loop, const amct_ask *ask, const amct_measured *m,
                          amct_err *err)
{
    amct_study_candidate c = {.number = ask->number,
                              .probe = ask->probe,
                              .refined = ask->refined,
                              .genome = ask->genome,
                              .genome_size = loop->genes->n,
                              .cost_ns = ask->cost_ns,
                              .seconds = m->seconds,
                              .failed = m->status != AMCT_OK,
                              .n_scores = m->n_scores};
    for (uint32_t k = 0; k < m->n_scores; k++) {
        const amct_score *s = &m->scores[k];
        c.scores[k] =
            (amct_study_score){s->n,           s->lost,         s->gained,         s->loss_sum,
                               s->loss_sum_sq, s->expected_sum, s->expected_sum_sq};
    }
    return amct_study_put(loop->study, &c, err);
}

static amct_status take(amct_loop *loop, batch *b, const amct_measured *m, amct_err *err)
{
    size_t i = 0;
    while (i < b->n && b->asks[i].number != m->number)
        i++;
    if (i == b->n)
        return amct_fail(err, AMCT_E_INTERNAL, "an answer to a candidate that was not asked for");
    b->in_flight--;
    b->done[i] = true;
    b->results[i] =
        (amct_result){.number = m->number, .failed = m->status != AMCT_OK, .n_scores = m->n_scores};
    memcpy(b->results[i].scores, m->scores, sizeof b->results[i].scores);
    AMCT_TRY(record(loop, &b->asks[i], m, err));
    loop->stats.measured++;
    loop->stats.busy_seconds += m->seconds;
    uint32_t samples = m->n_scores ? m->scores[m->n_scores - 1].n : 0;
    loop->stats.samples += samples;
    const amct_race *race = &b->asks[i].race;
    if (samples < race->looks[race->n_looks - 1].n) {
        loop->stats.rejected++;
        loop->stats.rejected_samples += samples;
    }
    if (m->status != AMCT_OK) {
        amct_log(AMCT_LOG_WARN, "candidate %llu could not be measured: %s",
                 (unsigned long long)m->number, m->err.text);
        if (++loop->stats.failed >= MANY_FAILURES && loop->stats.failed == loop->stats.measured) {
            *err = m->err;
            return amct_fail_in(err, "no candidate can be measured");
        }
    }
    return AMCT_OK;
}

/* Those of the batch that are to be refined: together, in all processes. */
static amct_status refine(amct_loop *loop, batch *b, amct_err *err)
{
    const amct_ask *asks[AMCT_REFINED_AT_A_TIME];
    amct_score scores[AMCT_REFINED_AT_A_TIME];
    double begin = amct_clock();
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (!b->done[i] && b->asks[i].refined)
            asks[n++] = &b->asks[i];
    AMCT_TRY(loop->refine(loop->ctx, asks, n, scores, err));
    for (size_t i = 0; i < n; i++) {
        amct_measured m = {.number = asks[i]->number,
                           .n_scores = 1,
                           .scores = {scores[i]},
                           .seconds = (amct_clock() - begin) / (double)n};
        b->in_flight++;
        AMCT_TRY(take(loop, b, &m, err));
    }
    return AMCT_OK;
}

static bool must_stop(const amct_loop *loop)
{
    return (loop->stop && *loop->stop) || amct_clock() >= loop->deadline;
}

static amct_status begin_more(amct_loop *loop, batch *b, amct_err *err)
{
    while (b->next < b->n && (b->done[b->next] || amct_evaluator_idle(loop->evaluator))) {
        const amct_ask *ask = &b->asks[b->next];
        if (!b->done[b->next] && ask->refined) {
            amct_status status = refine(loop, b, err);
            if (status == AMCT_E_CANCELLED)
                return AMCT_OK; /* the caller sees the flag */
            AMCT_TRY(status);
        } else if (!b->done[b->next]) {
            amct_genes_express(loop->genes, ask->genome, b->choices);
            AMCT_TRY(
                amct_evaluator_begin(loop->evaluator, ask->number, b->choices, &ask->race, err));
            b->in_flight++;
        }
        b->next++;
    }
    return AMCT_OK;
}

static bool all_done(const batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (!b->done[i])
            return false;
    return true;
}

/* Answers all asks; *stopped if it had to end before. */
static amct_status answer(amct_loop *loop, batch *b, bool *stopped, amct_err *err)
{
    enum { LOOK_UP_MS = 200 };
    amct_measured m;
    for (size_t i = 0; i < b->n; i++)
        AMCT_TRY(replay(loop, b, i, err));
    for (;;) {
        bool stop = must_stop(loop) || !loop->evaluator;
        if (!stop)
            AMCT_TRY(begin_more(loop, b, err));
        if (!b->in_flight)
            break;
        if (amct_evaluator_wait(loop->evaluator, &m, LOOK_UP_MS))
            AMCT_TRY(take(loop, b, &m, err));
        else if (loop->stop && *loop->stop)
            break; /* those in flight are lost */
    }
    *stopped = !all_done(b); /* if the batch is whole, the next one will see */
    return AMCT_OK;
}

static amct_status run_batch(amct_loop *loop, const amct_ask *asks, size_t n, bool *stopped,
                             amct_err *err)
{
    batch b = {.asks = asks,
               .n = n,
               .results = calloc(n, sizeof *b.results),
               .done = calloc(n, sizeof *b.done),
               .choices = calloc(loop->genes->n_choices + (size_t)1, 1)};
    amct_status status =
        b.results && b.done && b.choices ? answer(loop, &b, stopped, err) : amct_fail_nomem(err);
    if (status == AMCT_OK && !*stopped) {
        status = amct_search_tell(loop->search, b.results, n, err);
        if (status == AMCT_E_INVALID && loop->stats.replayed)
            amct_fail_in(err, "%s: damaged", amct_study_path(loop->study));
    }
    free(b.results);
    free(b.done);
    free(b.choices);
    return status;
}

amct_status amct_loop_run(amct_loop *loop, amct_err *err)
{
    double begin = amct_clock();
    for (;;) {
        const amct_ask *asks;
        size_t n;
        bool stopped = false;
        AMCT_TRY(amct_search_ask(loop->search, &asks, &n, err));
        if (!n)
            break;
        AMCT_TRY(run_batch(loop, asks, n, &stopped, err));
        loop->stats.seconds = amct_clock() - begin;
        if (stopped || must_stop(loop)) {
            amct_search_stop(loop->search, loop->stop && *loop->stop ? AMCT_SEARCH_CANCELLED
                                                                     : AMCT_SEARCH_TIME_LIMIT);
            break;
        }
        if (loop->after_batch)
            AMCT_TRY(loop->after_batch(loop->ctx, loop, err));
    }
    loop->stats.seconds = amct_clock() - begin;
    return AMCT_OK;
}
