/*
 * restore_aim.h - weights of a layer of a sequential rebuild that come closest to the original
 * *behind* the activation that follows, as least_squares.h does it: results that are wanted beyond
 * what it cuts off only have to stay there.
 */
#ifndef AMCT_STRUCTURE_RESTORE_AIM_H
#define AMCT_STRUCTURE_RESTORE_AIM_H

#include "structure/restore_sums.h"

/* w: of all groups, one after the other, columns x outputs; on entry what solves all
 * rows, which stays where no step makes the error on samples that it was not made from less. The
 * means that belong to it are written to s->folds[AMCT_RESTORE_ALL].aim. */
amct_status amct_restore_aim(double *w, const double *old, amct_restore_sums *s,
                             const amct_restoring *r, const amct_pairs *pairs, uint32_t stream,
                             double ridge, amct_err *err);

#endif
