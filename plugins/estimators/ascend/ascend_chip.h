/*
 * ascend_chip.h - what is known of each chip, and of how well the model predicts it.
 *
 * Sources, named at each number of ascend_chip.c:
 *   ini      CANN's platform_config/<SoC>.ini (hicann/runtime at 681ef7610; Ascend310 from
 * hicann/ge at ffdcbc9f7): ai_core_cnt, vector_core_cnt, cube_freq, l2_size, l2_read_rate,
 *            l2_write_rate, vec_calc_size, sparsity, and the Intrinsic_mmad lists
 *   AMCT     the table of what each product gains from, in the documentation of
 *            create_compressed_retrain_model (CANN 8.1RC1)
 *   board    the memory bandwidth in the product's data sheet
 *   product  of ini's ddr_rate, cores and frequency, where no data sheet was found
 *   fit      cross-validation of the joint fit (ascend_constants.h) on published measurements
 */
#ifndef AMCT_ASCEND_CHIP_H
#define AMCT_ASCEND_CHIP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ascend_chip {
    const char *name; /* as atc --soc_version has it */
    uint32_t cores;   /* with a cube unit */
    /* Vector units that take work at the same time: one in each core, or vector_core_cnt where cube
     * and vector cores are apart. */
    uint32_t vector_cores;
    double cube_hz;
    double vector_lanes; /* vec_calc_size: elements a cycle of one vector unit */
    double l2_bytes;
    double l2_read_rate, l2_write_rate; /* bytes per cycle and core */
    double ddr_bytes_per_s;             /* DDR or HBM, of the whole chip */
    /* The cube multiplies 4-bit by 4-bit, and AMCT says that it pays. Elsewhere 4-bit data are
     * moved and computed as 8-bit. */
    bool int4;
    /* The cube skips the zeros of 4:2 sparse weights of 8 bits (mmad_sp), and AMCT says that it
     * pays. */
    bool sparse;
    bool fixpipe; /* accumulators leave the cube converted, without the vector unit */
    /* Mean absolute percentage error that is expected on a network outside of the fit, as a ratio.
     */
    double mape_ratio;
} ascend_chip;

/* By name, NULL if there is none. [any thread] */
const ascend_chip *ascend_chip_find(const char *name);
/* Names of all chips, the last one NULL. */
extern const char *const ascend_chip_names[];
extern const ascend_chip ascend_chips[];
extern const uint32_t ascend_n_chips;

/* Half width of the 90 % band of a prediction, as a ratio of it. The errors of the fit have heavier
 * tails than a normal distribution (median 0.6 of the mean where the normal has 0.85 and Laplace's
 * 0.69): taken as Laplace's, 90 % of them are below ln(10) = 2.303 times their mean. */
double ascend_chip_band(const ascend_chip *chip);

#endif
