/*
 * cost_table.h - the latency of a genome from what is known of others, in microseconds.
 *
 * A latency is the sum over the network's nodes. What a node takes depends on the few genes near to
 * it (nearness.h), and is noted when an estimate first shows it for their levels. A genome of which
 * all nodes are known so costs a sum; of another an estimate is made, which tells all of its nodes.
 * If that shows a node otherwise than was noted, by more than a tolerance, the gene that makes the
 * difference is looked for, by halving the way from one genome to the other, and becomes near to
 * the node.
 *
 * Exact, but for rounding, where an estimator's nodes depend on a neighbourhood and nothing else;
 * else nearly so. Genomes that have much in common have much the same error. See docs/latency.md.
 */
#ifndef AMCT_TUNE_COST_TABLE_H
#define AMCT_TUNE_COST_TABLE_H

#include "tune/genes.h"

/* Memory for what is known; when it is full, it is learnt anew. */
enum { AMCT_COST_TABLE_BYTES = 128 << 20 };
/* Of the latency as a whole: more is not taken for noise. */
#define AMCT_COST_TABLE_TOLERANCE 3e-4

typedef struct amct_cost_table amct_cost_table;

/* genes and costing must outlive it, and stay as they are. Networks of very many genes (more than
 * 4096 levels) are not worth a table: each genome is estimated. */
amct_status amct_cost_table_new(amct_cost_table **out, const amct_genes *genes,
                                amct_costing *costing, amct_err *err);
void amct_cost_table_free(amct_cost_table *table); /* NULL is allowed */

/* A function of the genomes that were asked for before, of both of these functions and in order,
 * and of this one. */
amct_status amct_cost_table_ns(double *ns, amct_cost_table *table, const uint8_t *genome,
                               amct_err *err);
/* An estimate of the genome, from which the table learns. */
amct_status amct_cost_table_exact(double *ns, amct_cost_table *table, const uint8_t *genome,
                                  amct_err *err);

typedef struct amct_cost_table_stats {
    uint64_t asked;     /* genomes, of the first of them */
    uint64_t estimated; /* genomes, for whatever reason */
    uint64_t known;     /* what nodes were found to take */
    uint64_t added;     /* genes found to be near to a node later */
} amct_cost_table_stats;

amct_cost_table_stats amct_cost_table_get_stats(const amct_cost_table *table);

#endif
