#include "tune/test_order.h"

#include <stdbool.h>

/* Of the error, for those that are slower than one nearly as sure. */
static const double reserve = 0.1;
/* Of the chance to fail: a slower one that has less of it is surer. */
static const double surer = 0.9;

void amct_test_order(uint32_t *order, double *shares, const double *chances, uint32_t n)
{
    uint32_t tested = 0, last = n;
    for (uint32_t i = n; i-- > 0;) { /* the slowest first */
        bool surest = true;
        for (uint32_t faster = 0; faster < i; faster++)
            surest = surest && 1 - chances[i] < surer * (1 - chances[faster]);
        order[surest ? tested++ : --last] = i;
    }
    double rest = tested < n ? 1 - reserve : 1;
    for (uint32_t i = 0; i < n; i++)
        shares[i] = i >= tested   ? reserve / (n - tested)
                    : tested == 1 ? rest
                    : i == 0      ? rest / 2
                                  : rest / 2 / (tested - 1);
}
