#include "search/drop.h"

#include "base/paired.h"
#include "base/stats.h"

#include <math.h>

enum { SCALES = 65, BENDS = 7 };
static const double node_first = -18.5, node_step = 0.25; /* log losses: 1e-8 to 190 */
static const double slope_prior = 0.17, slope_sd = 0.6;
static const double agreement_prior = 0.3, agreement_sd = 0.8;
static const double bend_sd = 0.1, expected_bend_sd = 0.03;
static const double own_deviation = 0.1, expected_own_deviation = 0.05;
static const double changes_correlation = 0.45;
static const double error_correlation = 0.3;
static const double changed_per_root = 0.2;
static const double squared_per_steep = 1.25;
static const double tempered_sd = 0.15, temper_sd = 1.5;
static const double surely_lost = 2.5;   /* standard errors */
static const double surely_refuted = 3;  /* likewise */
static const double greatest_drop = 0.3; /* beyond, answers that could still change run out */

static double node_log_loss(int i)
{
    return node_first + node_step * i;
}

void amct_drop_start(amct_drop_model *model, double budget, double confidence,
                     uint32_t confirm_samples, bool labels, bool expected)
{
    /* Where even a network that changes nothing would not be proven, no candidate is. */
    bool hopeless =
        !confirm_samples || amct_paired_provable(confirm_samples, 0, budget, confidence, 0.5) < 0;
    *model = (amct_drop_model){.budget = budget,
                               .confidence = confidence,
                               .confirm_samples = confirm_samples,
                               .labels = labels,
                               .expected = expected,
                               .hopeless = hopeless,
                               .proof = hopeless ? AMCT_PROOF_NONE : AMCT_PROOF_LIKELY};
}

/* The grid of assumption 1: drop = exp(offset[bend][scale] + power[bend] log loss). */
typedef struct grid {
    double power[BENDS], offset[BENDS][SCALES];
    double log_weight[BENDS][SCALES];
} grid;

static void start_grid(grid *g, const amct_drop_model *model, double shift)
{
    double centre =
        model->labels ? log(model->budget / slope_prior) : 2 * log(model->budget / agreement_prior);
    double sd = model->labels ? slope_sd : agreement_sd;
    double bends = model->expected ? expected_bend_sd : bend_sd;
    centre -= shift / (model->labels ? 1 : 0.5);
    for (int b = 0; b < BENDS; b++) {
        double bend = (b - BENDS / 2) * 0.75; /* in standard deviations */
        g->power[b] = (model->labels ? 1 : 0.5) * (1 + bend * bends);
        for (int s = 0; s < SCALES; s++) {
            double scale = (s - SCALES / 2) * 0.15;
            g->offset[b][s] = log(model->budget) - g->power[b] * (centre + scale * sd);
            g->log_weight[b][s] = -0.5 * (bend * bend + scale * scale);
        }
    }
}

static bool is_evidence(const amct_lossbin *bin)
{
    return bin->n > 0 && bin->drop <= greatest_drop * bin->n;
}

/* How the answers of candidates change, as if two of loss 0.04 had been seen before. */
typedef struct spreads {
    double changes; /* per sample, over the root of the loss */
    double squares; /* of drops that are expected, over the power 3/2 of the loss */
} spreads;

static spreads spreads_of(const amct_lossbins *lossbins)
{
    const double root_prior = 2 * 0.2, steep_prior = 2 * 0.008;
    double root = root_prior, changed = changed_per_root * root_prior;
    double steep = steep_prior, squares = squared_per_steep * steep_prior;
    for (int i = 0; i < AMCT_LOSSBINS_BINS; i++) {
        const amct_lossbin *bin = &lossbins->bins[i];
        if (!is_evidence(bin))
            continue;
        changed += bin->changed, root += bin->root_loss;
        squares += bin->drop_sq, steep += bin->steep_loss;
    }
    return (spreads){changed / root, squares / steep};
}

/* Variance of one sample's drop. */
static double spread_at(const spreads *s, bool expected, double log_loss)
{
    return fmin(expected ? s->squares * exp(1.5 * log_loss) : s->changes * exp(0.5 * log_loss), 1);
}

/* Of the mean drop of n samples. What a count shows by chance is never known to nothing. */
static double mean_variance(bool expected, double spread, double n)
{
    return (expected ? spread : spread + 1 / n) / n;
}

/* Standard deviation, relative to it, of a drop that is expected: all of a network's are wrong
 * alike, as its temperature is, and as one temperature does not make all probabilities right. */
static double wrong_alike(bool expected, double samples)
{
    return expected ? hypot(tempered_sd, temper_sd / sqrt(samples)) : 0;
}

static double deviation_of(bool expected)
{
    return expected ? expected_own_deviation : own_deviation;
}

