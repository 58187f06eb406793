/*
 * array.h - arrays of numbers in files: NumPy's .npy, MNIST's IDX, CIFAR's binary records.
 *
 * Each reader looks at the bytes of a whole file and fills a description that borrows from them.
 * Nothing is allocated; shapes are checked against the bytes that are there. [any thread]
 */
#ifndef AMCT_DATA_ARRAY_H
#define AMCT_DATA_ARRAY_H

#include "base/err.h"

#include <stdbool.h>

/* The first dim counts samples. */
typedef struct amct_array {
    uint32_t dtype; /* amct_dtype: an integer, FLOAT or DOUBLE */
    bool swapped;   /* elements are in the byte order that is not this machine's */
    uint32_t rank;  /* 1 .. AMCT_MAX_RANK */
    uint64_t dims[AMCT_MAX_RANK];
    uint64_t sample_count; /* elements of a sample: the product of dims[1 ..] */
    const uint8_t *data;   /* of the first sample, not aligned */
    size_t stride_bytes;   /* from sample to sample */
} amct_array;

/* NumPy format 1.0 to 3.0 (numpy.lib.format). Refused as AMCT_E_UNSUPPORTED: Fortran order, and
 * elements that are no plain integers, float32 or float64, above all Python objects. */
bool amct_is_npy(const void *bytes, size_t size);
amct_status amct_npy_parse(amct_array *out, const void *bytes, size_t size, amct_err *err);
/* Type and shape alone, from the first bytes of a file; *head_bytes is where its elements begin. */
amct_status amct_npy_parse_head(amct_array *out, size_t *head_bytes, const void *bytes, size_t size,
                                amct_err *err);

/* IDX (yann.lecun.com/exdb/mnist): 0 0 type rank, big-endian dims, elements. */
enum { AMCT_IDX_HEAD = 4 + 4 * AMCT_MAX_RANK }; /* bytes of the longest head */
bool amct_is_idx(const void *bytes, size_t size);
amct_status amct_idx_parse(amct_array *out, const void *bytes, size_t size, amct_err *err);
/* The size in bytes of the whole file, from its first bytes (AMCT_IDX_HEAD or all there are). */
amct_status amct_idx_size(uint64_t *out, const void *head, size_t n, amct_err *err);

/* CIFAR-10 and CIFAR-100 binary version (cs.toronto.edu/~kriz/cifar.html): records of one label
 * byte, or a coarse and a fine one, and 3 x 32 x 32 bytes. Which of the two is found from the size
 * and the labels. The label of sample i is the byte before its data. */
enum { AMCT_CIFAR10_RECORD = 1 + 3072, AMCT_CIFAR100_RECORD = 2 + 3072 };
amct_status amct_cifar_parse(amct_array *out, const void *bytes, size_t size, amct_err *err);

/* ---- Elements ------------------------------------------------------------------------------ */

/* Bytes of an element of a dtype that an array can have, 0 for others. */
uint32_t amct_array_item_bytes(uint32_t dtype);
/* The elements of sample i as floats; values beyond a float's range become infinite. */
void amct_array_floats(float *dst, const amct_array *array, uint64_t i);
/* Element i of an array of integers with one element a sample; of uint64 beyond the range: -1. */
int64_t amct_array_integer(const amct_array *array, uint64_t i);
bool amct_array_is_integer(const amct_array *array);

/* Fills sample_count and stride_bytes from dtype, rank and dims, and checks that exactly the whole
 * array fits into `size` bytes at data. For the readers. */
amct_status amct_array_finish(amct_array *array, size_t size, amct_err *err);

#endif
