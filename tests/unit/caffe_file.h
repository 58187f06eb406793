/* Writes files of Caffe's weights, as Caffe would. */
#ifndef TESTS_CAFFE_FILE_H
#define TESTS_CAFFE_FILE_H

#include <stddef.h>
#include <stdint.h>

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

#endif
