#include "measure/temper.h"

#include <math.h>

static double logit(const amct_outputs *o, float value)
{
    return o->probabilities ? log(value > 1e-30f ? value : 1e-30f) : o->scale * value;
}

static double highest(const amct_outputs *o, const float *row, double temper)
{
    double most = -INFINITY;
    for (uint32_t i = 0; i < o->classes; i++)
        most = fmax(most, temper * logit(o, row[i]));
    return most;
}

static double log_probability(const amct_outputs *o, const float *row, uint32_t answer,
                              double temper)
{
    double most = highest(o, row, temper), sum = 0;
    for (uint32_t i = 0; i < o->classes; i++)
        sum += exp(temper * logit(o, row[i]) - most);
    return temper * logit(o, row[answer]) - most - log(sum);
}

double amct_tempered(const amct_outputs *outputs, const float *row, uint32_t answer, double temper)
{
    return exp(log_probability(outputs, row, answer, temper));
}

static double likelihood(const amct_outputs *o, const float *rows, const int32_t *labels,
                         uint32_t n, double temper)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        if (labels[i] >= 0 && (uint32_t)labels[i] < o->classes)
            sum += log_probability(o, rows + (size_t)i * o->row, (uint32_t)labels[i], temper);
    return sum;
}

double amct_temper(const amct_outputs *outputs, const float *rows, const int32_t *labels,
                   uint32_t n)
{
    const double golden = 0.6180339887498949, most = 20; /* e^20: outputs may be tiny, or huge */
    double low = -most, high = most;
    if (!labels || !outputs->classes || !n)
        return 1;
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = likelihood(outputs, rows, labels, n, exp(a));
    double at_b = likelihood(outputs, rows, labels, n, exp(b));
    while (high - low > 0.01) { /* it has one top, and is flat before, where all is equal */
        if (at_a <= at_b) {
            low = a, a = b, at_a = at_b;
            b = low + golden * (high - low);
            at_b = likelihood(outputs, rows, labels, n, exp(b));
        } else {
            high = b, b = a, at_b = at_a;
            a = high - golden * (high - low);
            at_a = likelihood(outputs, rows, labels, n, exp(a));
        }
    }
    return exp((low + high) / 2);
}

double amct_unsure(const amct_outputs *outputs, const float *row)
{
    double most = highest(outputs, row, 1), sum = 0, squares = 0;
    for (uint32_t i = 0; i < outputs->classes; i++) {
        double part = exp(logit(outputs, row[i]) - most);
        sum += part;
        squares += part * part;
    }
    double unsure = 1 - squares / (sum * sum);
    return unsure > 0 ? unsure : 0;
}
