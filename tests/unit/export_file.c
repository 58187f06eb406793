#include "unit/export_file.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_file map(const char *folder, const char *name)
{
    amct_err err;
    amct_file file;
    char *path = amct_path_join(folder, name);
    cr_assert_eq(amct_file_map(&file, path, &err), AMCT_OK, "%s", err.text);
    free(path);
    return file;
}

Onnx__ModelProto *export_file_read(const char *folder, const char *name)
{
    amct_file file = map(folder, name);
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, file.size, file.data);
    cr_assert_not_null(model, "%s is no model", name);
    amct_file_unmap(&file);
    return model;
}

char *export_file_text(const char *folder, const char *name)
{
    amct_file file = map(folder, name);
    char *text = calloc(1, file.size + 1);
    memcpy(text, file.data, file.size);
    amct_file_unmap(&file);
    return text;
}

Onnx__NodeProto *export_file_node(const Onnx__ModelProto *model, const char *name)
{
    Onnx__NodeProto *found = NULL;
    for (size_t i = 0; i < model->graph->n_node; i++)
        if (strcmp(model->graph->node[i]->name, name) == 0) {
            cr_assert_null(found, "two nodes '%s'", name);
            found = model->graph->node[i];
        }
    return found;
}

Onnx__TensorProto *export_file_tensor(const Onnx__ModelProto *model, const char *name)
{
    Onnx__TensorProto *found = NULL;
    for (size_t i = 0; i < model->graph->n_initializer; i++)
        if (strcmp(model->graph->initializer[i]->name, name) == 0) {
            cr_assert_null(found, "two initializers '%s'", name);
            found = model->graph->initializer[i];
        }
    return found;
}

Onnx__AttributeProto *export_file_attr(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

Onnx__NodeProto *export_file_user(const Onnx__ModelProto *model, const char *op, const char *tensor)
{
    Onnx__NodeProto *found = NULL;
    for (size_t n = 0; n < model->graph->n_node; n++)
        for (size_t i = 0; i < model->graph->node[n]->n_input; i++)
            if (strcmp(model->graph->node[n]->input[i], tensor) == 0) {
                cr_assert_null(found, "'%s' has several users", tensor);
                found = model->graph->node[n];
            }
    cr_assert_not_null(found, "nobody uses '%s'", tensor);
    cr_assert_str_eq(found->op_type, op, "'%s' is used by a %s", tensor, found->op_type);
    return found;
}

size_t export_file_count(const Onnx__ModelProto *model, const char *op)
{
    size_t n = 0;
    for (size_t i = 0; i < model->graph->n_node; i++)
        n += strcmp(model->graph->node[i]->op_type, op) == 0;
    return n;
}

const char *export_file_dims(const Onnx__ValueInfoProto *value)
{
    static char text[256];
    const Onnx__TensorShapeProto *shape = value->type->tensor_type->shape;
    text[0] = 0;
    for (size_t i = 0; i < shape->n_dim; i++) {
        size_t at = strlen(text);
        const char *x = i ? "x" : "";
        switch (shape->dim[i]->value_case) {
        case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE:
            snprintf(text + at, sizeof text - at, "%s%" PRId64, x, shape->dim[i]->dim_value);
            break;
        case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM:
            snprintf(text + at, sizeof text - at, "%s%s", x, shape->dim[i]->dim_param);
            break;
        default: snprintf(text + at, sizeof text - at, "%s?", x);
        }
    }
    return text;
}
