/* Upsample, and Resize before opset 11, as Resize of now. */
#include "onnx_reader.h"

#include <string.h>

/* Until opset 11 there was one way to place the pixels, and nearest meant: the one before, where
 * the picture grows; the one behind, where it shrinks (the examples of Resize-10 in ONNX's
 * docs/Changelog.md). */
static int32_t as_it_was(onnx_reader *r, onnx_node *node, const onnx_value *scales)
{
    bool grows = false, shrinks = false;
    int64_t n =
        scales->data && scales->type.dtype == AMCT_FLOAT ? onnx_type_count(&scales->type) : 0;
    for (int64_t i = 0; i < n; i++) {
        float scale;
        memcpy(&scale, (const char *)scales->data + i * (int64_t)sizeof scale, sizeof scale);
        grows |= scale > 1;
        shrinks |= scale < 1;
    }
    if (grows && shrinks)
        onnx_warn(r, "grows along one dim and shrinks along another: rounded down along both");
    ONNX_TRY(onnx_attr_set_text(r, node, "coordinate_transformation_mode", "asymmetric"));
    return onnx_attr_set_text(r, node, "nearest_mode", shrinks && !grows ? "ceil" : "floor");
}

/* X and scales become X, no roi, scales. */
static int32_t put_scales(onnx_reader *r, onnx_node *node, onnx_value *scales)
{
    if (!onnx_src(node, 0) || !scales)
        return onnx_fail(r, AMCT_E_FORMAT, "has no input or no scales");
    ONNX_TRY(as_it_was(r, node, scales));
    node->op = "Resize";
    node->n_src = 1;
    ONNX_TRY(onnx_set_src(r, node, 2, scales));
    node->src[1] = NULL;
    return onnx_emit(r, node);
}

static bool is_empty(const onnx_value *value)
{
    return value && value->kind == AMCT_TENSOR_CONSTANT && onnx_type_count(&value->type) == 0;
}

int32_t onnx_rewrite_resize(onnx_reader *r, int64_t opset, onnx_node *node)
{
    if (opset < 11)
        return put_scales(r, node, onnx_src(node, 1));
    /* opset 11 had to give an empty tensor for what is left out */
    for (uint32_t i = 1; i < node->n_src; i++)
        if (is_empty(node->src[i]))
            node->src[i] = NULL;
    return onnx_emit(r, node);
}

int32_t onnx_rewrite_upsample(onnx_reader *r, int64_t opset, onnx_node *node)
{
    const amct_attr_desc *mode = onnx_attr(node, "mode", AMCT_ATTR_STRING);
    const amct_attr_desc *attr = onnx_attr(node, "scales", AMCT_ATTR_FLOATS);
    onnx_value *scales = onnx_src(node, 1);
    if (mode && mode->count == 8 && memcmp(mode->data, "bilinear", 8) == 0)
        ONNX_TRY(onnx_attr_set_text(r, node, "mode", "linear"));
    if (opset < 9 && attr) {
        const char *name = onnx_text(&r->scratch, "%s_scales", onnx_label(node));
        if (!name)
            return onnx_nomem(r);
        ONNX_TRY(onnx_value_new(r, name, &scales));
        scales->type = (onnx_type){.dtype = AMCT_FLOAT, .rank = 1, .dims = {(int64_t)attr->count}};
        ONNX_TRY(onnx_value_fill(r, scales, attr->data, attr->count * sizeof(float)));
        onnx_attr_drop(node, "scales");
    }
    return put_scales(r, node, scales);
}
