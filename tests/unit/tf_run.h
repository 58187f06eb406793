/*
 * tf_run.h - small TensorFlow graphs, imported and run on the plain reference.
 */
#ifndef TESTS_TF_RUN_H
#define TESTS_TF_RUN_H

#include "exec/plan.h"
#include "import/import.h"
#include "passes/prepare.h"
#include "unit/tf_build.h"

#define D(...)                                                                                     \
    (const int64_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define I32(...)                                                                                   \
    (const int32_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* With an option of the importer, or NULL. */
amct_graph *tr_import(tf_build *b, const char *key, const char *value);
amct_graph *tr_prepare(tf_build *b);
/* Runs the network; the input is given as N x H x W x C, or flat, the first output taken. */
void tr_run(tf_build *b, const amct_graph *g, const float *x, float *y, size_t n);
/* Imports, prepares, runs: the output must be the n numbers. */
void tr_expect(tf_build *b, const float *x, size_t n, const float *wanted);

#endif
