#include "torch_number.h"

#include "torch_aten.h"

#include <math.h>
#include <string.h>

typedef enum opcode {
    ADD,
    SUB,
    MUL,
    DIV,
    FLOORDIV,
    MOD,
    POW,
    MAX,
    MIN,
    EQ,
    NE,
    LT,
    LE,
    GT,
    GE,
    AND,
    OR,
    NEG,
    ABS,
    NOT,
    FLOOR,
    CEIL,
    ROUND,
    SQRT,
    TO_INT,
    TO_FLOAT,
    TO_BOOL,
    IS,
    ISNOT
} opcode;

static const struct {
    const char *name;
    opcode op;
    uint32_t n;
    const char *plain; /* for symbols */
} operators[] = {
    {"add", ADD, 2, "add"},
    {"sub", SUB, 2, "sub"},
    {"mul", MUL, 2, "mul"},
    {"truediv", DIV, 2, "truediv"},
    {"div", DIV, 2, "truediv"},
    {"floordiv", FLOORDIV, 2, "floordiv"},
    {"floor_divide", FLOORDIV, 2, "floordiv"},
    {"mod", MOD, 2, "mod"},
    {"remainder", MOD, 2, "mod"},
    {"pow", POW, 2, "pow"},
    {"max", MAX, 2, "max"},
    {"min", MIN, 2, "min"},
    {"sym_max", MAX, 2, "max"},
    {"sym_min", MIN, 2, "min"},
    {"eq", EQ, 2, "eq"},
    {"ne", NE, 2, "ne"},
    {"lt", LT, 2, "lt"},
    {"le", LE, 2, "le"},
    {"gt", GT, 2, "gt"},
    {"ge", GE, 2, "ge"},
    {"and_", AND, 2, "and"},
    {"or_", OR, 2, "or"},
    {"__and__", AND, 2, "and"},
    {"__or__", OR, 2, "or"},
    {"__is__", IS, 2, "is"},
    {"__isnot__", ISNOT, 2, "is not"},
    {"neg", NEG, 1, "neg"},
    {"abs", ABS, 1, "abs"},
    {"not_", NOT, 1, "not"},
    {"__not__", NOT, 1, "not"},
    {"sym_not", NOT, 1, "not"},
    {"floor", FLOOR, 1, "floor"},
    {"ceil", CEIL, 1, "ceil"},
    {"round", ROUND, 1, "round"},
    {"trunc", TO_INT, 1, "int"},
    {"sqrt", SQRT, 1, "sqrt"},
    {"_sym_sqrt", SQRT, 1, "sqrt"},
    {"Int", TO_INT, 1, "int"},
    {"int", TO_INT, 1, "int"},
    {"Float", TO_FLOAT, 1, "float"},
    {"float", TO_FLOAT, 1, "float"},
    {"sym_float", TO_FLOAT, 1, "float"},
    {"Bool", TO_BOOL, 1, "bool"},
    {"bool", TO_BOOL, 1, "bool"},
};
enum { N_OPERATORS = sizeof operators / sizeof *operators };

bool torch_number_known(const char *op)
{
    for (int i = 0; i < N_OPERATORS; i++)
        if (strcmp(operators[i].name, op) == 0)
            return true;
    return false;
}

static bool is_whole(torch_value v)
{
    return v.kind == TORCH_INT || v.kind == TORCH_BOOL;
}

static double number(torch_value v)
{
    return v.kind == TORCH_FLOAT ? v.f : (double)v.i;
}

static bool is_number(torch_value v)
{
    return is_whole(v) || v.kind == TORCH_FLOAT;
}

static bool lists_equal(const torch_list *a, const torch_list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n;
         i++) /* of numbers: no lists in lists, which might hold themselves */
        if (torch_is_list(a->at[i]) || !torch_equal(a->at[i], b->at[i]))
            return false;
    return true;
}

