/*
 * amct/plugin.h - the plugin interface of amct-autotune, major version 1.
 *
 * A plugin is one shared object that exports one constant object:
 *
 *     AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = { ... };
 *
 * It describes either an IMPORTER, which turns the file format of a framework into a graph of ONNX
 * operators, or an ESTIMATOR, which says how long such a graph takes on a device. This header is
 * the only one of ours that a plugin may include; a plugin links nothing of ours.
 *
 * Growth. The major version is part of the symbol's name: a plugin built for another major version
 * has no such symbol, and none of its code runs. Within a major version structs only gain fields at
 * their end. Every struct begins with struct_size, which its WRITER sets to sizeof of the struct as
 * the writer knows it; the READER uses a field only if struct_size covers it (AMCT_HAS). Elements
 * of an array are struct_size bytes of the first element apart (AMCT_AT). Enumerations travel as
 * uint32_t, results as int32_t.
 *
 * Threads. Each function carries a contract: [any thread] may be called at any time by any thread;
 * [one thread per instance] never runs twice at once for the same `self`, but may for two.
 *
 * Manners. A plugin never writes to stdout or stderr, never exits, aborts, installs signal
 * handlers, or keeps writable static data: state lives in the instance, words leave through the
 * host table, and every failure is a returned code. It is never unloaded.
 *
 * Strings are UTF-8 and end with a zero byte. Sizes are in bytes, times in nanoseconds.
 */
#ifndef AMCT_PLUGIN_H
#define AMCT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AMCT_ABI_MAJOR 1
#define AMCT_ABI_MINOR 4

#if defined(__GNUC__)
#define AMCT_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define AMCT_PLUGIN_EXPORT
#endif

/* Whether the struct that p points to, of type T, was written with field f in it. */
#define AMCT_HAS(p, T, f) ((p)->struct_size >= offsetof(T, f) + sizeof((p)->f))
/* Element i of an array of type T whose writer may know a longer T than we do. */
#define AMCT_AT(T, array, i)                                                                       \
    ((const T *)(const void *)((const char *)(array) + (size_t)(i) * (array)->struct_size))

/* ---- Results ------------------------------------------------------------------------------- */

/* What a fallible function returns. Zero is success; every failure has been described once,
 * through amct_host.fail or amct_err, by whoever noticed it. The numbers never change. */
enum amct_status {
    AMCT_OK = 0,
    AMCT_E_NOMEM = -1,       /* an allocation failed */
    AMCT_E_IO = -2,          /* a file could not be read or written */
    AMCT_E_FORMAT = -3,      /* an input file is not what its format says */
    AMCT_E_UNSUPPORTED = -4, /* well formed, but outside of what this program can do */
    AMCT_E_INVALID = -5,     /* an argument or an option is wrong */
    AMCT_E_LIMIT = -6,       /* sizes beyond what is allowed (overflow, hostile dims, memory) */
    AMCT_E_PLUGIN = -7,      /* a plugin broke this contract */
    AMCT_E_CANCELLED = -8,   /* the user or a time limit stopped it */
    AMCT_E_INTERNAL = -9     /* a bug of ours */
};

enum amct_log_level {
    AMCT_LOG_ERROR = 0,
    AMCT_LOG_WARN = 1,
    AMCT_LOG_INFO = 2,
    AMCT_LOG_DEBUG = 3
};

/* ---- What the host offers ------------------------------------------------------------------ */

/* The host table, handed to `open`; it and its ctx live as long as the instance. */
typedef struct amct_host {
    uint32_t struct_size;
    uint32_t abi_minor; /* AMCT_ABI_MINOR of the host */
    void *ctx;          /* first argument of every function below */
    /* Returns size bytes aligned to align (a power of two), or NULL; free with free. [any thread]
     */
    void *(*alloc)(void *ctx, size_t size, size_t align);
    void (*free)(void *ctx, void *block); /* NULL is allowed [any thread] */
    /* One line of text without a newline, level of amct_log_level. [any thread] */
    void (*log)(void *ctx, uint32_t level, const char *text);
    /* Describes a failure: one line that says where in the input, what was found, what was wanted.
     * Returns code, so that `return host->fail(...)` reads well. The first description wins.
     * [one thread per instance] */
    int32_t (*fail)(void *ctx, int32_t code, const char *text);
    /* Since minor 4. Not 0: the user wants the program to end. A call that may take more than a
     * second asks it several times a second, and returns AMCT_E_CANCELLED. [any thread] */
    int32_t (*stopped)(void *ctx);
} amct_host;