/* The bins that count, and the Cholesky factor of the covariance of their mean drops. */
typedef struct evidence {
    int n;
    double log_loss[AMCT_LOSSBINS_BINS], drop[AMCT_LOSSBINS_BINS];
    double sd[AMCT_LOSSBINS_BINS]; /* of each drop by itself */
    double factor[AMCT_LOSSBINS_BINS][AMCT_LOSSBINS_BINS];
} evidence;

static void gather(evidence *e, const amct_lossbins *lossbins, const spreads *rates, bool expected,
                   double samples)
{
    double alike = wrong_alike(expected, samples);
    double variance[AMCT_LOSSBINS_BINS];
    e->n = 0;
    for (int i = 0; i < AMCT_LOSSBINS_BINS; i++) {
        const amct_lossbin *bin = &lossbins->bins[i];
        if (!is_evidence(bin))
            continue;
        int k = e->n++;
        e->log_loss[k] = bin->log_loss / bin->n;
        e->drop[k] = bin->drop / bin->n;
        /* From the pooled rate of changes, not the bin's own: few changes by chance would seem
         * precise, count more, and pull everything down. */
        variance[k] = mean_variance(expected, spread_at(rates, expected, e->log_loss[k]), samples);
        double common = alike * fmax(e->drop[k], 0);
        /* What two bins share are the answers that the less lossy one changes. */
        for (int j = 0; j < k; j++)
            e->factor[k][j] = changes_correlation * fmin(variance[j], variance[k]) +
                              alike * fmax(e->drop[j], 0) * common;
        double own = deviation_of(expected) * fmax(e->drop[k], 0);
        e->factor[k][k] = variance[k] * (changes_correlation + (1 - changes_correlation) / bin->n) +
                          own * own / bin->n + common * common;
        e->sd[k] = sqrt(e->factor[k][k]);
    }
    for (int i = 0; i < e->n; i++)
        for (int j = 0; j <= i; j++) {
            double rest = e->factor[i][j];
            for (int k = 0; k < j; k++)
                rest -= e->factor[i][k] * e->factor[j][k];
            e->factor[i][j] = i == j ? sqrt(rest) : rest / e->factor[j][j];
        }
}

/* The log of what drops are beyond the middle of the grid, if one that is beyond the budget is
 * surely beyond all of it, too: then the prior is refuted, as by a network whose outputs nearly
 * tie. Else 0. */
static double refuted_by(const grid *g, const evidence *e, double budget)
{
    double most = surely_refuted, shift = 0;
    int b = BENDS / 2;
    for (int i = 0; i < e->n; i++) {
        double power = g->power[b] * e->log_loss[i];
        double z = (e->drop[i] - exp(g->offset[b][0] + power)) / e->sd[i];
        if (e->drop[i] > budget && z > most) {
            most = z;
            shift = log(e->drop[i]) - g->offset[b][SCALES / 2] - power;
        }
    }
    return shift;
}

static void observe(grid *g, const evidence *e)
{
    for (int b = 0; b < BENDS; b++)
        for (int s = 0; s < SCALES; s++) {
            double whitened[AMCT_LOSSBINS_BINS];
            for (int i = 0; i < e->n; i++) {
                double off = e->drop[i] - exp(g->offset[b][s] + g->power[b] * e->log_loss[i]);
                for (int k = 0; k < i; k++)
                    off -= e->factor[i][k] * whitened[k];
                whitened[i] = off / e->factor[i][i];
                g->log_weight[b][s] -= 0.5 * whitened[i] * whitened[i];
            }
        }
}

/* Mean and standard deviation of the drop at every node under the posterior. */
static void integrate(const grid *g, amct_drop_node nodes[AMCT_DROP_NODES])
{
    double greatest = -INFINITY, total = 0;
    double first[BENDS] = {0}, second[BENDS] = {0};
    for (int b = 0; b < BENDS; b++)
        for (int s = 0; s < SCALES; s++)
            greatest = fmax(greatest, g->log_weight[b][s]);
    for (int b = 0; b < BENDS; b++)
        for (int s = 0; s < SCALES; s++) {
            double weight = exp(g->log_weight[b][s] - greatest), part = exp(g->offset[b][s]);
            total += weight;
            first[b] += weight * part;
            second[b] += weight * part * part;
        }
    for (int i = 0; i < AMCT_DROP_NODES; i++) {
        double mean = 0, square = 0;
        for (int b = 0; b < BENDS; b++) {
            double part = exp(g->power[b] * node_log_loss(i));
            mean += first[b] * part / total;
            square += second[b] * part * part / total;
        }
        nodes[i].mean = mean;
        nodes[i].sd = sqrt(fmax(square - mean * mean, 0));
    }
}

