/*
 * Older and newer forms of ONNX's operators become those of opset 18. What changed when is said in
 * ONNX's docs/Changelog.md; the numbers below are the first version of the new form.
 */
#include "onnx_reader.h"

#include <string.h>

/* ---- Attributes that became inputs --------------------------------------------------------- */

enum how {
    INTS,   /* a list of integers */
    INT,    /* one integer as a list of one */
    NUMBER, /* one float as a scalar of the first input's type */
    FLOAT   /* one float as a float32 scalar */
};

static const struct moved {
    const char *op;
    int until; /* the opset that has it as an input */
    const char *attr;
    uint32_t input;
    enum how how;
} moved[] = {
    {"Slice", 10, "starts", 1, INTS},
    {"Slice", 10, "ends", 2, INTS},
    {"Slice", 10, "axes", 3, INTS},
    {"TopK", 10, "k", 1, INT},
    {"Pad", 11, "pads", 1, INTS},
    {"Pad", 11, "value", 2, NUMBER},
    {"Clip", 11, "min", 1, NUMBER},
    {"Clip", 11, "max", 2, NUMBER},
    {"Dropout", 12, "ratio", 1, FLOAT},
    {"Squeeze", 13, "axes", 1, INTS},
    {"Unsqueeze", 13, "axes", 1, INTS},
    {"Split", 13, "split", 1, INTS},
    {"ReduceSum", 13, "axes", 1, INTS},
    {"ReduceL1", 18, "axes", 1, INTS},
    {"ReduceL2", 18, "axes", 1, INTS},
    {"ReduceLogSum", 18, "axes", 1, INTS},
    {"ReduceLogSumExp", 18, "axes", 1, INTS},
    {"ReduceMax", 18, "axes", 1, INTS},
    {"ReduceMean", 18, "axes", 1, INTS},
    {"ReduceMin", 18, "axes", 1, INTS},
    {"ReduceProd", 18, "axes", 1, INTS},
    {"ReduceSumSquare", 18, "axes", 1, INTS},
};

static int32_t move_attr(onnx_reader *r, onnx_node *node, const struct moved *m)
{
    static const uint32_t types[] = {AMCT_ATTR_INTS, AMCT_ATTR_INT, AMCT_ATTR_FLOAT,
                                     AMCT_ATTR_FLOAT};
    const amct_attr_desc *attr = onnx_attr(node, m->attr, types[m->how]);
    const char *name = onnx_text(&r->scratch, "%s_%s", onnx_label(node), m->attr);
    if (!name)
        return onnx_nomem(r);
    if (!attr)
        return AMCT_OK;
    onnx_value *value = NULL, *x = onnx_src(node, 0);
    switch (m->how) {
    case INTS:
        if (attr->count) /* none means what a missing one means */
            ONNX_TRY(onnx_new_ints(r, name, attr->data, attr->count, false, &value));
        break;
    case INT: ONNX_TRY(onnx_new_ints(r, name, &attr->i, 1, false, &value)); break;
    case NUMBER:
        ONNX_TRY(onnx_new_scalar(r, name, x ? x->type.dtype : AMCT_FLOAT, attr->f, &value));
        break;
    case FLOAT: ONNX_TRY(onnx_new_scalar(r, name, AMCT_FLOAT, attr->f, &value)); break;
    }
    onnx_attr_drop(node, m->attr);
    return value ? onnx_set_src(r, node, m->input, value) : AMCT_OK;
}

/* ---- Changes of one operator --------------------------------------------------------------- */

/* Opset 18 wants to be told that the parts are equal. */
static int32_t rewrite_split(onnx_reader *r, int64_t opset, onnx_node *node)
{
    if (opset < 18 && !onnx_src(node, 1))
        ONNX_TRY(onnx_attr_set_int(r, node, "num_outputs", node->n_dst));
    return onnx_emit(r, node);
}

/* Deprecated in opset 11 for the same thing under a clearer name. */
static int32_t rewrite_scatter(onnx_reader *r, int64_t opset, onnx_node *node)
{
    (void)opset;
    node->op = "ScatterElements";
    return onnx_emit(r, node);
}

/* Until opset 16 there was one coordinate transformation, which is not the default of now. */
static int32_t rewrite_roi_align(onnx_reader *r, int64_t opset, onnx_node *node)
{
    if (opset < 16)
        ONNX_TRY(
            onnx_attr_set_text(r, node, "coordinate_transformation_mode", "output_half_pixel"));
    return onnx_emit(r, node);
}

static bool text_is(const amct_attr_desc *attr, const char *text)
{
    return attr && attr->count == strlen(text) && memcmp(attr->data, text, attr->count) == 0;
}

/* Opset 20 gave two modes other names. */
static int32_t rewrite_grid_sample(onnx_reader *r, int64_t opset, onnx_node *node)
{
    const amct_attr_desc *mode = onnx_attr(node, "mode", AMCT_ATTR_STRING);
    if (opset >= 20 && text_is(mode, "linear"))
        ONNX_TRY(onnx_attr_set_text(r, node, "mode", "bilinear"));
    else if (opset >= 20 && text_is(mode, "cubic"))
        ONNX_TRY(onnx_attr_set_text(r, node, "mode", "bicubic"));
    return onnx_emit(r, node);
}

/* Until opset 7 a Dropout, and a Gemm, had to be told what now goes without saying. */
static int32_t rewrite_plain(onnx_reader *r, int64_t opset, onnx_node *node)
{
    if (opset < 7) {
        onnx_attr_drop(node, "is_test");
        onnx_attr_drop(node, "broadcast");
    }
    return onnx_emit(r, node);
}

static const struct rewrite {
    const char *op;
    onnx_rewrite *function;
} rewrites[] = {
    {"Softmax", onnx_rewrite_softmax}, {"LogSoftmax", onnx_rewrite_softmax},
    {"Hardmax", onnx_rewrite_softmax}, {"BatchNormalization", onnx_rewrite_batch_norm},
    {"Resize", onnx_rewrite_resize},   {"Upsample", onnx_rewrite_upsample},
    {"Split", rewrite_split},          {"Scatter", rewrite_scatter},
    {"RoiAlign", rewrite_roi_align},   {"GridSample", rewrite_grid_sample},
    {"Dropout", rewrite_plain},        {"Gemm", rewrite_plain},
    {"Add", onnx_rewrite_broadcast},   {"Sub", onnx_rewrite_broadcast},
    {"Mul", onnx_rewrite_broadcast},   {"Div", onnx_rewrite_broadcast},
    {"Pow", onnx_rewrite_broadcast},   {"And", onnx_rewrite_broadcast},
    {"Or", onnx_rewrite_broadcast},    {"Xor", onnx_rewrite_broadcast},
    {"Equal", onnx_rewrite_broadcast}, {"Greater", onnx_rewrite_broadcast},
    {"Less", onnx_rewrite_broadcast},  {"PRelu", onnx_rewrite_broadcast},
};

int32_t onnx_canonicalise(onnx_reader *r, int64_t opset, onnx_node *node)
{
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++)
        if (opset < moved[i].until && strcmp(node->op, moved[i].op) == 0)
            ONNX_TRY(move_attr(r, node, &moved[i]));
    for (size_t i = 0; i < sizeof rewrites / sizeof *rewrites; i++)
        if (strcmp(node->op, rewrites[i].op) == 0)
            return rewrites[i].function(r, opset, node);
    return onnx_emit(r, node);
}