/* One `key = value` of the user's options, e.g. chip = Ascend310P3. An unknown key or a value that
 * makes no sense must be refused with AMCT_E_INVALID and a text that lists what is allowed. A file
 * that a search file names, relative to itself, comes as a path that can be opened; a search is
 * carried on only with files of the same content. */
typedef struct amct_option {
    uint32_t struct_size;
    uint32_t reserved;
    const char *key;
    const char *value;
} amct_option;

/* Bytes of a file, mapped read-only for as long as the graph that is read from it. */
typedef struct amct_view {
    uint32_t struct_size;
    uint32_t reserved;
    const char *name; /* file name for messages */
    const void *data; /* of any alignment */
    size_t size;
} amct_view;

/* ---- Values: types and attributes ---------------------------------------------------------- */

/* Element types, numbered as in ONNX's TensorProto.DataType. The two 4-bit types are packed two to
 * a byte, low nibble first. */
enum amct_dtype {
    AMCT_UNDEFINED = 0,
    AMCT_FLOAT = 1,
    AMCT_UINT8 = 2,
    AMCT_INT8 = 3,
    AMCT_UINT16 = 4,
    AMCT_INT16 = 5,
    AMCT_INT32 = 6,
    AMCT_INT64 = 7,
    AMCT_STRING = 8, /* named, never computed with */
    AMCT_BOOL = 9,
    AMCT_FLOAT16 = 10,
    AMCT_DOUBLE = 11,
    AMCT_UINT32 = 12,
    AMCT_UINT64 = 13,
    AMCT_BFLOAT16 = 16,
    AMCT_UINT4 = 21,
    AMCT_INT4 = 22
};

#define AMCT_MAX_RANK     8    /* dims of a tensor, at most */
#define AMCT_DIM_UNKNOWN  (-1) /* a dim that is only known when the batch size is chosen */
#define AMCT_RANK_UNKNOWN 0xffffffffu
#define AMCT_NO_TENSOR    0xffffffffu /* id in the place of an optional input or output left out */

enum amct_attr_type {
    AMCT_ATTR_INT = 1,     /* i */
    AMCT_ATTR_FLOAT = 2,   /* f */
    AMCT_ATTR_STRING = 3,  /* data = bytes, count = their number */
    AMCT_ATTR_TENSOR = 4,  /* i = id of a constant tensor */
    AMCT_ATTR_INTS = 5,    /* data = const int64_t[count] */
    AMCT_ATTR_FLOATS = 6,  /* data = const float[count] */
    AMCT_ATTR_STRINGS = 7, /* data = const char *const[count], zero-terminated */
    AMCT_ATTR_OPAQUE = 8   /* a graph, a map, a type: its presence is all that is told */
};

typedef struct amct_attr_desc {
    uint32_t struct_size;
    uint32_t type; /* amct_attr_type */
    const char *name;
    int64_t i;
    float f;
    uint32_t reserved;
    const void *data;
    size_t count;
} amct_attr_desc;

/* ---- Importer ------------------------------------------------------------------------------ */

enum amct_tensor_kind {
    AMCT_TENSOR_VALUE = 0,   /* made by a node; dims and dtype are hints (may be unknown) */
    AMCT_TENSOR_INPUT = 1,   /* fed by the user, in the order of the calls */
    AMCT_TENSOR_CONSTANT = 2 /* data holds it */
};

