/* How good the searches are, on problems whose answers are known. */
#include "search/engine.h"
#include "search/search.h"

#include "base/paired.h"
#include "base/pcg.h"
#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static synthetic net;
static amct_err err;

static amct_search *solve(synthetic_shape shape, uint64_t seed, const char *algorithm,
                          uint32_t evaluations, uint32_t samples, uint32_t confirm)
{
    synthetic_make(&net, shape, seed);
    amct_search_problem problem = synthetic_problem(&net, samples, confirm);
    amct_search_options options = amct_search_defaults();
    options.algorithm = algorithm;
    options.evaluations = evaluations;
    options.seed = seed;
    options.refinements = 0; /* what they add: test_search_refining.c */
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK, "%s", err.text);
    synthetic_run(&net, search);
    return search;
}

static double best_of(const amct_search *search)
{
    amct_search_progress progress = amct_search_get_progress(search);
    return isnan(progress.best_ns) ? progress.original_ns : progress.best_ns;
}

/* (Best found - least cost with the loss that the search allows itself) / the latter. */
static double gap_of(synthetic_shape shape, uint64_t seed, uint32_t evaluations)
{
    amct_search *search = solve(shape, seed, "auto", evaluations, 1024, 0);
    double gap = best_of(search) / synthetic_optimum(&net, search->drop.limit_loss) - 1;
    amct_search_free(search);
    return gap;
}

Test(search_auto, separable_problems_are_solved)
{
    static const synthetic_shape shapes[] = {{.n_genes = 10, .n_levels = 4},
                                             {.n_genes = 12, .n_levels = 3},
                                             {.n_genes = 12, .n_levels = 2}};
    double sum = 0;
    for (int k = 0; k < 3; k++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            double gap = gap_of(shapes[k], seed, 60);
            cr_assert_leq(gap, 0.005, "shape %d, seed %d: %g", k, (int)seed, gap);
            sum += gap;
        }
    cr_assert_leq(sum / 60, 0.0005, "%g", sum / 60);
}

Test(search_auto, problems_with_boundaries_are_solved)
{
    static const double boundaries[] = {0.15, 0.5, 1.5};
    for (int k = 0; k < 3; k++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            synthetic_shape shape = {.n_genes = 11, .n_levels = 3, .boundary = boundaries[k]};
            double gap = gap_of(shape, seed, 70);
            cr_assert_leq(gap, 0.005, "boundary %g, seed %d: %g", boundaries[k], (int)seed, gap);
        }
}

/* A lower bound of the least cost within a loss: dynamic programming over the chain with losses
 * rounded down to `BUCKETS` steps. */
static double lower_bound(const synthetic *s, double limit)
{
    enum { BUCKETS = 8000 };
    static double now[SYNTHETIC_LEVELS][BUCKETS + 1], next[SYNTHETIC_LEVELS][BUCKETS + 1];
    for (uint32_t l = 0; l < SYNTHETIC_LEVELS; l++)
        for (int b = 0; b <= BUCKETS; b++)
            now[l][b] = l == 0 && b == 0 ? s->fixed_ns : INFINITY;
    for (uint32_t g = 0; g < s->shape.n_genes; g++) {
        for (uint32_t l = 0; l < SYNTHETIC_LEVELS; l++)
            for (int b = 0; b <= BUCKETS; b++)
                next[l][b] = INFINITY;
        for (uint32_t l = 0; l < s->shape.n_levels; l++) {
            double steps = floor(s->loss[g][l] / limit * BUCKETS);
            for (uint32_t k = 0; k < s->shape.n_levels && steps <= BUCKETS; k++) {
                double cost = s->cost_ns[g][l];
                cost += g && (l == 0) != (k == 0) ? s->boundary_ns[g] : 0;
                for (int b = (int)steps; b <= BUCKETS; b++)
                    next[l][b] = fmin(next[l][b], now[k][b - (int)steps] + cost);
            }
        }
        memcpy(now, next, sizeof now);
    }
    double best = INFINITY;
    for (uint32_t l = 0; l < s->shape.n_levels; l++)
        for (int b = 0; b <= BUCKETS; b++)
            best = fmin(best, now[l][b]);
    return best;
}

