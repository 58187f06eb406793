#include "ops/product.h"

#include "ops/broadcast.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <stdlib.h>

static double zero_of(const amct_matrix *m, int64_t i)
{
    return m->zeros ? amct_value_each(m->zeros, i) : m->zero;
}

void amct_product_add(double *sums, double *room, const amct_matrix *a, const amct_matrix *b,
                      int64_t rows, int64_t shared, int64_t cols)
{
    /* k outermost: each element is converted once, and the inner loop has no chain of sums */
    double *left = room, *right = room + rows, *zeros = right + cols;
    for (int64_t c = 0; c < cols; c++)
        zeros[c] = zero_of(b, c);
    for (int64_t k = 0; k < shared; k++) {
        amct_row_load(left, a->value, a->at + k * a->col_step, a->row_step, rows);
        amct_row_load(right, b->value, b->at + k * b->row_step, b->col_step, cols);
        for (int64_t c = 0; c < cols; c++)
            right[c] -= zeros[c];
        for (int64_t r = 0; r < rows; r++) {
            double factor = left[r] - zero_of(a, r);
            for (int64_t c = 0; c < cols; c++)
                sums[r * cols + c] += factor * right[c];
        }
    }
}

static amct_shape stack_of(const amct_shape *shape)
{
    return amct_shape_of(shape->rank > 2 ? shape->rank - 2 : 0, shape->dims);
}

amct_status amct_matmul_make(amct_matmul *out, const amct_shape *a, const amct_shape *b,
                             amct_err *err)
{
    char one[128], other[128];
    if (a->rank < 1 || b->rank < 1)
        return amct_fail(err, AMCT_E_INVALID, "input %d is a scalar, wanted at least 1 dim",
                         a->rank < 1 ? 0 : 1);
    amct_matmul m = {.a_stack = stack_of(a), .b_stack = stack_of(b)};
    m.rows = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    m.cols = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    m.shared = a->dims[a->rank - 1];
    if (b->dims[b->rank > 1 ? b->rank - 2 : 0] != m.shared)
        return amct_fail(err, AMCT_E_INVALID, "shapes %s and %s do not multiply",
                         amct_shape_print(a, one, sizeof one),
                         amct_shape_print(b, other, sizeof other));
    const amct_shape *stacks[] = {&m.a_stack, &m.b_stack};
    AMCT_TRY(amct_broadcast_shape(&m.stack, 2, stacks, err));
    m.result = m.stack;
    if (a->rank > 1)
        m.result.dims[m.result.rank++] = m.rows;
    if (b->rank > 1)
        m.result.dims[m.result.rank++] = m.cols;
    *out = m;
    return AMCT_OK;
}

amct_status amct_matmul_run(const amct_matmul *m, const amct_matrix *a, const amct_matrix *b,
                            const amct_value *dst,
                            void (*finish)(const void *ctx, double *sums, int64_t rows,
                                           int64_t cols),
                            const void *ctx, amct_err *err)
{
    amct_matrix left = *a, right = *b;
    const amct_shape *shapes[] = {&m->stack, &m->a_stack, &m->b_stack};
    int64_t n = m->rows * m->cols;
    double *sums = amct_rows_new(m->rows, m->cols), *room = amct_rows_new(1, m->rows + 2 * m->cols);
    amct_status status = sums && room ? AMCT_OK : amct_fail_nomem(err);
    left.row_step = m->shared, left.col_step = 1;
    right.row_step = m->cols, right.col_step = 1;
    amct_walk w;
    amct_walk_broadcast(&w, &m->stack, 3, shapes);
    for (; status == AMCT_OK && !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i++) {
            for (int64_t k = 0; k < n; k++)
                sums[k] = 0;
            left.at = (w.at[1] + i * w.step[1]) * m->rows * m->shared;
            right.at = (w.at[2] + i * w.step[2]) * m->shared * m->cols;
            amct_product_add(sums, room, &left, &right, m->rows, m->shared, m->cols);
            if (finish)
                finish(ctx, sums, m->rows, m->cols);
            amct_row_store(dst, (w.at[0] + i * w.step[0]) * n, 1, sums, n);
        }
    free(sums);
    free(room);
    return status;
}
