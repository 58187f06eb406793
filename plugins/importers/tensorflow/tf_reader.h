/*
 * tf_reader.h - what the files of the importer share: one instance, its graphs, its values.
 *
 * TensorFlow's values keep their own dims (N x H x W x C); what the sink gets of them are FORMS,
 * the same elements with the dims in another order. A convolution wants N x C x H x W of its source
 * and makes that of its result; whoever comes next works on the form that is there, and a Transpose
 * is made only where somebody wants another one. Transposing a value makes no node at all.
 *
 * Functions return an amct_status as int32_t; whoever notices a failure describes it with tf_fail,
 * which puts the place being read in front. Everything lives in one memory until close.
 */
#ifndef TF_READER_H
#define TF_READER_H

#include "../common/import_attr.h"
#include "../common/import_memory.h"
#include "../common/wire_message.h"

#define TF_TRY(expr)                                                                               \
    do {                                                                                           \
        int32_t try_status_ = (expr);                                                              \
        if (try_status_ != AMCT_OK)                                                                \
            return try_status_;                                                                    \
    } while (0)

#define TF_MAX_RANK AMCT_MAX_RANK
/* Elements of a tensor whose numbers we reckon with: shapes, axes, sizes. */
#define TF_MAX_KNOWN 256

/* ---- Values -------------------------------------------------------------------------------- */

typedef struct tf_shape {
    uint32_t rank;
    int64_t dims[TF_MAX_RANK]; /* AMCT_DIM_UNKNOWN where not known */
} tf_shape;

/* Stored dim k is TensorFlow's dim axis[k]. */
typedef struct tf_order {
    uint8_t axis[TF_MAX_RANK];
} tf_order;

typedef struct tf_form {
    uint32_t id;   /* the sink's */
    uint32_t flat; /* a tensor with the same elements one after the other, made before id */
    tf_order order;
    struct tf_form *next;
} tf_form;

enum tf_kind {
    TF_VALUE = 0,
    TF_INPUT,    /* of the network; its form is chosen by who takes it first */
    TF_CONSTANT, /* data or known holds it */
    TF_RESOURCE, /* a handle: variable says of what */
    TF_RANDOM,   /* numbers from low to below high that nobody knows: of a dropout */
    TF_BLOCKED,  /* of SpaceToBatchND: what a dilated convolution is spelt with */
    TF_FLAT      /* N x the elements of another value, not made until somebody wants them */
};

typedef struct tf_value {
    const char *name;
    uint32_t kind;  /* tf_kind */
    uint32_t dtype; /* amct_dtype */
    tf_shape shape; /* in TensorFlow's order */
    tf_form *forms; /* that the sink has, the first one made first */
    const void *data;
    size_t data_size;
    uint32_t owner;      /* amct_data_owner of data */
    const double *known; /* of all elements, NaN where not known; NULL: see tf_known */
    const char *variable;
    double low, high;
    struct tf_value *from;        /* of ExpandDims, Tile, SpaceToBatchND, TF_FLAT: the source */
    const struct tf_block *block; /* of TF_BLOCKED */
    int64_t axis, times;          /* of ExpandDims (times 1) and Tile */
    uint32_t input;               /* of TF_INPUT: its place */
} tf_value;

/* ---- Graphs -------------------------------------------------------------------------------- */

typedef struct tf_node {
    const char *name, *op;
    wire_span message; /* the NodeDef */
    wire_span *src;    /* names as in the file, control inputs left out */
    uint32_t n_src;
} tf_node;

/* A GraphDef or the body of a FunctionDef. */
typedef struct tf_graph {
    const char *name; /* of the function, "" of the graph */
    tf_node *nodes;
    uint32_t n_nodes;
    uint32_t *by_name; /* indices of nodes, sorted by name */
    const char **args; /* of a function */
    uint32_t n_args;
    uint32_t *args_by_name; /* indices, sorted */
    const char **results;   /* names in this graph: "node:output:0" or an argument */
    uint32_t n_results;
    wire_span message; /* of a function that has not been read yet */
    bool read;
} tf_graph;