Test(search_auto, large_chains_are_solved_within_a_percent)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        synthetic_shape shape = {.n_genes = 40, .n_levels = 4, .boundary = 0.3};
        amct_search *search = solve(shape, seed, "auto", 200, 1024, 0);
        double bound = lower_bound(&net, search->drop.limit_loss);
        cr_assert_lt(best_of(search), 1.01 * bound, "seed %d: %g", (int)seed,
                     best_of(search) / bound - 1);
        cr_assert_gt(best_of(search), 0.98 * bound, "the bound is none");
        amct_search_free(search);
    }
}

/* As measured on networks; see drop.h and synthetic.h. */
static const synthetic_shape noisy = {.n_genes = 16,
                                      .n_levels = 4,
                                      .boundary = 0.15,
                                      .interaction = 0.15,
                                      .deviation = 0.1,
                                      .noise = true};

Test(search_auto, the_winner_respects_the_budget_in_95_percent_of_runs)
{
    enum { RUNS = 200 };
    int within = 0, feasible = 0, rejected = 0;
    double rejected_cost = 0, cost = 0, used = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        amct_search *search = solve(noisy, seed, "auto", 100, 512, 0);
        amct_finalist best;
        amct_search_progress progress = amct_search_get_progress(search);
        if (amct_search_finalists(search, &best, 1) && best.feasible) {
            double drop = synthetic_drop(&net, best.genome);
            feasible++;
            within += drop <= 0.01;
            used += drop / 0.01;
        }
        rejected += (int)progress.rejected;
        rejected_cost += (double)progress.rejected_samples / 512;
        cost += (double)progress.samples / 512;
        amct_search_free(search);
    }
    cr_assert_geq(feasible, 0.99 * RUNS);
    cr_assert_geq(within, 0.95 * feasible, "%d of %d", within, feasible);
    /* Nor is safety had by giving everything away. */
    cr_assert_gt(used / feasible, 0.45, "%.2f of the budget used", used / feasible);
    cr_assert_gt(rejected, 2 * RUNS, "%d", rejected);
    cr_assert_leq(rejected_cost / rejected, 0.3, "%.3f", rejected_cost / rejected);
    cr_assert_leq(rejected_cost / cost, 0.1, "%.3f", rejected_cost / cost);
}

Test(search_auto, a_small_space_is_not_tried_for_what_is_hardly_likely)
{
    synthetic_shape shape = noisy;
    shape.n_genes = 5;
    shape.n_levels = 5;
    double rejected = 0, samples = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        amct_search *search = solve(shape, seed, "auto", 200, 512, 0);
        amct_search_progress progress = amct_search_get_progress(search);
        rejected += (double)progress.rejected_samples;
        samples += (double)progress.samples;
        amct_search_free(search);
    }
    cr_assert_leq(rejected / samples, 0.1, "%.3f", rejected / samples);
}

Test(search_auto, agreement_respects_the_budget_too)
{
    enum { RUNS = 60 };
    synthetic_shape shape = noisy;
    shape.agreement = true;
    int within = 0, feasible = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        amct_search *search = solve(shape, seed, "auto", 60, 512, 0);
        amct_finalist best;
        if (amct_search_finalists(search, &best, 1) && best.feasible) {
            feasible++;
            within += synthetic_drop(&net, best.genome) <= 0.01;
        }
        amct_search_free(search);
    }
    cr_assert_geq(feasible, 0.8 * RUNS, "%d", feasible);
    cr_assert_geq(within, 0.95 * feasible, "%d of %d", within, feasible);
}

