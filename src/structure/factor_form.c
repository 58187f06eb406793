#include "structure/factor_form.h"

#include <math.h>

int64_t amct_factor_tap(int64_t *first, int64_t *second, const amct_columns *c,
                        amct_split_form form, int64_t tap)
{
    int64_t width = c->plane ? c->window.kernel[2] : 1;
    switch (form) {
    case AMCT_SPLIT_AFTER:
        *first = tap;
        *second = 0;
        return c->taps;
    case AMCT_SPLIT_BEFORE:
        *first = 0;
        *second = tap;
        return 1;
    case AMCT_SPLIT_ROWS:
        *first = tap / width;
        *second = tap % width;
        return c->taps / width;
    default:
        *first = tap % width;
        *second = tap / width;
        return width;
    }
}

int64_t amct_factor_taps(const amct_columns *c, amct_split_form form)
{
    int64_t first, second;
    return amct_factor_tap(&first, &second, c, form, 0);
}

const char *amct_factorise_why(const amct_columns *c, amct_split_form form)
{
    if (c->groups > 1)
        return "it has groups";
    if (c->transposed)
        return "it is transposed";
    if (form == AMCT_SPLIT_AFTER)
        return NULL;
    if (!c->plane || c->taps == 1)
        return "its window is a single place";
    if (form >= AMCT_SPLIT_ROWS &&
        (c->window.kernel[0] > 1 || c->window.kernel[1] < 2 || c->window.kernel[2] < 2))
        return "its window is not of 2 dims";
    return NULL;
}

/* How many times the first layer is reckoned for each row of the result. */
static double first_rows(const amct_columns *c, amct_split_form form)
{
    double more = 1;
    for (int d = 0; c->plane && d < 3; d++)
        if (form == AMCT_SPLIT_BEFORE || (form == AMCT_SPLIT_ROWS && d == 2) ||
            (form == AMCT_SPLIT_COLUMNS && d == 1))
            more *= (double)c->window.in[d] / (double)c->window.out[d];
    return more;
}

int64_t amct_factorise_macs(const amct_columns *c, amct_split_form form, int64_t rank)
{
    int64_t taps = amct_factor_taps(c, form);
    double first = (double)(rank * c->channels * taps) * first_rows(c, form);
    return (int64_t)ceil(first) + rank * (c->taps / taps) * c->outputs;
}

int64_t amct_factorise_most(const amct_columns *c, amct_split_form form)
{
    int64_t whole = c->columns * c->outputs;
    int64_t rank = whole ? whole / amct_factorise_macs(c, form, 1) : 0;
    while (rank > 0 && amct_factorise_macs(c, form, rank) >= whole)
        rank--;
    return rank;
}
