/*
 * derived_levels.h - quantised levels for the layers of structured candidates, made when they are
 * first asked for and kept: what the level database (level.h) is for candidates without structure.
 *
 * A layer that a candidate leaves as it is comes from the database, and one that only makes fewer
 * channels is cut out of its level there. The rest is rounded with what derive.h tells of its
 * source: 4-bit weights by GPTQ that rounds once (rounder.h), 8-bit weights by the options.
 *
 * Levels are found by the contents of weights and bias, so that candidates share them. They live as
 * long as the memo. Processes forked later share what is there by then. Not for several threads at
 * a time.
 */
#ifndef AMCT_STRUCTURE_DERIVED_LEVELS_H
#define AMCT_STRUCTURE_DERIVED_LEVELS_H

#include "structure/derive.h"
#include "compress/level.h"

typedef struct amct_derived amct_derived;

/* *source is copied; what it points to and db, with its options, must outlive the memo. */
amct_status amct_derived_new(amct_derived **out, const amct_derive_source *source,
                             const amct_leveldb *db, const amct_level_options *options,
                             amct_err *err);
void amct_derived_free(amct_derived *derived); /* NULL is allowed */

/* Layer `layer` of a candidate at that level, as amct_stitch on candidate->graph wants it; *out is
 * NULL for AMCT_LEVEL_16. The same level is the same pointer. AMCT_E_UNSUPPORTED if the layer
 * cannot have it, saying why. */
amct_status amct_derived_get(const amct_quantised **out, amct_derived *derived,
                             const amct_structured *candidate, uint32_t layer, amct_level_kind kind,
                             amct_err *err);

/* How many levels have been made so far. */
uint32_t amct_derived_made(const amct_derived *derived);

#endif
