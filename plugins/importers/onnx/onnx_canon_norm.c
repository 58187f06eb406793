/* Softmax and its kin before opset 13, BatchNormalization before 9 and while training, and
 * broadcasting before 7. */
#include "onnx_reader.h"

#include <string.h>

/* ---- Softmax ------------------------------------------------------------------------------- */

/* Of the dims from `from` on, the only one that is not known to be 1: its index, the last one's if
 * all are 1, -1 if there are several. */
static int64_t only_dim(const onnx_type *type, uint32_t from)
{
    int64_t found = -1;
    for (uint32_t i = from; i < type->rank; i++) {
        if (i < AMCT_MAX_RANK && type->dims[i] == 1)
            continue;
        if (found >= 0)
            return -1;
        found = i;
    }
    return found >= 0 ? found : (int64_t)type->rank - 1;
}

/* The axis of opset 13's form that does the same, or -1; negative axes count from the end. */
static bool axis_form(const onnx_type *type, int64_t axis, int64_t *out)
{
    if (axis == -1) {
        *out = -1;
        return true;
    }
    if (type->rank == AMCT_RANK_UNKNOWN || type->rank > AMCT_MAX_RANK)
        return false;
    if (axis < 0)
        axis += type->rank;
    if (axis < 0 || axis >= type->rank)
        return false;
    *out = only_dim(type, (uint32_t)axis);
    return *out >= 0;
}

/* Flatten to [before axis, from axis on], normalise the rows, reshape back. */
static int32_t softmax_of_rows(onnx_reader *r, int64_t axis, onnx_node *node)
{
    onnx_value *x = onnx_src(node, 0), *shape, *rows, *normal;
    onnx_node step;
    const char *label = onnx_label(node);
    const char *names[3] = {onnx_text(&r->scratch, "%s_shape", label),
                            onnx_text(&r->scratch, "%s_rows", label),
                            onnx_text(&r->scratch, "%s_normal", label)};
    if (!names[0] || !names[1] || !names[2])
        return onnx_nomem(r);
    ONNX_TRY(onnx_value_new(r, names[0], &shape));
    ONNX_TRY(onnx_value_new(r, names[1], &rows));
    ONNX_TRY(onnx_value_new(r, names[2], &normal));
    rows->type.dtype = normal->type.dtype = x->type.dtype;
    ONNX_TRY(onnx_node_new(r, node, "Shape", x, NULL, shape, &step));
    ONNX_TRY(onnx_emit(r, &step));
    ONNX_TRY(onnx_node_new(r, node, "Flatten", x, NULL, rows, &step));
    ONNX_TRY(onnx_attr_set_int(r, &step, "axis", axis));
    ONNX_TRY(onnx_emit(r, &step));
    onnx_node core = *node, back;
    ONNX_TRY(onnx_node_new(r, node, "Reshape", normal, shape, node->dst[0], &back));
    ONNX_TRY(onnx_node_new(r, node, node->op, rows, NULL, normal, &step));
    core.src = step.src;
    core.dst = step.dst;
    ONNX_TRY(onnx_attr_set_int(r, &core, "axis", -1));
    ONNX_TRY(onnx_emit(r, &core));
    return onnx_emit(r, &back);
}

int32_t onnx_rewrite_softmax(onnx_reader *r, int64_t opset, onnx_node *node)
{
    int64_t axis = onnx_attr_int(node, "axis", 1), same;
    if (opset >= 13)
        return onnx_emit(r, node);
    if (!onnx_src(node, 0) || node->n_src != 1 || node->n_dst != 1 || !node->dst[0])
        return onnx_fail(r, AMCT_E_FORMAT, "one input and one output wanted");
    if (!axis_form(&node->src[0]->type, axis, &same))
        return softmax_of_rows(r, axis, node);
    ONNX_TRY(onnx_attr_set_int(r, node, "axis", same));
    return onnx_emit(r, node);
}

/* ---- BatchNormalization -------------------------------------------------------------------- */

/* spatial = 0: statistics for each place, which broadcast against [N, C, ...] as they are:
 * y = (x - mean) / sqrt(var + epsilon) * scale + bias. */
static int32_t batch_norm_per_place(onnx_reader *r, onnx_node *node)
{
    enum { CENTRED, SHIFTED, DEVIATION, NORMAL, SCALED, N_STEPS };
    static const char *const words[N_STEPS] = {"centred", "shifted", "deviation", "normal",
                                               "scaled"};
    const amct_attr_desc *attr = onnx_attr(node, "epsilon", AMCT_ATTR_FLOAT);
    onnx_value *v[N_STEPS], *epsilon, **src = node->src;
    const char *label = onnx_label(node);
    for (int i = 0; i < N_STEPS; i++) {
        const char *name = onnx_text(&r->scratch, "%s_%s", label, words[i]);
        if (!name)
            return onnx_nomem(r);
        ONNX_TRY(onnx_value_new(r, name, &v[i]));
    }
    ONNX_TRY(onnx_new_scalar(r, "epsilon", src[4]->type.dtype, attr ? attr->f : 1e-5, &epsilon));
    const struct {
        const char *op;
        onnx_value *a, *b, *result;
    } steps[] = {
        {"Sub", src[0], src[3], v[CENTRED]},      {"Add", src[4], epsilon, v[SHIFTED]},
        {"Sqrt", v[SHIFTED], NULL, v[DEVIATION]}, {"Div", v[CENTRED], v[DEVIATION], v[NORMAL]},
        {"Mul", v[NORMAL], src[1], v[SCALED]},    {"Add", v[SCALED], src[2], node->dst[0]},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        onnx_node step;
        ONNX_TRY(
            onnx_node_new(r, node, steps[i].op, steps[i].a, steps[i].b, steps[i].result, &step));
        ONNX_TRY(onnx_emit(r, &step));
    }
    return AMCT_OK;
}

