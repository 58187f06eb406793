/* Sums, means and extremes over dims. */
#include "torch_aten.h"

#include <string.h>

/* The dims of argument 1; none are all. */
static int32_t read_axes(torch_call *c, const torch_tensor *x, int64_t *axes, uint32_t *n)
{
    TORCH_TRY(torch_arg_list(c, 1, "dim", axes, n));
    for (uint32_t i = 0; x->rank >= 0 && i < *n; i++) {
        int64_t limit = x->rank ? x->rank : 1;
        if (axes[i] < -limit || axes[i] >= limit)
            return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: dim %lld of a tensor with %d",
                              c->name, (long long)axes[i], x->rank);
        if (axes[i] < 0)
            axes[i] += limit;
    }
    return AMCT_OK;
}

static void dims_after(const torch_tensor *x, const int64_t *axes, uint32_t n, bool keep,
                       int32_t *rank, int64_t *dims)
{
    *rank = x->rank < 0 ? -1 : 0;
    for (int32_t d = 0; d < x->rank; d++) {
        bool gone = n == 0;
        for (uint32_t i = 0; i < n; i++)
            gone |= axes[i] == d;
        if (!gone)
            dims[(*rank)++] = x->dims[d];
        else if (keep)
            dims[(*rank)++] = 1;
    }
}

static int32_t reduce(torch_call *c, const char *op, const char *part, torch_tensor *x,
                      const int64_t *axes, uint32_t n, bool keep, torch_tensor **out)
{
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK];
    dims_after(x, axes, n, keep, &rank, dims);
    torch_node node = torch_begin(c, op, part);
    torch_src(&node, x);
    if (n)
        torch_src_ints(&node, part ? "axes_of_part" : "axes", axes, n);
    torch_attr_int(&node, "keepdims", keep);
    return torch_end(&node, x->dtype, rank, dims, out);
}

static int32_t run_reduce(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int64_t axes[AMCT_MAX_RANK];
    uint32_t n;
    TORCH_TRY(read_axes(c, x, axes, &n));
    TORCH_TRY(reduce(c, c->op, NULL, x, axes, n, torch_arg_bool(c, 2, false), &out));
    return torch_return(c, out);
}

static int32_t run_all(torch_call *c)
{
    torch_tensor *out;
    TORCH_TRY(reduce(c, c->op, NULL, torch_arg_tensor(c, 0), NULL, 0, false, &out));
    return torch_return(c, out);
}

/* max and min along a dim give values and indices. */
static int32_t run_extreme(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *values, *indices;
    int32_t dim;
    bool keep = torch_arg_bool(c, 2, false);
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    int64_t axis = dim;
    TORCH_TRY(reduce(c, c->op, NULL, x, &axis, 1, keep, &values));
    torch_node node =
        torch_begin(c, strcmp(c->op, "ReduceMax") == 0 ? "ArgMax" : "ArgMin", "indices");
    torch_src(&node, x);
    torch_attr_int(&node, "axis", dim);
    torch_attr_int(&node, "keepdims", keep);
    TORCH_TRY(torch_end(&node, AMCT_INT64, values->rank, values->dims, &indices));
    TORCH_TRY(torch_list_new(c->r, TORCH_TUPLE, 2, &c->result));
    c->result.list->at[0] = torch_of(values);
    c->result.list->at[1] = torch_of(indices);
    return AMCT_OK;
}

static int32_t run_arg(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int32_t dim, rank;
    bool keep = torch_arg_bool(c, 2, false);
    int64_t dims[AMCT_MAX_RANK];
    if (!torch_arg_given(c, 1))
        return torch_unsupported(c, "the place in the whole tensor");
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    int64_t axis = dim;
    dims_after(x, &axis, 1, keep, &rank, dims);
    torch_node node = torch_begin(c, c->op, NULL);
    torch_src(&node, x);
    torch_attr_int(&node, "axis", dim);
    torch_attr_int(&node, "keepdims", keep);
    TORCH_TRY(torch_end(&node, AMCT_INT64, rank, dims, &out));
    return torch_return(c, out);
}

