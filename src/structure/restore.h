/*
 * restore.h - sequential rebuild of a restructured network: the layers behind a change get weights
 * that aim at the original's results, given what the changed layers before them really make.
 *
 * Original and candidate are walked side by side on the calibration samples. With x what a layer
 * of the candidate reads and y what the original's layer makes at the same positions, its weights
 * become
 *
 *     w' = (C_y + l w)(C_x + l I)^-1,    b' = E y - w' E x
 *
 * with C_x the covariance of x, C_y the cross-covariance and w its weights before: these, and not
 * 0, are what least squares are drawn towards. Where the result is added to another one (a residual
 * block), y is what the sum lacks: the original's sum less the candidate's other operand, if that
 * is there by then. Its results are then made anew with the new weights, and the walk goes on.
 */
#ifndef AMCT_STRUCTURE_RESTORE_H
#define AMCT_STRUCTURE_RESTORE_H

#include "structure/lanes.h"
#include "compress/layer.h"
#include "exec/feed.h"

typedef struct amct_restore_options {
    /* l as a ratio of C_x's mean diagonal; 0: 1 % from 500 samples on, else for each layer the one
     * of some with which a fit to three samples in four is best on the others */
    double ridge;
    /* Of activations: so many samples are used, at least one batch. And of the moments of a layer:
     * one that is too wide keeps the weights that it has. */
    size_t limit_bytes;
} amct_restore_options;

/* candidate was made of original by amct_restructure with these lanes and keep (NULL: nothing
 * was dropped). *out is a clone of the candidate, which must outlive it. */
amct_status amct_restore(amct_graph **out, const amct_graph *candidate, const amct_graph *original,
                         const amct_lanes *lanes, const bool *keep, amct_exec *exec,
                         const amct_feed *feed, const amct_restore_options *options, amct_err *err);

/* About what the activations of so many samples take for candidates of this network. */
amct_status amct_restore_activations(size_t *bytes, amct_exec *exec, const amct_graph *original,
                                     const amct_layer *layers, uint32_t n_layers,
                                     uint32_t n_samples, amct_err *err);

#endif
