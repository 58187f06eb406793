#include "tune/tables.h"

#include <stdlib.h>

static double layer_bit_ops(const amct_layer *layer, amct_level_kind kind)
{
    if (layer->no_int8)
        kind = AMCT_LEVEL_16;
    double macs = amct_level_sparse(kind) ? 0.5 * (double)layer->macs : (double)layer->macs;
    return macs * amct_level_weight_bits(kind) * amct_level_src_bits(kind);
}

amct_status amct_tables_bit_ops(double *out, const uint8_t *choices, const amct_graph *graph,
                                const amct_layer *layers, uint32_t n_layers,
                                const amct_structure *structure, amct_err *err)
{
    double sum = 0;
    if (!amct_choices_are_structured(choices, n_layers, structure)) {
        for (uint32_t i = 0; i < n_layers; i++)
            sum += layer_bit_ops(&layers[i], (amct_level_kind)choices[i]);
        *out = sum;
        return AMCT_OK;
    }
    amct_structure_genome genome;
    amct_structured structured = {.graph = NULL};
    AMCT_TRY(amct_choices_genome(&genome, choices, n_layers, structure, err));
    amct_status status = amct_structure_shape(&structured, structure, graph, &genome, err);
    amct_choices_free(&genome);
    AMCT_TRY(status);
    for (uint32_t i = 0; i < structured.n_layers; i++)
        sum += layer_bit_ops(&structured.layers[i],
                             (amct_level_kind)choices[structured.origins[i].layer]);
    amct_structured_free(&structured);
    *out = sum;
    return AMCT_OK;
}

static amct_status fill(amct_tables *t, const amct_genes *genes, uint8_t *choices,
                        const amct_graph *graph, const amct_layer *layers,
                        const amct_structure *structure, amct_err *err)
{
    double *to = t->bit_ops;
    for (uint32_t g = 0; g < genes->n; g++) {
        const amct_gene *gene = &genes->genes[g];
        t->kinds[g] = (uint8_t)gene->kind;
        for (uint32_t l = 0; l < gene->n_levels; l++) {
            choices[gene->slot] = gene->values[l];
            AMCT_TRY(
                amct_tables_bit_ops(to++, choices, graph, layers, genes->n_layers, structure, err));
        }
        choices[gene->slot] = 0;
    }
    return AMCT_OK;
}

amct_status amct_tables_make(amct_tables *out, const amct_genes *genes, const amct_graph *graph,
                             const amct_layer *layers, const amct_structure *structure,
                             amct_err *err)
{
    amct_tables t = {.kinds = calloc(genes->n + (size_t)1, 1),
                     .bit_ops = calloc(genes->n + (size_t)1, AMCT_GENE_LEVELS * sizeof *t.bit_ops)};
    uint8_t *choices = calloc(genes->n_choices + (size_t)1, 1);
    amct_status status = t.kinds && t.bit_ops && choices
                             ? fill(&t, genes, choices, graph, layers, structure, err)
                             : amct_fail_nomem(err);
    free(choices);
    if (status == AMCT_OK)
        *out = t;
    else
        amct_tables_free(&t);
    return status;
}

void amct_tables_free(amct_tables *tables)
{
    free(tables->kinds);
    free(tables->bit_ops);
    *tables = (amct_tables){0};
}
