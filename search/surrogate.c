#include "search/surrogate.h"

#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHIFT, BEND, TERMS }; /* parameters: two, then the log terms of all genes */
enum { GRADIENT_STEPS = 8, NEWTON_STEPS = 2 };
static const double shift_sd = 0.5, bend_prior = 1.05, bend_sd = 0.1;
static const double misfit_sd = 0.08;      /* what no additive model explains */
static const double error_sd_prior = 0.25; /* of predictions */
static const double told_sd = 0.2;    /* of a loss that tells half as much as one that is known */
static const double forgetting = 0.8; /* the first errors are of terms that were not fitted yet */
static const double least_sum = 1e-12;

typedef struct observation {
    double log_loss, weight;
    /* of the current linearisation */
    double off, log_sum;
} observation;

struct amct_surrogate {
    amct_space space;
    uint32_t *first; /* gene: parameter of its level 0 is TERMS + first[gene] */
    uint32_t n_params;
    double *param, *prior, *prior_weight; /* precision of the prior */
    double *term;                         /* exp(param) by parameter, 0 for levels 0 */
    double *left_term;                    /* what refining leaves of it */
    double *left;                         /* of amct_surrogate_left */
    double *precision;                    /* of each parameter after the fit, others fixed */
    double *step, *residual, *direction, *image;
    uint8_t *genomes; /* of the window, a ring */
    observation window[AMCT_SURROGATE_WINDOW];
    uint32_t n_seen;
    double error_weight, error_sum, error_sq;
};

static uint32_t index_of(const amct_surrogate *s, uint32_t gene, uint32_t level)
{
    return TERMS + s->first[gene] + level;
}

amct_surrogate *amct_surrogate_new(const amct_space *space)
{
    amct_surrogate *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->space = *space;
    s->first = amct_space_first(space);
    s->genomes = calloc(AMCT_SURROGATE_WINDOW, space->n_genes);
    s->n_params = TERMS + (s->first ? s->first[space->n_genes] : 0);
    double **vectors[] = {&s->param,     &s->prior,     &s->prior_weight, &s->term,
                          &s->left_term, &s->left,      &s->precision,    &s->step,
                          &s->residual,  &s->direction, &s->image};
    int complete = s->first && s->genomes;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        complete &= (*vectors[i] = calloc(s->n_params, sizeof(double))) != NULL;
    if (!complete) {
        amct_surrogate_free(s);
        return NULL;
    }
    s->param[BEND] = s->prior[BEND] = bend_prior;
    for (uint32_t i = 0; i < s->n_params; i++)
        s->prior_weight[i] = s->precision[i] = s->left[i] = 1;
    s->prior_weight[SHIFT] = 1 / (shift_sd * shift_sd);
    s->prior_weight[BEND] = 1 / (bend_sd * bend_sd);
    s->error_weight = 4;
    s->error_sq = s->error_weight * error_sd_prior * error_sd_prior;
    return s;
}

void amct_surrogate_free(amct_surrogate *s)
{
    if (!s)
        return;
    double *vectors[] = {s->param,     s->prior,     s->prior_weight, s->term,
                         s->left_term, s->left,      s->precision,    s->step,
                         s->residual,  s->direction, s->image};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        free(vectors[i]);
    free(s->first);
    free(s->genomes);
    free(s);
}

static double sum_of(const amct_surrogate *s, const double *term, const uint8_t *genome)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->space.n_genes; i++)
        sum += term[index_of(s, i, genome[i])];
    return sum;
}

static void set_term(amct_surrogate *s, uint32_t at, double loss)
{
    s->term[at] = loss;
    s->left_term[at] = loss * s->left[at - TERMS];
}

void amct_surrogate_left(amct_surrogate *s, const double *left)
{
    memcpy(s->left, left, s->first[s->space.n_genes] * sizeof *left);
    for (uint32_t at = TERMS; at < s->n_params; at++)
        set_term(s, at, s->term[at]);
}

void amct_surrogate_shares(const amct_surrogate *s, const uint8_t *genome, double *shares)
{
    double sum = sum_of(s, s->term, genome);
    for (uint32_t g = 0; g < s->space.n_genes; g++)
        shares[g] = sum > 0 ? s->term[index_of(s, g, genome[g])] / sum : 0;
}

