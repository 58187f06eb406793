#include "tune/test_order.h"

#include <stdbool.h>

enum { MOST = 64, NONE = MOST };

/* The cheapest that can be expected once `cost` is sure, of the first n; *next is tested then. */
static double expect(uint32_t *next, const double *expected, const double *chances, uint32_t n,
                     double cost)
{
    double least = cost;
    *next = NONE;
    for (uint32_t i = 0; i < n; i++) {
        double then = chances[i] * expected[i] + (1 - chances[i]) * cost;
        if (then < least) {
            least = then;
            *next = i;
        }
    }
    return least;
}

void amct_test_order(uint32_t *order, double *shares, const double *costs, const double *chances,
                     uint32_t n, double without)
{
    double expected[MOST];
    uint32_t next[MOST], at, done = 0;
    bool taken[MOST] = {false};
    for (uint32_t i = 0; i < n; i++)
        expected[i] = expect(&next[i], expected, chances, i, costs[i]);
    expect(&at, expected, chances, n, without);
    for (; at != NONE; at = next[at]) {
        order[done++] = at;
        taken[at] = true;
    }
    for (uint32_t i = 0; i < n; i++)
        shares[i] = i >= done ? 0 : done == 1 ? 1 : i == 0 ? 0.5 : 0.5 / (done - 1);
    while (done < n) {
        uint32_t surest = NONE;
        for (uint32_t i = 0; i < n; i++)
            if (!taken[i] && (surest == NONE || chances[i] > chances[surest]))
                surest = i;
        order[done++] = surest;
        taken[surest] = true;
    }
}
