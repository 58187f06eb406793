#include "unit/mindir_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLOAT = 1,
    INT64 = 7,
    STRING = 8,
    BOOL = 9,
    TENSORS = 19,
    TUPLE = 20,
    UMONAD = 23,
    NONE = 25
};

void mi_begin(mindir_file *m)
{
    *m = (mindir_file){.n_primitives = 0};
}

void mi_end(mindir_file *m)
{
    wb_bytes *all[] = {&m->graph, &m->function,  &m->functions, &m->primitives,
                       &m->node,  &m->primitive, &m->file};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        wb_free(all[i]);
}

/* The graph that nodes go to. */
static wb_bytes *graph_of(mindir_file *m)
{
    return m->in_function ? &m->function : &m->graph;
}

static void flush(mindir_file *m)
{
    if (m->node.size)
        wb_message(graph_of(m), 1, &m->node);
    if (m->primitive.size)
        wb_message(&m->primitives, 12, &m->primitive);
}

static void put_float(wb_bytes *to, uint32_t number, float f)
{
    wb_varint(to, number << 3 | 5);
    wb_append(to, &f, sizeof f);
}

static wb_bytes tensor(int type, int rank, const int64_t *dims)
{
    wb_bytes t = {0};
    for (int i = 0; i < rank; i++)
        wb_int(&t, 1, (uint64_t)dims[i]);
    wb_int(&t, 2, (uint64_t)type);
    return t;
}

static void put_ints(wb_bytes *to, int n, const int64_t *ints)
{
    wb_int(to, 16, TUPLE);
    for (int i = 0; i < n; i++) {
        wb_bytes item = {0};
        wb_int(&item, 10, (uint64_t)ints[i]);
        wb_int(&item, 16, INT64);
        wb_message(to, 17, &item);
    }
}

/* ---- Names --------------------------------------------------------------------------------- */

void mi_input(mindir_file *m, const char *name, int rank, const int64_t *dims)
{
    wb_bytes info = {0}, t = tensor(FLOAT, rank, dims);
    wb_text(&info, 1, name);
    wb_message(&info, 2, &t);
    wb_message(&m->graph, 5, &info);
}

