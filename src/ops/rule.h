/*
 * rule.h - what shape rules and kernels ask of their operands again and again. Messages count
 * inputs from 0, as ONNX's documentation lists them.
 */
#ifndef AMCT_OPS_RULE_H
#define AMCT_OPS_RULE_H

#include "ops/op.h"

/* Source i, or NULL if it is left out or beyond the end; result i likewise. */
static inline const amct_tensor *amct_infer_src(const amct_infer *in, uint32_t i)
{
    return i < in->node->n_src ? in->src[i] : NULL;
}
static inline const amct_value *amct_call_src(const amct_call *call, uint32_t i)
{
    return i < call->node->n_src ? call->src[i] : NULL;
}
static inline amct_value *amct_call_dst(const amct_call *call, uint32_t i)
{
    return i < call->node->n_dst && call->dst[i] && call->dst[i]->data ? call->dst[i] : NULL;
}

/* Element i of a parameter, or its only one where one serves all; 0 of a NULL one. */
double amct_value_each(const amct_value *v, int64_t i);

/* Describes result i, without a zero point, if the node has it. */
void amct_infer_dst(const amct_infer *in, uint32_t i, uint32_t dtype, const amct_shape *shape);

/* Each fails with AMCT_E_INVALID unless source i (present) is as its name says. */
amct_status amct_want_float(const amct_infer *in, uint32_t i, amct_err *err);
amct_status amct_want_dtype(const amct_infer *in, uint32_t i, uint32_t dtype, amct_err *err);
amct_status amct_want_rank(const amct_infer *in, uint32_t i, int32_t least, amct_err *err);
/* One-dimensional, of that length. */
amct_status amct_want_vector(const amct_infer *in, uint32_t i, int64_t length, amct_err *err);
/* A scalar, or one element. */
amct_status amct_want_one(const amct_infer *in, uint32_t i, amct_err *err);

/* The type in which x * weights is given: that of both, if it is one float type; int32 for two
 * types of at most 8 bits (the deploy form behind AscendQuant). AMCT_E_INVALID otherwise. */
amct_status amct_product_dtype(uint32_t *out, uint32_t x, uint32_t weights, amct_err *err);

#endif