int32_t onnx_rewrite_batch_norm(onnx_reader *r, int64_t opset, onnx_node *node)
{
    if (node->n_src != 5 || !node->n_dst || !node->dst[0])
        return onnx_fail(r, AMCT_E_FORMAT, "5 inputs and an output wanted");
    for (uint32_t i = 0; i < 5; i++)
        if (!node->src[i])
            return onnx_fail(r, AMCT_E_FORMAT, "input %u is left out", i);
    /* is_test = 0 of opset 6 is no sign of training: it was the default */
    bool training = onnx_attr_int(node, "training_mode", 0) != 0;
    for (uint32_t i = 1; i < node->n_dst; i++) {
        training |= node->dst[i] != NULL;
        if (node->dst[i])
            node->dst[i]->made = false; /* not by this node, as it is passed on */
    }
    if (training)
        onnx_warn(r, "is set for training; it is used as for inference");
    node->n_dst = 1;
    onnx_attr_drop(node, "training_mode");
    bool per_place = opset < 9 && onnx_attr_int(node, "spatial", 1) == 0;
    if (opset < 9) {
        onnx_attr_drop(node, "spatial");
        onnx_attr_drop(node, "is_test");
    }
    return per_place ? batch_norm_per_place(r, node) : onnx_emit(r, node);
}

/* ---- Broadcasting before opset 7 ----------------------------------------------------------- */

/* The second source's dims stand for those of the first from `axis` on: put ones behind them. */
static int32_t unsqueeze_behind(onnx_reader *r, onnx_node *node, int64_t axis)
{
    onnx_value *a = node->src[0], *b = node->src[1], *axes, *wide;
    if (a->type.rank > AMCT_MAX_RANK || b->type.rank > AMCT_MAX_RANK)
        return onnx_fail(r, AMCT_E_UNSUPPORTED,
                         "the number of dims of its inputs must be known to broadcast along axis "
                         "%lld; export it with opset 7 or newer",
                         (long long)axis);
    if (axis < 0)
        axis += a->type.rank;
    int64_t n = (int64_t)a->type.rank - axis - b->type.rank, list[AMCT_MAX_RANK];
    if (axis < 0 || n < 0 || n > AMCT_MAX_RANK)
        return onnx_fail(r, AMCT_E_FORMAT, "axis %lld does not fit its inputs", (long long)axis);
    if (n == 0)
        return AMCT_OK;
    for (int64_t i = 0; i < n; i++)
        list[i] = b->type.rank + i;
    const char *axes_name = onnx_text(&r->scratch, "%s_axes", onnx_label(node));
    const char *wide_name = onnx_text(&r->scratch, "%s_wide", onnx_label(node));
    if (!axes_name || !wide_name)
        return onnx_nomem(r);
    ONNX_TRY(onnx_new_ints(r, axes_name, list, (size_t)n, false, &axes));
    ONNX_TRY(onnx_value_new(r, wide_name, &wide));
    onnx_node step;
    ONNX_TRY(onnx_node_new(r, node, "Unsqueeze", b, axes, wide, &step));
    ONNX_TRY(onnx_emit(r, &step));
    node->src[1] = wide;
    return AMCT_OK;
}

int32_t onnx_rewrite_broadcast(onnx_reader *r, int64_t opset, onnx_node *node)
{
    if (opset >= 7)
        return onnx_emit(r, node);
    if (node->n_src != 2 || !node->src[0] || !node->src[1])
        return onnx_fail(r, AMCT_E_FORMAT, "2 inputs wanted");
    const amct_attr_desc *axis = onnx_attr(node, "axis", AMCT_ATTR_INT);
    if (strcmp(node->op, "PRelu") == 0) { /* one slope for all, or one per channel */
        if (onnx_type_count(&node->src[1]->type) != 1 && node->src[1]->type.rank == 1)
            ONNX_TRY(unsqueeze_behind(r, node, 1));
    } else if (axis && onnx_attr_int(node, "broadcast", 0) != 0) {
        ONNX_TRY(unsqueeze_behind(r, node, axis->i));
    }
    onnx_attr_drop(node, "axis");
    onnx_attr_drop(node, "broadcast");
    return onnx_emit(r, node);
}
