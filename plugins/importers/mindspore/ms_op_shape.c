/* The same elements in other dims, and what dims there are. */
#include "ms_ops.h"

#include <string.h>

/* A tuple that says dims, one of which may only be known when the network runs. -1 stands for it
 * where no other one does; else it is taken to be the dim at the same place of x, as a batch is. */
static int32_t read_dims(ms_call *c, ms_value v, int64_t *dims, uint32_t *n)
{
    uint32_t open = 0, free = 0;
    *n = 0;
    if (v.kind != MS_TUPLE)
        return ms_ints_of(c, v, "the shape", dims, MS_MAX_RANK, n);
    if (v.list->n > MS_MAX_RANK)
        return ms_fail(c->r, AMCT_E_LIMIT, "a shape of %u dims, at most %d wanted", v.list->n,
                       MS_MAX_RANK);
    for (uint32_t i = 0; i < v.list->n; i++) {
        ms_value dim = v.list->at[i];
        uint32_t one;
        open += dim.kind == MS_OPEN;
        dims[i] = 0;
        if (dim.kind != MS_OPEN)
            MS_TRY(ms_ints_of(c, dim, "a dim", &dims[i], 1, &one));
        free += dims[i] == -1;
    }
    for (uint32_t i = 0; i < v.list->n; i++)
        if (v.list->at[i].kind == MS_OPEN)
            dims[i] = open == 1 && !free ? -1 : 0;
    *n = v.list->n;
    if (open > 1)
        return ms_unsupported(c, "a shape with several dims that are not known");
    return AMCT_OK;
}

static int32_t reshape_to(ms_call *c, ms_tensor *x, const int64_t *dims, uint32_t n)
{
    ms_build b = ms_begin(c, "Reshape", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    for (uint32_t i = 0; i < n; i++)
        if (dims[i] < -1)
            return ms_fail(c->r, AMCT_E_FORMAT, "dim %lld", (long long)dims[i]);
    ms_in(&b, x);
    ms_in_ints(&b, "shape", dims, n);
    return ms_finish(&b, &like);
}

static int32_t run_reshape(ms_call *c)
{
    ms_tensor *x;
    ms_value v;
    int64_t dims[MS_MAX_RANK];
    uint32_t n;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg(c, 1, "shape", &v));
    MS_TRY(read_dims(c, v, dims, &n));
    return reshape_to(c, x, dims, n);
}

/* All but the first dim in one. */
static int32_t run_flatten(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    ms_build b = ms_begin(c, "Flatten", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_set_int(&b, "axis", 1);
    return ms_finish(&b, &like);
}

/* mint: (x, start_dim, end_dim) */
static int32_t run_flatten_ext(ms_call *c)
{
    ms_tensor *x;
    int64_t from, to, dims[MS_MAX_RANK];
    uint32_t n = 0;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "start_dim", 0, &from));
    MS_TRY(ms_arg_int(c, 2, "end_dim", -1, &to));
    MS_TRY(ms_axis(c, from, x->rank, &from));
    MS_TRY(ms_axis(c, to, x->rank, &to));
    for (int32_t d = 0; d < x->rank; d++)
        if (d <= from || d > to)
            dims[n++] = d == from ? -1 : d < from ? 0 : x->dims[d];
    for (uint32_t i = 0; i < n; i++)
        if (dims[i] < -1 || (dims[i] == -1 && (int64_t)i != from))
            return ms_unsupported(c, "a dim that is not known");
    return reshape_to(c, x, dims, n);
}

static int32_t run_transpose(ms_call *c)
{
    ms_tensor *x;
    int64_t perm[MS_MAX_RANK];
    uint32_t n;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "perm", perm, MS_MAX_RANK, &n));
    ms_build b = ms_begin(c, "Transpose", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    for (uint32_t i = 0; i < n; i++)
        MS_TRY(ms_axis(c, perm[i], (int32_t)n, &perm[i]));
    ms_in(&b, x);
    ms_set_ints(&b, "perm", perm, n);
    return ms_finish(&b, &like);
}

/* mint: (x, dim, dim): two dims change places */
static int32_t run_swap(ms_call *c)
{
    ms_tensor *x;
    int64_t perm[MS_MAX_RANK], first, second;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "dim0", 0, &first));
    MS_TRY(ms_arg_int(c, 2, "dim1", 0, &second));
    MS_TRY(ms_axis(c, first, x->rank, &first));
    MS_TRY(ms_axis(c, second, x->rank, &second));
    ms_build b = ms_begin(c, "Transpose", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    for (int32_t d = 0; d < x->rank; d++)
        perm[d] = d == first ? second : d == second ? first : d;
    ms_in(&b, x);
    ms_set_ints(&b, "perm", perm, (uint32_t)x->rank);
    return ms_finish(&b, &like);
}

static int32_t run_expand_dims(ms_call *c)
{
    ms_tensor *x;
    int64_t axis;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_int(c, 1, "axis", 0, &axis));
    MS_TRY(ms_axis(c, axis, x->rank + 1, &axis));
    ms_build b = ms_begin(c, "Unsqueeze", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_in_ints(&b, "axes", &axis, 1);
    MS_TRY(ms_finish(&b, &like));
    c->result.tensor->narrow = x;
    c->result.tensor->narrow_axis = (uint32_t)axis;
    return AMCT_OK;
}

