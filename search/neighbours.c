#include "search/neighbours.h"

#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ORIGINS = 8,
    MOVES = 48,
    KEPT = 64,
    ALIKE = 2, /* proposed at a time with one move in common: they are foreseen alike wrongly */
};
static const double ratio_sd = 0.33, least_sd = 0.1;

/* One gene at another level. */
typedef struct move {
    uint32_t gene;
    uint8_t level;
    double cost_ns, sum; /* what it changes */
    double worth;
} move;

/* A member that was measured. */
typedef struct origin {
    uint32_t member;
    double cost_ns, screened_ns;
    double log_loss, sum; /* as if it had not been refined */
} origin;

typedef struct neighbour {
    uint32_t origin;
    move moves[2]; /* the second of gene UINT32_MAX: there is none */
    double hoped;  /* expected gain; 0: it is not one any more */
    bool proposed;
} neighbour;

typedef struct walk {
    amct_breeder *breeder;
    amct_search *search;
    double incumbent_ns;
    origin origins[ORIGINS];
    uint32_t n_origins;
    move down[MOVES], up[MOVES]; /* of one origin: cheaper ones, less lossy ones; the best first */
    uint32_t n_down, n_up;
    neighbour kept[KEPT]; /* the most promising by added costs, of all */
    uint32_t n_kept;
} walk;

static const uint8_t *genome_of(const walk *w, const origin *o)
{
    return amct_genomes_at(&w->search->archive.genomes, o->member);
}

static double chance(const walk *w, const origin *o, double sum)
{
    double ratio = log(fmax(sum, 1e-12) / o->sum);
    double limit = w->search->drop.limit_loss;
    double off = log(limit) - o->log_loss - ratio;
    off = 0.5 * (off + log(limit) - amct_surrogate_foreseen(w->breeder->surrogate, sum));
    return amct_normal_cdf(off / hypot(least_sd, ratio_sd * ratio));
}

static void keep_move(move *list, uint32_t *n, const move *m)
{
    uint32_t at = *n < MOVES ? *n : MOVES;
    while (at > 0 && m->worth > list[at - 1].worth)
        at--;
    if (at == MOVES)
        return;
    *n += *n < MOVES;
    memmove(&list[at + 1], &list[at], (*n - 1 - at) * sizeof *list);
    list[at] = *m;
}

static amct_status find_moves(walk *w, const origin *o, amct_err *err)
{
    const amct_chain *chain = w->breeder->chain;
    const double *terms = amct_surrogate_terms(w->breeder->surrogate);
    uint8_t *child = w->breeder->child;
    w->n_down = w->n_up = 0;
    memcpy(child, genome_of(w, o), chain->space.n_genes);
    for (uint32_t g = 0; g < chain->space.n_genes; g++) {
        uint8_t had = child[g];
        const double *own = terms + chain->first[g];
        for (uint8_t l = 0; l < chain->space.n_levels[g]; l++) {
            double cost;
            if (l == had)
                continue;
            child[g] = l;
            AMCT_TRY(amct_memo_screen(&w->search->memo, child, &cost, err));
            move m = {g, l, cost - o->screened_ns, own[l] - own[had], 0};
            double least = 1e-3 * o->sum;
            if (m.cost_ns < 0) {
                m.worth = -m.cost_ns / fmax(m.sum, least);
                keep_move(w->down, &w->n_down, &m);
            } else if (m.sum < 0) {
                m.worth = -m.sum / fmax(m.cost_ns, 1e-6 * o->cost_ns);
                keep_move(w->up, &w->n_up, &m);
            }
        }
        child[g] = had;
    }
    return AMCT_OK;
}

static void consider(walk *w, const origin *o, const move *a, const move *b)
{
    double cost = o->cost_ns + a->cost_ns + (b ? b->cost_ns : 0);
    if (cost >= w->incumbent_ns || (b && b->gene == a->gene))
        return;
    double likely = chance(w, o, o->sum + a->sum + (b ? b->sum : 0));
    neighbour n = {(uint32_t)(o - w->origins),
                   {*a, {.gene = UINT32_MAX}},
                   amct_engine_hoped(w->search, cost, likely),
                   false};
    if (b)
        n.moves[1] = *b;
    uint32_t at = w->n_kept < KEPT ? w->n_kept : KEPT;
    while (at > 0 && n.hoped > w->kept[at - 1].hoped)
        at--;
    if (!(n.hoped > 0) || at == KEPT)
        return;
    w->n_kept += w->n_kept < KEPT;
    memmove(&w->kept[at + 1], &w->kept[at], (w->n_kept - 1 - at) * sizeof *w->kept);
    w->kept[at] = n;
}

