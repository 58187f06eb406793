/* Which operator is meant, and what its arguments are. */
#include "torch_aten.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const torch_aten *rows;
    const size_t *n;
} families[] = {
    {torch_aten_conv, &torch_n_aten_conv},     {torch_aten_unary, &torch_n_aten_unary},
    {torch_aten_binary, &torch_n_aten_binary}, {torch_aten_norm, &torch_n_aten_norm},
    {torch_aten_pool, &torch_n_aten_pool},     {torch_aten_shape, &torch_n_aten_shape},
    {torch_aten_slice, &torch_n_aten_slice},   {torch_aten_join, &torch_n_aten_join},
    {torch_aten_reduce, &torch_n_aten_reduce}, {torch_aten_resize, &torch_n_aten_resize},
    {torch_aten_matrix, &torch_n_aten_matrix}, {torch_aten_make, &torch_n_aten_make},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

/* ---- Matching ------------------------------------------------------------------------------ */

static bool is_number(torch_value v)
{
    return v.kind == TORCH_INT || v.kind == TORCH_FLOAT || v.kind == TORCH_BOOL ||
           v.kind == TORCH_SYMBOL;
}

static bool all(torch_value list, bool (*is)(torch_value))
{
    for (size_t i = 0; i < list.list->n; i++)
        if (!is(list.list->at[i]))
            return false;
    return true;
}

static bool is_size(torch_value v)
{
    return v.kind == TORCH_INT || v.kind == TORCH_SYMBOL;
}

static bool is_tensor(torch_value v)
{
    return v.kind == TORCH_TENSOR;
}

static bool fits(char kind, torch_value v)
{
    switch (kind) {
    case 't': return v.kind == TORCH_TENSOR;
    case 'T': return torch_is_list(v) && all(v, is_tensor);
    case 'x': return v.kind == TORCH_TENSOR || is_number(v);
    case 'n': return is_number(v) && v.kind != TORCH_SYMBOL;
    case 'N': return is_number(v);
    case 'i': return v.kind == TORCH_INT;
    case 'j': return is_size(v);
    case 'I': return is_size(v) || (torch_is_list(v) && all(v, is_size));
    case 'F': return is_number(v) || (torch_is_list(v) && all(v, is_number));
    case 'b': return v.kind == TORCH_BOOL || v.kind == TORCH_INT;
    case 's': return v.kind == TORCH_TEXT;
    default: return true;
    }
}

/* The parameter that begins at `from`, NULL behind the last one. */
static const char *next_param(const char *from, char *kind, const char **name, size_t *length,
                              bool *optional)
{
    while (*from == ' ' || *from == '|') {
        if (*from == '|')
            *optional = true;
        from++;
    }
    if (!*from)
        return NULL;
    *kind = from[0];
    *name = from + 2;
    *length = strcspn(*name, " |");
    return *name + *length;
}

/* Puts the arguments in their places; false if they do not fit. */
static bool bind(torch_value *out, const char *signature, const torch_value *args,
                 const char *const *names, uint32_t n)
{
    uint32_t used = 0, place = 0;
    bool optional = false;
    char kind;
    const char *name;
    size_t length;
    memset(out, 0, TORCH_MAX_ARGS * sizeof *out);
    for (const char *at = signature;
         place < TORCH_MAX_ARGS && (at = next_param(at, &kind, &name, &length, &optional));
         place++) {
        const torch_value *arg = NULL;
        for (uint32_t i = 0; i < n && !arg; i++)
            if (names && names[i] ? strlen(names[i]) == length && !strncmp(names[i], name, length)
                                  : i == place)
                arg = &args[i];
        if (arg)
            used++;
        if (!arg || (arg->kind == TORCH_NONE && optional)) {
            if (!optional)
                return false;
            continue;
        }
        if (!fits(kind, *arg))
            return false;
        out[place] = *arg;
    }
    return used == n;
}

static int32_t fail_match(torch_reader *r, const char *op, const char *signature,
                          const torch_value *args, const char *const *names, uint32_t n)
{
    char text[400] = "";
    for (uint32_t i = 0; i < n; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%.40s%s%s", i ? ", " : "",
                 names && names[i] ? names[i] : "", names && names[i] ? " = " : "",
                 torch_kind_name(args[i].kind));
    }
    return torch_fail(r, AMCT_E_UNSUPPORTED,
                      "aten::%s is called with (%s), which is not supported; (%s) is", op, text,
                      signature);
}

/* ---- In place ------------------------------------------------------------------------------ */

/* Whether op is `name`, or its form that changes the first argument. */
static bool names_op(const char *name, const char *op, bool *in_place)
{
    size_t length = strlen(name);
    if (strncmp(name, op, length) != 0)
        return false;
    *in_place = op[length] == '_' && op[length + 1] == 0;
    return op[length] == 0 || *in_place;
}

/* The first argument becomes the result; whatever shares its elements is stale from now on. */
static int32_t finish_in_place(torch_call *c)
{
    torch_tensor *self = torch_arg_tensor(c, 0);
    if (!self || c->result.kind != TORCH_TENSOR)
        return torch_unsupported(c, "in place");
    if (c->result.tensor == self)
        return AMCT_OK; /* such as dropout: nothing is changed */
    torch_tensor *result = c->result.tensor;
    self->alias->version++;
    torch_alias *alias = self->alias;
    *self = *result;
    self->alias = alias;
    self->version = alias->version;
    c->result = torch_of(self);
    return AMCT_OK;
}

