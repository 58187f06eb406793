/*
 * bisect.h - the last of a row of genomes, from harmless to daring, that is good enough, found by
 * halving: measured are the last of all, then always the one in the middle. What comes before a
 * good one is taken to be good, what comes after a bad one to be bad.
 */
#ifndef AMCT_SEARCH_BISECT_H
#define AMCT_SEARCH_BISECT_H

#include "search/engine.h"

/* Writes genome k of the row, 1..n. Genome 0 is not asked for: it is good. */
typedef amct_status amct_bisect_make_fn(void *self, amct_search *search, uint32_t k,
                                        uint8_t *genome, amct_err *err);

typedef struct amct_bisect {
    uint32_t good, bad; /* the last that is good, the first that is not */
    uint32_t at;        /* being measured; 0: none */
    uint32_t member;    /* of it; AMCT_GENOMES_NONE: it is the original */
} amct_bisect;

void amct_bisect_start(amct_bisect *bisect, uint32_t n);

/* Proposes the next one; those that were measured before are not measured again. *over:
 * bisect->good is the answer, and nothing was proposed. Ends the search, with *over, when its
 * evaluations are used. share: what may be spent of the budget (amct_engine_within). genome is
 * scratch. */
amct_status amct_bisect_next(amct_bisect *bisect, bool *over, amct_search *search, double share,
                             amct_bisect_make_fn *make, void *self, uint8_t *genome, amct_err *err);

#endif
