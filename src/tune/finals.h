/*
 * finals.h - the last round: the best few candidates are refined (refinery.h) and confirmed on
 * samples that the search never saw. They are refined on samples of the search, too
 * (setup_refit.c), so nothing is measured on those then.
 *
 * They are tested one after the other, from the slowest, which by the search samples is the surest,
 * to faster ones, until one is not proven: a fixed sequence, in which each test has the whole error
 * that the verdict may make (W. Maurer, L. Hothorn, W. Lehmacher, "Multiple comparisons in drug
 * clinical trials and preclinical assays: a-priori ordered hypotheses", 1995). As their drops are
 * of the same samples, one that is not proven leaves little hope for faster ones; what is not
 * tested need not be refined.
 *
 * Where nothing is confirmed the search samples have to judge: the fastest that is good enough by
 * them is refined on the calibration samples alone and measured on the search samples, as it would
 * be while the search goes on.
 */
#ifndef AMCT_TUNE_FINALS_H
#define AMCT_TUNE_FINALS_H

#include "measure/interval.h"
#include "study/study.h"
#include "tune/evaluator.h"
#include "tune/genes.h"
#include "tune/refine_all.h"

enum { AMCT_FINALISTS = 6 };

/* How many a search has, at most. */
static inline uint32_t amct_finals_most(uint32_t confirm_samples)
{
    return confirm_samples ? AMCT_FINALISTS : 1;
}

typedef struct amct_final {
    uint64_t number; /* of its candidate */
    uint8_t *choices;
    double cost_ns;
    amct_refined refined;     /* its form, the best of all */
    amct_candidate candidate; /* in that form */
    amct_tally search;        /* on all search samples; of a refitted one, nothing */
    amct_tally confirm;
    amct_drop_verdict verdict;
} amct_final;

typedef struct amct_finals {
    amct_final at[AMCT_FINALISTS];
    uint32_t n;
    int chosen; /* index, -1: none */
    amct_arena *arena;
} amct_finals;

typedef struct amct_finals_work {
    const amct_bench *bench;         /* with the search samples */
    const amct_judge *confirm_judge; /* of the confirm samples */
    amct_feed confirm_feed;          /* n 0: nothing to confirm on */
    amct_feed calibration_feed;
    amct_feed refit_feed; /* that finalists are refined on if they are confirmed */
    const amct_calibration *calibration;
    const amct_range_options *range;
    const amct_level_options *level;
    const amct_genes *genes;
    amct_study *study;
    double budget_ratio, confidence;
    size_t limit_bytes;                         /* while refining */
    uint32_t refine_at_a_time, refit_at_a_time; /* so many are refined at once */
    uint32_t jobs;
    amct_refining_hook *refining; /* NULL: nobody asks */
    void *ctx;
} amct_finals_work;

/* Refines candidates, AMCT_FINALISTS at most, and measures them on the search samples, unless the
 * study holds them refined already, and keeps them there; out: of each. The scores recorded for
 * them in the loop are the caller's matter. */
amct_status amct_finals_refine(amct_tally *out, const amct_finals_work *work,
                               const amct_finalist *candidates, size_t n, amct_err *err);

/* Refines, measures and tests the candidates, which are in order of cost, the slower the surer;
 * what the study already holds is not measured again. Those that are not tested are not in out.
 * chosen is the fastest that is MET; if none is, the only one. */
amct_status amct_finals_run(amct_finals *out, const amct_finals_work *work,
                            const amct_finalist *candidates, size_t n, amct_err *err);
void amct_finals_free(amct_finals *finals); /* a zeroed one is allowed */

#endif
