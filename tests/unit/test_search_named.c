/* The algorithms that others have, and those of one kind of genes. */
#include "search/engine.h"
#include "search/search.h"

#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static synthetic net;
static amct_err err;

static amct_search *make(const char *algorithm, synthetic_shape shape, uint64_t seed)
{
    synthetic_make(&net, shape, seed);
    amct_search_problem problem = synthetic_problem(&net, 1024, 0);
    amct_search_options options = amct_search_defaults();
    options.algorithm = algorithm;
    options.seed = seed;
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK, "%s", err.text);
    return search;
}

static amct_search *solve(const char *algorithm, synthetic_shape shape, uint64_t seed)
{
    amct_search *search = make(algorithm, shape, seed);
    synthetic_run(&net, search);
    return search;
}

static const uint8_t *member(const amct_search *search, uint32_t i)
{
    return amct_genomes_at(&search->archive.genomes, i);
}

static const uint8_t *best(const amct_search *search)
{
    cr_assert_neq(search->archive.best, AMCT_GENOMES_NONE);
    return member(search, search->archive.best);
}

Test(search_named, algorithms_of_one_kind_leave_the_others_alone)
{
    static const struct {
        const char *name;
        uint32_t kind;
    } list[] = {{"bits-only", AMCT_GENE_BITS},
                {"amct-ilp", AMCT_GENE_BITS},
                {"amct-rollback", AMCT_GENE_BITS},
                {"prune-only", AMCT_GENE_CHANNELS},
                {"amct-greedy-prune", AMCT_GENE_CHANNELS},
                {"rank-only", AMCT_GENE_RANK},
                {"amct-fixed-rank", AMCT_GENE_RANK}};
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        cr_assert_eq(amct_search_algorithm_kinds(list[k].name), 1u << list[k].kind);
        amct_search *search =
            solve(list[k].name, (synthetic_shape){.n_genes = 12, .n_levels = 4, .noise = true}, 2);
        uint32_t n = search->archive.genomes.count, changed = 0;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t g = 0; g < 12; g++) {
                cr_assert(net.kinds[g] == list[k].kind || member(search, i)[g] == 0, "%s",
                          list[k].name);
                changed += member(search, i)[g] != 0;
            }
        cr_assert_gt(changed, 0, "%s", list[k].name);
        amct_search_free(search);
    }
    cr_assert_eq(amct_search_algorithm_kinds("auto"), 7);
    cr_assert_eq(amct_search_algorithm_kinds("chain"), 7);
    cr_assert_eq(amct_search_algorithm_kinds("annealing"), 0);
}

Test(search_named, auto_of_one_kind_finds_the_best_of_that_kind)
{
    static const char *const names[] = {"bits-only", "prune-only", "rank-only"};
    for (uint32_t kind = 0; kind < 3; kind++)
        for (uint64_t seed = 1; seed <= 8; seed++) {
            amct_search *search =
                solve(names[kind], (synthetic_shape){.n_genes = 24, .n_levels = 4, .boundary = 0.1},
                      seed);
            for (uint32_t g = 0; g < 24; g++)
                if (net.kinds[g] != kind)
                    net.n_levels[g] = 1;
            double optimum = synthetic_optimum(&net, search->drop.limit_loss);
            double found = amct_engine_incumbent_ns(search);
            cr_assert_leq(found, optimum * 1.003, "%s, seed %d: %g", names[kind], (int)seed,
                          found / optimum);
            amct_search_free(search);
        }
}

Test(search_named, ask_for_a_table_that_is_missing_and_for_kinds_that_exist)
{
    synthetic_make(&net, (synthetic_shape){.n_genes = 6, .n_levels = 3}, 1);
    amct_search_problem problem = synthetic_problem(&net, 256, 0);
    amct_search_options options = amct_search_defaults();
    amct_search *search = NULL;
    problem.bit_ops = NULL;
    options.algorithm = "amct-ilp";
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "algorithm amct-ilp needs a table of bit operations");
    net.kinds[3] = AMCT_GENE_KINDS;
    options.algorithm = "auto";
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "gene 3 is of kind 3, wanted 0 to 2");
}

