/*
 * pcg.h - pcg32 (XSH-RR 64/32), M.E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient
 * Statistically Good Algorithms for Random Number Generation", HMC-CS-2014-0905 (2014).
 *
 * The same seed and stream give the same numbers on every machine.
 */
#ifndef AMCT_BASE_PCG_H
#define AMCT_BASE_PCG_H

#include <stdint.h>

typedef struct amct_pcg {
    uint64_t state, inc;
} amct_pcg;

static inline uint32_t amct_pcg_next(amct_pcg *rng)
{
    uint64_t old = rng->state;
    rng->state = old * 6364136223846793005u + rng->inc;
    uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return (shifted >> turn) | (shifted << (-turn & 31));
}

static inline amct_pcg amct_pcg_new(uint64_t seed, uint64_t stream)
{
    amct_pcg rng = {0, stream << 1 | 1};
    amct_pcg_next(&rng);
    rng.state += seed;
    amct_pcg_next(&rng);
    return rng;
}

/* Uniform in [0, bound), without bias; bound > 0. */
static inline uint32_t amct_pcg_below(amct_pcg *rng, uint32_t bound)
{
    uint32_t threshold = -bound % bound;
    for (;;) {
        uint32_t r = amct_pcg_next(rng);
        if (r >= threshold)
            return r % bound;
    }
}

/* Uniform in [0, 1) with 32 bits. */
static inline double amct_pcg_unit(amct_pcg *rng)
{
    return amct_pcg_next(rng) * 0x1p-32;
}

#endif
