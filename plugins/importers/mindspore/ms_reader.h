/*
 * ms_reader.h - what the files of the importer share: one instance, the graphs of its file, and the
 * values that their nodes make.
 *
 * A MindIR is a graph in A-normal form: every node calls a primitive, or another graph of the file,
 * on values: tensors, and also numbers, tuples, types, functions and monads, which only keep the
 * order of side effects. All but tensors are reckoned with while reading.
 *
 * Functions return an amct_status as int32_t; whoever notices a failure describes it with ms_fail,
 * which puts the place being read in front. Everything lives in one memory until close.
 */
#ifndef MS_READER_H
#define MS_READER_H

#include "../common/import_attr.h"
#include "../common/import_memory.h"
#include "../common/wire_message.h"

#define MS_TRY(expr)                                                                               \
    do {                                                                                           \
        int32_t try_status_ = (expr);                                                              \
        if (try_status_ != AMCT_OK)                                                                \
            return try_status_;                                                                    \
    } while (0)

#define MS_MAX_RANK AMCT_MAX_RANK

/* ---- Values -------------------------------------------------------------------------------- */

typedef struct ms_graph ms_graph;
typedef struct ms_scope ms_scope;

typedef struct ms_tensor {
    const char *name;
    uint32_t id;               /* AMCT_NO_TENSOR until the sink has it */
    uint32_t kind;             /* amct_tensor_kind */
    uint32_t dtype;            /* amct_dtype; AMCT_UNDEFINED if not known */
    int32_t rank;              /* -1 if not known */
    int64_t dims[MS_MAX_RANK]; /* AMCT_DIM_UNKNOWN where not known */
    const void *data;          /* of constants: data_size bytes */
    size_t data_size;
    uint32_t owner; /* amct_data_owner: HOST means that the sink gets a copy */
    bool result;    /* of the network */
    /* the tensor that it is but for a dim of 1 at narrow_axis; NULL if there is none */
    struct ms_tensor *narrow;
    uint32_t narrow_axis;
} ms_tensor;

typedef enum ms_kind {
    MS_UNSET = 0, /* an argument that is not given */
    MS_NONE,
    MS_MONAD,
    MS_INT,
    MS_OPEN, /* an integer that is only known when the network runs */
    MS_FLOAT,
    MS_BOOL,
    MS_TEXT,
    MS_TYPE, /* i is an amct_dtype */
    MS_TUPLE,
    MS_TENSOR,
    MS_FUNCTION,
    MS_LOST /* a result that we do not compute: what names it */
} ms_kind;

typedef struct ms_value {
    ms_kind kind;
    union {
        int64_t i; /* of MS_INT, MS_BOOL, MS_TYPE */
        double f;
        const char *text; /* of MS_TEXT, MS_LOST */
        struct ms_list *list;
        ms_tensor *tensor;
        struct ms_function *function;
    };
} ms_value;

typedef struct ms_list {
    uint32_t n;
    ms_value *at;
} ms_list;

/* A graph as a value, with the first of its arguments. */
typedef struct ms_function {
    ms_graph *graph;
    ms_scope *scope; /* that it was named in */
    const ms_value *args;
    uint32_t n_args;
} ms_function;

/* ---- Graphs -------------------------------------------------------------------------------- */

typedef struct ms_node {
    wire_span message;
    wire_span name;  /* of its result */
    wire_span op;    /* "Constant", "REF::Conv2D:4" */
    wire_span label; /* where it stands in the program: "Default/conv1-Conv2d/Conv2D-op130" */
    wire_span *src;
    uint32_t n_src;
} ms_node;

enum ms_named_kind { MS_NAMED_NODE, MS_NAMED_INPUT, MS_NAMED_PARAMETER };

/* What a name of a graph stands for. */
typedef struct ms_named {
    wire_span name;
    uint32_t kind; /* ms_named_kind */
    uint32_t index;
} ms_named;