typedef struct tf_result {
    tf_value **values; /* NULL where an output has no meaning at inference */
    uint32_t n;
    uint8_t state;
} tf_result;

/* A graph being translated: the graph itself once, a function once per call. */
typedef struct tf_scope {
    tf_graph *graph;
    tf_result *results;     /* per node */
    tf_value *const *args;  /* of a function's call */
    const char *prefix;     /* in front of names */
    struct tf_scope *outer; /* the call's */
    uint32_t depth;
} tf_scope;

typedef struct tf_reader {
    const amct_host *host;
    const amct_sink *sink;
    amct_view model;
    import_memory memory;
    const char *signature, *outputs; /* options, NULL where not given */
    tf_shape open_dims;              /* option shape; rank 0 where not given */
    bool keep_layout;                /* option layout=file */
    bool channels_first;             /* a convolution of the file is N x C x H x W already */
    char place[320];                 /* what is being read, for messages */
    tf_graph *functions;             /* sorted by name */
    uint32_t n_functions;
    tf_value **inputs;
    uint32_t n_inputs, cap_inputs, n_inputs_emitted;
    uint64_t n_translated;
    size_t n_copied_bytes;  /* of constants that could not stay in the file */
    size_t n_emitted_bytes; /* of blocks that the sink got */
    size_t n_mapped_bytes;  /* of all files */
    struct tf_saved *saved; /* of a SavedModel */
} tf_reader;

/* ---- tf_report.c --------------------------------------------------------------------------- */

