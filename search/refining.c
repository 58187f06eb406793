#include "search/refining.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 50 };
static const double prior_left[AMCT_GENE_KINDS] = {
    [AMCT_GENE_BITS] = 0.6, [AMCT_GENE_CHANNELS] = 0.4, [AMCT_GENE_RANK] = 0.4};
static const double kind_sd = 0.5, level_sd = 0.5, own_sd = 0.1; /* of logarithms */
static const double again_power[AMCT_GENE_KINDS] = {
    [AMCT_GENE_BITS] = 0, [AMCT_GENE_CHANNELS] = -0.2, [AMCT_GENE_RANK] = -0.2};

double amct_refining_power(bool expected)
{
    return expected ? 0.6 : 1;
}

bool amct_refining_start(amct_refining *r, const amct_space *space, double power, double growth)
{
    *r = (amct_refining){.space = *space, .first = amct_space_first(space)};
    if (!r->first)
        return false;
    uint32_t n_levels = r->first[space->n_genes];
    r->own = calloc(n_levels, sizeof *r->own);
    r->own_variance = malloc(n_levels * sizeof *r->own_variance);
    r->genomes = malloc((size_t)AMCT_REFINING_SEEN * space->n_genes);
    r->shares = malloc((size_t)AMCT_REFINING_SEEN * space->n_genes * sizeof *r->shares);
    if (!r->own || !r->own_variance || !r->genomes || !r->shares)
        return false;
    for (uint32_t i = 0; i < n_levels; i++)
        r->own_variance[i] = level_sd * level_sd;
    for (int k = 0; k < AMCT_GENE_KINDS; k++) {
        r->prior[k] = r->kind[k] = power * log(prior_left[k]);
        r->kind_variance[k] = kind_sd * kind_sd;
        r->again[k] = pow(growth, power * again_power[k]);
    }
    return true;
}

void amct_refining_end(amct_refining *r)
{
    free(r->first);
    free(r->own);
    free(r->own_variance);
    free(r->genomes);
    free(r->shares);
    *r = (amct_refining){0};
}

static uint8_t kind_of(const amct_refining *r, uint32_t gene)
{
    return r->space.kinds ? r->space.kinds[gene] : (uint8_t)AMCT_GENE_BITS;
}

static double left_of(const amct_refining *r, uint32_t gene, uint32_t level)
{
    return exp(r->kind[kind_of(r, gene)] + r->own[r->first[gene] + level]);
}

static double ratio_of(const amct_refining *r, const uint8_t *genome, const double *shares,
                       bool first, bool again)
{
    double ratio = 0;
    for (uint32_t g = 0; g < r->space.n_genes; g++)
        if (shares[g] > 0)
            ratio += shares[g] * (first ? left_of(r, g, genome[g]) : 1) *
                     (again ? r->again[kind_of(r, g)] : 1);
    return ratio > 0 ? ratio : 1;
}

double amct_refining_ratio(const amct_refining *r, const uint8_t *genome, const double *shares)
{
    return ratio_of(r, genome, shares, true, false);
}

double amct_refining_end_ratio(const amct_refining *r, const uint8_t *genome, const double *shares,
                               bool refined)
{
    double ratio = ratio_of(r, genome, shares, true, true);
    return refined ? ratio / amct_refining_ratio(r, genome, shares) : ratio;
}

void amct_refining_end_left(const amct_refining *r, double *left)
{
    for (uint32_t g = 0; g < r->space.n_genes; g++)
        for (uint32_t l = 0; l < r->space.n_levels[g]; l++)
            left[r->first[g] + l] = left_of(r, g, l) * r->again[kind_of(r, g)];
}

