#include "search/neighbours.h"

#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOVES = 48, KEPT = 64 };
static const double ratio_sd = 0.33, least_sd = 0.1;

/* One gene at another level. */
typedef struct move {
    uint32_t gene;
    uint8_t level;
    double cost_ns, sum; /* what it changes */
    double worth;
} move;

typedef struct neighbour {
    move moves[2]; /* the second of gene UINT32_MAX: there is none */
    double hoped;  /* expected gain */
} neighbour;

typedef struct walk {
    amct_breeder *breeder;
    amct_search *search;
    const uint8_t *parent;
    double parent_ns, log_loss, sum; /* of the parent, as if it had not been refined */
    double screened_ns;              /* the same as parent_ns, but screened */
    move down[MOVES], up[MOVES];     /* cheaper ones, less lossy ones; the best first */
    uint32_t n_down, n_up;
    neighbour kept[KEPT]; /* the most promising by added costs */
    uint32_t n_kept;
} walk;

static double chance(const walk *w, double sum)
{
    double ratio = log(fmax(sum, 1e-12) / w->sum);
    double limit = w->search->drop.limit_loss;
    double off = log(limit) - w->log_loss - ratio;
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

static amct_status find_moves(walk *w, amct_err *err)
{
    const amct_chain *chain = w->breeder->chain;
    const double *terms = amct_surrogate_terms(w->breeder->surrogate);
    uint8_t *child = w->breeder->child;
    memcpy(child, w->parent, chain->space.n_genes);
    for (uint32_t g = 0; g < chain->space.n_genes; g++) {
        uint8_t had = child[g];
        const double *own = terms + chain->first[g];
        for (uint8_t l = 0; l < chain->space.n_levels[g]; l++) {
            double cost;
            if (l == had)
                continue;
            child[g] = l;
            AMCT_TRY(amct_memo_screen(&w->search->memo, child, &cost, err));
            move m = {g, l, cost - w->screened_ns, own[l] - own[had], 0};
            double least = 1e-3 * w->sum;
            if (m.cost_ns < 0) {
                m.worth = -m.cost_ns / fmax(m.sum, least);
                keep_move(w->down, &w->n_down, &m);
            } else if (m.sum < 0) {
                m.worth = -m.sum / fmax(m.cost_ns, 1e-6 * w->parent_ns);
                keep_move(w->up, &w->n_up, &m);
            }
        }
        child[g] = had;
    }
    return AMCT_OK;
}

static void consider(walk *w, const move *a, const move *b)
{
    double gain = -a->cost_ns - (b ? b->cost_ns : 0);
    if (gain <= AMCT_LEAST_GAIN * w->parent_ns || (b && b->gene == a->gene))
        return;
    double likely = chance(w, w->sum + a->sum + (b ? b->sum : 0));
    neighbour n = {{*a, {.gene = UINT32_MAX}}, gain * likely};
    if (b)
        n.moves[1] = *b;
    uint32_t at = w->n_kept < KEPT ? w->n_kept : KEPT;
    while (at > 0 && n.hoped > w->kept[at - 1].hoped)
        at--;
    if (likely < AMCT_LEAST_CHANCE || at == KEPT)
        return;
    w->n_kept += w->n_kept < KEPT;
    memmove(&w->kept[at + 1], &w->kept[at], (w->n_kept - 1 - at) * sizeof *w->kept);
    w->kept[at] = n;
}

static void find_neighbours(walk *w)
{
    for (uint32_t i = 0; i < w->n_down; i++) {
        consider(w, &w->down[i], NULL);
        for (uint32_t k = i + 1; k < w->n_down; k++)
            consider(w, &w->down[i], &w->down[k]);
        for (uint32_t k = 0; k < w->n_up; k++)
            consider(w, &w->down[i], &w->up[k]);
    }
}

static void make(const walk *w, const neighbour *n)
{
    uint8_t *child = w->breeder->child;
    memcpy(child, w->parent, w->breeder->chain->space.n_genes);
    for (int i = 0; i < 2; i++)
        if (n->moves[i].gene != UINT32_MAX)
            child[n->moves[i].gene] = n->moves[i].level;
    amct_engine_canonical(w->search, child);
}

/* The most promising by screened costs, those that are cheaper by exact ones. */
static amct_status propose(walk *w, uint32_t limit, amct_err *err)
{
    amct_search *search = w->search;
    uint8_t *child = w->breeder->child;
    while (search->n_asks < limit) {
        double greatest = 0, cost;
        uint32_t best = w->n_kept;
        for (uint32_t i = 0; i < w->n_kept; i++) {
            if (!(w->kept[i].hoped > 0))
                continue;
            make(w, &w->kept[i]);
            AMCT_TRY(amct_memo_screen(&search->memo, child, &cost, err));
            double gain = w->screened_ns - cost - AMCT_LEAST_GAIN * w->parent_ns;
            double hoped = gain * chance(w, amct_surrogate_sum(w->breeder->surrogate, child));
            if (gain <= 0 || amct_engine_asked(search, child))
                w->kept[i].hoped = 0;
            else if (hoped > greatest) {
                greatest = hoped;
                best = i;
            }
        }
        if (best == w->n_kept)
            break;
        make(w, &w->kept[best]);
        w->kept[best].hoped = 0;
        AMCT_TRY(amct_memo_cost(&search->memo, child, &cost, err));
        if (cost < w->parent_ns * (1 - AMCT_LEAST_GAIN))
            AMCT_TRY(amct_engine_propose(search, child, AMCT_SLOT_RACED, NULL, err));
    }
    return AMCT_OK;
}

amct_status amct_neighbours(amct_breeder *breeder, amct_search *search, uint32_t limit,
                            amct_err *err)
{
    uint32_t best = search->archive.best;
    if (best == AMCT_GENOMES_NONE || breeder->roster->n || search->n_asks >= limit ||
        !(search->drop.limit_loss > 0))
        return AMCT_OK;
    const amct_member *m = &search->archive.members[best];
    walk *w = calloc(1, sizeof *w);
    if (!w)
        return amct_fail_nomem(err);
    w->breeder = breeder;
    w->search = search;
    w->parent = memcpy(breeder->best, amct_genomes_at(&search->archive.genomes, best),
                       breeder->chain->space.n_genes);
    w->parent_ns = m->cost_ns;
    w->log_loss = log(amct_engine_unrefined_loss(search, best));
    w->sum = amct_surrogate_sum(breeder->surrogate, w->parent);
    amct_status status = amct_memo_screen(&search->memo, w->parent, &w->screened_ns, err);
    if (status == AMCT_OK && w->sum > 0)
        status = find_moves(w, err);
    if (status == AMCT_OK && w->sum > 0) {
        find_neighbours(w);
        status = propose(w, limit, err);
    }
    free(w);
    return status;
}
