/*
 * derived_cut.h - the level of a layer that has lost channels of its result, or whole groups, and
 * nothing else: its part of the whole layer's level, as every channel is rounded for itself.
 */
#ifndef AMCT_STRUCTURE_DERIVED_CUT_H
#define AMCT_STRUCTURE_DERIVED_CUT_H

#include "structure/derive.h"
#include "compress/quantise.h"

/* *cut: whether layer `layer` of the candidate is such a one, with the numbers that the original
 * has. */
amct_status amct_derived_is_cut(bool *cut, const amct_derive_source *source,
                                const amct_structured *candidate, uint32_t layer, amct_err *err);
/* Writes its part of the original's level into the memory that `to` points to, whose lengths are
 * set. */
amct_status amct_derived_cut(amct_quantised *to, const amct_quantised *level,
                             const amct_derive_source *source, const amct_structured *candidate,
                             uint32_t layer, amct_err *err);

#endif
