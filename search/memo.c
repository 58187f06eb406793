#include "search/memo.h"

#include "base/grow.h"

#include <math.h>
#include <stdlib.h>

void amct_memo_start(amct_memo *memo, uint32_t n_genes, amct_cost_fn *cost, amct_cost_fn *screen,
                     void *ctx)
{
    *memo = (amct_memo){.cost = cost, .screen = screen, .ctx = ctx};
    amct_genomes_start(&memo->known, n_genes);
}

void amct_memo_end(amct_memo *memo)
{
    amct_genomes_end(&memo->known);
    free(memo->costs_ns);
    *memo = (amct_memo){0};
}

static amct_status remember(amct_memo *memo, const uint8_t *genome, double cost_ns, amct_err *err)
{
    size_t entry = memo->known.n_genes + sizeof *memo->costs_ns + 2 * sizeof(uint32_t);
    if (memo->known.count >= AMCT_MEMO_BYTES / entry)
        amct_genomes_clear(&memo->known);
    AMCT_TRY(amct_grow(&memo->costs_ns, memo->known.count, &memo->capacity, sizeof *memo->costs_ns,
                       err));
    uint32_t number = amct_genomes_add(&memo->known, genome);
    if (number == AMCT_GENOMES_NONE)
        return amct_fail_nomem(err);
    memo->costs_ns[number] = cost_ns;
    return AMCT_OK;
}

static amct_status ask(amct_cost_fn *fn, void *ctx, const uint8_t *genome, double *cost_ns,
                       amct_err *err)
{
    AMCT_TRY(fn(ctx, genome, cost_ns, err));
    return isfinite(*cost_ns) && *cost_ns >= 0
               ? AMCT_OK
               : amct_fail(err, AMCT_E_PLUGIN, "the estimated latency is %g ns", *cost_ns);
}

amct_status amct_memo_cost(amct_memo *memo, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    uint32_t number = amct_genomes_find(&memo->known, genome);
    if (number != AMCT_GENOMES_NONE) {
        *cost_ns = memo->costs_ns[number];
        return AMCT_OK;
    }
    double cost = 0;
    memo->calls++;
    AMCT_TRY(ask(memo->cost, memo->ctx, genome, &cost, err));
    AMCT_TRY(remember(memo, genome, cost, err));
    *cost_ns = cost;
    return AMCT_OK;
}

amct_status amct_memo_screen(amct_memo *memo, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    double cost = 0;
    if (!memo->screen)
        return amct_memo_cost(memo, genome, cost_ns, err);
    memo->screens++;
    AMCT_TRY(ask(memo->screen, memo->ctx, genome, &cost, err));
    *cost_ns = cost;
    return AMCT_OK;
}

uint64_t amct_memo_spent(const amct_memo *memo)
{
    return memo->calls + memo->screens / AMCT_MEMO_SCREENS;
}
