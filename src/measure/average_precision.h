/*
 * average_precision.h - mean average precision of a detector, and whether a drop of it is proven.
 *
 * As COCO's evaluation has it (T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV
 * 2014, and its reference code): detections of a class, the best score first, are each matched to
 * the object that they overlap most among those that are free, if by at least the threshold;
 * precision is made monotone. Averaged over the classes that have objects and
 * - map: thresholds 0.5, 0.55 .. 0.95, precision at 101 recalls;
 * - map50: threshold 0.5, the area below the curve (as PASCAL VOC since 2010).
 *
 * It is no mean over pictures, so its drop against another detector on the same pictures gets a
 * bootstrap interval: pictures are drawn with replacement, both detectors evaluated on them, and
 * the percentiles of the differences taken (B. Efron, R. Tibshirani, "An Introduction to the
 * Bootstrap", 1993, chapter 13). With a few dozen pictures such an interval is too short; it needs
 * hundreds.
 */
#ifndef AMCT_MEASURE_AVERAGE_PRECISION_H
#define AMCT_MEASURE_AVERAGE_PRECISION_H

#include "base/paired.h"
#include "measure/detect.h"

enum { AMCT_AP_THRESHOLDS = 10 };

/* One detection: bit t of hit is set if it is right at threshold t, of exempt if it does not count
 * there. */
typedef struct amct_match {
    float score;
    uint16_t class, hit, exempt;
} amct_match;

/* Of one picture, the best first. */
typedef struct amct_matches {
    uint32_t n;
    amct_match at[AMCT_DETECTIONS];
} amct_matches;

/* Matches the detections of a picture with its objects. */
void amct_match_objects(amct_matches *out, const amct_detections *found,
                        const amct_box_list *objects);

typedef struct amct_ap {
    double value;
    amct_interval interval; /* of value */
    double drop;            /* of the original's value less this one */
    amct_interval drop_interval;
} amct_ap;

/* Of n pictures; objects are those of each, matches and those of the original likewise. fifty:
 * map50 rather than map. confidence 0: no intervals. Fails only for want of memory. */
amct_status amct_average_precision(amct_ap *out, const amct_matches *matches,
                                   const amct_matches *original, const amct_box_list *objects,
                                   uint32_t n, uint32_t n_classes, bool fifty, double confidence,
                                   amct_err *err);

#endif
