#include "search/refining.h"

#include <math.h>
#include <string.h>

enum { SWEEPS = 50 };
static const double prior_left[AMCT_GENE_KINDS] = {
    [AMCT_GENE_BITS] = 0.6, [AMCT_GENE_CHANNELS] = 0.4, [AMCT_GENE_RANK] = 0.4};
static const double prior_sd = 0.5, own_sd = 0.25; /* of logarithms */
static const double again_power[AMCT_GENE_KINDS] = {
    [AMCT_GENE_BITS] = 0, [AMCT_GENE_CHANNELS] = -0.2, [AMCT_GENE_RANK] = -0.2};

double amct_refining_power(bool expected)
{
    return expected ? 0.6 : 1;
}

void amct_refining_start(amct_refining *r, double power, double growth)
{
    memset(r, 0, sizeof *r);
    for (int k = 0; k < AMCT_GENE_KINDS; k++) {
        r->prior[k] = r->left[k] = pow(prior_left[k], power);
        r->variance[k] = prior_sd * prior_sd;
    }
    for (int k = 0; k < AMCT_GENE_KINDS; k++)
        r->again[k] = pow(growth, power * again_power[k]);
}

double amct_refining_ratio(const amct_refining *r, const double shares[AMCT_GENE_KINDS])
{
    double ratio = 0;
    for (int k = 0; k < AMCT_GENE_KINDS; k++)
        ratio += shares[k] * r->left[k];
    return ratio > 0 ? ratio : 1;
}

void amct_refining_end_left(const amct_refining *r, double left[AMCT_GENE_KINDS])
{
    for (int k = 0; k < AMCT_GENE_KINDS; k++)
        left[k] = r->left[k] * r->again[k];
}

double amct_refining_end_ratio(const amct_refining *r, const double shares[AMCT_GENE_KINDS],
                               bool refined)
{
    double left[AMCT_GENE_KINDS], ratio = 0;
    amct_refining_end_left(r, left);
    for (int k = 0; k < AMCT_GENE_KINDS; k++)
        ratio += shares[k] * left[k];
    return !(ratio > 0) ? 1 : refined ? ratio / amct_refining_ratio(r, shares) : ratio;
}

double amct_refining_sd(const amct_refining *r, const double shares[AMCT_GENE_KINDS])
{
    double ratio = amct_refining_ratio(r, shares), variance = own_sd * own_sd;
    for (int k = 0; k < AMCT_GENE_KINDS; k++) {
        double slope = shares[k] * r->left[k] / ratio;
        variance += slope * slope * r->variance[k];
    }
    return sqrt(variance);
}

/* One Gauss-Newton step for the logarithm of left of one kind, the others fixed. */
static void improve(amct_refining *r, int kind)
{
    double log_left = log(r->left[kind]);
    double down = (log(r->prior[kind]) - log_left) / (prior_sd * prior_sd);
    double curvature = 1 / (prior_sd * prior_sd);
    for (uint32_t i = 0; i < r->n; i++) {
        double ratio = amct_refining_ratio(r, r->shares[i]);
        double slope = r->shares[i][kind] * r->left[kind] / ratio;
        down += slope * (r->log_ratio[i] - log(ratio)) / (own_sd * own_sd);
        curvature += slope * slope / (own_sd * own_sd);
    }
    r->left[kind] = exp(log_left + down / curvature);
    r->variance[kind] = 1 / curvature;
}

void amct_refining_observe(amct_refining *r, const double shares[AMCT_GENE_KINDS], double ratio)
{
    double sum = 0;
    for (int k = 0; k < AMCT_GENE_KINDS; k++)
        sum += shares[k];
    if (r->n == AMCT_REFINING_SEEN || !(sum > 0))
        return;
    memcpy(r->shares[r->n], shares, sizeof r->shares[r->n]);
    r->log_ratio[r->n++] = log(ratio);
    for (int i = 0; i < SWEEPS; i++)
        for (int k = 0; k < AMCT_GENE_KINDS; k++)
            improve(r, k);
}
