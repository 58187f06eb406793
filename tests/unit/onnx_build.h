/*
 * onnx_build.h - small ONNX models made in memory with the packer that protobuf-c generates. One
 * model at a time per builder; everything lives in its arena.
 */
#ifndef TESTS_ONNX_BUILD_H
#define TESTS_ONNX_BUILD_H

#include "base/arena.h"
#include "import/import.h"

#include "onnx/onnx.pb-c.h"

typedef struct onnx_build {
    amct_arena *arena;
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    amct_err err; /* of the last import */
} onnx_build;

/* A model that imports `opset` of the default domain (0: no import at all). */
void ob_begin(onnx_build *b, int64_t opset);
void ob_end(onnx_build *b);

/* A value of float32, or of another type. rank -1: no shape; dims of -1 get a dim_param. */
Onnx__ValueInfoProto *ob_info(onnx_build *b, const char *name, int dtype, int rank,
                              const int64_t *dims);
void ob_input(onnx_build *b, const char *name, int rank, const int64_t *dims);
void ob_output(onnx_build *b, const char *name);
void ob_value(onnx_build *b, const char *name, int rank, const int64_t *dims);

/* A tensor without data, and one with raw_data, added as an initializer or not. */
Onnx__TensorProto *ob_tensor(onnx_build *b, const char *name, int dtype, int rank,
                             const int64_t *dims);
void ob_raw(onnx_build *b, Onnx__TensorProto *tensor, const void *data, size_t size);
void ob_initializer(onnx_build *b, Onnx__TensorProto *tensor);
/* A float initializer of one dim with the numbers 1, 2, ... */
void ob_weights(onnx_build *b, const char *name, int64_t n);
void ob_external(onnx_build *b, Onnx__TensorProto *tensor, const char *key, const char *value);

/* Names are separated by spaces; "_" is a name left out. */
Onnx__NodeProto *ob_make_node(onnx_build *b, const char *op, const char *src, const char *dst);
Onnx__NodeProto *ob_node(onnx_build *b, const char *op, const char *src, const char *dst);
Onnx__AttributeProto *ob_attr(onnx_build *b, Onnx__NodeProto *node, const char *name, int type);
void ob_int(onnx_build *b, Onnx__NodeProto *node, const char *name, int64_t i);
void ob_float(onnx_build *b, Onnx__NodeProto *node, const char *name, float f);
void ob_text(onnx_build *b, Onnx__NodeProto *node, const char *name, const char *text);
void ob_ints(onnx_build *b, Onnx__NodeProto *node, const char *name, size_t n, const int64_t *ints);
void ob_floats(onnx_build *b, Onnx__NodeProto *node, const char *name, size_t n,
               const float *floats);

/* A function of domain "local", without nodes. */
Onnx__FunctionProto *ob_function(onnx_build *b, const char *name, const char *src, const char *dst);
void ob_function_node(onnx_build *b, Onnx__FunctionProto *function, Onnx__NodeProto *node);

/* The file's bytes, of the arena. */
void *ob_pack(onnx_build *b, size_t *size);
/* Packs and imports; the bytes live until ob_end. */
amct_status ob_import(onnx_build *b, amct_graph **graph);
amct_status ob_import_from(onnx_build *b, amct_graph **graph, const char *folder);

/* Looking at results: the tensor of that name, which must be there; the only node of that
 * operator. */
const amct_tensor *ob_find(const amct_graph *graph, const char *name);
const amct_node *ob_find_node(const amct_graph *graph, const char *op);
/* Source i of a node as a number, or as "1,2,3"; it must be a constant. */
double ob_number(const amct_graph *graph, const amct_node *node, uint32_t src);
const char *ob_numbers(const amct_graph *graph, const amct_node *node, uint32_t src);
/* All operators in order: "Relu Add". */
const char *ob_ops(const amct_graph *graph);

#endif
