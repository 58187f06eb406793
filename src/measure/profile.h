/*
 * profile.h - what `msprof` measured of a network on the device, operator by operator: the CSV
 * files op_summary, fusion_op and op_statistic, in all the forms that its versions write.
 *
 * Facts: "Profile Data File References" of the repository Ascend/msprof.
 */
#ifndef AMCT_MEASURE_PROFILE_H
#define AMCT_MEASURE_PROFILE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* One operator as the device ran it: several of the network's nodes fused, or one that ATC added.
 */
typedef struct amct_profile_op {
    const char *name, *type;
    const char *shapes, *formats; /* Input Shapes and Input Formats of one run; "": not told */
    double ns;                    /* Task Duration: the median over the iterations */
    double wait_ns;               /* Task Wait Time in front of it, likewise; 0 if not told */
    uint32_t runs;                /* iterations with a time */
    const char *const *originals; /* what it was fused from, as fusion_op tells; NULL: not told */
    uint32_t n_originals;
} amct_profile_op;

typedef struct amct_profile {
    amct_arena *arena;
    const char *folder;
    const char *what; /* "device 0, model resnet50, of 3 in the files": which run it is */
    amct_profile_op *ops;
    uint32_t n_ops;
    uint32_t untimed; /* operators of which no iteration has a time */
    /* From op_statistic alone: ops are types, some perhaps more than once, ns the sum of all runs,
     * runs their number. */
    bool by_type;
} amct_profile;

/* Reads the files at any depth below folder. `fits` tells whether a name is that of an operator of
 * the network: of several devices and models in the files, that with most such operators is taken.
 * AMCT_E_FORMAT, in one line, where a file is not what it should be; AMCT_E_INVALID where there are
 * none, no operator has a time, or operators of the network are in the files of two runs. */
amct_status amct_profile_read(amct_profile *out, const char *folder,
                              bool (*fits)(const void *ctx, const char *name), const void *ctx,
                              amct_err *err);
void amct_profile_free(amct_profile *profile); /* a zeroed one is allowed */

#endif
