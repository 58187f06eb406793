/* The same elements in other dims. */
#include "torch_aten.h"

#include <string.h>

/* ---- Reshape ------------------------------------------------------------------------------- */

/* What -1 stands for, where all else is known. */
static void fill_in(const torch_tensor *x, int64_t *dims, uint32_t n)
{
    int64_t count = torch_tensor_count(x), known = 1;
    int32_t at = -1;
    for (uint32_t i = 0; i < n; i++) {
        if (dims[i] == -1 && at < 0)
            at = (int32_t)i;
        else if (dims[i] < 1 || __builtin_mul_overflow(known, dims[i], &known))
            return;
    }
    if (at >= 0 && count >= 0 && count % known == 0)
        dims[at] = count / known;
}

/* A constant whose elements lie in order needs no node. */
static int32_t reshape_constant(torch_call *c, torch_tensor *x, const int64_t *dims, uint32_t n,
                                torch_tensor **out)
{
    TORCH_TRY(torch_tensor_view(c->r, x, out));
    (*out)->id = AMCT_NO_TENSOR;
    (*out)->rank = (int32_t)n;
    int64_t step = 1;
    for (uint32_t d = n; d-- > 0; step *= dims[d]) {
        (*out)->dims[d] = dims[d];
        (*out)->strides[d] = step;
    }
    return AMCT_OK;
}

static bool is_reshape_of_constant(const torch_tensor *x, const int64_t *dims, uint32_t n)
{
    int64_t count = 1;
    if (x->kind != AMCT_TENSOR_CONSTANT || !torch_tensor_is_plain(x))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (dims[i] < 1 || __builtin_mul_overflow(count, dims[i], &count))
            return false;
    return count == torch_tensor_count(x);
}

static int32_t reshape(torch_call *c, torch_tensor *x, torch_value size)
{
    torch_tensor *shape, *out;
    int64_t dims[AMCT_MAX_RANK];
    if (torch_has_symbol(size)) {
        if (size.list->n > AMCT_MAX_RANK)
            return torch_unsupported(c, "more than 8 dims");
        uint32_t n = (uint32_t)size.list->n;
        for (uint32_t i = 0; i < n; i++)
            dims[i] = size.list->at[i].kind == TORCH_INT && size.list->at[i].i > 0
                          ? size.list->at[i].i
                          : AMCT_DIM_UNKNOWN;
        TORCH_TRY(torch_ints_of(c, "shape", size, &shape));
        torch_node node = torch_begin(c, "Reshape", NULL);
        torch_src(&node, x);
        torch_src(&node, shape);
        TORCH_TRY(torch_end(&node, x->dtype, (int32_t)n, dims, &out));
        torch_share(out, x);
        return torch_return(c, out);
    }
    uint32_t n;
    c->args[1] = size;
    TORCH_TRY(torch_arg_list(c, 1, "size", dims, &n));
    for (uint32_t i = 0; i < n; i++)
        if (dims[i] < 1 && dims[i] != -1)
            return torch_fail(c->r, AMCT_E_UNSUPPORTED, "aten::%s: a dim of %lld", c->name,
                              (long long)dims[i]);
    fill_in(x, dims, n);
    if (is_reshape_of_constant(x, dims, n))
        TORCH_TRY(reshape_constant(c, x, dims, n, &out));
    else
        TORCH_TRY(torch_reshape_to(c, NULL, x, dims, n, &out));
    return torch_return(c, out);
}

static int32_t run_reshape(torch_call *c)
{
    return reshape(c, torch_arg_tensor(c, 0), c->args[1]);
}

static int32_t run_reshape_as(torch_call *c)
{
    torch_tensor *like = torch_arg_tensor(c, 1);
    torch_value size;
    TORCH_TRY(torch_need_rank(c, like));
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, (size_t)like->rank, &size));
    for (int32_t d = 0; d < like->rank; d++)
        TORCH_TRY(torch_size_of(c, like, d, &size.list->at[d]));
    return reshape(c, torch_arg_tensor(c, 0), size);
}

