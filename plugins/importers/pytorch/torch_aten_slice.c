/* Parts of tensors. */
#include "torch_aten.h"

#include <string.h>

/* ---- One part ------------------------------------------------------------------------------ */

static int32_t slice(torch_call *c, torch_tensor *x, int32_t dim, torch_value start,
                     torch_value end, int64_t step)
{
    torch_tensor *from, *to, *out;
    torch_value list;
    int64_t dims[AMCT_MAX_RANK], size = x->dims[dim];
    if (start.kind == TORCH_INT && start.i == 0 && step == 1 && end.kind == TORCH_INT &&
        (end.i == INT64_MAX || (size >= 0 && end.i >= size)))
        return torch_return(c, x);
    memcpy(dims, x->dims, sizeof dims);
    dims[dim] = AMCT_DIM_UNKNOWN;
    if (size >= 0 && start.kind == TORCH_INT && end.kind == TORCH_INT) {
        int64_t a = start.i < 0 ? start.i + size : start.i, b = end.i < 0 ? end.i + size : end.i;
        a = a < 0 ? 0 : a > size ? size : a;
        b = b < a ? a : b > size ? size : b;
        dims[dim] = (b - a) / step + ((b - a) % step != 0);
    }
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, 1, &list));
    list.list->at[0] = start;
    TORCH_TRY(torch_ints_of(c, "starts", list, &from));
    list.list->at[0] = end;
    TORCH_TRY(torch_ints_of(c, "ends", list, &to));
    torch_node node = torch_begin(c, "Slice", NULL);
    torch_src(&node, x);
    torch_src(&node, from);
    torch_src(&node, to);
    torch_src_ints(&node, "axes", (int64_t[]){dim}, 1);
    torch_src_ints(&node, "steps", &step, 1);
    TORCH_TRY(torch_end(&node, x->dtype, x->rank, dims, &out));
    torch_share(out, x);
    return torch_return(c, out);
}

static int32_t run_slice(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int32_t dim;
    int64_t step = torch_arg_int(c, 4, 1);
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    if (step < 1)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::slice: a step of %lld", (long long)step);
    return slice(c, x, dim, torch_arg_given(c, 2) ? c->args[2] : torch_int(0),
                 torch_arg_given(c, 3) ? c->args[3] : torch_int(INT64_MAX), step);
}

static int32_t run_narrow(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int32_t dim;
    int64_t start = torch_arg_int(c, 2, -1), length = torch_arg_int(c, 3, -1), end;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    if (start < 0 || length < 0 || __builtin_add_overflow(start, length, &end))
        return torch_unsupported(c, "a start or length that is negative or not known");
    return slice(c, x, dim, torch_int(start), torch_int(end), 1);
}

/* An element along a dim, which goes away. */
static int32_t pick(torch_call *c, const char *part, torch_tensor *x, int32_t dim, int64_t index,
                    torch_tensor **out)
{
    int64_t dims[AMCT_MAX_RANK];
    torch_tensor *at;
    const char *name = import_text(&c->r->memory, "%s_%s_index", c->label, part ? part : "element");
    if (!name)
        return torch_nomem(c->r);
    TORCH_TRY(torch_const_int(c->r, name, index, &at));
    for (int32_t d = 0; d < x->rank - 1; d++)
        dims[d] = x->dims[d < dim ? d : d + 1];
    torch_node node = torch_begin(c, "Gather", part);
    torch_src(&node, x);
    torch_src(&node, at);
    torch_attr_int(&node, "axis", dim);
    TORCH_TRY(torch_end(&node, x->dtype, x->rank - 1, dims, out));
    torch_share(*out, x);
    return AMCT_OK;
}

static int32_t run_select(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int32_t dim;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    if (c->args[2].kind != TORCH_INT || x->rank < 1)
        return torch_unsupported(c, "an index that is only known when the network runs");
    TORCH_TRY(pick(c, NULL, x, dim, c->args[2].i, &out));
    return torch_return(c, out);
}

static int32_t run_index_select(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *index = torch_arg_tensor(c, 2), *out;
    int32_t dim;
    int64_t dims[AMCT_MAX_RANK];
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    memcpy(dims, x->dims, sizeof dims);
    dims[dim] = index->rank == 1 ? index->dims[0] : AMCT_DIM_UNKNOWN;
    torch_node node = torch_begin(c, "Gather", NULL);
    torch_src(&node, x);
    torch_src(&node, index);
    torch_attr_int(&node, "axis", dim);
    TORCH_TRY(torch_end(&node, x->dtype, x->rank, dims, &out));
    return torch_return(c, out);
}

