/* Finding genes that are near to a node only in the company of certain others. */
#include "tune/cost_table_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double difference(const amct_cost_table *t, uint32_t place, uint32_t a, uint32_t b)
{
    return fabs(amct_cost_table_own(t, a, place) - amct_cost_table_own(t, b, place));
}

/* t->genome: that of row a, with the first half of the genes in which b differs as in b. Returns
 * how many differ; the last of them goes to *gene. */
static uint32_t step_half(amct_cost_table *t, uint32_t a, uint32_t b, uint32_t *gene)
{
    const uint8_t *from = amct_cost_table_genome(t, a), *to = amct_cost_table_genome(t, b);
    uint32_t n = t->near.n_genes, differ = 0, stepped = 0;
    for (uint32_t g = 0; g < n; g++)
        if (from[g] != to[g]) {
            differ++;
            *gene = g;
        }
    memcpy(t->genome, from, n);
    for (uint32_t g = 0; g < n && stepped < differ / 2; g++)
        if (from[g] != to[g]) {
            t->genome[g] = to[g];
            stepped++;
        }
    return differ;
}

/* *gene alone makes a difference of at least least_ns when it changes in *row. */
static amct_status find_gene(bool *found, uint32_t *gene, uint32_t *row, amct_cost_table *t,
                             uint32_t place, uint32_t a, uint32_t b, double least_ns, amct_err *err)
{
    *found = false;
    while (difference(t, place, a, b) >= least_ns) {
        uint32_t half, differ = step_half(t, a, b, gene);
        if (differ <= 1) {
            *row = a;
            *found = differ == 1;
            return AMCT_OK;
        }
        AMCT_TRY(amct_cost_table_add(&half, NULL, t, t->genome, err));
        if (difference(t, place, a, half) >= difference(t, place, half, b))
            b = half;
        else
            a = half;
    }
    return AMCT_OK;
}

/* The classes of a gene's levels at a place, by what they make of a row; those that it had are only
 * divided. *changed: in any way. */
static amct_status try_levels(bool *changed, uint8_t classes[AMCT_GENE_LEVELS], amct_cost_table *t,
                              uint32_t place, uint32_t gene, uint32_t row, double allowed_ns,
                              amct_err *err)
{
    size_t first = (size_t)place * t->near.n_levels + t->near.first[gene];
    const uint8_t *had = t->near.classes + first;
    uint32_t rows[AMCT_GENE_LEVELS];
    memcpy(t->genome, amct_cost_table_genome(t, row), t->near.n_genes);
    for (uint8_t l = 0; l < t->genes->n_levels[gene]; l++) {
        t->genome[gene] = l;
        AMCT_TRY(amct_cost_table_add(&rows[l], NULL, t, t->genome, err));
        const double *ns = t->nodes_ns + place;
        size_t n = t->near.n_places;
        uint8_t same = 0;
        while (same < l && (classes[same] != same || had[same] != had[l] ||
                            fabs(ns[rows[same] * n] - ns[rows[l] * n]) > allowed_ns))
            same++;
        classes[l] = same;
        *changed |= same != had[l] || t->near.small_ns[first + l] != 0;
    }
    return AMCT_OK;
}

/* After a gene came near to a place: what is small there, and what is known of it, anew. */
static amct_status take_anew(amct_cost_table *t, uint32_t place, amct_err *err)
{
    for (uint32_t r = 0; r < t->n_rows; r++) {
        size_t at = (size_t)r * t->near.n_places + place;
        t->own_ns[at] =
            t->nodes_ns[at] - amct_nearness_small(&t->near, place, amct_cost_table_genome(t, r));
        if (!amct_cost_table_note(t, place, r))
            return amct_fail_nomem(err);
    }
    return AMCT_OK;
}

amct_status amct_cost_table_learn(bool *found, amct_cost_table *t, uint32_t place, uint32_t a,
                                  uint32_t b, double allowed_ns, amct_err *err)
{
    uint32_t gene = 0, row = 0;
    uint8_t classes[AMCT_GENE_LEVELS];
    bool there, changed = false;
    *found = false;
    /* Halving may leave less and less of the difference: then no gene makes it. */
    AMCT_TRY(find_gene(&there, &gene, &row, t, place, a, b, allowed_ns / 2, err));
    if (there)
        AMCT_TRY(try_levels(&changed, classes, t, place, gene, row, allowed_ns / 8, err));
    if (!changed)
        return AMCT_OK;
    AMCT_TRY(amct_nearness_add(&t->near, place, gene, classes, err));
    t->stats.added++;
    t->changes[place]++;
    *found = true;
    return take_anew(t, place, err);
}