static double bit_ops_of(const uint8_t *genome)
{
    double sum = 0;
    for (uint32_t g = 0; g < net.shape.n_genes; g++)
        sum +=
            net.bit_ops[g * net.shape.n_levels + genome[g]] - net.bit_ops[g * net.shape.n_levels];
    return sum;
}

/* Fewest bit operations of all genomes that change bits only, within a loss. */
static double fewest(const amct_space *bits, double loss)
{
    uint8_t genome[SYNTHETIC_GENES] = {0};
    double least = 0;
    do
        if (synthetic_loss(&net, genome) <= loss)
            least = fmin(least, bit_ops_of(genome));
    while (amct_space_next(bits, genome));
    return least;
}

Test(search_named, each_integer_program_is_solved)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        amct_search *search =
            solve("amct-ilp", (synthetic_shape){.n_genes = 18, .n_levels = 4}, seed);
        uint32_t n = search->archive.genomes.count;
        cr_assert(n >= 2 && n <= 9, "%u", n);
        for (uint32_t i = 0; i < n; i++) {
            const uint8_t *genome = member(search, i);
            /* Losses are counted in thousandths of the bound, rounded up. */
            double bound = fewest(&search->problem.space, 0.99 * synthetic_loss(&net, genome));
            cr_assert_leq(bit_ops_of(genome), bound + 1e-6);
        }
        /* Between the answer and what is not good enough there is at most a step of the bounds. */
        double lost = INFINITY;
        for (uint32_t i = 0; i < n; i++)
            if (!amct_engine_within(search, i, 1))
                lost = fmin(lost, synthetic_loss(&net, member(search, i)));
        cr_assert_lt(synthetic_loss(&net, best(search)), lost);
        cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_COMPLETE);
        amct_search_free(search);
    }
}

static int by_bit_ops(const void *left, const void *right)
{
    double a = bit_ops_of(*(const uint8_t *const *)left);
    double b = bit_ops_of(*(const uint8_t *const *)right);
    return a < b ? -1 : a > b;
}

Test(search_named, greedy_pruning_takes_what_loses_least_per_bit_operation_first)
{
    int searched = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        amct_search *search =
            solve("amct-greedy-prune", (synthetic_shape){.n_genes = 30, .n_levels = 3}, seed);
        uint32_t n = search->archive.genomes.count;
        const uint8_t *row[64];
        cr_assert_leq(n, 6);
        for (uint32_t i = 0; i < n; i++)
            row[i] = member(search, i);
        qsort(row, n, sizeof *row, by_bit_ops);
        for (uint32_t i = 1; i < n; i++) /* of one row: each has what the next one has, and more */
            for (uint32_t g = 0; g < 30; g++)
                cr_assert(row[i][g] == 0 || row[i - 1][g] != 0);
        for (uint32_t i = 0; i < n; i++) {
            /* No move that was left out is better than one that was taken. */
            double worst = 0, first = INFINITY;
            for (uint32_t g = 10; g < 20; g++) {
                const double *ops = net.bit_ops + 3 * g;
                for (uint32_t l = 1; l < 3; l++) {
                    double price = net.loss[g][l] / (ops[0] - ops[l]);
                    if (row[i][g] == l)
                        worst = fmax(worst, price);
                    else if (row[i][g] == 0)
                        first = fmin(first, price);
                }
            }
            /* A gene at its second level got there in two moves, its price on the whole the lower.
             */
            cr_assert_leq(worst, first * (1 + 1e-9), "seed %d: %g taken, %g left", (int)seed, worst,
                          first);
        }
        searched += n > 2;
        amct_search_free(search);
    }
    cr_assert_gt(searched, 4);
}

