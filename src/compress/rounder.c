#include "compress/rounder.h"

#include "compress/range.h"
#include "compress/round.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const amct_weight_algo_names[] = {"arq", "mse", "gptq", NULL};

/* Outputs that are looked at together. */
enum { SIDE = 64 };

struct amct_rounder_work {
    float *full, *tried_scales; /* per output */
    int8_t *tried;              /* columns x outputs */
    double *errors, *least_errors, *room;
    amct_factor *factors; /* per part */
    float *side;          /* columns x SIDE, of rounding once */
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
    w->side = malloc(((options->once ? options->columns * SIDE : 0) + 1) * sizeof *w->side);
    if (!r->weights || !r->floors || !r->integers || !r->scales || !w->full || !w->tried_scales ||
        !w->tried || !w->errors || !w->least_errors || !w->room || !w->factors || !w->side) {
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
    free(w->side);
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
                            AMCT_DAMPING, err);
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

/* ---- Rounding for the result -------------------------------------------------------------- */

static void round_with(amct_rounder *r)
{
    struct amct_rounder_work *w = r->work;
    size_t outputs = r->options.outputs;
    memset(w->errors, 0, outputs * sizeof *w->errors);
    for (size_t p = 0; p < r->options.parts; p++) {
        size_t from = p * r->options.part_columns * outputs;
        amct_round(w->tried + from, w->errors, r->weights + from, w->tried_scales, outputs,
                   &w->factors[p], least(r->options.bits), greatest(r->options.bits),
                   r->options.keep_zeros, w->room);
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

/* Ratios of the whole range that are tried. */
enum { RATIOS = 16, STEP = 4 };

/* A scale that all share has no floor, as set_scales has it. */
static float narrowed(const amct_rounder *r, size_t m, int ratio)
{
    float scale = r->work->full[m] * (float)(100 - ratio * STEP) / 100;
    return r->options.per_output ? fmaxf(scale, r->floors[m]) : scale;
}

static void round_for_result(amct_rounder *r)
{
    for (int i = 0; i < (r->options.bits < 8 ? RATIOS : 1); i++) {
        for (size_t m = 0; m < r->options.outputs; m++)
            r->work->tried_scales[m] = narrowed(r, m, i);
        round_with(r);
        keep_better(r);
    }
}

/* ---- Rounding once ------------------------------------------------------------------------ */

/* errors[m]: what plain rounding does to an output's weights (columns x SIDE). */
AMCT_ROUND_WIDE static void plain_errors(float errors[SIDE], const float *weights, size_t columns,
                                         const float scales[SIDE], uint32_t bits)
{
    const float low = (float)least(bits), high = (float)greatest(bits);
    const float shift = 0x1.8p23f; /* adding it leaves no places behind the point */
    float inverse[SIDE], sums[SIDE] = {0};
    for (size_t m = 0; m < SIDE; m++)
        inverse[m] = 1 / scales[m];
    for (size_t k = 0; k < columns; k++, weights += SIDE)
        for (size_t m = 0; m < SIDE; m++) {
            float q = weights[m] * inverse[m];
            q = q < low ? low : q;
            q = q > high ? high : q;
            q = (q + shift) - shift;
            float e = weights[m] - q * scales[m];
            sums[m] += e * e;
        }
    memcpy(errors, sums, sizeof sums);
}

static void fill_side(amct_rounder *r, size_t first, size_t n)
{
    size_t outputs = r->options.outputs;
    for (size_t k = 0; k < r->options.columns; k++)
        for (size_t m = 0; m < SIDE; m++)
            r->work->side[k * SIDE + m] = m < n ? (float)r->weights[k * outputs + first + m] : 0;
}

/* The scales whose plain rounding is best into tried_scales. */
static void choose_range(amct_rounder *r)
{
    struct amct_rounder_work *w = r->work;
    size_t outputs = r->options.outputs;
    double totals[RATIOS] = {0};
    int best = 0;
    for (size_t first = 0; first < outputs; first += SIDE) {
        float scales[SIDE], errors[SIDE], least_errors[SIDE];
        size_t n = outputs - first < SIDE ? outputs - first : SIDE;
        fill_side(r, first, n);
        for (int i = 0; i < RATIOS; i++) {
            for (size_t m = 0; m < SIDE; m++)
                scales[m] = m < n ? narrowed(r, first + m, i) : 1;
            plain_errors(errors, w->side, r->options.columns, scales, r->options.bits);
            for (size_t m = 0; m < n; m++) {
                totals[i] += (double)errors[m];
                if (i && !(errors[m] < least_errors[m]))
                    continue;
                least_errors[m] = errors[m];
                w->tried_scales[first + m] = scales[m];
            }
        }
    }
    if (r->options.per_output)
        return;
    for (int i = 1; i < RATIOS; i++)
        best = totals[i] < totals[best] ? i : best;
    for (size_t m = 0; m < outputs; m++)
        w->tried_scales[m] = narrowed(r, m, best);
}

static void round_plainly(amct_rounder *r)
{
    size_t outputs = r->options.outputs;
    if (r->options.algo != AMCT_WEIGHTS_ARQ && r->options.once && r->options.bits < 8) {
        set_scales(r, r->work->full, range_scale);
        choose_range(r);
        memcpy(r->scales, r->work->tried_scales, outputs * sizeof *r->scales);
    } else {
        set_scales(r, r->scales, r->options.algo == AMCT_WEIGHTS_ARQ ? range_scale : mse_scale);
    }
    for (size_t i = 0; i < r->options.columns * outputs; i++)
        r->integers[i] = (int8_t)round_one(r->weights[i], r->scales[i % outputs], r->options.bits);
}

static void round_to_moments(amct_rounder *r)
{
    set_scales(r, r->work->full, range_scale);
    for (size_t m = 0; m < r->options.outputs; m++)
        r->work->least_errors[m] = INFINITY;
    if (r->options.bits == 8 || !r->options.once) {
        round_for_result(r);
        return;
    }
    choose_range(r);
    round_with(r);
    keep_better(r);
}

void amct_rounder_run(amct_rounder *r)
{
    if (r->options.algo == AMCT_WEIGHTS_GPTQ && r->options.parts)
        round_to_moments(r);
    else
        round_plainly(r);
}
