/*
 * op.h - the operators: for each its shape rule and a plain C reference, side by side.
 *
 * The reference is the definition that every faster executor is compared with. It is written to be
 * read: loops as in the ONNX specification, sums in double (float operators) or int64/int32
 * (integer ones). All numeric types of a slot's elements go through amct_value_get/put unless a
 * file says otherwise.
 */
#ifndef AMCT_OPS_OP_H
#define AMCT_OPS_OP_H

#include "graph/graph.h"

/* A tensor at run time: its type, dims and elements in C order. */
typedef struct amct_value {
    uint32_t dtype;
    int32_t zero_point; /* as in amct_tensor */
    amct_shape shape;
    void *data;
} amct_value;

/* What a shape rule sees and fills. src[i] is NULL where an optional input is left out; constants
 * have data. dst[i] is where dtype, shape and zero_point of each result go (for all node->n_dst;
 * results left out by the node are filled and ignored). Shapes of src are known. */
typedef struct amct_infer {
    const amct_node *node;
    const amct_tensor *const *src;
    amct_tensor *dst;
    const amct_graph *graph; /* holds the tensors that attributes name; NULL: there are none */
} amct_infer;

/* What a kernel sees: src[i] is NULL where left out; dst[i] has dtype and shape from the rule and
 * data to fill (NULL where the node leaves the result out). src and dst never overlap. */
typedef struct amct_call {
    const amct_node *node;
    const amct_value *const *src;
    amct_value *const *dst;
    const amct_graph *graph; /* as in amct_infer */
} amct_call;

typedef struct amct_op {
    const char *name;
    uint32_t min_src, max_src; /* UINT32_MAX: any number */
    uint32_t max_dst;          /* at least 1 always */
    amct_status (*infer)(const amct_infer *in, amct_err *err);
    amct_status (*run)(const amct_call *call, amct_err *err);
} amct_op;

/* The operator of that name and domain, NULL if it is not known here. [any thread] */
const amct_op *amct_op_find(const char *name, const char *domain);
/* All of them, sorted by name. [any thread] */
const amct_op *amct_op_all(size_t *n);

/* Checks the node against the operator (number of inputs and results, presence of inputs that are
 * not optional, sizes of the inputs), runs the shape rule, and checks the sizes of the results, so
 * that a rule may multiply its sources' dims freely and need not bound its results. Where a
 * source's shape is not known, or a parameter that decides the result's shape is no constant, the
 * result's rank is -1; that is no failure. AMCT_E_INVALID: the node contradicts itself or its
 * sources; AMCT_E_LIMIT: too large; AMCT_E_UNSUPPORTED: valid, but not done here. Messages name
 * neither node nor file, the caller does. [any thread] */
amct_status amct_op_infer(const amct_op *op, const amct_infer *in, amct_err *err);
/* Runs the kernel, unless all results are empty. What only the values of the sources tell is
 * checked here (indices of Gather). Results must have the dtype and shape of the rule. [any thread]
 */
amct_status amct_op_run(const amct_op *op, const amct_call *call, amct_err *err);

/* ---- Elements ------------------------------------------------------------------------------ */

/* As amct_element_get and its siblings. */
static inline double amct_value_get(const amct_value *v, int64_t i)
{
    return amct_element_get(v->dtype, v->data, i);
}
static inline int64_t amct_value_get_int(const amct_value *v, int64_t i)
{
    return amct_element_get_int(v->dtype, v->data, i);
}
static inline void amct_value_put(const amct_value *v, int64_t i, double number)
{
    amct_element_put(v->dtype, v->data, i, number);
}
static inline void amct_value_put_int(const amct_value *v, int64_t i, int64_t number)
{
    amct_element_put_int(v->dtype, v->data, i, number);
}

/* ---- Families: each file lists its operators here ------------------------------------------ */

#define AMCT_OP_FAMILIES(F)                                                                        \
    F(activation)                                                                                  \
    F(arith)                                                                                       \
    F(compare)                                                                                     \
    F(concat) F(conv) F(pool) F(matmul) F(norm) F(softmax) F(reduce) F(reshape) F(transpose)       \
        F(slice) F(gather) F(pad) F(resize) F(cast) F(shape) F(quantize) F(ascend) F(qlinear)      \
            F(lstm)
#define AMCT_OP_DECLARE(family)                                                                    \
    extern const amct_op amct_ops_##family[];                                                      \
    extern const size_t amct_n_ops_##family;
AMCT_OP_FAMILIES(AMCT_OP_DECLARE)

#endif
