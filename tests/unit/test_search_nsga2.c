/* The order of NSGA-II, and how near its front comes to the true one. */
#include "search/engine.h"
#include "search/nondominated.h"

#include "base/pcg.h"
#include "synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static synthetic net;
static amct_err err;

Test(search_nsga2, fronts_and_distances_of_a_small_population)
{
    amct_point p[] = {
        {.cost = 1, .loss = 10, .number = 0},
        {.cost = 4, .loss = 4, .number = 1},
        {.cost = 2, .loss = 6, .number = 2},
        {.cost = 9, .loss = 1, .number = 3},
        {.cost = 4, .loss = 6, .number = 4},
        {.cost = 9, .loss = 9, .number = 5},
        {.cost = 0, .loss = 0, .violation = 1, .number = 6},
    };
    cr_assert_eq(amct_nondominated_sort(p, 7, &err), AMCT_OK);
    /* Front 0: 0, 2, 1, 3, of which 0 and 3 are its ends; then 4, then 5, then what is forbidden.
     */
    static const uint32_t order[] = {0, 3, 1, 2, 4, 5, 6}, fronts[] = {0, 0, 0, 0, 1, 2, 3};
    for (int i = 0; i < 7; i++) {
        cr_assert_eq(p[i].number, order[i], "place %d has %u", i, p[i].number);
        cr_assert_eq(p[i].front, fronts[i]);
    }
    cr_assert(isinf(p[0].crowding) && isinf(p[1].crowding));
    cr_assert_float_eq(p[2].crowding, (9.0 - 2) / 8 + (6.0 - 1) / 9, 1e-12);
    cr_assert_float_eq(p[3].crowding, (4.0 - 1) / 8 + (10.0 - 4) / 9, 1e-12);
}

/* The definition: as deep as the longest row of points of which each dominates the next. */
static uint32_t depth_of(const amct_point *points, uint32_t n, uint32_t i)
{
    uint32_t depth = 0;
    for (uint32_t k = 0; k < n; k++)
        if (amct_point_dominates(&points[k], &points[i])) {
            uint32_t d = 1 + depth_of(points, n, k);
            depth = d > depth ? d : depth;
        }
    return depth;
}

Test(search_nsga2, fronts_are_those_of_the_definition)
{
    amct_pcg rng = amct_pcg_new(3, 3);
    for (int round = 0; round < 200; round++) {
        amct_point p[14];
        uint32_t n = 1 + amct_pcg_below(&rng, 14);
        for (uint32_t i = 0; i < n; i++) /* ties on purpose */
            p[i] = (amct_point){.cost = amct_pcg_below(&rng, 6),
                                .loss = amct_pcg_below(&rng, 6),
                                .violation = amct_pcg_below(&rng, 4) ? 0 : amct_pcg_below(&rng, 3),
                                .number = i};
        cr_assert_eq(amct_nondominated_sort(p, n, &err), AMCT_OK);
        for (uint32_t i = 0; i < n; i++) {
            cr_assert_eq(p[i].front, depth_of(p, n, i));
            cr_assert(i == 0 || !amct_point_before(&p[i], &p[i - 1]));
        }
    }
}

typedef struct corner {
    double cost, loss;
} corner;

static int by_cost(const void *left, const void *right)
{
    const corner *a = left, *b = right;
    return a->cost != b->cost ? (a->cost < b->cost ? -1 : 1)
                              : (a->loss > b->loss) - (a->loss < b->loss);
}

/* Area between the points and (original cost, most loss), both axes as shares of it. */
static double hypervolume(corner *points, size_t n, double original, double most)
{
    double area = 0, least = most;
    qsort(points, n, sizeof *points, by_cost);
    for (size_t i = 0; i < n; i++)
        if (points[i].loss < least && points[i].cost < original) {
            area += (original - points[i].cost) / original * (least - points[i].loss) / most;
            least = points[i].loss;
        }
    return area;
}

/* Of the candidates that an algorithm asks, as a share of that of all genomes. */
static double share_of_front(const char *algorithm, uint64_t seed)
{
    enum { GENES = 6, ALL = 4096 };
    static corner asked[1024], all[ALL];
    synthetic_make(&net, (synthetic_shape){.n_genes = GENES, .n_levels = 4, .boundary = 0.2}, seed);
    amct_search_problem problem = synthetic_problem(&net, 1024, 0);
    amct_search_options options = amct_search_defaults();
    options.algorithm = algorithm;
    options.seed = seed;
    options.evaluations = 300;
    problem.budget_ratio = 0.02;
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    synthetic_run(&net, search);
    double original = amct_search_get_progress(search).original_ns;
    double most = 4 * search->drop.limit_loss;
    uint32_t n = search->archive.genomes.count;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *genome = amct_genomes_at(&search->archive.genomes, i);
        asked[i] = (corner){search->archive.members[i].cost_ns, synthetic_loss(&net, genome)};
    }
    uint8_t genome[GENES] = {0};
    size_t k = 0;
    do
        all[k++] = (corner){synthetic_cost(&net, genome), synthetic_loss(&net, genome)};
    while (amct_space_next(&problem.space, genome));
    cr_assert_eq(k, ALL);
    amct_search_free(search);
    return hypervolume(asked, n, original, most) / hypervolume(all, ALL, original, most);
}

Test(search_nsga2, its_front_comes_near_the_true_one_and_nearer_than_random_does)
{
    int better = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        double share = share_of_front("nsga2", seed), random = share_of_front("random", seed);
        cr_assert_leq(share, 1 + 1e-9);
        cr_assert_geq(share, 0.95, "seed %d: %.4f of the hypervolume", (int)seed, share);
        better += share > random;
    }
    cr_assert_geq(better, 11, "better than random on %d of 12", better);
}

Test(search_nsga2, a_small_space_is_used_up)
{
    synthetic_make(&net, (synthetic_shape){.n_genes = 3, .n_levels = 3, .noise = true}, 1);
    amct_search_problem problem = synthetic_problem(&net, 512, 0);
    amct_search_options options = amct_search_defaults();
    options.algorithm = "nsga2";
    amct_search *search;
    cr_assert_eq(amct_search_new(&search, &problem, &options, &err), AMCT_OK);
    synthetic_run(&net, search);
    cr_assert_eq(amct_search_ended(search), AMCT_SEARCH_EXHAUSTED);
    /* Nearly all of the 27 genomes: crossover and mutation may not find the last ones. */
    cr_assert_geq(amct_search_get_progress(search).evaluations, 20);
    amct_search_free(search);
}
