#include "ops/broadcast.h"

#include <assert.h>
#include <string.h>

amct_status amct_broadcast_shape(amct_shape *out, uint32_t n, const amct_shape *const *shapes,
                                 amct_err *err)
{
    char one[128], other[128];
    amct_shape joined = *shapes[0];
    for (uint32_t k = 1; k < n; k++) {
        const amct_shape *shape = shapes[k];
        amct_shape wider = joined.rank >= shape->rank ? joined : *shape;
        for (int32_t back = 1; back <= joined.rank && back <= shape->rank; back++) {
            int64_t a = joined.dims[joined.rank - back], b = shape->dims[shape->rank - back];
            if (a != b && a != 1 && b != 1)
                return amct_fail(err, AMCT_E_INVALID, "shapes %s and %s do not broadcast",
                                 amct_shape_print(&joined, one, sizeof one),
                                 amct_shape_print(shape, other, sizeof other));
            wider.dims[wider.rank - back] = a == 1 ? b : a;
        }
        joined = wider;
    }
    *out = joined;
    return AMCT_OK;
}

bool amct_broadcast_fits(const amct_shape *from, const amct_shape *to)
{
    if (from->rank > to->rank)
        return false;
    for (int32_t back = 1; back <= from->rank; back++) {
        int64_t dim = from->dims[from->rank - back];
        if (dim != 1 && dim != to->dims[to->rank - back])
            return false;
    }
    return true;
}

void amct_shape_strides(int64_t strides[AMCT_MAX_RANK], const amct_shape *shape)
{
    int64_t stride = 1;
    for (int32_t d = shape->rank - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= shape->dims[d];
    }
}

void amct_broadcast_strides(int64_t strides[AMCT_MAX_RANK], const amct_shape *shape,
                            const amct_shape *to)
{
    int64_t own[AMCT_MAX_RANK];
    int32_t missing = to->rank - shape->rank;
    amct_shape_strides(own, shape);
    for (int32_t d = 0; d < to->rank; d++)
        strides[d] = d < missing || shape->dims[d - missing] == 1 ? 0 : own[d - missing];
}

void amct_walk_strided(amct_walk *walk, const amct_shape *over, uint32_t n,
                       const int64_t (*strides)[AMCT_MAX_RANK], const int64_t *start)
{
    assert(n <= AMCT_WALK_OPERANDS && over->rank >= 0);
    *walk = (amct_walk){.n = n, .run = 1};
    for (uint32_t k = 0; k < n; k++)
        walk->at[k] = start ? start[k] : 0;
    for (int32_t d = 0; d < over->rank; d++) {
        int64_t dim = over->dims[d];
        if (dim == 0) {
            walk->done = true;
            return;
        }
        if (dim == 1)
            continue;
        bool joins = walk->rank > 0;
        for (uint32_t k = 0; joins && k < n; k++)
            joins = walk->strides[walk->rank - 1][k] == strides[k][d] * dim;
        int32_t to = joins ? walk->rank - 1 : walk->rank++;
        walk->dims[to] = joins ? walk->dims[to] * dim : dim;
        for (uint32_t k = 0; k < n; k++)
            walk->strides[to][k] = strides[k][d];
    }
    if (walk->rank > 0) {
        walk->rank--;
        walk->run = walk->dims[walk->rank];
        memcpy(walk->step, walk->strides[walk->rank], sizeof walk->step);
    }
}

void amct_walk_broadcast(amct_walk *walk, const amct_shape *over, uint32_t n,
                         const amct_shape *const *shapes)
{
    int64_t strides[AMCT_WALK_OPERANDS][AMCT_MAX_RANK];
    assert(n <= AMCT_WALK_OPERANDS);
    for (uint32_t k = 0; k < n; k++)
        amct_broadcast_strides(strides[k], shapes[k], over);
    amct_walk_strided(walk, over, n, (const int64_t(*)[AMCT_MAX_RANK])strides, NULL);
}

void amct_walk_next(amct_walk *walk)
{
    for (int32_t d = walk->rank - 1; d >= 0; d--) {
        if (++walk->index[d] < walk->dims[d]) {
            for (uint32_t k = 0; k < walk->n; k++)
                walk->at[k] += walk->strides[d][k];
            return;
        }
        for (uint32_t k = 0; k < walk->n; k++)
            walk->at[k] -= walk->strides[d][k] * (walk->dims[d] - 1);
        walk->index[d] = 0;
    }
    walk->done = true;
}
