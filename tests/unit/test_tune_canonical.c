/* Genomes that make the same network have one form: canonical.h. */
#include "base/pcg.h"
#include "tune/canonical.h"
#include "unit/example_case.h"

#include <criterion/criterion.h>
#include <string.h>

static amct_err err;
#define OK(call) cr_assert_eq((call), AMCT_OK, "%s", err.text)

static uint32_t ranks_asked(const example_case *c, const uint8_t *genome)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < c->genes.n; g++)
        n += c->genes.genes[g].kind == AMCT_GENE_RANK && genome[g];
    return n;
}

/* Layers that a genome's network has in two factors. */
static uint32_t factorised(const example_case *c, const uint8_t *genome)
{
    uint8_t choices[256];
    amct_structure_genome structure;
    amct_structured made;
    uint32_t n = 0;
    amct_genes_express(&c->genes, genome, choices);
    OK(amct_choices_genome(&structure, choices, c->model.n_layers, c->structure, &err));
    OK(amct_structure_shape(&made, c->structure, c->model.graph, &structure, &err));
    for (uint32_t l = 0; l < made.n_layers; l++)
        n += made.origins[l].part == AMCT_PART_FIRST;
    amct_structured_free(&made);
    amct_choices_free(&structure);
    return n;
}

static double cost_of(const example_case *c, const uint8_t *genome)
{
    uint8_t choices[256];
    amct_graph_cost total;
    amct_genes_express(&c->genes, genome, choices);
    OK(amct_costing_total(c->costing, choices, &total, &err));
    return total.latency_ns;
}

Test(tune_canonical, ranks_that_come_to_nothing_are_none)
{
    enum { GENOMES = 200 };
    example_case c;
    uint8_t genome[64], form[64], again[64];
    uint32_t changed = 0;
    amct_pcg rng = amct_pcg_new(1, 0);
    example_case_begin(&c, "ascend", "Ascend310P3", ~0u);
    example_case_add_structure(&c);
    cr_assert_leq(c.genes.n, 64);
    cr_assert_leq(c.genes.n_choices, 256);
    amct_canonical *canonical = amct_canonical_new(&c.genes, c.structure);
    cr_assert_not_null(canonical);
    for (int i = 0; i < GENOMES; i++) {
        for (uint32_t g = 0; g < c.genes.n; g++)
            genome[g] = (uint8_t)amct_pcg_below(&rng, c.genes.n_levels[g]);
        memcpy(form, genome, c.genes.n);
        amct_canonical_make(canonical, form);
        cr_expect_eq(ranks_asked(&c, form), factorised(&c, form));
        cr_expect_eq(factorised(&c, form), factorised(&c, genome));
        cr_expect_eq(cost_of(&c, form), cost_of(&c, genome));
        changed += memcmp(form, genome, c.genes.n) != 0;
        memcpy(again, form, c.genes.n);
        amct_canonical_make(canonical, again);
        cr_expect_arr_eq(again, form, c.genes.n);
    }
    cr_expect_gt(changed, 0);
    cr_expect_lt(changed, GENOMES);
    amct_canonical_free(canonical);
    example_case_end(&c);
}

Test(tune_canonical, a_sparse_level_beside_channels_is_the_dense_one)
{
    static const bool touched[2] = {true, false};
    amct_gene list[] = {
        {AMCT_GENE_BITS, 0, 0, 3, {0, AMCT_LEVEL_W8A8, AMCT_LEVEL_W8A8_SPARSE}, NULL},
        {AMCT_GENE_BITS, 1, 1, 2, {0, AMCT_LEVEL_W8A8_SPARSE}, NULL},
        {AMCT_GENE_CHANNELS, 0, 2, 2, {0, 5}, touched},
    };
    amct_genes genes = {.genes = list, .n = 3, .n_layers = 2, .n_choices = 5};
    amct_canonical *canonical = amct_canonical_new(&genes, NULL);
    cr_assert_not_null(canonical);
    uint8_t alone[] = {2, 1, 0}, beside[] = {2, 1, 1};
    amct_canonical_make(canonical, alone);
    amct_canonical_make(canonical, beside);
    cr_expect_arr_eq(alone, ((uint8_t[]){2, 1, 0}), 3);
    cr_expect_arr_eq(beside, ((uint8_t[]){1, 1, 1}), 3);
    amct_canonical_free(canonical);
}
