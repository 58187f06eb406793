#include "ops_case.h"

#include <criterion/criterion.h>

static ops_case *shape_of(amct_shape shape)
{
    ops_case *c = ops_case_new("Shape", 1);
    ops_case_src(c, AMCT_FLOAT, shape, NUMBERS(0));
    c->variable[0] = true;
    return c;
}

Test(ops_shape, shape_lists_the_dims_of_a_range)
{
    ops_case_gives(shape_of(DIMS(2, 0, 5)), AMCT_INT64, DIMS(3), NUMBERS(2, 0, 5));
    ops_case_gives(shape_of(SCALAR), AMCT_INT64, DIMS(0), NULL, 0);
    ops_case *c = shape_of(DIMS(2, 3, 4));
    ops_case_int(c, "start", -2);
    ops_case_gives(c, AMCT_INT64, DIMS(2), NUMBERS(3, 4));
    c = shape_of(DIMS(2, 3, 4));
    ops_case_int(c, "start", -9);
    ops_case_int(c, "end", -1);
    ops_case_gives(c, AMCT_INT64, DIMS(2), NUMBERS(2, 3));
    c = shape_of(DIMS(2, 3, 4));
    ops_case_int(c, "start", 2);
    ops_case_int(c, "end", INT64_MIN);
    ops_case_gives(c, AMCT_INT64, DIMS(0), NULL, 0);
}

Test(ops_shape, size_counts_elements)
{
    ops_case *c = ops_case_new("Size", 1);
    ops_case_src(c, AMCT_INT4, DIMS(2, 3), NUMBERS(0));
    ops_case_gives(c, AMCT_INT64, SCALAR, NUMBERS(6));
    c = ops_case_new("Size", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(0));
    ops_case_gives(c, AMCT_INT64, SCALAR, NUMBERS(1));
}

Test(ops_shape, constants_come_from_numbers_and_lists)
{
    const int64_t list[] = {3, -4};
    ops_case *c = ops_case_new("Constant", 1);
    ops_case_ints(c, "value_ints", list, 2);
    ops_case_gives(c, AMCT_INT64, DIMS(2), NUMBERS(3, -4));
    c = ops_case_new("Constant", 1);
    ops_case_int(c, "value_int", 7);
    ops_case_gives(c, AMCT_INT64, SCALAR, NUMBERS(7));
    c = ops_case_new("Constant", 1);
    ops_case_float(c, "value_float", 0.5f);
    ops_case_gives(c, AMCT_FLOAT, SCALAR, NUMBERS(0.5));
    c = ops_case_new("Constant", 1);
    const float floats[] = {1.5f, 2.5f};
    c->attrs[c->node.n_attrs++] =
        (amct_attr){.name = "value_floats", .type = AMCT_ATTR_FLOATS, .data = floats, .count = 2};
    ops_case_gives(c, AMCT_FLOAT, DIMS(2), NUMBERS(1.5, 2.5));
    c = ops_case_new("Constant", 1);
    ops_case_string(c, "value_string", "text");
    ops_case_refuses(c, AMCT_E_UNSUPPORTED, "Constant: there is no value of numbers");
}

/* Runs an operator whose attribute `value` names tensor `id` of a graph. */
static amct_status run_with_value(const char *op, const amct_graph *graph, int64_t id,
                                  const amct_tensor *shape, amct_value *dst, amct_err *err)
{
    amct_attr attr = {.name = "value", .type = AMCT_ATTR_TENSOR, .i = id};
    const amct_node node = {.name = "n",
                            .op = op,
                            .domain = "",
                            .n_src = shape != NULL,
                            .n_dst = 1,
                            .attrs = &attr,
                            .n_attrs = 1};
    amct_tensor made = {.name = ""};
    const amct_infer in = {&node, &shape, &made, graph};
    AMCT_TRY(amct_op_infer(amct_op_find(op, ""), &in, err));
    dst->dtype = made.dtype;
    dst->shape = made.shape;
    const amct_value *src[] = {&(amct_value){0}};
    const amct_call call = {&node, src, &dst, graph};
    return amct_op_run(amct_op_find(op, ""), &call, err);
}

