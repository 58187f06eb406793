#include "bench/latency/latency_fitter.h"

#include "compress/linalg.h"

#include <amct/plugin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Errors of up to this ratio count as squares. */
#define SCALE 0.15
#define STEP  1e-4

amct_status latency_fitter_new(latency_fitter *out, const latency_points *points,
                               const latency_samples *samples, amct_err *err)
{
    latency_fitter f = {.points = points, .samples = samples};
    for (int i = 0; i < LATENCY_CHIPS; i++)
        AMCT_TRY(ascend_chip_read(&f.chips[i], latency_chips[i], NULL, err));
    f.n_params = latency_params_list(f.list);
    f.kernel_ns = malloc((samples->n_kernels + (size_t)1) * sizeof *f.kernel_ns);
    f.jacobian = calloc((points->n + (size_t)1) * f.n_params, sizeof *f.jacobian);
    if (!f.kernel_ns || !f.jacobian) {
        latency_fitter_free(&f);
        return amct_fail_nomem(err);
    }
    *out = f;
    return AMCT_OK;
}

void latency_fitter_free(latency_fitter *f)
{
    free(f->kernel_ns);
    free(f->jacobian);
    *f = (latency_fitter){0};
}

static ascend_fit fit_of(const latency_params *params, int chip)
{
    return (ascend_fit){.constants = params->constants, .tuning = params->tunings[chip]};
}

static void predict_chip(const latency_fitter *f, const latency_params *params, int chip,
                         double *seconds)
{
    const latency_samples *s = f->samples;
    ascend_fit fit = fit_of(params, chip);
    for (uint32_t k = 0; k < s->n_kernels; k++)
        if (s->chips[k] & 1u << chip) {
            double resident = ascend_weight_resident(&f->chips[chip], &fit, s->kernels[k].traffic);
            f->kernel_ns[k] = ascend_cost(&f->chips[chip], &fit, &s->kernels[k].work, resident).ns;
        }
    for (uint32_t i = 0; i < f->points->n; i++) {
        const latency_point *p = &f->points->points[i];
        const latency_sample *sample = &s->samples[s->of[i]];
        if (p->chip != chip)
            continue;
        double ns = ascend_fixed_ns(&f->chips[chip], &fit, sample->border_bytes);
        for (uint32_t k = sample->first; k < sample->first + sample->n; k++)
            ns += s->parts[k].count * f->kernel_ns[s->parts[k].kernel];
        seconds[i] = sample->known ? ns * 1e-9 + p->host * params->host_s : NAN;
    }
}

void latency_predict(const latency_fitter *f, const latency_params *params, int chip,
                     double *seconds)
{
    for (int c = 0; c < LATENCY_CHIPS; c++)
        if (chip < 0 || c == chip)
            predict_chip(f, params, c, seconds);
}

void latency_predict_parts(const latency_fitter *f, const latency_params *params, double *seconds)
{
    const latency_samples *s = f->samples;
    for (uint32_t i = 0; i < f->points->n; i++) {
        const latency_point *p = &f->points->points[i];
        const latency_sample *sample = &s->samples[s->of[i]];
        const ascend_chip *chip = &f->chips[p->chip];
        ascend_fit fit = fit_of(params, p->chip);
        double *parts = seconds + (size_t)i * ASCEND_PARTS;
        memset(parts, 0, ASCEND_PARTS * sizeof *parts);
        parts[0] =
            ascend_fixed_ns(chip, &fit, sample->border_bytes) * 1e-9 + p->host * params->host_s;
        for (uint32_t k = sample->first; k < sample->first + sample->n; k++) {
            const latency_kernel *kernel = &s->kernels[s->parts[k].kernel];
            ascend_time t = ascend_cost(chip, &fit, &kernel->work,
                                        ascend_weight_resident(chip, &fit, kernel->traffic));
            parts[t.bound] += s->parts[k].count * t.ns * 1e-9;
        }
    }
}

/* ---- The fit ------------------------------------------------------------------------------- */

typedef struct problem {
    latency_fitter *f;
    const bool *used;
    double *base, *shifted, *normal, *right, *trial;
} problem;

static bool counts(const problem *p, uint32_t i)
{
    return p->used[i] && p->f->samples->samples[p->f->samples->of[i]].known;
}

static double error_of(const problem *p, uint32_t i, const double *seconds)
{
    return log(seconds[i] / p->f->points->points[i].seconds) / SCALE;
}

