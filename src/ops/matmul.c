/* MatMul and Gemm, of floats and in the deploy form (int32 sums of 8-bit codes), MatMulInteger. */
#include "ops/broadcast.h"
#include "ops/product.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <stdlib.h>

static amct_status infer_matmul(const amct_infer *in, amct_err *err)
{
    amct_matmul m;
    uint32_t dtype;
    AMCT_TRY(amct_product_dtype(&dtype, in->src[0]->dtype, in->src[1]->dtype, err));
    AMCT_TRY(amct_matmul_make(&m, &in->src[0]->shape, &in->src[1]->shape, err));
    amct_infer_dst(in, 0, dtype, &m.result);
    return AMCT_OK;
}

static amct_status run_matmul(const amct_call *call, amct_err *err)
{
    amct_matrix a = {.value = call->src[0], .zero = call->src[0]->zero_point};
    amct_matrix b = {.value = call->src[1], .zero = call->src[1]->zero_point};
    amct_matmul m;
    AMCT_TRY(amct_matmul_make(&m, &a.value->shape, &b.value->shape, err));
    return amct_matmul_run(&m, &a, &b, call->dst[0], NULL, NULL, err);
}

static amct_status infer_matmul_integer(const amct_infer *in, amct_err *err)
{
    amct_matmul m;
    for (uint32_t i = 0; i < 2; i++)
        if (in->src[i]->dtype != AMCT_INT8 && in->src[i]->dtype != AMCT_UINT8)
            return amct_fail(err, AMCT_E_INVALID, "input %u is %s, wanted int8 or uint8", i,
                             amct_dtype_name(in->src[i]->dtype));
    AMCT_TRY(amct_matmul_make(&m, &in->src[0]->shape, &in->src[1]->shape, err));
    for (uint32_t i = 2; i < 4; i++)
        if (amct_infer_src(in, i)) {
            AMCT_TRY(amct_want_dtype(in, i, in->src[i - 2]->dtype, err));
            if (amct_want_one(in, i, err) != AMCT_OK)
                AMCT_TRY(amct_want_vector(in, i, i == 2 ? m.rows : m.cols, err));
        }
    amct_infer_dst(in, 0, AMCT_INT32, &m.result);
    return AMCT_OK;
}

static amct_status run_matmul_integer(const amct_call *call, amct_err *err)
{
    amct_matrix a = {.value = call->src[0], .zeros = amct_call_src(call, 2)};
    amct_matrix b = {.value = call->src[1], .zeros = amct_call_src(call, 3)};
    amct_matmul m;
    AMCT_TRY(amct_matmul_make(&m, &a.value->shape, &b.value->shape, err));
    return amct_matmul_run(&m, &a, &b, call->dst[0], NULL, NULL, err);
}

/* The operands of Gemm as matrices, transposed where the node says so. */
static void gemm_matrix(amct_matrix *m, int64_t *rows, int64_t *cols, const amct_shape *shape,
                        bool transposed)
{
    *rows = shape->dims[transposed];
    *cols = shape->dims[!transposed];
    m->row_step = transposed ? 1 : *cols;
    m->col_step = transposed ? *rows : 1;
}

static amct_status infer_gemm(const amct_infer *in, amct_err *err)
{
    char one[128], other[128];
    const amct_tensor *a = in->src[0], *b = in->src[1], *c = amct_infer_src(in, 2);
    amct_matrix unused;
    int64_t rows, shared, other_shared, cols;
    uint32_t dtype;
    AMCT_TRY(amct_product_dtype(&dtype, a->dtype, b->dtype, err));
    for (uint32_t i = 0; i < 2; i++)
        if (in->src[i]->shape.rank != 2)
            return amct_fail(err, AMCT_E_INVALID, "input %u has %d dims, wanted 2", i,
                             in->src[i]->shape.rank);
    gemm_matrix(&unused, &rows, &shared, &a->shape, amct_node_int(in->node, "transA", 0) != 0);
    gemm_matrix(&unused, &other_shared, &cols, &b->shape,
                amct_node_int(in->node, "transB", 0) != 0);
    if (shared != other_shared)
        return amct_fail(err, AMCT_E_INVALID,
                         "shapes %s and %s do not multiply: inner dims are %lld and %lld",
                         amct_shape_print(&a->shape, one, sizeof one),
                         amct_shape_print(&b->shape, other, sizeof other), (long long)shared,
                         (long long)other_shared);
    amct_shape shape = amct_shape_of(2, (int64_t[]){rows, cols});
    if (c) {
        AMCT_TRY(amct_want_dtype(in, 2, dtype, err));
        if (!amct_broadcast_fits(&c->shape, &shape))
            return amct_fail(err, AMCT_E_INVALID, "input 2 of shape %s does not broadcast to %s",
                             amct_shape_print(&c->shape, one, sizeof one),
                             amct_shape_print(&shape, other, sizeof other));
    }
    if (dtype == AMCT_INT32 &&
        (amct_node_float(in->node, "alpha", 1) != 1 || amct_node_float(in->node, "beta", 1) != 1))
        return amct_fail(err, AMCT_E_UNSUPPORTED, "integers need alpha and beta of 1");
    amct_infer_dst(in, 0, dtype, &shape);
    return AMCT_OK;
}

/* sums = alpha * sums + beta * c */
static void gemm_finish(double *sums, double alpha, double beta, const amct_value *c,
                        const amct_shape *shape)
{
    amct_walk w;
    int64_t n = amct_shape_size(shape);
    for (int64_t i = 0; i < n; i++)
        sums[i] *= alpha;
    if (!c || beta == 0)
        return;
    const amct_shape *shapes[] = {shape, &c->shape};
    for (amct_walk_broadcast(&w, shape, 2, shapes); !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i++)
            sums[w.at[0] + i * w.step[0]] += beta * amct_value_get(c, w.at[1] + i * w.step[1]);
}

static amct_status run_gemm(const amct_call *call, amct_err *err)
{
    amct_matrix a = {.value = call->src[0], .zero = call->src[0]->zero_point};
    amct_matrix b = {.value = call->src[1], .zero = call->src[1]->zero_point};
    int64_t rows, shared, cols;
    gemm_matrix(&a, &rows, &shared, &a.value->shape, amct_node_int(call->node, "transA", 0) != 0);
    gemm_matrix(&b, &shared, &cols, &b.value->shape, amct_node_int(call->node, "transB", 0) != 0);
    double *sums = amct_rows_new(rows, cols), *room = amct_rows_new(1, rows + 2 * cols);
    amct_status status = sums && room ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        amct_product_add(sums, room, &a, &b, rows, shared, cols);
        gemm_finish(sums, amct_node_float(call->node, "alpha", 1),
                    amct_node_float(call->node, "beta", 1), amct_call_src(call, 2),
                    &call->dst[0]->shape);
        amct_row_store(call->dst[0], 0, 1, sums, rows * cols);
    }
    free(sums);
    free(room);
    return status;
}

const amct_op amct_ops_matmul[] = {
    {"MatMul", 2, 2, 1, infer_matmul, run_matmul},
    {"MatMulInteger", 2, 4, 1, infer_matmul_integer, run_matmul_integer},
    {"Gemm", 2, 3, 1, infer_gemm, run_gemm},
};
const size_t amct_n_ops_matmul = sizeof amct_ops_matmul / sizeof *amct_ops_matmul;
