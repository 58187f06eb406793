#include "search/nondominated.h"

#include <math.h>
#include <stdlib.h>

bool amct_point_dominates(const amct_point *a, const amct_point *b)
{
    if (a->violation != b->violation)
        return a->violation < b->violation;
    return a->cost <= b->cost && a->loss <= b->loss && (a->cost < b->cost || a->loss < b->loss);
}

bool amct_point_before(const amct_point *a, const amct_point *b)
{
    return a->front != b->front ? a->front < b->front : a->crowding > b->crowding;
}

static int by_order(const void *left, const void *right)
{
    const amct_point *a = left, *b = right;
    if (amct_point_before(a, b) || amct_point_before(b, a))
        return amct_point_before(a, b) ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static int by_front_and_cost(const void *left, const void *right)
{
    const amct_point *a = left, *b = right;
    if (a->front != b->front)
        return a->front < b->front ? -1 : 1;
    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    if (a->loss != b->loss)
        return a->loss < b->loss ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Fronts by peeling: above[i] counts those that dominate i and have no front yet. */
static void find_fronts(amct_point *points, uint32_t n, uint32_t *above, uint32_t *peeled)
{
    for (uint32_t i = 0; i < n; i++) {
        above[i] = 0;
        for (uint32_t k = 0; k < n; k++)
            above[i] += amct_point_dominates(&points[k], &points[i]);
    }
    uint32_t from = 0, to = 0;
    for (uint32_t i = 0; i < n; i++)
        if (above[i] == 0) {
            points[i].front = 0;
            peeled[to++] = i;
        }
    for (; from < to; from++) {
        const amct_point *a = &points[peeled[from]];
        for (uint32_t i = 0; i < n; i++)
            if (amct_point_dominates(a, &points[i]) && --above[i] == 0) {
                points[i].front = a->front + 1;
                peeled[to++] = i;
            }
    }
}

/* Of a front in order of cost. In two objectives that is the order of loss turned, except where
 * constraints are violated: these are compared by violation alone, so that a front of them is of
 * one violation, and may be in any order of loss. */
static void set_crowding(amct_point *front, uint32_t n)
{
    double least = INFINITY, most = -INFINITY, costs = front[n - 1].cost - front[0].cost;
    for (uint32_t i = 0; i < n; i++) {
        least = fmin(least, front[i].loss);
        most = fmax(most, front[i].loss);
    }
    for (uint32_t i = 0; i < n; i++) {
        front[i].crowding = i == 0 || i == n - 1 ? INFINITY : 0;
        if (i == 0 || i == n - 1)
            continue;
        if (costs > 0)
            front[i].crowding += (front[i + 1].cost - front[i - 1].cost) / costs;
        if (most > least)
            front[i].crowding += fabs(front[i + 1].loss - front[i - 1].loss) / (most - least);
    }
}

amct_status amct_nondominated_sort(amct_point *points, uint32_t n, amct_err *err)
{
    uint32_t *scratch = calloc(2 * (size_t)n + 1, sizeof *scratch);
    if (!scratch)
        return amct_fail_nomem(err);
    find_fronts(points, n, scratch, scratch + n);
    free(scratch);
    qsort(points, n, sizeof *points, by_front_and_cost);
    for (uint32_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && points[to].front == points[from].front;)
            to++;
        set_crowding(points + from, to - from);
    }
    qsort(points, n, sizeof *points, by_order);
    return AMCT_OK;
}