static int32_t run_flatten(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int32_t first, last;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &first));
    TORCH_TRY(torch_arg_dim(c, 2, -1, x->rank, &last));
    if (last < first)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::flatten: from dim %d to %d", first, last);
    if (first == last && x->rank > 0)
        return torch_return(c, x);
    int64_t dims[AMCT_MAX_RANK];
    uint32_t n = 0;
    for (int32_t d = 0; d < first; d++)
        dims[n++] = x->dims[d];
    dims[n] = 1;
    for (int32_t d = first; d <= last; d++)
        if (x->rank && (x->dims[d] < 0 || dims[n] < 0 ||
                        __builtin_mul_overflow(dims[n], x->dims[d], &dims[n])))
            dims[n] = AMCT_DIM_UNKNOWN;
    n++;
    for (int32_t d = last + 1; d < x->rank; d++)
        dims[n++] = x->dims[d];
    if (first == 1 && last == x->rank - 1) {
        torch_node node = torch_begin(c, "Flatten", NULL);
        torch_src(&node, x);
        torch_attr_int(&node, "axis", 1);
        TORCH_TRY(torch_end(&node, x->dtype, 2, dims, &out));
        torch_share(out, x);
        return torch_return(c, out);
    }
    for (int32_t d = 0; d < (int32_t)n; d++) /* dims in front are copied, one is left over */
        if (d < first)
            dims[d] = 0;
        else if (d == first)
            dims[d] = -1;
        else if (dims[d] < 1)
            return torch_unsupported(c, "a dim behind that is not known");
    TORCH_TRY(torch_reshape_to(c, NULL, x, dims, n, &out));
    return torch_return(c, out);
}

static int32_t run_unflatten(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int32_t dim;
    int64_t sizes[AMCT_MAX_RANK], dims[2 * AMCT_MAX_RANK];
    uint32_t count, n = 0;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
    TORCH_TRY(torch_arg_list(c, 2, "sizes", sizes, &count));
    for (int32_t d = 0; d < x->rank; d++) {
        if (d != dim)
            dims[n++] = d < dim ? 0 : x->dims[d];
        for (uint32_t i = 0; d == dim && i < count; i++)
            dims[n++] = sizes[i];
    }
    if (n > AMCT_MAX_RANK)
        return torch_unsupported(c, "more than 8 dims");
    for (uint32_t i = (uint32_t)dim + count; i < n; i++)
        if (dims[i] < 1)
            return torch_unsupported(c, "a dim behind that is not known");
    TORCH_TRY(torch_reshape_to(c, NULL, x, dims, n, &out));
    return torch_return(c, out);
}

/* ---- Order --------------------------------------------------------------------------------- */

static int32_t run_permute(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int64_t perm[AMCT_MAX_RANK];
    uint32_t n, seen = 0;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_list(c, 1, "dims", perm, &n));
    for (uint32_t i = 0; i < n; i++) {
        perm[i] += perm[i] < 0 ? x->rank : 0;
        if (perm[i] < 0 || perm[i] >= x->rank || seen & 1u << perm[i])
            n = AMCT_MAX_RANK + 1;
        else
            seen |= 1u << perm[i];
    }
    if (n != (uint32_t)x->rank)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: its dims are not those of a tensor of %d",
                          c->name, x->rank);
    TORCH_TRY(torch_transpose_to(c, NULL, x, perm, &out));
    return torch_return(c, out);
}

static int32_t swap(torch_call *c, torch_tensor *x, int32_t a, int32_t b)
{
    int64_t perm[AMCT_MAX_RANK];
    torch_tensor *out;
    for (int32_t d = 0; d < x->rank; d++)
        perm[d] = d == a ? b : d == b ? a : d;
    TORCH_TRY(torch_transpose_to(c, NULL, x, perm, &out));
    return torch_return(c, out);
}

static int32_t run_transpose(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int32_t a, b;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &a));
    TORCH_TRY(torch_arg_dim(c, 2, 0, x->rank, &b));
    return swap(c, x, a, b);
}

static int32_t run_t(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    TORCH_TRY(torch_need_rank(c, x));
    return x->rank < 2 ? torch_return(c, x) : swap(c, x, x->rank - 2, x->rank - 1);
}