enum amct_data_owner {
    AMCT_DATA_MAPPED = 0, /* inside the model's view or one got from sink->map */
    AMCT_DATA_HOST = 1    /* exactly a block of host->alloc, which passes to the graph on success */
};

typedef struct amct_tensor_desc {
    uint32_t struct_size;
    uint32_t kind;  /* amct_tensor_kind */
    uint32_t dtype; /* amct_dtype; AMCT_UNDEFINED if a value's is not known */
    uint32_t rank;  /* AMCT_RANK_UNKNOWN if a value's is not known */
    const char *name;
    const int64_t *dims; /* rank of them; AMCT_DIM_UNKNOWN where a size is free */
    const void *data;    /* constants: elements in C order, little-endian, of any alignment */
    size_t data_size;    /* exactly what dtype and dims need */
    uint32_t owner;      /* amct_data_owner */
    uint32_t reserved;
} amct_tensor_desc;

/* One node. THE CANONICAL OPERATORS ARE ONNX'S, by name and meaning, in the form of opset 18 of the
 * default domain (and younger operators in the form in which they appeared): an importer
 * translates its framework, and older forms, to them. Parameters that opset 18 has as inputs (axes
 * of ReduceMean, pads of Pad, min and max of Clip ...) are inputs, usually constants.
 * Besides ONNX's there are AscendQuant, AscendWeightQuant, AscendDequant and AscendAntiQuant, as
 * ATC reads them. An operator that the importer does not know is passed on under its own name and
 * domain. */
typedef struct amct_node_desc {
    uint32_t struct_size;
    uint32_t n_src;
    const char *name;    /* unique names are nice, not needed; may be empty */
    const char *op;      /* "Conv" */
    const char *domain;  /* "" for ONNX's default domain */
    const uint32_t *src; /* ids of tensors; AMCT_NO_TENSOR where an optional input is left out */
    const uint32_t *dst; /* ids of VALUE tensors that no other node makes */
    uint32_t n_dst;
    uint32_t n_attrs;
    const amct_attr_desc *attrs;
} amct_node_desc;

/* What `inspect` shows about the file. */
typedef struct amct_model_desc {
    uint32_t struct_size;
    uint32_t reserved;
    const char *name;     /* the graph's own name, "" if it has none */
    const char *producer; /* "pytorch 2.15", "" if unknown */
    int64_t opset;        /* version of the operator set in the file, 0 if the format has none */
    uint32_t flags;       /* AMCT_MODEL_NO_WEIGHTS [since 1.2] */
    uint32_t reserved_2;
} amct_model_desc;

/* The weights were not found: constants may have no data (NULL and 0), only a type and a shape.
 * Such a network can be looked at and its latency estimated, nothing else. */
#define AMCT_MODEL_NO_WEIGHTS 1u

/* Where an importer puts what it reads. Everything is copied during the call except the bytes of
 * constants. Any failure of a call ends the import: return the code at once.
 * [one thread per instance] */
typedef struct amct_sink {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    int32_t (*model)(void *ctx, const amct_model_desc *model);
    /* Maps a further file, named relative to the model's folder; the host refuses names that leave
     * it, except the very value of the option `weights`. The view's bytes live as long as the
     * graph. A missing file is AMCT_E_IO. */
    int32_t (*map)(void *ctx, const char *name, amct_view *out);
    int32_t (*tensor)(void *ctx, const amct_tensor_desc *tensor, uint32_t *id);
    /* Nodes may come in any order; the host sorts them and refuses cycles. */
    int32_t (*node)(void *ctx, const amct_node_desc *node);
    int32_t (*output)(void *ctx, uint32_t id); /* in the order of the network's outputs */
} amct_sink;

/* The importer of a format whose networks and weights are two files: it gets the path of the
 * weights as the option `weights`, if there are any, and maps them with sink->map. */
#define AMCT_IMPORTER_TAKES_WEIGHTS 1u

