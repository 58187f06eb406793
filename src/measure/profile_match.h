/*
 * profile_match.h - which nodes of a network an operator of a profile is.
 */
#ifndef AMCT_MEASURE_PROFILE_MATCH_H
#define AMCT_MEASURE_PROFILE_MATCH_H

#include "graph/graph.h"
#include "measure/profile.h"

typedef struct amct_names {
    const amct_graph *graph;
    uint32_t *sorted; /* nodes by name */
    bool *lengths;    /* which lengths there are, up to the longest */
    size_t longest;
} amct_names;

amct_status amct_names_make(amct_names *out, const amct_graph *graph, amct_err *err);
void amct_names_free(amct_names *names);

/* The nodes whose names are found in the text, one behind the other without overlap, the longest
 * first at each place: at most `most` of them. 0 if the text neither begins with one nor is half
 * made of them. */
uint32_t amct_names_in(uint32_t *nodes, uint32_t most, const amct_names *names, const char *text);
/* The nodes of an operator, by the names that it was fused from if these are told. */
uint32_t amct_names_of(uint32_t *nodes, uint32_t most, const amct_names *names,
                       const amct_profile_op *op);

#endif