static int32_t run_flip(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int64_t axes[AMCT_MAX_RANK], from[AMCT_MAX_RANK], to[AMCT_MAX_RANK], step[AMCT_MAX_RANK];
    uint32_t n;
    TORCH_TRY(torch_arg_list(c, 1, "dims", axes, &n));
    for (uint32_t i = 0; i < n; i++) {
        from[i] = -1;
        to[i] = INT64_MIN + 1;
        step[i] = -1;
    }
    torch_node node = torch_begin(c, "Slice", NULL);
    torch_src(&node, x);
    torch_src_ints(&node, "starts", from, n);
    torch_src_ints(&node, "ends", to, n);
    torch_src_ints(&node, "axes", axes, n);
    torch_src_ints(&node, "steps", step, n);
    return torch_end_like(&node, x);
}

/* The last `shift` elements along each dim come to the front. */
static int32_t run_roll(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int64_t shifts[AMCT_MAX_RANK], dims[AMCT_MAX_RANK];
    uint32_t n, n_dims;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_list(c, 1, "shifts", shifts, &n));
    TORCH_TRY(torch_arg_list(c, 2, "dims", dims, &n_dims));
    if (n != n_dims)
        return torch_unsupported(c, "a shift of the whole tensor");
    for (uint32_t i = 0; i < n; i++) {
        int64_t dim = dims[i] + (dims[i] < 0 ? x->rank : 0), size;
        if (dim < 0 || dim >= x->rank || (size = x->dims[dim]) < 1)
            return torch_unsupported(c, "a dim whose size is not known");
        int64_t shift = shifts[i] % size, cut = (size - shift) % size;
        torch_tensor *part[2];
        for (int k = 0; k < 2; k++) {
            const char *name = import_text(&c->r->memory, "%c%u", k ? 'b' : 'a', i);
            const char *ends = import_text(&c->r->memory, "ends_%c%u", k ? 'b' : 'a', i);
            int64_t from = k ? 0 : cut, to = k ? cut : INT64_MAX, sizes[AMCT_MAX_RANK];
            if (!name || !ends)
                return torch_nomem(c->r);
            memcpy(sizes, x->dims, sizeof sizes);
            sizes[dim] = k ? cut : size - cut;
            torch_node node = torch_begin(c, "Slice", name);
            torch_src(&node, x);
            torch_src_ints(&node, name, &from, 1);
            torch_src_ints(&node, ends, &to, 1);
            torch_src_ints(&node, "axes", &dim, 1);
            TORCH_TRY(torch_end(&node, x->dtype, x->rank, sizes, &part[k]));
        }
        const char *name = import_text(&c->r->memory, "rolled%u", i);
        if (!name)
            return torch_nomem(c->r);
        torch_node node = torch_begin(c, "Concat", i + 1 < n ? name : NULL);
        torch_src(&node, part[0]);
        torch_src(&node, part[1]);
        torch_attr_int(&node, "axis", dim);
        TORCH_TRY(torch_end(&node, x->dtype, x->rank, x->dims, &x));
    }
    return torch_return(c, x);
}

/* ---- All parts ----------------------------------------------------------------------------- */

enum { MAX_PARTS = 4096 };

/* Parts of the given sizes along dim, or n parts of equal size where sizes is NULL. */
static int32_t split(torch_call *c, torch_tensor *x, int32_t dim, const int64_t *sizes, int64_t n)
{
    torch_value list;
    if (n < 1 || n > MAX_PARTS)
        return torch_fail(c->r, AMCT_E_LIMIT, "aten::%s: %lld parts, 1 to %d wanted", c->name,
                          (long long)n, MAX_PARTS);
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, (size_t)n, &list));
    torch_tensor **dst = import_alloc(&c->r->memory, (size_t)n, sizeof *dst);
    if (!dst)
        return torch_nomem(c->r);
    for (int64_t i = 0; i < n; i++) {
        const char *name = import_text(&c->r->memory, "%s_%lld", c->label, (long long)i);
        if (!name)
            return torch_nomem(c->r);
        TORCH_TRY(
            torch_tensor_new(c->r, name, AMCT_TENSOR_VALUE, x->dtype, x->rank, x->dims, &dst[i]));
        dst[i]->dims[dim] = sizes ? sizes[i] : AMCT_DIM_UNKNOWN;
        torch_share(dst[i], x);
        list.list->at[i] = torch_of(dst[i]);
    }
    torch_node node = torch_begin(c, "Split", NULL);
    torch_src(&node, x);
    torch_attr_int(&node, "axis", dim);
    if (sizes)
        torch_src_ints(&node, "sizes", sizes, (uint32_t)n);
    else
        torch_attr_int(&node, "num_outputs", n);
    TORCH_TRY(torch_end_all(&node, dst, (uint32_t)n));
    c->result = list;
    return AMCT_OK;
}

