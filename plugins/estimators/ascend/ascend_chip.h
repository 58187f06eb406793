/*
 * ascend_chip.h - what is known of a chip: numbers of data sheets and of CANN's configuration, read
 * from a chip file. chips/ has the files that are part of the plugin, with the source of every
 * number.
 */
#ifndef AMCT_ASCEND_CHIP_H
#define AMCT_ASCEND_CHIP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { ASCEND_NAME_BYTES = 32 };

typedef struct ascend_chip {
    char name[ASCEND_NAME_BYTES]; /* as atc --soc_version has it */
    uint32_t cores;               /* with a cube unit */
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
    bool first_pool; /* MaxPool behind the first convolution of an image runs in its kernel */
    bool fixpipe;    /* accumulators leave the cube converted, without the vector unit */
    /* The chip whose measurements stand for it in the fit; its own name if there are some. */
    char fitted_as[ASCEND_NAME_BYTES];
    char fitted_at[320]; /* where that is said: file:line:column */
} ascend_chip;

/* The chip `name` of the chip file at path, or of the plugin's own if path is NULL or does not have
 * it. AMCT_E_INVALID if no file has it, with those that are known; a message about a file begins
 * with its place. [any thread] */
amct_status ascend_chip_read(ascend_chip *out, const char *name, const char *path, amct_err *err);

#endif