/* ---- Dims of 1 ------------------------------------------------------------------------------ */

static int32_t run_unsqueeze(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int32_t dim;
    int64_t dims[AMCT_MAX_RANK + 1];
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank + 1, &dim));
    for (int32_t d = 0; d <= x->rank; d++)
        dims[d] = d < dim ? x->dims[d] : d == dim ? 1 : x->dims[d - 1];
    if (x->rank < AMCT_MAX_RANK && is_reshape_of_constant(x, dims, (uint32_t)x->rank + 1)) {
        TORCH_TRY(reshape_constant(c, x, dims, (uint32_t)x->rank + 1, &out));
        return torch_return(c, out);
    }
    torch_node node = torch_begin(c, "Unsqueeze", NULL);
    torch_src(&node, x);
    torch_src_ints(&node, "axes", (int64_t[]){dim}, 1);
    TORCH_TRY(torch_end(&node, x->dtype, x->rank + 1, dims, &out));
    torch_share(out, x);
    return torch_return(c, out);
}

/* Takes dims of 1 away: of those that are named, or of all. */
static int32_t run_squeeze(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int64_t named[AMCT_MAX_RANK], axes[AMCT_MAX_RANK], dims[AMCT_MAX_RANK];
    uint32_t n_named, n = 0, n_left = 0;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_list(c, 1, "dim", named, &n_named));
    for (int32_t d = 0; d < x->rank; d++) {
        bool meant = !torch_arg_given(c, 1);
        for (uint32_t i = 0; i < n_named; i++)
            meant |= named[i] == d || named[i] + x->rank == d;
        if (meant && x->dims[d] < 0)
            return torch_unsupported(c, "a dim that is not known");
        if (meant && x->dims[d] == 1)
            axes[n++] = d;
        else
            dims[n_left++] = x->dims[d];
    }
    if (n == 0)
        return torch_return(c, x);
    torch_node node = torch_begin(c, "Squeeze", NULL);
    torch_src(&node, x);
    torch_src_ints(&node, "axes", axes, n);
    TORCH_TRY(torch_end(&node, x->dtype, (int32_t)n_left, dims, &out));
    torch_share(out, x);
    return torch_return(c, out);
}

/* ---- Repetition ---------------------------------------------------------------------------- */

static int32_t expand(torch_call *c, torch_tensor *x, torch_value size)
{
    torch_tensor *shape, *out;
    torch_value wanted;
    int64_t dims[AMCT_MAX_RANK];
    size_t n = size.list->n;
    if (n > AMCT_MAX_RANK)
        return torch_unsupported(c, "more than 8 dims");
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, n, &wanted));
    for (size_t i = 0; i < n; i++) { /* ONNX keeps a dim where 1 is asked for */
        torch_value v = size.list->at[i];
        int64_t behind = (int64_t)i - ((int64_t)n - x->rank);
        bool keep = v.kind == TORCH_INT && v.i < 0;
        wanted.list->at[i] = keep ? torch_int(1) : v;
        dims[i] = keep                  ? behind >= 0 ? x->dims[behind] : AMCT_DIM_UNKNOWN
                  : v.kind == TORCH_INT ? v.i
                                        : AMCT_DIM_UNKNOWN;
    }
    TORCH_TRY(torch_ints_of(c, "shape", wanted, &shape));
    torch_node node = torch_begin(c, "Expand", NULL);
    torch_src(&node, x);
    torch_src(&node, shape);
    TORCH_TRY(torch_end(&node, x->dtype, (int32_t)n, dims, &out));
    torch_share(out, x);
    return torch_return(c, out);
}

static int32_t run_expand(torch_call *c)
{
    if (!torch_is_list(c->args[1]))
        return torch_unsupported(c, "a size that is no list");
    return expand(c, torch_arg_tensor(c, 0), c->args[1]);
}

static int32_t run_expand_as(torch_call *c)
{
    torch_tensor *like = torch_arg_tensor(c, 1);
    torch_value size;
    TORCH_TRY(torch_need_rank(c, like));
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, (size_t)like->rank, &size));
    for (int32_t d = 0; d < like->rank; d++)
        TORCH_TRY(torch_size_of(c, like, d, &size.list->at[d]));
    return expand(c, torch_arg_tensor(c, 0), size);
}