Test(ops_shape, attributes_may_name_tensors_of_the_graph)
{
    amct_err err;
    amct_graph *graph;
    uint32_t id, text;
    void *data;
    int64_t dims[] = {2, 2};
    int16_t room[4] = {0};
    amct_shape one = DIMS(1), pair = DIMS(2);
    amct_value dst = {.data = room};
    const amct_tensor shape = {
        .name = "", .dtype = AMCT_INT64, .shape = pair, .data = dims, .bytes = sizeof dims};
    cr_assert_eq(amct_graph_new(&graph, &err), AMCT_OK);
    cr_assert_eq(amct_graph_add_constant(graph, "v", AMCT_INT16, &one, &id, &data, &err), AMCT_OK);
    amct_element_put_int(AMCT_INT16, data, 0, -9);
    cr_assert_eq(run_with_value("Constant", graph, id, NULL, &dst, &err), AMCT_OK, "%s", err.text);
    cr_assert(dst.dtype == AMCT_INT16 && amct_shape_equal(&dst.shape, &one) && room[0] == -9);
    cr_assert_eq(run_with_value("ConstantOfShape", graph, id, &shape, &dst, &err), AMCT_OK, "%s",
                 err.text);
    cr_assert(dst.dtype == AMCT_INT16 && amct_shape_size(&dst.shape) == 4 && room[3] == -9);

    cr_assert_eq(run_with_value("Constant", graph, 1, NULL, &dst, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "Constant: the attribute value is no tensor");
    cr_assert_eq(run_with_value("Constant", graph, -1, NULL, &dst, &err), AMCT_E_INVALID);
    cr_assert_eq(run_with_value("Constant", NULL, id, NULL, &dst, &err), AMCT_E_INVALID);
    cr_assert_eq(amct_graph_add_constant(graph, "w", AMCT_INT16, &pair, &text, &data, &err),
                 AMCT_OK);
    cr_assert_eq(run_with_value("ConstantOfShape", graph, text, &shape, &dst, &err),
                 AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "ConstantOfShape: the attribute value must have one element");
    amct_graph_free(graph);
}

Test(ops_shape, constant_of_shape_is_zero_unless_told)
{
    ops_case *c = ops_case_new("ConstantOfShape", 1);
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(1, 3));
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 3), NUMBERS(0, 0, 0));
    c = ops_case_new("ConstantOfShape", 1);
    ops_case_src(c, AMCT_INT64, DIMS(0), NUMBERS(0));
    ops_case_gives(c, AMCT_FLOAT, SCALAR, NUMBERS(0));
    c = ops_case_new("ConstantOfShape", 1);
    ops_case_src(c, AMCT_INT64, DIMS(2), NUMBERS(1, -3));
    ops_case_refuses(c, AMCT_E_INVALID, "ConstantOfShape: number 1 of shape is -3");
}

static ops_case *with_list(const char *op, amct_shape shape, const double *list, size_t n)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, AMCT_FLOAT, shape, NUMBERS(1, 2, 3, 4));
    ops_case_src(c, AMCT_INT64, DIMS((int64_t)n), list, n);
    return c;
}

Test(ops_shape, expand_broadcasts_both_ways)
{
    ops_case_gives(with_list("Expand", DIMS(2, 1), NUMBERS(3)), AMCT_FLOAT, DIMS(2, 3),
                   NUMBERS(1, 1, 1, 2, 2, 2));
    ops_case_gives(with_list("Expand", DIMS(2), NUMBERS(2, 1)), AMCT_FLOAT, DIMS(2, 2),
                   NUMBERS(1, 2, 1, 2));
    ops_case_gives(with_list("Expand", SCALAR, NUMBERS(0, 4)), AMCT_FLOAT, DIMS(0, 4), NULL, 0);
    ops_case_refuses(with_list("Expand", DIMS(2), NUMBERS(3)), AMCT_E_INVALID,
                     "Expand: shapes 2 and 3 do not broadcast");
}

