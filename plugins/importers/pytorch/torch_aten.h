/*
 * torch_aten.h - PyTorch's operators (aten) as nodes of ONNX's. A call comes from a .pt2 graph or
 * from TorchScript code; its arguments are matched to a signature, whose letters are checked, so
 * that what an operator's function reads is of the kind that it says.
 */
#ifndef TORCH_ATEN_H
#define TORCH_ATEN_H

#include "../common/import_attr.h"
#include "torch_reader.h"

enum { TORCH_MAX_ARGS = 16, TORCH_MAX_ATTRS = 12 };

typedef struct torch_aten torch_aten;

/* One call of an operator. */
typedef struct torch_call {
    torch_reader *r;
    const char *name;  /* "conv2d", for messages */
    const char *op;    /* the row's ONNX operator, else the name */
    const char *label; /* what new nodes and tensors are named after */
    torch_value args[TORCH_MAX_ARGS];
    torch_value result;
    bool in_place;     /* "relu_" */
    uint32_t n_wanted; /* results that the caller takes apart, 0 if that is not known */
} torch_call;

typedef int32_t torch_handler(torch_call *c);

/*
 * An operator. The signature is a list of KIND:NAME; those behind a bar may be left out or None:
 *   t tensor      T list of tensors      x tensor or number, also a symbol
 *   n number      N number or symbol     i integer            j integer or symbol
 *   I integers or one integer, also symbols
 *   F floats or one float                b bool               s string
 *   * anything
 * Overloads are several rows of the same name: the first whose kinds fit.
 */
struct torch_aten {
    const char *op, *signature;
    torch_handler *handler;
    const char *onnx; /* for handlers that serve several operators */
};

/* The operator `op` of aten ("conv2d", "relu_") on n arguments; names are their names, NULL for one
 * that is given by its place. The result may be a tensor, a list, a tuple, a number. */
int32_t torch_aten_call(torch_reader *r, const char *op, const char *label, const torch_value *args,
                        const char *const *names, uint32_t n, uint32_t n_wanted,
                        torch_value *result);
bool torch_aten_known(const char *op);
/* An operator that we do not know goes on under its own name: sources are the tensors among the
 * arguments, results are given. One that changes its argument ("copy_") is refused. */
int32_t torch_aten_pass_on(torch_reader *r, const char *domain, const char *op, const char *label,
                           const torch_value *args, uint32_t n, torch_tensor **dst, uint32_t n_dst);

/* ---- Arguments ----------------------------------------------------------------------------- */

int64_t torch_arg_int(const torch_call *c, uint32_t i, int64_t otherwise);
double torch_arg_number(const torch_call *c, uint32_t i, double otherwise);
bool torch_arg_bool(const torch_call *c, uint32_t i, bool otherwise);
bool torch_arg_given(const torch_call *c, uint32_t i);           /* neither left out nor None */
torch_tensor *torch_arg_tensor(const torch_call *c, uint32_t i); /* NULL if not given */
/* A list of n integers: one number stands for all; `otherwise` if it is not given or empty. A
 * symbol among them is refused, naming the argument. */
int32_t torch_arg_ints(torch_call *c, uint32_t i, const char *what, int64_t otherwise, int64_t *out,
                       uint32_t n);
/* As many as there are, at most AMCT_MAX_RANK. */
int32_t torch_arg_list(torch_call *c, uint32_t i, const char *what, int64_t *out, uint32_t *n);
/* A dim that counts from the end if it is negative, as one that does not; rank must be known. */
int32_t torch_arg_dim(torch_call *c, uint32_t i, int64_t otherwise, int32_t rank, int32_t *out);
/* A tensor for argument i, which may be a number: of dtype `like` then. */
int32_t torch_arg_operand(torch_call *c, uint32_t i, uint32_t like, torch_tensor **out);
/* Refuses a tensor whose rank is not known. */
int32_t torch_need_rank(torch_call *c, const torch_tensor *t);
int32_t torch_unsupported(torch_call *c, const char *what);

/* ---- Nodes --------------------------------------------------------------------------------- */

