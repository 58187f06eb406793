/* Which layers may be 4:2 sparse, and what a genome means that asks for channels as well. */
#include "unit/example_case.h"

#include <criterion/criterion.h>
#include <string.h>

enum { SPARSE = AMCT_LEVEL_W8A8_SPARSE };

/* Genes that have the sparse level. */
static uint32_t n_sparse(const example_case *c)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < c->genes.n; g++)
        n += c->genes.genes[g].values[c->genes.genes[g].n_levels - 1] == SPARSE;
    return n;
}

static uint32_t n_words(const example_case *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->genes.n_skipped; i++)
        n += c->genes.skipped[i].value == SPARSE;
    return n;
}

static const uint32_t all = ~0u;

Test(tune_genes, chips_that_skip_zeros_are_offered_them)
{
    static const char *const chips[] = {"Ascend310B1", "Ascend310B4", "Ascend910B1"};
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
        example_case c;
        example_case_begin(&c, "ascend", chips[i], all);
        cr_expect_gt(n_sparse(&c), 0, "%s", chips[i]);
        for (uint32_t g = 0; g < c.genes.n; g++) {
            const amct_gene *gene = &c.genes.genes[g];
            if (c.model.layers[gene->index].no_sparse)
                cr_expect_neq(gene->values[gene->n_levels - 1], SPARSE);
        }
        example_case_end(&c);
    }
}

Test(tune_genes, other_chips_are_not_and_nothing_is_said)
{
    static const char *const chips[] = {"Ascend310", "Ascend310P3", "Ascend910A"};
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
        example_case c, without;
        example_case_begin(&c, "ascend", chips[i], all);
        example_case_begin(&without, "ascend", chips[i], all & ~(1u << SPARSE));
        cr_expect_eq(n_sparse(&c) + n_words(&c), 0, "%s", chips[i]);
        cr_assert_eq(c.genes.n, without.genes.n);
        cr_expect_eq(c.genes.n_skipped, without.genes.n_skipped);
        for (uint32_t g = 0; g < c.genes.n; g++)
            cr_expect_arr_eq(c.genes.genes[g].values, without.genes.genes[g].values,
                             AMCT_GENE_LEVELS);
        example_case_end(&c);
        example_case_end(&without);
    }
}

Test(tune_genes, an_estimator_that_knows_nothing_of_zeros_goes_on_working)
{
    example_case c;
    example_case_begin(&c, "failing", NULL, all);
    cr_expect_gt(c.genes.n, 0);
    cr_expect_eq(n_sparse(&c) + n_words(&c), 0);
    example_case_end(&c);
}

Test(tune_genes, asked_for_alone_where_it_gains_nothing_it_says_so)
{
    example_case c;
    example_case_begin(&c, "ascend", "Ascend310P3", 1u << SPARSE);
    cr_expect_eq(c.genes.n, 0);
    uint32_t said = 0;
    for (uint32_t i = 0; i < c.model.n_layers; i++) {
        const char *why = amct_genes_reason(&c.genes, AMCT_GENE_BITS, i, AMCT_LEVEL_16);
        cr_assert_not_null(why);
        said += strstr(why, "4:2") != NULL;
    }
    cr_expect_gt(said, 0);
    example_case_end(&c);
}

/* ---- Both at once -------------------------------------------------------------------------- */

Test(tune_genes, a_layer_whose_channels_or_rank_change_is_dense)
{
    static const bool touched[4] = {true, true, false, false};
    amct_gene list[] = {
        {AMCT_GENE_BITS, 0, 0, 3, {0, AMCT_LEVEL_W8A8, SPARSE}, NULL},
        {AMCT_GENE_BITS, 1, 1, 2, {0, SPARSE}, NULL},
        {AMCT_GENE_BITS, 2, 2, 3, {0, AMCT_LEVEL_W8A8, SPARSE}, NULL},
        {AMCT_GENE_BITS, 3, 3, 3, {0, AMCT_LEVEL_W8A8, SPARSE}, NULL},
        {AMCT_GENE_CHANNELS, 0, 4, 2, {0, 5}, touched},
        {AMCT_GENE_RANK, 2, 7, 2, {0, 9}, NULL},
    };
    amct_genes genes = {.genes = list, .n = 6, .n_layers = 4, .n_choices = 9};
    uint8_t choices[9];
    amct_genes_express(&genes, (const uint8_t[]){2, 1, 2, 2, 0, 0}, choices);
    cr_expect_arr_eq(choices, ((uint8_t[]){SPARSE, SPARSE, SPARSE, SPARSE, 0, 0, 0, 0, 0}), 9);
    amct_genes_express(&genes, (const uint8_t[]){2, 1, 2, 2, 1, 0}, choices);
    cr_expect_arr_eq(choices, ((uint8_t[]){AMCT_LEVEL_W8A8, 0, SPARSE, SPARSE, 5, 0, 0, 0, 0}), 9);
    amct_genes_express(&genes, (const uint8_t[]){2, 0, 2, 1, 0, 1}, choices);
    cr_expect_arr_eq(choices,
                     ((uint8_t[]){SPARSE, 0, AMCT_LEVEL_W8A8, AMCT_LEVEL_W8A8, 0, 0, 0, 9, 0}), 9);
    amct_genes_express(&genes, (const uint8_t[]){1, 0, 1, 1, 1, 1}, choices);
    cr_expect_arr_eq(
        choices, ((uint8_t[]){AMCT_LEVEL_W8A8, 0, AMCT_LEVEL_W8A8, AMCT_LEVEL_W8A8, 5, 0, 0, 9, 0}),
        9);
}