double amct_refining_sd(const amct_refining *r, const uint8_t *genome, const double *shares)
{
    double ratio = amct_refining_ratio(r, genome, shares), variance = own_sd * own_sd;
    double slopes[AMCT_GENE_KINDS] = {0};
    for (uint32_t g = 0; g < r->space.n_genes; g++) {
        double slope = shares[g] * left_of(r, g, genome[g]) / ratio;
        variance += slope * slope * r->own_variance[r->first[g] + genome[g]];
        slopes[kind_of(r, g)] += slope;
    }
    for (int k = 0; k < AMCT_GENE_KINDS; k++)
        variance += slopes[k] * slopes[k] * r->kind_variance[k];
    return sqrt(variance);
}

/* A parameter of the fit: the level of a gene, or all genes of a kind. */
typedef struct parameter {
    bool is_kind;
    uint32_t gene; /* or the kind */
    uint8_t level;
} parameter;

/* What it contributes to the fitted ratio of an observation. */
static double part_of(const amct_refining *r, uint32_t seen, const parameter *p)
{
    size_t at = (size_t)seen * r->space.n_genes;
    const uint8_t *genome = r->genomes + at;
    const double *shares = r->shares + at;
    double part = 0;
    if (!p->is_kind)
        return genome[p->gene] == p->level ? shares[p->gene] * left_of(r, p->gene, p->level) : 0;
    for (uint32_t g = 0; g < r->space.n_genes; g++)
        if (kind_of(r, g) == p->gene && shares[g] > 0)
            part += shares[g] * left_of(r, g, genome[g]);
    return part;
}

/* One Gauss-Newton step for one parameter, the others fixed. */
static void improve(amct_refining *r, const parameter *p)
{
    double parts[AMCT_REFINING_SEEN];
    size_t at = p->is_kind ? p->gene : r->first[p->gene] + p->level;
    double *value = p->is_kind ? &r->kind[at] : &r->own[at];
    double sd = p->is_kind ? kind_sd : level_sd, prior = p->is_kind ? r->prior[at] : 0;
    double down = (prior - *value) / (sd * sd), curvature = 1 / (sd * sd);
    for (uint32_t i = 0; i < r->n; i++) {
        parts[i] = part_of(r, i, p);
        double slope = parts[i] / r->fitted[i];
        down += slope * (r->log_ratio[i] - log(r->fitted[i])) / (own_sd * own_sd);
        curvature += slope * slope / (own_sd * own_sd);
    }
    double step = fmin(fmax(down / curvature, -1), 1);
    *value += step;
    *(p->is_kind ? &r->kind_variance[at] : &r->own_variance[at]) = 1 / curvature;
    for (uint32_t i = 0; i < r->n; i++)
        r->fitted[i] += parts[i] * (exp(step) - 1);
}

static bool was_seen(const amct_refining *r, const parameter *p)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (part_of(r, i, p) > 0)
            return true;
    return false;
}

static void fit(amct_refining *r)
{
    for (uint32_t k = 0; k < AMCT_GENE_KINDS; k++)
        improve(r, &(parameter){.is_kind = true, .gene = k});
    for (uint32_t g = 0; g < r->space.n_genes; g++)
        for (uint8_t l = 0; l < r->space.n_levels[g]; l++) {
            parameter p = {.gene = g, .level = l};
            if (was_seen(r, &p))
                improve(r, &p);
        }
}

void amct_refining_observe(amct_refining *r, const uint8_t *genome, const double *shares,
                           double ratio)
{
    uint32_t n_genes = r->space.n_genes;
    double sum = 0;
    for (uint32_t g = 0; g < n_genes; g++)
        sum += shares[g];
    if (r->n == AMCT_REFINING_SEEN || !(sum > 0))
        return;
    memcpy(r->genomes + (size_t)r->n * n_genes, genome, n_genes);
    memcpy(r->shares + (size_t)r->n * n_genes, shares, n_genes * sizeof *shares);
    r->fitted[r->n] = amct_refining_ratio(r, genome, shares);
    r->log_ratio[r->n++] = log(ratio);
    for (int i = 0; i < SWEEPS; i++)
        fit(r);
}
