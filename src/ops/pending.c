/* The math families are written beside this one: until they are merged they are empty. */
#include "ops/op.h"

#define PENDING(family)                                                                            \
    const amct_op amct_ops_##family[1] = {{.name = ""}};                                           \
    const size_t amct_n_ops_##family = 0;
PENDING(activation)
PENDING(arith)
PENDING(conv)
PENDING(pool)
PENDING(matmul)
PENDING(norm)
PENDING(softmax)
PENDING(quantize)
PENDING(ascend)
PENDING(qlinear)
PENDING(lstm)