static double loss(const problem *p, const double *logs, double *seconds)
{
    latency_params params;
    double sum = 0;
    latency_params_set(&params, p->f->list, p->f->n_params, logs);
    latency_predict(p->f, &params, -1, seconds);
    for (uint32_t i = 0; i < p->f->points->n; i++)
        if (counts(p, i)) {
            double r = error_of(p, i, seconds);
            sum += log1p(r * r / 2);
        }
    for (uint32_t j = 0; j < p->f->n_params; j++) {
        double d = (logs[j] - log(p->f->list[j].center)) / p->f->list[j].deviation;
        sum += d * d / 2;
    }
    return sum;
}

static void find_jacobian(const problem *p, double *logs)
{
    latency_fitter *f = p->f;
    for (uint32_t j = 0; j < f->n_params; j++) {
        latency_params params;
        double old = logs[j];
        memcpy(p->shifted, p->base, f->points->n * sizeof *p->shifted);
        logs[j] = old + STEP;
        latency_params_set(&params, f->list, f->n_params, logs);
        latency_predict(f, &params, f->list[j].chip, p->shifted);
        logs[j] = old;
        for (uint32_t i = 0; i < f->points->n; i++)
            f->jacobian[(size_t)i * f->n_params + j] =
                counts(p, i) ? log(p->shifted[i] / p->base[i]) / STEP / SCALE : 0;
    }
}

/* Normal equations: Gauss and Newton with the weights that make squares of the loss. */
static void find_normal(const problem *p, const double *logs)
{
    latency_fitter *f = p->f;
    uint32_t n = f->n_params;
    memset(p->normal, 0, (size_t)n * n * sizeof *p->normal);
    memset(p->right, 0, n * sizeof *p->right);
    for (uint32_t i = 0; i < f->points->n; i++) {
        if (!counts(p, i))
            continue;
        const double *row = f->jacobian + (size_t)i * n;
        double r = error_of(p, i, p->base), weight = 1 / (1 + r * r / 2);
        for (uint32_t a = 0; a < n; a++) {
            p->right[a] -= weight * row[a] * r;
            for (uint32_t b = a; b < n; b++)
                p->normal[(size_t)a * n + b] += weight * row[a] * row[b];
        }
    }
    for (uint32_t a = 0; a < n; a++) {
        double precision = 1 / (f->list[a].deviation * f->list[a].deviation);
        p->normal[(size_t)a * n + a] += precision;
        p->right[a] -= precision * (logs[a] - log(f->list[a].center));
    }
}

/* One step with the given damping into trial. */
static amct_status find_step(const problem *p, const double *logs, double damping, double *work,
                             amct_err *err)
{
    uint32_t n = p->f->n_params;
    memcpy(work, p->normal, (size_t)n * n * sizeof *work);
    for (uint32_t a = 0; a < n; a++) {
        work[(size_t)a * n + a] *= 1 + damping;
        p->trial[a] = p->right[a];
    }
    AMCT_TRY(amct_linalg_cholesky(work, n, err));
    amct_linalg_solve(p->trial, 1, work, n, 1);
    for (uint32_t a = 0; a < n; a++)
        p->trial[a] = logs[a] + fmax(-1, fmin(1, p->trial[a]));
    return AMCT_OK;
}

static amct_status minimise(const problem *p, int steps, double *logs, double *work, amct_err *err)
{
    uint32_t n = p->f->n_params;
    double best = loss(p, logs, p->base), damping = 1e-2;
    for (int step = 0; step < steps; step++) {
        double before = best;
        find_jacobian(p, logs);
        find_normal(p, logs);
        for (int attempt = 0; attempt < 8; attempt++, damping *= 4) {
            AMCT_TRY(find_step(p, logs, damping, work, err));
            double value = loss(p, p->trial, p->shifted);
            if (value < best) {
                best = value;
                memcpy(logs, p->trial, n * sizeof *logs);
                memcpy(p->base, p->shifted, p->f->points->n * sizeof *p->base);
                damping = fmax(1e-6, damping / 8);
                break;
            }
        }
        if (before - best < 1e-4 * before)
            break;
    }
    return AMCT_OK;
}

amct_status latency_fit(latency_fitter *f, const bool *used, int steps, double *logs, amct_err *err)
{
    size_t n = f->n_params, points = f->points->n + (size_t)1;
    problem p = {.f = f, .used = used};
    double *block = calloc(2 * points + 2 * n * n + 2 * n, sizeof *block);
    if (!block)
        return amct_fail_nomem(err);
    p.base = block;
    p.shifted = p.base + points;
    p.normal = p.shifted + points;
    p.right = p.normal + n * n;
    p.trial = p.right + n;
    amct_status status = minimise(&p, steps, logs, p.trial + n, err);
    free(block);
    return status;
}
