#include "search/knapsack.h"

#include <math.h>
#include <string.h>

enum { BISECTIONS = 64 };

double amct_terms_sum(const amct_chain *chain, const double *terms, const uint8_t *genome)
{
    double sum = 0;
    for (uint32_t g = 0; g < chain->space.n_genes; g++)
        sum += terms[chain->first[g] + genome[g]];
    return sum;
}

void amct_knapsack_fill(const amct_chain *chain, const double *terms, double target,
                        uint8_t *genome)
{
    double sum = amct_terms_sum(chain, terms, genome);
    for (uint32_t step = 0; step < 4 * chain->space.n_genes; step++) {
        double best = -1e-9, best_sum = 0;
        uint32_t best_gene = 0;
        uint8_t best_level = 0;
        for (uint32_t g = 0; g < chain->space.n_genes; g++)
            for (uint8_t l = 0; l < chain->space.n_levels[g]; l++) {
                double after =
                    sum + terms[chain->first[g] + l] - terms[chain->first[g] + genome[g]];
                double change = after <= target ? amct_chain_change(chain, genome, g, l) : 0;
                if (change < best) {
                    best = change;
                    best_sum = after;
                    best_gene = g;
                    best_level = l;
                }
            }
        if (!(best < -1e-9))
            break;
        genome[best_gene] = best_level;
        sum = best_sum;
    }
}

/* A price so high that nothing that adds to the sum can pay: all chain costs over the least term.
 */
static double highest_price(const amct_chain *chain, const double *terms)
{
    double costs = 1, least = INFINITY;
    for (uint32_t i = 0; i < chain->first[chain->space.n_genes]; i++) {
        costs += fabs(chain->single[i]);
        if (terms[i] > 0)
            least = fmin(least, terms[i]);
    }
    for (uint32_t i = 0; i < chain->pair_first[chain->space.n_genes]; i++)
        costs += fabs(chain->pair[i]);
    return isfinite(least) ? costs / least : costs;
}

/* Terms may be so large that the product of two prices is no number but 0. */
static double geometric_mean(double a, double b)
{
    return sqrt(a) * sqrt(b);
}

static int within(amct_chain *chain, const double *terms, double target, double price,
                  double *penalty, uint8_t *genome)
{
    for (uint32_t i = 0; i < chain->first[chain->space.n_genes]; i++)
        penalty[i] = price * terms[i];
    amct_chain_cheapest(chain, penalty, genome);
    return amct_terms_sum(chain, terms, genome) <= target;
}

void amct_knapsack(amct_chain *chain, const double *terms, double target, double *penalty,
                   double *price, uint8_t *genome)
{
    if (within(chain, terms, target, 0, penalty, genome))
        return;
    double highest = highest_price(chain, terms), lowest = highest * 1e-16;
    double high = *price > lowest && *price < highest ? *price : geometric_mean(lowest, highest);
    double low = high, reach = 2;
    /* A bracket around the price of the last time, then bisection. */
    while (high < highest && !within(chain, terms, target, high, penalty, genome)) {
        low = high;
        high = fmin(high * reach, highest);
        reach *= reach;
    }
    while (low > lowest && low == high) {
        low = fmax(low / reach, lowest);
        reach *= reach;
        if (within(chain, terms, target, low, penalty, genome))
            high = low;
    }
    for (int step = 0; step < BISECTIONS && high > 1.01 * low; step++) {
        double middle = geometric_mean(low, high);
        if (within(chain, terms, target, middle, penalty, genome))
            high = middle;
        else
            low = middle;
    }
    *price = high;
    if (!within(chain, terms, target, high, penalty, genome))
        memset(genome, 0, chain->space.n_genes);
    amct_knapsack_fill(chain, terms, target, genome);
}
