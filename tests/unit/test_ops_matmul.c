#include "base/pcg.h"
#include "ops_case.h"

#include <criterion/criterion.h>

static ops_case *pair(const char *op, uint32_t dtype, amct_shape a, amct_shape b)
{
    ops_case *c = ops_case_new(op, 1);
    ops_case_src(c, dtype, a, NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case_src(c, dtype, b, NUMBERS(1, -1, 2, 0, 3, 1));
    return c;
}

Test(ops_matmul, matrices)
{
    ops_case_gives(pair("MatMul", AMCT_FLOAT, DIMS(2, 3), DIMS(3, 2)), AMCT_FLOAT, DIMS(2, 2),
                   NUMBERS(14, 2, 32, 2));
    ops_case_gives(pair("MatMul", AMCT_DOUBLE, DIMS(2, 3), DIMS(3, 2)), AMCT_DOUBLE, DIMS(2, 2),
                   NUMBERS(14, 2, 32, 2));
}

Test(ops_matmul, vectors_lose_the_dim_they_were_given)
{
    ops_case_gives(pair("MatMul", AMCT_FLOAT, DIMS(3), DIMS(3, 2)), AMCT_FLOAT, DIMS(2),
                   NUMBERS(14, 2));
    ops_case_gives(pair("MatMul", AMCT_FLOAT, DIMS(2, 3), DIMS(3)), AMCT_FLOAT, DIMS(2),
                   NUMBERS(5, 11));
    ops_case_gives(pair("MatMul", AMCT_FLOAT, DIMS(3), DIMS(3)), AMCT_FLOAT, SCALAR, NUMBERS(5));
}

Test(ops_matmul, stacks_broadcast)
{
    /* 2x1x1x1 by 3x1x2: each of two scalars by each of three rows */
    ops_case *c = ops_case_new("MatMul", 1);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 1, 1, 1), NUMBERS(1, 10));
    ops_case_src(c, AMCT_FLOAT, DIMS(3, 1, 2), NUMBERS(1, 2, 3, 4, 5, 6));
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 3, 1, 2),
                   NUMBERS(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60));
}

Test(ops_matmul, nothing_to_sum_is_zero)
{
    ops_case_gives(pair("MatMul", AMCT_FLOAT, DIMS(2, 0), DIMS(0, 1)), AMCT_FLOAT, DIMS(2, 1),
                   NUMBERS(0, 0));
}

Test(ops_matmul, gemm_transposes_scales_and_adds)
{
    ops_case *c = pair("Gemm", AMCT_FLOAT, DIMS(3, 2), DIMS(2, 3));
    ops_case_int(c, "transA", 1);
    ops_case_int(c, "transB", 1);
    ops_case_float(c, "alpha", 2);
    ops_case_float(c, "beta", 0.5);
    ops_case_src(c, AMCT_FLOAT, DIMS(2, 1), NUMBERS(10, 20));
    /* A' = 1 3 5, 2 4 6; B' = 1 0, -1 3, 2 1 */
    ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2),
                   NUMBERS(2 * 8 + 5, 2 * 14 + 5, 2 * 10 + 10, 2 * 18 + 10));
}

Test(ops_matmul, gemm_broadcasts_every_form_of_its_third_source)
{
    for (int form = 0; form < 5; form++) {
        ops_case *c = pair("Gemm", AMCT_FLOAT, DIMS(2, 3), DIMS(3, 2));
        amct_shape shapes[] = {SCALAR, DIMS(1), DIMS(2), DIMS(1, 2), DIMS(2, 2)};
        ops_case_src(c, AMCT_FLOAT, shapes[form], NUMBERS(1, 2, 3, 4));
        double more = form < 2 ? 1 : 2, row = form == 4 ? 2 : 0;
        ops_case_gives(c, AMCT_FLOAT, DIMS(2, 2),
                       NUMBERS(14 + 1, 2 + more, 32 + 1 + row, 2 + more + row));
    }
}

Test(ops_matmul, gemm_with_a_beta_of_zero_ignores_even_nan)
{
    ops_case *c = pair("Gemm", AMCT_FLOAT, DIMS(1, 2), DIMS(2, 1));
    ops_case_src(c, AMCT_FLOAT, DIMS(1), NUMBERS(0.0 / 0.0));
    ops_case_float(c, "beta", 0);
    ops_case_gives(c, AMCT_FLOAT, DIMS(1, 1), NUMBERS(-1));
}

