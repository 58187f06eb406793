#include "search/memo.h"

#include <math.h>
#include <stdlib.h>

void amct_memo_start(amct_memo *memo, uint32_t n_genes, amct_cost_fn *cost, void *ctx)
{
    *memo = (amct_memo){.cost = cost, .ctx = ctx};
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
    if (memo->known.count == memo->capacity) {
        size_t capacity = memo->capacity ? 2 * memo->capacity : 256;
        double *costs = realloc(memo->costs_ns, capacity * sizeof *costs);
        if (!costs)
            return amct_fail_nomem(err);
        memo->costs_ns = costs;
        memo->capacity = capacity;
    }
    uint32_t number = amct_genomes_add(&memo->known, genome);
    if (number == AMCT_GENOMES_NONE)
        return amct_fail_nomem(err);
    memo->costs_ns[number] = cost_ns;
    return AMCT_OK;
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
    AMCT_TRY(memo->cost(memo->ctx, genome, &cost, err));
    if (!isfinite(cost) || cost < 0)
        return amct_fail(err, AMCT_E_PLUGIN, "the estimated latency is %g ns", cost);
    AMCT_TRY(remember(memo, genome, cost, err));
    *cost_ns = cost;
    return AMCT_OK;
}
