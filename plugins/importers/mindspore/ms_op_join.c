/* Several tensors in one, and one in several. */
#include "ms_ops.h"

#include <string.h>

enum { MAX_PARTS = 4096 };

/* The tensors of a tuple, which is input 0, or of the inputs before an axis. */
static int32_t read_parts(ms_call *c, ms_value **at, uint32_t *n)
{
    *at = c->args;
    *n = c->n_args;
    if (c->n_args && c->args[0].kind == MS_TUPLE) {
        *at = c->args[0].list->at;
        *n = c->args[0].list->n;
    }
    while (*n && (*at)[*n - 1].kind != MS_TENSOR)
        --*n;
    if (!*n)
        return ms_fail(c->r, AMCT_E_FORMAT, "has no tensors to join");
    for (uint32_t i = 0; i < *n; i++)
        if ((*at)[i].kind != MS_TENSOR)
            return ms_fail(c->r, AMCT_E_FORMAT, "joins %s, a tensor is wanted",
                           ms_kind_text((*at)[i]));
    return AMCT_OK;
}

static int32_t run_concat(ms_call *c)
{
    ms_value *at;
    uint32_t n;
    int64_t axis;
    MS_TRY(read_parts(c, &at, &n));
    MS_TRY(ms_arg_int(c, c->args[0].kind == MS_TUPLE ? 1 : n, "axis", 0, &axis));
    ms_build b = ms_begin(c, "Concat", NULL);
    const ms_tensor like = {.dtype = at[0].tensor->dtype, .rank = -1};
    for (uint32_t i = 0; i < n; i++)
        ms_in(&b, at[i].tensor);
    ms_set_int(&b, "axis", axis);
    return ms_finish(&b, &like);
}

static int32_t run_stack(ms_call *c)
{
    ms_value *at;
    uint32_t n;
    int64_t axis;
    MS_TRY(read_parts(c, &at, &n));
    MS_TRY(ms_arg_int(c, c->args[0].kind == MS_TUPLE ? 1 : n, "axis", 0, &axis));
    if (n > MAX_PARTS)
        return ms_unsupported(c, "a tuple of so many tensors");
    ms_build b = ms_begin(c, "Concat", NULL);
    const ms_tensor like = {.dtype = at[0].tensor->dtype, .rank = -1};
    for (uint32_t i = 0; i < n; i++) {
        const char *part = import_text(&c->r->memory, "part%u", i);
        const char *axes = import_text(&c->r->memory, "part%u/axes", i);
        ms_tensor *t;
        if (!part || !axes)
            return ms_nomem(c->r);
        ms_build wide = ms_begin(c, "Unsqueeze", part);
        ms_in(&wide, at[i].tensor);
        ms_in_ints(&wide, axes, &axis, 1);
        MS_TRY(ms_end(&wide, like.dtype, -1, NULL, &t));
        ms_in(&b, t);
    }
    ms_set_int(&b, "axis", axis);
    return ms_finish(&b, &like);
}

/* ---- Apart --------------------------------------------------------------------------------- */

/* n parts of those sizes; a tuple. */
static int32_t split(ms_call *c, ms_tensor *x, int64_t axis, const int64_t *sizes, uint32_t n,
                     const char *word, ms_value *out)
{
    ms_build b = ms_begin(c, "Split", word);
    ms_tensor **dst = import_alloc(&c->r->memory, n, sizeof *dst);
    const char *list = word ? import_text(&c->r->memory, "%s/sizes", word) : "sizes";
    if (!dst || !list)
        return ms_nomem(c->r);
    MS_TRY(ms_list_new(c->r, n, out));
    for (uint32_t i = 0; i < n; i++) {
        const char *name = import_text(&c->r->memory, "%s/%s%u", c->label, word ? word : "", i);
        if (!name)
            return ms_nomem(c->r);
        MS_TRY(ms_tensor_new(c->r, name, x->dtype, x->rank, x->dims, &dst[i]));
        dst[i]->dims[axis] = sizes[i];
        out->list->at[i] = ms_of(dst[i]);
    }
    ms_in(&b, x);
    ms_in_ints(&b, list, sizes, n);
    ms_set_int(&b, "axis", axis);
    return ms_end_all(&b, dst, n);
}

static int32_t equal_sizes(ms_call *c, int64_t size, int64_t n, int64_t each, int64_t **out)
{
    if (n < 1 || n > MAX_PARTS)
        return ms_fail(c->r, AMCT_E_LIMIT, "%lld parts, 1 to %d wanted", (long long)n, MAX_PARTS);
    int64_t *sizes = import_alloc(&c->r->memory, (size_t)n, sizeof *sizes);
    if (!sizes)
        return ms_nomem(c->r);
    for (int64_t i = 0; i < n; i++)
        sizes[i] = i < n - 1 ? each : size - (n - 1) * each;
    *out = sizes;
    return AMCT_OK;
}

static int32_t begin_split(ms_call *c, uint32_t at, const char *word, int64_t otherwise,
                           ms_tensor **x, int64_t *axis)
{
    MS_TRY(ms_arg_ranked(c, 0, x));
    MS_TRY(ms_arg_int(c, at, word, otherwise, axis));
    MS_TRY(ms_axis(c, *axis, (*x)->rank, axis));
    int64_t size = (*x)->dims[*axis];
    return size < 1 || size > INT32_MAX ? ms_unsupported(c, "a dim that is not known") : AMCT_OK;
}

