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

/* A study may hold more than this search asked for. */
static bool is_measured(const amct_study_candidate *c, const amct_genes *genes)
{
    bool good = !c->failed && !c->refined && c->n_scores && c->scores[c->n_scores - 1].n &&
                c->genome_size == genes->n;
    for (uint32_t g = 0; good && g < genes->n; g++)
        good = c->genome[g] < genes->genes[g].n_levels;
    return good;
}

/* What a candidate tells of the levels that it has; its mean loss, if it changes one gene only. */
static amct_status note(void *ctx, const amct_study_candidate *c, amct_err *err)
{
    amct_tuned *to = ctx;
    uint32_t changed = 0, at = 0;
    (void)err;
    if (!is_measured(c, &to->setup.genes))
        return AMCT_OK;
    for (uint32_t g = 0; g < to->setup.genes.n; g++) {
        if (!c->genome[g])
            continue;
        changed++, at = g * AMCT_GENE_LEVELS + c->genome[g];
        if (to->known[at] == AMCT_KNOWN_NOT)
            to->known[at] = AMCT_KNOWN_TOGETHER;
    }
    if (changed != 1)
        return AMCT_OK;
    const amct_study_score *last = &c->scores[c->n_scores - 1];
    to->alone_loss[at] = last->loss_sum / last->n;
    to->known[at] = AMCT_KNOWN_ALONE;
    if (c->probe) /* for amct_answers_known */
        to->known[at / AMCT_GENE_LEVELS * AMCT_GENE_LEVELS] = AMCT_KNOWN_FORESEEN;
    return AMCT_OK;
}

amct_status amct_answers_known(amct_tuned *to, amct_err *err)
{
    uint32_t n = to->setup.genes.n;
    to->alone_loss = calloc(n + 1, AMCT_GENE_LEVELS * sizeof *to->alone_loss);
    to->known = calloc(n + 1, AMCT_GENE_LEVELS);
    if (!to->alone_loss || !to->known)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n * AMCT_GENE_LEVELS; i++)
        to->alone_loss[i] = NAN;
    AMCT_TRY(amct_study_each(to->setup.study, note, to, err));
    /* Whoever looks at some levels of a gene alone foresees the others by them. */
    for (uint32_t g = 0; g < n; g++) {
        uint8_t *known = &to->known[g * AMCT_GENE_LEVELS];
        for (uint32_t k = 1; k < AMCT_GENE_LEVELS; k++)
            known[k] = known[k] ? known[k] : known[0];
    }
    return AMCT_OK;
}
