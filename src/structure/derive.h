/*
 * derive.h - what a layer of a structured candidate reads (structure.h): its statistics and second
 * moments, reckoned from those of the layer of the original that it comes from, without running
 * anything. What changes before the layer is not seen: channels that are kept count as unchanged.
 *
 * A whole layer reads some of the channels of the original. So does a first factor, of whose window
 * the columns are those at the centre place of the second one's; away from the borders of the plane
 * all places see the same. A second factor reads z = V x, with the first factor's weights V and x
 * the patches of the original at a place of the second window: its moments between places i and j
 * are V C_ij V^T, with C_ij those of x, of which variances grow by l. Its range is what 4 standard
 * deviations around the means of its channels hold (3 for 4 bits), at the centre place.
 */
#ifndef AMCT_STRUCTURE_DERIVE_H
#define AMCT_STRUCTURE_DERIVE_H

#include "structure/structure.h"

/* The original of the candidates, and what was seen of it; all of it is borrowed. */
typedef struct amct_derive_source {
    const amct_graph *graph;
    const amct_layer *layers;
    const amct_lanes *lanes; /* amct_structure_lanes */
    const amct_calibration *calibration;
    const amct_gram *const
        *grams;      /* per layer, as of amct_structure_new; NULL where there is none */
    bool asymmetric; /* ranges of sources, as of the calibration */
    double ridge;    /* l as a ratio of the mean variance of x; 0: as of amct_structure_options */
} amct_derive_source;

typedef struct amct_derivation {
    amct_layer_stats stats; /* result_mean is NULL; seen as that of the original */
    amct_gram *gram;        /* NULL: not wanted, none of the original, or of more than one part */
} amct_derivation;

/* Of layer `layer` of a candidate that amct_structure_build has made of the original. A candidate
 * whose weights have changed since, but not their shapes, will do. A source that was not seen gives
 * stats.seen false and no gram. AMCT_E_UNSUPPORTED if rows do not divide into samples. */
amct_status amct_derive(amct_derivation *out, const amct_derive_source *source,
                        const amct_structured *candidate, uint32_t layer, bool want_gram,
                        amct_err *err);
void amct_derivation_free(amct_derivation *derivation);

#endif
