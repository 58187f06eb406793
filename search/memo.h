/*
 * memo.h - the cost function, asked once per genome.
 *
 * At most AMCT_MEMO_BYTES are kept; when they are full all is forgotten and asked anew, which
 * changes the number of calls and nothing else.
 */
#ifndef AMCT_SEARCH_MEMO_H
#define AMCT_SEARCH_MEMO_H

#include "base/err.h"
#include "search/genomes.h"

enum { AMCT_MEMO_BYTES = 64 << 20 };

/* The exact latency of a genome in *cost_ns; deterministic. */
typedef amct_status amct_cost_fn(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err);

typedef struct amct_memo {
    amct_cost_fn *cost;
    void *ctx;
    amct_genomes known;
    double *costs_ns; /* by number in known */
    size_t capacity;
    uint64_t calls;
} amct_memo;

void amct_memo_start(amct_memo *memo, uint32_t n_genes, amct_cost_fn *cost, void *ctx);
void amct_memo_end(amct_memo *memo);
/* A cost that is negative or not finite is an error. */
amct_status amct_memo_cost(amct_memo *memo, const uint8_t *genome, double *cost_ns, amct_err *err);

#endif
