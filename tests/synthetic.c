#include "synthetic.h"

#include "base/hash.h"
#include "base/pcg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double draw_normal(amct_pcg *rng)
{
    double radius = sqrt(-2 * log(1 - amct_pcg_unit(rng)));
    return radius * cos(2 * M_PI * amct_pcg_unit(rng));
}

/* Mean 1. */
static double draw_lognormal(amct_pcg *rng, double sd)
{
    return exp(sd * draw_normal(rng) - sd * sd / 2);
}

/* Up to four levels as forms of a layer: original, 8 bits, 4 bits of weights, 4 bits. More as
 * ratios of channels. */
static double speed_of(uint32_t level, uint32_t n_levels)
{
    static const double forms[] = {1, 0.62, 0.5, 0.38};
    return n_levels <= 4 ? forms[level] : 1 - 0.7 * level / (n_levels - 1.0);
}

static double lossiness_of(uint32_t level, uint32_t n_levels)
{
    static const double forms[] = {0, 0.01, 0.2, 1};
    return n_levels <= 4 ? forms[level] : pow(level / (n_levels - 1.0), 3);
}

void synthetic_make(synthetic *s, synthetic_shape shape, uint64_t seed)
{
    amct_pcg rng = amct_pcg_new(seed, 77);
    *s = (synthetic){.shape = shape, .seed = seed};
    double mean = 1e6 / shape.n_genes;
    for (uint32_t g = 0; g < shape.n_genes; g++) {
        double size = draw_lognormal(&rng, 0.7), need = draw_lognormal(&rng, 1.0);
        s->n_levels[g] = (uint8_t)shape.n_levels;
        s->boundary_ns[g] = g ? shape.boundary * mean * (0.5 + amct_pcg_unit(&rng)) : 0;
        for (uint32_t l = 0; l < shape.n_levels; l++) {
            double bent = l ? draw_lognormal(&rng, 0.1) : 1;
            s->cost_ns[g][l] = mean * size * speed_of(l, shape.n_levels) * bent;
            s->loss[g][l] =
                lossiness_of(l, shape.n_levels) * need * draw_lognormal(&rng, 0.4) / shape.n_genes;
        }
    }
    /* Bit operations tell more of a gene's size than of what its levels save. */
    double *ops = s->bit_ops;
    for (uint32_t g = 0; g < shape.n_genes; g++) {
        s->kinds[g] = (uint8_t)(g * AMCT_GENE_KINDS / shape.n_genes);
        for (uint32_t l = 0; l < shape.n_levels; l++) {
            double speed = s->cost_ns[g][l] / s->cost_ns[g][0];
            *ops++ = 1e6 + s->cost_ns[g][0] * (speed * speed - 1);
        }
    }
    s->fixed_ns = 2e5;
    s->slope = 0.12 + 0.12 * amct_pcg_unit(&rng);
    s->changes = 0.13 + 0.12 * amct_pcg_unit(&rng);
    for (uint32_t i = 0; i < SYNTHETIC_SAMPLES; i++) {
        /* With the candidate's own factor below: squared relative deviation 9, correlation 0.45. */
        s->difficulty[i] = draw_lognormal(&rng, 1.272);
        s->shared_luck[i] = amct_pcg_unit(&rng);
    }
}

double synthetic_cost(const synthetic *s, const uint8_t *genome)
{
    double cost = s->fixed_ns;
    for (uint32_t g = 0; g < s->shape.n_genes; g++) {
        cost += s->cost_ns[g][genome[g]];
        if (g > 0 && (genome[g] == 0) != (genome[g - 1] == 0))
            cost += s->boundary_ns[g];
    }
    return cost;
}

static amct_status cost_of(void *ctx, const uint8_t *genome, double *cost_ns, amct_err *err)
{
    (void)err;
    *cost_ns = synthetic_cost(ctx, genome);
    return AMCT_OK;
}

amct_search_problem synthetic_problem(synthetic *s, uint32_t search_samples,
                                      uint32_t confirm_samples)
{
    return (amct_search_problem){.space = {s->shape.n_genes, s->n_levels, s->kinds},
                                 .cost = cost_of,
                                 .cost_ctx = s,
                                 .bit_ops = s->bit_ops,
                                 .budget_ratio = 0.01,
                                 .confidence = 0.95,
                                 .search_samples = search_samples,
                                 .confirm_samples = confirm_samples,
                                 .labels = !s->shape.agreement};
}

static amct_pcg own_rng(const synthetic *s, const uint8_t *genome, uint64_t stream)
{
    amct_hash seed = amct_hash_u64((amct_hash){s->seed, 0}, s->seed);
    return amct_pcg_new(amct_hash_bytes(seed, genome, s->shape.n_genes).lo, stream);
}