/* A file that holds weights and no network (a state dict, a checkpoint) becomes constants alone,
 * under the names that they have in a network, without nodes, inputs and outputs; what is no
 * parameter of the network, as an optimiser's state, is left out. The host puts them in the place
 * of the constants of the same name in another graph. */
typedef struct amct_importer {
    uint32_t struct_size;
    uint32_t reserved;
    const char *format; /* "ONNX" */
    /* How sure the plugin is that these first n bytes of the file `path` are its format: 0 (not)
     * to 100. Must not open anything. [any thread] */
    int32_t (*probe)(const void *head, size_t n, const char *path);
    /* On success *self is the instance; on failure it is left alone and nothing is kept. model is
     * mapped until close, options live as long. [any thread] */
    int32_t (*open)(const amct_host *host, const amct_view *model, const amct_option *options,
                    size_t n_options, void **self);
    /* Called once. [one thread per instance] */
    int32_t (*read)(void *self, const amct_sink *sink);
    void (*close)(void *self); /* [one thread per instance] */
    uint32_t flags;            /* AMCT_IMPORTER_TAKES_WEIGHTS [since 1.2] */
    uint32_t reserved_2;
    /* How the names of the files of weights end, ".caffemodel": where the user gives none, the host
     * looks beside the model for one of the model's name, else for the only one. NULL: it does
     * not. [since 1.2] */
    const char *weights_suffix;
} amct_importer;

/* ---- Estimator ----------------------------------------------------------------------------- */

/* The graph as it will run on the device: dtypes are those of the device (FLOAT16 for what is not
 * quantised, INT8 or INT4 behind AscendQuant), channels and ranks those of the candidate, the batch
 * size is in the dims. Constants have no bytes. Nodes are in topological order. */
enum amct_sparsity {
    AMCT_DENSE = 0,
    AMCT_SPARSE_4_2 = 1 /* of every 4 input channels, at most 2 weights of an output are not 0 */
};

typedef struct amct_tensor_view {
    uint32_t struct_size;
    uint32_t dtype;    /* amct_dtype */
    uint32_t rank;     /* AMCT_RANK_UNKNOWN behind an operator that nobody knows */
    uint32_t constant; /* 1: a weight or parameter */
    const char *name;
    const int64_t *dims;
    uint32_t sparsity; /* amct_sparsity, of constants; a device that cannot skip zeros sees
                        * nothing in it [since 1.2] */
    uint32_t reserved;
} amct_tensor_view;

typedef struct amct_graph_view {
    uint32_t struct_size;
    uint32_t n_nodes;
    uint32_t n_tensors;
    uint32_t n_inputs;
    uint32_t n_outputs;
    uint32_t reserved;
    const amct_node_desc *nodes; /* ids index tensors */
    const amct_tensor_view *tensors;
    const uint32_t *inputs;
    const uint32_t *outputs;
} amct_graph_view;

enum amct_node_status {
    AMCT_NODE_OK = 0,
    AMCT_NODE_UNSUPPORTED = 1, /* the estimator cannot tell; latency 0 */
    AMCT_NODE_FUSED = 2,       /* runs inside node fused_into, which carries the time; latency 0 */
    AMCT_NODE_REMOVED = 3      /* costs nothing on the device (a view, a constant) */
};

enum amct_node_bound {
    AMCT_BOUND_NONE = 0,
    AMCT_BOUND_CUBE = 1,   /* the matrix unit */
    AMCT_BOUND_VECTOR = 2, /* the vector unit */
    AMCT_BOUND_MEMORY = 3,
    AMCT_BOUND_OVERHEAD = 4 /* launching it */
};

/* The device's compiler turns this quantised layer back to floating point, so it must be run, and
 * is costed here, as such. */
#define AMCT_NODE_ROLLED_BACK 1u

