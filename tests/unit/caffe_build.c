#include "unit/caffe_build.h"

#include "base/file.h"
#include "exec/plan.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

amct_status caffe_import(amct_graph **g, const char *text, const caffe_file *weights, amct_err *err)
{
    char folder[] = "/tmp/amct-caffe-XXXXXX";
    amct_option option = {.struct_size = sizeof option, .key = "weights"};
    char *path = NULL;
    cr_assert_not_null(mkdtemp(folder));
    if (weights) {
        path = amct_path_join(folder, "w.caffemodel");
        cr_assert_eq(amct_file_write(path, weights->data, weights->size, err), AMCT_OK);
        option.value = path;
    }
    amct_status status = amct_import_bytes(g, &amct_plugin_v1, text, strlen(text), folder, &option,
                                           weights != NULL, err);
    free(path);
    amct_err ignored;
    cr_assert_eq(amct_folder_remove(folder, &ignored), AMCT_OK); /* the mapping stays */
    return status;
}

float *caffe_run(const char *text, const caffe_file *weights, const float *input, size_t *n)
{
    amct_err err;
    amct_graph *g;
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(caffe_import(&g, text, weights, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_prepare(g, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, g, NULL, &err), AMCT_OK, "%s", err.text);
    for (uint32_t i = 0; i < g->n_inputs; i++) {
        amct_buffer in = amct_plan_input(plan, i);
        memcpy(in.data, input, in.bytes);
        input += in.bytes / sizeof *input;
    }
    cr_assert_eq(amct_plan_run(plan, &err), AMCT_OK, "%s", err.text);
    amct_buffer out = amct_plan_output(plan, 0);
    float *copy = malloc(out.bytes);
    memcpy(copy, out.data, out.bytes);
    *n = out.bytes / sizeof *copy;
    amct_plan_free(plan);
    amct_exec_free(exec);
    amct_graph_free(g);
    return copy;
}

void caffe_expect(const char *text, const caffe_file *weights, const float *input,
                  const float *wanted, size_t n)
{
    size_t found_n;
    float *found = caffe_run(text, weights, input, &found_n);
    cr_assert_eq(found_n, n, "%zu numbers, wanted %zu: %s", found_n, n, text);
    for (size_t i = 0; i < n; i++)
        cr_assert(fabsf(found[i] - wanted[i]) <= 1e-5f * fabsf(wanted[i]) + 1e-6f,
                  "%s: number %zu is %.9g, wanted %.9g", text, i, found[i], wanted[i]);
    free(found);
}