/* A Constant of any graph. */
typedef struct ms_constant {
    wire_span name;
    const ms_node *node;
} ms_constant;

struct ms_graph {
    wire_span name, message;
    ms_node *nodes;
    wire_span *inputs;     /* ValueInfoProtos */
    wire_span *parameters; /* TensorProtos */
    wire_span *outputs;    /* ValueInfoProtos */
    ms_named *names;       /* n_nodes + n_inputs + n_parameters of them, sorted */
    ms_value *values;      /* of parameters, once they are read */
    uint32_t n_nodes, n_inputs, n_parameters, n_outputs, n_names;
    bool active; /* it is being called */
};

/* A graph being read: the main one once, others once per call. */
struct ms_scope {
    ms_graph *graph;
    ms_scope *outer;    /* where else names are looked up */
    const char *prefix; /* in front of names */
    ms_value *values;   /* per node */
    uint8_t *states;    /* per node: 0, being read, read */
    const ms_value *args;
    uint32_t depth; /* of calls */
};

typedef struct ms_primitive {
    wire_span name; /* "Conv2D:4" */
    wire_span op;   /* "Conv2D" */
    wire_span message;
} ms_primitive;

typedef struct ms_map {
    const char *location;
    amct_view view;
    struct ms_map *next;
} ms_map;

typedef struct ms_reader {
    const amct_host *host;
    const amct_sink *sink;
    amct_view model;
    const char *input; /* the option, NULL if it is not given */
    import_memory memory;
    char place[400];          /* what is being read, for messages */
    ms_primitive *primitives; /* sorted by name */
    uint32_t n_primitives;
    ms_graph main;
    ms_graph *functions; /* sorted by name */
    uint32_t n_functions;
    ms_map *maps;           /* files of parameters */
    ms_constant *constants; /* of all graphs, sorted by name; NULL until one is looked for */
    uint32_t n_constants;
    uint32_t n_evaluated, n_emitted, n_results;
    uint32_t depth;     /* of nodes that wait for others */
    size_t n_copied;    /* bytes of constants that do not lie in a file as they are */
    uint64_t n_scanned; /* bytes of attributes that were looked through */
    uint32_t nesting;   /* of values that are being read */
    bool training_warned;
} ms_reader;

/* ---- ms_report.c --------------------------------------------------------------------------- */

