/*
 * onnx_reader.h - what the files of the importer share: one instance, its values, its nodes.
 *
 * Functions return an amct_status as int32_t; whoever notices a failure describes it with
 * onnx_fail, which puts the place being read in front. Everything lives in one of two memories:
 * `memory` until close, `scratch` until the next node.
 */
#ifndef ONNX_READER_H
#define ONNX_READER_H

#include "onnx/onnx.pb-c.h"
#include "onnx_wire.h"

#define ONNX_MIN_OPSET 6  /* older ones need attributes that nobody writes any more */
#define ONNX_MAX_OPSET 22 /* newer ones are tried, with a warning */

#define ONNX_TRY(expr)                                                                             \
    do {                                                                                           \
        int32_t try_status_ = (expr);                                                              \
        if (try_status_ != AMCT_OK)                                                                \
            return try_status_;                                                                    \
    } while (0)

/* What is known of a tensor: from the file for inputs and constants, else a hint. A rank beyond
 * AMCT_MAX_RANK stands for itself, without dims. */
typedef struct onnx_type {
    uint32_t dtype; /* AMCT_UNDEFINED if not known */
    uint32_t rank;  /* AMCT_RANK_UNKNOWN if not known */
    int64_t dims[AMCT_MAX_RANK];
} onnx_type;

/* A name of a graph, and the tensor behind it. */
typedef struct onnx_value {
    const char *name; /* as the sink gets it */
    uint32_t id;      /* AMCT_NO_TENSOR until the sink has it */
    uint32_t kind;    /* amct_tensor_kind */
    onnx_type type;
    const void *data;        /* of a constant */
    bool declared;           /* an input or initializer of the graph has this name */
    bool made;               /* a node makes it */
    bool is_output;          /* of the graph */
    struct onnx_value *next; /* in the order of their making */
    const char *first_used;  /* "node 12 'Conv_4' (Conv)", NULL if no node uses it */
} onnx_value;

/* A node on its way to the sink. Sources and results are NULL where left out. Arrays are of
 * scratch. */
typedef struct onnx_node {
    const char *name, *op, *domain;
    onnx_value **src, **dst;
    amct_attr_desc *attrs;
    uint32_t n_src, n_dst, n_attrs;
} onnx_node;

/* The names of one graph or function body, and what its operators mean. */
typedef struct onnx_scope {
    void *names;           /* tsearch tree, see onnx_value.c */
    const char *prefix;    /* in front of names of values and nodes, "" in the graph */
    int64_t opset;         /* of the default domain, 0 if it is not imported */
    const onnx_node *call; /* the node whose function this is; NULL in the graph */
    int depth;
} onnx_scope;

typedef struct onnx_function {
    const char *key; /* "domain:name" */
    Onnx__FunctionProto *proto;
    onnx_part nodes, defaults; /* NodeProtos, and AttributeProtos with default values */
    size_t size;               /* of all of it in the file */
} onnx_function;

typedef struct onnx_reader {
    const amct_host *host;
    const amct_sink *sink;
    amct_view model;
    onnx_memory memory, scratch;
    char place[320]; /* what is being read, for messages */
    void *functions; /* tsearch tree of onnx_function */
    onnx_value *values, **last_value;
    size_t n_inlined;       /* nodes of functions so far, */
    size_t n_inlined_bytes; /* and their bytes in the file, with prefixes of names */
    size_t n_sparse_bytes;  /* of sparse initializers made dense so far */
} onnx_reader;

/* ---- onnx_report.c ------------------------------------------------------------------------- */

