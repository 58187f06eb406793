/* Which layers may be 4:2 sparse, and what a genome means that asks for channels as well. */
#include "passes/prepare.h"
#include "tune/genes.h"
#include "tune/model.h"
#include "unit/plugin_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

enum { SPARSE = AMCT_LEVEL_W8A8_SPARSE };

/* The example's network at a batch of 256. */
typedef struct genes_case {
    amct_config *config;
    amct_plugins *plugins;
    amct_model model;
    amct_costing *costing;
    amct_genes genes;
} genes_case;

static void add_plugin(genes_case *c, const char *below)
{
    char path[4096];
    build_path(path, sizeof path, below);
    OK(amct_plugins_add_file(c->plugins, path, &err));
}

/* levels: a set of kinds. */
static void begin(genes_case *c, const char *estimator, const char *chip, uint32_t levels)
{
    char path[1024];
    const char *source = getenv("AMCT_TOP_SRCDIR");
    *c = (genes_case){0};
    cr_assert_not_null(source);
    snprintf(path, sizeof path, "%s/examples/fashion/fashion.onnx", source);
    OK(amct_config_new(&c->config, &err));
    c->config->estimator = estimator;
    if (chip)
        OK(amct_config_set_target(c->config, "chip", chip, &err));
    else
        c->config->n_target_options = 0;
    for (int k = 0; k < AMCT_N_LEVELS; k++)
        c->config->levels[k] = k == AMCT_LEVEL_16 || (levels >> k & 1);
    OK(amct_plugins_new(&c->plugins, &err));
    add_plugin(c, "plugins/importers/onnx/.libs/onnx.so");
    add_plugin(c, "plugins/estimators/ascend/.libs/ascend.so");
    add_plugin(c, "tests/plugins/.libs/failing.so");
    OK(amct_model_load(&c->model, c->plugins, path, NULL, &err));
    OK(amct_set_batch(c->model.graph, 256, &err));
    OK(amct_costing_new(&c->costing, c->plugins, c->config, c->model.graph, c->model.layers,
                        c->model.n_layers, NULL, &err));
    OK(amct_genes_make(&c->genes, c->config, c->model.layers, c->model.n_layers, c->costing, &err));
}

static void end(genes_case *c)
{
    amct_genes_free(&c->genes);
    amct_costing_free(c->costing);
    amct_model_free(&c->model);
    amct_plugins_free(c->plugins);
    amct_config_free(c->config);
}

/* Genes that have the sparse level. */
static uint32_t n_sparse(const genes_case *c)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < c->genes.n; g++)
        n += c->genes.genes[g].values[c->genes.genes[g].n_levels - 1] == SPARSE;
    return n;
}

static uint32_t n_words(const genes_case *c)
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
        genes_case c;
        begin(&c, "ascend", chips[i], all);
        cr_expect_gt(n_sparse(&c), 0, "%s", chips[i]);
        for (uint32_t g = 0; g < c.genes.n; g++) {
            const amct_gene *gene = &c.genes.genes[g];
            if (c.model.layers[gene->index].no_sparse)
                cr_expect_neq(gene->values[gene->n_levels - 1], SPARSE);
        }
        end(&c);
    }
}

Test(tune_genes, other_chips_are_not_and_nothing_is_said)
{
    static const char *const chips[] = {"Ascend310", "Ascend310P3", "Ascend910A"};
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
        genes_case c, without;
        begin(&c, "ascend", chips[i], all);
        begin(&without, "ascend", chips[i], all & ~(1u << SPARSE));
        cr_expect_eq(n_sparse(&c) + n_words(&c), 0, "%s", chips[i]);
        cr_assert_eq(c.genes.n, without.genes.n);
        cr_expect_eq(c.genes.n_skipped, without.genes.n_skipped);
        for (uint32_t g = 0; g < c.genes.n; g++)
            cr_expect_arr_eq(c.genes.genes[g].values, without.genes.genes[g].values,
                             AMCT_GENE_LEVELS);
        end(&c);
        end(&without);
    }
}

Test(tune_genes, an_estimator_that_knows_nothing_of_zeros_goes_on_working)
{
    genes_case c;
    begin(&c, "failing", NULL, all);
    cr_expect_gt(c.genes.n, 0);
    cr_expect_eq(n_sparse(&c) + n_words(&c), 0);
    end(&c);
}

Test(tune_genes, asked_for_alone_where_it_gains_nothing_it_says_so)
{
    genes_case c;
    begin(&c, "ascend", "Ascend310P3", 1u << SPARSE);
    cr_expect_eq(c.genes.n, 0);
    uint32_t said = 0;
    for (uint32_t i = 0; i < c.model.n_layers; i++) {
        const char *why = amct_genes_reason(&c.genes, AMCT_GENE_BITS, i, AMCT_LEVEL_16);
        cr_assert_not_null(why);
        said += strstr(why, "4:2") != NULL;
    }
    cr_expect_gt(said, 0);
    end(&c);
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