void amct_surrogate_prior(amct_surrogate *s, uint32_t gene, uint32_t level, double loss, double sd)
{
    uint32_t at = index_of(s, gene, level);
    s->param[at] = s->prior[at] = log(loss);
    s->prior_weight[at] = s->precision[at] = 1 / (sd * sd);
    set_term(s, at, loss);
}

const double *amct_surrogate_terms(const amct_surrogate *s)
{
    return s->left_term + TERMS;
}

void amct_surrogate_term_sds(const amct_surrogate *s, double *sds)
{
    for (uint32_t p = TERMS; p < s->n_params; p++)
        sds[p - TERMS] = 1 / sqrt(s->precision[p]);
}

double amct_surrogate_sum(const amct_surrogate *s, const uint8_t *genome)
{
    return sum_of(s, s->left_term, genome);
}

static double predict_log(const amct_surrogate *s, double sum)
{
    return s->param[SHIFT] + s->param[BEND] * log(fmax(sum, least_sum));
}

double amct_surrogate_sum_of(const amct_surrogate *s, double loss)
{
    return loss > 0 ? exp((log(loss) - s->param[SHIFT]) / s->param[BEND]) : 0;
}

/* Of the errors to expect of log predictions. */
static double error_mean(const amct_surrogate *s)
{
    return s->error_sum / s->error_weight;
}

static double error_sd(const amct_surrogate *s)
{
    double mean = error_mean(s);
    return sqrt(fmax(s->error_sq / s->error_weight - mean * mean, misfit_sd * misfit_sd));
}

double amct_surrogate_foreseen(const amct_surrogate *s, double sum)
{
    return predict_log(s, sum) + error_mean(s);
}

double amct_surrogate_chance(const amct_surrogate *s, double sum, double limit)
{
    if (!(limit > 0))
        return 0;
    return amct_normal_cdf((log(limit) - predict_log(s, sum) - error_mean(s)) / error_sd(s));
}

double amct_surrogate_sum_at(const amct_surrogate *s, double chance, double limit)
{
    double error = error_mean(s) + error_sd(s) * amct_normal_quantile(chance);
    return amct_surrogate_sum_of(s, limit * exp(-error));
}

void amct_surrogate_observe(amct_surrogate *s, const uint8_t *genome, double loss, double sd)
{
    double sum = sum_of(s, s->term, genome);
    if (sum > 0) {
        double error = fmin(fmax(log(loss) - predict_log(s, sum), -1), 1);
        /* The less is known of a loss, or the farther it lies, the less it tells. */
        double weight = told_sd * told_sd / (told_sd * told_sd + sd * sd);
        double kept = pow(forgetting, weight);
        s->error_weight = kept * s->error_weight + weight;
        s->error_sum = kept * s->error_sum + weight * error;
        s->error_sq = kept * s->error_sq + weight * error * error;
    }
    uint32_t at = s->n_seen++ % AMCT_SURROGATE_WINDOW;
    memcpy(s->genomes + (size_t)at * s->space.n_genes, genome, s->space.n_genes);
    double misfit = error_sd(s);
    s->window[at] = (observation){log(loss), 1 / (sd * sd + misfit * misfit), 0, 0};
}

static uint32_t window_size(const amct_surrogate *s)
{
    return s->n_seen < AMCT_SURROGATE_WINDOW ? s->n_seen : AMCT_SURROGATE_WINDOW;
}

/* Row i of the Jacobian has 1 for SHIFT, log_sum for BEND and for each gene off level 0
 * slope_of(i) * term: the share of the term in the sum, times bend. */
static double slope_of(const amct_surrogate *s, const observation *o)
{
    return s->param[BEND] * exp(-o->log_sum);
}

static double row_times(const amct_surrogate *s, uint32_t i, const double *vector)
{
    const observation *o = &s->window[i];
    const uint8_t *genome = s->genomes + (size_t)i * s->space.n_genes;
    double sum = 0;
    for (uint32_t g = 0; g < s->space.n_genes; g++) {
        uint32_t at = index_of(s, g, genome[g]);
        sum += s->term[at] * vector[at];
    }
    return vector[SHIFT] + o->log_sum * vector[BEND] + slope_of(s, o) * sum;
}