/* The caller owns the arrays, sets struct_size of every element and zeroes the rest. */
typedef struct amct_node_cost {
    uint32_t struct_size;
    uint32_t status;     /* amct_node_status */
    uint32_t fused_into; /* index of a node, if status is FUSED */
    uint32_t bound;      /* amct_node_bound */
    uint32_t flags;      /* AMCT_NODE_ROLLED_BACK */
    uint32_t reserved;
    double latency_ns; /* finite, >= 0 */
    /* Of the 90 % band of this node's latency; errors of nodes with the same bound are taken to be
     * the same, so that spreads add up. */
    double spread_ns;
} amct_node_cost;

typedef struct amct_graph_cost {
    uint32_t struct_size;
    uint32_t reserved;
    double latency_ns; /* of one inference of the whole batch: the nodes and what is fixed */
    double fixed_ns;   /* the part that no compression changes: start, input transform */
    /* 90 % band: latency_ns / (1 + ratio) to latency_ns * (1 + ratio). */
    double error_band_ratio;
} amct_graph_cost;

enum amct_method { AMCT_METHOD_MODEL = 0, AMCT_METHOD_TABLE = 1, AMCT_METHOD_MEASURED = 2 };

typedef struct amct_estimator_info {
    uint32_t struct_size;
    uint32_t method;        /* amct_method */
    uint32_t deterministic; /* 1: the same graph always gives the same numbers */
    uint32_t reserved;
    const char *device; /* "Ascend310P3"; lives as long as the instance */
} amct_estimator_info;

/* An option that `open` knows, for people. Texts are one line each. [since 1.1] */
typedef struct amct_option_info {
    uint32_t struct_size;
    uint32_t reserved;
    const char *key;      /* "aipp" */
    const char *values;   /* "true, false" */
    const char *fallback; /* the value where the option is not given: "true" */
    const char *meaning;  /* "images come in as uint8 through AIPP" */
} amct_option_info;

/* A model as it was written for the device's compiler: an ONNX file in deploy form, the constants
 * that it leaves to other files beside it. [since 1.3] */
typedef struct amct_model_file {
    uint32_t struct_size;
    uint32_t flags; /* AMCT_MODEL_FILE_SPARSE */
    const char *path;
    const char *input_shape; /* of all inputs, with the batch: "image:8,3,224,224;mask:8,16" */
} amct_model_file;

/* Some of its weights are 4:2 sparse: the compiler is to skip zeros. */
#define AMCT_MODEL_FILE_SPARSE 1u

typedef struct amct_estimator {
    uint32_t struct_size;
    uint32_t reserved;
    /* Devices for option `chip`, the last one NULL; NULL if the plugin cannot list them. */
    const char *const *devices;
    /* As for importers. [any thread] */
    int32_t (*open)(const amct_host *host, const amct_option *options, size_t n_options,
                    void **self);
    int32_t (*info)(void *self, amct_estimator_info *out); /* [one thread per instance] */
    /* Fills out[0 .. graph->n_nodes) and total. An operator that it cannot estimate is a status,
     * not a failure. [one thread per instance] */
    int32_t (*estimate)(void *self, const amct_graph_view *graph, amct_node_cost *out,
                        amct_graph_cost *total);
    void (*close)(void *self); /* [one thread per instance] */
    /* Every option, chip among them; NULL if the plugin does not list them. [since 1.1] */
    const amct_option_info *options;
    size_t n_options;
    /* Measures a whole model on the device itself: total alone is told, error_band_ratio being that
     * of the measurement. May take minutes; must come back, even from a device that hangs. NULL:
     * the plugin knows graphs only; to one that knows files only, every node of a graph is
     * UNSUPPORTED. [since 1.3] [one thread per instance] */
    int32_t (*measure)(void *self, const amct_model_file *file, amct_graph_cost *total);
} amct_estimator;

/* ---- The one exported symbol --------------------------------------------------------------- */

enum amct_plugin_kind { AMCT_PLUGIN_IMPORTER = 1, AMCT_PLUGIN_ESTIMATOR = 2 };

