#include "data/halves.h"

#include <stdlib.h>
#include <string.h>

typedef struct place {
    double by;
    uint32_t number;
} place;

static int compare(const void *left, const void *right)
{
    const place *a = left, *b = right;
    if (a->by != b->by)
        return a->by < b->by ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

amct_status amct_halves_order(uint32_t *order, const double *by, uint32_t n, amct_err *err)
{
    place *places = malloc((n + 1) * sizeof *places);
    if (!places)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n; i++)
        places[i] = (place){by[i], i};
    qsort(places, n, sizeof *places, compare);
    while (n > 1) {
        uint32_t half = n / 2;
        for (uint32_t i = 0; i < half; i++) {
            place a = places[2 * i], b = places[2 * i + 1];
            places[i] = a.number < b.number ? a : b;
            order[half + i] = a.number < b.number ? b.number : a.number;
        }
        if (n % 2)
            order[n - 1] = places[n - 1].number;
        n = half;
    }
    if (n)
        order[0] = places[0].number;
    free(places);
    return AMCT_OK;
}