static void add_row(const amct_surrogate *s, uint32_t i, double factor, double *vector)
{
    const observation *o = &s->window[i];
    const uint8_t *genome = s->genomes + (size_t)i * s->space.n_genes;
    double slope = factor * slope_of(s, o);
    vector[SHIFT] += factor;
    vector[BEND] += factor * o->log_sum;
    for (uint32_t g = 0; g < s->space.n_genes; g++) {
        uint32_t at = index_of(s, g, genome[g]);
        vector[at] += slope * s->term[at];
    }
}

/* out = (J' W J + P) vector */
static void multiply(const amct_surrogate *s, const double *vector, double *out)
{
    for (uint32_t p = 0; p < s->n_params; p++)
        out[p] = s->prior_weight[p] * vector[p];
    for (uint32_t i = 0; i < window_size(s); i++)
        add_row(s, i, s->window[i].weight * row_times(s, i, vector), out);
}

static double dot(const amct_surrogate *s, const double *a, const double *b)
{
    double sum = 0;
    for (uint32_t p = 0; p < s->n_params; p++)
        sum += a[p] * b[p];
    return sum;
}

/* Linearises at the current parameters; residual = the gradient downhill. */
static void linearise(amct_surrogate *s)
{
    for (uint32_t p = 0; p < s->n_params; p++)
        s->residual[p] = s->prior_weight[p] * (s->prior[p] - s->param[p]);
    for (uint32_t i = 0; i < window_size(s); i++) {
        observation *o = &s->window[i];
        double sum = sum_of(s, s->term, s->genomes + (size_t)i * s->space.n_genes);
        o->log_sum = log(fmax(sum, least_sum));
        /* A single strange candidate must not turn the model over. */
        o->off = fmin(fmax(o->log_loss - predict_log(s, sum), -1), 1);
        add_row(s, i, o->weight * o->off, s->residual);
    }
}

static void newton_step(amct_surrogate *s)
{
    linearise(s);
    size_t bytes = s->n_params * sizeof(double);
    memset(s->step, 0, bytes);
    memcpy(s->direction, s->residual, bytes);
    double size = dot(s, s->residual, s->residual);
    for (int k = 0; k < GRADIENT_STEPS && size > 1e-20; k++) {
        multiply(s, s->direction, s->image);
        double length = size / dot(s, s->direction, s->image);
        for (uint32_t p = 0; p < s->n_params; p++) {
            s->step[p] += length * s->direction[p];
            s->residual[p] -= length * s->image[p];
        }
        double before = size;
        size = dot(s, s->residual, s->residual);
        for (uint32_t p = 0; p < s->n_params; p++)
            s->direction[p] = s->residual[p] + size / before * s->direction[p];
    }
    for (uint32_t p = 0; p < s->n_params; p++)
        s->param[p] += fmin(fmax(s->step[p], -1), 1);
    /* bend stays a bend whatever the data: predictions must grow with the sum. */
    s->param[BEND] = fmin(fmax(s->param[BEND], 0.5), 2);
    for (uint32_t g = 0; g < s->space.n_genes; g++)
        for (uint32_t l = 1; l < s->space.n_levels[g]; l++) {
            uint32_t at = index_of(s, g, l);
            set_term(s, at, exp(s->param[at]));
        }
}

static void find_precision(amct_surrogate *s)
{
    memcpy(s->precision, s->prior_weight, s->n_params * sizeof(double));
    for (uint32_t i = 0; i < window_size(s); i++) {
        const observation *o = &s->window[i];
        const uint8_t *genome = s->genomes + (size_t)i * s->space.n_genes;
        for (uint32_t g = 0; g < s->space.n_genes; g++) {
            uint32_t at = index_of(s, g, genome[g]);
            double share = slope_of(s, o) * s->term[at];
            s->precision[at] += o->weight * share * share;
        }
    }
}

void amct_surrogate_fit(amct_surrogate *s)
{
    if (!s->n_seen)
        return;
    for (int k = 0; k < NEWTON_STEPS; k++)
        newton_step(s);
    find_precision(s);
}
