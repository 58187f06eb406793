/* Tensors out of numbers. */
#include "ms_ops.h"

#include <math.h>
#include <string.h>

enum { MAX_RANGE = 1 << 16 };

/* dims times the number. */
static int32_t fill(ms_call *c, const int64_t *dims, uint32_t n, uint32_t dtype, double number)
{
    ms_build b = ms_begin(c, "Expand", NULL);
    const ms_tensor like = {.dtype = dtype, .rank = -1};
    ms_in_number(&b, "number", dtype, number);
    ms_in_ints(&b, "dims", dims, n);
    return ms_finish(&b, &like);
}

static uint32_t type_of(ms_value type, uint32_t otherwise)
{
    return type.kind == MS_TYPE  ? (uint32_t)type.i
           : type.kind == MS_INT ? ms_dtype_of_id(type.i)
                                 : otherwise;
}

/* The type that the file says, else that of the argument. */
static int32_t read_type(ms_call *c, uint32_t at, uint32_t otherwise, uint32_t *out)
{
    ms_tensor hint;
    ms_value type;
    MS_TRY(ms_hint(c, 0, &hint));
    MS_TRY(ms_arg(c, at, "dtype", &type));
    *out = hint.dtype ? hint.dtype : type_of(type, otherwise);
    return AMCT_OK;
}

/* (type, shape, value); FillV2 is (shape, value) */
static int32_t run_fill(ms_call *c)
{
    bool second = strcmp(c->op, "FillV2") == 0;
    int64_t dims[MS_MAX_RANK];
    uint32_t n, dtype;
    double number;
    ms_value v;
    MS_TRY(ms_arg_ints(c, second ? 0 : 1, "shape", dims, MS_MAX_RANK, &n));
    MS_TRY(ms_arg_number(c, second ? 1 : 2, "value", 0, &number));
    MS_TRY(ms_arg(c, second ? 1 : 2, "value", &v));
    MS_TRY(read_type(c, second ? MS_ATTR : 0, v.kind == MS_TENSOR ? v.tensor->dtype : AMCT_FLOAT,
                     &dtype));
    return fill(c, dims, n, dtype, number);
}

/* (shape, type) */
static int32_t run_zeros(ms_call *c)
{
    int64_t dims[MS_MAX_RANK];
    uint32_t n, dtype;
    MS_TRY(ms_arg_ints(c, 0, "shape", dims, MS_MAX_RANK, &n));
    MS_TRY(read_type(c, 1, AMCT_FLOAT, &dtype));
    return fill(c, dims, n, dtype, strcmp(c->op, "Ones") == 0);
}

static int32_t run_like(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    for (int32_t d = 0; d < x->rank; d++)
        if (x->dims[d] < 0)
            return ms_unsupported(c, "a dim that is not known");
    return fill(c, x->dims, (uint32_t)x->rank, x->dtype, strncmp(c->op, "Ones", 4) == 0);
}

/* (start, end, step) of whole numbers */
static int32_t run_range(ms_call *c)
{
    double start, end, step;
    uint32_t dtype;
    ms_tensor *t;
    MS_TRY(ms_arg_number(c, 0, "start", 0, &start));
    MS_TRY(ms_arg_number(c, 1, "limit", 0, &end));
    MS_TRY(ms_arg_number(c, 2, "delta", 1, &step));
    MS_TRY(read_type(c, 3, AMCT_INT64, &dtype));
    double n = ceil((end - start) / step);
    if (dtype != AMCT_INT64 && dtype != AMCT_INT32)
        return ms_unsupported(c, "a type other than int32 and int64");
    if (!(n >= 0 && n <= MAX_RANGE) || fabs(start) > INT32_MAX || fabs(step) > INT32_MAX)
        return ms_fail(c->r, AMCT_E_LIMIT, "a range of %g numbers, at most %d wanted", n,
                       MAX_RANGE);
    int64_t *ints = import_alloc(&c->r->memory, (size_t)n, sizeof *ints);
    if (!ints)
        return ms_nomem(c->r);
    for (size_t i = 0; i < (size_t)n; i++)
        ints[i] = (int64_t)(start + (double)i * step);
    MS_TRY(ms_const_ints(c->r, c->label, ints, (uint32_t)n, &t));
    if (dtype == AMCT_INT64)
        return ms_return(c, t);
    ms_build b = ms_begin(c, "Cast", "narrow");
    ms_in(&b, t);
    ms_set_int(&b, "to", dtype);
    t->dtype = dtype;
    int32_t status = ms_finish(&b, t);
    t->dtype = AMCT_INT64;
    return status;
}

const ms_op ms_ops_make[] = {
    {"Fill", run_fill, NULL},         {"FillV2", run_fill, NULL},   {"FillScalar", run_fill, NULL},
    {"Zeros", run_zeros, NULL},       {"Ones", run_zeros, NULL},    {"ZerosLike", run_like, NULL},
    {"ZerosLikeExt", run_like, NULL}, {"OnesLike", run_like, NULL}, {"OnesLikeExt", run_like, NULL},
    {"Range", run_range, NULL},
};
MS_FAMILY(make);
