/*
 * search.h - chooses levels for genes so that the cost (latency on the device) is least while the
 * measured loss of accuracy stays within a budget.
 *
 * Ask and tell. The caller asks for a batch of candidates, measures each as its race says, and
 * tells the results:
 *
 *     while (amct_search_ask(search, &asks, &n, err) == AMCT_OK && n > 0) {
 *         measure asks[0..n-1], in any order, on any number of workers   (race.h)
 *         amct_search_tell(search, results, n, err)                      (in the order of the asks)
 *     }
 *     puts(amct_search_reason(search));
 *
 * The contract:
 * - Every batch is a function of the problem, the options and the results told so far; never of
 *   time, addresses, or the number of workers. A batch has at most options.batch candidates.
 * - So nothing is saved. After a crash the caller makes the search anew, and answers the same asks,
 *   which come in the same order with the same numbers, from its records until they end. Records
 *   that do not fit (of other options, another version) are refused by tell at the latest when
 *   they differ in what was measured.
 * - A genome is asked in full at most once; a probe of it (a first look at single genes) may come
 *   before, and what refining makes of it after, under numbers of their own.
 * - The search never sees a network. It calls the cost function, at most once per genome as long as
 *   its memory lasts (memo.h), within ask only; so it does the function that screens. That one may
 *   answer by what both were asked before: a search made anew makes the same calls in the same
 *   order. The cost of an ask is exact.
 * One thread at a time.
 */
#ifndef AMCT_SEARCH_SEARCH_H
#define AMCT_SEARCH_SEARCH_H

#include "search/memo.h"
#include "search/race.h"
#include "search/space.h"

#include <stdbool.h>

typedef struct amct_search amct_search;

/* Makes of a genome the one that is asked for all those of the same network: levels that change
 * nothing beside the others become those that they come to. Costs no more than they do, and gives
 * itself for what it gives. */
typedef void amct_canonical_fn(void *ctx, uint8_t *genome);

typedef struct amct_search_problem {
    amct_space space; /* copied */
    amct_cost_fn *cost;
    amct_cost_fn *screen;         /* the same nearly and fast (memo.h); NULL: there is none */
    void *cost_ctx;               /* of these */
    amct_canonical_fn *canonical; /* NULL: each genome is another network */
    /* Bit operations of the whole with one gene at a level and all others at 0, laid out by
     * amct_space_first: what AMCT's own searches count. NULL is refused by these. Copied. */
    const double *bit_ops;
    double least_gain_ratio;  /* of cost, that is worth a search, in [0, 1): 0.01; else auto ends */
    double budget_ratio;      /* greatest allowed drop, in (0, 1): 0.01 */
    double confidence;        /* of the verdict's two-sided interval, in (0, 1): 0.95 */
    uint32_t search_samples;  /* that candidates are measured on, >= 1 */
    uint32_t confirm_samples; /* kept for the verdict; 0: the verdict is not a matter of proof */
    bool labels;              /* false: the metric is agreement with the original */
    bool expected;            /* scores have the drop that is expected, not only what was counted */
    /* Finalists are refined on so many times as many samples as candidates of the search before
     * they are judged; 0 or 1: they are not. */
    double refit_growth;
} amct_search_problem;

typedef struct amct_search_options {
    const char *algorithm; /* NULL: "auto" */
    uint64_t seed;
    uint32_t batch;         /* candidates per ask, 1..1024 */
    uint32_t evaluations;   /* candidates at most, probes not counted */
    uint32_t stall;         /* stop after so many without a gain of 0.1 %; 0: never */
    uint32_t probe_samples; /* for a first look at single genes */
    uint32_t front;         /* of them, how many may go to other chances and budgets */
    uint32_t refinements; /* candidates that may be asked again as refining leaves them; 0: none */
} amct_search_options;

/* In one batch at most, so that two processes have work and the next ones profit from what these
 * teach. */
enum { AMCT_REFINED_AT_A_TIME = 2 };

amct_search_options amct_search_defaults(void); /* auto, 1, 8, 400, 120, 64, 14, 12 */

typedef struct amct_ask {
    uint64_t number; /* 0, 1, 2 ... over all asks of the search */
    bool probe;      /* a first look at a single gene */
    bool refined;    /* the candidate of ask `of`, refined: measured on all samples */
    uint64_t of;
    const uint8_t *genome;
    double cost_ns;
    amct_race race;
} amct_ask;

typedef struct amct_result {
    uint64_t number;   /* of its ask */
    bool failed;       /* could not be measured: the candidate is left aside */
    uint32_t n_scores; /* >= 1 unless failed: the scores at the looks, the last where it ended; */
    amct_score scores[AMCT_RACE_LOOKS]; /* the last alone is enough, all make races sharper */
} amct_result;