static void plan_proof(const amct_drop_model *model, amct_drop_node *node, double log_loss,
                       const spreads *rates)
{
    double changed = fmin(rates->changes * exp(0.5 * log_loss), 1);
    double drop = fmin(node->mean, 1);
    node->changed = model->labels ? fmax(changed, drop) : drop;
    node->spread = model->expected ? spread_at(rates, true, log_loss) : node->changed;
    node->provable = model->budget;
    if (!model->hopeless)
        node->provable = amct_paired_provable(model->confirm_samples, (node->changed - drop) / 2,
                                              model->budget, model->confidence, 0.5);
}

static double within_at(const amct_drop_model *model, double drop, double se)
{
    return model->budget - drop - amct_normal_two_sided(model->confidence) * se;
}

/* Of the drop that the confirm samples will show, if it is known with that standard error. */
static double confirm_sd(const amct_drop_model *model, const amct_drop_node *node, double se)
{
    double chance = (node->changed - node->mean * node->mean) / model->confirm_samples;
    return sqrt(se * se + fmax(chance, 0));
}

static double margin_at(const amct_drop_model *model, const amct_drop_node *node, double drop,
                        double se)
{
    double within = within_at(model, drop, se);
    if (model->proof == AMCT_PROOF_NONE)
        return within;
    double chance = model->bold                         ? AMCT_DROP_BOLD
                    : model->proof == AMCT_PROOF_LIKELY ? AMCT_DROP_LIKELY
                                                        : 0.5;
    double room = node->provable - drop;
    double proven = room - amct_normal_quantile(chance) * confirm_sd(model, node, se);
    return model->bold ? proven : fmin(within, proven);
}

/* Variance of the drop that the loss predicts, on n samples. */
static double loss_variance(const amct_drop_model *model, const amct_drop_node *node, double n)
{
    double power = model->labels ? 1 : 0.5;
    double own = deviation_of(model->expected);
    double relative = own * own + power * power * node->cv_sq / n;
    return node->sd * node->sd + node->mean * node->mean * relative;
}

static amct_drop_node node_at(const amct_drop_model *model, double log_loss)
{
    double at = fmin(fmax((log_loss - node_first) / node_step, 0), AMCT_DROP_NODES - 1.000001);
    int i = (int)at;
    double t = at - i;
    const amct_drop_node *a = &model->nodes[i], *b = &model->nodes[i + 1];
    return (amct_drop_node){
        /* Powers of the loss: straight in logarithms. */
        .mean = a->mean * pow(b->mean / a->mean, t),
        .sd = a->sd > 0 && b->sd > 0 ? a->sd * pow(b->sd / a->sd, t) : 0,
        .cv_sq = a->cv_sq + t * (b->cv_sq - a->cv_sq),
        .changed = a->changed + t * (b->changed - a->changed),
        .spread = a->spread + t * (b->spread - a->spread),
        .provable = a->provable + t * (b->provable - a->provable),
    };
}

static double margin_of_loss(const amct_drop_model *model, double log_loss, uint32_t samples)
{
    amct_drop_node node = node_at(model, log_loss);
    return margin_at(model, &node, node.mean, sqrt(loss_variance(model, &node, samples)));
}

/* That the drop is proven, if its estimate has that standard error. */
static double chance_at(const amct_drop_model *model, const amct_drop_node *node, double drop,
                        double se)
{
    double sd = model->hopeless ? se : confirm_sd(model, node, se);
    double room = node->provable - drop;
    return sd > 0 ? amct_normal_cdf(room / sd) : room >= 0;
}

static double chance_of_loss(const amct_drop_model *model, double log_loss, uint32_t samples)
{
    amct_drop_node node = node_at(model, log_loss);
    return chance_at(model, &node, node.mean, sqrt(loss_variance(model, &node, samples)));
}

/* The log of the greatest loss where what falls with it is at least that; NAN if it is nowhere. */
static double greatest_log_loss(double (*of)(const amct_drop_model *, double, uint32_t),
                                double least, const amct_drop_model *model, uint32_t samples)
{
    int i = AMCT_DROP_NODES - 1;
    while (i >= 0 && of(model, node_log_loss(i), samples) < least)
        i--;
    if (i < 0)
        return NAN;
    double from = node_log_loss(i), to = from + node_step;
    for (int k = 0; k < 40; k++) {
        double middle = (from + to) / 2;
        if (of(model, middle, samples) < least)
            to = middle;
        else
            from = middle;
    }
    return from;
}

static void find_limit(amct_drop_model *model, uint32_t samples)
{
    double log_loss = greatest_log_loss(margin_of_loss, 0, model, samples);
    bool none = isnan(log_loss);
    model->limit_loss = none ? 0 : exp(log_loss);
    model->limit_drop = none ? 0 : node_at(model, log_loss).mean;
}