/* (x, axes): no axes are all dims of 1 */
static int32_t run_squeeze(ms_call *c)
{
    ms_tensor *x;
    int64_t axes[MS_MAX_RANK];
    uint32_t n;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "axis", axes, MS_MAX_RANK, &n));
    if (x->narrow && n == 1) {
        MS_TRY(ms_axis(c, axes[0], x->narrow->rank + 1, &axes[0]));
        if (axes[0] == x->narrow_axis)
            return ms_return(c, x->narrow);
    }
    ms_build b = ms_begin(c, "Squeeze", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    if (n)
        ms_in_ints(&b, "axes", axes, n);
    return ms_finish(&b, &like);
}

/* -1 keeps the dim */
static int32_t run_broadcast(ms_call *c)
{
    ms_tensor *x;
    int64_t dims[MS_MAX_RANK];
    uint32_t n;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "shape", dims, MS_MAX_RANK, &n));
    for (uint32_t i = 0; i < n; i++)
        dims[i] = dims[i] == -1 ? 1 : dims[i];
    ms_build b = ms_begin(c, "Expand", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_in_ints(&b, "shape", dims, n);
    return ms_finish(&b, &like);
}

/* Shorter lists begin at a later dim, longer ones add dims in front. */
static int32_t run_tile(ms_call *c)
{
    ms_tensor *x;
    int64_t times[MS_MAX_RANK], dims[MS_MAX_RANK];
    uint32_t n;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_arg_ints(c, 1, "multiples", times, MS_MAX_RANK, &n));
    uint32_t rank = (uint32_t)x->rank;
    if (n < rank) {
        memmove(times + rank - n, times, n * sizeof *times);
        for (uint32_t i = 0; i < rank - n; i++)
            times[i] = 1;
    } else if (n > rank) {
        for (uint32_t i = 0; i < n; i++)
            dims[i] = i < n - rank ? 1 : x->dims[i - (n - rank)];
        for (uint32_t i = 0; i < n; i++)
            if (dims[i] < 0)
                return ms_unsupported(c, "a dim that is not known");
        MS_TRY(ms_reshape(c, "wide", x, dims, n, &x));
        rank = n;
    }
    ms_build b = ms_begin(c, "Tile", NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_in_ints(&b, "repeats", times, rank);
    return ms_finish(&b, &like);
}

/* ---- Sizes --------------------------------------------------------------------------------- */

static int32_t run_shape(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    MS_TRY(ms_list_new(c->r, (uint32_t)x->rank, &c->result));
    for (int32_t d = 0; d < x->rank; d++)
        c->result.list->at[d] = x->dims[d] < 0 ? (ms_value){.kind = MS_OPEN} : ms_int(x->dims[d]);
    return AMCT_OK;
}

static int32_t run_rank(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_ranked(c, 0, &x));
    c->result = ms_int(x->rank);
    return AMCT_OK;
}

static int32_t run_size(ms_call *c)
{
    ms_tensor *x;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    int64_t count = ms_tensor_count(x);
    c->result = count < 0 ? (ms_value){.kind = MS_OPEN} : ms_int(count);
    return AMCT_OK;
}

/* ---- Blocks of pixels ------------------------------------------------------------------------ */

static int32_t run_blocks(ms_call *c)
{
    ms_tensor *x;
    int64_t block;
    MS_TRY(ms_arg_tensor(c, 0, &x));
    MS_TRY(ms_arg_int(c, MS_ATTR, "block_size", 0, &block));
    if (block < 1 || block > INT16_MAX)
        return ms_fail(c->r, AMCT_E_FORMAT, "block_size is %lld", (long long)block);
    ms_build b = ms_begin(c, c->onnx, NULL);
    const ms_tensor like = {.dtype = x->dtype, .rank = -1};
    ms_in(&b, x);
    ms_set_int(&b, "blocksize", block);
    return ms_finish(&b, &like);
}

const ms_op ms_ops_shape[] = {
    {"Reshape", run_reshape, NULL},
    {"View", run_reshape, NULL},
    {"Flatten", run_flatten, NULL},
    {"FlattenExt", run_flatten_ext, NULL},
    {"Transpose", run_transpose, NULL},
    {"TransposeView", run_transpose, NULL},
    {"TransposeExtView", run_swap, NULL},
    {"SwapAxes", run_swap, NULL},
    {"ExpandDims", run_expand_dims, NULL},
    {"ExpandDimsView", run_expand_dims, NULL},
    {"Squeeze", run_squeeze, NULL},
    {"BroadcastTo", run_broadcast, NULL},
    {"Tile", run_tile, NULL},
    {"Shape", run_shape, NULL},
    {"TensorShape", run_shape, NULL},
    {"DynamicShape", run_shape, NULL},
    {"Rank", run_rank, NULL},
    {"Size", run_size, NULL},
    {"DepthToSpace", run_blocks, "DepthToSpace"},
    {"SpaceToDepth", run_blocks, "SpaceToDepth"},
};
MS_FAMILY(shape);
