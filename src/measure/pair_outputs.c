#include "measure/pair_outputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The float outputs: the others are not measured. */
typedef struct outputs {
    uint32_t *ids, n;
} outputs;

static const amct_tensor *tensor_of(const amct_graph *g, uint32_t id)
{
    return &g->tensors[id];
}

static void collect(outputs *out, const amct_graph *g)
{
    for (uint32_t i = 0; i < g->n_outputs; i++)
        if (tensor_of(g, g->outputs[i])->dtype == AMCT_FLOAT)
            out->ids[out->n++] = g->outputs[i];
}

/* The dims of one sample but for those of 1. */
static amct_shape essence(const amct_graph *g, uint32_t id)
{
    const amct_shape *shape = &tensor_of(g, id)->shape;
    int64_t batch = amct_batch_of(g);
    amct_shape out = {0};
    for (int32_t d = 0; d < shape->rank; d++) {
        int64_t dim = d ? shape->dims[d] : shape->dims[d] / batch;
        if (dim != 1)
            out.dims[out.rank++] = dim;
    }
    return out;
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t other = *a;
    *a = *b;
    *b = other;
}

/* Sorts the outputs of original as the names of wanted stand in model; false, and nothing is moved,
 * if the names differ. sorted has room for them. */
static bool sort_by_name(outputs *have, const amct_graph *original, const outputs *wanted,
                         const amct_graph *model, uint32_t *sorted)
{
    memcpy(sorted, have->ids, have->n * sizeof *sorted);
    for (uint32_t i = 0; i < wanted->n; i++) {
        const char *name = tensor_of(model, wanted->ids[i])->name;
        uint32_t k = i;
        while (k < have->n && strcmp(tensor_of(original, sorted[k])->name, name) != 0)
            k++;
        if (k == have->n)
            return false;
        swap(&sorted[i], &sorted[k]);
    }
    memcpy(have->ids, sorted, have->n * sizeof *sorted);
    return true;
}

static amct_status check_shapes(const outputs *have, const amct_graph *original,
                                const outputs *wanted, const amct_graph *model, bool by_name,
                                amct_err *err)
{
    char a[160], b[160];
    for (uint32_t i = 0; i < have->n; i++) {
        amct_shape has = essence(original, have->ids[i]), wants = essence(model, wanted->ids[i]);
        if (amct_shape_equal(&has, &wants))
            continue;
        const char *other = tensor_of(model, wanted->ids[i])->name;
        return amct_fail(err, AMCT_E_INVALID,
                         "its output %" PRIu32 ", '%s', is %s a sample, '%s' of the model is %s: "
                         "they cannot be compared%s",
                         i + 1, tensor_of(original, have->ids[i])->name,
                         amct_shape_print(&has, a, sizeof a), other,
                         amct_shape_print(&wants, b, sizeof b),
                         by_name ? "" : "; the same names, or the same order, are wanted");
    }
    return AMCT_OK;
}

static amct_status pair(amct_graph *original, const amct_graph *model, outputs *have,
                        outputs *wanted, uint32_t *sorted, amct_err *err)
{
    collect(have, original);
    collect(wanted, model);
    if (have->n != wanted->n)
        return amct_fail(err, AMCT_E_INVALID,
                         "has %" PRIu32 " outputs of float32, the model has %" PRIu32
                         ": it is not its original",
                         have->n, wanted->n);
    bool by_name = sort_by_name(have, original, wanted, model, sorted);
    AMCT_TRY(check_shapes(have, original, wanted, model, by_name, err));
    for (uint32_t i = 0, k = 0; i < original->n_outputs; i++)
        if (tensor_of(original, original->outputs[i])->dtype == AMCT_FLOAT)
            original->outputs[i] = have->ids[k++];
    return AMCT_OK;
}

amct_status amct_outputs_pair(amct_graph *original, const amct_graph *model, amct_err *err)
{
    size_t n = original->n_outputs, m = model->n_outputs;
    uint32_t *ids = malloc((2 * n + 2 * m + 1) * sizeof *ids);
    if (!ids)
        return amct_fail_nomem(err);
    outputs have = {.ids = ids}, wanted = {.ids = ids + n};
    amct_status status = pair(original, model, &have, &wanted, ids + n + m, err);
    free(ids);
    return status;
}