/* A node that is being made. */
typedef struct torch_node {
    torch_call *c;
    const char *op;
    const char *part; /* a word that tells nodes of one call apart; NULL for the last one */
    torch_tensor **src;
    uint32_t n_src, cap_src;
    amct_attr_desc attrs[TORCH_MAX_ATTRS];
    uint32_t n_attrs;
    int32_t status; /* of what was added so far */
} torch_node;

torch_node torch_begin(torch_call *c, const char *op, const char *part);
void torch_src(torch_node *node, torch_tensor *t); /* NULL: left out */
void torch_src_ints(torch_node *node, const char *what, const int64_t *ints, uint32_t n);
void torch_src_number(torch_node *node, const char *what, uint32_t dtype, double number);
void torch_attr_int(torch_node *node, const char *name, int64_t i);
void torch_attr_float(torch_node *node, const char *name, double f);
void torch_attr_text(torch_node *node, const char *name, const char *text);
void torch_attr_ints(torch_node *node, const char *name, const int64_t *ints, uint32_t n);
/* Gives it to the sink; *out is its result. dims as in torch_tensor_new. */
int32_t torch_end(torch_node *node, uint32_t dtype, int32_t rank, const int64_t *dims,
                  torch_tensor **out);
/* The same with several results, whose types are set. */
int32_t torch_end_all(torch_node *node, torch_tensor **dst, uint32_t n_dst);
/* The same; the result is the call's, and like t. */
int32_t torch_end_like(torch_node *node, const torch_tensor *t);
/* A node on x (and y) with a result like x. */
int32_t torch_unary(torch_call *c, const char *op, const char *part, torch_tensor *x,
                    torch_tensor **out);
int32_t torch_binary(torch_call *c, const char *op, const char *part, torch_tensor *a,
                     torch_tensor *b, torch_tensor **out);
/* The call's result is t. */
int32_t torch_return(torch_call *c, torch_tensor *t);
/* The dims of a broadcast of both. */
void torch_broadcast(const torch_tensor *a, const torch_tensor *b, int32_t *rank, int64_t *dims);
/* Reshape to fixed dims, Transpose. */
int32_t torch_reshape_to(torch_call *c, const char *part, torch_tensor *x, const int64_t *dims,
                         uint32_t n, torch_tensor **out);
int32_t torch_transpose_to(torch_call *c, const char *part, torch_tensor *x, const int64_t *perm,
                           torch_tensor **out);
/* A view of x's elements: what is changed in place in one makes the other stale. */
void torch_share(torch_tensor *out, const torch_tensor *x);

/* ---- Numbers that are only known when the network runs (torch_symbol.c) --------------------- */

/* Size of dim d of x: an integer if it is known. */
int32_t torch_size_of(torch_call *c, torch_tensor *x, int32_t d, torch_value *out);
/* A list of integers and symbols as a tensor. */
int32_t torch_ints_of(torch_call *c, const char *what, torch_value list, torch_tensor **out);
/* A number as a tensor of rank 0, int64 or float. */
int32_t torch_number_of(torch_call *c, torch_value v, torch_tensor **out);
bool torch_has_symbol(torch_value list);
/* An operator of Python's on numbers ("add", "floordiv", "eq" ...), with symbols among them. */
int32_t torch_symbol_op(torch_call *c, const char *op, torch_value a, torch_value b,
                        torch_value *out);

/* ---- The families -------------------------------------------------------------------------- */

extern const torch_aten torch_aten_conv[], torch_aten_unary[], torch_aten_binary[],
    torch_aten_norm[], torch_aten_pool[], torch_aten_shape[], torch_aten_slice[], torch_aten_join[],
    torch_aten_reduce[], torch_aten_resize[], torch_aten_matrix[], torch_aten_make[];
extern const size_t torch_n_aten_conv, torch_n_aten_unary, torch_n_aten_binary, torch_n_aten_norm,
    torch_n_aten_pool, torch_n_aten_shape, torch_n_aten_slice, torch_n_aten_join,
    torch_n_aten_reduce, torch_n_aten_resize, torch_n_aten_matrix, torch_n_aten_make;
#define TORCH_FAMILY(name)                                                                         \
    const size_t torch_n_aten_##name = sizeof torch_aten_##name / sizeof *torch_aten_##name

#endif
