#include "tune/test_order.h"

#include <stdbool.h>

void amct_test_order(uint32_t *order, double *shares, const double *chances, uint32_t n)
{
    uint32_t tested = 0, last = n;
    for (uint32_t i = n; i-- > 0;) { /* the slowest first */
        bool surest = true;
        for (uint32_t faster = 0; faster < i; faster++)
            surest = surest && chances[faster] < chances[i];
        order[surest ? tested++ : --last] = i;
    }
    for (uint32_t i = 0; i < n; i++)
        shares[i] = i >= tested ? 0 : tested == 1 ? 1 : i == 0 ? 0.5 : 0.5 / (tested - 1);
}
