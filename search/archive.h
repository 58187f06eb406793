/*
 * archive.h - all candidates that were asked, in that order, with what became of them.
 */
#ifndef AMCT_SEARCH_ARCHIVE_H
#define AMCT_SEARCH_ARCHIVE_H

#include "search/drop.h"
#include "search/genomes.h"

#include <stdbool.h>

typedef enum amct_member_state {
    AMCT_MEMBER_ASKED,    /* no result yet */
    AMCT_MEMBER_FULL,     /* measured on all samples */
    AMCT_MEMBER_REJECTED, /* by its race */
    AMCT_MEMBER_FAILED,   /* could not be measured, or its loss is not finite */
} amct_member_state;

typedef struct amct_member {
    double cost_ns;
    amct_member_state state;
    amct_score score; /* the last look; if it was refined, of what that left */
    bool refined;
    bool counted;   /* it is good enough only if the changed answers alone say so, too */
    double left;    /* of its loss, by refining: if it was refined */
    double ratio;   /* of what it has lost at the last look, expected of its final form */
    amct_drop drop; /* of FULL ones, as of the last refresh */
} amct_member;

typedef struct amct_archive {
    amct_genomes genomes; /* a member has the number of its genome */
    amct_member *members;
    size_t capacity;
    uint32_t best;   /* cheapest member that is good enough; AMCT_GENOMES_NONE */
    uint32_t likely; /* the same without the demand that it be provable */
} amct_archive;

void amct_archive_start(amct_archive *archive, uint32_t n_genes);
void amct_archive_end(amct_archive *archive);
/* Adds a genome that is not there, as ASKED; AMCT_GENOMES_NONE when out of memory. */
uint32_t amct_archive_add(amct_archive *archive, const uint8_t *genome, double cost_ns);
/* Estimates all drops anew and finds the best. */
void amct_archive_refresh(amct_archive *archive, const amct_drop_model *model);

/* Numbers of up to n FULL members for which no other FULL one is cheaper or as cheap with less
 * drop; in order of cost. Returns how many there are. */
uint32_t amct_archive_front(const amct_archive *archive, uint32_t *numbers, uint32_t n);

/* Numbers of the FULL members cheaper than that, in order of cost; malloc'd, NULL when out of
 * memory. */
uint32_t *amct_archive_by_cost(const amct_archive *archive, double below_ns, uint32_t *n);

#endif