Test(ops_shape, tile_repeats_each_dim)
{
    ops_case_gives(with_list("Tile", DIMS(2, 2), NUMBERS(2, 2)), AMCT_FLOAT, DIMS(4, 4),
                   NUMBERS(1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4));
    ops_case_gives(with_list("Tile", DIMS(2, 1), NUMBERS(1, 3)), AMCT_FLOAT, DIMS(2, 3),
                   NUMBERS(1, 1, 1, 2, 2, 2));
    ops_case_gives(with_list("Tile", DIMS(2), NUMBERS(0)), AMCT_FLOAT, DIMS(0), NULL, 0);
    ops_case_gives(with_list("Tile", SCALAR, NULL, 0), AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_refuses(with_list("Tile", DIMS(2), NUMBERS(1, 1)), AMCT_E_INVALID,
                     "Tile: 2 repeats for a tensor of 1 dims");
    ops_case_refuses(with_list("Tile", DIMS(4), NUMBERS(0x1p62)), AMCT_E_LIMIT,
                     "Tile: repeat 0 of 4611686018427387904 is too large");
}

static ops_case *range(uint32_t dtype, double start, double limit, double delta)
{
    ops_case *c = ops_case_new("Range", 1);
    ops_case_src(c, dtype, SCALAR, &start, 1);
    ops_case_src(c, dtype, SCALAR, &limit, 1);
    ops_case_src(c, dtype, SCALAR, &delta, 1);
    return c;
}

Test(ops_shape, range_ends_before_its_limit)
{
    ops_case_gives(range(AMCT_FLOAT, 1, 2, 0.5), AMCT_FLOAT, DIMS(2), NUMBERS(1, 1.5));
    ops_case_gives(range(AMCT_FLOAT, 0, 1, 0.4), AMCT_FLOAT, DIMS(3), NUMBERS(0, 0.4, 0.8));
    ops_case_gives(range(AMCT_INT32, 10, 4, -2), AMCT_INT32, DIMS(3), NUMBERS(10, 8, 6));
    ops_case_gives(range(AMCT_INT64, 10, 4, 2), AMCT_INT64, DIMS(0), NULL, 0);
    ops_case_gives(range(AMCT_INT64, -0x1p63, 0x1p62, 0x1p62), AMCT_INT64, DIMS(3),
                   NUMBERS(-0x1p63, -0x1p62, 0));
    ops_case_refuses(range(AMCT_INT64, 0, 1, 0), AMCT_E_INVALID, "Range: the range goes by 0");
    ops_case_refuses(range(AMCT_FLOAT, 0, 1, 0), AMCT_E_INVALID,
                     "Range: no range goes from 0 to 1 by 0");
    ops_case_refuses(range(AMCT_INT64, -0x1p63, 0x1p62, 1), AMCT_E_LIMIT,
                     "Range: a range of 1.38351e+19 numbers is too long");
    ops_case *c = range(AMCT_INT64, 0, 1, 1);
    c->src[2].dtype = AMCT_UINT64;
    ops_case_refuses(c, AMCT_E_INVALID, "Range: input 2 must be one int64");
}

Test(ops_shape, what_variables_decide_is_unknown)
{
    static const char *const ops[] = {"Expand", "Tile"};
    for (int i = 0; i < 2; i++) {
        ops_case *c = with_list(ops[i], DIMS(2), NUMBERS(2));
        c->variable[1] = true;
        cr_assert_eq(ops_case_infer(c), AMCT_OK);
        cr_assert(c->dst[0].shape.rank == -1 && c->dst[0].dtype == AMCT_FLOAT);
        ops_case_free(c);
    }
    ops_case *c = range(AMCT_INT32, 0, 1, 1);
    c->variable[1] = true;
    cr_assert_eq(ops_case_infer(c), AMCT_OK);
    cr_assert(c->dst[0].shape.rank == -1 && c->dst[0].dtype == AMCT_INT32);
    ops_case_free(c);
}
