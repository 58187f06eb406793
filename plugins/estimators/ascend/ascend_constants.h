/*
 * ascend_constants.h - what is not in a chip's data sheet: how well its parts are used.
 *
 * One set for all chips, fitted jointly to 284 published FP16 latencies of 26 networks on
 * Ascend310, 310P3 and 310B1 (see README.md, "Sources and error"). c_vector, c_pool and c_depthwise
 * trade against each other: they are coefficients of this formula, not physics.
 */
#ifndef AMCT_ASCEND_CONSTANTS_H
#define AMCT_ASCEND_CONSTANTS_H

typedef struct ascend_constants {
    double base_s;      /* one inference: start, synchronisation */
    double overhead_s;  /* one fused operator: dispatch, pipeline fill */
    double e_cube;      /* share of the cube's rate that is reached */
    double e_ddr, e_l2; /* the same of the bandwidths */
    double leak;        /* beta: what the shorter of cube, vector and memory add to the longest */
    double l2_reach;    /* a: working set that L2 serves, in L2 sizes */
    double l2_weights;  /* share of L2 in which weights stay from one inference to the next */
    double c_vector;    /* cycles per element and lane of a cube operator's epilogue */
    double c_eltwise;   /* the same of each further operator in it, relative to c_vector */
    double c_alone;     /* cycles per element, lane and operator on the vector unit alone */
    double c_pool;      /* cycles per element of a window and lane */
    double c_depthwise; /* cube cycles of a depthwise convolution, relative to the formula */
    double c_move;      /* memory time of an operator that only moves data, relative to a copy */
    double c_transform; /* DDR time of the input transform, relative to a copy */
} ascend_constants;

/* "Joint constants" of the fit, except: l2_weights, part of its formula; c_eltwise, from its factor
 * 1.6 for an epilogue with a residual addition; c_alone, from the estimator in GE's sources (3
 * cycles per element over vec_calc_size), because the fit's networks have next to no such
 * operators. */
static const ascend_constants ascend_joint_fit = {
    .base_s = 158e-6,
    .overhead_s = 1.94e-6,
    .e_cube = 0.954,
    .e_ddr = 1.0,
    .e_l2 = 0.534,
    .leak = 0.53,
    .l2_reach = 1.54,
    .l2_weights = 0.7,
    .c_vector = 0.36,
    .c_eltwise = 0.6,
    .c_alone = 3.0,
    .c_pool = 3.4,
    .c_depthwise = 0.33,
    .c_move = 2.87,
    .c_transform = 2.95,
};

#endif