Test(search_named, the_fixed_rank_is_one_candidate)
{
    amct_search *search =
        solve("amct-fixed-rank", (synthetic_shape){.n_genes = 9, .n_levels = 3}, 1);
    static const uint8_t wanted[9] = {0, 0, 0, 0, 0, 0, 1, 1, 1};
    cr_assert_eq(search->archive.genomes.count, 1);
    cr_assert_arr_eq(member(search, 0), wanted, 9);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_COMPLETE);
    amct_search_free(search);
}

Test(search_named, chain_goes_from_stage_to_stage_each_within_its_share)
{
    int full = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        amct_search *search =
            make("chain", (synthetic_shape){.n_genes = 24, .n_levels = 4, .boundary = 0.1}, seed);
        const amct_ask *asks;
        amct_result results[8];
        size_t n;
        /* Of the candidates of a stage: what it left behind in the genes of the stages before. */
        uint8_t left[2][24] = {{0}};
        int seen[3] = {0};
        while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
            const char *phase = amct_search_get_progress(search).phase;
            int stage = strcmp(phase, "factorising") == 0  ? 0
                        : strcmp(phase, "pruning") == 0    ? 1
                        : strcmp(phase, "quantising") == 0 ? 2
                                                           : -1;
            for (size_t i = 0; i < n; i++) {
                results[i] = synthetic_measure(&net, &asks[i]);
                if (stage < 0) {
                    cr_assert(asks[i].probe);
                    continue;
                }
                for (uint32_t g = 0; g < 24; g++) {
                    int turn = AMCT_GENE_RANK - net.kinds[g];
                    if (turn > stage)
                        cr_assert_eq(asks[i].genome[g], 0);
                    if (turn < stage && seen[stage])
                        cr_assert_eq(asks[i].genome[g], left[stage - 1][g]);
                    if (turn < stage)
                        left[stage - 1][g] = asks[i].genome[g];
                }
                seen[stage]++;
            }
            cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK);
        }
        cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_COMPLETE);
        double limit = search->drop.limit_loss;
        for (int k = 0; k < 2; k++) /* the limit moves a little while the estimate learns */
            cr_assert_leq(synthetic_loss(&net, left[k]), 1.2 * limit * (k + 1) / 3, "seed %d, %d",
                          (int)seed, k);
        full += seen[0] && seen[1] && seen[2] && synthetic_loss(&net, left[1]) > 0;
        cr_assert_leq(synthetic_loss(&net, best(search)), 1.2 * limit);
        amct_search_free(search);
    }
    cr_assert_gt(full, 7);
}

Test(search_named, chain_does_without_kinds_that_have_no_choice)
{
    synthetic_make(&net, (synthetic_shape){.n_genes = 9, .n_levels = 4}, 3);
    memset(net.kinds, AMCT_GENE_BITS, 9);
    amct_search_problem problem = synthetic_problem(&net, 1024, 0);
    amct_search_options options = amct_search_defaults();
    options.algorithm = "chain";
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    synthetic_run(&net, search);
    /* All of the budget is there for bits. */
    double spent = synthetic_loss(&net, best(search)) / search->drop.limit_loss;
    cr_assert(spent > 0.5 && spent < 1.05, "%g", spent);
    amct_search_free(search);
}

Test(search_named, evaluations_are_a_limit_to_all)
{
    for (size_t k = 0; amct_search_algorithm(k, NULL); k++) {
        synthetic_make(&net, (synthetic_shape){.n_genes = 24, .n_levels = 4, .noise = true}, 4);
        amct_search_problem problem = synthetic_problem(&net, 512, 0);
        amct_search_options options = amct_search_defaults();
        options.algorithm = amct_search_algorithm(k, NULL);
        options.evaluations = 3;
        amct_search *search;
        cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
        synthetic_run(&net, search);
        cr_assert_leq(amct_search_get_progress(search).evaluations, 3);
        cr_assert_neq(amct_search_ended(search), AMCT_SEARCH_RUNNING);
        amct_search_free(search);
    }
}
