/* Tensors of nothing but numbers. */
#include "torch_aten.h"

#include <math.h>

enum { MAX_RANGE = 1 << 20 };

static uint32_t read_dtype(const torch_call *c, uint32_t i, uint32_t otherwise)
{
    return torch_arg_given(c, i) ? torch_dtype_of_script(torch_arg_int(c, i, -1)) : otherwise;
}

/* A tensor of the given size, all of the same number: a constant of one element, expanded. */
static int32_t fill(torch_call *c, torch_value size, uint32_t dtype, double number)
{
    torch_tensor *one, *shape, *out;
    int64_t dims[AMCT_MAX_RANK];
    if (!torch_is_list(size) || size.list->n > AMCT_MAX_RANK || !torch_dtype_bytes(dtype))
        return torch_unsupported(c, "this size or element type");
    const char *name = import_text(&c->r->memory, "%s_element", c->label);
    if (!name)
        return torch_nomem(c->r);
    TORCH_TRY(torch_const_number(c->r, name, dtype, number, &one));
    for (size_t i = 0; i < size.list->n; i++)
        dims[i] = size.list->at[i].kind == TORCH_INT ? size.list->at[i].i : AMCT_DIM_UNKNOWN;
    TORCH_TRY(torch_ints_of(c, "shape", size, &shape));
    torch_node node = torch_begin(c, "Expand", NULL);
    torch_src(&node, one);
    torch_src(&node, shape);
    TORCH_TRY(torch_end(&node, dtype, (int32_t)size.list->n, dims, &out));
    return torch_return(c, out);
}

static int32_t run_zeros(torch_call *c)
{
    return fill(c, c->args[0], read_dtype(c, 1, AMCT_FLOAT), 0);
}

static int32_t run_ones(torch_call *c)
{
    return fill(c, c->args[0], read_dtype(c, 1, AMCT_FLOAT), 1);
}

static int32_t run_full(torch_call *c)
{
    uint32_t dtype = c->args[1].kind == TORCH_INT ? AMCT_INT64 : AMCT_FLOAT;
    if (c->args[1].kind == TORCH_SYMBOL)
        return torch_unsupported(c, "a number that is only known when the network runs");
    return fill(c, c->args[0], read_dtype(c, 2, dtype), torch_arg_number(c, 1, 0));
}

static int32_t like(torch_call *c, uint32_t dtype, double number)
{
    torch_tensor *x = torch_arg_tensor(c, 0);
    torch_value size;
    TORCH_TRY(torch_need_rank(c, x));
    TORCH_TRY(torch_list_new(c->r, TORCH_LIST, (size_t)x->rank, &size));
    for (int32_t d = 0; d < x->rank; d++)
        TORCH_TRY(torch_size_of(c, x, d, &size.list->at[d]));
    return fill(c, size, dtype, number);
}

static int32_t run_zeros_like(torch_call *c)
{
    return like(c, read_dtype(c, 1, torch_arg_tensor(c, 0)->dtype), 0);
}

static int32_t run_ones_like(torch_call *c)
{
    return like(c, read_dtype(c, 1, torch_arg_tensor(c, 0)->dtype), 1);
}

static int32_t run_full_like(torch_call *c)
{
    return like(c, read_dtype(c, 2, torch_arg_tensor(c, 0)->dtype), torch_arg_number(c, 1, 0));
}

static int32_t run_new(torch_call *c)
{
    uint32_t dtype = read_dtype(c, 2, torch_arg_tensor(c, 0)->dtype);
    return fill(c, c->args[1], dtype, c->op[4] == 'o');
}

static int32_t run_scalar(torch_call *c)
{
    torch_tensor *out;
    torch_value v = c->args[0];
    if (v.kind == TORCH_SYMBOL)
        return torch_return(c, v.tensor);
    uint32_t dtype = v.kind == TORCH_INT    ? AMCT_INT64
                     : v.kind == TORCH_BOOL ? AMCT_BOOL
                                            : AMCT_FLOAT;
    TORCH_TRY(torch_const_number(c->r, c->label, read_dtype(c, 1, dtype), torch_arg_number(c, 0, 0),
                                 &out));
    return torch_return(c, out);
}

