/* Operators on two tensors, or a tensor and a number. */
#include "torch_aten.h"

#include <string.h>

/* Numbers take the tensor's element type; an integer one gives way to a float number. */
static int32_t operands(torch_call *c, torch_tensor **a, torch_tensor **b)
{
    torch_tensor *x = torch_arg_tensor(c, 0) ? torch_arg_tensor(c, 0) : torch_arg_tensor(c, 1);
    uint32_t like = x ? x->dtype : AMCT_FLOAT;
    TORCH_TRY(torch_arg_operand(c, 0, like, a));
    return torch_arg_operand(c, 1, like, b);
}

/* The type of a result of both, as far as this program computes with them: any float wins. */
static int32_t same_type(torch_call *c, torch_tensor **a, torch_tensor **b)
{
    torch_tensor **lesser = NULL;
    uint32_t p = (*a)->dtype, q = (*b)->dtype;
    if (p == q || !p || !q)
        return AMCT_OK;
    if (torch_dtype_is_float(p) && (!torch_dtype_is_float(q) || (*b)->rank == 0))
        lesser = b;
    else if (torch_dtype_is_float(q))
        lesser = a;
    else
        lesser = torch_dtype_bytes(p) < torch_dtype_bytes(q) || p == AMCT_BOOL ? a : b;
    torch_node node = torch_begin(c, "Cast", lesser == a ? "cast_a" : "cast_b");
    torch_src(&node, *lesser);
    torch_attr_int(&node, "to", lesser == a ? q : p);
    return torch_end(&node, lesser == a ? q : p, (*lesser)->rank, (*lesser)->dims, lesser);
}

static int32_t end_binary(torch_call *c, const char *op, torch_tensor *a, torch_tensor *b)
{
    torch_tensor *out;
    TORCH_TRY(torch_binary(c, op, NULL, a, b, &out));
    return torch_return(c, out);
}

/* Python's numbers among themselves, in code. */
static bool numbers_only(const torch_call *c)
{
    return c->args[0].kind != TORCH_TENSOR && c->args[1].kind != TORCH_TENSOR;
}

static int32_t run_arith(torch_call *c)
{
    torch_tensor *a, *b;
    if (numbers_only(c))
        return torch_unsupported(c, "numbers without a tensor");
    TORCH_TRY(operands(c, &a, &b));
    TORCH_TRY(same_type(c, &a, &b));
    return end_binary(c, c->op, a, b);
}

/* a + alpha * b */
static int32_t run_scaled(torch_call *c)
{
    torch_tensor *a, *b, *scale;
    double alpha = torch_arg_number(c, 2, 1);
    if (numbers_only(c))
        return torch_unsupported(c, "numbers without a tensor");
    TORCH_TRY(operands(c, &a, &b));
    TORCH_TRY(same_type(c, &a, &b));
    if (alpha != 1) {
        const char *name = import_text(&c->r->memory, "%s_alpha", c->label);
        if (!name)
            return torch_nomem(c->r);
        TORCH_TRY(torch_const_number(c->r, name, b->dtype, alpha, &scale));
        TORCH_TRY(torch_binary(c, "Mul", "scaled", b, scale, &b));
    }
    return end_binary(c, c->op, a, b);
}

static int32_t run_rsub(torch_call *c)
{
    torch_value first = c->args[0];
    c->args[0] = c->args[1];
    c->args[1] = first;
    if (torch_arg_number(c, 2, 1) != 1)
        return torch_unsupported(c, "alpha other than 1");
    return run_arith(c);
}

static int32_t run_div(torch_call *c)
{
    torch_tensor *a, *b, *out;
    const char *mode = torch_arg_given(c, 2) ? c->args[2].text : NULL;
    TORCH_TRY(operands(c, &a, &b));
    TORCH_TRY(same_type(c, &a, &b));
    if (!mode && a->dtype && !torch_dtype_is_float(a->dtype)) { /* true division */
        torch_tensor **both[] = {&a, &b};
        for (int i = 0; i < 2; i++) {
            torch_node node = torch_begin(c, "Cast", i ? "float_b" : "float_a");
            torch_src(&node, *both[i]);
            torch_attr_int(&node, "to", AMCT_FLOAT);
            TORCH_TRY(torch_end(&node, AMCT_FLOAT, (*both[i])->rank, (*both[i])->dims, both[i]));
        }
    }
    if (!mode)
        return end_binary(c, "Div", a, b);
    if (!torch_dtype_is_float(a->dtype))
        return torch_unsupported(c, "a rounding division of integer tensors");
    if (strcmp(mode, "floor") != 0)
        return torch_unsupported(c, "this rounding");
    TORCH_TRY(torch_binary(c, "Div", "quotient", a, b, &out));
    torch_node node = torch_begin(c, "Floor", NULL);
    torch_src(&node, out);
    return torch_end_like(&node, out);
}