/* Parts of `each` elements, the last one of what is left. */
static int32_t split_each(torch_call *c, torch_tensor *x, int32_t dim, int64_t each)
{
    int64_t size = x->dims[dim];
    if (each < 1 || size < 0)
        return torch_unsupported(c, "a size that is not known, or parts of none");
    int64_t n = size / each + (size % each != 0);
    if (n < 1 || n > MAX_PARTS)
        return split(c, x, dim, NULL, n); /* which says why not */
    int64_t *sizes = import_alloc(&c->r->memory, (size_t)n, sizeof *sizes);
    if (!sizes)
        return torch_nomem(c->r);
    for (int64_t i = 0; i < n; i++)
        sizes[i] = i < n - 1 ? each : size - each * (n - 1);
    return split(c, x, dim, sizes, n);
}

static int32_t run_chunk(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int32_t dim;
    int64_t n = torch_arg_int(c, 1, 0);
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 2, 0, x->rank, &dim));
    if (n < 1 || x->rank < 1)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::chunk: into %lld parts", (long long)n);
    if (x->dims[dim] < 0)
        return split(c, x, dim, NULL, n);
    int64_t each = x->dims[dim] / n + (x->dims[dim] % n != 0);
    return split_each(c, x, dim, each ? each : 1);
}

static int32_t run_split(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int32_t dim;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 2, 0, x->rank, &dim));
    if (x->rank < 1)
        return torch_unsupported(c, "a tensor without dims");
    if (!torch_is_list(c->args[1]))
        return split_each(c, x, dim, torch_arg_int(c, 1, 0));
    const torch_list *list = c->args[1].list;
    int64_t *sizes = import_alloc(&c->r->memory, list->n, sizeof *sizes);
    if (!sizes)
        return torch_nomem(c->r);
    for (size_t i = 0; i < list->n; i++) {
        if (list->at[i].kind != TORCH_INT || list->at[i].i < 0)
            return torch_unsupported(c, "a size that is negative or not known");
        sizes[i] = list->at[i].i;
    }
    return split(c, x, dim, sizes, (int64_t)list->n);
}

static int32_t run_unbind(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int32_t dim;
    torch_value list;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    int64_t n = x->rank < 1 ? -1 : x->dims[dim] < 0 ? (int64_t)c->n_wanted : x->dims[dim];
    if (n < 1 || n > MAX_PARTS)
        return torch_unsupported(c, "this number of parts");
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, (size_t)n, &list));
    for (int64_t i = 0; i < n; i++) {
        const char *part = import_text(&c->r->memory, "%lld", (long long)i);
        if (!part)
            return torch_nomem(c->r);
        TORCH_TRY(pick(c, part, x, dim, i, &out));
        list.list->at[i] = torch_of(out);
    }
    c->result = list;
    return AMCT_OK;
}

const torch_aten torch_aten_slice[] = {
    {"slice", "t:self|i:dim j:start j:end i:step", run_slice, NULL},
    {"narrow", "t:self i:dim i:start i:length", run_narrow, NULL},
    {"select", "t:self i:dim i:index", run_select, NULL},
    {"index_select", "t:self i:dim t:index", run_index_select, NULL},
    {"roll", "t:self I:shifts|I:dims", run_roll, NULL},
    {"flip", "t:self I:dims", run_flip, NULL},
    {"chunk", "t:self i:chunks|i:dim", run_chunk, NULL},
    {"split", "t:self I:split_size|i:dim", run_split, NULL},
    {"split", "t:self I:split_sizes|i:dim", run_split, NULL},
    {"split_with_sizes", "t:self I:split_sizes|i:dim", run_split, NULL},
    {"unbind", "t:self|i:dim", run_unbind, NULL},
};
TORCH_FAMILY(slice);