/* Describes a failure, with the place in front; returns code. */
int32_t onnx_fail(onnx_reader *r, int32_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int32_t onnx_nomem(onnx_reader *r);
void onnx_warn(onnx_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the place; "" for none. */
void onnx_at(onnx_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "float8e4m3fn", also of types that amct does not have. */
const char *onnx_dtype_name(int64_t dtype);
/* Bits of an element; 0 for strings and types that amct does not have. */
uint32_t onnx_dtype_bits(int64_t dtype);

/* onnx_wire_split that describes failures. */
int32_t onnx_split(onnx_reader *r, onnx_memory *memory, wire_span message, onnx_part *parts,
                   size_t n_parts, wire_span *others);
/* protobuf-c's unpacking, of memory. */
int32_t onnx_unpack(onnx_reader *r, onnx_memory *memory, const ProtobufCMessageDescriptor *type,
                    wire_span message, void *out_message);
static inline const char *onnx_or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- onnx_value.c -------------------------------------------------------------------------- */

/* The value of that name in the scope, made if there is none. */
int32_t onnx_value_named(onnx_reader *r, onnx_scope *scope, const char *name, onnx_value **out);
/* The same, but NULL if there is none. */
onnx_value *onnx_value_find(const onnx_scope *scope, const char *name);
/* Lets a name of the scope stand for a value; fails if it stands for one already. */
int32_t onnx_value_bind(onnx_reader *r, onnx_scope *scope, const char *name, onnx_value *value);
/* A value that has no name in the file, for results between nodes that we make. */
int32_t onnx_value_new(onnx_reader *r, const char *name, onnx_value **out);
void onnx_scope_clear(onnx_scope *scope);
/* Gives an input or value to the sink, if it does not have it; sets its id. */
int32_t onnx_value_emit(onnx_reader *r, onnx_value *value);
/* Gives a constant to the sink: owner as in amct_tensor_desc, type is the value's. A block of the
 * host is freed if the sink does not take it. */
int32_t onnx_value_emit_constant(onnx_reader *r, onnx_value *value, const void *data,
                                 size_t data_size, uint32_t owner);
/* Small constants of our own. */
int32_t onnx_new_ints(onnx_reader *r, const char *name, const int64_t *ints, size_t n, bool scalar,
                      onnx_value **out);
int32_t onnx_new_scalar(onnx_reader *r, const char *name, uint32_t dtype, double number,
                        onnx_value **out);
/* Makes the value a constant with a copy of the data. */
int32_t onnx_value_fill(onnx_reader *r, onnx_value *value, const void *data, size_t data_size);

/* ---- onnx_type.c --------------------------------------------------------------------------- */

extern const onnx_type onnx_type_unknown;
/* Reads a ValueInfoProto: its name and what it says of a tensor. Not a tensor: *other is
 * "a sequence" or the like, else NULL. */
int32_t onnx_read_value_info(onnx_reader *r, wire_span message, const char **name, onnx_type *type,
                             const char **other);
/* Number of elements; -1 if it is not known. */
int64_t onnx_type_count(const onnx_type *type);

/* ---- onnx_tensor.c, onnx_typed.c, onnx_sparse.c -------------------------------------------- */

typedef struct onnx_tensor {
    const char *name;
    onnx_type type;
    const void *data;
    size_t data_size;
    uint32_t owner; /* amct_data_owner; a block of the host is the caller's to pass on or free */
} onnx_tensor;
/* Reads a TensorProto; data stays in the file if it can. */
int32_t onnx_read_tensor(onnx_reader *r, wire_span message, onnx_tensor *out);
/* Reads a SparseTensorProto as a dense tensor. */
int32_t onnx_read_sparse(onnx_reader *r, wire_span message, onnx_tensor *out);
/* Decodes the field of numbers that the dtype is stored in to a block of the host, or leaves it in
 * the file. parts are those of float_data, int32_data, int64_data, double_data, uint64_data. */
int32_t onnx_read_typed(onnx_reader *r, const onnx_part parts[5], const Onnx__TensorProto *loose,
                        int64_t count, onnx_tensor *out);
/* Makes the value the constant that the tensor holds; a block of the host is gone in any case. */
int32_t onnx_value_take(onnx_reader *r, onnx_value *value, onnx_tensor *tensor);

/* ---- onnx_node.c, onnx_attr.c -------------------------------------------------------------- */

/* A NodeProto, unpacked but for its attributes. */
typedef struct onnx_node_proto {
    Onnx__NodeProto *proto;
    onnx_part attributes;
} onnx_node_proto;

int32_t onnx_unpack_nodes(onnx_reader *r, const onnx_part *spans, onnx_node_proto **out);
/* Reads the nodes of a graph or function: Constant nodes first, as constants; then all others,
 * canonicalised, to the sink. */
int32_t onnx_read_nodes(onnx_reader *r, onnx_scope *scope, const onnx_node_proto *nodes, size_t n);
/* Reads the attributes of a node; references to those of a function's call are resolved. Tensors go
 * to the sink under tensor_name, NULL for their own. */
int32_t onnx_read_attrs(onnx_reader *r, const onnx_scope *scope, const onnx_part *spans,
                        const char *tensor_name, onnx_node *node);
/* Reads one attribute. *present is false if it refers to one that the call does not have. */
int32_t onnx_read_attr(onnx_reader *r, const onnx_scope *scope, wire_span message,
                       const char *tensor_name, amct_attr_desc *out, bool *present);

const amct_attr_desc *onnx_attr(const onnx_node *node, const char *name, uint32_t type);
int64_t onnx_attr_int(const onnx_node *node, const char *name, int64_t otherwise);
/* Removes an attribute, if it is there. */
void onnx_attr_drop(onnx_node *node, const char *name);
/* Adds or replaces one. */
int32_t onnx_attr_set(onnx_reader *r, onnx_node *node, amct_attr_desc attr);
int32_t onnx_attr_set_int(onnx_reader *r, onnx_node *node, const char *name, int64_t i);
int32_t onnx_attr_set_text(onnx_reader *r, onnx_node *node, const char *name, const char *text);
/* Source i, NULL if it is left out or beyond the end. */
onnx_value *onnx_src(const onnx_node *node, uint32_t i);
int32_t onnx_set_src(onnx_reader *r, onnx_node *node, uint32_t i, onnx_value *value);
/* What new nodes and constants of this one are named after: its name, else that of a result. */
const char *onnx_label(const onnx_node *node);
/* A node of our own with up to two sources (NULL for none) and one result. */
int32_t onnx_node_new(onnx_reader *r, const onnx_node *of, const char *op, onnx_value *a,
                      onnx_value *b, onnx_value *result, onnx_node *out);

/* Passes a node to the sink as it is, and notes what it says about its results. */
int32_t onnx_emit(onnx_reader *r, const onnx_node *node);
int32_t onnx_emit_identity(onnx_reader *r, onnx_value *from, onnx_value *to);
/* Fills in what follows for results whose type is not known. */
void onnx_infer(const onnx_node *node);

/* ---- onnx_function.c ----------------------------------------------------------------------- */

int32_t onnx_read_functions(onnx_reader *r, const onnx_part *spans);
/* The model's own function for the operator, NULL if there is none. */
const onnx_function *onnx_function_find(const onnx_reader *r, const char *domain, const char *op);
/* Reads the function's body in the place of the node. */
int32_t onnx_inline(onnx_reader *r, const onnx_scope *scope, const onnx_function *function,
                    const onnx_node *node);

/* ---- onnx_canon*.c ------------------------------------------------------------------------- */

/* Rewrites a node of the default domain, as version `opset` means it, to opset 18's form and emits
 * it. */
int32_t onnx_canonicalise(onnx_reader *r, int64_t opset, onnx_node *node);
typedef int32_t onnx_rewrite(onnx_reader *r, int64_t opset, onnx_node *node);
onnx_rewrite onnx_rewrite_softmax, onnx_rewrite_batch_norm, onnx_rewrite_resize,
    onnx_rewrite_upsample, onnx_rewrite_broadcast;

/* ---- onnx_graph.c, onnx_model.c ------------------------------------------------------------ */

int32_t onnx_read_graph(onnx_reader *r, wire_span message, onnx_scope *scope,
                        amct_model_desc *model);
int32_t onnx_read_model(onnx_reader *r);
int32_t onnx_probe(const void *head, size_t n, const char *path);

#endif