bool torch_equal(torch_value a, torch_value b)
{
    if (is_whole(a) && is_whole(b))
        return a.i == b.i;
    if (is_number(a) && is_number(b))
        return number(a) == number(b);
    if (torch_is_list(a) && torch_is_list(b))
        return lists_equal(a.list, b.list);
    if (a.kind != b.kind)
        return false;
    if (a.kind == TORCH_TEXT)
        return strcmp(a.text, b.text) == 0;
    return a.kind == TORCH_NONE || a.tensor == b.tensor;
}

/* ---- Whole numbers -------------------------------------------------------------------------- */

static int32_t fail_overflow(torch_reader *r)
{
    return torch_fail(r, AMCT_E_LIMIT, "an integer overflows");
}

static int32_t power(torch_reader *r, int64_t base, int64_t exponent, torch_value *out)
{
    int64_t result = 1;
    if (exponent < 0) {
        *out = torch_float(pow((double)base, (double)exponent));
        return AMCT_OK;
    }
    if (base == 0 || base == 1 || base == -1) /* however often */
        exponent = exponent > 2 ? 2 + exponent % 2 : exponent;
    for (int64_t i = 0; i < exponent; i++)
        if (__builtin_mul_overflow(result, base, &result))
            return fail_overflow(r);
    *out = torch_int(result);
    return AMCT_OK;
}

static int32_t on_ints(torch_reader *r, opcode op, int64_t a, int64_t b, torch_value *out)
{
    int64_t v = 0;
    if ((op == FLOORDIV || op == MOD || op == DIV) && b == 0)
        return torch_fail(r, AMCT_E_FORMAT, "a number is divided by 0");
    switch (op) {
    case ADD:
        if (__builtin_add_overflow(a, b, &v))
            return fail_overflow(r);
        break;
    case SUB:
        if (__builtin_sub_overflow(a, b, &v))
            return fail_overflow(r);
        break;
    case MUL:
        if (__builtin_mul_overflow(a, b, &v))
            return fail_overflow(r);
        break;
    case FLOORDIV:
    case MOD:
        if (a == INT64_MIN)
            return fail_overflow(r);
        v = a / b - (a % b != 0 && (a < 0) != (b < 0));
        if (op == MOD)
            v = a - v * b;
        break;
    case DIV: *out = torch_float((double)a / (double)b); return AMCT_OK;
    case POW: return power(r, a, b, out);
    case MAX: v = a > b ? a : b; break;
    default: v = a < b ? a : b;
    }
    *out = torch_int(v);
    return AMCT_OK;
}

/* ---- All of them ---------------------------------------------------------------------------- */

static int32_t on_floats(torch_reader *r, opcode op, double a, double b, torch_value *out)
{
    switch (op) {
    case ADD: *out = torch_float(a + b); break;
    case SUB: *out = torch_float(a - b); break;
    case MUL: *out = torch_float(a * b); break;
    case POW: *out = torch_float(pow(a, b)); break;
    case MAX: *out = torch_float(a > b ? a : b); break;
    case MIN: *out = torch_float(a < b ? a : b); break;
    default:
        if (b == 0)
            return torch_fail(r, AMCT_E_FORMAT, "a number is divided by 0");
        *out = torch_float(op == DIV        ? a / b
                           : op == FLOORDIV ? floor(a / b)
                                            : a - b * floor(a / b));
    }
    return AMCT_OK;
}

static int32_t to_int(torch_reader *r, double v, torch_value *out)
{
    if (!(v > -0x1p63 && v < 0x1p63))
        return fail_overflow(r);
    *out = torch_int((int64_t)v);
    return AMCT_OK;
}

