/*
 * judge.h - what a network's answers are worth, sample by sample, against the labels and against
 * the original network's answers.
 *
 * A row holds one sample's outputs: all float outputs of the network, one behind the other. A
 * network classifies if its first output has two or more numbers a sample and no other dims. It
 * detects if somebody says how (detect.h).
 */
#ifndef AMCT_MEASURE_JUDGE_H
#define AMCT_MEASURE_JUDGE_H

#include "exec/feed.h"
#include "measure/average_precision.h"

typedef enum amct_metric {
    AMCT_METRIC_TOP1,
    AMCT_METRIC_TOP5,
    /* The same first answer as the original; of detectors the mean of how alike the detections of a
     * picture are (amct_detections_agree). Needs no labels. */
    AMCT_METRIC_AGREEMENT,
    AMCT_METRIC_COSINE, /* mean cosine of the rows to the original's; needs no labels */
    AMCT_METRIC_MAP,    /* of detectors: average_precision.h */
    AMCT_METRIC_MAP50
} amct_metric;

static inline bool amct_metric_is_map(amct_metric metric)
{
    return metric == AMCT_METRIC_MAP || metric == AMCT_METRIC_MAP50;
}
/* Whether the original's value is 1 by definition. */
static inline bool amct_metric_is_likeness(amct_metric metric)
{
    return metric == AMCT_METRIC_AGREEMENT || metric == AMCT_METRIC_COSINE;
}

/* "top1" ..., in this order, NULL at the end. */
extern const char *const amct_metric_names[];

/* How the rows of a network are laid out. */
typedef struct amct_outputs {
    uint32_t row;       /* floats of a row */
    uint32_t classes;   /* of the first output; 0: it does not classify */
    bool probabilities; /* the first output sums to 1 (a Softmax made it), else logits */
    double scale;       /* of logits, before they are compared: 1, or as soften.h says */
} amct_outputs;

/* From the graph at its batch size. AMCT_E_UNSUPPORTED if an output does not have the batch in
 * front, or none is float32. */
amct_status amct_outputs_of(amct_outputs *out, const amct_graph *graph, amct_err *err);

/* Copies the rows of the first `count` samples of a plan's batch, after a run. */
void amct_outputs_copy(float *rows, const amct_outputs *outputs, const amct_plan *plan,
                       const amct_graph *graph, uint32_t count);

typedef struct amct_judge {
    amct_outputs outputs;
    amct_metric metric;
    const int32_t *labels; /* per sample; NULL: none */
    double temper;         /* temper.h; 0: not known */
    const float *original; /* rows of the original network; NULL: it is not known yet */
    /* Of detectors; each is per sample, and may be NULL. */
    const amct_detector *detector;
    const amct_box_list *objects;          /* the labels */
    const amct_detections *original_found; /* what the original detects */
    const amct_matches *original_matches;  /* and what of it is right */
    amct_matches *matches;                 /* written: what of the answers is right */
} amct_judge;

/* Sums over samples. */
typedef struct amct_tally {
    uint32_t n;
    uint32_t right, right_top5; /* with labels */
    uint32_t agree;             /* with the original's first answer */
    uint32_t lost, gained;      /* of the metric's hits, against the original */
    double kl, kl_sq;           /* sums of the divergence from the original, and of its square */
    double cosine, cosine_sq;   /* of 1 - cosine to the original's row */
    double l2_sq;               /* of |row - original|^2 / |original|^2 */
    double unlike, unlike_sq;   /* of detectors: of 1 - how alike the detections are */
    /* Sums of the drop that is expected of a sample, whatever its label, and of its square. */
    double fall, fall_sq;
    amct_ap ap; /* no sum: amct_judge_finish sets it */
} amct_tally;

/* Adds sample i, whose row is given. Not finite answers are never right and infinitely far. kl is
 * amct_detect_divergence of detectors. */
void amct_judge_add(const amct_judge *judge, uint32_t i, const float *row, amct_tally *tally);
void amct_tally_add(amct_tally *to, const amct_tally *part);

/* Where the metric is no mean over samples: sets tally->ap from judge->matches, of which the first
 * tally->n are written. confidence 0: without intervals. Nothing happens for other metrics. */
amct_status amct_judge_finish(const amct_judge *judge, amct_tally *tally, double confidence,
                              amct_err *err);

/* The metric's value: a ratio in 0..1. */
double amct_metric_value(const amct_judge *judge, const amct_tally *tally);
/* What was lost of it against the original. */
double amct_metric_drop(const amct_judge *judge, const amct_tally *tally);
/* The smooth loss that ranks candidates: mean divergence of classifiers and detectors, else mean of
 * 1 - cosine. */
double amct_tally_loss(const amct_judge *judge, const amct_tally *tally);

#endif