/* (x, axis, output_num) */
static int32_t run_split(ms_call *c)
{
    ms_tensor *x;
    int64_t axis, n, *sizes;
    MS_TRY(begin_split(c, 1, "axis", 0, &x, &axis));
    MS_TRY(ms_arg_int(c, 2, "output_num", 1, &n));
    if (n < 1 || x->dims[axis] % n)
        return ms_fail(c->r, AMCT_E_FORMAT, "%lld parts of %lld elements", (long long)n,
                       (long long)x->dims[axis]);
    MS_TRY(equal_sizes(c, x->dims[axis], n, x->dims[axis] / n, &sizes));
    return split(c, x, axis, sizes, (uint32_t)n, NULL, &c->result);
}

/* mint: (x, size of a part, axis); (x, number of parts, axis) */
static int32_t run_split_even(ms_call *c)
{
    ms_tensor *x;
    int64_t axis, each, size, *sizes;
    MS_TRY(begin_split(c, 2, "dim", 0, &x, &axis));
    MS_TRY(ms_arg_int(c, 1, "size", 1, &each));
    size = x->dims[axis];
    if (each < 1)
        return ms_fail(c->r, AMCT_E_FORMAT, "parts of %lld", (long long)each);
    each = each > size ? size : each;
    if (strncmp(c->op, "Chunk", 5) == 0)
        each = (size + each - 1) / each;
    MS_TRY(equal_sizes(c, size, (size + each - 1) / each, each, &sizes));
    return split(c, x, axis, sizes, (uint32_t)((size + each - 1) / each), NULL, &c->result);
}

/* (x, sizes, axis), or attributes of the older SplitV */
static int32_t run_split_sizes(ms_call *c)
{
    ms_tensor *x;
    int64_t axis, *sizes, sum = 0, open = -1;
    uint32_t n;
    bool old = strcmp(c->op, "SplitV") == 0;
    MS_TRY(begin_split(c, old ? MS_ATTR : 2, old ? "split_dim" : "dim", 0, &x, &axis));
    sizes = import_alloc(&c->r->memory, MAX_PARTS, sizeof *sizes);
    if (!sizes)
        return ms_nomem(c->r);
    MS_TRY(ms_arg_ints(c, old ? MS_ATTR : 1, old ? "size_splits" : "split_size", sizes, MAX_PARTS,
                       &n));
    for (uint32_t i = 0; i < n; i++) {
        if (sizes[i] == -1 && open < 0)
            open = i;
        else if (sizes[i] < 0 || sizes[i] > INT32_MAX)
            return ms_fail(c->r, AMCT_E_FORMAT, "a part of %lld", (long long)sizes[i]);
        else
            sum += sizes[i];
    }
    if (open >= 0)
        sizes[open] = x->dims[axis] - sum;
    if (!n || (open < 0 ? sum != x->dims[axis] : sizes[open] < 0))
        return ms_fail(c->r, AMCT_E_FORMAT, "parts of %lld elements in all, of %lld",
                       (long long)sum, (long long)x->dims[axis]);
    return split(c, x, axis, sizes, n, NULL, &c->result);
}

/* Parts of one element, whose dim goes. */
static int32_t run_unstack(ms_call *c)
{
    ms_tensor *x;
    ms_value parts;
    int64_t axis, *sizes;
    MS_TRY(begin_split(c, MS_ATTR, "axis", 0, &x, &axis));
    MS_TRY(equal_sizes(c, x->dims[axis], x->dims[axis], 1, &sizes));
    MS_TRY(split(c, x, axis, sizes, (uint32_t)x->dims[axis], "part", &parts));
    MS_TRY(ms_list_new(c->r, parts.list->n, &c->result));
    for (uint32_t i = 0; i < parts.list->n; i++) {
        const char *part = import_text(&c->r->memory, "%u", i);
        const char *axes = import_text(&c->r->memory, "%u/axes", i);
        int64_t dims[MS_MAX_RANK];
        ms_tensor *t;
        if (!part || !axes)
            return ms_nomem(c->r);
        for (int32_t d = 0, k = 0; d < x->rank; d++)
            if (d != axis)
                dims[k++] = x->dims[d];
        ms_build b = ms_begin(c, "Squeeze", part);
        ms_in(&b, parts.list->at[i].tensor);
        ms_in_ints(&b, axes, &axis, 1);
        MS_TRY(ms_end(&b, x->dtype, x->rank - 1, dims, &t));
        c->result.list->at[i] = ms_of(t);
    }
    return AMCT_OK;
}

const ms_op ms_ops_join[] = {
    {"Concat", run_concat, NULL},
    {"Stack", run_stack, NULL},
    {"StackExt", run_stack, NULL},
    {"Pack", run_stack, NULL},
    {"Split", run_split, NULL},
    {"SplitTensor", run_split_even, NULL},
    {"SplitTensorView", run_split_even, NULL},
    {"Chunk", run_split_even, NULL},
    {"ChunkView", run_split_even, NULL},
    {"SplitWithSize", run_split_sizes, NULL},
    {"SplitWithSizeView", run_split_sizes, NULL},
    {"SplitV", run_split_sizes, NULL},
    {"Unstack", run_unstack, NULL},
    {"Unpack", run_unstack, NULL},
};
MS_FAMILY(join);
