#include "measure/pair_outputs.h"

#include <criterion/criterion.h>
#include <string.h>

static amct_err err;

typedef struct output {
    const char *name;
    amct_shape shape;
    uint32_t dtype;
} output;

#define SHAPE(...)                                                                                 \
    {                                                                                              \
        .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = { __VA_ARGS__ }        \
    }

/* A network that gives its input to outputs of these names and shapes. */
static amct_graph *network(int64_t batch, const output *outputs, size_t n)
{
    amct_graph *g;
    uint32_t id;
    cr_assert_eq(amct_graph_new(&g, &err), AMCT_OK);
    amct_tensor x = {
        .name = "x", .dtype = AMCT_FLOAT, .shape = amct_shape_of(2, (int64_t[]){batch, 4})};
    amct_graph_add_tensor(g, &x, &id, &err);
    amct_graph_add_input(g, id, &err);
    for (size_t i = 0; i < n; i++) {
        amct_tensor t = {
            .name = outputs[i].name, .dtype = outputs[i].dtype, .shape = outputs[i].shape};
        if (!t.dtype)
            t.dtype = AMCT_FLOAT;
        amct_graph_add_tensor(g, &t, &id, &err);
        amct_graph_add_output(g, id, &err);
    }
    return g;
}

static const char *name_of(const amct_graph *g, uint32_t i)
{
    return g->tensors[g->outputs[i]].name;
}

static const output detector[] = {{"scores", SHAPE(1, 7, 2), 0}, {"boxes", SHAPE(1, 7, 4), 0}};

Test(measure_pair_outputs, the_same_names_are_paired_in_any_order)
{
    /* two samples at once, and a number that is not measured in between */
    const output other[] = {{"boxes", SHAPE(2, 7, 4), 0},
                            {"count", SHAPE(2), AMCT_INT64},
                            {"scores", SHAPE(2, 7, 2), 0}};
    amct_graph *model = network(1, detector, 2), *original = network(2, other, 3);
    cr_assert_eq(amct_outputs_pair(original, model, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(name_of(original, 0), "scores");
    cr_assert_str_eq(name_of(original, 1), "count");
    cr_assert_str_eq(name_of(original, 2), "boxes");
    amct_graph_free(model);
    amct_graph_free(original);
}

Test(measure_pair_outputs, other_names_are_paired_by_place_if_the_shapes_agree)
{
    const output other[] = {{"a", SHAPE(1, 1, 7, 2), 0}, {"boxes", SHAPE(1, 7, 4, 1), 0}};
    amct_graph *model = network(1, detector, 2), *original = network(1, other, 2);
    cr_assert_eq(amct_outputs_pair(original, model, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(name_of(original, 0), "a");
    cr_assert_str_eq(name_of(original, 1), "boxes");
    amct_graph_free(model);
    amct_graph_free(original);
}

static void refused(const output *other, size_t n, const char *words)
{
    amct_graph *model = network(1, detector, 2), *original = network(1, other, n);
    cr_assert_eq(amct_outputs_pair(original, model, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, words), "'%s' not in '%s'", words, err.text);
    for (uint32_t i = 0; i < n; i++)
        cr_assert_str_eq(name_of(original, i), other[i].name);
    amct_graph_free(model);
    amct_graph_free(original);
}

Test(measure_pair_outputs, what_cannot_be_compared_is_refused)
{
    const output swapped[] = {{"b", SHAPE(1, 7, 4), 0}, {"a", SHAPE(1, 7, 2), 0}};
    refused(swapped, 2, "its output 1, 'b', is 7x4 a sample, 'scores' of the model is 7x2");
    refused(swapped, 2, "the same names, or the same order, are wanted");
    refused(swapped, 1, "has 1 outputs of float32, the model has 2");
    const output turned[] = {{"boxes", SHAPE(1, 7, 4), 0}, {"scores", SHAPE(1, 2, 7), 0}};
    refused(turned, 2, "its output 1, 'scores', is 2x7 a sample, 'scores' of the model is 7x2");
}