double amct_drop_loss_with(const amct_drop_model *model, double chance, uint32_t samples)
{
    double log_loss = greatest_log_loss(chance_of_loss, chance, model, samples);
    return isnan(log_loss) ? 0 : exp(log_loss);
}

void amct_drop_fit(amct_drop_model *model, const amct_lossbins *lossbins, uint32_t samples)
{
    grid g;
    evidence e;
    start_grid(&g, model, 0);
    spreads s = spreads_of(lossbins);
    gather(&e, lossbins, &s, model->expected, samples);
    double shift = refuted_by(&g, &e, model->budget);
    if (shift > 0)
        start_grid(&g, model, shift);
    observe(&g, &e);
    integrate(&g, model->nodes);
    for (int i = 0; i < AMCT_DROP_NODES; i++) {
        double log_loss = node_log_loss(i);
        model->nodes[i].cv_sq = amct_lossbins_cv_sq(lossbins, exp(log_loss));
        plan_proof(model, &model->nodes[i], log_loss, &s);
    }
    find_limit(model, samples);
}

/* The part of the changed answers in the best combination of both estimates. */
static double changes_weight(double by_loss, double by_changes)
{
    double common = error_correlation * sqrt(by_loss * by_changes);
    double sum = by_loss + by_changes - 2 * common;
    return sum > 0 ? fmin(fmax((by_loss - common) / sum, 0), 1) : 0;
}

/* The same of the changed answers; from the spread expected at this loss for the reason given
 * above. */
static double changes_variance(const amct_drop_model *model, const amct_drop_node *node, double n)
{
    return mean_variance(model->expected, node->spread, n);
}

/* The part of the loss's variance that the changed answers share: what is expected is wrong alike.
 */
static double shared_variance(const amct_drop_model *model, const amct_drop_node *node, double n)
{
    double alike = fmin(wrong_alike(model->expected, n) * node->mean, node->sd);
    return alike * alike;
}

amct_drop amct_drop_estimate(const amct_drop_model *model, const amct_score *score, double ratio)
{
    double n = score->n, log_loss = log(amct_score_loss(score));
    amct_drop_node seen = node_at(model, log_loss);
    amct_drop_node node = node_at(model, log_loss + log(ratio));
    double left = node.mean / seen.mean; /* of the drop */
    double shared = shared_variance(model, &node, n);
    double by_loss = loss_variance(model, &node, n) - shared;
    double by_changes = left * left * changes_variance(model, &seen, n);
    double w = changes_weight(by_loss, by_changes);
    double drop = left * amct_score_drop(score, model->expected);
    double counted = left * amct_score_drop(score, false);
    double common = error_correlation * sqrt(by_loss * by_changes);
    amct_drop estimate = {
        .drop = (1 - w) * node.mean + w * drop,
        .se = sqrt((1 - w) * (1 - w) * by_loss + w * w * by_changes + 2 * w * (1 - w) * common +
                   shared),
        .weight = w,
    };
    estimate.within = within_at(model, estimate.drop, estimate.se);
    estimate.margin = margin_at(model, &node, estimate.drop, estimate.se);
    /* Answers that are surely lost are, however small the loss: outputs may be tiny. */
    double surely =
        counted - surely_lost * left * sqrt((score->lost + score->gained + 1.0) / (n * n));
    if (surely > model->budget) {
        estimate.drop = fmax(estimate.drop, surely);
        estimate.within = fmin(estimate.within, model->budget - surely);
        estimate.margin = fmin(estimate.margin, model->budget - surely);
    }
    return estimate;
}

double amct_drop_chance(const amct_drop_model *model, const amct_score *score, double ratio)
{
    amct_drop estimate = amct_drop_estimate(model, score, ratio);
    amct_drop_node node = node_at(model, log(amct_score_loss(score) * ratio));
    return chance_at(model, &node, estimate.drop, estimate.se);
}

void amct_drop_limit_race(const amct_drop_model *model, double ratio, amct_race *race)
{
    race->limit_loss = model->limit_loss / ratio;
    race->limit_drop = model->limit_drop;
    if (!(model->limit_loss > 0))
        return;
    double n = race->looks[race->n_looks - 1].n, log_loss = log(race->limit_loss);
    race->limit_drop = node_at(model, log_loss).mean;
    amct_drop_node node = node_at(model, log_loss), above = node_at(model, log_loss + node_step);
    race->exponent = log(above.mean / node.mean) / node_step;
    race->spread = node.spread;
    race->weight = changes_weight(loss_variance(model, &node, n) - shared_variance(model, &node, n),
                                  changes_variance(model, &node, n));
}