int32_t tf_fail(tf_reader *r, int32_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int32_t tf_nomem(tf_reader *r);
void tf_warn(tf_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the place; "" for none. */
void tf_at(tf_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A copy of a name or text that ends with a zero byte. */
int32_t tf_copy(tf_reader *r, wire_span span, const char **out);

/* ---- tf_type.c ----------------------------------------------------------------------------- */

/* types.proto's DataType as amct_dtype, references too; AMCT_UNDEFINED if there is none. */
uint32_t tf_dtype(int64_t type);
const char *tf_dtype_name(int64_t type);
uint32_t tf_dtype_bits(uint32_t dtype);
/* Reads a TensorShapeProto. *known is false if not even the number of dims is known. */
int32_t tf_read_shape(tf_reader *r, wire_span message, tf_shape *out, bool *known);
/* Elements; -1 if a dim is not known, more than 2^40 are AMCT_E_LIMIT. */
int32_t tf_count(tf_reader *r, const tf_shape *shape, int64_t *out);
/* "1x?x3" for messages. */
const char *tf_shape_text(const tf_shape *shape, char *text, size_t size);
bool tf_shape_equal(const tf_shape *a, const tf_shape *b);
static inline tf_shape tf_scalar(void)
{
    return (tf_shape){.rank = 0};
}

/* ---- tf_tensor.c --------------------------------------------------------------------------- */

/* Reads a TensorProto as a constant; data stays in the file if it can. */
int32_t tf_read_tensor(tf_reader *r, wire_span message, const char *name, tf_value **out);

/* ---- tf_graph.c ---------------------------------------------------------------------------- */

/* Reads the NodeDefs (field `number`) of a message. */
int32_t tf_graph_read(tf_reader *r, wire_span message, uint32_t number, tf_graph *out);
/* Index of the node of that name, -1 if there is none. */
int64_t tf_graph_find(const tf_graph *graph, const char *name, size_t length);
/* The same of the function's argument. */
int64_t tf_graph_arg(const tf_graph *graph, const char *name, size_t length);
/* Lists the functions of a FunctionDefLibrary; bodies are read when they are called. */
int32_t tf_functions_list(tf_reader *r, wire_span library);
/* The function of that name, read; fails if there is none. */
int32_t tf_function_get(tf_reader *r, const char *name, tf_graph **out);

/* Attribute's AttrValue; empty (data NULL) if it is not there: it then has its default. */
wire_span tf_attr(const tf_node *node, const char *name);
int64_t tf_attr_int(const tf_node *node, const char *name, int64_t otherwise);
float tf_attr_float(const tf_node *node, const char *name, float otherwise);
bool tf_attr_bool(const tf_node *node, const char *name, bool otherwise);
uint32_t tf_attr_type(const tf_node *node, const char *name, uint32_t otherwise);
bool tf_attr_is(const tf_node *node, const char *name, const char *text, const char *otherwise);
/* A list of integers, at most max of them; *n is their number, 0 if it is not there. */
int32_t tf_attr_ints(tf_reader *r, const tf_node *node, const char *name, int64_t *out,
                     uint32_t max, uint32_t *n);

/* ---- tf_order.c ---------------------------------------------------------------------------- */

tf_order tf_order_plain(void);
/* Batch and channels in front of `rank - 2` others; the plain one if they are there already. */
tf_order tf_order_first(uint32_t rank, bool channels_last);
/* Dims as they are stored in that order. */
tf_shape tf_order_apply(const tf_order *order, const tf_shape *shape);
/* Whether both orders have the elements one after the other alike: they differ by dims of 1. */
bool tf_order_same(const tf_order *a, const tf_order *b, const tf_shape *shape);
/* Where TensorFlow's axis is stored. */
uint32_t tf_order_place(const tf_order *order, uint32_t rank, uint32_t axis);

/* ---- tf_value.c ---------------------------------------------------------------------------- */

int32_t tf_value_new(tf_reader *r, const char *name, uint32_t dtype, const tf_shape *shape,
                     tf_value **out);
/* The value in that order, made if it is not there: by the sink's id. */
int32_t tf_want(tf_reader *r, tf_value *v, const tf_order *order, uint32_t *id);
int32_t tf_want_plain(tf_reader *r, tf_value *v, uint32_t *id);
/* The same, to be broadcast beside others of `rank` dims that are stored in that order. */
int32_t tf_want_beside(tf_reader *r, tf_value *v, uint32_t rank, const tf_order *order,
                       uint32_t *id);
/* The same, with other dims for the elements as they are stored in that order. */
int32_t tf_want_as(tf_reader *r, tf_value *v, const tf_order *order, const tf_shape *dims,
                   uint32_t *id);
/* The order to work in: that of the first value which has one other than the plain one, and `rank`
 * dims. Inputs of the network choose. */
tf_order tf_order_of(tf_reader *r, tf_value *const *values, uint32_t n, uint32_t rank);
/* The value with dims in the order of perm; no node is made. */
int32_t tf_transposed(tf_reader *r, tf_value *v, const uint32_t *perm, const char *name,
                      tf_value **out);

/* ---- tf_constant.c, tf_input.c ------------------------------------------------------------- */

/* Gives the constant to the sink in that order, under other dims. */
int32_t tf_constant_emit(tf_reader *r, tf_value *v, const tf_order *order, const tf_shape *dims,
                         uint32_t *id);
/* A constant with the same elements and other dims. */
int32_t tf_reshaped_constant(tf_reader *r, tf_value *v, const tf_shape *shape, tf_value **out);
/* Makes the value the next input. */
int32_t tf_input_add(tf_reader *r, tf_value *v);
/* Whether it may be stored in another order than the file's, and is not yet. */
bool tf_is_image(const tf_reader *r, const tf_value *v);
int32_t tf_input_emit(tf_reader *r, tf_value *v, const tf_order *order);
/* Gives the first n inputs to the sink, those that nobody has taken as the file has them. */
int32_t tf_inputs_emit(tf_reader *r, uint32_t n);

/* ---- tf_known.c ---------------------------------------------------------------------------- */

/* All elements, NaN where not known; NULL if the value is no constant or has too many. */
const double *tf_known(tf_reader *r, tf_value *v, size_t *n);
/* The same as whole numbers; fails where the value is not known, naming it. */
int32_t tf_ints(tf_reader *r, tf_value *v, const char *what, int64_t *out, uint32_t max,
                uint32_t *n);
int32_t tf_int(tf_reader *r, tf_value *v, const char *what, int64_t *out);
/* A constant of known numbers. */
int32_t tf_known_new(tf_reader *r, const char *name, uint32_t dtype, const tf_shape *shape,
                     const double *numbers, tf_value **out);
int64_t tf_whole(double number);

/* ---- tf_emit.c ----------------------------------------------------------------------------- */

/* A node for the sink under construction. */
typedef struct tf_op {
    const char *op;
    uint32_t src[64], n_src;
    uint32_t *more; /* in the place of src, for more of them */
    amct_attr_desc attrs[12];
    uint32_t n_attrs;
} tf_op;

tf_op tf_op_of(const char *op);
void tf_op_src(tf_op *op, uint32_t id);
void tf_op_int(tf_op *op, const char *name, int64_t i);
void tf_op_float(tf_op *op, const char *name, float f);
void tf_op_text(tf_op *op, const char *name, const char *text);
void tf_op_ints(tf_op *op, const char *name, const int64_t *ints, size_t n); /* borrowed */
/* Small constants of ours, by id. */
int32_t tf_new_ints(tf_reader *r, const char *name, const int64_t *ints, size_t n, uint32_t *id);
int32_t tf_new_float(tf_reader *r, const char *name, uint32_t dtype, double number, uint32_t *id);

/* Gives the node to the sink, with a result of that dtype and dims (TensorFlow's) stored in that
 * order; *out is the new value. The name is that of the node and of its result. */
int32_t tf_emit(tf_reader *r, const tf_op *op, const char *name, uint32_t dtype,
                const tf_shape *shape, const tf_order *order, tf_value **out);
/* With n results. */
int32_t tf_emit_all(tf_reader *r, const tf_op *op, const char *name, tf_value **results,
                    const tf_order *order, uint32_t n);
/* Adds a form that the sink has. */
int32_t tf_form_add(tf_reader *r, tf_value *v, uint32_t id, const tf_order *order);

/* ---- tf_scope.c ---------------------------------------------------------------------------- */

/* Translates what the named output ("node:1", in a function "node:out:1") needs. */
int32_t tf_scope_value(tf_reader *r, tf_scope *scope, wire_span name, tf_value **out);
int32_t tf_scope_begin(tf_reader *r, tf_scope *scope, tf_graph *graph);
/* Splits "node:1" or "node:out:1"; *output is empty where not named. */
void tf_split_name(wire_span whole, wire_span *node, wire_span *output, uint64_t *index);

/* ---- Operators: tf_table.c and tf_op_*.c --------------------------------------------------- */

/* A node being translated. */
typedef struct tf_call {
    const tf_node *node;
    tf_scope *scope;
    const char *name; /* with the prefix */
    tf_value **src;   /* n_src of them */
    tf_value **dst;   /* n_dst places, NULL at first */
    uint32_t n_src, n_dst;
} tf_call;

typedef int32_t tf_translate(tf_reader *r, tf_call *call);
typedef struct tf_rule {
    const char *op;
    uint32_t min_src, max_src;
    tf_translate *translate;
    const char *as; /* ONNX's operator, where that is all that differs */
} tf_rule;

int32_t tf_translate_node(tf_reader *r, tf_scope *scope, const tf_node *node, tf_value **src,
                          tf_result *result);
const tf_rule *tf_rule_find(const char *op);
int32_t tf_call_function(tf_reader *r, tf_call *call);
/* Reckons with known numbers; *done is false if that cannot be done. */
int32_t tf_fold(tf_reader *r, tf_call *call, bool *done);
/* Places for results. */
int32_t tf_call_results(tf_reader *r, tf_call *call, uint32_t n);
/* An axis in 0 .. rank-1. */
int32_t tf_axis(tf_reader *r, int64_t axis, uint32_t rank, uint32_t *out);

/* ---- tf_saved.c, tf_variables.c, tf_bundle.c ----------------------------------------------- */

int32_t tf_read_model(tf_reader *r);
int32_t tf_read_saved(tf_reader *r);
/* The constant that a variable holds. */
int32_t tf_variable_get(tf_reader *r, const char *variable, const char *name, tf_value **out);
int32_t tf_probe(const void *head, size_t n, const char *path);

#endif
