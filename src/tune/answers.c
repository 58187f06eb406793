#include "tune/answers.h"

#include "base/workers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What each choice is worth in the company of the others. */
static amct_status cost_others(amct_tuned *to, const uint8_t *choices, amct_err *err)
{
    const amct_genes *genes = &to->setup.genes;
    uint8_t other[AMCT_MESSAGE_MAX]; /* costing takes no longer ones */
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        for (uint32_t k = 0; k < gene->n_levels; k++) {
            amct_graph_cost total;
            memcpy(other, choices, genes->n_choices);
            other[gene->slot] = gene->values[k];
            amct_genes_exclude(genes, other);
            AMCT_TRY(amct_costing_total(to->setup.costing, other, &total, err));
            to->other_ns[g * AMCT_GENE_LEVELS + k] = total.latency_ns;
        }
    }
    return AMCT_OK;
}

amct_status amct_answers_cost(amct_tuned *to, amct_err *err)
{
    amct_setup *s = &to->setup;
    uint32_t n = s->model.n_layers;
    uint8_t *choices = calloc(s->genes.n_choices + (size_t)1, 1);
    amct_latency_parts original, best;
    to->original_layers = calloc(n + 1, sizeof *to->original_layers);
    to->best_layers = calloc(n + 1, sizeof *to->best_layers);
    to->other_ns = calloc(s->genes.n + 1, AMCT_GENE_LEVELS * sizeof *to->other_ns);
    amct_status status = choices && to->original_layers && to->best_layers && to->other_ns
                             ? AMCT_OK
                             : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_costing_layers(s->costing, choices, &s->original_cost, to->original_layers,
                                     &original, err);
    if (status == AMCT_OK && to->best)
        memcpy(choices, to->best->choices, s->genes.n_choices);
    if (status == AMCT_OK)
        status =
            amct_costing_layers(s->costing, choices, &to->best_cost, to->best_layers, &best, err);
    if (status == AMCT_OK)
        to->paired_ns = amct_latency_paired_ns(&original, &best);
    if (status == AMCT_OK)
        status = cost_others(to, choices, err);
    free(choices);
    return status;
}

/* The mean loss of every candidate that changes one gene only. */
static amct_status note_alone(void *ctx, const amct_study_candidate *c, amct_err *err)
{
    amct_tuned *to = ctx;
    uint32_t changed = 0, which = 0;
    (void)err;
    if (c->failed || c->refined || !c->n_scores || c->genome_size != to->setup.genes.n)
        return AMCT_OK;
    for (uint32_t g = 0; g < to->setup.genes.n; g++)
        if (c->genome[g])
            changed++, which = g;
    const amct_study_score *last = &c->scores[c->n_scores - 1];
    if (changed == 1 && last->n)
        to->alone_loss[which * AMCT_GENE_LEVELS + c->genome[which]] = last->loss_sum / last->n;
    return AMCT_OK;
}

amct_status amct_answers_alone(amct_tuned *to, amct_err *err)
{
    to->alone_loss = calloc(to->setup.genes.n + 1, AMCT_GENE_LEVELS * sizeof *to->alone_loss);
    if (!to->alone_loss)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < to->setup.genes.n * AMCT_GENE_LEVELS; i++)
        to->alone_loss[i] = NAN;
    return amct_study_each(to->setup.study, note_alone, to, err);
}
