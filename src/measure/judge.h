/*
 * judge.h - what a network's answers are worth, sample by sample, against the labels and against
 * the original network's answers.
 *
 * A row holds one sample's outputs: all float outputs of the network, one behind the other. A
 * network classifies if its first output has two or more numbers a sample and no other dims.
 */
#ifndef AMCT_MEASURE_JUDGE_H
#define AMCT_MEASURE_JUDGE_H

#include "exec/feed.h"

typedef enum amct_metric {
    AMCT_METRIC_TOP1,
    AMCT_METRIC_TOP5,
    AMCT_METRIC_AGREEMENT, /* the same first answer as the original; needs no labels */
    AMCT_METRIC_COSINE     /* mean cosine of the rows to the original's; needs no labels */
} amct_metric;

/* "top1" ..., in this order, NULL at the end. */
extern const char *const amct_metric_names[];

/* How the rows of a network are laid out. */
typedef struct amct_outputs {
    uint32_t row;       /* floats of a row */
    uint32_t classes;   /* of the first output; 0: it does not classify */
    bool probabilities; /* the first output sums to 1 (a Softmax made it), else logits */
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
    const float *original; /* rows of the original network; NULL: it is not known yet */
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
} amct_tally;

/* Adds sample i, whose row is given. Not finite answers are never right and infinitely far. */
void amct_judge_add(const amct_judge *judge, uint32_t i, const float *row, amct_tally *tally);
void amct_tally_add(amct_tally *to, const amct_tally *part);

/* The metric's value: a ratio in 0..1. */
double amct_metric_value(amct_metric metric, const amct_tally *tally);
/* The smooth loss that ranks candidates: mean KL divergence for classifiers, else mean of
 * 1 - cosine. */
double amct_tally_loss(const amct_judge *judge, const amct_tally *tally);

#endif
