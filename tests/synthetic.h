/*
 * synthetic.h - search problems with known answers, for the tests and the benchmark of search/.
 *
 * A chain of genes like the layers of a network. The cost is a sum over genes, and a conversion
 * wherever a changed gene touches an unchanged one. The loss is additive, times an interaction; the
 * drop is a slope times the loss. What measuring adds: samples of unlike difficulty, the same for
 * all candidates; answers that change by chance, partly the same samples for all candidates. The
 * sizes of all of these are those measured on real networks (search/drop.h).
 */
#ifndef AMCT_TESTS_SYNTHETIC_H
#define AMCT_TESTS_SYNTHETIC_H

#include "search/search.h"

enum { SYNTHETIC_GENES = 320, SYNTHETIC_LEVELS = 16, SYNTHETIC_SAMPLES = 4096 };

typedef struct synthetic_shape {
    uint32_t n_genes, n_levels;
    double boundary;    /* cost of a conversion, of the mean cost of a gene */
    double interaction; /* standard deviation of the log of a genome's own factor on its loss */
    double deviation;   /* the same on its drop */
    bool agreement;     /* no labels: the drop is changes * sqrt(loss) */
    double left[AMCT_GENE_KINDS]; /* of the losses of a kind by refining; 0: all */
    bool noise; /* false: every sample has the mean loss, the drop is exact up to rounding */
} synthetic_shape;

typedef struct synthetic {
    synthetic_shape shape;
    uint64_t seed;
    uint8_t n_levels[SYNTHETIC_GENES];
    uint8_t kinds[SYNTHETIC_GENES]; /* a third each: bits, channels, ranks */
    double cost_ns[SYNTHETIC_GENES][SYNTHETIC_LEVELS];
    double boundary_ns[SYNTHETIC_GENES]; /* between gene i - 1 and i */
    double loss[SYNTHETIC_GENES][SYNTHETIC_LEVELS];
    double bit_ops[SYNTHETIC_GENES * SYNTHETIC_LEVELS]; /* of these n_levels */
    double fixed_ns, slope, changes;                    /* changed answers = changes * sqrt(loss) */
    double difficulty[SYNTHETIC_SAMPLES];  /* mean 1 over all samples that could be drawn */
    double shared_luck[SYNTHETIC_SAMPLES]; /* uniform */
} synthetic;

void synthetic_make(synthetic *s, synthetic_shape shape, uint64_t seed);
amct_search_problem synthetic_problem(synthetic *s, uint32_t search_samples,
                                      uint32_t confirm_samples);

double synthetic_cost(const synthetic *s, const uint8_t *genome);
double synthetic_loss(const synthetic *s, const uint8_t *genome); /* true mean loss */
double synthetic_refined_loss(const synthetic *s, const uint8_t *genome);
double synthetic_drop(const synthetic *s, const uint8_t *genome); /* true drop */

/* Measures one ask as a worker would. */
amct_result synthetic_measure(const synthetic *s, const amct_ask *ask);

/* The least cost of all genomes with at most this loss; by enumeration, interaction must be 0. */
double synthetic_optimum(const synthetic *s, double loss);

/* Runs the search to its end. Returns the number of batches. */
size_t synthetic_run(const synthetic *s, amct_search *search);

#endif
