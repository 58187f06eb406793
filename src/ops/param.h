/*
 * param.h - what shape rules and kernels of one operator read alike: sources as values, and
 * parameters that come as an input or, in an operator's older forms, as an attribute.
 */
#ifndef AMCT_OPS_PARAM_H
#define AMCT_OPS_PARAM_H

#include "ops/op.h"

/* The first n sources of a rule as values, NULL where left out; data is NULL unless it is a
 * constant. They borrow from the graph and are only for reading. */
void amct_infer_sources(amct_value *values, const amct_value **src, uint32_t n,
                        const amct_infer *in);
/* The same of a kernel. */
void amct_call_sources(const amct_value **src, uint32_t n, const amct_call *call);

/* Whether a source from `first` on, before `last`, is there but no constant. */
bool amct_infer_waits(const amct_infer *in, uint32_t first, uint32_t last);

/* A result like a source: its type and zero point, and the given shape. */
void amct_infer_like(amct_tensor *dst, const amct_tensor *src, const amct_shape *shape);

#define AMCT_MAX_INTS (2 * AMCT_MAX_RANK)

typedef struct amct_ints {
    bool given;
    int32_t n;
    int64_t at[AMCT_MAX_INTS];
} amct_ints;

/* A list of integers: from `value`, a scalar or vector of int32 or int64, or if it is NULL from the
 * attribute `name`; not given if that is absent too. At most max <= AMCT_MAX_INTS, else
 * AMCT_E_LIMIT. */
amct_status amct_param_ints(amct_ints *out, const amct_value *value, const amct_node *node,
                            const char *name, int32_t max, amct_err *err);
/* The same for axes of `rank` dims: each from 0 to before rank, none twice. */
amct_status amct_param_axes(amct_ints *out, const amct_value *value, const amct_node *node,
                            int32_t rank, amct_err *err);
/* Attribute `name` as an axis of `rank` dims. */
amct_status amct_param_axis(int32_t *out, const amct_node *node, const char *name,
                            int64_t otherwise, int32_t rank, amct_err *err);
/* A source that must hold integers (int32 or int64). */
amct_status amct_param_integer(const amct_value *value, const char *name, amct_err *err);

/* Attribute `name` as the position of its word in `words`, which ends with NULL and whose first is
 * the default; AMCT_E_INVALID lists them all. */
amct_status amct_param_word(uint32_t *out, const amct_node *node, const char *name,
                            const char *const *words, amct_err *err);

#endif
