/*
 * confirming.h - `target: confirm:`: an estimator plugin that measures has the last word. The
 * original is measured before the search, whose estimates are scaled to it; the finalists are
 * measured behind it, and of those that keep the budget the fastest is chosen, or the original if
 * that is as fast.
 *
 * What was measured is kept in the study, so that a search that is carried on ends the same.
 */
#ifndef AMCT_TUNE_CONFIRMING_H
#define AMCT_TUNE_CONFIRMING_H

#include "tune/setup.h"

/* Each does nothing if nothing is to be confirmed. */

/* Opens the plugin; AMCT_E_INVALID if it does not measure. */
amct_status amct_confirming_open(amct_setup *s, amct_err *err);
/* Measures the original; before anything is written. */
amct_status amct_confirming_original(amct_setup *s, amct_err *err);
/* With the study open: takes what it holds of the original, or keeps what was measured; from then
 * on, estimates are scaled to it. */
amct_status amct_confirming_scale(amct_setup *s, amct_err *err);
/* Measures the finalists that do not miss the budget, and chooses anew. One that cannot be measured
 * is only taken if none can; its latency is 0 then. */
amct_status amct_confirming_finals(amct_graph_cost measured[AMCT_FINALISTS], amct_finals *finals,
                                   amct_setup *s, amct_err *err);

#endif