bool torch_aten_known(const char *op)
{
    bool in_place;
    for (int f = 0; f < N_FAMILIES; f++)
        for (size_t i = 0; i < *families[f].n; i++)
            if (names_op(families[f].rows[i].op, op, &in_place))
                return true;
    return false;
}

int32_t torch_aten_call(torch_reader *r, const char *op, const char *label, const torch_value *args,
                        const char *const *names, uint32_t n, uint32_t n_wanted,
                        torch_value *result)
{
    torch_call c = {.r = r, .label = label, .n_wanted = n_wanted};
    const char *signature = NULL;
    for (int f = 0; f < N_FAMILIES; f++)
        for (size_t i = 0; i < *families[f].n; i++) {
            const torch_aten *row = &families[f].rows[i];
            if (!names_op(row->op, op, &c.in_place))
                continue;
            if (!signature || strlen(row->signature) > strlen(signature))
                signature = row->signature;
            if (!bind(c.args, row->signature, args, names, n))
                continue;
            c.name = row->op;
            c.op = row->onnx ? row->onnx : row->op;
            TORCH_TRY(row->handler(&c));
            if (c.in_place)
                TORCH_TRY(finish_in_place(&c));
            *result = c.result;
            return AMCT_OK;
        }
    if (signature)
        return fail_match(r, op, signature, args, names, n);
    return torch_fail(r, AMCT_E_UNSUPPORTED, "operator aten::%s is not supported", op);
}

/* ---- Arguments ----------------------------------------------------------------------------- */

int32_t torch_unsupported(torch_call *c, const char *what)
{
    return torch_fail(c->r, AMCT_E_UNSUPPORTED, "aten::%s: %s is not supported", c->name, what);
}

bool torch_arg_given(const torch_call *c, uint32_t i)
{
    return c->args[i].kind != TORCH_UNSET && c->args[i].kind != TORCH_NONE;
}

int64_t torch_arg_int(const torch_call *c, uint32_t i, int64_t otherwise)
{
    return c->args[i].kind == TORCH_INT || c->args[i].kind == TORCH_BOOL ? c->args[i].i : otherwise;
}

bool torch_arg_bool(const torch_call *c, uint32_t i, bool otherwise)
{
    return torch_arg_int(c, i, otherwise) != 0;
}

double torch_arg_number(const torch_call *c, uint32_t i, double otherwise)
{
    if (c->args[i].kind == TORCH_FLOAT)
        return c->args[i].f;
    return c->args[i].kind == TORCH_INT || c->args[i].kind == TORCH_BOOL ? (double)c->args[i].i
                                                                         : otherwise;
}

torch_tensor *torch_arg_tensor(const torch_call *c, uint32_t i)
{
    return c->args[i].kind == TORCH_TENSOR ? c->args[i].tensor : NULL;
}

int32_t torch_arg_list(torch_call *c, uint32_t i, const char *what, int64_t *out, uint32_t *n)
{
    torch_value v = c->args[i];
    size_t count = torch_is_list(v) ? v.list->n : torch_arg_given(c, i);
    if (count > AMCT_MAX_RANK)
        return torch_fail(c->r, AMCT_E_LIMIT, "aten::%s: %s has %zu numbers, at most %d wanted",
                          c->name, what, count, AMCT_MAX_RANK);
    for (size_t k = 0; k < count; k++) {
        torch_value at = torch_is_list(v) ? v.list->at[k] : v;
        if (at.kind != TORCH_INT)
            return torch_fail(c->r, AMCT_E_UNSUPPORTED,
                              "aten::%s: %s has a number that is only known when the network runs; "
                              "give --model-option input=1x3x32x32 or the like",
                              c->name, what);
        out[k] = at.i;
    }
    *n = (uint32_t)count;
    return AMCT_OK;
}

int32_t torch_arg_ints(torch_call *c, uint32_t i, const char *what, int64_t otherwise, int64_t *out,
                       uint32_t n)
{
    int64_t list[AMCT_MAX_RANK];
    uint32_t count;
    TORCH_TRY(torch_arg_list(c, i, what, list, &count));
    if (count > 1 && count != n)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: %s has %u numbers, %u wanted", c->name,
                          what, count, n);
    for (uint32_t k = 0; k < n; k++)
        out[k] = count == 0 ? otherwise : count == 1 ? list[0] : list[k];
    return AMCT_OK;
}

int32_t torch_arg_dim(torch_call *c, uint32_t i, int64_t otherwise, int32_t rank, int32_t *out)
{
    if (c->args[i].kind == TORCH_SYMBOL)
        return torch_unsupported(c, "a dim that is only known when the network runs");
    int64_t dim = torch_arg_int(c, i, otherwise), limit = rank > 0 ? rank : 1;
    if (dim < -limit || dim >= limit)
        return torch_fail(c->r, AMCT_E_FORMAT, "aten::%s: dim %lld of a tensor with %d", c->name,
                          (long long)dim, rank);
    *out = (int32_t)(dim < 0 ? dim + limit : dim);
    return AMCT_OK;
}

int32_t torch_need_rank(torch_call *c, const torch_tensor *t)
{
    if (t->rank >= 0)
        return AMCT_OK;
    return torch_fail(c->r, AMCT_E_UNSUPPORTED,
                      "aten::%s: the number of dims of '%.100s' is not known", c->name, t->name);
}
