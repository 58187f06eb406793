/*
 * device_class.h - what the device calls operators: the types of a profile and the operators of a
 * graph, in classes that can be held against each other.
 */
#ifndef AMCT_MEASURE_DEVICE_CLASS_H
#define AMCT_MEASURE_DEVICE_CLASS_H

#include <stdbool.h>

typedef enum amct_device_class {
    AMCT_DEVICE_OTHER, /* not known */
    AMCT_DEVICE_CONV,  /* this and the next two are computed by the matrix unit */
    AMCT_DEVICE_DECONV,
    AMCT_DEVICE_MATMUL,
    AMCT_DEVICE_POOL,
    AMCT_DEVICE_MEAN,
    AMCT_DEVICE_SOFTMAX,
    AMCT_DEVICE_ADD,
    AMCT_DEVICE_MUL,
    AMCT_DEVICE_RELU,
    AMCT_DEVICE_SIGMOID,
    AMCT_DEVICE_CONCAT,
    AMCT_DEVICE_NORM,
    AMCT_DEVICE_QUANT,
    AMCT_DEVICE_DEQUANT,
    AMCT_N_DEVICE_CLASSES
} amct_device_class;

amct_device_class amct_device_class_of_type(const char *type); /* "MatMulV2" */
amct_device_class amct_device_class_of_op(const char *op);     /* "Gemm" */
bool amct_device_class_is_cube(amct_device_class k);
const char *amct_device_class_name(amct_device_class k); /* in the plural; of cube classes */

#endif