typedef struct amct_plugin {
    uint32_t struct_size;
    uint32_t abi_minor; /* AMCT_ABI_MINOR that it was built with */
    uint32_t kind;      /* amct_plugin_kind: which of the two tables is set */
    uint32_t reserved;
    const char *name;    /* short, lower case, unique: "onnx", "ascend" */
    const char *version; /* its own */
    const char *summary; /* one line for `plugins list` */
    const amct_importer *importer;
    const amct_estimator *estimator;
} amct_plugin;

#define AMCT_PLUGIN_SYMBOL "amct_plugin_v1"
extern AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1;

/* Offsets are part of the contract (64-bit, natural alignment). A compiler that lays them out in
 * another way stops here. */
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L && UINTPTR_MAX == UINT64_MAX
#define AMCT_PIN(T, f, o)   _Static_assert(offsetof(T, f) == (o), "amct ABI: " #T "." #f)
#define AMCT_PIN_SIZE(T, s) _Static_assert(sizeof(T) == (s), "amct ABI: sizeof " #T)
AMCT_PIN(amct_host, ctx, 8);
AMCT_PIN(amct_host, alloc, 16);
AMCT_PIN(amct_host, free, 24);
AMCT_PIN(amct_host, log, 32);
AMCT_PIN(amct_host, fail, 40);
AMCT_PIN(amct_host, stopped, 48);
AMCT_PIN_SIZE(amct_host, 56);
AMCT_PIN(amct_option, key, 8);
AMCT_PIN(amct_option, value, 16);
AMCT_PIN_SIZE(amct_option, 24);
AMCT_PIN(amct_view, name, 8);
AMCT_PIN(amct_view, data, 16);
AMCT_PIN(amct_view, size, 24);
AMCT_PIN_SIZE(amct_view, 32);
AMCT_PIN(amct_attr_desc, name, 8);
AMCT_PIN(amct_attr_desc, i, 16);
AMCT_PIN(amct_attr_desc, f, 24);
AMCT_PIN(amct_attr_desc, data, 32);
AMCT_PIN(amct_attr_desc, count, 40);
AMCT_PIN_SIZE(amct_attr_desc, 48);
AMCT_PIN(amct_tensor_desc, kind, 4);
AMCT_PIN(amct_tensor_desc, dtype, 8);
AMCT_PIN(amct_tensor_desc, rank, 12);
AMCT_PIN(amct_tensor_desc, name, 16);
AMCT_PIN(amct_tensor_desc, dims, 24);
AMCT_PIN(amct_tensor_desc, data, 32);
AMCT_PIN(amct_tensor_desc, data_size, 40);
AMCT_PIN(amct_tensor_desc, owner, 48);
AMCT_PIN_SIZE(amct_tensor_desc, 56);
AMCT_PIN(amct_node_desc, n_src, 4);
AMCT_PIN(amct_node_desc, name, 8);
AMCT_PIN(amct_node_desc, op, 16);
AMCT_PIN(amct_node_desc, domain, 24);
AMCT_PIN(amct_node_desc, src, 32);
AMCT_PIN(amct_node_desc, dst, 40);
AMCT_PIN(amct_node_desc, n_dst, 48);
AMCT_PIN(amct_node_desc, n_attrs, 52);
AMCT_PIN(amct_node_desc, attrs, 56);
AMCT_PIN_SIZE(amct_node_desc, 64);
AMCT_PIN(amct_model_desc, name, 8);
AMCT_PIN(amct_model_desc, producer, 16);
AMCT_PIN(amct_model_desc, opset, 24);
AMCT_PIN(amct_model_desc, flags, 32);
AMCT_PIN_SIZE(amct_model_desc, 40);
AMCT_PIN(amct_sink, ctx, 8);
AMCT_PIN(amct_sink, model, 16);
AMCT_PIN(amct_sink, map, 24);
AMCT_PIN(amct_sink, tensor, 32);
AMCT_PIN(amct_sink, node, 40);
AMCT_PIN(amct_sink, output, 48);
AMCT_PIN_SIZE(amct_sink, 56);
AMCT_PIN(amct_importer, format, 8);
AMCT_PIN(amct_importer, probe, 16);
AMCT_PIN(amct_importer, open, 24);
AMCT_PIN(amct_importer, read, 32);
AMCT_PIN(amct_importer, close, 40);
AMCT_PIN(amct_importer, flags, 48);
AMCT_PIN(amct_importer, weights_suffix, 56);
AMCT_PIN_SIZE(amct_importer, 64);
AMCT_PIN(amct_tensor_view, dtype, 4);
AMCT_PIN(amct_tensor_view, rank, 8);
AMCT_PIN(amct_tensor_view, constant, 12);
AMCT_PIN(amct_tensor_view, name, 16);
AMCT_PIN(amct_tensor_view, dims, 24);
AMCT_PIN(amct_tensor_view, sparsity, 32);
AMCT_PIN_SIZE(amct_tensor_view, 40);
AMCT_PIN(amct_graph_view, n_nodes, 4);
AMCT_PIN(amct_graph_view, n_tensors, 8);
AMCT_PIN(amct_graph_view, n_inputs, 12);
AMCT_PIN(amct_graph_view, n_outputs, 16);
AMCT_PIN(amct_graph_view, nodes, 24);
AMCT_PIN(amct_graph_view, tensors, 32);
AMCT_PIN(amct_graph_view, inputs, 40);
AMCT_PIN(amct_graph_view, outputs, 48);
AMCT_PIN_SIZE(amct_graph_view, 56);
AMCT_PIN(amct_node_cost, status, 4);
AMCT_PIN(amct_node_cost, fused_into, 8);
AMCT_PIN(amct_node_cost, bound, 12);
AMCT_PIN(amct_node_cost, flags, 16);
AMCT_PIN(amct_node_cost, latency_ns, 24);
AMCT_PIN(amct_node_cost, spread_ns, 32);
AMCT_PIN_SIZE(amct_node_cost, 40);
AMCT_PIN(amct_graph_cost, latency_ns, 8);
AMCT_PIN(amct_graph_cost, fixed_ns, 16);
AMCT_PIN(amct_graph_cost, error_band_ratio, 24);
AMCT_PIN_SIZE(amct_graph_cost, 32);
AMCT_PIN(amct_estimator_info, method, 4);
AMCT_PIN(amct_estimator_info, deterministic, 8);
AMCT_PIN(amct_estimator_info, device, 16);
AMCT_PIN_SIZE(amct_estimator_info, 24);
AMCT_PIN(amct_option_info, key, 8);
AMCT_PIN(amct_option_info, values, 16);
AMCT_PIN(amct_option_info, fallback, 24);
AMCT_PIN(amct_option_info, meaning, 32);
AMCT_PIN_SIZE(amct_option_info, 40);
AMCT_PIN(amct_estimator, devices, 8);
AMCT_PIN(amct_estimator, open, 16);
AMCT_PIN(amct_estimator, info, 24);
AMCT_PIN(amct_estimator, estimate, 32);
AMCT_PIN(amct_estimator, close, 40);
AMCT_PIN(amct_estimator, options, 48);
AMCT_PIN(amct_estimator, n_options, 56);
AMCT_PIN(amct_estimator, measure, 64);
AMCT_PIN_SIZE(amct_estimator, 72);
AMCT_PIN(amct_model_file, path, 8);
AMCT_PIN(amct_model_file, input_shape, 16);
AMCT_PIN_SIZE(amct_model_file, 24);
AMCT_PIN(amct_plugin, abi_minor, 4);
AMCT_PIN(amct_plugin, kind, 8);
AMCT_PIN(amct_plugin, name, 16);
AMCT_PIN(amct_plugin, version, 24);
AMCT_PIN(amct_plugin, summary, 32);
AMCT_PIN(amct_plugin, importer, 40);
AMCT_PIN(amct_plugin, estimator, 48);
AMCT_PIN_SIZE(amct_plugin, 56);
#undef AMCT_PIN
#undef AMCT_PIN_SIZE
#endif

#ifdef __cplusplus
}
#endif

#endif
