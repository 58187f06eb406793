/* Reductions along axes. */
#include "ms_ops.h"

#include <string.h>

/* (x, axes, keep_dims): no axes are all of them */
static int32_t run_reduce(ms_call *c)
{
    ms_tensor *x;
    int64_t axes[MS_MAX_RANK];
    uint32_t n;
    bool keep;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "axis", axes, MS_MAX_RANK, &n));
    MS_TRY(ms_arg_bool(c, 2, "keep_dims", false, &keep));
    ms_build b = ms_begin(c, c->onnx, NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    if (n)
        ms_in_ints(&b, "axes", axes, n);
    ms_set_int(&b, "keepdims", keep);
    return ms_finish(&b, &like);
}

/* (x, axis, type of the result) */
static int32_t run_arg(ms_call *c)
{
    ms_tensor *x, hint, *out;
    int64_t axis;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "axis", -1, &axis));
    MS_TRY(ms_hint(c, 0, &hint));
    bool cast = hint.dtype && hint.dtype != AMCT_INT64;
    ms_build b = ms_begin(c, c->onnx, cast ? "index" : NULL);
    ms_in(&b, x);
    ms_set_int(&b, "axis", axis);
    ms_set_int(&b, "keepdims", 0);
    MS_TRY(ms_end(&b, AMCT_INT64, hint.rank, hint.dims, &out));
    if (!cast)
        return ms_return(c, out);
    ms_build to = ms_begin(c, "Cast", NULL);
    ms_in(&to, out);
    ms_set_int(&to, "to", hint.dtype);
    return ms_finish(&to, &hint);
}

/* (x, axis, keep_dims): index and value */
static int32_t run_arg_with_value(ms_call *c)
{
    ms_tensor *x, hint, *index, *value;
    int64_t axis;
    bool keep, max = strcmp(c->op, "ArgMaxWithValue") == 0;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "axis", 0, &axis));
    MS_TRY(ms_arg_bool(c, 2, "keep_dims", false, &keep));
    MS_TRY(ms_hint(c, 0, &hint));
    ms_build b = ms_begin(c, max ? "ArgMax" : "ArgMin", "position");
    ms_in(&b, x);
    ms_set_int(&b, "axis", axis);
    ms_set_int(&b, "keepdims", keep);
    MS_TRY(ms_end(&b, AMCT_INT64, hint.rank, hint.dims, &index));
    uint32_t dtype = hint.dtype ? hint.dtype : AMCT_INT32;
    ms_build to = ms_begin(c, "Cast", "index");
    ms_in(&to, index);
    ms_set_int(&to, "to", dtype);
    MS_TRY(ms_end(&to, dtype, hint.rank, hint.dims, &index));
    ms_build most = ms_begin(c, max ? "ReduceMax" : "ReduceMin", NULL);
    ms_in(&most, x);
    ms_in_ints(&most, "axes", &axis, 1);
    ms_set_int(&most, "keepdims", keep);
    MS_TRY(ms_end(&most, x->dtype, hint.rank, hint.dims, &value));
    MS_TRY(ms_list_new(c->r, 2, &c->result));
    c->result.list->at[0] = ms_of(index);
    c->result.list->at[1] = ms_of(value);
    return AMCT_OK;
}

/* (x, axis, exclusive, reverse) */
static int32_t run_cum_sum(ms_call *c)
{
    ms_tensor *x;
    int64_t axis;
    bool exclusive, reverse;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "axis", 0, &axis));
    MS_TRY(ms_arg_bool(c, 2, "exclusive", false, &exclusive));
    MS_TRY(ms_arg_bool(c, 3, "reverse", false, &reverse));
    ms_tensor *at;
    const char *name = ms_name(c, "axis");
    if (!name)
        return ms_nomem(c->r);
    MS_TRY(ms_const_number(c->r, name, AMCT_INT64, (double)axis, &at));
    ms_build b = ms_begin(c, "CumSum", NULL);
    ms_in(&b, x);
    ms_in(&b, at);
    ms_set_int(&b, "exclusive", exclusive);
    ms_set_int(&b, "reverse", reverse);
    return ms_finish(&b, x);
}

const ms_op ms_ops_reduce[] = {
    {"ReduceMean", run_reduce, "ReduceMean"},
    {"ReduceSum", run_reduce, "ReduceSum"},
    {"ReduceMax", run_reduce, "ReduceMax"},
    {"ReduceMin", run_reduce, "ReduceMin"},
    {"ReduceProd", run_reduce, "ReduceProd"},
    {"MeanExt", run_reduce, "ReduceMean"},
    {"SumExt", run_reduce, "ReduceSum"},
    {"ProdExt", run_reduce, "ReduceProd"},
    {"Max", run_reduce, "ReduceMax"},
    {"Min", run_reduce, "ReduceMin"},
    {"Argmax", run_arg, "ArgMax"},
    {"ArgMax", run_arg, "ArgMax"},
    {"Argmin", run_arg, "ArgMin"},
    {"ArgMin", run_arg, "ArgMin"},
    {"ArgMaxWithValue", run_arg_with_value, NULL},
    {"ArgMinWithValue", run_arg_with_value, NULL},
    {"CumSum", run_cum_sum, NULL},
};
MS_FAMILY(reduce);