/* The mean of squares of what differs from the mean, times n / (n - correction). */
static int32_t variance(torch_call *c, double correction, bool keep, bool root)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *mean, *t, *out;
    int64_t axes[AMCT_MAX_RANK], count = 1;
    uint32_t n;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(read_axes(c, x, axes, &n));
    for (int32_t d = 0; d < x->rank; d++) {
        bool in = n == 0;
        for (uint32_t i = 0; i < n; i++)
            in |= axes[i] == d;
        if (in && (x->dims[d] < 0 || __builtin_mul_overflow(count, x->dims[d], &count)))
            count = correction ? -1 : 1;
    }
    double factor = (double)count / ((double)count - correction);
    if (count < 1 || factor <= 0 || (double)count <= correction)
        return torch_unsupported(c, "a correction for a number of elements that is not known");
    TORCH_TRY(reduce(c, "ReduceMean", "mean", x, axes, n, true, &mean));
    TORCH_TRY(torch_binary(c, "Sub", "centred", x, mean, &t));
    TORCH_TRY(torch_binary(c, "Mul", "square", t, t, &t));
    TORCH_TRY(
        reduce(c, "ReduceMean", root || factor != 1 ? "moment" : NULL, t, axes, n, keep, &out));
    if (factor != 1) {
        torch_node mul = torch_begin(c, "Mul", root ? "corrected" : NULL);
        torch_src(&mul, out);
        torch_src_number(&mul, "factor", out->dtype, factor);
        TORCH_TRY(torch_end(&mul, out->dtype, out->rank, out->dims, &out));
    }
    if (root)
        TORCH_TRY(torch_unary(c, "Sqrt", NULL, out, &out));
    return torch_return(c, out);
}

static int32_t run_variance(torch_call *c)
{
    return variance(c, torch_arg_number(c, 2, 1), torch_arg_bool(c, 3, false),
                    strcmp(c->op, "std") == 0);
}

static int32_t run_variance_unbiased(torch_call *c)
{
    return variance(c, torch_arg_bool(c, 2, true), torch_arg_bool(c, 3, false),
                    strcmp(c->op, "std") == 0);
}

static int32_t run_norm(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    double p = torch_arg_number(c, 1, 2);
    c->args[1] = c->args[2];
    c->args[2] = c->args[3];
    int64_t axes[AMCT_MAX_RANK];
    uint32_t n;
    if (p != 1 && p != 2)
        return torch_unsupported(c, "a norm other than the first and second");
    TORCH_TRY(read_axes(c, x, axes, &n));
    TORCH_TRY(reduce(c, p == 1 ? "ReduceL1" : "ReduceL2", NULL, x, axes, n,
                     torch_arg_bool(c, 2, false), &out));
    return torch_return(c, out);
}

#define DIMS    "t:self|I:dim b:keepdim *:dtype"
#define NORM    "t:self|n:p I:dim b:keepdim *:dtype"
#define ONE_DIM "t:self i:dim|b:keepdim"

const torch_aten torch_aten_reduce[] = {
    {"mean", DIMS, run_reduce, "ReduceMean"},
    {"sum", DIMS, run_reduce, "ReduceSum"},
    {"amax", DIMS, run_reduce, "ReduceMax"},
    {"amin", DIMS, run_reduce, "ReduceMin"},
    {"max", "t:self", run_all, "ReduceMax"},
    {"min", "t:self", run_all, "ReduceMin"},
    {"max", ONE_DIM, run_extreme, "ReduceMax"},
    {"min", ONE_DIM, run_extreme, "ReduceMin"},
    {"prod", "t:self|I:dim b:keepdim *:dtype", run_reduce, "ReduceProd"},
    {"logsumexp", DIMS, run_reduce, "ReduceLogSumExp"},
    {"argmax", "t:self|i:dim b:keepdim", run_arg, "ArgMax"},
    {"argmin", "t:self|i:dim b:keepdim", run_arg, "ArgMin"},
    {"var", "t:self|I:dim n:correction b:keepdim", run_variance, NULL},
    {"var", "t:self|I:dim b:unbiased b:keepdim", run_variance_unbiased, NULL},
    {"std", "t:self|I:dim n:correction b:keepdim", run_variance, NULL},
    {"std", "t:self|I:dim b:unbiased b:keepdim", run_variance_unbiased, NULL},
    {"norm", NORM, run_norm, NULL},
    {"frobenius_norm", "t:self|I:dim b:keepdim", run_reduce, "ReduceL2"},
    {"linalg_vector_norm", "t:self|n:ord I:dim b:keepdim *:dtype", run_norm, NULL},
};
TORCH_FAMILY(reduce);