/* Fails with AMCT_E_INVALID if the problem or an option is out of range, the algorithm unknown
 * (the words list those known), or a table that it needs is missing. Measures nothing and asks no
 * cost yet. */
amct_status amct_search_new(amct_search **out, const amct_search_problem *problem,
                            const amct_search_options *options, amct_err *err);
void amct_search_free(amct_search *search);

/* *n is 0 when the search has ended. *out is valid until the next ask. Asking again before telling
 * gives the same batch. Fails as the cost function does; the search may then only be freed. */
amct_status amct_search_ask(amct_search *search, const amct_ask **out, size_t *n, amct_err *err);

/* All results of the batch, in the order of its asks. Fails with AMCT_E_INVALID, changing nothing,
 * if one cannot be the answer to its ask (numbers, samples measured, counts, order of looks). */
amct_status amct_search_tell(amct_search *search, const amct_result *results, size_t n,
                             amct_err *err);

typedef enum amct_search_end {
    AMCT_SEARCH_RUNNING,
    AMCT_SEARCH_FASTEST_MEETS,  /* the fastest genome of all meets the budget */
    AMCT_SEARCH_NOTHING_FASTER, /* no genome is faster than the original, or hardly */
    AMCT_SEARCH_EVALUATIONS,    /* all used */
    AMCT_SEARCH_EXHAUSTED,      /* nothing faster is left that is foreseen to meet it */
    AMCT_SEARCH_STALLED,
    AMCT_SEARCH_COMPLETE, /* a baseline has run its course */
    AMCT_SEARCH_TIME_LIMIT,
    AMCT_SEARCH_CANCELLED,
} amct_search_end;

/* Ends the search from outside (AMCT_SEARCH_TIME_LIMIT, AMCT_SEARCH_CANCELLED), also between ask
 * and tell; what was told remains. */
void amct_search_stop(amct_search *search, amct_search_end why);
amct_search_end amct_search_ended(const amct_search *search);
/* The same in words for the user; "" while it runs. */
const char *amct_search_reason(const amct_search *search);

/* For a search that was told everything: judges the candidates measured by another budget, in
 * (0, 1). Finalists are then those of that budget. No more is asked. */
amct_status amct_search_set_budget(amct_search *search, double budget_ratio, amct_err *err);

typedef struct amct_search_progress {
    const char *phase;            /* for the user: "single genes" */
    uint32_t evaluations;         /* candidates told, probes not counted */
    uint32_t evaluations_planned; /* may end earlier */
    uint32_t rejected;            /* of them */
    /* Rates and times should be taken from samples; planned is what is expected if all evaluations
     * are used. */
    uint64_t samples, samples_planned, rejected_samples;
    uint64_t cost_calls, screen_calls;
    double original_ns;
    double best_ns; /* of the fastest that is feasible (see amct_finalist); NAN: none yet */
    double best_drop, best_drop_se;
    /* Of the fastest that is within the budget as far as the search samples can tell, though the
     * confirm samples may be too few to prove it; NAN: none yet. */
    double likely_ns;
    bool provable; /* false: the confirm samples are too few to prove anything useful, so feasible
                    * means likely */
} amct_search_progress;

amct_search_progress amct_search_get_progress(const amct_search *search);

/* A measured candidate. */
typedef struct amct_finalist {
    uint64_t number;       /* of its ask */
    const uint8_t *genome; /* valid until the next ask */
    double cost_ns;
    amct_score score;
    double drop, drop_se; /* expected, drop.h */
    bool feasible;        /* within the budget and provable, as far as estimated: drop.h */
    double chance;        /* 0..1, that the confirm samples prove it */
} amct_finalist;

/* Up to k candidates to refine and confirm, faster than the original, in order of cost: the faster,
 * the less sure (finalists.h); if k is 1 the fastest feasible one, else what comes nearest. Returns
 * how many there are. Also while the search runs. */
size_t amct_search_finalists(const amct_search *search, amct_finalist *out, size_t k);
/* Up to n candidates measured in full that no other beats in cost and expected drop, in order of
 * cost. */
size_t amct_search_front(const amct_search *search, amct_finalist *out, size_t n);

/* AMCT_E_INVALID if there is no algorithm of that name. */
amct_status amct_search_check_algorithm(const char *name, amct_err *err);
/* The algorithms by number, NULL after the last; with a line about each. */
const char *amct_search_algorithm(size_t i, const char **summary);
/* The kinds of genes that the algorithm may change, as a set of 1 << amct_gene_kind; the others
 * stay at level 0. 0 if there is no algorithm of that name. */
uint32_t amct_search_algorithm_kinds(const char *name);

#endif
