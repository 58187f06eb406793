/*
 * device_acl.h - one compiled model on the device, through libascendcl.so, which is opened when it
 * is needed and never linked. Signatures are those of CANN's acl_rt.h and acl_mdl.h.
 */
#ifndef DEVICE_ACL_H
#define DEVICE_ACL_H

#include "device_child.h"

#include <limits.h>
#include <stdint.h>

/* With fewer runs no two of them have the median between them with 90 %. */
enum { DEVICE_MIN_RUNS = 5, DEVICE_MAX_RUNS = 10000, DEVICE_WARM_UP = 10 };

/* What is to be measured, and what came of it; in memory that the measuring child shares. */
typedef struct device_job {
    char model[PATH_MAX];   /* the .om */
    char library[PATH_MAX]; /* libascendcl.so, as dlopen takes it */
    char soc[64];           /* that the model was compiled for */
    int32_t device;
    uint32_t runs;             /* DEVICE_MIN_RUNS .. DEVICE_MAX_RUNS */
    char doing[64];            /* the call that runs now */
    char problem[DEVICE_TEXT]; /* why there are no times */
    char remark[DEVICE_TEXT];  /* what went wrong after there were */
    uint32_t n_times;
    float times_ms[DEVICE_MAX_RUNS]; /* of each run, on the device's clock */
} device_job;

/* Fills times_ms, or problem. To be called in a child: 0, 1 with a problem. */
int device_measure(void *job);

#endif
