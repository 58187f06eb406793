/*
 * cost_table_parts.h - shared by the files behind cost_table.h.
 */
#ifndef AMCT_TUNE_COST_TABLE_PARTS_H
#define AMCT_TUNE_COST_TABLE_PARTS_H

#include "base/map.h"
#include "tune/cost_table.h"
#include "tune/nearness.h"

struct amct_cost_table {
    const amct_genes *genes;
    amct_costing *costing;
    bool plain; /* not worth it */
    amct_nearness near;
    /* A row is a genome that was estimated. */
    uint32_t n_rows, capacity, max_rows;
    uint8_t *genomes;  /* [row][gene] */
    double *nodes_ns;  /* [row][place] */
    double *own_ns;    /* the same, less what is small */
    amct_map known;    /* row + 1 that showed a place first, by the classes of what is near to it */
    uint32_t *changes; /* per place: of what is near to it; a part of the key */
    uint32_t *in_vain; /* per place: how often no gene was found to make a difference */
    double *all_ns;    /* of all nodes */
    uint8_t *choices, *classes, *genome;
    amct_cost_table_stats stats;
};

/* Row + 1 that is known for a place and a genome, 0: none. */
uint32_t amct_cost_table_known(const amct_cost_table *table, uint32_t place, const uint8_t *genome);
/* The same for the genome of a row, which is noted if there is none; 0: out of memory. */
uint32_t amct_cost_table_note(amct_cost_table *table, uint32_t place, uint32_t row);
/* Estimates a genome; there must be room. total_ns may be NULL. */
amct_status amct_cost_table_add(uint32_t *row, double *total_ns, amct_cost_table *table,
                                const uint8_t *genome, amct_err *err);

static inline double amct_cost_table_own(const amct_cost_table *table, uint32_t row, uint32_t place)
{
    return table->own_ns[(size_t)row * table->near.n_places + place];
}
static inline const uint8_t *amct_cost_table_genome(const amct_cost_table *table, uint32_t row)
{
    return table->genomes + (size_t)row * table->near.n_genes;
}

/* Two rows of which a place is the same by what is near to it, yet not by more than allowed_ns:
 * looks for the gene that makes the difference. *found: there is one, and it is near now. */
amct_status amct_cost_table_learn(bool *found, amct_cost_table *table, uint32_t place, uint32_t a,
                                  uint32_t b, double allowed_ns, amct_err *err);

#endif
