/*
 * refinery.h - the forms that a finalist can take, and which is best: as it was stitched from the
 * level database, with its means corrected in sequence (refine.h), or rebuilt (rebuild.h). One of
 * another structure than the original's is first restored (restore.h) and then quantised anew like
 * a network of its own, if that loses less.
 *
 * Some of the calibration samples are held back from rebuilding. The form is chosen on them, as
 * neither its weights were fitted to them nor the candidate selected by them. (Means are corrected
 * to those of all calibration samples.)
 */
#ifndef AMCT_TUNE_REFINERY_H
#define AMCT_TUNE_REFINERY_H

#include "tune/evaluator.h"

typedef enum amct_refinement {
    AMCT_REFINED_NOT,
    AMCT_REFINED_MEANS,
    AMCT_REFINED_REBUILT,
    AMCT_N_REFINEMENTS
} amct_refinement;
/* "stitched", "mean-corrected", "rebuilt". */
extern const char *const amct_refinement_names[AMCT_N_REFINEMENTS];

typedef struct amct_refinery {
    const amct_bench *bench;
    const amct_calibration *calibration; /* of the original */
    const amct_range_options *range;
    const amct_level_options *level;
    amct_feed feed; /* the samples that it is refined on; the last ones calibrate (setup_refit.c) */
    size_t limit_bytes;
    uint32_t jobs;
    /* made by amct_refinery_start */
    uint32_t n_held; /* of the samples, the last ones; 0: too few */
    float *original; /* shared: the original's rows of all samples */
    size_t original_bytes;
} amct_refinery;

typedef struct amct_refined {
    bool restored;
    amct_refinement form;
    double losses[AMCT_N_REFINEMENTS]; /* mean, on the samples held back; NAN: not tried */
    /* likewise on as many that weights were fitted to, those before the ones held back; NAN: none
     * were held back */
    double fitted_losses[AMCT_N_REFINEMENTS];
    uint32_t n_held;
} amct_refined;

/* How many of n samples are held back from fitting: a quarter, 64 at most. */
uint32_t amct_refinery_held(uint32_t n);

/* Runs the original network on the samples. All above is set. */
amct_status amct_refinery_start(amct_refinery *refinery, amct_err *err);
void amct_refinery_stop(amct_refinery *refinery); /* a zeroed one is allowed */

/* Replaces the forms of a candidate's layers, which was made of these choices, by those that are
 * best together, in the arena. */
amct_status amct_refinery_run(amct_refined *out, const amct_refinery *refinery,
                              amct_candidate *candidate, const uint8_t *choices, amct_arena *arena,
                              amct_err *err);

#endif
