/* Caffe nets for tests: a text, weights made by code, and what the network computes. */
#ifndef TESTS_CAFFE_BUILD_H
#define TESTS_CAFFE_BUILD_H

#include "graph/graph.h"
#include "unit/caffe_file.h"

/* Imports a net from its text, with the weights if there are any. */
amct_status caffe_import(amct_graph **g, const char *text, const caffe_file *weights,
                         amct_err *err);
/* The network's first output for inputs in turn, by the plain reference: malloc'd; *n is its size.
 * Fails the test if anything goes wrong. */
float *caffe_run(const char *text, const caffe_file *weights, const float *input, size_t *n);
/* Checks the first output against n numbers. */
void caffe_expect(const char *text, const caffe_file *weights, const float *input,
                  const float *wanted, size_t n);

#endif
