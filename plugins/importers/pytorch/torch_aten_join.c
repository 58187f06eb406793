/* Tensors put together, padded, and with their elements in other places. */
#include "torch_aten.h"

#include <string.h>

static int32_t concat(torch_call *c, torch_tensor **parts, size_t n, int32_t dim)
{
    int64_t dims[AMCT_MAX_RANK];
    torch_tensor *out;
    memcpy(dims, parts[0]->dims, sizeof dims);
    torch_node node = torch_begin(c, "Concat", NULL);
    for (size_t i = 0; i < n; i++) {
        torch_src(&node, parts[i]);
        if (i && (dims[dim] < 0 || parts[i]->dims[dim] < 0 || parts[i]->rank != parts[0]->rank ||
                  __builtin_add_overflow(dims[dim], parts[i]->dims[dim], &dims[dim])))
            dims[dim] = AMCT_DIM_UNKNOWN;
    }
    torch_attr_int(&node, "axis", dim);
    TORCH_TRY(torch_end(&node, parts[0]->dtype, parts[0]->rank, dims, &out));
    return torch_return(c, out);
}

static int32_t run_cat(torch_call *c)
{
    const torch_list *list = c->args[0].list;
    int32_t dim;
    torch_tensor **parts = import_alloc(&c->r->memory, list->n, sizeof *parts);
    if (!parts)
        return torch_nomem(c->r);
    if (list->n == 0)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: of no tensors", c->name);
    bool stack = strcmp(c->op, "stack") == 0;
    int32_t rank = list->at[0].tensor->rank;
    TORCH_TRY(torch_need_rank(c, list->at[0].tensor));
    if (rank + stack > AMCT_MAX_RANK || (!stack && rank == 0))
        return torch_unsupported(c, "this number of dims");
    TORCH_TRY(torch_arg_dim(c, 1, 0, rank + stack, &dim));
    for (size_t i = 0; i < list->n; i++) {
        parts[i] = list->at[i].tensor;
        if (!stack)
            continue;
        const char *part = import_text(&c->r->memory, "part%zu", i);
        const char *axes = import_text(&c->r->memory, "axes%zu", i);
        int64_t wide[AMCT_MAX_RANK];
        if (!part || !axes)
            return torch_nomem(c->r);
        for (int32_t d = 0; d <= rank; d++)
            wide[d] = d < dim ? parts[i]->dims[d] : d == dim ? 1 : parts[i]->dims[d - 1];
        torch_node node = torch_begin(c, "Unsqueeze", part);
        torch_src(&node, parts[i]);
        torch_src_ints(&node, axes, (int64_t[]){dim}, 1);
        TORCH_TRY(torch_end(&node, parts[i]->dtype, rank + 1, wide, &parts[i]));
    }
    return concat(c, parts, list->n, dim);
}

/* ---- Padding ------------------------------------------------------------------------------- */

/* PyTorch counts pairs from the last dim on, ONNX begins and ends along the axes that are named. */
static int32_t run_pad(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    const char *mode = c->args[2].kind == TORCH_TEXT ? c->args[2].text : "constant";
    const torch_list *list = torch_is_list(c->args[1]) ? c->args[1].list : NULL;
    int64_t pads[2 * AMCT_MAX_RANK], axes[AMCT_MAX_RANK], dims[AMCT_MAX_RANK];
    if (strncmp(c->op, "reflection", 10) == 0)
        mode = "reflect";
    if (strncmp(c->op, "replication", 11) == 0 || strcmp(mode, "replicate") == 0)
        mode = "edge";
    if (strcmp(mode, "circular") == 0)
        mode = "wrap";
    TORCH_TRY(torch_need_rank(c, x));
    if (!list || list->n % 2 || list->n / 2 > (size_t)x->rank)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: its numbers are not two per dim",
                          c->name);
    uint32_t n = (uint32_t)list->n / 2;
    if (n == 0)
        return torch_return(c, x);
    memcpy(dims, x->dims, sizeof dims);
    for (uint32_t i = 0; i < n; i++) {
        torch_value before = list->at[2 * i], after = list->at[2 * i + 1];
        uint32_t at = n - 1 - i;
        if (before.kind != TORCH_INT || after.kind != TORCH_INT)
            return torch_unsupported(c, "padding that is only known when the network runs");
        axes[at] = x->rank - 1 - (int64_t)i;
        pads[at] = before.i;
        pads[n + at] = after.i;
        int64_t *dim = &dims[axes[at]];
        if (*dim < 0 || __builtin_add_overflow(*dim, before.i, dim) ||
            __builtin_add_overflow(*dim, after.i, dim) || *dim < 0)
            *dim = AMCT_DIM_UNKNOWN;
    }
    torch_node node = torch_begin(c, "Pad", NULL);
    torch_src(&node, x);
    torch_src_ints(&node, "pads", pads, 2 * n);
    if (strcmp(mode, "constant") == 0)
        torch_src_number(&node, "value", x->dtype, torch_arg_number(c, 3, 0));
    else
        torch_src(&node, NULL);
    torch_src_ints(&node, "axes", axes, n);
    torch_attr_text(&node, "mode", mode);
    TORCH_TRY(torch_end(&node, x->dtype, x->rank, dims, &out));
    return torch_return(c, out);
}

