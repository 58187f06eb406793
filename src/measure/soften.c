#include "measure/soften.h"

#include <stdlib.h>

/* Ordinary networks are 3 to 30 ahead; exp(-100) is nothing beside 1, exp(-0.3) nearly 1. */
static const double certain = 100, ordinary = 10, undecided = 0.3;

static double ahead(const float *row, uint32_t classes)
{
    double first = row[0], second = row[1];
    if (second > first)
        first = row[1], second = row[0];
    for (uint32_t i = 2; i < classes; i++) {
        if (row[i] > first)
            second = first, first = row[i];
        else if (row[i] > second)
            second = row[i];
    }
    return first - second;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

amct_status amct_soften(double *scale, const amct_outputs *outputs, const float *rows, uint32_t n,
                        amct_err *err)
{
    double *margins = NULL;
    *scale = 1;
    if (outputs->classes < 2 || outputs->probabilities || !n)
        return AMCT_OK;
    margins = malloc(n * sizeof *margins);
    if (!margins)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n; i++)
        margins[i] = ahead(rows + (size_t)i * outputs->row, outputs->classes);
    qsort(margins, n, sizeof *margins, by_size);
    double margin = margins[n / 2];
    if (margin > certain || (margin > 0 && margin < undecided))
        *scale = ordinary / margin;
    free(margins);
    return AMCT_OK;
}
