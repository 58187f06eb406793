/* What the search's table of latencies says, beside estimates. */
#include "base/pcg.h"
#include "tune/cost_table_parts.h"
#include "unit/example_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

typedef struct table_case {
    example_case example;
    amct_cost_table *table;
    amct_pcg rng;
    uint8_t genome[256], choices[256];
} table_case;

static void begin(table_case *c, const char *estimator, const char *chip, bool structure)
{
    *c = (table_case){.rng = amct_pcg_new(7, 7)};
    example_case_begin(&c->example, estimator, chip, ~0u);
    if (structure)
        example_case_add_structure(&c->example);
    cr_assert_lt(c->example.genes.n_choices, sizeof c->choices);
    OK(amct_cost_table_new(&c->table, &c->example.genes, c->example.costing, &err));
}

static void end(table_case *c)
{
    amct_cost_table_free(c->table);
    example_case_end(&c->example);
}

static void draw(table_case *c)
{
    for (uint32_t g = 0; g < c->example.genes.n; g++)
        c->genome[g] = (uint8_t)amct_pcg_below(&c->rng, c->example.genes.n_levels[g]);
}

static double table_ns(table_case *c)
{
    double ns;
    OK(amct_cost_table_ns(&ns, c->table, c->genome, &err));
    return ns;
}

static double estimated_ns(table_case *c)
{
    amct_graph_cost total;
    amct_genes_express(&c->example.genes, c->genome, c->choices);
    OK(amct_costing_total(c->example.costing, c->choices, &total, &err));
    return total.latency_ns;
}

/* Mean and largest error of n random genomes, as ratios. */
static double mean_error(table_case *c, int n, double *largest)
{
    double sum = 0;
    *largest = 0;
    for (int i = 0; i < n; i++) {
        draw(c);
        double error = fabs(table_ns(c) / estimated_ns(c) - 1);
        sum += error / n;
        *largest = fmax(*largest, error);
    }
    return sum;
}

Test(tune_cost_table, nodes_share_the_whole_of_a_latency)
{
    table_case c;
    begin(&c, "ascend", "Ascend310P3", true);
    uint32_t n = amct_costing_n_nodes(c.example.costing);
    double *ns = calloc(n, sizeof *ns);
    for (int i = 0; i < 50; i++) {
        amct_graph_cost again;
        double sum = 0;
        draw(&c);
        double total = estimated_ns(&c); /* sets choices */
        OK(amct_costing_nodes(c.example.costing, c.choices, &again, ns, &err));
        for (uint32_t k = 0; k < n; k++) {
            cr_assert_geq(ns[k], -1e-6);
            sum += ns[k];
        }
        cr_assert_float_eq(sum, total, 1e-9 * total);
        cr_assert_gt(ns[n - 1], 0); /* what is fixed */
        cr_assert_lt(ns[n - 1], 0.5 * total);
    }
    free(ns);
    end(&c);
}

Test(tune_cost_table, is_exact_where_nodes_depend_on_their_own_tensors)
{
    table_case c;
    double largest;
    begin(&c, "toy-estimator", NULL, true);
    cr_assert_geq(c.example.genes.n, 4);
    mean_error(&c, 1500, &largest);
    cr_expect_lt(largest, 1e-6); /* small amounts are floats */
    amct_cost_table_stats stats = amct_cost_table_get_stats(c.table);
    cr_expect_eq(stats.asked, 1500);
    cr_expect_lt(stats.estimated, 1500);
    cr_expect_eq(stats.added, 0);
    end(&c);
}

Test(tune_cost_table, what_was_asked_once_is_not_estimated_again)
{
    table_case c;
    double first[100];
    uint64_t estimated = 0;
    begin(&c, "ascend", "Ascend310P3", true);
    for (int again = 0; again < 3; again++) { /* the first time, more may still be learnt of it */
        c.rng = amct_pcg_new(3, 3);
        for (int i = 0; i < 100; i++) {
            draw(&c);
            double ns = table_ns(&c);
            cr_assert(again < 2 || ns == first[i]);
            first[i] = ns;
        }
        uint64_t now = amct_cost_table_get_stats(c.table).estimated;
        cr_assert(again < 2 || now == estimated);
        estimated = now;
    }
    end(&c);
}

