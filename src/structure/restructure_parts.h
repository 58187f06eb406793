/*
 * restructure_parts.h - shared by the files behind restructure.h.
 */
#ifndef AMCT_STRUCTURE_RESTRUCTURE_PARTS_H
#define AMCT_STRUCTURE_RESTRUCTURE_PARTS_H

#include "structure/restructure.h"

typedef struct amct_restructuring {
    amct_graph *graph; /* the clone */
    const amct_graph *from;
    const amct_lanes *lanes;
    const bool *keep;
    const void *blank; /* what new constants borrow instead of having numbers; or NULL */
} amct_restructuring;

/* How many indices of an array of lanes are kept. */
static inline int64_t amct_count_kept(const bool *keep, const uint32_t *lanes, int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        kept += keep[lanes[i]];
    return kept;
}

/* Parameters of node n (attributes, lists of integers) that tell the number of channels. */
amct_status amct_restructure_node(amct_restructuring *r, uint32_t n, amct_err *err);
/* The layer becomes two; its bias goes with the second. */
amct_status amct_restructure_factors(amct_restructuring *r, const amct_layer *layer,
                                     const amct_factors *factors, amct_err *err);
/* A new constant, borrowed. */
amct_status amct_restructure_borrow(amct_graph *graph, uint32_t *id, const char *name,
                                    uint32_t dtype, const amct_shape *shape, const void *data,
                                    amct_err *err);

#endif
