/*
 * evaluator.h - measures candidates: worker processes that stitch a candidate from the level
 * database, run it on the search samples in looks, and give up early as the race says.
 */
#ifndef AMCT_TUNE_EVALUATOR_H
#define AMCT_TUNE_EVALUATOR_H

#include "base/workers.h"
#include "exec/feed.h"
#include "measure/judge.h"
#include "search/search.h"
#include "tune/candidate.h"
#include "tune/stages.h"

typedef struct amct_evaluator amct_evaluator;

/* What candidates are made of and measured with; all of it outlives the evaluator. */
typedef struct amct_bench {
    amct_parts parts;
    const amct_judge *judge;   /* of the search samples */
    const amct_prefix *prefix; /* what does not change, already computed; NULL: nothing */
    const amct_stages *stages;
    size_t cache_bytes; /* of rows that a worker keeps between candidates */
    amct_feed feed;     /* the search samples */
    amct_engine engine;
} amct_bench;

typedef struct amct_measured {
    uint64_t number;
    amct_status status;
    amct_err err; /* if it failed */
    uint32_t n_scores;
    amct_score scores[AMCT_RACE_LOOKS];
    double seconds;
} amct_measured;

/* Starts the workers. Levels that candidates need should be in the database already: what a worker
 * computes itself it keeps to itself. */
amct_status amct_evaluator_new(amct_evaluator **out, const amct_bench *bench, uint32_t jobs,
                               amct_err *err);
void amct_evaluator_free(amct_evaluator *evaluator); /* NULL is allowed */

uint32_t amct_evaluator_idle(const amct_evaluator *evaluator);
/* Begins a candidate on an idle worker. */
amct_status amct_evaluator_begin(amct_evaluator *evaluator, uint64_t number, const uint8_t *choices,
                                 const amct_race *race, amct_err *err);
/* Waits for one that is done; false after a signal, or if none came within wait_ms. */
bool amct_evaluator_wait(amct_evaluator *evaluator, amct_measured *out, int wait_ms);

/* What a tally is to the search. */
amct_score amct_bench_score(const amct_judge *judge, const amct_tally *tally);
/* Within a process: the tally of a range of the bench's samples. */
amct_status amct_bench_measure(amct_tally *tally, amct_plan *plan, const amct_graph *graph,
                               const amct_bench *bench, uint32_t from, uint32_t to, float *rows,
                               amct_err *err);

#endif