static int32_t run_compare(torch_call *c)
{
    torch_tensor *a, *b, *out;
    bool differ = strcmp(c->op, "ne") == 0;
    TORCH_TRY(operands(c, &a, &b));
    TORCH_TRY(same_type(c, &a, &b));
    TORCH_TRY(torch_binary(c, differ ? "Equal" : c->op, differ ? "equal" : NULL, a, b, &out));
    out->dtype = AMCT_BOOL;
    if (differ)
        TORCH_TRY(torch_unary(c, "Not", NULL, out, &out));
    return torch_return(c, out);
}

static int32_t run_where(torch_call *c)
{
    torch_tensor *condition = torch_arg_tensor(c, 0), *a, *b, *out;
    torch_tensor *x = torch_arg_tensor(c, 1) ? torch_arg_tensor(c, 1) : torch_arg_tensor(c, 2);
    uint32_t like = x ? x->dtype : AMCT_FLOAT;
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK];
    TORCH_TRY(torch_arg_operand(c, 1, like, &a));
    TORCH_TRY(torch_arg_operand(c, 2, like, &b));
    TORCH_TRY(same_type(c, &a, &b));
    torch_broadcast(a, b, &rank, dims);
    torch_tensor both = {.rank = rank};
    memcpy(both.dims, dims, sizeof dims);
    torch_broadcast(condition, &both, &rank, dims);
    torch_node node = torch_begin(c, "Where", NULL);
    torch_src(&node, condition);
    torch_src(&node, a);
    torch_src(&node, b);
    TORCH_TRY(torch_end(&node, a->dtype, rank, dims, &out));
    return torch_return(c, out);
}

static int32_t run_masked_fill(torch_call *c)
{
    torch_value self = c->args[0];
    c->args[0] = c->args[1];
    c->args[1] = c->args[2];
    c->args[2] = self;
    TORCH_TRY(run_where(c));
    c->args[0] = self;
    return AMCT_OK;
}

/* self + value * a (op) b */
static int32_t run_addc(torch_call *c)
{
    torch_tensor *product, *scale, *out;
    double value = torch_arg_number(c, 3, 1);
    TORCH_TRY(torch_binary(c, c->op, "product", torch_arg_tensor(c, 1), torch_arg_tensor(c, 2),
                           &product));
    if (value != 1) {
        const char *name = import_text(&c->r->memory, "%s_value", c->label);
        if (!name)
            return torch_nomem(c->r);
        TORCH_TRY(torch_const_number(c->r, name, product->dtype, value, &scale));
        TORCH_TRY(torch_binary(c, "Mul", "scaled", product, scale, &product));
    }
    TORCH_TRY(torch_binary(c, "Add", NULL, torch_arg_tensor(c, 0), product, &out));
    return torch_return(c, out);
}

#define TWO "x:self x:other"

const torch_aten torch_aten_binary[] = {
    {"add", "x:self x:other|n:alpha", run_scaled, "Add"},
    {"sub", "x:self x:other|n:alpha", run_scaled, "Sub"},
    {"rsub", "x:self x:other|n:alpha", run_rsub, "Sub"},
    {"mul", TWO, run_arith, "Mul"},
    {"multiply", TWO, run_arith, "Mul"},
    {"div", "x:self x:other|s:rounding_mode", run_div, NULL},
    {"true_divide", TWO, run_div, NULL},
    {"pow", "x:self x:exponent", run_arith, "Pow"},
    {"maximum", TWO, run_arith, "Max"},
    {"minimum", TWO, run_arith, "Min"},
    {"max", "t:self t:other", run_arith, "Max"},
    {"min", "t:self t:other", run_arith, "Min"},
    {"eq", TWO, run_compare, "Equal"},
    {"ne", TWO, run_compare, "ne"},
    {"lt", TWO, run_compare, "Less"},
    {"le", TWO, run_compare, "LessOrEqual"},
    {"gt", TWO, run_compare, "Greater"},
    {"ge", TWO, run_compare, "GreaterOrEqual"},
    {"logical_and", TWO, run_arith, "And"},
    {"logical_or", TWO, run_arith, "Or"},
    {"bitwise_and", TWO, run_arith, "And"},
    {"where", "t:condition x:self x:other", run_where, NULL},
    {"masked_fill", "t:self t:mask x:value", run_masked_fill, NULL},
    {"addcmul", "t:self t:tensor1 t:tensor2|n:value", run_addc, "Mul"},
    {"addcdiv", "t:self t:tensor1 t:tensor2|n:value", run_addc, "Div"},
};
TORCH_FAMILY(binary);
