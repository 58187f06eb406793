/*
 * The baseline "amct-rollback": the accuracy-based automatic calibration of Huawei's AMCT. All
 * genes at one level; if that is not good enough, genes go back to level 0 in order of their
 * sensitivity, the worst first, and the length of that prefix is found by binary search; the last
 * prefix that was good enough is the answer. AMCT has one quantised level, so each level is tried
 * in turn. It ranks layers by the cosine similarity of their outputs; here the ranking is by the
 * loss of the network with the gene alone at the level, which is at least as good.
 */
#include "search/probes.h"

#include <stdlib.h>

typedef struct rollback {
    amct_probes probes;
    uint32_t level, n_levels;
    uint32_t n; /* genes that have the level, ranked */
    uint32_t *ranking;
    double *losses; /* of genes, at the level */
    uint8_t *genome;
    /* Binary search: prefixes left .. right are open; -1 is the empty prefix. */
    int64_t left, right, middle;
    bool began;
    uint32_t member; /* being measured */
} rollback;

static void end(void *self)
{
    rollback *r = self;
    amct_probes_end(&r->probes);
    free(r->ranking);
    free(r->losses);
    free(r->genome);
    free(r);
}

static void *start(const amct_search *search)
{
    const amct_space *space = &search->problem.space;
    amct_err err;
    rollback *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->ranking = calloc(space->n_genes, sizeof *r->ranking);
    r->losses = calloc(space->n_genes, sizeof *r->losses);
    r->genome = calloc(space->n_genes, 1);
    if (!r->ranking || !r->losses || !r->genome ||
        amct_probes_start(&r->probes, space, &err) != AMCT_OK) {
        end(r);
        return NULL;
    }
    for (uint32_t g = 0; g < space->n_genes; g++)
        r->n_levels = space->n_levels[g] > r->n_levels ? space->n_levels[g] : r->n_levels;
    return r;
}

/* The genes of the level, most lossy first; of equals the first one. */
static void rank(rollback *r, const amct_search *search)
{
    r->n = 0;
    for (uint32_t g = 0; g < search->problem.space.n_genes; g++) {
        if (r->level >= search->n_levels[g])
            continue;
        r->losses[g] = r->probes.losses[r->probes.first[g] + r->level];
        uint32_t at = r->n++;
        for (; at > 0 && r->losses[r->ranking[at - 1]] < r->losses[g]; at--)
            r->ranking[at] = r->ranking[at - 1];
        r->ranking[at] = g;
    }
}

static amct_status ask_prefix(rollback *r, amct_search *search, amct_err *err)
{
    for (uint32_t g = 0; g < search->problem.space.n_genes; g++)
        r->genome[g] = r->level < search->n_levels[g] ? (uint8_t)r->level : 0;
    for (int64_t i = 0; i <= r->middle; i++)
        r->genome[r->ranking[i]] = 0;
    AMCT_TRY(amct_engine_propose(search, r->genome, AMCT_SLOT_UNRACED, NULL, err));
    r->member = amct_engine_member(search, r->genome);
    return AMCT_OK;
}

/* Takes the answer for the last prefix; false when the binary search is over. */
static bool narrow(rollback *r, const amct_search *search)
{
    const amct_member *member = &search->archive.members[r->member];
    bool good = member->state == AMCT_MEMBER_FULL && member->drop.margin >= 0;
    if (r->middle < 0) { /* all genes at the level */
        r->left = 0;
        r->right = (int64_t)r->n - 2; /* all of them rolled back is the original */
        if (good)
            return false;
    } else if (good) {
        r->right = r->middle - 1;
    } else {
        r->left = r->middle + 1;
    }
    r->middle = (r->left + r->right) / 2;
    return r->left <= r->right;
}

static void plan_probes(rollback *r, amct_search *search)
{
    for (uint32_t g = 0; g < search->problem.space.n_genes; g++)
        if (r->level < search->n_levels[g])
            amct_probes_plan(&r->probes, g, r->level);
    search->probes_planned = r->probes.n;
}

static amct_status next(void *self, amct_search *search, amct_err *err)
{
    rollback *r = self;
    while (!search->n_asks) {
        AMCT_TRY(amct_probes_propose(&r->probes, search, err));
        if (search->n_asks) {
            search->phase = "single genes";
            break;
        }
        if (!amct_engine_room(search)) {
            amct_engine_finish(search, AMCT_SEARCH_EVALUATIONS);
            break;
        }
        search->phase = "rollback";
        if (r->level == 0 || (r->began && !narrow(r, search))) {
            if (++r->level >= r->n_levels) {
                amct_engine_finish(search, AMCT_SEARCH_COMPLETE);
                break;
            }
            r->began = false;
            plan_probes(r, search);
            continue;
        }
        if (!r->began) {
            rank(r, search);
            r->began = true;
            r->middle = -1;
        }
        AMCT_TRY(ask_prefix(r, search, err));
    }
    return AMCT_OK;
}

static void told(void *self, amct_search *search, const amct_slot *slot, const amct_score *score)
{
    rollback *r = self;
    (void)search;
    if (slot->kind == AMCT_SLOT_PROBE)
        amct_probes_told(&r->probes, slot, score);
}

const amct_algorithm amct_algorithm_rollback = {
    .name = "amct-rollback",
    .summary = "AMCT's: one level for all, back to the original by sensitivity, binary search",
    .kinds = 1u << AMCT_GENE_BITS,
    .start = start,
    .end = end,
    .next = next,
    .told = told,
};
