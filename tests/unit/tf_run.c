#include "unit/tf_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

amct_graph *tr_import(tf_build *b, const char *key, const char *value)
{
    const wb_bytes *file = tb_frozen(b);
    const amct_option option = {.struct_size = sizeof option, .key = key, .value = value};
    amct_graph *g = NULL;
    cr_assert_eq(amct_import_bytes(&g, &amct_plugin_v1, file->data, file->size, NULL, &option,
                                   key != NULL, &b->err),
                 AMCT_OK, "%s", b->err.text);
    return g;
}

amct_graph *tr_prepare(tf_build *b)
{
    amct_graph *g = tr_import(b, NULL, NULL);
    cr_assert_eq(amct_prepare(g, &b->err), AMCT_OK, "%s", b->err.text);
    return g;
}

void tr_run(tf_build *b, const amct_graph *g, const float *x, float *y, size_t n)
{
    amct_exec *exec;
    amct_plan *plan;
    const amct_shape *shape = &g->tensors[g->inputs[0]].shape;
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &b->err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, g, NULL, &b->err), AMCT_OK, "%s", b->err.text);
    amct_buffer in = amct_plan_input(plan, 0);
    int64_t channels = shape->rank == 4 ? shape->dims[1] : 1;
    int64_t pixels = (int64_t)(in.bytes / sizeof(float)) / channels;
    for (int64_t i = 0; i < pixels * channels; i++)
        ((float *)in.data)[i] =
            in.layout == AMCT_LAYOUT_LAST ? x[i] : x[i % pixels * channels + i / pixels];
    cr_assert_eq(amct_plan_run(plan, &b->err), AMCT_OK, "%s", b->err.text);
    cr_assert_eq(amct_plan_output(plan, 0).bytes, n * sizeof *y);
    memcpy(y, amct_plan_output(plan, 0).data, n * sizeof *y);
    amct_plan_free(plan);
    amct_exec_free(exec);
}

void tr_expect(tf_build *b, const float *x, size_t n, const float *wanted)
{
    float *y = malloc((n + 1) * sizeof *y);
    amct_graph *g = tr_prepare(b);
    tr_run(b, g, x, y, n);
    for (size_t i = 0; i < n; i++)
        cr_assert_float_eq(y[i], wanted[i], 1e-5 * fmax(1, fabs(wanted[i])),
                           "element %zu is %.9g, wanted %.9g", i, y[i], wanted[i]);
    amct_graph_free(g);
    free(y);
}
