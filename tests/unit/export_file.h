/*
 * export_file.h - exported ONNX files as their messages, read by protobuf-c alone.
 */
#ifndef TESTS_EXPORT_FILE_H
#define TESTS_EXPORT_FILE_H

#include "onnx/onnx.pb-c.h"

/* The model in folder/name; failures end the test. Freed with onnx__model_proto__free_unpacked. */
Onnx__ModelProto *export_file_read(const char *folder, const char *name);
/* By name; NULL if there is none, and a failure if there are two. */
Onnx__NodeProto *export_file_node(const Onnx__ModelProto *model, const char *name);
Onnx__TensorProto *export_file_tensor(const Onnx__ModelProto *model, const char *name);
Onnx__AttributeProto *export_file_attr(const Onnx__NodeProto *node, const char *name);
/* The only node of that operator that takes the tensor; fails if there is none or another. */
Onnx__NodeProto *export_file_user(const Onnx__ModelProto *model, const char *op,
                                  const char *tensor);
size_t export_file_count(const Onnx__ModelProto *model, const char *op);
/* "1x3x?x4", "batchx3": dims of a value. */
const char *export_file_dims(const Onnx__ValueInfoProto *value);
/* The bytes of a text file, zero-terminated; freed with free. */
char *export_file_text(const char *folder, const char *name);

#endif
