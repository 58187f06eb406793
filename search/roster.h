/*
 * roster.h - all genomes of a small space, in order of cost.
 */
#ifndef AMCT_SEARCH_ROSTER_H
#define AMCT_SEARCH_ROSTER_H

#include "search/memo.h"
#include "search/space.h"

enum { AMCT_ROSTER_MAX = 4096 };

typedef struct amct_roster {
    uint32_t n_genes, n;
    uint8_t *genomes;
    double *costs_ns;
} amct_roster;

/* n is 0 if the space is larger than AMCT_ROSTER_MAX. Of equally cheap genomes the one with
 * fewer genes changed comes first. */
amct_status amct_roster_make(amct_roster *out, const amct_space *space, amct_memo *memo,
                             amct_err *err);
void amct_roster_free(amct_roster *roster);

static inline const uint8_t *amct_roster_at(const amct_roster *roster, uint32_t i)
{
    return roster->genomes + (size_t)i * roster->n_genes;
}

#endif
