/*
 * tf_build.h - small GraphDefs, SavedModels and checkpoints made in memory, byte by byte.
 *
 * Nodes are begun by tb_node and take the attributes that follow. Names are separated by spaces.
 */
#ifndef TESTS_TF_BUILD_H
#define TESTS_TF_BUILD_H

#include "base/err.h"
#include "graph/graph.h"
#include "unit/wire_bytes.h"

#include <stdint.h>

typedef struct tf_build {
    wb_bytes graph;    /* nodes that are done */
    wb_bytes library;  /* functions that are done */
    wb_bytes node;     /* the one that is being made */
    wb_bytes function; /* the one whose nodes are being made */
    bool in_function;
    wb_bytes file; /* the last one packed */
    amct_err err;  /* of the last import */
} tf_build;

void tb_begin(tf_build *b);
void tb_end(tf_build *b);

void tb_node(tf_build *b, const char *op, const char *name, const char *src);
void tb_int(tf_build *b, const char *name, int64_t i);
void tb_float(tf_build *b, const char *name, float f);
void tb_bool(tf_build *b, const char *name, bool flag);
void tb_text(tf_build *b, const char *name, const char *text);
void tb_type(tf_build *b, const char *name, int type); /* DataType: 1 float, 3 int32 */
void tb_shape(tf_build *b, const char *name, int rank, const int64_t *dims); /* rank -1: unknown */
void tb_ints(tf_build *b, const char *name, int n, const int64_t *ints);
void tb_func(tf_build *b, const char *name, const char *function);
/* A tensor as tensor_content. */
void tb_tensor(tf_build *b, const char *name, int type, int rank, const int64_t *dims,
               const void *data, size_t size);
void tb_texts(tf_build *b, const char *name, const char *texts);

/* Whole nodes: an input of float32, a constant of floats, a list and a scalar of int32. */
void tb_input(tf_build *b, const char *name, int rank, const int64_t *dims);
void tb_floats(tf_build *b, const char *name, int rank, const int64_t *dims, const float *numbers);
/* The numbers 1, 2, 3 ... / 16. */
void tb_ramp(tf_build *b, const char *name, int rank, const int64_t *dims);
void tb_list(tf_build *b, const char *name, int n, const int32_t *numbers);
void tb_scalar(tf_build *b, const char *name, int32_t number);
void tb_variable(tf_build *b, const char *name, int rank, const int64_t *dims);

/* Nodes from here on are the function's; results are "output=node:out:0" each. */
void tb_function(tf_build *b, const char *name, const char *args, const char *results);
void tb_function_end(tf_build *b);

/* The files' bytes, which the builder keeps until the next one. */
const wb_bytes *tb_frozen(tf_build *b);
/* With one signature: inputs and outputs are "key=node:0" each. restore is the saver's node. */
const wb_bytes *tb_saved(tf_build *b, const char *signature, const char *src, const char *dst,
                         const char *restore);

/* An index of a checkpoint: entries in the order of their keys. */
typedef struct tb_entry {
    const char *key;
    int type, rank;
    int64_t dims[4];
    int shard;
    uint64_t offset, size;
    uint32_t crc; /* 0: none */
} tb_entry;
/* snappy: the block of entries is packed, as literals and one copy. Free *out. */
void tb_index(wb_bytes *out, const tb_entry *entries, size_t n, int n_shards, bool snappy);

#endif