Test(search_auto, the_winner_is_proven_on_the_samples_it_was_planned_for)
{
    enum { RUNS = 60 };
    static const uint32_t confirm[] = {1000, 5000};
    for (int k = 0; k < 2; k++) {
        int met = 0, feasible = 0;
        for (uint64_t seed = 1; seed <= RUNS; seed++) {
            amct_search *search = solve(noisy, seed, "auto", 60, 512, confirm[k]);
            amct_finalist best;
            if (amct_search_get_progress(search).provable &&
                amct_search_finalists(search, &best, 1) && best.feasible) {
                double drop = synthetic_drop(&net, best.genome);
                double changed = fmax(net.changes * sqrt(synthetic_loss(&net, best.genome)), drop);
                amct_pcg rng = amct_pcg_new(seed, 99);
                uint32_t lost = 0, gained = 0;
                for (uint32_t i = 0; i < confirm[k]; i++) {
                    double u = amct_pcg_unit(&rng);
                    lost += u < (changed + drop) / 2;
                    gained += u >= (changed + drop) / 2 && u < changed;
                }
                feasible++;
                met += amct_paired_interval(confirm[k], lost, gained, 0.95).hi <= 0.01;
            }
            amct_search_free(search);
        }
        cr_assert_geq(feasible, 0.8 * RUNS, "%u samples: %d", confirm[k], feasible);
        cr_assert_geq(met, (AMCT_DROP_LIKELY - 0.05) * feasible, "%u samples: %d of %d", confirm[k],
                      met, feasible);
    }
}

Test(search_auto, auto_beats_random_and_rollback_at_equal_evaluations)
{
    static const char *names[] = {"auto", "random", "amct-rollback", "uniform"};
    double speedup[4] = {0};
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (int k = 0; k < 4; k++) {
            amct_search *search = solve(noisy, seed, names[k], 50, 512, 0);
            speedup[k] += amct_search_get_progress(search).original_ns / best_of(search) / 20;
            amct_search_free(search);
        }
    cr_assert_gt(speedup[0], speedup[1] * 1.2, "auto %.3f, random %.3f", speedup[0], speedup[1]);
    cr_assert_gt(speedup[0], speedup[2] * 1.03, "auto %.3f, rollback %.3f", speedup[0], speedup[2]);
    cr_assert_gt(speedup[0], speedup[3] * 1.03, "auto %.3f, uniform %.3f", speedup[0], speedup[3]);
}

/* ---- The front ------------------------------------------------------------------------------ */

typedef struct point {
    double cost, loss;
} point;

static int by_cost(const void *left, const void *right)
{
    const point *a = left, *b = right;
    return a->cost != b->cost ? (a->cost < b->cost ? -1 : 1) : a->loss < b->loss ? -1 : 1;
}

/* The area of [0, cost] x [log of 1e-4, log of loss] that the points dominate. */
static double hypervolume(point *points, size_t n, double cost, double loss)
{
    double area = 0, reached = log(loss);
    qsort(points, n, sizeof *points, by_cost);
    for (size_t i = 0; i < n && points[i].cost < cost; i++) {
        double log_loss = log(fmax(points[i].loss, 1e-4));
        if (log_loss < reached) {
            area += (cost - points[i].cost) * (reached - log_loss);
            reached = log_loss;
        }
    }
    return area;
}

Test(search_auto, the_front_covers_most_of_what_there_is)
{
    enum { N = 6561 };
    static point all[N], found[64];
    double worst = 1;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        synthetic_shape shape = {.n_genes = 8, .n_levels = 3, .boundary = 0.2};
        amct_search *search = solve(shape, seed, "auto", 80, 1024, 0);
        if (amct_search_ended(search) == AMCT_SEARCH_FASTEST_MEETS) {
            amct_search_free(search);
            continue;
        }
        uint8_t genome[8] = {0};
        for (int i = 0; i < N; i++) {
            all[i] = (point){synthetic_cost(&net, genome), synthetic_loss(&net, genome)};
            amct_space_next(&search->problem.space, genome);
        }
        static amct_finalist front[64];
        size_t n = amct_search_front(search, front, 64);
        cr_assert_gt(n, 5);
        for (size_t i = 0; i < n; i++)
            found[i] = (point){front[i].cost_ns, synthetic_loss(&net, front[i].genome)};
        double original = amct_search_get_progress(search).original_ns;
        double loss = 20 * search->drop.limit_loss;
        double share = hypervolume(found, n, original, loss) / hypervolume(all, N, original, loss);
        cr_assert_leq(share, 1 + 1e-12);
        worst = fmin(worst, share);
        amct_search_free(search);
    }
    cr_assert_gt(worst, 0.82, "%.3f", worst);
}

