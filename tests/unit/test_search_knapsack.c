#include "search/cheapest.h"
#include "search/knapsack.h"

#include "base/pcg.h"
#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_status cost_of(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    (void)err;
    *cost_ns = synthetic_cost(ctx, genome);
    return AMCT_OK;
}

typedef struct fixture {
    synthetic s;
    amct_space space;
    amct_memo memo;
    amct_chain chain;
    amct_err err;
    double *terms, *penalty;
} fixture;

static void set_up(fixture *f, uint32_t genes, uint32_t levels, double boundary, uint64_t seed)
{
    synthetic_make(
        &f->s, (synthetic_shape){.n_genes = genes, .n_levels = levels, .boundary = boundary}, seed);
    f->space = (amct_space){.n_genes = genes, .n_levels = f->s.n_levels};
    amct_memo_start(&f->memo, genes, cost_of, NULL, &f->s);
    cr_assert_eq(amct_chain_start(&f->chain, &f->space, &f->err), AMCT_OK);
    f->terms = calloc(f->chain.first[genes], sizeof *f->terms);
    f->penalty = calloc(f->chain.first[genes], sizeof *f->penalty);
    for (uint32_t g = 0; g < genes; g++)
        for (uint32_t l = 0; l < levels; l++)
            f->terms[f->chain.first[g] + l] = f->s.loss[g][l];
}

static void tear_down(fixture *f)
{
    free(f->terms);
    free(f->penalty);
    amct_chain_end(&f->chain);
    amct_memo_end(&f->memo);
}

static fixture fix;

Test(search_knapsack, a_cost_of_neighbours_is_reproduced_from_any_base)
{
    set_up(&fix, 12, 4, 0.4, 3);
    uint8_t base[12], genome[12];
    amct_pcg rng = amct_pcg_new(1, 1);
    for (int run = 0; run < 20; run++) {
        for (int g = 0; g < 12; g++)
            base[g] = (uint8_t)amct_pcg_below(&rng, 4);
        cr_assert_eq(amct_chain_build(&fix.chain, &fix.memo, base, 10000, &fix.err), AMCT_OK);
        for (int i = 0; i < 20; i++) {
            for (int g = 0; g < 12; g++)
                genome[g] = (uint8_t)amct_pcg_below(&rng, 4);
            double cost = synthetic_cost(&fix.s, genome);
            cr_assert_float_eq(amct_chain_cost(&fix.chain, genome), cost, 1e-3);
            uint32_t g = amct_pcg_below(&rng, 12);
            uint8_t l = (uint8_t)amct_pcg_below(&rng, 4);
            double change = amct_chain_change(&fix.chain, genome, g, l);
            genome[g] = l;
            cr_assert_float_eq(change, synthetic_cost(&fix.s, genome) - cost, 1e-3);
        }
    }
    tear_down(&fix);
}

Test(search_knapsack, pairs_are_left_out_if_they_cost_too_many_calls)
{
    set_up(&fix, 12, 4, 0.4, 3);
    uint8_t base[12] = {0};
    cr_assert_eq(amct_chain_build(&fix.chain, &fix.memo, base, 98, &fix.err), AMCT_OK);
    cr_assert_eq(fix.memo.calls, 1 + 12 * 3);
    cr_assert_eq(amct_chain_build(&fix.chain, &fix.memo, base, 99, &fix.err), AMCT_OK);
    cr_assert_eq(fix.memo.calls, 1 + 12 * 3 + 11 * 9);
    tear_down(&fix);
}

Test(search_knapsack, the_shortest_path_is_the_cheapest_genome)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        set_up(&fix, 7, 3, 1.0, seed);
        uint8_t base[7] = {0}, path[7], genome[7] = {0};
        cr_assert_eq(amct_chain_build(&fix.chain, &fix.memo, base, 10000, &fix.err), AMCT_OK);
        for (uint32_t i = 0; i < fix.chain.first[7]; i++)
            fix.penalty[i] = 3e6 * fix.terms[i];
        amct_chain_cheapest(&fix.chain, fix.penalty, path);
        double best = INFINITY;
        do
            best =
                fmin(best, synthetic_cost(&fix.s, genome) + 3e6 * synthetic_loss(&fix.s, genome));
        while (amct_space_next(&fix.space, genome));
        cr_assert_float_eq(synthetic_cost(&fix.s, path) + 3e6 * synthetic_loss(&fix.s, path), best,
                           1e-3);
        tear_down(&fix);
    }
}

