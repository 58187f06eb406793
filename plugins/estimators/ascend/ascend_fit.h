/*
 * ascend_fit.h - what is in no data sheet: how well a chip's parts are used. The numbers are fitted
 * to published measurements by bench/latency/fit, which writes fit.yaml.
 */
#ifndef AMCT_ASCEND_FIT_H
#define AMCT_ASCEND_FIT_H

#include "ascend_chip.h"

#include <stddef.h>

/* One set for all chips. Cycles are per vector instruction of 128 elements unless said otherwise;
 * several of them trade against each other: they are coefficients of the formula, not physics. */
typedef struct ascend_constants {
    double cube;        /* share of the cube's rate that is reached */
    double l2;          /* the same of the L2 bandwidths */
    double ddr;         /* and of the memory's */
    double overlap;     /* of cube, vector and memory: 1 is one after the other */
    double l2_reach;    /* working set that L2 serves, in L2 sizes */
    double l2_weights;  /* traffic of one inference that leaves weights in L2, in L2 sizes */
    double fill;        /* cube: steps along K before a tile is under way */
    double rows;        /* cube: cycles a row tile and step, for bringing the rows in */
    double window;      /* the same beside it where the window is far larger than 3 x 3 */
    double image;       /* cube: cycles an image of the batch and 16 column tiles */
    double depthwise;   /* cube cycles of a depthwise convolution, relative to the formula */
    double matmul;      /* the same of a product with weights */
    double transposed;  /* of ConvTranspose */
    double step_s;      /* one step of a recurrent layer */
    double reread;      /* operands that a core reads because another one computes beside it */
    double epilogue;    /* vector: leading accumulators out of the cube */
    double operand;     /* a further operand */
    double simple;      /* addition, product, comparison */
    double divide;      /* division, power, square root */
    double exponential; /* exp, tanh, erf and their kin */
    double gelu;        /* GELU, also written out */
    double alone;       /* vector: an elementwise kernel of its own */
    double layer_norm;  /* all of it */
    double spatial_norm;
    double softmax;
    double row; /* cycles of a row of Softmax, of 128 elements and more */
    double reduce;
    double pool; /* an element of the window */
    double global_pool;
    double move;            /* memory time of a kernel that only moves data, relative to a copy */
    double join;            /* the same of Concat, Pad and Resize */
    double run;             /* cycles of one run of elements that are moved together */
    double transdata;       /* memory time of a conversion between layouts, relative to a copy */
    double transform;       /* the same of the network's inputs and outputs */
    double overhead_cube_s; /* one kernel: dispatch, pipeline fill */
    double overhead_move_s;
    double overhead_other_s;
} ascend_constants;

/* Of one chip. */
typedef struct ascend_tuning {
    double base_s;   /* one inference: start, synchronisation */
    double overhead; /* of the constants of the same name, times this */
    double cube, vector, l2, ddr;
    double band; /* times the spreads: what covers 90 % of measurements of networks not fitted */
} ascend_tuning;

/* Errors of the parts of a latency, relative to each other; `band` makes them a 90 % band. By
 * amct_node_bound, [0] of what is fixed. */
enum { ASCEND_PARTS = 5 };

typedef struct ascend_fit {
    ascend_constants constants;
    ascend_tuning tuning;
    double spread[ASCEND_PARTS]; /* 90 %, of each part, as a ratio of it; tuning.band is in */
} ascend_fit;

/* A number of one of the structs by its name in the file. */
typedef struct ascend_number {
    const char *name;
    size_t offset;
} ascend_number;

extern const ascend_number ascend_constant_numbers[]; /* the last one's name is NULL */
extern const ascend_number ascend_tuning_numbers[];
extern const char *const ascend_part_names[ASCEND_PARTS];

static inline double *ascend_number_at(void *of, const ascend_number *number)
{
    return (double *)(void *)((char *)of + number->offset);
}

/* The fit for a chip, from the file at path or, if that is NULL, from the plugin's own. A message
 * about a file begins with its place. [any thread] */
amct_status ascend_fit_read(ascend_fit *out, const ascend_chip *chip, const char *path,
                            amct_err *err);

#endif
