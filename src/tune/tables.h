/*
 * tables.h - what the search is told about genes besides their levels: numbers only.
 */
#ifndef AMCT_TUNE_TABLES_H
#define AMCT_TUNE_TABLES_H

#include "tune/candidate.h"
#include "tune/genes.h"

typedef struct amct_tables {
    uint8_t *kinds;  /* per gene */
    double *bit_ops; /* per level of every gene, amct_search_problem */
} amct_tables;

/* graph: the one that latency is estimated of. structure may be NULL. */
amct_status amct_tables_make(amct_tables *out, const amct_genes *genes, const amct_graph *graph,
                             const amct_layer *layers, const amct_structure *structure,
                             amct_err *err);
void amct_tables_free(amct_tables *tables); /* a zeroed one is allowed */

/* Multiplications times bits of weights times bits of inputs, summed over all layers. */
amct_status amct_tables_bit_ops(double *out, const uint8_t *choices, const amct_graph *graph,
                                const amct_layer *layers, uint32_t n_layers,
                                const amct_structure *structure, amct_err *err);

#endif
