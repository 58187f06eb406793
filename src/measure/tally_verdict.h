/*
 * tally_verdict.h - what a metric's value and drop are known to be, from the tally of some samples.
 */
#ifndef AMCT_MEASURE_TALLY_VERDICT_H
#define AMCT_MEASURE_TALLY_VERDICT_H

#include "measure/interval.h"
#include "measure/judge.h"

/* Of the metric's value: Wilson's interval of a share of samples; of a mean over samples the normal
 * one; of an average precision what amct_judge_finish found. */
amct_interval amct_tally_interval(const amct_judge *judge, const amct_tally *tally,
                                  double confidence);

/* Of the drop against the original on the same samples: Tango's interval of changed answers, else
 * as above; of an average precision at the confidence of amct_judge_finish. budget 1: there is
 * none.
 */
amct_drop_verdict amct_tally_judge(const amct_judge *judge, const amct_tally *tally, double budget,
                                   double confidence);

/* Whether the drop is one of changed answers, for which base/paired.h can plan. */
bool amct_judge_counts(const amct_judge *judge);

#endif
