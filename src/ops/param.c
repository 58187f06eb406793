#include "ops/param.h"

#include <stdio.h>
#include <string.h>

void amct_infer_sources(amct_value *values, const amct_value **src, uint32_t n,
                        const amct_infer *in)
{
    for (uint32_t i = 0; i < n; i++) {
        const amct_tensor *t = i < in->node->n_src ? in->src[i] : NULL;
        src[i] = t ? &values[i] : NULL;
        if (t)
            values[i] = (amct_value){t->dtype, t->zero_point, t->shape, (void *)(uintptr_t)t->data};
    }
}

void amct_call_sources(const amct_value **src, uint32_t n, const amct_call *call)
{
    for (uint32_t i = 0; i < n; i++)
        src[i] = i < call->node->n_src ? call->src[i] : NULL;
}

bool amct_infer_waits(const amct_infer *in, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i < last && i < in->node->n_src; i++)
        if (in->src[i] && !amct_tensor_is_constant(in->src[i]))
            return true;
    return false;
}

void amct_infer_like(amct_tensor *dst, const amct_tensor *src, const amct_shape *shape)
{
    dst->dtype = src->dtype;
    dst->zero_point = src->zero_point;
    dst->shape = *shape;
}

amct_status amct_param_integer(const amct_value *value, const char *name, amct_err *err)
{
    if (value->dtype == AMCT_INT64 || value->dtype == AMCT_INT32)
        return AMCT_OK;
    return amct_fail(err, AMCT_E_INVALID, "%s must be int32 or int64, not %s", name,
                     amct_dtype_name(value->dtype));
}

amct_status amct_param_ints(amct_ints *out, const amct_value *value, const amct_node *node,
                            const char *name, int32_t max, amct_err *err)
{
    amct_ints ints = {0};
    size_t n = 0;
    const int64_t *listed = NULL;
    if (value) {
        AMCT_TRY(amct_param_integer(value, name, err));
        if (value->shape.rank > 1)
            return amct_fail(err, AMCT_E_INVALID, "%s must be a vector, not of %d dims", name,
                             value->shape.rank);
        n = (size_t)amct_shape_size(&value->shape);
        ints.given = true;
    } else {
        listed = amct_node_ints(node, name, &n);
        ints.given = listed != NULL;
    }
    if (n > (size_t)max)
        return amct_fail(err, AMCT_E_LIMIT, "%s has %zu numbers, more than %d", name, n, max);
    for (size_t i = 0; i < n; i++)
        ints.at[i] = value ? amct_value_get_int(value, (int64_t)i) : listed[i];
    ints.n = (int32_t)n;
    *out = ints;
    return AMCT_OK;
}

amct_status amct_param_axes(amct_ints *out, const amct_value *value, const amct_node *node,
                            int32_t rank, amct_err *err)
{
    amct_ints axes;
    bool seen[AMCT_MAX_RANK] = {false};
    AMCT_TRY(amct_param_ints(&axes, value, node, "axes", AMCT_MAX_RANK, err));
    for (int32_t i = 0; i < axes.n; i++) {
        int32_t axis;
        AMCT_TRY(amct_axis_normalise(&axis, axes.at[i], rank, err));
        if (seen[axis])
            return amct_fail(err, AMCT_E_INVALID, "axis %d is named twice", axis);
        seen[axis] = true;
        axes.at[i] = axis;
    }
    *out = axes;
    return AMCT_OK;
}

amct_status amct_param_axis(int32_t *out, const amct_node *node, const char *name,
                            int64_t otherwise, int32_t rank, amct_err *err)
{
    return amct_axis_normalise(out, amct_node_int(node, name, otherwise), rank, err);
}

amct_status amct_param_word(uint32_t *out, const amct_node *node, const char *name,
                            const char *const *words, amct_err *err)
{
    const char *word = amct_node_string(node, name, words[0]);
    char all[256] = "";
    size_t used = 0;
    for (uint32_t i = 0; words[i]; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = i;
            return AMCT_OK;
        }
        if (used < sizeof all)
            used +=
                (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", words[i]);
    }
    return amct_fail(err, AMCT_E_INVALID, "%s '%s' is not one of: %s", name, word, all);
}
