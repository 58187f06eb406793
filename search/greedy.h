/*
 * greedy.h - what algorithms share that look at genes one by one: the loss of each level alone, and
 * a row of moves, each gene to a level, from harmless to daring, of which the longest beginning
 * that is good enough is found by bisection.
 */
#ifndef AMCT_SEARCH_GREEDY_H
#define AMCT_SEARCH_GREEDY_H

#include "search/bisect.h"
#include "search/chaincost.h"
#include "search/probes.h"

typedef struct amct_greedy {
    amct_probes probes;
    bool planned, probed;
    amct_chain chain; /* of what moves save */
    double *losses;   /* of single levels, laid out by chain.first, 0 for level 0 */
    double *penalty;  /* scratch, as long */
    uint8_t *base;    /* where the moves begin */
    uint8_t *genome;  /* scratch */
    uint32_t *genes;  /* of the moves */
    uint8_t *levels;
    uint32_t n;
    amct_bisect bisect;
} amct_greedy;

amct_status amct_greedy_start(amct_greedy *greedy, const amct_space *space, amct_err *err);
void amct_greedy_end(amct_greedy *greedy); /* a zeroed one is allowed */

/* Proposes probes; greedy->probed when all were told, and then losses are filled. */
amct_status amct_greedy_probe(amct_greedy *greedy, amct_search *search, amct_err *err);
void amct_greedy_told(amct_greedy *greedy, const amct_slot *slot, const amct_score *score);

/* Costs of the chain from the problem's bit operations. */
void amct_greedy_count_bit_ops(amct_greedy *greedy, const amct_search *search);

/* Moves of genes of a kind from base, which has them at level 0, each time the one that loses least
 * for what it saves by the chain; to the end. The chain's costs must be a sum over genes. */
void amct_greedy_forwards(amct_greedy *greedy, uint32_t kind);
/* The same from the other end: of the fastest assignment of these genes, each time that level is
 * given back which lost most for what it saves. Where only runs of genes save anything this finds
 * them. */
void amct_greedy_backwards(amct_greedy *greedy, uint32_t kind);

/* Base after the first k moves. An amct_bisect_make_fn with the greedy as self. */
amct_status amct_greedy_make(void *self, amct_search *search, uint32_t k, uint8_t *genome,
                             amct_err *err);

#endif