/* ---- Reasons for stopping ------------------------------------------------------------------- */

Test(search_auto, a_fastest_assignment_within_budget_ends_the_search)
{
    synthetic_shape shape = {.n_genes = 20, .n_levels = 2, .boundary = 0.1};
    amct_search *search = solve(shape, 3, "auto", 400, 4096, 0);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_FASTEST_MEETS);
    cr_assert_str_eq(amct_search_reason(search),
                     "the fastest assignment is within the budget on the search samples");
    amct_search_progress progress = amct_search_get_progress(search);
    cr_assert_eq(progress.evaluations, 1);
    cr_assert_float_eq(progress.best_ns, lower_bound(&net, 1e9), 1e-3);
    amct_search_free(search);
}

Test(search_auto, evaluations_used_up_are_the_reason)
{
    amct_search *search = solve(noisy, 1, "auto", 22, 512, 0);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_EVALUATIONS);
    cr_assert_str_eq(amct_search_reason(search), "all 22 evaluations are used");
    cr_assert_eq(amct_search_get_progress(search).evaluations, 22);
    amct_search_free(search);
}

Test(search_auto, a_search_without_gain_stalls)
{
    synthetic_make(&net, noisy, 2);
    amct_search_problem problem = synthetic_problem(&net, 512, 0);
    amct_search_options options = amct_search_defaults();
    options.stall = 5;
    options.front = 0;
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    synthetic_run(&net, search);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_STALLED);
    cr_assert_str_eq(amct_search_reason(search),
                     "5 evaluations in a row brought no gain of 0.1 %");
    amct_search_free(search);
}

Test(search_auto, a_small_space_is_exhausted)
{
    synthetic_shape shape = {.n_genes = 6, .n_levels = 4, .boundary = 0.2};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        amct_search *search = solve(shape, seed, "auto", 400, 1024, 0);
        if (amct_search_ended(search) != AMCT_SEARCH_FASTEST_MEETS) {
            cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_EXHAUSTED);
            cr_assert_str_eq(amct_search_reason(search),
                             "nothing faster is left that is foreseen to meet the budget");
            double limit = search->drop.limit_loss;
            cr_assert_leq(best_of(search), synthetic_optimum(&net, limit) * 1.005);
        }
        amct_search_free(search);
    }
}

Test(search_auto, too_few_samples_to_confirm_are_told)
{
    amct_search *search = solve(noisy, 1, "auto", 60, 512, 300);
    amct_search_progress progress = amct_search_get_progress(search);
    cr_assert_not(progress.provable);
    cr_assert_eq(progress.best_ns, progress.likely_ns);
    amct_search_free(search);
    search = solve(noisy, 1, "auto", 60, 512, 1000);
    progress = amct_search_get_progress(search);
    cr_assert(progress.provable);
    cr_assert_lt(progress.likely_ns, progress.best_ns);
    amct_search_free(search);
}

Test(search_auto, few_samples_are_searched_without_racing)
{
    amct_search *search = solve(noisy, 4, "auto", 60, 100, 0);
    amct_search_progress progress = amct_search_get_progress(search);
    cr_assert_eq(progress.rejected, 0);
    cr_assert_lt(progress.best_ns, progress.original_ns);
    amct_search_free(search);
}

