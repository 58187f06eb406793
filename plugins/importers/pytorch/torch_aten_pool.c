/* Pooling. */
#include "torch_aten.h"

#include <string.h>

typedef struct pool {
    torch_tensor *x;
    uint32_t dims; /* of space */
    int64_t kernel[AMCT_MAX_RANK], stride[AMCT_MAX_RANK], pads[2 * AMCT_MAX_RANK],
        dilation[AMCT_MAX_RANK];
    bool ceil;
} pool;

static int64_t size_after(const pool *p, uint32_t d)
{
    int64_t in = p->x->dims[2 + d], span = p->dilation[d] * (p->kernel[d] - 1) + 1;
    if (in < 0)
        return AMCT_DIM_UNKNOWN;
    int64_t room = in + 2 * p->pads[d] - span;
    if (room < 0)
        return AMCT_DIM_UNKNOWN;
    int64_t last = (room + (p->ceil ? p->stride[d] - 1 : 0)) / p->stride[d];
    if (p->ceil && last * p->stride[d] >= in + p->pads[d]) /* it would begin in the padding */
        last--;
    return last + 1;
}

static int32_t begin(torch_call *c, pool *p, uint32_t dims)
{
    *p = (pool){.x = torch_arg_tensor(c, 0), .dims = dims};
    TORCH_TRY(torch_need_rank(c, p->x));
    if (p->x->rank != (int32_t)dims + 2)
        return torch_fail(c->r, AMCT_E_UNSUPPORTED, "aten::%s: an input of %d dims, %u wanted",
                          c->name, p->x->rank, dims + 2);
    TORCH_TRY(torch_arg_ints(c, 1, "kernel_size", 1, p->kernel, dims));
    TORCH_TRY(torch_arg_ints(c, 2, "stride", 0, p->stride, dims));
    TORCH_TRY(torch_arg_ints(c, 3, "padding", 0, p->pads, dims));
    for (uint32_t d = 0; d < dims; d++) {
        if (p->stride[d] == 0) /* not given */
            p->stride[d] = p->kernel[d];
        p->pads[dims + d] = p->pads[d];
        p->dilation[d] = 1;
        if (p->kernel[d] < 1 || p->kernel[d] > INT32_MAX || p->stride[d] < 1 ||
            p->stride[d] > INT32_MAX || p->pads[d] < 0 || p->pads[d] > INT32_MAX)
            return torch_fail(c->r, AMCT_E_FORMAT,
                              "aten::%s: kernel %lld, stride %lld, padding "
                              "%lld",
                              c->name, (long long)p->kernel[d], (long long)p->stride[d],
                              (long long)p->pads[d]);
    }
    return AMCT_OK;
}

static int32_t end(torch_call *c, pool *p, torch_node *node)
{
    int64_t dims[AMCT_MAX_RANK] = {p->x->dims[0], p->x->dims[1]};
    torch_tensor *out;
    for (uint32_t d = 0; d < p->dims; d++)
        dims[2 + d] = size_after(p, d);
    torch_attr_ints(node, "kernel_shape", p->kernel, p->dims);
    torch_attr_ints(node, "strides", p->stride, p->dims);
    torch_attr_ints(node, "pads", p->pads, 2 * p->dims);
    torch_attr_int(node, "ceil_mode", p->ceil);
    TORCH_TRY(torch_end(node, p->x->dtype, p->x->rank, dims, &out));
    return torch_return(c, out);
}

/* How many dims of space "max_pool2d" has. */
static uint32_t space_of(const char *op)
{
    const char *digit = strpbrk(op, "123");
    return digit ? (uint32_t)(*digit - '0') : 2;
}

static int32_t run_max_pool(torch_call *c)
{
    pool p;
    TORCH_TRY(begin(c, &p, space_of(c->op)));
    TORCH_TRY(torch_arg_ints(c, 4, "dilation", 1, p.dilation, p.dims));
    for (uint32_t d = 0; d < p.dims; d++)
        if (p.dilation[d] < 1 || p.dilation[d] > INT32_MAX)
            return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: dilation %lld", c->name,
                              (long long)p.dilation[d]);
    p.ceil = torch_arg_bool(c, 5, false);
    torch_node node = torch_begin(c, "MaxPool", NULL);
    torch_src(&node, p.x);
    torch_attr_ints(&node, "dilations", p.dilation, p.dims);
    return end(c, &p, &node);
}

/* The indices are of no use to inference: whoever asks for them is told so. */
static int32_t run_max_pool_indices(torch_call *c)
{
    TORCH_TRY(run_max_pool(c));
    torch_value first = c->result;
    TORCH_TRY(torch_list_new(c->r, TORCH_TUPLE, 2, &c->result));
    c->result.list->at[0] = first;
    return AMCT_OK;
}

