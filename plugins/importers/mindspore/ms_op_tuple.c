/* Values that are no tensors: tuples, numbers, monads. */
#include "ms_ops.h"

#include <string.h>

static int32_t run_make(ms_call *c)
{
    MS_TRY(ms_list_new(c->r, c->n_args, &c->result));
    if (c->n_args)
        memcpy(c->result.list->at, c->args, c->n_args * sizeof *c->args);
    return AMCT_OK;
}

/* (tuple, index): negative ones count from the end */
static int32_t run_get(ms_call *c)
{
    int64_t i;
    ms_value tuple = c->n_args ? c->args[0] : (ms_value){.kind = MS_UNSET};
    MS_TRY(ms_arg_int(c, 1, "index", 0, &i));
    if (tuple.kind == MS_TENSOR && i == 0)
        return ms_return(c, tuple.tensor);
    if (tuple.kind != MS_TUPLE)
        return ms_fail(c->r, AMCT_E_FORMAT, "takes an item of %s", ms_kind_text(tuple));
    int64_t n = tuple.list->n;
    if (i < -n || i >= n)
        return ms_fail(c->r, AMCT_E_FORMAT, "takes item %lld of %lld", (long long)i, (long long)n);
    c->result = tuple.list->at[i < 0 ? i + n : i];
    return AMCT_OK;
}

static int32_t run_length(ms_call *c)
{
    if (!c->n_args || c->args[0].kind != MS_TUPLE)
        return ms_fail(c->r, AMCT_E_FORMAT, "a tuple is wanted");
    c->result = ms_int(c->args[0].list->n);
    return AMCT_OK;
}

/* A tuple of sizes as a tensor, a constant tensor as a tuple: both are read alike. */
static int32_t run_keep(ms_call *c)
{
    if (!c->n_args)
        return ms_fail(c->r, AMCT_E_FORMAT, "has no input");
    c->result = c->args[0];
    return AMCT_OK;
}

/* (number, type) */
static int32_t run_scalar_tensor(ms_call *c)
{
    double number;
    ms_tensor hint, *t;
    if (c->n_args && c->args[0].kind == MS_OPEN)
        return run_keep(c);
    MS_TRY(ms_arg_number(c, 0, "value", 0, &number));
    MS_TRY(ms_hint(c, 0, &hint));
    MS_TRY(ms_const_number(c->r, c->label, hint.dtype ? hint.dtype : AMCT_FLOAT, number, &t));
    return ms_return(c, t);
}

static int32_t run_scalar_cast(ms_call *c)
{
    double number;
    if (c->n_args && c->args[0].kind != MS_FLOAT)
        return run_keep(c);
    MS_TRY(ms_arg_number(c, 0, "value", 0, &number));
    c->result = (ms_value){.kind = MS_FLOAT, .f = number};
    return AMCT_OK;
}

static int32_t run_monad(ms_call *c)
{
    c->result = (ms_value){.kind = MS_MONAD};
    return AMCT_OK;
}

/* A change of a parameter would be seen by others. */
static int32_t run_assign(ms_call *c)
{
    return ms_fail(c->r, AMCT_E_UNSUPPORTED,
                   "changes a parameter while the network runs, which is not supported; export the "
                   "network for inference (net.set_train(False))");
}

static int32_t run_control(ms_call *c)
{
    return ms_fail(c->r, AMCT_E_UNSUPPORTED,
                   "control flow is not supported; export the network without it");
}

const ms_op ms_ops_tuple[] = {
    {"MakeTuple", run_make, NULL},
    {"MakeList", run_make, NULL},
    {"make_tuple", run_make, NULL},
    {"make_list", run_make, NULL},
    {"TupleGetItem", run_get, NULL},
    {"ListGetItem", run_get, NULL},
    {"tuple_getitem", run_get, NULL},
    {"list_getitem", run_get, NULL},
    {"RealTupleGetItem", run_get, NULL},
    {"RealMakeTuple", run_make, NULL},
    {"sequence_len", run_length, NULL},
    {"TupleToTensor", run_keep, NULL},
    {"ListToTensor", run_keep, NULL},
    {"TensorToTuple", run_keep, NULL},
    {"TensorToList", run_keep, NULL},
    {"TensorToScalar", run_keep, NULL},
    {"ScalarToTensor", run_scalar_tensor, NULL},
    {"ScalarCast", run_scalar_cast, NULL},
    {"UpdateState", run_monad, NULL},
    {"Assign", run_assign, NULL},
    {"AssignAdd", run_assign, NULL},
    {"AssignSub", run_assign, NULL},
    {"SwitchLayer", run_control, NULL},
    {"switch_layer", run_control, NULL},
    {"While", run_control, NULL},
    {"Scan", run_control, NULL},
    {"ForiLoop", run_control, NULL},
};
MS_FAMILY(tuple);