static void find_neighbours(walk *w, const origin *o)
{
    for (uint32_t i = 0; i < w->n_down; i++) {
        consider(w, o, &w->down[i], NULL);
        for (uint32_t k = i + 1; k < w->n_down; k++)
            consider(w, o, &w->down[i], &w->down[k]);
        for (uint32_t k = 0; k < w->n_up; k++)
            consider(w, o, &w->down[i], &w->up[k]);
    }
    for (uint32_t i = 0; i < w->n_up; i++) {
        consider(w, o, &w->up[i], NULL);
        for (uint32_t k = i + 1; k < w->n_up; k++)
            consider(w, o, &w->up[i], &w->up[k]);
    }
}

static void make(const walk *w, const neighbour *n)
{
    uint8_t *child = w->breeder->child;
    memcpy(child, genome_of(w, &w->origins[n->origin]), w->breeder->chain->space.n_genes);
    for (int i = 0; i < 2; i++)
        if (n->moves[i].gene != UINT32_MAX)
            child[n->moves[i].gene] = n->moves[i].level;
    amct_engine_canonical(w->search, child);
}

static bool have_common(const neighbour *a, const neighbour *b)
{
    for (int i = 0; i < 4; i++) {
        const move *of_a = &a->moves[i / 2], *of_b = &b->moves[i % 2];
        if (of_a->gene != UINT32_MAX && of_a->gene == of_b->gene && of_a->level == of_b->level)
            return true;
    }
    return false;
}

static bool enough_alike(const walk *w, const neighbour *n)
{
    int alike = 0;
    for (uint32_t i = 0; i < w->n_kept; i++)
        alike += w->kept[i].proposed && have_common(&w->kept[i], n);
    return alike >= ALIKE;
}

/* The most promising by screened costs, those that are worth it by exact ones. */
static amct_status propose(walk *w, uint32_t limit, amct_err *err)
{
    amct_search *search = w->search;
    uint8_t *child = w->breeder->child;
    while (search->n_asks < limit) {
        double greatest = 0, likely = 0, cost;
        uint32_t best = w->n_kept;
        for (uint32_t i = 0; i < w->n_kept; i++) {
            neighbour *n = &w->kept[i];
            if (!(n->hoped > 0) || enough_alike(w, n))
                continue;
            const origin *o = &w->origins[n->origin];
            make(w, n);
            AMCT_TRY(amct_memo_screen(&search->memo, child, &cost, err));
            double at = chance(w, o, amct_surrogate_sum(w->breeder->surrogate, child));
            n->hoped = amct_engine_hoped(search, o->cost_ns + cost - o->screened_ns, at);
            if (amct_engine_asked(search, child))
                n->hoped = 0;
            else if (n->hoped > greatest) {
                greatest = n->hoped;
                likely = at;
                best = i;
            }
        }
        if (best == w->n_kept)
            break;
        make(w, &w->kept[best]);
        w->kept[best].hoped = 0;
        AMCT_TRY(amct_memo_cost(&search->memo, child, &cost, err));
        if (amct_engine_hoped(search, cost, likely) > 0)
            AMCT_TRY(
                amct_engine_propose(search, child, AMCT_SLOT_RACED, &w->kept[best].proposed, err));
    }
    return AMCT_OK;
}

static amct_status start_from(walk *w, uint32_t member, amct_err *err)
{
    const amct_search *search = w->search;
    origin *o = &w->origins[w->n_origins];
    o->member = member;
    o->cost_ns = search->archive.members[member].cost_ns;
    o->log_loss = log(amct_engine_unrefined_loss(search, member));
    o->sum = amct_surrogate_sum(w->breeder->surrogate, genome_of(w, o));
    AMCT_TRY(amct_memo_screen(&w->search->memo, genome_of(w, o), &o->screened_ns, err));
    if (!(o->sum > 0))
        return AMCT_OK;
    w->n_origins++;
    AMCT_TRY(find_moves(w, o, err));
    find_neighbours(w, o);
    return AMCT_OK;
}

amct_status amct_neighbours(amct_breeder *breeder, amct_search *search, uint32_t limit,
                            amct_err *err)
{
    if (search->archive.best == AMCT_GENOMES_NONE || search->n_asks >= limit ||
        !(search->drop.limit_loss > 0))
        return AMCT_OK;
    walk *w = calloc(1, sizeof *w);
    if (!w)
        return amct_fail_nomem(err);
    w->breeder = breeder;
    w->search = search;
    w->incumbent_ns = amct_engine_incumbent_ns(search);
    amct_parents parents;
    amct_evolve_parents(search, false, &parents);
    amct_status status = AMCT_OK;
    for (uint32_t i = 0; status == AMCT_OK && i < parents.n && i < ORIGINS; i++)
        status = start_from(w, parents.numbers[i], err);
    if (status == AMCT_OK)
        status = propose(w, limit, err);
    free(w);
    return status;
}