Test(search_knapsack, the_solution_is_within_target_and_near_the_optimum)
{
    double worst = 0, worst_exact = 0, worst_polished = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        set_up(&fix, 10, 3, seed % 2 ? 0.4 : 0, seed);
        uint8_t base[10] = {0}, genome[10];
        cr_assert_eq(amct_chain_build(&fix.chain, &fix.memo, base, 10000, &fix.err), AMCT_OK);
        double price = 0;
        for (double target = 0.005; target < 0.5; target *= 1.7) {
            double optimum = synthetic_optimum(&fix.s, target), cost;
            amct_knapsack(&fix.chain, fix.terms, target, fix.penalty, &price, genome);
            cr_assert_leq(amct_terms_sum(&fix.chain, fix.terms, genome), target);
            worst = fmax(worst, synthetic_cost(&fix.s, genome) / optimum - 1);
            cr_assert_eq(amct_knapsack_exact(&fix.chain, fix.terms, target, fix.penalty, &price,
                                             genome, &fix.err),
                         AMCT_OK);
            cr_assert_leq(amct_terms_sum(&fix.chain, fix.terms, genome), target + 1e-12);
            worst_exact = fmax(worst_exact, synthetic_cost(&fix.s, genome) / optimum - 1);
            cr_assert_eq(
                amct_polish(&fix.chain, &fix.memo, fix.terms, target, 30, genome, &cost, &fix.err),
                AMCT_OK);
            cr_assert_leq(amct_terms_sum(&fix.chain, fix.terms, genome), target + 1e-12);
            cr_assert_eq(cost, synthetic_cost(&fix.s, genome));
            worst_polished = fmax(worst_polished, cost / optimum - 1);
            cr_assert_geq(cost, optimum - 1e-6);
        }
        tear_down(&fix);
    }
    cr_assert_lt(worst, 0.15, "%g", worst);
    cr_assert_lt(worst_exact, 0.004, "%g", worst_exact);
    cr_assert_lt(worst_polished, 0.004, "%g", worst_polished);
}

Test(search_knapsack, nothing_fits_into_no_target)
{
    set_up(&fix, 10, 3, 0.4, 1);
    uint8_t base[10] = {0}, genome[10];
    double price = 0;
    cr_assert_eq(amct_chain_build(&fix.chain, &fix.memo, base, 10000, &fix.err), AMCT_OK);
    amct_knapsack(&fix.chain, fix.terms, 0, fix.penalty, &price, genome);
    cr_assert_arr_eq(genome, base, 10);
    amct_knapsack(&fix.chain, fix.terms, 1e9, fix.penalty, &price, genome);
    cr_assert_eq(synthetic_cost(&fix.s, genome), synthetic_optimum(&fix.s, 1e9));
    tear_down(&fix);
}

Test(search_knapsack, losses_beyond_reason_end_too)
{
    set_up(&fix, 10, 3, 0.4, 1);
    uint8_t base[10] = {0}, genome[10];
    double price = 0;
    cr_assert_eq(amct_chain_build(&fix.chain, &fix.memo, base, 10000, &fix.err), AMCT_OK);
    for (uint32_t i = 0; i < fix.chain.first[10]; i++)
        fix.terms[i] *= 1e297;
    amct_knapsack(&fix.chain, fix.terms, 1e290, fix.penalty, &price, genome);
    cr_assert_leq(amct_terms_sum(&fix.chain, fix.terms, genome), 1e290);
    tear_down(&fix);
}

Test(search_knapsack, the_cheapest_genome_of_a_chain_is_found_exactly)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        set_up(&fix, 11, 3, 3.0, seed); /* conversions dearer than layers */
        uint8_t genome[11];
        double cost;
        cr_assert_eq(
            amct_cheapest(&fix.space, &fix.chain, &fix.memo, 1, 2000, genome, &cost, &fix.err),
            AMCT_OK);
        cr_assert_eq(cost, synthetic_cost(&fix.s, genome));
        cr_assert_float_eq(cost, synthetic_optimum(&fix.s, INFINITY), 1e-6, "seed %d", (int)seed);
        tear_down(&fix);
    }
}

/* Pays only if all genes are at level 1 or, a little, if the last one is. */
static amct_status all_or_nothing(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    (void)ctx;
    (void)err;
    int ones = 0;
    for (int g = 0; g < 20; g++)
        ones += genome[g] == 1;
    *cost_ns = ones == 20 ? 50 : 100 + ones - 2 * (genome[19] == 1 && ones == 1);
    return AMCT_OK;
}

Test(search_knapsack, the_cheapest_genome_is_found_behind_a_ridge)
{
    uint8_t levels[20], genome[20];
    memset(levels, 3, sizeof levels);
    amct_space space = {.n_genes = 20, .n_levels = levels};
    amct_memo memo;
    amct_chain chain;
    amct_err err;
    double cost;
    amct_memo_start(&memo, 20, all_or_nothing, NULL, NULL);
    cr_assert_eq(amct_chain_start(&chain, &space, &err), AMCT_OK);
    cr_assert_eq(amct_cheapest(&space, &chain, &memo, 1, 20000, genome, &cost, &err), AMCT_OK);
    cr_assert_eq(cost, 50);
    amct_chain_end(&chain);
    amct_memo_end(&memo);
}