/* Describes a failure, with the place in front; returns code. */
int32_t ms_fail(ms_reader *r, int32_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int32_t ms_nomem(ms_reader *r);
/* The file is no protobuf message from `at` on. */
int32_t ms_damaged(ms_reader *r, const uint8_t *at);
void ms_warn(ms_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the place; "" for none. */
void ms_at(ms_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Dims for messages: "1x?x3". */
const char *ms_dims_text(int32_t rank, const int64_t *dims, char *text, size_t size);
/* For %.*s: no more than 200 bytes of a name. */
#define MS_SHOWN(span) (int)((span).size < 200 ? (span).size : 200), (const char *)(span).data

/* ---- ms_graph.c, ms_names.c, ms_model.c
 * ----------------------------------------------------------- */

/* Reads a GraphProto: its nodes, inputs, parameters and names. */
int32_t ms_graph_read(ms_reader *r, wire_span message, ms_graph *out);
/* NULL if the graph has nothing of that name. */
const ms_named *ms_graph_find(const ms_graph *graph, wire_span name);
int ms_compare_spans(wire_span a, wire_span b);
/* All of a graph's parameters, whose elements stay where they are. */
int32_t ms_read_parameters(ms_reader *r, ms_graph *graph);
/* A Constant of any graph; NULL if there is none. */
int32_t ms_find_constant(ms_reader *r, wire_span name, const ms_node **out);
/* A whole MindIR. */
int32_t ms_read_model(ms_reader *r);
const ms_primitive *ms_find_primitive(const ms_reader *r, wire_span name);
ms_graph *ms_find_function(const ms_reader *r, wire_span name);

/* ---- ms_type.c ----------------------------------------------------------------------------- */

/* TensorProto.DataType as amct_dtype; AMCT_UNDEFINED if there is none. */
uint32_t ms_dtype(int64_t type);
/* MindSpore's TypeId, a number where an operator takes a type. */
uint32_t ms_dtype_of_id(int64_t id);
/* "Float32" of checkpoints. */
uint32_t ms_dtype_named(wire_span name);
uint32_t ms_dtype_bytes(uint32_t dtype); /* 0 if it is not supported */

/* ---- ms_tensor.c --------------------------------------------------------------------------- */

/* A TensorProto as a constant; its elements stay where they lie if they can. */
int32_t ms_read_tensor(ms_reader *r, wire_span message, const char *name, ms_tensor **out);
int32_t ms_tensor_new(ms_reader *r, const char *name, uint32_t dtype, int32_t rank,
                      const int64_t *dims, ms_tensor **out);
/* A constant on those bytes, which must be as many as it needs. */
int32_t ms_tensor_bind(ms_reader *r, ms_tensor *t, wire_span bytes);
/* Type and dims of a TensorProto that describes a value. */
int32_t ms_read_shape(ms_reader *r, wire_span message, ms_tensor *out);
/* Elements; -1 if that is not known or overflows. */
int64_t ms_tensor_count(const ms_tensor *t);
/* Element i of a constant as a number. */
double ms_tensor_number(const ms_tensor *t, size_t i);

/* ---- ms_const.c ---------------------------------------------------------------------------- */

/* A small constant of ours. */
int32_t ms_const_ints(ms_reader *r, const char *name, const int64_t *ints, uint32_t n,
                      ms_tensor **out);
int32_t ms_const_number(ms_reader *r, const char *name, uint32_t dtype, double number,
                        ms_tensor **out);
/* Gives a constant to the sink, if that has not got it. */
int32_t ms_tensor_emit(ms_reader *r, ms_tensor *t);

/* ---- ms_value.c ---------------------------------------------------------------------------- */

static inline ms_value ms_of(ms_tensor *t)
{
    return (ms_value){.kind = MS_TENSOR, .tensor = t};
}
static inline ms_value ms_int(int64_t i)
{
    return (ms_value){.kind = MS_INT, .i = i};
}
int32_t ms_list_new(ms_reader *r, uint32_t n, ms_value *out);
/* An AttributeProto's value; name is that of tensors in it. */
int32_t ms_read_value(ms_reader *r, wire_span attribute, const char *name, ms_value *out);
/* The attribute of a message that has them in field `number`; MS_UNSET if it is not there. */
int32_t ms_read_attr(ms_reader *r, wire_span message, uint32_t number, const char *attr,
                     ms_value *out);
/* What a value is, for messages: "a tuple". */
const char *ms_kind_text(ms_value v);

/* ---- ms_scope.c ---------------------------------------------------------------------------- */

/* Reads all that the graph's result needs. outer is where else names are looked up, NULL for the
 * main graph; args are a value for each of its inputs. */
int32_t ms_run_graph(ms_reader *r, ms_graph *graph, ms_scope *outer, const ms_value *args,
                     const char *prefix, ms_value *result);

/* ---- ms_input.c ---------------------------------------------------------------------------- */

/* The network's inputs, from its graph and the option `input`: a value each. */
int32_t ms_read_inputs(ms_reader *r, ms_graph *graph, ms_value *out);

/* ---- ms_weights.c, ms_probe.c ---------------------------------------------------------------- */

bool ms_is_weights(const void *data, size_t size);
/* A checkpoint: constants alone. */
int32_t ms_read_weights(ms_reader *r);
/* What a file is that looks like MindSpore's but cannot be read, with what to do; NULL if it can.
 */
const char *ms_refused(const void *data, size_t size);
int32_t ms_probe(const void *head, size_t n, const char *path);

#endif
