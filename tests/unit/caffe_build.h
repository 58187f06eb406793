/* Caffe nets for tests: a text, weights made by code, and what the network computes. */
#ifndef TESTS_CAFFE_BUILD_H
#define TESTS_CAFFE_BUILD_H

#include "graph/graph.h"

/* Bytes of a *.caffemodel that is being written. */
typedef struct caffe_file {
    unsigned char *data;
    size_t size;
} caffe_file;

/* A layer of the new form with its blobs; each blob is rank, dims and then the numbers. */
typedef struct caffe_numbers {
    int rank; /* -1: the old form, four dims by name */
    int64_t dims[5];
    const float *values;
} caffe_numbers;
void caffe_put_layer(caffe_file *file, const char *name, const caffe_numbers *blobs, int n);
/* Any field of the net: for files that no Caffe would write. */
void caffe_put_bytes(caffe_file *file, uint32_t field, const void *data, size_t size);
void caffe_put_number(caffe_file *file, uint32_t field, uint64_t value);
void caffe_file_free(caffe_file *file);

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
