#include "ops/elementwise.h"

#include "ops/broadcast.h"
#include "ops/param.h"
#include "ops/rows.h"
#include "ops/rule.h"

#include <stdlib.h>

enum { ROW = 256 };

void amct_map(const amct_value *dst, const amct_value *src, amct_map_fn *f, const double *param)
{
    double x[ROW];
    int64_t n = amct_shape_size(&dst->shape);
    for (int64_t at = 0; at < n; at += ROW) {
        int64_t row = n - at < ROW ? n - at : ROW;
        amct_row_load(x, src, at, 1, row);
        f(x, row, param);
        amct_row_store(dst, at, 1, x, row);
    }
}

void amct_map_int(const amct_value *dst, const amct_value *src, amct_map_int_fn *f,
                  const int64_t *param)
{
    int64_t x[ROW], n = amct_shape_size(&dst->shape);
    for (int64_t at = 0; at < n; at += ROW) {
        int64_t row = n - at < ROW ? n - at : ROW;
        amct_row_load_int(x, src, at, 1, row);
        f(x, row, param, src->dtype == AMCT_UINT64);
        amct_row_store_int(dst, at, 1, x, row);
    }
}

amct_status amct_map_axis(const amct_value *dst, const amct_value *src, int32_t axis,
                          amct_map_fn *f, const double *param, amct_err *err)
{
    int64_t n = src->shape.dims[axis], outer = amct_shape_count(&src->shape, 0, axis);
    int64_t inner = amct_shape_count(&src->shape, axis + 1, src->shape.rank);
    double *row = amct_rows_new(1, n);
    if (!row)
        return amct_fail_nomem(err);
    for (int64_t o = 0; n > 0 && o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            amct_row_load(row, src, o * n * inner + i, inner, n);
            f(row, n, param);
            amct_row_store(dst, o * n * inner + i, inner, row, n);
        }
    free(row);
    return AMCT_OK;
}

void amct_zip(const amct_value *dst, const amct_value *a, const amct_value *b, amct_zip_fn *f)
{
    double x[ROW], y[ROW];
    amct_walk w;
    const amct_shape *shapes[] = {&dst->shape, &a->shape, &b->shape};
    for (amct_walk_broadcast(&w, &dst->shape, 3, shapes); !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i += ROW) {
            int64_t row = w.run - i < ROW ? w.run - i : ROW;
            amct_row_load(x, a, w.at[1] + i * w.step[1], w.step[1], row);
            amct_row_load(y, b, w.at[2] + i * w.step[2], w.step[2], row);
            f(x, y, row);
            amct_row_store(dst, w.at[0] + i * w.step[0], w.step[0], x, row);
        }
}

void amct_zip_int(const amct_value *dst, const amct_value *a, const amct_value *b,
                  amct_zip_int_fn *f)
{
    int64_t x[ROW], y[ROW];
    amct_walk w;
    const amct_shape *shapes[] = {&dst->shape, &a->shape, &b->shape};
    for (amct_walk_broadcast(&w, &dst->shape, 3, shapes); !w.done; amct_walk_next(&w))
        for (int64_t i = 0; i < w.run; i += ROW) {
            int64_t row = w.run - i < ROW ? w.run - i : ROW;
            amct_row_load_int(x, a, w.at[1] + i * w.step[1], w.step[1], row);
            amct_row_load_int(y, b, w.at[2] + i * w.step[2], w.step[2], row);
            f(x, y, row, dst->dtype == AMCT_UINT64);
            amct_row_store_int(dst, w.at[0] + i * w.step[0], w.step[0], x, row);
        }
}

bool amct_dtype_is_number(uint32_t dtype)
{
    return dtype != AMCT_BOOL && amct_dtype_bits(dtype) >= 8;
}

static amct_status want_number(const amct_infer *in, uint32_t i, amct_err *err)
{
    uint32_t dtype = in->src[i]->dtype;
    if (!amct_dtype_is_number(dtype))
        return amct_fail(err, AMCT_E_INVALID, "input %u is %s, wanted a number type", i,
                         amct_dtype_name(dtype));
    return AMCT_OK;
}

amct_status amct_infer_map(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(amct_want_float(in, 0, err));
    amct_infer_dst(in, 0, in->src[0]->dtype, &in->src[0]->shape);
    return AMCT_OK;
}

amct_status amct_infer_map_number(const amct_infer *in, amct_err *err)
{
    AMCT_TRY(want_number(in, 0, err));
    amct_infer_like(&in->dst[0], in->src[0], &in->src[0]->shape);
    return AMCT_OK;
}

amct_status amct_infer_zip(const amct_infer *in, amct_err *err)
{
    amct_shape shape = in->src[0]->shape;
    AMCT_TRY(want_number(in, 0, err));
    for (uint32_t i = 1; i < in->node->n_src; i++) {
        if (!in->src[i])
            return amct_fail(err, AMCT_E_INVALID, "input %u is left out but needed", i);
        AMCT_TRY(amct_want_dtype(in, i, in->src[0]->dtype, err));
        const amct_shape *shapes[] = {&shape, &in->src[i]->shape};
        AMCT_TRY(amct_broadcast_shape(&shape, 2, shapes, err));
    }
    amct_infer_dst(in, 0, in->src[0]->dtype, &shape);
    return AMCT_OK;
}
