#include "unit/caffe_build.h"

#include "base/file.h"
#include "exec/plan.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put(caffe_file *file, const void *data, size_t size)
{
    file->data = realloc(file->data, file->size + size + 1);
    cr_assert_not_null(file->data);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static void put_varint(caffe_file *file, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    put(file, bytes, n);
}

void caffe_put_bytes(caffe_file *file, uint32_t field, const void *data, size_t size)
{
    put_varint(file, field << 3 | 2);
    put_varint(file, size);
    put(file, data, size);
}

void caffe_put_number(caffe_file *file, uint32_t field, uint64_t value)
{
    put_varint(file, field << 3);
    put_varint(file, value);
}

void caffe_file_free(caffe_file *file)
{
    free(file->data);
    *file = (caffe_file){0};
}

static void put_blob(caffe_file *layer, const caffe_numbers *blob)
{
    caffe_file message = {0}, dims = {0}, shape = {0};
    int rank = blob->rank < 0 ? 4 : blob->rank;
    size_t count = 1;
    for (int i = 0; i < rank; i++) {
        count *= (size_t)blob->dims[i];
        if (blob->rank < 0)
            caffe_put_number(&message, (uint32_t)i + 1, (uint64_t)blob->dims[i]);
        else
            put_varint(&dims, (uint64_t)blob->dims[i]);
    }
    if (blob->rank >= 0) {
        caffe_put_bytes(&shape, 1, dims.data ? dims.data : (void *)"", dims.size);
        caffe_put_bytes(&message, 7, shape.data, shape.size);
    }
    caffe_put_bytes(&message, 5, blob->values, count * sizeof(float));
    caffe_put_bytes(layer, 7, message.data, message.size);
    caffe_file_free(&message), caffe_file_free(&dims), caffe_file_free(&shape);
}

void caffe_put_layer(caffe_file *file, const char *name, const caffe_numbers *blobs, int n)
{
    caffe_file layer = {0};
    caffe_put_bytes(&layer, 1, name, strlen(name));
    for (int i = 0; i < n; i++)
        put_blob(&layer, &blobs[i]);
    caffe_put_bytes(file, 100, layer.data, layer.size);
    caffe_file_free(&layer);
}

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
