#include "ops_case.h"

#include <criterion/criterion.h>
#include <string.h>

Test(ops_op, all_are_sorted_and_found_by_name)
{
    size_t n;
    const amct_op *all = amct_op_all(&n);
    cr_assert_gt(n, 40);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            cr_assert_lt(strcmp(all[i - 1].name, all[i].name), 0, "%s", all[i].name);
        cr_assert_eq(amct_op_find(all[i].name, ""), &all[i]);
        cr_assert(all[i].min_src <= all[i].max_src && all[i].max_dst >= 1 && all[i].infer &&
                      all[i].run,
                  "%s", all[i].name);
    }
}

Test(ops_op, unknown_names_and_other_domains_are_not_found)
{
    cr_assert_null(amct_op_find("Frobnicate", ""));
    cr_assert_null(amct_op_find("", ""));
    cr_assert_null(amct_op_find("Concat", "com.example"));
    cr_assert_null(amct_op_find("concat", ""));
}

Test(ops_op, wrong_numbers_of_inputs_and_results_are_refused)
{
    ops_case *c = ops_case_new("Transpose", 1);
    ops_case_refuses(c, AMCT_E_INVALID, "Transpose has 0 inputs, wanted are at least 1");
    c = ops_case_new("Transpose", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Transpose has 2 inputs, wanted are at most 1");
    c = ops_case_new("Transpose", 2);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Transpose has 2 results, wanted are 1 to 1");
    c = ops_case_new("Gather", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2), NUMBERS(1));
    ops_case_no_src(c);
    ops_case_refuses(c, AMCT_E_INVALID, "Gather: input 1 is left out but needed");
}

/* Infers Transpose of a source that has no data. */
static amct_status infer_of(uint32_t dtype, amct_shape shape, amct_tensor *dst, amct_err *err)
{
    const amct_tensor tensor = {.name = "x", .dtype = dtype, .shape = shape}, *src[] = {&tensor};
    const amct_node node = {.name = "n", .op = "Transpose", .domain = "", .n_src = 1, .n_dst = 1};
    const amct_infer in = {.node = &node, .src = src, .dst = dst};
    return amct_op_infer(amct_op_find("Transpose", ""), &in, err);
}

Test(ops_op, sources_that_cannot_be_computed_with_are_refused)
{
    amct_tensor dst = {.name = "y", .dtype = 77, .shape.rank = 7};
    amct_err err;
    cr_assert_eq(infer_of(AMCT_STRING, DIMS(2), &dst, &err), AMCT_E_UNSUPPORTED);
    cr_assert_str_eq(err.text,
                     "Transpose: input 0: elements of type string cannot be computed with");
    cr_assert_eq(infer_of(AMCT_FLOAT, DIMS(INT64_MAX, INT64_MAX), &dst, &err), AMCT_E_LIMIT);
    cr_assert_not_null(
        strstr(err.text, "Transpose: input 0: a tensor of shape 9223372036854775807"));
    cr_assert(dst.dtype == 77 && dst.shape.rank == 7, "written on failure");
}

Test(ops_op, an_unknown_shape_gives_an_unknown_result)
{
    amct_tensor dst = {.name = "y", .dtype = AMCT_FLOAT, .shape.rank = 7};
    amct_err err;
    cr_assert_eq(infer_of(AMCT_FLOAT, (amct_shape){.rank = -1}, &dst, &err), AMCT_OK);
    cr_assert_eq(dst.shape.rank, -1);
    cr_assert_str_eq(dst.name, "y");
    cr_assert_eq(infer_of(AMCT_FLOAT, DIMS(2, AMCT_DIM_UNKNOWN), &dst, &err), AMCT_OK);
    cr_assert_eq(dst.shape.rank, -1);
}

Test(ops_op, results_beyond_the_limit_are_refused)
{
    ops_case *c = ops_case_new("Expand", 1);
    ops_case_src(c, AMCT_FLOAT, SCALAR, NUMBERS(1));
    ops_case_src(c, AMCT_INT64, DIMS(3), NUMBERS(0x1p30, 0x1p30, 0x1p30));
    ops_case_refuses(c, AMCT_E_LIMIT,
                     "Expand: result 0: a tensor of shape 1073741824x1073741824x1073741824 is too "
                     "large");
}

Test(ops_op, empty_results_cost_nothing)
{
    /* 2^36 rows of no elements: a kernel that looped over them would not come back. */
    ops_case *c = ops_case_new("Concat", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(INT64_C(1) << 36, 0), NUMBERS(0));
    ops_case_src(c, AMCT_FLOAT, DIMS(INT64_C(1) << 36, 0), NUMBERS(0));
    ops_case_int(c, "axis", 1);
    ops_case_gives(c, AMCT_FLOAT, DIMS(INT64_C(1) << 36, 0), (double[]){0}, 0);
}