Test(search_auto, spaces_of_many_levels_are_probed_in_part)
{
    synthetic_shape shape = noisy;
    shape.n_genes = 40;
    shape.n_levels = 16;
    amct_search *search = solve(shape, 1, "auto", 60, 512, 0);
    amct_search_progress progress = amct_search_get_progress(search);
    /* A quarter of 60 evaluations of 512 samples are 120 probes of 64: three of each gene. */
    cr_assert_leq(progress.samples, 120 * 64 + 60 * 512);
    cr_assert_lt(progress.best_ns, progress.original_ns / 1.2);
    amct_finalist best;
    cr_assert_eq(amct_search_finalists(search, &best, 1), 1);
    cr_assert_lt(synthetic_drop(&net, best.genome), 0.01);
    amct_search_free(search);
}

/* ---- Levels that pay only together ------------------------------------------------------------
 */

enum { BITS = 6, GROUPS = 8 };

/* Bits of genes 0 and 4 gain much, but only both together: a tensor that two layers read. */
static amct_status by_pair(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *error)
{
    (void)ctx;
    (void)error;
    double cost = 100;
    cost += genome[0] && genome[4] ? -12 : genome[0] || genome[4] ? 3 : 0;
    for (int g = 1; g < BITS; g++)
        cost -= g != 4 && genome[g] ? 2 : 0;
    for (int g = 0; g < GROUPS; g++)
        cost -= 2.5 * genome[BITS + g];
    *cost_ns = cost;
    return AMCT_OK;
}

static double pair_loss(const uint8_t *genome)
{
    double loss = 1e-6;
    for (int g = 0; g < BITS; g++)
        loss += genome[g] ? 0.003 : 0;
    for (int g = 0; g < GROUPS; g++)
        loss += 0.002 * genome[BITS + g] * sqrt(genome[BITS + g]) * (1 + 0.1 * g);
    return loss;
}

Test(search_auto, levels_that_pay_only_together_are_found)
{
    static const uint8_t levels[BITS + GROUPS] = {2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4};
    static const uint8_t kinds[BITS + GROUPS] = {
        [BITS] = AMCT_GENE_CHANNELS, AMCT_GENE_CHANNELS, AMCT_GENE_CHANNELS, AMCT_GENE_CHANNELS,
        AMCT_GENE_CHANNELS,          AMCT_GENE_CHANNELS, AMCT_GENE_CHANNELS, AMCT_GENE_CHANNELS};
    amct_search_problem problem = {.space = {BITS + GROUPS, levels, kinds},
                                   .cost = by_pair,
                                   .budget_ratio = 0.01,
                                   .confidence = 0.95,
                                   .search_samples = 1024,
                                   .labels = true};
    amct_search_options options = amct_search_defaults();
    options.evaluations = 60;
    options.refinements = 0;
    amct_search *search;
    const amct_ask *asks;
    amct_result results[8];
    size_t n;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK, "%s", err.text);
    while (amct_search_ask(search, &asks, &n, &err) == AMCT_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            double loss = pair_loss(asks[i].genome);
            amct_score score = {0};
            uint32_t upto;
            results[i] = (amct_result){.number = asks[i].number};
            while (amct_race_step(&asks[i].race, &score, &upto) == AMCT_RACE_CONTINUE) {
                score = (amct_score){.n = upto,
                                     .lost = (uint32_t)lround(0.17 * loss * upto),
                                     .loss_sum = loss * upto,
                                     .loss_sum_sq = loss * loss * upto};
                results[i].scores[results[i].n_scores++] = score;
            }
        }
        cr_assert_eq(amct_search_tell(search, results, n, &err), AMCT_OK, "%s", err.text);
    }
    amct_finalist best;
    cr_assert_eq(amct_search_finalists(search, &best, 1), 1);
    cr_assert(best.feasible);
    cr_assert(best.genome[0] && best.genome[4], "%g ns", best.cost_ns);
    amct_search_free(search);
}