static int32_t run_constant_pad(torch_call *c)
{
    c->args[3] = c->args[2];
    c->args[2] = torch_none();
    return run_pad(c);
}

/* ---- Channels and places ------------------------------------------------------------------- */

static int32_t run_pixel_shuffle(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int64_t block = torch_arg_int(c, 1, 0), dims[AMCT_MAX_RANK];
    if (x->rank != 4 || block < 1 || block > 1024)
        return torch_unsupported(c, "other than 4 dims and a factor of 1 to 1024");
    memcpy(dims, x->dims, sizeof dims);
    for (int d = 1; d < 4; d++)
        if (dims[d] < 0 || dims[d] > INT32_MAX)
            dims[d] = AMCT_DIM_UNKNOWN;
        else
            dims[d] = d == 1 ? dims[d] / (block * block) : dims[d] * block;
    torch_node node = torch_begin(c, "DepthToSpace", NULL);
    torch_src(&node, x);
    torch_attr_int(&node, "blocksize", block);
    torch_attr_text(&node, "mode", "CRD");
    TORCH_TRY(torch_end(&node, x->dtype, 4, dims, &out));
    return torch_return(c, out);
}

/* Dims taken apart, put in another order, put together; those in front are copied. */
static int32_t shuffle(torch_call *c, const int64_t *apart, const int64_t *perm, uint32_t n,
                       const int64_t *together, uint32_t n_together)
{
    torch_tensor *t = torch_arg_tensor(c, 0);
    TORCH_TRY(torch_reshape_to(c, "apart", t, apart, n, &t));
    TORCH_TRY(torch_transpose_to(c, "order", t, perm, &t));
    TORCH_TRY(torch_reshape_to(c, NULL, t, together, n_together, &t));
    return torch_return(c, t);
}

/* [N, C, H, W] to [N, C * block^2, H / block, W / block], with the channel running slowest. */
static int32_t run_pixel_unshuffle(torch_call *c)
{
    static const int64_t perm[6] = {0, 1, 3, 5, 2, 4};
    const torch_tensor *x = torch_arg_tensor(c, 0);
    int64_t b = torch_arg_int(c, 1, 0);
    if (x->rank != 4 || b < 1 || b > 1024 || x->dims[1] < 0 || x->dims[2] < 0 || x->dims[3] < 0 ||
        x->dims[1] > INT32_MAX || x->dims[2] % b || x->dims[3] % b)
        return torch_unsupported(c, "other than 4 dims that are known and multiples of the factor");
    int64_t h = x->dims[2] / b, w = x->dims[3] / b;
    return shuffle(c, (int64_t[]){0, x->dims[1], h, b, w, b}, perm, 6,
                   (int64_t[]){0, x->dims[1] * b * b, h, w}, 4);
}

static int32_t run_channel_shuffle(torch_call *c)
{
    static const int64_t perm[5] = {0, 2, 1, 3, 4};
    const torch_tensor *x = torch_arg_tensor(c, 0);
    int64_t groups = torch_arg_int(c, 1, 0);
    if (x->rank != 4 || groups < 1 || x->dims[1] < 1 || x->dims[1] % groups || x->dims[2] < 1 ||
        x->dims[3] < 1)
        return torch_unsupported(c, "other than 4 dims that are known and groups of equal size");
    return shuffle(c, (int64_t[]){0, groups, x->dims[1] / groups, x->dims[2], x->dims[3]}, perm, 5,
                   (int64_t[]){0, x->dims[1], x->dims[2], x->dims[3]}, 4);
}

const torch_aten torch_aten_join[] = {
    {"cat", "T:tensors|i:dim", run_cat, NULL},
    {"concat", "T:tensors|i:dim", run_cat, "cat"},
    {"stack", "T:tensors|i:dim", run_cat, NULL},
    {"pad", "t:self I:pad|s:mode n:value", run_pad, NULL},
    {"constant_pad_nd", "t:self I:pad|n:value", run_constant_pad, NULL},
    {"reflection_pad1d", "t:self I:padding", run_pad, NULL},
    {"reflection_pad2d", "t:self I:padding", run_pad, NULL},
    {"replication_pad1d", "t:self I:padding", run_pad, NULL},
    {"replication_pad2d", "t:self I:padding", run_pad, NULL},
    {"pixel_shuffle", "t:self i:upscale_factor", run_pixel_shuffle, NULL},
    {"pixel_unshuffle", "t:self i:downscale_factor", run_pixel_unshuffle, NULL},
    {"channel_shuffle", "t:self i:groups", run_channel_shuffle, NULL},
    {"native_channel_shuffle", "t:self i:groups", run_channel_shuffle, NULL},
};
TORCH_FAMILY(join);
