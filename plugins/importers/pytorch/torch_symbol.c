/* Numbers that follow from the size of an input that is left open: nodes on int64 scalars, which
 * the host folds once the size is chosen. */
#include "torch_aten.h"

#include <math.h>
#include <string.h>

static int32_t make(torch_call *c, torch_node *node, uint32_t dtype, torch_value *out)
{
    torch_tensor *t;
    (void)c;
    TORCH_TRY(torch_end(node, dtype, 0, NULL, &t));
    *out = (torch_value){.kind = TORCH_SYMBOL, .tensor = t};
    return AMCT_OK;
}

int32_t torch_size_of(torch_call *c, torch_tensor *x, int32_t d, torch_value *out)
{
    torch_tensor *shape, *index;
    if (x->dims[d] >= 0) {
        *out = torch_int(x->dims[d]);
        return AMCT_OK;
    }
    uint32_t number = c->r->n_made++;
    const char *part = import_text(&c->r->memory, "shape%u", number);
    const char *size = import_text(&c->r->memory, "size%u", number);
    const char *at = import_text(&c->r->memory, "%s_dim%u", c->label, number);
    if (!part || !size || !at)
        return torch_nomem(c->r);
    torch_node node = torch_begin(c, "Shape", part);
    torch_src(&node, x);
    TORCH_TRY(torch_end(&node, AMCT_INT64, 1, (int64_t[]){x->rank}, &shape));
    TORCH_TRY(torch_const_int(c->r, at, d, &index));
    torch_node gather = torch_begin(c, "Gather", size);
    torch_src(&gather, shape);
    torch_src(&gather, index);
    torch_attr_int(&gather, "axis", 0);
    return make(c, &gather, AMCT_INT64, out);
}

bool torch_has_symbol(torch_value list)
{
    for (size_t i = 0; torch_is_list(list) && i < list.list->n; i++)
        if (list.list->at[i].kind == TORCH_SYMBOL)
            return true;
    return false;
}

int32_t torch_number_of(torch_call *c, torch_value v, torch_tensor **out)
{
    if (v.kind == TORCH_SYMBOL || v.kind == TORCH_TENSOR) {
        *out = v.tensor;
        return AMCT_OK;
    }
    const char *name = import_text(&c->r->memory, "%s_number%u", c->label, c->r->n_made++);
    if (!name)
        return torch_nomem(c->r);
    if (v.kind == TORCH_INT || v.kind == TORCH_BOOL)
        return torch_const_int(c->r, name, v.i, out);
    if (v.kind == TORCH_FLOAT)
        return torch_const_number(c->r, name, AMCT_FLOAT, v.f, out);
    return torch_fail(c->r, AMCT_E_UNSUPPORTED, "%s where a number is wanted",
                      torch_kind_name(v.kind));
}

int32_t torch_ints_of(torch_call *c, const char *what, torch_value list, torch_tensor **out)
{
    size_t n = list.list->n;
    const char *name = import_text(&c->r->memory, "%s_%s", c->label, what);
    int64_t ints[AMCT_MAX_RANK];
    if (!name)
        return torch_nomem(c->r);
    if (n > AMCT_MAX_RANK)
        return torch_unsupported(c, "a list of more than 8 numbers");
    if (!torch_has_symbol(list)) {
        for (size_t i = 0; i < n; i++)
            ints[i] = list.list->at[i].i;
        return torch_const_ints(c->r, name, ints, n, out);
    }
    torch_node concat = torch_begin(c, "Concat", what);
    for (size_t i = 0; i < n; i++) {
        torch_tensor *t;
        if (list.list->at[i].kind == TORCH_SYMBOL) {
            const char *part = import_text(&c->r->memory, "%s_%zu", what, i);
            const char *axes = import_text(&c->r->memory, "%s_axes%zu", what, i);
            if (!part || !axes)
                return torch_nomem(c->r);
            torch_node node = torch_begin(c, "Unsqueeze", part);
            torch_src(&node, list.list->at[i].tensor);
            torch_src_ints(&node, axes, (int64_t[]){0}, 1);
            TORCH_TRY(torch_end(&node, AMCT_INT64, 1, (int64_t[]){1}, &t));
        } else {
            const char *one = import_text(&c->r->memory, "%s_%zu", name, i);
            if (!one)
                return torch_nomem(c->r);
            TORCH_TRY(torch_const_ints(c->r, one, &list.list->at[i].i, 1, &t));
        }
        torch_src(&concat, t);
    }
    torch_attr_int(&concat, "axis", 0);
    return torch_end(&concat, AMCT_INT64, 1, (int64_t[]){(int64_t)n}, out);
}

/* ---- Arithmetic ---------------------------------------------------------------------------- */

