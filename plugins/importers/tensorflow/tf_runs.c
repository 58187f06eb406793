#include "tf_runs.h"

static void multiply(tf_product *p, int64_t dim)
{
    if (dim < 0)
        p->unknown++;
    else if (__builtin_mul_overflow(p->known, dim, &p->known))
        p->known = INT64_MAX;
}

tf_product tf_product_of(const tf_shape *shape)
{
    tf_product p = {0, 1};
    for (uint32_t i = 0; i < shape->rank; i++)
        multiply(&p, shape->dims[i]);
    return p;
}

static bool equal(tf_product a, tf_product b)
{
    return a.unknown == b.unknown && a.known == b.known;
}

tf_runs tf_runs_find(const tf_shape *from, const tf_shape *to)
{
    tf_runs found = {.n = 0};
    uint32_t i = 0, k = 0;
    while (i < from->rank || k < to->rank) {
        tf_product a = {0, 1}, b = {0, 1};
        if (i < from->rank)
            multiply(&a, from->dims[i]), found.from[i++] = (uint8_t)found.n;
        if (k < to->rank)
            multiply(&b, to->dims[k]), found.to[k++] = (uint8_t)found.n;
        while (!equal(a, b) && (i < from->rank || k < to->rank)) {
            bool more = a.unknown != b.unknown ? a.unknown < b.unknown : a.known < b.known;
            if (k == to->rank || (more && i < from->rank))
                multiply(&a, from->dims[i]), found.from[i++] = (uint8_t)found.n;
            else
                multiply(&b, to->dims[k]), found.to[k++] = (uint8_t)found.n;
        }
        found.n++;
    }
    return found;
}

void tf_runs_plan(const tf_shape *from, const tf_shape *to, const tf_runs *found,
                  const tf_order *stored, tf_order *need, tf_order *made)
{
    bool large[TF_MAX_RANK + 1] = {false}, seen[TF_MAX_RANK + 1] = {false};
    uint32_t n_need = 0, n_made = 0;
    *need = *made = tf_order_plain();
    for (uint32_t i = 0; i < from->rank; i++)
        if (from->dims[i] != 1)
            large[found->from[i]] = true;
    for (uint32_t k = 0; k <= from->rank; k++) {
        uint32_t run = 0;
        if (k < from->rank) {
            run = found->from[stored->axis[k]];
            if (seen[run] || (from->dims[stored->axis[k]] == 1 && large[run]))
                continue;
        }
        for (; run < found->n; run++) { /* at the end, runs that x has no dims in */
            if (!seen[run]) {
                seen[run] = true;
                for (uint32_t i = 0; i < from->rank; i++)
                    if (found->from[i] == run)
                        need->axis[n_need++] = (uint8_t)i;
                for (uint32_t i = 0; i < to->rank; i++)
                    if (found->to[i] == run)
                        made->axis[n_made++] = (uint8_t)i;
            }
            if (k < from->rank)
                break;
        }
    }
}
