/*
 * ops_case.h - one operator, its attributes and sources, run through rule and kernel as an executor
 * would. Every operand is a memory block of its own, so that sanitizers see each end.
 */
#ifndef TESTS_OPS_CASE_H
#define TESTS_OPS_CASE_H

#include "base/arena.h"
#include "ops/op.h"

enum { OPS_CASE_MAX = 12 };

typedef struct ops_case {
    amct_arena *arena;
    const amct_op *op;
    amct_node node;
    amct_attr attrs[OPS_CASE_MAX];
    amct_tensor src[OPS_CASE_MAX]; /* data: also what the kernel reads */
    bool given[OPS_CASE_MAX];
    bool variable[OPS_CASE_MAX]; /* no constant: the rule does not see the data */
    amct_value dst[OPS_CASE_MAX];
    amct_err err;
} ops_case;

/* Dims, and numbers with how many there are, for the functions below. */
#define DIMS(...)                                                                                  \
    amct_shape_of((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                   \
                  (const int64_t[]){__VA_ARGS__})
#define SCALAR       ((amct_shape){0})
#define NUMBERS(...) (const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double)

ops_case *ops_case_new(const char *op, uint32_t n_dst);
void ops_case_free(ops_case *c);
void ops_case_int(ops_case *c, const char *name, int64_t value);
void ops_case_float(ops_case *c, const char *name, float value);
void ops_case_string(ops_case *c, const char *name, const char *value);
void ops_case_ints(ops_case *c, const char *name, const int64_t *values, size_t n);
/* Appends a source; numbers are repeated until it is full. Returns its place. */
uint32_t ops_case_src(ops_case *c, uint32_t dtype, amct_shape shape, const double *numbers,
                      size_t n);
void ops_case_no_src(ops_case *c);

/* Rule alone; rule and kernel. Both clear the results of a call before. */
amct_status ops_case_infer(ops_case *c);
amct_status ops_case_run(ops_case *c);

/* Runs the case, which must succeed, and compares result 0; then frees it. */
void ops_case_gives(ops_case *c, uint32_t dtype, amct_shape shape, const double *numbers, size_t n);
/* Compares result i of a case that has run, within 1e-6 relative (none for integers). */
void ops_case_expect(const ops_case *c, uint32_t i, uint32_t dtype, amct_shape shape,
                     const double *numbers, size_t n);
/* The rule or the kernel refuses the case with that code and text; then frees it. */
void ops_case_refuses(ops_case *c, amct_status code, const char *text);

#endif
