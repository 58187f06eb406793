/*
 * ascend_cost.h - how long one fused operator takes on a chip.
 *
 *     t = overhead + max(cube, vector, memory) + leak * (their sum - their max)
 *
 * Double buffering overlaps the three pipelines, not perfectly. The formula and its constants are
 * those of the joint fit, see README.md.
 */
#ifndef AMCT_ASCEND_COST_H
#define AMCT_ASCEND_COST_H

#include "ascend_chip.h"
#include "ascend_constants.h"

/* What one fused operator does, in counts that no chip is needed for. All finite and >= 0. */
typedef struct ascend_work {
    /* Cube: row tiles of 16, steps of C0 along K for one tile, column tiles of 16. 0 steps: none.
     */
    double m_tiles, k_steps, n_tiles;
    bool depthwise;
    bool sparse; /* weights are 4:2 sparse; k_steps and weight_bytes are those of dense ones */
    /* Vector: elements (channels padded to 16) and how many operators run over them in one go. */
    double vector_elements, vector_passes;
    double pool_elements; /* elements times window */
    /* The first pass leads accumulators out of the cube (free where there is a fixpipe). */
    bool epilogue;
    bool moves; /* only rearranges: memory at the pace of c_move */
    double read_bytes, write_bytes;
    double weight_bytes;
    double weight_resident; /* share of the weights that L2 still holds from the last inference */
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

ascend_time ascend_cost(const ascend_chip *chip, const ascend_constants *c,
                        const ascend_work *work);
/* Share of total weight_bytes that stays in L2. */
double ascend_weight_resident(const ascend_chip *chip, const ascend_constants *c,
                              double total_bytes);
/* What an inference takes besides its operators; transform_bytes: data that are rearranged on the
 * way in and out, copy_bytes: data that are only converted. */
double ascend_fixed_ns(const ascend_chip *chip, const ascend_constants *c, double transform_bytes,
                       double copy_bytes);

#endif