void mi_parameter(mindir_file *m, const char *name, int rank, const int64_t *dims,
                  const float *numbers)
{
    size_t count = 1;
    char whole[256];
    for (int i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    float *ramp = malloc((count + 1) * sizeof *ramp);
    for (size_t i = 0; i < count; i++)
        ramp[i] = numbers ? numbers[i] : (float)(i + 1) / 16;
    wb_bytes t = tensor(FLOAT, rank, dims);
    snprintf(whole, sizeof whole, "12_construct_3:%s", name);
    wb_text(&t, 7, whole);
    wb_field(&t, 9, ramp, count * sizeof *ramp);
    wb_text(&t, 13, name);
    wb_message(&m->graph, 3, &t);
    free(ramp);
}

static void put_constant(mindir_file *m, const char *name, wb_bytes *value)
{
    wb_bytes attribute = {0};
    flush(m);
    wb_text(&attribute, 1, "value");
    if (value->size)
        wb_append(&attribute, value->data, value->size);
    wb_free(value);
    wb_text(&m->node, 2, name);
    wb_text(&m->node, 3, name);
    wb_text(&m->node, 4, "Constant");
    wb_message(&m->node, 5, &attribute);
}

void mi_const_int(mindir_file *m, const char *name, int64_t i)
{
    wb_bytes value = {0};
    wb_int(&value, 3, (uint64_t)i);
    wb_int(&value, 16, INT64);
    put_constant(m, name, &value);
}

void mi_const_bool(mindir_file *m, const char *name, bool flag)
{
    wb_bytes value = {0};
    wb_int(&value, 3, flag);
    wb_int(&value, 16, BOOL);
    put_constant(m, name, &value);
}

void mi_const_float(mindir_file *m, const char *name, float f)
{
    wb_bytes value = {0};
    put_float(&value, 2, f);
    wb_int(&value, 16, FLOAT);
    put_constant(m, name, &value);
}

void mi_const_text(mindir_file *m, const char *name, const char *text)
{
    wb_bytes value = {0};
    wb_text(&value, 5, text);
    wb_int(&value, 16, STRING);
    put_constant(m, name, &value);
}

static void put_kind(mindir_file *m, const char *name, int type)
{
    wb_bytes value = {0};
    wb_int(&value, 16, (uint64_t)type);
    put_constant(m, name, &value);
}

void mi_const_none(mindir_file *m, const char *name)
{
    put_kind(m, name, NONE);
}

void mi_const_monad(mindir_file *m, const char *name)
{
    put_kind(m, name, UMONAD);
}

void mi_const_ints(mindir_file *m, const char *name, int n, const int64_t *ints)
{
    wb_bytes value = {0};
    put_ints(&value, n, ints);
    put_constant(m, name, &value);
}

void mi_const_tensor(mindir_file *m, const char *name, int type, int rank, const int64_t *dims,
                     const void *data, size_t size)
{
    wb_bytes value = {0}, t = tensor(type, rank, dims);
    wb_field(&t, 9, data, size);
    wb_message(&value, 12, &t);
    wb_int(&value, 16, TENSORS);
    put_constant(m, name, &value);
}

/* ---- Nodes --------------------------------------------------------------------------------- */

static void begin_node(mindir_file *m, const char *callee, const char *name, const char *src)
{
    char op[256];
    flush(m);
    for (size_t n; (n = wb_next_word(&src)) > 0; src += n) {
        char word[128], whole[192];
        snprintf(word, sizeof word, "%.*s", (int)n, src);
        /* parameters are known by their whole names */
        snprintf(whole, sizeof whole, "%s%s", word[0] == '@' ? "12_construct_3:" : "",
                 word[0] == '@' ? word + 1 : word);
        wb_text(&m->node, 1, whole);
    }
    wb_text(&m->node, 2, name);
    wb_text(&m->node, 3, name);
    snprintf(op, sizeof op, "REF::%s", callee);
    wb_text(&m->node, 4, op);
}

void mi_result(mindir_file *m, int type, int rank, const int64_t *dims)
{
    wb_bytes shape = {0}, t = tensor(type, rank, dims);
    wb_text(&shape, 1, "shape");
    wb_message(&shape, 12, &t);
    wb_int(&shape, 16, TENSORS);
    wb_message(&m->node, 5, &shape);
}

void mi_node(mindir_file *m, const char *op, const char *name, const char *src, int rank,
             const int64_t *dims)
{
    char primitive[128];
    snprintf(primitive, sizeof primitive, "%s:%u", op, ++m->n_primitives);
    begin_node(m, primitive, name, src);
    if (rank >= 0)
        mi_result(m, FLOAT, rank, dims);
    wb_text(&m->primitive, 1, primitive);
    wb_text(&m->primitive, 2, op);
}

void mi_call(mindir_file *m, const char *function, const char *name, const char *src)
{
    begin_node(m, function, name, src);
}

static void put_attr(mindir_file *m, const char *name, wb_bytes *value)
{
    wb_bytes attribute = {0};
    wb_text(&attribute, 1, name);
    wb_append(&attribute, value->data, value->size);
    wb_free(value);
    wb_message(&m->primitive, 3, &attribute);
}

void mi_int(mindir_file *m, const char *name, int64_t i)
{
    wb_bytes value = {0};
    wb_int(&value, 3, (uint64_t)i);
    wb_int(&value, 16, INT64);
    put_attr(m, name, &value);
}

void mi_bool(mindir_file *m, const char *name, bool flag)
{
    wb_bytes value = {0};
    wb_int(&value, 3, flag);
    wb_int(&value, 16, BOOL);
    put_attr(m, name, &value);
}

void mi_float(mindir_file *m, const char *name, float f)
{
    wb_bytes value = {0};
    put_float(&value, 2, f);
    wb_int(&value, 16, FLOAT);
    put_attr(m, name, &value);
}

void mi_text(mindir_file *m, const char *name, const char *text)
{
    wb_bytes value = {0};
    wb_text(&value, 5, text);
    wb_int(&value, 16, STRING);
    put_attr(m, name, &value);
}

void mi_ints(mindir_file *m, const char *name, int n, const int64_t *ints)
{
    wb_bytes value = {0};
    put_ints(&value, n, ints);
    put_attr(m, name, &value);
}

static void put_output(wb_bytes *graph, const char *result)
{
    wb_bytes info = {0};
    wb_text(&info, 1, result);
    wb_message(graph, 6, &info);
}

void mi_function(mindir_file *m, const char *name, const char *inputs)
{
    flush(m);
    wb_text(&m->function, 2, name);
    for (size_t n; (n = wb_next_word(&inputs)) > 0; inputs += n) {
        wb_bytes info = {0};
        wb_field(&info, 1, inputs, n);
        wb_message(&m->function, 5, &info);
    }
    m->in_function = true;
}

void mi_function_end(mindir_file *m, const char *result)
{
    flush(m);
    put_output(&m->function, result);
    wb_message(&m->functions, 8, &m->function);
    m->in_function = false;
}

/* ---- Files --------------------------------------------------------------------------------- */

const wb_bytes *mi_pack(mindir_file *m, const char *result)
{
    wb_bytes graph = {0};
    flush(m);
    wb_free(&m->file);
    wb_append(&graph, m->graph.data, m->graph.size);
    wb_text(&graph, 2, "12_construct_3");
    put_output(&graph, result);
    wb_text(&m->file, 1, "1.1");
    wb_text(&m->file, 2, "MindSpore");
    wb_text(&m->file, 5, "2.10.0");
    wb_message(&m->file, 7, &graph);
    if (m->functions.size)
        wb_append(&m->file, m->functions.data, m->functions.size);
    wb_int(&m->file, 10, 1);
    if (m->primitives.size)
        wb_append(&m->file, m->primitives.data, m->primitives.size);
    return &m->file;
}

void mi_write(mindir_file *m, const char *result, const char *path)
{
    const wb_bytes *file = mi_pack(m, result);
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(file->data, 1, file->size, f), file->size);
    cr_assert_eq(fclose(f), 0);
}

void mi_checkpoint_value(wb_bytes *to, const char *tag, const char *type, int rank,
                         const int64_t *dims, const void *data, size_t size)
{
    wb_bytes value = {0}, t = {0};
    for (int i = 0; i < rank; i++)
        wb_int(&t, 1, (uint64_t)dims[i]);
    if (!rank)
        wb_int(&t, 1, 0);
    wb_text(&t, 2, type);
    wb_field(&t, 3, data, size);
    wb_text(&value, 1, tag);
    wb_message(&value, 2, &t);
    wb_message(to, 1, &value);
}