/* Random codes with zero points on both sides, all layouts of Gemm, against int64 sums. */
Test(ops_matmul, codes_behind_zero_points_equal_the_naive_twin)
{
    amct_pcg rng = amct_pcg_new(5, 1);
    for (int run = 0; run < 60; run++) {
        int64_t m = 1 + amct_pcg_below(&rng, 4), k = 1 + amct_pcg_below(&rng, 9);
        int64_t n = 1 + amct_pcg_below(&rng, 4), a[64], b[64];
        bool gemm = run % 2, flip_a = gemm && run & 2, flip_b = gemm && run & 4, bias = run & 8;
        double x[64], w[64], c0[4] = {0}, wanted[16];
        int32_t zero_a = (int32_t)amct_pcg_below(&rng, 256) - 128;
        int32_t zero_b = run & 16 ? (int32_t)amct_pcg_below(&rng, 256) - 128 : 0;
        for (int64_t i = 0; i < m * k; i++)
            x[i] = (double)(a[i] = (int64_t)amct_pcg_below(&rng, 256) - 128);
        for (int64_t i = 0; i < k * n; i++)
            w[i] = (double)(b[i] = (int64_t)amct_pcg_below(&rng, 256) - 128);
        for (int64_t i = 0; gemm && bias && i < n; i++)
            c0[i] = (double)amct_pcg_below(&rng, 1000000);
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++) {
                int64_t sum = (int64_t)c0[j];
                for (int64_t p = 0; p < k; p++)
                    sum += (a[flip_a ? p * m + i : i * k + p] - zero_a) *
                           (b[flip_b ? j * k + p : p * n + j] - zero_b);
                wanted[i * n + j] = (double)sum;
            }
        ops_case *c = ops_case_new(gemm ? "Gemm" : "MatMul", 1);
        ops_case_int(c, "transA", flip_a);
        ops_case_int(c, "transB", flip_b);
        ops_case_src(c, AMCT_INT8, flip_a ? DIMS(k, m) : DIMS(m, k), x, 64);
        ops_case_src(c, AMCT_INT8, flip_b ? DIMS(n, k) : DIMS(k, n), w, 64);
        if (gemm && bias)
            ops_case_src(c, AMCT_INT32, DIMS(n), c0, 4);
        c->src[0].zero_point = zero_a;
        c->src[1].zero_point = zero_b;
        cr_assert_eq(ops_case_run(c), AMCT_OK, "%s", c->err.text);
        cr_assert_eq(c->dst[0].zero_point, 0);
        ops_case_expect(c, 0, AMCT_INT32, DIMS(m, n), wanted, (size_t)(m * n));
        ops_case_free(c);
    }
}

Test(ops_matmul, matmul_integer_subtracts_its_zero_points)
{
    ops_case *c = ops_case_new("MatMulInteger", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(2, 2), NUMBERS(10, 20, 30, 40));
    ops_case_src(c, AMCT_INT8, DIMS(2, 2), NUMBERS(1, -1, 2, -2));
    ops_case_src(c, AMCT_UINT8, DIMS(2), NUMBERS(10, 30));
    ops_case_src(c, AMCT_INT8, DIMS(2), NUMBERS(1, -2));
    ops_case_gives(c, AMCT_INT32, DIMS(2, 2), NUMBERS(10, 0, 10, 0));
    c = ops_case_new("MatMulInteger", 1);
    ops_case_src(c, AMCT_UINT8, DIMS(1, 1), NUMBERS(10));
    ops_case_src(c, AMCT_UINT8, DIMS(1, 1), NUMBERS(10));
    ops_case_gives(c, AMCT_INT32, DIMS(1, 1), NUMBERS(100));
}

Test(ops_matmul, refusals)
{
    ops_case_refuses(pair("MatMul", AMCT_FLOAT, DIMS(2, 3), DIMS(2, 3)), AMCT_E_INVALID,
                     "MatMul: shapes 2x3 and 2x3 do not multiply");
    ops_case_refuses(pair("MatMul", AMCT_FLOAT, SCALAR, DIMS(2, 3)), AMCT_E_INVALID,
                     "MatMul: input 0 is a scalar, wanted at least 1 dim");
    ops_case_refuses(pair("MatMul", AMCT_FLOAT, DIMS(2, 1, 1), DIMS(3, 1, 1)), AMCT_E_INVALID,
                     "MatMul: shapes 2 and 3 do not broadcast");
    ops_case_refuses(
        pair("MatMul", AMCT_INT32, DIMS(1, 1), DIMS(1, 1)), AMCT_E_INVALID,
        "MatMul: input is int32 and weights are int32, wanted one float type or two of 8 bits");
    ops_case *c = pair("Gemm", AMCT_FLOAT, DIMS(2, 3), DIMS(2, 3));
    ops_case_refuses(c, AMCT_E_INVALID,
                     "Gemm: shapes 2x3 and 2x3 do not multiply: inner dims are 3 and 2");
    c = pair("Gemm", AMCT_FLOAT, DIMS(2, 3, 1), DIMS(2, 3));
    ops_case_refuses(c, AMCT_E_INVALID, "Gemm: input 0 has 3 dims, wanted 2");
    c = pair("Gemm", AMCT_FLOAT, DIMS(2, 3), DIMS(3, 2));
    ops_case_src(c, AMCT_FLOAT, DIMS(3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "Gemm: input 2 of shape 3 does not broadcast to 2x2");
    c = pair("Gemm", AMCT_INT8, DIMS(2, 3), DIMS(3, 2));
    ops_case_float(c, "alpha", 2);
    ops_case_refuses(c, AMCT_E_UNSUPPORTED, "Gemm: integers need alpha and beta of 1");
    c = pair("MatMulInteger", AMCT_INT8, DIMS(2, 3), DIMS(3, 2));
    ops_case_src(c, AMCT_INT8, DIMS(3), NUMBERS(1));
    ops_case_refuses(c, AMCT_E_INVALID, "MatMulInteger: input 2 has shape 3, wanted 2");
    c = pair("MatMulInteger", AMCT_FLOAT, DIMS(2, 3), DIMS(3, 2));
    ops_case_refuses(c, AMCT_E_INVALID, "MatMulInteger: input 0 is float32, wanted int8 or uint8");
}
