/*
 * ascend_cost.h - how long one fused operator takes on a chip.
 *
 *     t = overhead + (cube^p + vector^p + memory^p)^(1/p) + transdata
 *
 * Double buffering overlaps the three pipelines, not perfectly: p is between one after the other
 * (1) and the longest alone. Every term is in README.md.
 */
#ifndef AMCT_ASCEND_COST_H
#define AMCT_ASCEND_COST_H

#include "ascend_chip.h"
#include "ascend_fit.h"

enum ascend_work_kind {
    ASCEND_WORK_CUBE, /* convolution, matrix product */
    ASCEND_WORK_ELTWISE,
    ASCEND_WORK_LAYER_NORM,
    ASCEND_WORK_SPATIAL_NORM,
    ASCEND_WORK_SOFTMAX,
    ASCEND_WORK_REDUCE,
    ASCEND_WORK_POOL,
    ASCEND_WORK_GLOBAL_POOL,
    ASCEND_WORK_MOVE, /* Transpose, Slice, Gather, a conversion of layout */
    ASCEND_WORK_JOIN  /* Concat, Pad, Resize */
};

enum ascend_cube_kind {
    ASCEND_CUBE_PLAIN,
    ASCEND_CUBE_DEPTHWISE,
    ASCEND_CUBE_MATMUL, /* with weights */
    ASCEND_CUBE_TRANSPOSED
};

/* A tensor that a kernel reads, and what went through L2 since it was written. */
typedef struct ascend_read {
    double bytes, distance;
} ascend_read;

enum { ASCEND_READS = 3 };

/* What one fused operator does, in counts that no chip is needed for. All finite and >= 0, and
 * without padding that is not zero, so that equal works are equal bytes. */
typedef struct ascend_work {
    uint32_t kind; /* ascend_work_kind */
    uint32_t cube; /* ascend_cube_kind */
    /* Row tiles of 16, steps of C0 along K for one tile, column tiles of 16. 0 steps: no cube. */
    double m_tiles, k_steps, n_tiles;
    double window;        /* of a convolution, in elements of a plane or volume */
    double images;        /* of the batch, that are brought in one by one; 0 for products */
    double sequence;      /* steps of a recurrent layer, one after the other; 0 for others */
    uint32_t sparse;      /* weights are 4:2 sparse; steps and bytes are those of dense ones */
    uint32_t operands;    /* tensors of the result's size that join behind the cube */
    double elements;      /* for the vector unit, channels padded to 16 */
    double pool_elements; /* elements times window, also behind a convolution */
    uint32_t simple, divide, exponential, gelu; /* operators of each kind over the elements */
    uint32_t n_transdata;                       /* conversions of layout in front of it */
    double rows;                                /* of Softmax: how many, and how long */
    double row_elements;
    double runs; /* of a move: runs of elements that stay together */
    ascend_read read[ASCEND_READS];
    double write_bytes;
    double weight_bytes;
    double transdata_bytes;
} ascend_work;

/* What 4:2 sparse weights take of the bytes of dense ones: half of them, and an index of a quarter
 * (documentation of atc --sparsity). The cube takes half the steps along K. Both are theory: nobody
 * has published a measurement. */
#define ASCEND_SPARSE_BYTES 0.75
#define ASCEND_SPARSE_STEPS 0.5

typedef struct ascend_time {
    double ns;      /* finite, >= 0 */
    uint32_t bound; /* amct_node_bound */
} ascend_time;

/* resident: share of the weights that L2 still holds from the last inference. */
ascend_time ascend_cost(const ascend_chip *chip, const ascend_fit *fit, const ascend_work *work,
                        double resident);
/* Adds a read; the nearest ones beyond ASCEND_READS are put together with the farthest. */
void ascend_work_read(ascend_work *work, double bytes, double distance);
double ascend_work_bytes(const ascend_work *work); /* read and written, without weights */

/* Share of the weights that stays in L2, of a network that moves that many bytes. */
double ascend_weight_resident(const ascend_chip *chip, const ascend_fit *fit, double traffic_bytes);
/* Start, and the conversion of inputs and outputs of so many bytes. */
double ascend_fixed_ns(const ascend_chip *chip, const ascend_fit *fit, double border_bytes);

#endif
