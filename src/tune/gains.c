#include "tune/gains.h"

#include <stdlib.h>

enum { ROUNDS = 2 };

static amct_status total(double *ns, amct_costing *costing, const uint8_t *choices, amct_err *err)
{
    amct_graph_cost cost;
    AMCT_TRY(amct_costing_total(costing, choices, &cost, err));
    *ns = cost.latency_ns;
    return AMCT_OK;
}

static amct_status find_alone(amct_gains *to, const amct_genes *genes, amct_costing *costing,
                              uint8_t *choices, amct_err *err)
{
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        for (uint32_t k = 0; k < gene->n_levels; k++) {
            choices[gene->slot] = gene->values[k];
            AMCT_TRY(total(&to->alone_ns[g * AMCT_GENE_LEVELS + k], costing, choices, err));
        }
        choices[gene->slot] = 0;
    }
    return AMCT_OK;
}

/* Sets each gene to its fastest level beside what the others are at; *better: something changed. */
static amct_status descend(bool *better, amct_gains *to, const amct_genes *genes,
                           amct_costing *costing, uint8_t *choices, amct_err *err)
{
    *better = false;
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        uint8_t best = choices[gene->slot];
        for (uint32_t k = 0; k < gene->n_levels; k++) {
            double ns;
            choices[gene->slot] = gene->values[k];
            AMCT_TRY(total(&ns, costing, choices, err));
            if (ns < to->fastest_ns) {
                to->fastest_ns = ns;
                best = gene->values[k];
                *better = true;
            }
        }
        choices[gene->slot] = best;
    }
    return AMCT_OK;
}

static amct_status find_fastest(amct_gains *to, const amct_genes *genes, amct_costing *costing,
                                uint8_t *choices, amct_err *err)
{
    bool structured = false, better = true;
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        if (gene->kind == AMCT_GENE_BITS)
            choices[gene->slot] = gene->values[gene->n_levels - 1];
        else
            structured = true;
    }
    AMCT_TRY(total(&to->bits_ns, costing, choices, err));
    to->fastest_ns = to->bits_ns;
    for (int i = 0; structured && better && i < ROUNDS; i++)
        AMCT_TRY(descend(&better, to, genes, costing, choices, err));
    if (to->original_ns < to->bits_ns)
        to->bits_ns = to->original_ns;
    if (to->bits_ns < to->fastest_ns)
        to->fastest_ns = to->bits_ns;
    return AMCT_OK;
}

amct_status amct_gains_find(amct_gains *out, const amct_genes *genes, amct_costing *costing,
                            amct_err *err)
{
    uint8_t *choices = calloc(genes->n_choices + (size_t)1, 1);
    amct_gains found = {
        .alone_ns = calloc(genes->n + (size_t)1, AMCT_GENE_LEVELS * sizeof *found.alone_ns)};
    amct_status status = choices && found.alone_ns ? AMCT_OK : amct_fail_nomem(err);
    amct_graph_cost original = {0};
    if (status == AMCT_OK)
        status = amct_costing_original(costing, &original, err);
    found.original_ns = original.latency_ns;
    found.fixed_ratio = original.fixed_ns / original.latency_ns;
    if (status == AMCT_OK)
        status = find_alone(&found, genes, costing, choices, err);
    if (status == AMCT_OK)
        status = find_fastest(&found, genes, costing, choices, err);
    free(choices);
    if (status != AMCT_OK)
        amct_gains_free(&found);
    else
        *out = found;
    return status;
}

void amct_gains_free(amct_gains *gains)
{
    free(gains->alone_ns);
    *gains = (amct_gains){0};
}