static int32_t on_one(torch_reader *r, opcode op, torch_value a, torch_value *out)
{
    bool whole = is_whole(a);
    if (op == NOT || op == TO_BOOL)
        *out = torch_bool((number(a) != 0) == (op == TO_BOOL));
    else if (op == TO_FLOAT)
        *out = torch_float(number(a));
    else if (op == SQRT)
        *out = torch_float(sqrt(number(a)));
    else if ((op == NEG || op == ABS) && whole)
        return op == NEG || a.i < 0 ? on_ints(r, SUB, 0, a.i, out)
                                    : (*out = torch_int(a.i), AMCT_OK);
    else if (op == NEG || op == ABS)
        *out = torch_float(op == NEG ? -a.f : fabs(a.f));
    else if (whole)
        *out = torch_int(a.i);
    else if (op == ROUND) /* Python's, in TorchScript, stays a float */
        *out = torch_float(rint(a.f));
    else
        return to_int(r, op == FLOOR ? floor(a.f) : op == CEIL ? ceil(a.f) : a.f, out);
    return AMCT_OK;
}

static bool compare(opcode op, double a, double b)
{
    return op == LT ? a < b : op == LE ? a <= b : op == GT ? a > b : a >= b;
}

static int32_t concatenate(torch_reader *r, torch_value a, torch_value b, torch_value *out)
{
    torch_value list;
    TORCH_TRY(torch_list_new(r, a.kind, a.list->n + b.list->n, &list));
    if (a.list->n)
        memcpy(list.list->at, a.list->at, a.list->n * sizeof *list.list->at);
    if (b.list->n)
        memcpy(list.list->at + a.list->n, b.list->at, b.list->n * sizeof *list.list->at);
    *out = list;
    return AMCT_OK;
}

static int32_t on_two(torch_reader *r, opcode op, torch_value a, torch_value b, torch_value *out,
                      bool *done)
{
    bool numbers = is_number(a) && is_number(b);
    *done = true;
    if (op == EQ || op == NE)
        *out = torch_bool(torch_equal(a, b) == (op == EQ));
    else if (op == IS || op == ISNOT)
        *out = torch_bool((a.kind == b.kind && torch_equal(a, b)) == (op == IS));
    else if (numbers && (op == AND || op == OR))
        *out = torch_bool(op == AND ? number(a) != 0 && number(b) != 0
                                    : number(a) != 0 || number(b) != 0);
    else if (numbers && op >= LT && op <= GE)
        *out = is_whole(a) && is_whole(b) ? torch_bool(op == LT   ? a.i < b.i
                                                       : op == LE ? a.i <= b.i
                                                       : op == GT ? a.i > b.i
                                                                  : a.i >= b.i)
                                          : torch_bool(compare(op, number(a), number(b)));
    else if (is_whole(a) && is_whole(b))
        return on_ints(r, op, a.i, b.i, out);
    else if (numbers)
        return on_floats(r, op, number(a), number(b), out);
    else if (op == ADD && torch_is_list(a) && a.kind == b.kind)
        return concatenate(r, a, b, out);
    else
        *done = false;
    return AMCT_OK;
}

int32_t torch_number_op(torch_reader *r, const char *op, const char *label, const torch_value *args,
                        uint32_t n, torch_value *out)
{
    for (int i = 0; i < N_OPERATORS; i++) {
        if (operators[i].n != n || strcmp(operators[i].name, op) != 0)
            continue;
        opcode code = operators[i].op;
        bool symbol = args[0].kind == TORCH_SYMBOL || (n > 1 && args[1].kind == TORCH_SYMBOL);
        bool none = n > 1 && (args[0].kind == TORCH_NONE || args[1].kind == TORCH_NONE);
        if (symbol && !none) {
            torch_call c = {.r = r, .name = op, .op = op, .label = label};
            return torch_symbol_op(&c, operators[i].plain, args[0],
                                   n > 1 ? args[1] : (torch_value){.kind = TORCH_UNSET}, out);
        }
        if (n == 1 && is_number(args[0]))
            return on_one(r, code, args[0], out);
        bool done = false;
        if (n == 2)
            TORCH_TRY(on_two(r, code, args[0], args[1], out, &done));
        if (done)
            return AMCT_OK;
        break;
    }
    return torch_fail(r, AMCT_E_UNSUPPORTED, "operator '%.100s' on %s is not supported", op,
                      n ? torch_kind_name(args[0].kind) : "nothing");
}