static int32_t range(torch_call *c, uint32_t first, uint32_t last, double step, uint32_t at_dtype)
{
    torch_tensor *out;
    bool ints = true;
    for (uint32_t i = 0; i < at_dtype; i++) {
        if (c->args[i].kind == TORCH_SYMBOL)
            return torch_unsupported(c, "a number that is only known when the network runs");
        ints &= c->args[i].kind != TORCH_FLOAT;
    }
    double from = first < last ? torch_arg_number(c, first, 0) : 0;
    double count = ceil((torch_arg_number(c, last, 0) - from) / step);
    uint32_t dtype = read_dtype(c, at_dtype, ints ? AMCT_INT64 : AMCT_FLOAT);
    if (!(count >= 0 && count <= MAX_RANGE))
        return torch_unsupported(c, "a range of this length");
    if (dtype != AMCT_INT64 && dtype != AMCT_FLOAT)
        return torch_unsupported(c, "this element type");
    int64_t n = (int64_t)count;
    int64_t *whole = import_alloc(&c->r->memory, (size_t)n, sizeof *whole);
    float *real = import_alloc(&c->r->memory, (size_t)n, sizeof *real);
    if (!whole || !real)
        return torch_nomem(c->r);
    for (int64_t i = 0; i < n; i++) {
        double v = from + (double)i * step;
        real[i] = (float)v;
        if (dtype == AMCT_INT64 && fabs(v) > 0x1p53)
            return torch_unsupported(c, "numbers this large");
        whole[i] = dtype == AMCT_INT64 ? (int64_t)v : 0;
    }
    if (dtype == AMCT_INT64)
        TORCH_TRY(torch_const_ints(c->r, c->label, whole, (size_t)n, &out));
    else
        TORCH_TRY(torch_const_bytes(c->r, c->label, AMCT_FLOAT, 1, &n, real,
                                    (size_t)n * sizeof *real, &out));
    return torch_return(c, out);
}

static int32_t run_arange(torch_call *c)
{
    return range(c, 0, 0, 1, 1);
}

static int32_t run_arange_start(torch_call *c)
{
    return range(c, 0, 1, 1, 2);
}

static int32_t run_arange_step(torch_call *c)
{
    double step = torch_arg_number(c, 2, 1);
    if (step == 0)
        return torch_unsupported(c, "a step of 0");
    return range(c, 0, 1, step, 3);
}

#define OPTIONS "*:layout *:device *:pin_memory *:memory_format *:requires_grad"

const torch_aten torch_aten_make[] = {
    {"zeros", "I:size|i:dtype " OPTIONS, run_zeros, NULL},
    {"ones", "I:size|i:dtype " OPTIONS, run_ones, NULL},
    {"full", "I:size N:fill_value|i:dtype " OPTIONS, run_full, NULL},
    {"zeros_like", "t:self|i:dtype " OPTIONS, run_zeros_like, NULL},
    {"ones_like", "t:self|i:dtype " OPTIONS, run_ones_like, NULL},
    {"full_like", "t:self n:fill_value|i:dtype " OPTIONS, run_full_like, NULL},
    {"new_zeros", "t:self I:size|i:dtype " OPTIONS, run_new, NULL},
    {"new_ones", "t:self I:size|i:dtype " OPTIONS, run_new, NULL},
    {"scalar_tensor", "N:s|i:dtype " OPTIONS, run_scalar, NULL},
    {"tensor", "N:data|i:dtype " OPTIONS, run_scalar, NULL},
    {"arange", "N:end|i:dtype " OPTIONS, run_arange, NULL},
    {"arange", "N:start N:end|i:dtype " OPTIONS, run_arange_start, NULL},
    {"arange", "N:start N:end N:step|i:dtype " OPTIONS, run_arange_step, NULL},
};
TORCH_FAMILY(make);
