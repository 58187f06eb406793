/*
 * engine.h - what the algorithms of a search share: candidates proposed and answered, the archive,
 * the model of the drop. For the files of this folder only.
 */
#ifndef AMCT_SEARCH_ENGINE_H
#define AMCT_SEARCH_ENGINE_H

#include "search/archive.h"
#include "search/drop.h"
#include "search/search.h"

/* What is worth a candidate, and counts as a gain: of the cost; of being good enough. */
#define AMCT_LEAST_GAIN   1e-3
#define AMCT_LEAST_CHANCE 0.25

typedef enum amct_slot_kind {
    AMCT_SLOT_PROBE,   /* one gene alone on a few samples */
    AMCT_SLOT_UNRACED, /* measured in full, whatever comes */
    AMCT_SLOT_RACED,
    AMCT_SLOT_REFINED, /* a member that is known, refined */
} amct_slot_kind;

/* One candidate of the batch. */
typedef struct amct_slot {
    amct_slot_kind kind;
    uint32_t member;      /* in the archive; not of probes */
    uint32_t gene, level; /* of probes */
} amct_slot;

/* An algorithm: proposes batches. self is its own state. */
typedef struct amct_algorithm {
    const char *name, *summary;
    uint32_t kinds;     /* of genes that it may change, 1 << amct_gene_kind; 0: all */
    bool needs_bit_ops; /* of the problem */
    /* NULL when out of memory. */
    void *(*start)(const amct_search *search);
    void (*end)(void *self);
    /* Proposes the next batch (amct_engine_...); proposing none ends the search, with the reason
     * set by amct_engine_finish. */
    amct_status (*next)(void *self, amct_search *search, amct_err *err);
    /* After a batch was told and the archive refreshed, for each slot of it in order; score is the
     * last one, NULL if it failed. May be NULL. */
    void (*told)(void *self, amct_search *search, const amct_slot *slot, const amct_score *score);
    /* What refining is expected to leave of the loss of a genome, in the end, or after it was
     * refined; NULL: all of it. */
    double (*ratio)(const void *self, const uint8_t *genome, bool refined);
} amct_algorithm;

struct amct_search {
    amct_search_problem problem;
    amct_search_options options;
    uint8_t *n_levels, *kinds; /* of the space; genes that the algorithm may not change have 1 */
    double *bit_ops;           /* NULL: there are none; laid out for these n_levels */
    const amct_algorithm *algorithm;
    void *self;
    amct_memo memo;
    amct_archive archive;
    uint64_t *ask_numbers; /* by member */
    size_t ask_capacity;
    amct_lossbins lossbins;
    amct_drop_model drop;
    amct_race plan; /* the looks, no limits */

    amct_ask *asks; /* options.batch of them; genomes in the block behind */
    amct_slot *slots;
    uint8_t *ask_genomes;
    uint8_t *canonical; /* a genome, for engine.c */
    uint32_t n_asks;
    bool waiting; /* for tell */
    uint64_t n_asked;

    const char *phase;
    double original_ns;
    uint32_t evaluations, rejected, probes_planned, probes, refinements;
    uint64_t samples, rejected_samples, probe_samples;
    double stall_ns;            /* best cost that counted as a gain */
    uint32_t stall_evaluations; /* evaluations since */
    amct_search_end ended;
    char reason[160];
};

extern const amct_algorithm amct_algorithm_auto, amct_algorithm_nsga2, amct_algorithm_random,
    amct_algorithm_uniform, amct_algorithm_rollback, amct_algorithm_ilp,
    amct_algorithm_greedy_prune, amct_algorithm_fixed_rank, amct_algorithm_chain,
    amct_algorithm_bits_only, amct_algorithm_prune_only, amct_algorithm_rank_only;
/* The one of that name, NULL: "auto". AMCT_E_INVALID, listing those known, if there is none. */
amct_status amct_algorithm_find(const amct_algorithm **out, const char *name, amct_err *err);

/* Candidates that may still be proposed into this batch, limited by the evaluations left. */
uint32_t amct_engine_room(const amct_search *search);
/* Adds a candidate to the batch, in its canonical form; nothing happens if that was asked before or
 * there is no room. *added tells (may be NULL). */
amct_status amct_engine_propose(amct_search *search, const uint8_t *genome, amct_slot_kind kind,
                                bool *added, amct_err *err);
/* Probes do not count as evaluations, but fill the batch. */
amct_status amct_engine_probe(amct_search *search, uint32_t gene, uint32_t level, amct_err *err);
/* Asks for a member that was measured in full once more, refined. False, and nothing happens, if it
 * was, no refinement or no room is left, or AMCT_REFINED_AT_A_TIME are asked for. */
bool amct_engine_refine(amct_search *search, uint32_t member);
/* Whether a member is asked for so in this batch; how many are. */
bool amct_engine_refines(const amct_search *search, uint32_t member);
uint32_t amct_engine_refining(const amct_search *search);
/* amct_search_problem's canonical, in place. */
void amct_engine_canonical(const amct_search *search, uint8_t *genome);
/* The member that a genome is, or one of the same network; AMCT_GENOMES_NONE if none was asked. */
uint32_t amct_engine_member(const amct_search *search, const uint8_t *genome);
bool amct_engine_asked(const amct_search *search, const uint8_t *genome);
/* Once the algorithm's ratios have changed: judges all members anew. */
void amct_engine_judge(amct_search *search);
/* The model of drops anew from what was measured, and all that follows from it. */
void amct_engine_refit(amct_search *search);
/* Ends the search unless it has ended. */
void amct_engine_finish(amct_search *search, amct_search_end why);
/* Whether a member was measured in full and spends at most that share of the budget: of the whole,
 * 1, good enough as the archive's best must be; of less, by its loss. */
bool amct_engine_within(const amct_search *search, uint32_t member, double share);
/* The cost to beat: of the best member, else of the original. */
double amct_engine_incumbent_ns(const amct_search *search);
/* The gain to expect of a candidate: what it is cheaper than that, times its chance to be good
 * enough. 0 if it is not worth measuring: that would be less than AMCT_LEAST_GAIN of the cost, the
 * chance is below AMCT_LEAST_CHANCE (twice that once rejected candidates have taken a twelfth of
 * the samples), or one of this batch costs nearly the same. */
double amct_engine_hoped(const amct_search *search, double cost_ns, double chance);
/* Whether a member is good enough by its changed answers alone, too: what a search may end on.
 * Until it ends it is no more than that. */
bool amct_engine_count(amct_search *search, uint32_t member);
/* Whether what is hardly good enough is (drop.h), and looks for the best again. */
void amct_engine_be_bold(amct_search *search, bool bold);
/* Lowers the demand for proof by a step and looks for the best again; false at the last. */
bool amct_engine_demand_less(amct_search *search);
/* The loss that a member that is FULL would be judged by had it not been refined: what is expected
 * to be left of what it lost at first. */
double amct_engine_unrefined_loss(const amct_search *search, uint32_t member);
/* The mean loss at the end as foreseen from the last score of a member, and the standard deviation
 * of its log; the state is FULL or REJECTED. */
void amct_engine_foreseen(const amct_search *search, const amct_score *score, double *loss,
                          double *sd);

#endif
