/*
 * level.h - the level database: for every layer what it becomes at every level, computed once, kept
 * in memory and in a folder, and shared by all candidates. A candidate costs no more than picking
 * pointers.
 *
 * Files are named by a hash of everything that a level depends on (weights, statistics, options),
 * so a later search on the same model and data finds them, and another one does not.
 */
#ifndef AMCT_COMPRESS_LEVEL_H
#define AMCT_COMPRESS_LEVEL_H

#include "compress/quantise.h"

/* What can be done to a layer. Further kinds follow. */
typedef enum amct_level_kind {
    AMCT_LEVEL_16, /* as it is: float16 on the device, float32 here */
    AMCT_LEVEL_W8A8,
    AMCT_LEVEL_W4A8,
    AMCT_LEVEL_W4A4,
    AMCT_LEVEL_W8A8_SPARSE, /* W8A8 whose weights have 4:2 sparsity (sparse.h) */
    AMCT_N_LEVELS
} amct_level_kind;

/* "16", "w8a8", "w4a8", "w4a4", "w8a8-2of4". */
const char *amct_level_name(amct_level_kind kind);
/* Bits of weights and source; 16 for AMCT_LEVEL_16. */
uint32_t amct_level_weight_bits(amct_level_kind kind);
uint32_t amct_level_src_bits(amct_level_kind kind);
bool amct_level_sparse(amct_level_kind kind);
/* Why a layer cannot have a level other than AMCT_LEVEL_16, whatever its weights; NULL if it can.
 */
const char *amct_level_refusal(const amct_layer *layer, amct_level_kind kind);

typedef struct amct_level_options {
    amct_weight_algo weights; /* of 8 bits; with 4 bits, or sparse, it is always GPTQ */
    bool correct_mean;
} amct_level_options;

typedef struct amct_leveldb amct_leveldb;

/* graph, layers and calibration must outlive it; constants of graph are hashed. folder may be NULL:
 * memory only. */
amct_status amct_leveldb_new(amct_leveldb **out, const amct_graph *graph, const amct_layer *layers,
                             const amct_calibration *calibration, const amct_level_options *options,
                             const char *folder, amct_err *err);
void amct_leveldb_free(amct_leveldb *db); /* NULL is allowed */

/* Second moments that are at hand, of the database's calibration: levels filled from now on take
 * these and do not collect them again. Borrowed; NULL: none. */
void amct_leveldb_know(amct_leveldb *db, const amct_moments *moments);

/* Computes the levels that are neither in memory nor in the folder, in `jobs` processes: of layer i
 * each kind of which bit 1 << kind of wanted[i] is set, unless it is AMCT_LEVEL_16, and the layer
 * can be quantised; the result does not depend on jobs. feed: the samples of the calibration, for
 * second moments (moments.h) where rounding needs them; as many layers at a time as fit into
 * limit_bytes. A layer that does not fit alone is rounded without them, with a warning. A file that
 * is damaged is replaced. */
amct_status amct_leveldb_fill(amct_leveldb *db, const uint32_t *wanted, const amct_feed *feed,
                              uint32_t jobs, size_t limit_bytes, amct_err *err);

/* The same, with the kinds of one set for all layers. */
amct_status amct_leveldb_fill_all(amct_leveldb *db, uint32_t kinds, const amct_feed *feed,
                                  uint32_t jobs, size_t limit_bytes, amct_err *err);

/* The layer at that level, which has been filled; *out is NULL for AMCT_LEVEL_16.
 * AMCT_E_UNSUPPORTED if the layer cannot have it, saying why. */
amct_status amct_leveldb_get(const amct_quantised **out, const amct_leveldb *db, uint32_t layer,
                             amct_level_kind kind, amct_err *err);

/* Bytes that weights, bias and scales take on the device; 4-bit weights are packed; sparse ones are
 * half of the dense ones and an index of a quarter of these (documentation of atc --sparsity). */
int64_t amct_level_bytes(const amct_layer *layer, amct_level_kind kind);

#endif
