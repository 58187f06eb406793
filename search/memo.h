/*
 * memo.h - the cost function, asked once per genome, and what is nearly as good and far cheaper.
 *
 * At most AMCT_MEMO_BYTES of costs are kept; when they are full all is forgotten and asked anew,
 * which changes the number of calls and nothing else.
 *
 * The caller may give a second function that screens: it tells a genome's cost nearly, in
 * microseconds. Its error is much the same for genomes that have much in common, so it is asked
 * where many of these are compared: what of them comes out best is then asked of the exact one.
 * Costs of the two are never compared with each other; differences of screened costs may be added
 * to an exact cost. What a candidate is proposed with is always exact.
 */
#ifndef AMCT_SEARCH_MEMO_H
#define AMCT_SEARCH_MEMO_H

#include "base/err.h"
#include "search/genomes.h"

enum { AMCT_MEMO_BYTES = 64 << 20 };

/* The latency of a genome in *cost_ns. One that tells the cost is a function of the genome; one
 * that screens is one of the genomes that both were asked for before, in order, and of this one. */
typedef amct_status amct_cost_fn(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err);

typedef struct amct_memo {
    amct_cost_fn *cost, *screen;
    void *ctx;
    amct_genomes known;
    double *costs_ns; /* by number in known */
    size_t capacity;
    uint64_t calls, screens; /* of the one and the other function */
} amct_memo;

/* screen may be NULL: then cost is asked in its place. */
void amct_memo_start(amct_memo *memo, uint32_t n_genes, amct_cost_fn *cost, amct_cost_fn *screen,
                     void *ctx);
void amct_memo_end(amct_memo *memo);
/* A cost that is negative or not finite is an error. */
amct_status amct_memo_cost(amct_memo *memo, const uint8_t *genome, double *cost_ns, amct_err *err);
amct_status amct_memo_screen(amct_memo *memo, const uint8_t *genome, double *cost_ns,
                             amct_err *err);
/* What was asked so far, in exact costs: of screened ones AMCT_MEMO_SCREENS count as one. */
enum { AMCT_MEMO_SCREENS = 8 };
uint64_t amct_memo_spent(const amct_memo *memo);

#endif
