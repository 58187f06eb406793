/*
 * latency_points.h - published measurements, and the graphs that they are of.
 */
#ifndef AMCT_BENCH_LATENCY_POINTS_H
#define AMCT_BENCH_LATENCY_POINTS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

enum { LATENCY_CHIPS = 3 };
extern const char *const latency_chips[LATENCY_CHIPS]; /* as the estimator names them */

typedef struct latency_point {
    const char *model, *file, *family; /* file: of the graph */
    const char *architecture;          /* the same for graphs that are one network */
    const char *shape;                 /* of its input */
    int64_t batch;                     /* samples */
    double seconds;
    int chip;    /* of latency_chips */
    bool aipp;   /* its input comes as uint8 */
    bool host;   /* wall time of a host program (Paddle Lite), copies included */
    bool newest; /* no later publication of the same network, batch and chip */
    /* Its chip would be slower beside Ascend310P3, by the published figures of the same network and
     * batch, than any part of it is: the two cannot be of the same basis and compiler. */
    bool doubted;
    /* Another figure for the same architecture, input, batch and chip is more than 1.5 times it, or
     * less than it by that. */
    bool contradicted;
    bool remade;   /* of a graph that was made anew by hand (MLPerf) */
    bool left_out; /* not one of the fit, by the data's README */
} latency_point;

typedef struct latency_points {
    latency_point *points;
    uint32_t n;
} latency_points;

/* The measurements of that precision ("FP16") in the CSV file whose network is in folder/index.tsv.
 */
amct_status latency_points_read(latency_points *out, amct_arena *arena, const char *folder,
                                const char *csv, const char *precision, amct_err *err);

#endif