/* Python's names, and what they are on two scalars; integers divide to floats, floordiv rounds
 * down, which for sizes is what ONNX's integer Div does. */
static const struct {
    const char *op, *onnx;
    bool to_float;
} operators[] = {
    {"add", "Add", false},      {"sub", "Sub", false},       {"mul", "Mul", false},
    {"floordiv", "Div", false}, {"truediv", "Div", true},    {"div", "Div", true},
    {"mod", "Mod", false},      {"remainder", "Mod", false}, {"max", "Max", false},
    {"min", "Min", false},      {"sym_max", "Max", false},   {"sym_min", "Min", false},
    {"pow", "Pow", false},
};

static int32_t to_type(torch_call *c, torch_tensor *t, uint32_t dtype, torch_tensor **out)
{
    const char *part = import_text(&c->r->memory, "cast%u", c->r->n_made++);
    if (!part)
        return torch_nomem(c->r);
    if (t->dtype == dtype) {
        *out = t;
        return AMCT_OK;
    }
    torch_node node = torch_begin(c, "Cast", part);
    torch_src(&node, t);
    torch_attr_int(&node, "to", dtype);
    return torch_end(&node, dtype, 0, NULL, out);
}

static int32_t one_operand(torch_call *c, const char *op, torch_tensor *a, torch_value *out)
{
    torch_tensor *t = a;
    const char *part = import_text(&c->r->memory, "%s%u", op, c->r->n_made++);
    if (!part)
        return torch_nomem(c->r);
    if (strcmp(op, "neg") == 0)
        TORCH_TRY(torch_unary(c, "Neg", part, a, &t));
    else if (torch_dtype_is_float(a->dtype) &&
             (strcmp(op, "floor") == 0 || strcmp(op, "ceil") == 0 || strcmp(op, "round") == 0))
        TORCH_TRY(torch_unary(c,
                              op[0] == 'f'   ? "Floor"
                              : op[0] == 'c' ? "Ceil"
                                             : "Round",
                              part, a, &t));
    else if (strcmp(op, "sqrt") == 0) {
        TORCH_TRY(to_type(c, a, AMCT_FLOAT, &t));
        TORCH_TRY(torch_unary(c, "Sqrt", part, t, &t));
    }
    if (strcmp(op, "float") == 0)
        TORCH_TRY(to_type(c, t, AMCT_FLOAT, &t));
    else if (strcmp(op, "neg") != 0 && strcmp(op, "sqrt") != 0)
        TORCH_TRY(to_type(c, t, AMCT_INT64, &t));
    *out = (torch_value){.kind = TORCH_SYMBOL, .tensor = t};
    return AMCT_OK;
}

int32_t torch_symbol_op(torch_call *c, const char *op, torch_value a, torch_value b,
                        torch_value *out)
{
    static const char *const alone[] = {"neg",  "int",   "float", "floor",
                                        "ceil", "round", "sqrt",  "trunc"};
    torch_tensor *p, *q;
    if (b.kind == TORCH_UNSET)
        for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
            if (strcmp(op, alone[i]) == 0)
                return one_operand(c, op, a.tensor, out);
    for (size_t i = 0; b.kind != TORCH_UNSET && i < sizeof operators / sizeof *operators; i++) {
        if (strcmp(op, operators[i].op) != 0)
            continue;
        TORCH_TRY(torch_number_of(c, a, &p));
        TORCH_TRY(torch_number_of(c, b, &q));
        bool real = operators[i].to_float || torch_dtype_is_float(p->dtype) ||
                    torch_dtype_is_float(q->dtype);
        TORCH_TRY(to_type(c, p, real ? AMCT_FLOAT : AMCT_INT64, &p));
        TORCH_TRY(to_type(c, q, real ? AMCT_FLOAT : AMCT_INT64, &q));
        const char *part = import_text(&c->r->memory, "%s%u", op, c->r->n_made++);
        if (!part)
            return torch_nomem(c->r);
        torch_node node = torch_begin(c, operators[i].onnx, part);
        torch_src(&node, p);
        torch_src(&node, q);
        if (real && strcmp(operators[i].onnx, "Mod") == 0)
            torch_attr_int(&node, "fmod", 1);
        TORCH_TRY(make(c, &node, real ? AMCT_FLOAT : AMCT_INT64, out));
        if (real && strcmp(op, "floordiv") == 0)
            return one_operand(c, "floor", out->tensor, out);
        return AMCT_OK;
    }
    return torch_fail(c->r, AMCT_E_UNSUPPORTED,
                      "'%s' is asked of a number that is only known when the network runs; give "
                      "--model-option input=..., or export with fixed sizes",
                      op);
}
