#include "tune/canonical.h"

#include <stdlib.h>
#include <string.h>

struct amct_canonical {
    const amct_genes *genes;
    const amct_structure *structure;
    uint8_t *choices;
    uint32_t *kept;   /* per group, */
    amct_rank *ranks; /* per layer: of the choices */
    bool *keep;       /* per lane */
};

amct_canonical *amct_canonical_new(const amct_genes *genes, const amct_structure *structure)
{
    size_t groups = amct_parts_groups(structure);
    size_t lanes = structure ? amct_structure_lanes(structure)->n : 0;
    amct_canonical *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->genes = genes;
    c->structure = structure;
    c->choices = malloc(genes->n_choices + (size_t)1);
    c->kept = malloc((groups + 1) * sizeof *c->kept);
    c->ranks = malloc((genes->n_layers + (size_t)1) * sizeof *c->ranks);
    c->keep = malloc(lanes + 1);
    if (c->choices && c->kept && c->ranks && c->keep)
        return c;
    amct_canonical_free(c);
    return NULL;
}

void amct_canonical_free(amct_canonical *c)
{
    if (!c)
        return;
    free(c->choices);
    free(c->kept);
    free(c->ranks);
    free(c->keep);
    free(c);
}

static bool has_kind(const amct_genes *genes, const uint8_t *genome, amct_gene_kind kind)
{
    for (uint32_t g = 0; g < genes->n; g++)
        if (genome[g] && genes->genes[g].kind == kind)
            return true;
    return false;
}

/* Takes the ranks that are ignored from the choices. */
static void drop_ranks(amct_canonical *c)
{
    const amct_genes *genes = c->genes;
    amct_choices_structure(c->kept, c->ranks, c->choices, genes->n_layers, c->structure);
    amct_structure_drop_ignored(c->structure, c->kept, c->ranks, c->keep);
    for (uint32_t g = 0; g < genes->n; g++)
        if (genes->genes[g].kind == AMCT_GENE_RANK && !c->ranks[genes->genes[g].index].rank)
            c->choices[genes->genes[g].slot] = 0;
}

void amct_canonical_make(amct_canonical *c, uint8_t *genome)
{
    const amct_genes *genes = c->genes;
    amct_genes_express(genes, genome, c->choices);
    /* All ranks that a whole layer can have save something. */
    if (has_kind(genes, genome, AMCT_GENE_RANK) && has_kind(genes, genome, AMCT_GENE_CHANNELS))
        drop_ranks(c);
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        for (uint32_t k = 0; k < gene->n_levels; k++)
            if (gene->values[k] == c->choices[gene->slot])
                genome[g] = (uint8_t)k;
    }
}
