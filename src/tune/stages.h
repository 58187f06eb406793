/*
 * stages.h - the network cut into stages, so that what one candidate has computed serves others: of
 * two candidates that are alike in all layers up to a cut, the second begins there.
 *
 * The cuts are at the same tensors for all candidates, whether or not something is kept, so that
 * what a candidate gives does not depend on those before it. A candidate of another structure has
 * the same tensors, of which some have fewer channels. Stage 0 begins at the prefix (prefix.h) if
 * there is one, else at the network's input.
 */
#ifndef AMCT_TUNE_STAGES_H
#define AMCT_TUNE_STAGES_H

#include "compress/layer.h"
#include "structure/groups.h"
#include "tune/prefix.h"

enum { AMCT_STAGES_MAX = 8 };

typedef struct amct_stages {
    uint32_t n;                         /* stages, at least 1 */
    amct_cut ends[AMCT_STAGES_MAX - 1]; /* cut i lies behind stage i */
    uint8_t *of_layer;                  /* the stage of each layer */
    uint32_t n_layers;
    uint8_t *of_group; /* the first stage in which a group of channels has constants */
    uint32_t n_groups;
} amct_stages;

/* Cuts where the multiplications of the part that changes are divided evenly, as far as the tensors
 * there can be kept: rows of all samples within limit_bytes. Arguments are as for the prefix, which
 * may be NULL; so may groups, if channels are not chosen. */
amct_status amct_stages_make(amct_stages *out, const amct_graph *graph, const bool *changing,
                             const double *node_macs, const amct_layer *layers, uint32_t n_layers,
                             const amct_groups *groups, uint32_t n_samples, size_t limit_bytes,
                             amct_err *err);
void amct_stages_free(amct_stages *stages); /* a zeroed one is allowed */

/* ---- In a worker --------------------------------------------------------------------------- */

typedef struct amct_stage_cache amct_stage_cache;

/* What the stages work on; all of it outlives the cache. */
typedef struct amct_stage_source {
    const amct_stages *stages;
    const amct_prefix *prefix; /* NULL: none */
    const amct_feed *feed;     /* the samples */
    amct_exec *exec;
    uint32_t batch;
    size_t limit_bytes; /* for rows that are kept */
} amct_stage_source;

amct_status amct_stage_cache_new(amct_stage_cache **out, const amct_stage_source *source,
                                 amct_err *err);
void amct_stage_cache_free(amct_stage_cache *cache); /* NULL is allowed */

/* Begins with a candidate: its graph, stitched, which must live until amct_stage_cache_rest, and
 * its choices (candidate.h). AMCT_E_INTERNAL if the graph does not have the tensors of the cuts. */
amct_status amct_stage_cache_begin(amct_stage_cache *cache, const amct_graph *graph,
                                   const uint8_t *choices, amct_err *err);
/* Lets go of the candidate; its rows stay. */
void amct_stage_cache_rest(amct_stage_cache *cache);
/* Runs samples first .. first + *count - 1 of it, as many as fit a batch. *plan has the outputs. */
amct_status amct_stage_cache_run(amct_stage_cache *cache, uint32_t first, amct_plan **plan,
                                 uint32_t *count, amct_err *err);

#endif
