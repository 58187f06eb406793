#include "compress/rounder.h"

#include "compress/range.h"
#include "compress/round.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const amct_weight_algo_names[] = {"arq", "mse", "gptq", NULL};

/* Of the diagonal of second moments, as GPTQ has it. */
static const double damping = 0.01;

struct amct_rounder_work {
    float *full, *tried_scales; /* per output */
    int8_t *tried;              /* columns x outputs */
    double *errors, *least_errors, *room;
    amct_factor *factors; /* per part */
};

amct_status amct_rounder_new(amct_rounder **out, const amct_rounder_options *options, amct_err *err)
{
    size_t all = options->columns * options->outputs, m = options->outputs;
    amct_rounder *r = calloc(1, sizeof *r);
    struct amct_rounder_work *w = calloc(1, sizeof *w);
    if (!r || !w) {
        free(r);
        free(w);
        return amct_fail_nomem(err);
    }
    *r = (amct_rounder){.options = *options, .work = w};
    r->weights = malloc((all + 1) * sizeof *r->weights);
    r->floors = calloc(m + 1, sizeof *r->floors);
    r->integers = malloc(all + 1);
    r->scales = malloc((m + 1) * sizeof *r->scales);
    w->full = malloc((m + 1) * sizeof *w->full);
    w->tried_scales = malloc((m + 1) * sizeof *w->tried_scales);
    w->tried = malloc(all + 1);
    w->errors = malloc((m + 1) * sizeof *w->errors);
    w->least_errors = malloc((m + 1) * sizeof *w->least_errors);
    w->room = malloc(((options->part_columns + AMCT_ROUND_BLOCK) * m + 1) * sizeof *w->room);
    w->factors = calloc(options->parts + 1, sizeof *w->factors);
    if (!r->weights || !r->floors || !r->integers || !r->scales || !w->full || !w->tried_scales ||
        !w->tried || !w->errors || !w->least_errors || !w->room || !w->factors) {
        amct_rounder_free(r);
        return amct_fail_nomem(err);
    }
    *out = r;
    return AMCT_OK;
}

void amct_rounder_free(amct_rounder *r)
{
    if (!r)
        return;
    struct amct_rounder_work *w = r->work;
    for (size_t p = 0; w->factors && p < r->options.parts; p++)
        amct_factor_free(&w->factors[p]);
    free(w->full);
    free(w->tried_scales);
    free(w->tried);
    free(w->errors);
    free(w->least_errors);
    free(w->room);
    free(w->factors);
    free(w);
    free(r->weights);
    free(r->floors);
    free(r->integers);
    free(r->scales);
    free(r);
}

amct_status amct_rounder_set_moments(amct_rounder *r, size_t part, const double *matrix,
                                     amct_err *err)
{
    size_t left = r->options.columns - part * r->options.part_columns;
    amct_factor_free(&r->work->factors[part]);
    return amct_factor_make(&r->work->factors[part], matrix,
                            left < r->options.part_columns ? left : r->options.part_columns,
                            damping, err);
}

/* ---- Scales and plain rounding ------------------------------------------------------------ */

static int least(uint32_t bits)
{
    return -(1 << (bits - 1));
}

static int greatest(uint32_t bits)
{
    return (1 << (bits - 1)) - 1;
}

static double round_one(double w, double scale, uint32_t bits)
{
    double q = rint(w / scale);
    return q < least(bits) ? least(bits) : q > greatest(bits) ? greatest(bits) : q;
}

/* AMCT's scale for a range of weights. */
static float range_scale(const double *w, size_t n, size_t step, uint32_t bits)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, w[i * step]);
        high = fmax(high, w[i * step]);
    }
    return amct_qparams_of_range((float)low, (float)high, false, bits).scale;
}

static float mse_scale(const double *w, size_t n, size_t step, uint32_t bits)
{
    float full = range_scale(w, n, step, bits), best = full;
    double least_error = INFINITY;
    for (int percent = 100; percent >= 50; percent--) {
        float scale = full * (float)percent / 100;
        double error = 0;
        for (size_t i = 0; i < n; i++) {
            double e = w[i * step] - round_one(w[i * step], scale, bits) * scale;
            error += e * e;
        }
        if (error < least_error)
            least_error = error, best = scale;
    }
    return best;
}

static void set_scales(amct_rounder *r, float *scales,
                       float (*scale)(const double *, size_t, size_t, uint32_t))
{
    size_t n = r->options.columns, outputs = r->options.outputs;
    for (size_t m = 0; m < outputs; m++)
        if (r->options.per_output)
            scales[m] = fmaxf(scale(r->weights + m, n, outputs, r->options.bits), r->floors[m]);
        else
            scales[m] = m ? scales[0] : scale(r->weights, n * outputs, 1, r->options.bits);
}

static void round_plainly(amct_rounder *r)
{
    size_t outputs = r->options.outputs;
    set_scales(r, r->scales, r->options.algo == AMCT_WEIGHTS_ARQ ? range_scale : mse_scale);
    for (size_t i = 0; i < r->options.columns * outputs; i++)
        r->integers[i] = (int8_t)round_one(r->weights[i], r->scales[i % outputs], r->options.bits);
}

/* ---- Rounding for the result -------------------------------------------------------------- */

static void round_with(amct_rounder *r)
{
    struct amct_rounder_work *w = r->work;
    size_t outputs = r->options.outputs;
    memset(w->errors, 0, outputs * sizeof *w->errors);
    for (size_t p = 0; p < r->options.parts; p++) {
        size_t from = p * r->options.part_columns * outputs;
        amct_round(w->tried + from, w->errors, r->weights + from, w->tried_scales, outputs,
                   &w->factors[p], least(r->options.bits), greatest(r->options.bits), w->room);
    }
}

/* Takes over the outputs (all of them if they share a scale) that were rounded best so far. */
static void keep_better(amct_rounder *r)
{
    struct amct_rounder_work *w = r->work;
    size_t outputs = r->options.outputs;
    double total = 0, least_total = 0;
    for (size_t m = 0; m < outputs; m++) {
        total += w->errors[m];
        least_total += w->least_errors[m];
    }
    for (size_t m = 0; m < outputs; m++) {
        if (r->options.per_output ? !(w->errors[m] < w->least_errors[m]) : !(total < least_total))
            continue;
        w->least_errors[m] = w->errors[m];
        r->scales[m] = w->tried_scales[m];
        for (size_t i = 0; i < r->options.columns; i++)
            r->integers[i * outputs + m] = w->tried[i * outputs + m];
    }
}

static void round_for_result(amct_rounder *r)
{
    enum { LAST_PERCENT = 40, STEP = 4 };
    struct amct_rounder_work *w = r->work;
    size_t outputs = r->options.outputs;
    set_scales(r, w->full, range_scale);
    for (size_t m = 0; m < outputs; m++)
        w->least_errors[m] = INFINITY;
    for (int percent = 100; percent >= (r->options.bits < 8 ? LAST_PERCENT : 100);
         percent -= STEP) {
        for (size_t m = 0; m < outputs; m++)
            w->tried_scales[m] = fmaxf(w->full[m] * (float)percent / 100, r->floors[m]);
        round_with(r);
        keep_better(r);
    }
}

void amct_rounder_run(amct_rounder *r)
{
    if (r->options.algo == AMCT_WEIGHTS_GPTQ && r->options.parts)
        round_for_result(r);
    else
        round_plainly(r);
}
