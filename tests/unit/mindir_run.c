#include "unit/mindir_run.h"

#include "exec/plan.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <criterion/criterion.h>
#include <math.h>

amct_status mi_import(mindir_file *m, const char *result, amct_graph **g)
{
    const wb_bytes *file = mi_pack(m, result);
    *g = NULL;
    return amct_import_bytes(g, &amct_plugin_v1, file->data, file->size, NULL, NULL, 0, &m->err);
}

/* Numbers of a picture from C order to the layout of the plan. */
static void feed(amct_buffer in, const float *x)
{
    int64_t n = (int64_t)(in.bytes / sizeof(float));
    int64_t channels = in.shape.rank > 1 ? in.shape.dims[1] : 1;
    int64_t batch = in.shape.rank > 0 ? in.shape.dims[0] : 1;
    int64_t inner = n / (batch * channels);
    for (int64_t i = 0; i < n; i++) {
        int64_t sample = i / (channels * inner), c = i / inner % channels, pixel = i % inner;
        int64_t to = in.layout == AMCT_LAYOUT_LAST ? (sample * inner + pixel) * channels + c : i;
        ((float *)in.data)[to] = x[i];
    }
}

void mi_expect(mindir_file *m, const char *result, const float *x, size_t n, const float *wanted)
{
    amct_graph *g;
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(mi_import(m, result, &g), AMCT_OK, "%s", m->err.text);
    cr_assert_eq(amct_prepare(g, &m->err), AMCT_OK, "%s", m->err.text);
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &m->err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, g, NULL, &m->err), AMCT_OK, "%s", m->err.text);
    for (uint32_t i = 0; i < g->n_inputs; i++) {
        amct_buffer in = amct_plan_input(plan, i);
        feed(in, x);
        x += in.bytes / sizeof *x;
    }
    cr_assert_eq(amct_plan_run(plan, &m->err), AMCT_OK, "%s", m->err.text);
    cr_assert_eq(amct_plan_output(plan, 0).bytes, n * sizeof *wanted, "%zu bytes",
                 amct_plan_output(plan, 0).bytes);
    const float *y = amct_plan_output(plan, 0).data;
    for (size_t i = 0; i < n; i++)
        cr_assert_float_eq(y[i], wanted[i], 1e-5 * fmax(1, fabs(wanted[i])),
                           "element %zu is %.9g, wanted %.9g", i, y[i], wanted[i]);
    amct_plan_free(plan);
    amct_exec_free(exec);
    amct_graph_free(g);
}
