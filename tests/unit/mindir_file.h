/*
 * mindir_file.h - small MindIRs and checkpoints made in memory.
 *
 * A node is begun by mi_node, with a primitive of its own, and takes the attributes that follow;
 * its inputs are names separated by spaces, its type is float32.
 */
#ifndef TESTS_MINDIR_FILE_H
#define TESTS_MINDIR_FILE_H

#include "base/err.h"
#include "graph/graph.h"
#include "unit/wire_bytes.h"

#define D(...)                                                                                     \
    (const int64_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define N(...) (int)(sizeof(D(__VA_ARGS__)) / sizeof(int64_t)), D(__VA_ARGS__)

typedef struct mindir_file {
    wb_bytes graph, function, functions, primitives; /* what is done */
    wb_bytes node, primitive;                        /* those being made */
    bool in_function;
    uint32_t n_primitives;
    wb_bytes file; /* the last one packed */
    amct_err err;  /* of the last import */
} mindir_file;

void mi_begin(mindir_file *m);
void mi_end(mindir_file *m);

/* ---- Names --------------------------------------------------------------------------------- */

void mi_input(mindir_file *m, const char *name, int rank, const int64_t *dims);
/* A parameter of float32 with the numbers, or 1/16, 2/16, 3/16 ... (NULL). */
void mi_parameter(mindir_file *m, const char *name, int rank, const int64_t *dims,
                  const float *numbers);
/* Constants. */
void mi_const_int(mindir_file *m, const char *name, int64_t i);
void mi_const_bool(mindir_file *m, const char *name, bool flag);
void mi_const_float(mindir_file *m, const char *name, float f);
void mi_const_text(mindir_file *m, const char *name, const char *text);
void mi_const_none(mindir_file *m, const char *name);
void mi_const_monad(mindir_file *m, const char *name);
void mi_const_ints(mindir_file *m, const char *name, int n, const int64_t *ints); /* a tuple */
void mi_const_tensor(mindir_file *m, const char *name, int type, int rank, const int64_t *dims,
                     const void *data, size_t size);

/* ---- Nodes --------------------------------------------------------------------------------- */

/* A call of an operator, with a result of those dims (rank -1: the file does not say). */
void mi_node(mindir_file *m, const char *op, const char *name, const char *src, int rank,
             const int64_t *dims);
/* A call of a function. */
void mi_call(mindir_file *m, const char *function, const char *name, const char *src);
/* Attributes of the node's primitive. */
void mi_int(mindir_file *m, const char *name, int64_t i);
void mi_bool(mindir_file *m, const char *name, bool flag);
void mi_float(mindir_file *m, const char *name, float f);
void mi_text(mindir_file *m, const char *name, const char *text);
void mi_ints(mindir_file *m, const char *name, int n, const int64_t *ints);
/* The type of the node's result, which then has the dims. */
void mi_result(mindir_file *m, int type, int rank, const int64_t *dims);

/* Nodes from here on are the function's. */
void mi_function(mindir_file *m, const char *name, const char *inputs);
void mi_function_end(mindir_file *m, const char *result);

/* ---- Files --------------------------------------------------------------------------------- */

/* The bytes, which m keeps until the next one. */
const wb_bytes *mi_pack(mindir_file *m, const char *result);
/* Writes them. */
void mi_write(mindir_file *m, const char *result, const char *path);
/* A value of a checkpoint; a scalar has rank 0. */
void mi_checkpoint_value(wb_bytes *to, const char *tag, const char *type, int rank,
                         const int64_t *dims, const void *data, size_t size);

#endif