Test(tune_cost_table, the_same_genomes_in_the_same_order_give_the_same_bits)
{
    table_case c, d;
    begin(&c, "ascend", "Ascend310B1", true);
    begin(&d, "ascend", "Ascend310B1", true);
    for (int i = 0; i < 400; i++) {
        draw(&c);
        draw(&d);
        double a = table_ns(&c), b;
        if (i % 3 == 0) /* what others ask of the costing is no matter */
            estimated_ns(&d);
        b = table_ns(&d);
        cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    }
    end(&c);
    end(&d);
}

static const char *const chips[] = {"Ascend310", "Ascend310P3", "Ascend310B1", "Ascend910B1"};

Test(tune_cost_table, is_nearly_exact_for_the_chips_that_are_modelled)
{
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++)
        for (int structure = 0; structure < 2; structure++) {
            table_case c;
            double largest, mean;
            begin(&c, "ascend", chips[i], structure);
            mean = mean_error(&c, 1000, &largest);
            cr_expect_lt(mean, 5e-4, "%s: %g", chips[i], mean);
            cr_expect_lt(largest, 5e-3, "%s: %g", chips[i], largest);
            end(&c);
        }
}

Test(tune_cost_table, genomes_that_have_much_in_common_have_the_same_error)
{
    table_case c;
    double least = INFINITY, largest = -INFINITY;
    begin(&c, "ascend", "Ascend310P3", true);
    for (uint32_t g = 0; g < c.example.genes.n; g++)
        c.genome[g] = c.example.genes.n_levels[g] - 1;
    for (uint32_t g = 0; g < c.example.genes.n; g++)
        for (uint8_t l = 0; l < c.example.genes.n_levels[g]; l++) {
            uint8_t had = c.genome[g];
            c.genome[g] = l;
            double error = table_ns(&c) / estimated_ns(&c) - 1;
            least = fmin(least, error);
            largest = fmax(largest, error);
            c.genome[g] = had;
        }
    cr_expect_lt(largest - least, 1e-3);
    end(&c);
}

/* Of four layers that together make a fifth slower no one does so alone. */
Test(tune_cost_table, learns_which_genes_matter_in_the_company_of_others)
{
    table_case c;
    double largest, ns;
    begin(&c, "conditional", NULL, false);
    cr_assert_gt(c.example.genes.n, 4);
    for (int i = 0; i < 1000; i++) {
        draw(&c);
        OK(amct_cost_table_exact(&ns, c.table, c.genome, &err));
        cr_assert_eq(ns, estimated_ns(&c));
    }
    cr_expect_gt(amct_cost_table_get_stats(c.table).added, 0);
    mean_error(&c, 500, &largest);
    cr_expect_lt(largest, 1e-6, "%g", largest);
    end(&c);
}

Test(tune_cost_table, starts_anew_when_it_is_full)
{
    table_case c;
    double largest;
    begin(&c, "ascend", "Ascend310P3", true);
    c.table->max_rows = 300; /* room for some 40 beside those that one genome may need */
    uint32_t most = 0, restarts = 0, before = 0;
    for (int i = 0; i < 400; i++) {
        draw(&c);
        double error = fabs(table_ns(&c) / estimated_ns(&c) - 1);
        cr_assert_lt(error, 5e-3);
        restarts += c.table->n_rows < before;
        before = c.table->n_rows;
        most = before > most ? before : most;
    }
    cr_expect_gt(restarts, 0);
    cr_expect_leq(most, 300);
    mean_error(&c, 100, &largest);
    cr_expect_lt(largest, 5e-3);
    end(&c);
}

Test(tune_cost_table, says_what_went_wrong_with_an_estimate)
{
    table_case c;
    double ns = -1;
    setenv("AMCT_TEST_BREAKS", "", 1);
    begin(&c, "toy-estimator", NULL, true);
    amct_costing_free(c.example.costing);
    setenv("AMCT_TEST_BREAKS", "nan", 1);
    OK(amct_costing_new(&c.example.costing, c.example.plugins, c.example.config,
                        c.example.model.graph, c.example.model.layers, c.example.model.n_layers,
                        c.example.structure, &err));
    c.table->costing = c.example.costing;
    draw(&c);
    cr_expect_eq(amct_cost_table_ns(&ns, c.table, c.genome, &err), AMCT_E_PLUGIN);
    cr_expect_not_null(strstr(err.text, "toy-estimator"), "%s", err.text);
    cr_expect_eq(ns, -1);
    end(&c);
}