static int32_t run_repeat(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0), *out;
    int64_t times[AMCT_MAX_RANK], dims[AMCT_MAX_RANK];
    uint32_t n;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_arg_list(c, 1, "repeats", times, &n));
    if (n < (uint32_t)x->rank)
        return torch_unsupported(c, "fewer numbers than dims");
    if (n > (uint32_t)x->rank) {
        int64_t wide[AMCT_MAX_RANK];
        for (uint32_t i = 0; i < n; i++)
            wide[i] = i < n - (uint32_t)x->rank ? 1 : x->dims[i - (n - (uint32_t)x->rank)];
        TORCH_TRY(torch_reshape_to(c, "wide", x, wide, n, &x));
    }
    for (uint32_t i = 0; i < n; i++)
        if (times[i] < 0 || x->dims[i] < 0 ||
            __builtin_mul_overflow(times[i], x->dims[i], &dims[i]))
            dims[i] = AMCT_DIM_UNKNOWN;
    torch_node node = torch_begin(c, "Tile", NULL);
    torch_src(&node, x);
    torch_src_ints(&node, "repeats", times, n);
    TORCH_TRY(torch_end(&node, x->dtype, (int32_t)n, dims, &out));
    return torch_return(c, out);
}

/* ---- Sizes --------------------------------------------------------------------------------- */

static int32_t run_size(torch_call *c)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    int32_t dim;
    TORCH_TRY(torch_need_rank(c, x));
    if (torch_arg_given(c, 1)) {
        TORCH_TRY(torch_arg_dim(c, 1, 0, x->rank, &dim));
        return torch_size_of(c, x, dim, &c->result);
    }
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, (size_t)x->rank, &c->result));
    for (int32_t d = 0; d < x->rank; d++)
        TORCH_TRY(torch_size_of(c, x, d, &c->result.list->at[d]));
    return AMCT_OK;
}

static int32_t run_dim(torch_call *c)
{
    TORCH_TRY(torch_need_rank(c, torch_arg_tensor(c, 0)));
    c->result = torch_int(torch_arg_tensor(c, 0)->rank);
    return AMCT_OK;
}

static int32_t run_numel(torch_call *c)
{
    int64_t count = torch_tensor_count(torch_arg_tensor(c, 0));
    if (count < 0)
        return torch_unsupported(c, "a size that is not known");
    c->result = torch_int(count);
    return AMCT_OK;
}

const torch_aten torch_aten_shape[] = {
    {"view", "t:self I:size", run_reshape, NULL},
    {"reshape", "t:self I:shape", run_reshape, NULL},
    {"_unsafe_view", "t:self I:size", run_reshape, NULL},
    {"view_as", "t:self t:other", run_reshape_as, NULL},
    {"reshape_as", "t:self t:other", run_reshape_as, NULL},
    {"flatten", "t:self|i:start_dim i:end_dim", run_flatten, NULL},
    {"unflatten", "t:self i:dim I:sizes", run_unflatten, NULL},
    {"permute", "t:self I:dims", run_permute, NULL},
    {"transpose", "t:self i:dim0 i:dim1", run_transpose, NULL},
    {"swapaxes", "t:self i:axis0 i:axis1", run_transpose, NULL},
    {"t", "t:self", run_t, NULL},
    {"numpy_T", "t:self", run_t, NULL},
    {"unsqueeze", "t:self i:dim", run_unsqueeze, NULL},
    {"squeeze", "t:self|I:dim", run_squeeze, NULL},
    {"expand", "t:self I:size|*:implicit", run_expand, NULL},
    {"expand_as", "t:self t:other", run_expand_as, NULL},
    {"repeat", "t:self I:repeats", run_repeat, NULL},
    {"size", "t:self|i:dim", run_size, NULL},
    {"sym_size", "t:self|i:dim", run_size, NULL},
    {"dim", "t:self", run_dim, NULL},
    {"numel", "t:self", run_numel, NULL},
    {"sym_numel", "t:self", run_numel, NULL},
};
TORCH_FAMILY(shape);
