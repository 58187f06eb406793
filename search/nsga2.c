/*
 * The algorithm "nsga2": NSGA-II (nondominated.h) on latency and the logarithm of loss, for
 * comparison, and where nothing of the knapsack's assumptions holds. The first population is
 * random, stratified, with the genomes of one level for all among it. Then binary tournaments by
 * front and crowding distance, uniform crossover, and mutation of one gene on average; parents and
 * offspring compete for the next population.
 *
 * With a budget a loss beyond four times the limit is a violation (constrained domination): such
 * candidates are parents only while there is nothing better. All are raced, since a race only
 * spares samples; a candidate that was given up counts with the loss foreseen.
 */
#include "search/draw.h"
#include "search/engine.h"
#include "search/nondominated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POPULATION = 16, ATTEMPTS = 256 };
static const double beyond = 4; /* of the limit: a violation */

typedef struct nsga2 {
    uint32_t size;                     /* of the population */
    amct_point points[2 * POPULATION]; /* parents, then offspring; number: the member */
    uint32_t n_parents, n;
    uint32_t asked;   /* of this generation */
    uint32_t uniform; /* levels that all genes were set to */
    uint64_t draws;   /* number the generators: (seed, draw) */
    uint8_t *child;
    uint32_t *genes;
} nsga2;

static void end(void *self)
{
    nsga2 *a = self;
    free(a->child);
    free(a->genes);
    free(a);
}

static void *start(const amct_search *search)
{
    uint32_t n_genes = search->problem.space.n_genes;
    nsga2 *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->child = calloc(n_genes, 1);
    a->genes = calloc(n_genes, sizeof *a->genes);
    if (!a->child || !a->genes) {
        end(a);
        return NULL;
    }
    /* At least eight generations. */
    uint32_t size = search->options.evaluations / 8;
    a->size = size < 4 ? 4 : size < POPULATION ? size : POPULATION;
    return a;
}

/* One level for all, from the deepest; false when all were had. */
static bool make_uniform(nsga2 *a, const amct_space *space)
{
    uint32_t most = 0;
    for (uint32_t g = 0; g < space->n_genes; g++)
        most = space->n_levels[g] > most ? space->n_levels[g] : most;
    if (a->uniform + 1 >= most)
        return false;
    uint32_t level = most - ++a->uniform;
    for (uint32_t g = 0; g < space->n_genes; g++)
        a->child[g] = (uint8_t)(level < space->n_levels[g] ? level : space->n_levels[g] - 1u);
    return true;
}

static const uint8_t *draw_parent(const nsga2 *a, const amct_search *search, amct_pcg *rng)
{
    const amct_point *x = &a->points[amct_pcg_below(rng, a->n_parents)];
    const amct_point *y = &a->points[amct_pcg_below(rng, a->n_parents)];
    return amct_genomes_at(&search->archive.genomes,
                           amct_point_before(y, x) ? y->number : x->number);
}

static void breed(nsga2 *a, const amct_search *search, amct_pcg *rng)
{
    const amct_space *space = &search->problem.space;
    const uint8_t *mother = draw_parent(a, search, rng), *father = draw_parent(a, search, rng);
    bool cross = amct_pcg_below(rng, 10) > 0;
    for (uint32_t g = 0; g < space->n_genes; g++)
        a->child[g] = (cross && amct_pcg_below(rng, 2) ? father : mother)[g];
    uint32_t n = 0;
    for (uint32_t g = 0; g < space->n_genes; g++)
        if (space->n_levels[g] > 1)
            a->genes[n++] = g;
    for (uint32_t i = 0; i < n; i++)
        if (amct_pcg_below(rng, n) == 0) { /* to any of the others, evenly */
            uint32_t g = a->genes[i];
            uint32_t level = amct_pcg_below(rng, space->n_levels[g] - 1u);
            a->child[g] = (uint8_t)(level + (level >= a->child[g]));
        }
}

static amct_status propose(nsga2 *a, amct_search *search, bool *added, amct_err *err)
{
    amct_pcg rng = amct_pcg_new(search->options.seed, ++a->draws);
    *added = false;
    for (int i = 0; i < ATTEMPTS && !*added; i++) {
        if (a->n_parents)
            breed(a, search, &rng);
        else if (!make_uniform(a, &search->problem.space))
            amct_draw_stratified(a->child, &search->problem.space, a->genes, &rng);
        AMCT_TRY(amct_engine_propose(search, a->child, AMCT_SLOT_RACED, added, err));
    }
    a->asked += *added;
    return AMCT_OK;
}

/* The best of parents and offspring become parents. */
static amct_status select_parents(nsga2 *a, const amct_search *search, amct_err *err)
{
    double limit = search->drop.limit_loss * beyond;
    for (uint32_t i = 0; i < a->n; i++) {
        const amct_member *member = &search->archive.members[a->points[i].number];
        double loss, sd;
        amct_engine_foreseen(search, &member->score, &loss, &sd);
        a->points[i].cost = member->cost_ns;
        a->points[i].loss = log(loss);
        a->points[i].violation = limit > 0 && loss > limit ? log(loss / limit) : 0;
    }
    AMCT_TRY(amct_nondominated_sort(a->points, a->n, err));
    a->n = a->n < a->size ? a->n : a->size;
    a->n_parents = a->n;
    a->asked = 0;
    return AMCT_OK;
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    nsga2 *a = self;
    bool added = true;
    search->phase = a->n_parents ? "generations" : "first population";
    if (a->asked >= a->size)
        AMCT_TRY(select_parents(a, search, err));
    while (added && a->asked < a->size && amct_engine_room(search))
        AMCT_TRY(propose(a, search, &added, err));
    if (!search->n_asks) {
        bool used = search->archive.genomes.count == search->options.evaluations;
        amct_engine_finish(search, used ? AMCT_SEARCH_EVALUATIONS : AMCT_SEARCH_EXHAUSTED);
    }
    return AMCT_OK;
}

static void told(void *self, amct_search *search, const amct_slot *slot, const amct_score *score)
{
    nsga2 *a = self;
    (void)search;
    if (score && a->n < 2 * POPULATION)
        a->points[a->n++].number = slot->member;
}

const amct_algorithm amct_algorithm_nsga2 = {
    .name = "nsga2",
    .summary = "NSGA-II on latency and loss",
    .start = start,
    .end = end,
    .next = next,
    .told = told,
};
