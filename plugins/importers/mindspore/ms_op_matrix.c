/* Products of matrices. */
#include "ms_ops.h"

#include <string.h>

static int32_t transpose(ms_call *c, const char *part, ms_tensor *x, ms_tensor **out)
{
    int64_t perm[MS_MAX_RANK], dims[MS_MAX_RANK];
    if (x->rank < 2)
        return ms_unsupported(c, "a transposed factor of less than 2 dims");
    for (int32_t d = 0; d < x->rank; d++) {
        perm[d] = d < x->rank - 2 ? d : 2 * x->rank - 3 - d;
        dims[d] = x->dims[perm[d]];
    }
    ms_build b = ms_begin(c, "Transpose", part);
    ms_in(&b, x);
    ms_set_ints(&b, "perm", perm, (uint32_t)x->rank);
    return ms_end(&b, x->dtype, x->rank, dims, out);
}

/* Of two matrices a Gemm, so that weights stay as they are stored. */
static int32_t product(ms_call *c, ms_tensor *x, ms_tensor *y, ms_tensor *bias, bool turn_x,
                       bool turn_y)
{
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    if (x->rank == 2 && y->rank == 2 && (!bias || bias->rank <= 2)) {
        ms_build b = ms_begin(c, "Gemm", NULL);
        ms_in(&b, x);
        ms_in(&b, y);
        if (bias)
            ms_in(&b, bias);
        ms_set_int(&b, "transA", turn_x);
        ms_set_int(&b, "transB", turn_y);
        return ms_finish(&b, &like);
    }
    if (turn_x)
        MS_TRY(transpose(c, "left", x, &x));
    if (turn_y)
        MS_TRY(transpose(c, "right", y, &y));
    ms_build b = ms_begin(c, "MatMul", bias ? "product" : NULL);
    ms_in(&b, x);
    ms_in(&b, y);
    if (!bias)
        return ms_finish(&b, &like);
    ms_tensor *t;
    MS_TRY(ms_end(&b, x->dtype, -1, NULL, &t));
    ms_build add = ms_begin(c, "Add", NULL);
    ms_in(&add, t);
    ms_in(&add, bias);
    return ms_finish(&add, &like);
}

/* (x, y, transpose_a, transpose_b) */
static int32_t run_matmul(ms_call *c)
{
    ms_tensor *x, *y;
    bool turn_x, turn_y;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ranked(c, 1, &y));
    MS_TRY(ms_arg_bool(c, 2, "transpose_a", false, &turn_x));
    MS_TRY(ms_arg_bool(c, 3, "transpose_b", false, &turn_y));
    return product(c, x, y, NULL, turn_x, turn_y);
}

/* mint: (x, y) */
static int32_t run_matmul_ext(ms_call *c)
{
    ms_tensor *x, *y;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ranked(c, 1, &y));
    return product(c, x, y, NULL, false, false);
}

/* (x, weight, bias): x times the transposed weight */
static int32_t run_dense(ms_call *c)
{
    ms_tensor *x, *weight, *bias;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ranked(c, 1, &weight));
    MS_TRY(ms_arg_optional(c, 2, &bias));
    return product(c, x, weight, bias, false, true);
}

const ms_op ms_ops_matrix[] = {
    {"MatMul", run_matmul, NULL},        {"BatchMatMul", run_matmul, NULL},
    {"MatMulExt", run_matmul_ext, NULL}, {"BatchMatMulExt", run_matmul_ext, NULL},
    {"Mm", run_matmul_ext, NULL},        {"Dense", run_dense, NULL},
};
MS_FAMILY(matrix);
