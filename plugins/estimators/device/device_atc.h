/*
 * device_atc.h - CANN's compiler and library: where they are, and a model compiled.
 */
#ifndef DEVICE_ATC_H
#define DEVICE_ATC_H

#include "device_child.h"

#include <amct/plugin.h>
#include <limits.h>

/* Paths; empty if there is none. */
typedef struct device_cann {
    char atc[PATH_MAX];     /* absolute, executable */
    char library[PATH_MAX]; /* a file, or "libascendcl.so": where the loader looks */
} device_cann;

/* atc of PATH, else of ASCEND_TOOLKIT_HOME/bin; the library of ASCEND_TOOLKIT_HOME/lib64, else the
 * loader's. False, with *problem, if there is no atc. */
bool device_cann_find(device_cann *out, char problem[DEVICE_TEXT]);

typedef struct device_compile {
    const char *model;       /* absolute path of the ONNX file */
    const char *input_shape; /* as atc takes it */
    const char *soc;
    const char *aipp; /* file for --insert_op_conf, absolute; NULL: none */
    bool sparse;
    device_limit limit;
} device_compile;

/* Compiles into `folder`, which exists; *om is the path of what came out. False with *problem, in
 * which is what atc said. */
bool device_atc_run(char om[PATH_MAX], const device_cann *cann, const device_compile *what,
                    const char *folder, char problem[DEVICE_TEXT]);

#endif
