/* The algorithm "auto": the warm start, knapsacks on single losses. */
#include "search/auto.h"

#include <string.h>

enum { POLISH_ROUNDS = 24, TARGETS = 8, LEANING = 2 /* round */ };

/* The cheapest genome by these terms that is predicted to lose at most `loss`, in a->genome. */
static amct_status solve_terms(amct_auto *a, amct_search *search, const double *terms, double loss,
                               amct_err *err)
{
    double target = amct_surrogate_sum_of(a->surrogate, loss), cost;
    AMCT_TRY(amct_knapsack_exact(&a->chain, terms, target, a->breeder.penalty, &a->breeder.price,
                                 a->genome, err));
    return amct_polish(&a->chain, &search->memo, terms, target, POLISH_ROUNDS, a->genome, &cost,
                       err);
}

amct_status amct_auto_solve(amct_auto *a, amct_search *search, double loss, amct_err *err)
{
    return solve_terms(a, search, amct_surrogate_terms(a->surrogate), loss, err);
}

/* Proposes the cheapest with the genes of one kind alone; it replaces the genome in base if it is
 * cheaper than *base_ns. */
static amct_status solve_kind(amct_auto *a, amct_search *search, uint8_t kind, double loss,
                              double *base_ns, uint8_t *base, amct_err *err)
{
    const amct_space *space = &search->problem.space;
    const double *terms = amct_surrogate_terms(a->surrogate);
    double too_much = 4 * amct_surrogate_sum_of(a->surrogate, loss), cost;
    for (uint32_t g = 0; g < space->n_genes; g++)
        for (uint32_t i = a->chain.first[g] + 1; i < a->chain.first[g + 1]; i++)
            a->breeder.terms[i] = space->kinds[g] == kind ? terms[i] : too_much;
    for (uint32_t g = 0; g < space->n_genes; g++)
        a->breeder.terms[a->chain.first[g]] = 0;
    AMCT_TRY(solve_terms(a, search, a->breeder.terms, loss, err));
    AMCT_TRY(amct_memo_cost(&search->memo, a->genome, &cost, err));
    if (cost < *base_ns) {
        *base_ns = cost;
        memcpy(base, a->genome, space->n_genes);
    }
    return amct_auto_propose(a, search, err);
}

/* Builds the chain of costs around where the search will be, not around the original. */
static amct_status place_chain(amct_auto *a, amct_search *search, double limit, amct_err *err)
{
    const amct_space *space = &search->problem.space;
    uint8_t *base = a->breeder.best;
    double base_ns;
    AMCT_TRY(amct_auto_solve(a, search, limit, err));
    AMCT_TRY(amct_memo_cost(&search->memo, a->genome, &base_ns, err));
    memcpy(base, a->genome, space->n_genes);
    for (uint8_t kind = 0; amct_auto_has_kinds(space) && kind < AMCT_GENE_KINDS; kind++)
        if (amct_auto_has_kind(space, kind))
            AMCT_TRY(solve_kind(a, search, kind, limit, &base_ns, base, err));
    return amct_chain_build(&a->chain, &search->memo, base, AMCT_AUTO_SETUP_CALLS, err);
}

/* The cheapest as costs look from where the genes of one kind are at their fastest: which of its
 * levels pay differs there, as several of them may pay only together. */
static amct_status ask_leaning(amct_auto *a, amct_search *search, double limit, amct_err *err)
{
    for (int kind = 0; kind < AMCT_GENE_KINDS; kind++) {
        if (!a->fastest_of[kind])
            continue;
        const uint8_t *base = amct_genomes_at(&search->archive.genomes, a->fastest_of[kind]);
        memcpy(a->breeder.best, base, search->problem.space.n_genes);
        AMCT_TRY(amct_chain_build(&a->chain, &search->memo, a->breeder.best,
                                  AMCT_AUTO_SETUP_CALLS / 4, err));
        for (double part = 1; part > 0.4; part -= 0.5) {
            AMCT_TRY(amct_auto_solve(a, search, limit * part, err));
            AMCT_TRY(amct_auto_propose(a, search, err));
        }
    }
    return AMCT_OK;
}

amct_status amct_auto_move_chain(amct_auto *a, amct_search *search, amct_err *err)
{
    uint32_t best = search->archive.best;
    if (best == AMCT_GENOMES_NONE)
        return AMCT_OK;
    memcpy(a->breeder.best, amct_genomes_at(&search->archive.genomes, best),
           search->problem.space.n_genes);
    return amct_chain_build(&a->chain, &search->memo, a->breeder.best, AMCT_AUTO_SETUP_CALLS / 4,
                            err);
}

amct_status amct_auto_ask_warm(amct_auto *a, amct_search *search, amct_err *err)
{
    /* In order of worth, for small batches. */
    static const double spread[2][TARGETS] = {{1, 0.5, 2, 0.7, 1.4, 0.25, 4, 0.12},
                                              {1, 0.85, 1.15, 0.92, 1.08, 0.75, 1.3, 0.6}};
    search->phase = "warm start";
    uint32_t round = a->round++;
    bool feasible = amct_engine_incumbent_ns(search) < search->original_ns;
    if (round > LEANING && (feasible || !amct_engine_demand_less(search))) {
        amct_auto_enter(a, AMCT_AUTO_REFINE);
        return AMCT_OK;
    }
    double limit = search->drop.limit_loss;
    if (!(limit > 0))
        return AMCT_OK;
    if (round == 0)
        AMCT_TRY(place_chain(a, search, limit, err));
    if (round == LEANING)
        return amct_auto_has_kinds(&search->problem.space) ? ask_leaning(a, search, limit, err)
                                                           : AMCT_OK;
    for (int i = 0; i < TARGETS; i++) {
        AMCT_TRY(amct_auto_solve(a, search, limit * spread[round > 0][i], err));
        AMCT_TRY(amct_auto_propose(a, search, err));
    }
    return AMCT_OK;
}
