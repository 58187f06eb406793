/*
 * auto.h - the state of the algorithm "auto" and its phases. For the files auto*.c only.
 */
#ifndef AMCT_SEARCH_AUTO_H
#define AMCT_SEARCH_AUTO_H

#include "search/engine.h"
#include "search/evolve.h"
#include "search/knapsack.h"
#include "search/probes.h"
#include "search/refining.h"
#include "search/surrogate.h"

enum { AMCT_AUTO_SETUP_CALLS = 8192 }; /* exact costs that a chain or the fastest may ask for */

typedef enum amct_auto_phase {
    AMCT_AUTO_FASTEST,
    AMCT_AUTO_PROBES,
    AMCT_AUTO_WARM,
    AMCT_AUTO_REFINE,
    AMCT_AUTO_EVOLVE,
    AMCT_AUTO_FRONT
} amct_auto_phase;

typedef struct amct_auto {
    amct_auto_phase phase;
    uint32_t round;      /* within the phase */
    amct_search_end why; /* evolution ended */
    bool front_done;
    uint32_t bold_until;          /* asked candidates; 0: not bold yet */
    uint32_t explored, exploring; /* how many; the member to be refined, 0: none */
    double unrefined_ns;          /* the cost to beat when refining began */
    amct_chain chain;
    amct_surrogate *surrogate;
    amct_refining refining;
    amct_probes probes;
    amct_breeder breeder;
    uint8_t *fastest, *genome;
    /* Members: the fastest with the genes of one kind alone; 0: not asked. */
    uint32_t fastest_of[AMCT_GENE_KINDS];
    double fastest_ns;
    uint8_t *genome_block;
    double *number_block;
    double *shares; /* scratch, by gene */
    uint32_t *genes;
} amct_auto;

static inline void amct_auto_enter(amct_auto *a, amct_auto_phase phase)
{
    a->phase = phase;
    a->round = 0;
}

/* Each phase proposes its next batch; if it proposes none it has ended the search or entered
 * another phase. */
amct_status amct_auto_ask_fastest(amct_auto *a, amct_search *search, amct_err *err);
amct_status amct_auto_ask_warm(amct_auto *a, amct_search *search, amct_err *err);

/* Builds the chain of costs anew, around the best that is known. */
amct_status amct_auto_move_chain(amct_auto *a, amct_search *search, amct_err *err);

/* Proposes a->genome, unless it saves nothing. */
amct_status amct_auto_propose(amct_auto *a, amct_search *search, amct_err *err);
/* The cheapest genome that is predicted to lose at most `loss`, in a->genome. */
amct_status amct_auto_solve(amct_auto *a, amct_search *search, double loss, amct_err *err);

bool amct_auto_has_kind(const amct_space *space, uint8_t kind);
bool amct_auto_has_kinds(const amct_space *space); /* more than one */

#endif