static int32_t run_avg_pool(torch_call *c)
{
    pool p;
    TORCH_TRY(begin(c, &p, space_of(c->op)));
    p.ceil = torch_arg_bool(c, 4, false);
    if (torch_arg_given(c, 6))
        return torch_unsupported(c, "divisor_override");
    torch_node node = torch_begin(c, "AveragePool", NULL);
    torch_src(&node, p.x);
    torch_attr_int(&node, "count_include_pad", torch_arg_bool(c, 5, true));
    return end(c, &p, &node);
}

/* To one element, a global pooling; to a divisor of the size, one with kernel = stride. */
static int32_t run_adaptive(torch_call *c)
{
    bool max = strncmp(c->op, "adaptive_max", 12) == 0;
    pool p = {.x = torch_arg_tensor(c, 0), .dims = space_of(c->op)};
    bool global = true;
    int64_t dims[AMCT_MAX_RANK];
    TORCH_TRY(torch_need_rank(c, p.x));
    if (p.x->rank != (int32_t)p.dims + 2)
        return torch_fail(c->r, AMCT_E_UNSUPPORTED, "aten::%s: an input of %d dims, %u wanted",
                          c->name, p.x->rank, p.dims + 2);
    TORCH_TRY(torch_arg_ints(c, 1, "output_size", 1, dims + 2, p.dims));
    for (uint32_t d = 0; d < p.dims; d++) {
        int64_t in = p.x->dims[2 + d], out = dims[2 + d];
        global &= out == 1;
        p.kernel[d] = p.stride[d] = out > 0 && in > 0 ? in / out : 1;
        p.dilation[d] = 1;
    }
    if (global) {
        torch_tensor *out;
        torch_node node = torch_begin(c, max ? "GlobalMaxPool" : "GlobalAveragePool", NULL);
        torch_src(&node, p.x);
        dims[0] = p.x->dims[0];
        dims[1] = p.x->dims[1];
        TORCH_TRY(torch_end(&node, p.x->dtype, p.x->rank, dims, &out));
        return torch_return(c, out);
    }
    for (uint32_t d = 0; d < p.dims; d++) {
        int64_t in = p.x->dims[2 + d], out = dims[2 + d];
        if (out < 1 || in < 1 || in % out)
            return torch_fail(c->r, AMCT_E_UNSUPPORTED,
                              "aten::%s: pooling %lld elements to %lld is not supported: 1 or a "
                              "divisor is wanted%s",
                              c->name, (long long)in, (long long)out,
                              in < 1 ? "; the size is not known: give --model-option input=..."
                                     : "");
    }
    torch_node node = torch_begin(c, max ? "MaxPool" : "AveragePool", NULL);
    torch_src(&node, p.x);
    return end(c, &p, &node);
}

static int32_t run_adaptive_max(torch_call *c)
{
    TORCH_TRY(run_adaptive(c));
    torch_value first = c->result;
    TORCH_TRY(torch_list_new(c->r, TORCH_TUPLE, 2, &c->result));
    c->result.list->at[0] = first;
    return AMCT_OK;
}

#define MAX "t:self I:kernel_size|I:stride I:padding I:dilation b:ceil_mode"
#define AVG                                                                                        \
    "t:self I:kernel_size|I:stride I:padding b:ceil_mode b:count_include_pad i:divisor_override"
#define ADAPTIVE "t:self I:output_size"

const torch_aten torch_aten_pool[] = {
    {"max_pool1d", MAX, run_max_pool, NULL},
    {"max_pool2d", MAX, run_max_pool, NULL},
    {"max_pool3d", MAX, run_max_pool, NULL},
    {"max_pool2d_with_indices", MAX, run_max_pool_indices, NULL},
    {"max_pool3d_with_indices", MAX, run_max_pool_indices, NULL},
    {"avg_pool1d", AVG, run_avg_pool, NULL},
    {"avg_pool2d", AVG, run_avg_pool, NULL},
    {"avg_pool3d", AVG, run_avg_pool, NULL},
    {"adaptive_avg_pool1d", ADAPTIVE, run_adaptive, NULL},
    {"adaptive_avg_pool2d", ADAPTIVE, run_adaptive, NULL},
    {"_adaptive_avg_pool2d", ADAPTIVE, run_adaptive, NULL},
    {"adaptive_avg_pool3d", ADAPTIVE, run_adaptive, NULL},
    {"adaptive_max_pool1d", ADAPTIVE, run_adaptive_max, NULL},
    {"adaptive_max_pool2d", ADAPTIVE, run_adaptive_max, NULL},
    {"adaptive_max_pool3d", ADAPTIVE, run_adaptive_max, NULL},
};
TORCH_FAMILY(pool);