static double loss_of(const synthetic *s, const uint8_t *genome, bool refined)
{
    double loss = 0;
    uint32_t changed = 0;
    for (uint32_t g = 0; g < s->shape.n_genes; g++) {
        double left = s->shape.left[s->kinds[g]];
        loss += s->loss[g][genome[g]] * (refined && left > 0 ? left : 1);
        changed += genome[g] != 0;
    }
    if (changed > 1 && s->shape.interaction > 0) {
        amct_pcg rng = own_rng(s, genome, 1);
        loss *= exp(s->shape.interaction * draw_normal(&rng));
    }
    return loss;
}

double synthetic_loss(const synthetic *s, const uint8_t *genome)
{
    return loss_of(s, genome, false);
}

double synthetic_refined_loss(const synthetic *s, const uint8_t *genome)
{
    return loss_of(s, genome, true);
}

/* The true drop of a genome of that loss. */
static double drop_of(const synthetic *s, const uint8_t *genome, double loss)
{
    amct_pcg rng = own_rng(s, genome, 2);
    double drop = s->shape.agreement ? s->changes * sqrt(loss) : s->slope * loss;
    return fmin(drop * exp(s->shape.deviation * draw_normal(&rng)), 0.9);
}

double synthetic_drop(const synthetic *s, const uint8_t *genome)
{
    return drop_of(s, genome, synthetic_loss(s, genome));
}

static void add_exact_samples(const synthetic *s, const amct_ask *ask, uint32_t n,
                              amct_score *score)
{
    double loss = loss_of(s, ask->genome, ask->refined);
    score->n = n;
    score->lost = (uint32_t)lround(drop_of(s, ask->genome, loss) * n);
    score->loss_sum = loss * n;
    score->loss_sum_sq = loss * loss * n;
}

static void add_samples(const synthetic *s, const amct_ask *ask, uint32_t upto, amct_pcg *rng,
                        amct_score *score)
{
    double loss = loss_of(s, ask->genome, ask->refined), drop = drop_of(s, ask->genome, loss);
    double changed = s->shape.agreement ? drop : fmin(fmax(s->changes * sqrt(loss), drop), 0.9);
    double lost = (changed + drop) / 2, gained = (changed - drop) / 2;
    for (; score->n < upto; score->n++) {
        /* The mean of the root of a lognormal with mean 1. */
        double hardness = s->difficulty[score->n];
        double share = sqrt(hardness) / exp(-1.272 * 1.272 / 8);
        double value = loss * hardness * draw_lognormal(rng, 0.825);
        double luck = amct_pcg_unit(rng) < 0.45 ? s->shared_luck[score->n] : amct_pcg_unit(rng);
        score->loss_sum += value;
        score->loss_sum_sq += value * value;
        score->lost += luck < lost * share;
        score->gained += luck >= lost * share && luck < (lost + gained) * share;
    }
}

amct_result synthetic_measure(const synthetic *s, const amct_ask *ask)
{
    amct_result result = {.number = ask->number};
    amct_score score = {0};
    amct_pcg rng = own_rng(s, ask->genome, 3);
    uint32_t upto;
    while (amct_race_step(&ask->race, &score, &upto) == AMCT_RACE_CONTINUE) {
        if (s->shape.noise)
            add_samples(s, ask, upto, &rng, &score);
        else
            add_exact_samples(s, ask, upto, &score);
        result.scores[result.n_scores++] = score;
    }
    return result;
}

typedef struct enumeration {
    const synthetic *s;
    double limit, best;
} enumeration;

static void enumerate(enumeration *e, uint32_t gene, uint32_t before, double cost, double loss)
{
    const synthetic *s = e->s;
    if (loss > e->limit || cost >= e->best)
        return;
    if (gene == s->shape.n_genes) {
        e->best = cost;
        return;
    }
    for (uint32_t l = s->n_levels[gene]; l-- > 0;) {
        double boundary = gene && (l == 0) != (before == 0) ? s->boundary_ns[gene] : 0;
        enumerate(e, gene + 1, l, cost + boundary + s->cost_ns[gene][l], loss + s->loss[gene][l]);
    }
}

double synthetic_optimum(const synthetic *s, double loss)
{
    enumeration e = {s, loss, INFINITY};
    enumerate(&e, 0, 0, s->fixed_ns, 0);
    return e.best;
}

size_t synthetic_run(const synthetic *s, amct_search *search)
{
    static amct_result results[1024];
    amct_err err;
    const amct_ask *asks;
    size_t n, batches = 0;
    for (;;) {
        if (amct_search_ask(search, &asks, &n, &err) != AMCT_OK) {
            fprintf(stderr, "ask: %s\n", err.text);
            abort();
        }
        if (n == 0)
            return batches;
        for (size_t i = 0; i < n; i++)
            results[i] = synthetic_measure(s, &asks[i]);
        if (amct_search_tell(search, results, n, &err) != AMCT_OK) {
            fprintf(stderr, "tell: %s\n", err.text);
            abort();
        }
        batches++;
    }
}
