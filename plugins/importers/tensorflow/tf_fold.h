/*
 * tf_fold.h - reckoning with known numbers while the file is read. Each sets *done, and dst of the
 * call, if it could; out has room for TF_MAX_KNOWN numbers.
 */
#ifndef TF_FOLD_H
#define TF_FOLD_H

#include "tf_rules.h"

#include <string.h>

typedef struct tf_operand {
    const double *at;
    size_t n;
} tf_operand;

static inline bool tf_fold_is(const tf_call *call, const char *op)
{
    return strcmp(call->node->op, op) == 0;
}

static inline int32_t tf_fold_put(tf_reader *r, tf_call *call, uint32_t dtype,
                                  const tf_shape *shape, const double *numbers, bool *done)
{
    *done = true;
    return tf_known_new(r, call->name, dtype, shape, numbers, &call->dst[0]);
}

typedef int32_t tf_fold_rule(tf_reader *r, tf_call *call, const tf_operand *in, double *out,
                             bool *done);
tf_fold_rule tf_fold_join, tf_fold_list_slice, tf_fold_gather, tf_fold_range, tf_fold_fill;
int32_t tf_fold_reduce(tf_reader *r, tf_call *call, const tf_operand *in, bool *done);
int32_t tf_fold_unpack(tf_reader *r, tf_call *call, const tf_operand *in, bool *done);
int32_t tf_fold_random(tf_reader *r, tf_call *call, bool *done);

#endif
