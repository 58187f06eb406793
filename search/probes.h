/*
 * probes.h - single genes measured alone on a few samples: how much each level loses.
 */
#ifndef AMCT_SEARCH_PROBES_H
#define AMCT_SEARCH_PROBES_H

#include "search/engine.h"

typedef struct amct_probe {
    uint32_t gene, level;
} amct_probe;

typedef struct amct_probes {
    amct_probe *list;
    uint32_t n, asked;
    uint32_t *first; /* amct_space_first */
    double *losses;  /* laid out by first; NAN: not measured */
} amct_probes;

amct_status amct_probes_start(amct_probes *probes, const amct_space *space, amct_err *err);
void amct_probes_end(amct_probes *probes);

/*
 * Plans a probe of every level, unless they would cost more than a quarter of all evaluations: then
 * as many of each gene as that allows, at least one, evenly spaced in the order of cost of the gene
 * alone, the cheapest always among them.
 */
amct_status amct_probes_plan_all(amct_probes *probes, amct_search *search, amct_err *err);
/* Plans one more. */
void amct_probes_plan(amct_probes *probes, uint32_t gene, uint32_t level);

/* Proposes what is left into the batch; none if all were asked. */
amct_status amct_probes_propose(amct_probes *probes, amct_search *search, amct_err *err);
void amct_probes_told(amct_probes *probes, const amct_slot *slot, const amct_score *score);

/* The losses of the levels but 0 of a gene, > 0; of those not measured, from their neighbours in
 * the order of cost: straight in the logarithm of the loss. */
amct_status amct_probes_losses(const amct_probes *probes, amct_search *search, uint32_t gene,
                               double losses[AMCT_LEVELS_MAX], amct_err *err);

#endif
