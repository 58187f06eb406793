/*
 * ms_ops.h - MindSpore's primitives as nodes of ONNX's operators.
 *
 * What an operator is told beside tensors is an attribute of its primitive in older files and an
 * input behind the tensors in newer ones: ms_arg looks in both places. Numbers where tensors are
 * wanted become constants of the type of the operator's first tensor.
 */
#ifndef MS_OPS_H
#define MS_OPS_H

#include "ms_reader.h"

enum { MS_MAX_ATTRS = 12 };
#define MS_ATTR 0xffffffffu /* index of what is never an input */

/* One call of a primitive. */
typedef struct ms_call {
    ms_reader *r;
    const ms_node *node;
    const char *op;      /* "Conv2D" */
    const char *onnx;    /* of the table's row, NULL where the handler needs none */
    const char *label;   /* what new nodes and tensors are named after */
    wire_span primitive; /* data is NULL where attributes are the node's own */
    ms_value *args;      /* without monads */
    uint32_t n_args;
    ms_value result;
} ms_call;

typedef int32_t ms_handler(ms_call *c);
typedef struct ms_op {
    const char *op;
    ms_handler *handler;
    const char *onnx;
} ms_op;

/* Calls the operator; one that is not in the tables goes on under its own name, in the domain
 * `mindspore`. (ms_table.c) */
int32_t ms_call_op(ms_call *c);

/* ---- Arguments (ms_arg.c) -------------------------------------------------------------------- */

/* Input i, or the attribute of that name; MS_UNSET if neither is given. */
int32_t ms_arg(ms_call *c, uint32_t i, const char *name, ms_value *out);
int32_t ms_arg_int(ms_call *c, uint32_t i, const char *name, int64_t otherwise, int64_t *out);
int32_t ms_arg_bool(ms_call *c, uint32_t i, const char *name, bool otherwise, bool *out);
int32_t ms_arg_number(ms_call *c, uint32_t i, const char *name, double otherwise, double *out);
/* NULL if it is not given. */
int32_t ms_arg_text(ms_call *c, uint32_t i, const char *name, const char **out);
/* Numbers of a tuple, of tuples in it, of a constant tensor, or one number; at most max of them,
 * *n is 0 if it is not given. */
int32_t ms_arg_ints(ms_call *c, uint32_t i, const char *name, int64_t *out, uint32_t max,
                    uint32_t *n);
/* Exactly n: one number stands for all, of n + 2 (with batch and channels) the last n are taken. */
int32_t ms_arg_space(ms_call *c, uint32_t i, const char *name, int64_t otherwise, int64_t *out,
                     uint32_t n);
/* The numbers of a value, as ms_arg_ints. */
int32_t ms_ints_of(ms_call *c, ms_value v, const char *what, int64_t *out, uint32_t max,
                   uint32_t *n);
/* A tensor, or a constant for a number or a tuple of them; fails if it is not given. */
int32_t ms_arg_tensor(ms_call *c, uint32_t i, ms_tensor **out);
/* The same, NULL if it is not given. */
int32_t ms_arg_optional(ms_call *c, uint32_t i, ms_tensor **out);
/* One whose number of dims is known. */
int32_t ms_arg_ranked(ms_call *c, uint32_t i, ms_tensor **out);
/* An axis as one that counts from the front; rank must be known. */
int32_t ms_axis(ms_call *c, int64_t axis, int32_t rank, int64_t *out);
/* What the file says of result i: type and dims. */
int32_t ms_hint(ms_call *c, uint32_t i, ms_tensor *out);
/* How many results it speaks of, at least 1, and whether they are a tuple. */
bool ms_hints(const ms_call *c, uint32_t *n);
/* Fails for what is well formed but not supported. */
int32_t ms_unsupported(ms_call *c, const char *what);
/* Refuses a format other than batch, channels, space. */
int32_t ms_need_channels_first(ms_call *c, uint32_t i);

/* ---- Nodes (ms_build.c) ---------------------------------------------------------------------- */

typedef struct ms_build {
    ms_call *c;
    const char *op;
    const char *part; /* a word that tells nodes of one call apart; NULL for the last one */
    ms_tensor **src;
    size_t n_src, cap_src;
    amct_attr_desc attrs[MS_MAX_ATTRS];
    uint32_t n_attrs;
    int32_t status; /* of what was added so far */
} ms_build;

ms_build ms_begin(ms_call *c, const char *op, const char *part);
void ms_in(ms_build *b, ms_tensor *t); /* NULL: left out */
void ms_in_ints(ms_build *b, const char *what, const int64_t *ints, uint32_t n);
void ms_in_number(ms_build *b, const char *what, uint32_t dtype, double number);
void ms_set_int(ms_build *b, const char *name, int64_t i);
void ms_set_float(ms_build *b, const char *name, double f);
void ms_set_text(ms_build *b, const char *name, const char *text);
void ms_set_ints(ms_build *b, const char *name, const int64_t *ints, uint32_t n);
/* Gives it to the sink; rank -1 and dims NULL where not known. */
int32_t ms_end(ms_build *b, uint32_t dtype, int32_t rank, const int64_t *dims, ms_tensor **out);
/* With n results, which are new. */
int32_t ms_end_all(ms_build *b, ms_tensor **dst, uint32_t n);
/* The node's result is the call's: as the file says, else like `like`, which may be NULL. */
int32_t ms_finish(ms_build *b, const ms_tensor *like);
/* The same, but it is result 0 of n of which the others are not computed. */
int32_t ms_finish_first(ms_build *b, const ms_tensor *like, uint32_t n);
int32_t ms_return(ms_call *c, ms_tensor *t);
/* Nodes with one result of x's type: with x's dims, of an unknown shape. */
int32_t ms_unary(ms_call *c, const char *op, const char *part, ms_tensor *x, ms_tensor **out);
int32_t ms_binary(ms_call *c, const char *op, const char *part, ms_tensor *a, ms_tensor *b,
                  ms_tensor **out);
int32_t ms_binary_number(ms_call *c, const char *op, const char *part, ms_tensor *x, double number,
                         ms_tensor **out);
int32_t ms_reshape(ms_call *c, const char *part, ms_tensor *x, const int64_t *dims, uint32_t n,
                   ms_tensor **out);
/* A tensor of its own with the same elements, for a result that is an input or a constant. */
int32_t ms_identity(ms_reader *r, ms_tensor *t, ms_tensor **out);
/* A node of the domain `mindspore`, from the tensors among the arguments. */
int32_t ms_pass_on(ms_call *c);
/* Something of the call is called so: its label, and behind it a word. */
const char *ms_name(ms_call *c, const char *part);

/* ---- The families ---------------------------------------------------------------------------- */

#define MS_FAMILIES(X)                                                                             \
    X(conv)                                                                                        \
    X(pool)                                                                                        \
    X(norm)                                                                                        \
    X(unary) X(binary) X(matrix) X(reduce) X(shape) X(slice) X(join) X(resize) X(make) X(tuple)
#define MS_DECLARE(name)                                                                           \
    extern const ms_op ms_ops_##name[];                                                            \
    extern const size_t ms_n_ops_##name;
MS_FAMILIES(MS_DECLARE)
#define MS_FAMILY(name) const size_t ms_n_ops_##name = sizeof ms_ops_##name / sizeof(ms_op)

#endif
