/* The machine that a pickle is a program for: Python's pickletools names and explains its opcodes.
 */
#include "torch_pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct machine {
    torch_pickle *p;
    size_t at; /* of the opcode */
    size_t next;
    torch_value *stack, *memo;
    size_t n, cap, n_memo, cap_memo;
    size_t n_puts;
} machine;

int32_t torch_pickle_fail(torch_pickle *p, int32_t code, size_t at, const char *fmt, ...)
{
    char text[600];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return torch_fail(p->r, code, "%s: byte %zu: %s", p->name, at, text);
}

static int32_t damaged(machine *m, const char *what)
{
    return torch_pickle_fail(m->p, AMCT_E_FORMAT, m->at, "the pickle is cut short or damaged: %s",
                             what);
}

/* ---- Stack and memo ------------------------------------------------------------------------- */

static int32_t push(machine *m, torch_value v)
{
    torch_value *stack = import_grow(&m->p->r->memory, m->stack, m->n, &m->cap, sizeof v);
    if (!stack)
        return torch_nomem(m->p->r);
    m->stack = stack;
    stack[m->n++] = v;
    return AMCT_OK;
}

static int32_t pop(machine *m, torch_value *out)
{
    if (m->n == 0 || m->stack[m->n - 1].kind == TORCH_MARK)
        return damaged(m, "a value is missing");
    *out = m->stack[--m->n];
    return AMCT_OK;
}

static int32_t top(machine *m, torch_kind kind, torch_value **out)
{
    if (m->n == 0 || m->stack[m->n - 1].kind != kind)
        return torch_pickle_fail(m->p, AMCT_E_FORMAT, m->at, "%s is wanted, not %s",
                                 torch_kind_name(kind),
                                 torch_kind_name(m->n ? m->stack[m->n - 1].kind : TORCH_UNSET));
    *out = &m->stack[m->n - 1];
    return AMCT_OK;
}

/* The values above the topmost mark, which goes away: *from of them on. */
static int32_t above_mark(machine *m, torch_value **from, size_t *n)
{
    size_t at = m->n;
    while (at > 0 && m->stack[at - 1].kind != TORCH_MARK)
        at--;
    if (at == 0)
        return damaged(m, "a mark is missing");
    *from = m->stack + at;
    *n = m->n - at;
    m->n = at - 1;
    return AMCT_OK;
}

/* Pickles number what they remember one by one: larger numbers are refused. */
static int32_t put(machine *m, size_t index)
{
    import_memory *memory = &m->p->r->memory;
    if (m->n == 0 || m->stack[m->n - 1].kind == TORCH_MARK)
        return damaged(m, "a value is missing");
    if (index > 2 * m->n_puts + 1024)
        return torch_pickle_fail(m->p, AMCT_E_LIMIT, m->at, "memo %zu, after %zu others", index,
                                 m->n_puts);
    while (m->n_memo <= index) {
        torch_value *memo = import_grow(memory, m->memo, m->n_memo, &m->cap_memo, sizeof *memo);
        if (!memo)
            return torch_nomem(m->p->r);
        m->memo = memo;
        memo[m->n_memo++] = (torch_value){.kind = TORCH_UNSET};
    }
    m->memo[index] = m->stack[m->n - 1];
    m->n_puts++;
    return AMCT_OK;
}

static int32_t get(machine *m, size_t index)
{
    if (index >= m->n_memo || m->memo[index].kind == TORCH_UNSET)
        return torch_pickle_fail(m->p, AMCT_E_FORMAT, m->at, "memo %zu holds nothing", index);
    return push(m, m->memo[index]);
}

/* ---- Operands ------------------------------------------------------------------------------- */

static int32_t take(machine *m, size_t n, const uint8_t **out)
{
    if (n > m->p->bytes.size - m->next)
        return damaged(m, "it ends here");
    *out = m->p->bytes.data + m->next;
    m->next += n;
    return AMCT_OK;
}

/* A little-endian number of n bytes. */
static int32_t take_number(machine *m, size_t n, uint64_t *out)
{
    const uint8_t *bytes = NULL;
    uint64_t v = 0;
    TORCH_TRY(take(m, n, &bytes));
    for (size_t i = n; i-- > 0;)
        v = v << 8 | bytes[i];
    *out = v;
    return AMCT_OK;
}

static int32_t push_text(machine *m, uint64_t n)
{
    const uint8_t *bytes = NULL;
    if (n > m->p->bytes.size)
        return damaged(m, "a string is longer than the file");
    TORCH_TRY(take(m, (size_t)n, &bytes));
    if (memchr(bytes, 0, (size_t)n)) /* no name has one; of no other use here */
        return push(m, torch_none());
    char *text = import_copy(&m->p->r->memory, bytes, (size_t)n);
    return text ? push(m, torch_string(text)) : torch_nomem(m->p->r);
}

/* A number of n bytes in two's complement. */
static int32_t push_long(machine *m, uint64_t n)
{
    const uint8_t *bytes = NULL;
    uint64_t v = 0;
    if (n > m->p->bytes.size)
        return damaged(m, "a number is longer than the file");
    TORCH_TRY(take(m, (size_t)n, &bytes));
    bool negative = n && bytes[n - 1] & 0x80;
    for (size_t i = 0; i < n; i++) {
        uint8_t fill = negative ? 0xff : 0;
        if (i < 8)
            v |= (uint64_t)bytes[i] << 8 * i;
        else if (bytes[i] != fill) /* only the number that marks torch.save's files is as long */
            return push(m, torch_none());
    }
    if (n > 8 && negative != v >> 63)
        return push(m, torch_none());
    if (negative && n < 8)
        v |= ~(uint64_t)0 << 8 * n;
    return push(m, torch_int((int64_t)v));
}

static int32_t push_double(machine *m)
{
    const uint8_t *bytes = NULL;
    union {
        uint64_t u;
        double d;
    } v = {0};
    TORCH_TRY(take(m, 8, &bytes));
    for (int i = 0; i < 8; i++)
        v.u = v.u << 8 | bytes[i];
    return push(m, torch_float(v.d));
}

static int32_t take_line(machine *m, const char **out)
{
    const uint8_t *from = m->p->bytes.data + m->next;
    const uint8_t *end = memchr(from, '\n', m->p->bytes.size - m->next);
    if (!end || memchr(from, 0, (size_t)(end - from)))
        return damaged(m, "a name has no end");
    m->next += (size_t)(end - from) + 1;
    *out = import_copy(&m->p->r->memory, from, (size_t)(end - from));
    return *out ? AMCT_OK : torch_nomem(m->p->r);
}

/* ---- Containers ----------------------------------------------------------------------------- */

static int32_t push_list(machine *m, torch_kind kind, const torch_value *from, size_t n)
{
    torch_value list;
    TORCH_TRY(torch_list_new(m->p->r, kind, n, &list));
    if (n)
        memcpy(list.list->at, from, n * sizeof *from);
    return push(m, list);
}

static int32_t push_top_tuple(machine *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (m->n <= i || m->stack[m->n - 1 - i].kind == TORCH_MARK)
            return damaged(m, "a value is missing");
    m->n -= n;
    return push_list(m, TORCH_TUPLE, m->stack + m->n, n);
}

static int32_t append(machine *m, const torch_value *from, size_t n)
{
    torch_value *list;
    TORCH_TRY(top(m, TORCH_LIST, &list));
    for (size_t i = 0; i < n; i++)
        TORCH_TRY(torch_list_add(m->p->r, list->list, from[i]));
    return AMCT_OK;
}

static int32_t set_items(machine *m, const torch_value *from, size_t n)
{
    torch_value *dict;
    if (n % 2)
        return damaged(m, "a key without a value");
    TORCH_TRY(top(m, TORCH_DICT, &dict));
    for (size_t i = 0; i < n; i += 2)
        TORCH_TRY(torch_dict_set(m->p->r, dict->dict, from[i], from[i + 1]));
    return AMCT_OK;
}

static int32_t push_dict(machine *m, const torch_value *from, size_t n)
{
    torch_value dict;
    TORCH_TRY(torch_dict_new(m->p->r, &dict));
    TORCH_TRY(push(m, dict));
    return set_items(m, from, n);
}

/* State for what is on top: fields of an object; other things have none that matter here. */
static int32_t build(machine *m)
{
    torch_value state, *object;
    TORCH_TRY(pop(m, &state));
    if (m->n == 0)
        return damaged(m, "a value is missing");
    object = &m->stack[m->n - 1];
    if (object->kind == TORCH_DICT)
        return AMCT_OK; /* _metadata of an OrderedDict */
    if (object->kind != TORCH_OBJECT)
        return torch_pickle_fail(m->p, AMCT_E_FORMAT, m->at, "%s is given a state",
                                 torch_kind_name(object->kind));
    if (state.kind != TORCH_DICT)
        return torch_pickle_fail(m->p, AMCT_E_UNSUPPORTED, m->at,
                                 "the state of class '%.200s' is %s, not its fields",
                                 object->object->type, torch_kind_name(state.kind));
    object->object->fields = state.dict;
    return AMCT_OK;
}

static int32_t make(machine *m)
{
    torch_value args, callee, result;
    TORCH_TRY(pop(m, &args));
    TORCH_TRY(pop(m, &callee));
    TORCH_TRY(torch_pickle_make(m->p, m->at, callee, args, &result));
    return push(m, result);
}

static int32_t push_class(machine *m, const char *module, const char *name)
{
    torch_value v;
    TORCH_TRY(torch_pickle_class(m->p, m->at, module, name, &v));
    return push(m, v);
}

/* ---- Opcodes -------------------------------------------------------------------------------- */

static int32_t run_global(machine *m, uint8_t op)
{
    const char *module, *name;
    torch_value a, b;
    if (op == 'c') {
        TORCH_TRY(take_line(m, &module));
        TORCH_TRY(take_line(m, &name));
        return push_class(m, module, name);
    }
    TORCH_TRY(pop(m, &b));
    TORCH_TRY(pop(m, &a));
    if (a.kind != TORCH_TEXT || b.kind != TORCH_TEXT)
        return damaged(m, "the name of a class is no string");
    return push_class(m, a.text, b.text);
}

/* Those whose operand is a number of bytes or an index, n bytes long. */
static int32_t run_counted(machine *m, uint8_t op, bool *known)
{
    static const struct {
        uint8_t op, n;
    } widths[] = {{0x80, 1}, {0x95, 8}, {'J', 4},  {'K', 1}, {'M', 2}, {0x8a, 1}, {0x8b, 4},
                  {0x8c, 1}, {'X', 4},  {0x8d, 8}, {'U', 1}, {'T', 4}, {'C', 1},  {'B', 4},
                  {0x8e, 8}, {'q', 1},  {'r', 4},  {'h', 1}, {'j', 4}};
    uint64_t v = 0;
    size_t width = 0;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (widths[i].op == op)
            width = widths[i].n;
    *known = width > 0;
    if (!width)
        return AMCT_OK;
    TORCH_TRY(take_number(m, width, &v));
    switch (op) {
    case 0x80:
        if (v < 2 || v > 5)
            return torch_pickle_fail(m->p, AMCT_E_UNSUPPORTED, m->at,
                                     "a pickle of protocol %llu, 2 to 5 wanted",
                                     (unsigned long long)v);
        return AMCT_OK;
    case 0x95: return AMCT_OK; /* a frame: its length helps reading ahead only */
    case 'J': return push(m, torch_int((int32_t)v));
    case 'K':
    case 'M': return push(m, torch_int((int64_t)v));
    case 0x8a:
    case 0x8b: return push_long(m, v);
    case 'q':
    case 'r': return put(m, (size_t)v);
    case 'h':
    case 'j': return get(m, (size_t)v);
    default: return push_text(m, v);
    }
}

static int32_t run_marked(machine *m, uint8_t op)
{
    torch_value *from = NULL;
    size_t n = 0;
    TORCH_TRY(above_mark(m, &from, &n));
    switch (op) {
    case 't': return push_list(m, TORCH_TUPLE, from, n);
    case 'l': return push_list(m, TORCH_LIST, from, n);
    case 0x91: return push_list(m, TORCH_TUPLE, from, n); /* a frozen set */
    case 'd': return push_dict(m, from, n);
    case 'u': return set_items(m, from, n);
    case '1': return AMCT_OK;
    default: return append(m, from, n);
    }
}

static int32_t run_plain(machine *m, uint8_t op)
{
    torch_value v;
    switch (op) {
    case '(': return push(m, (torch_value){.kind = TORCH_MARK});
    case 'N': return push(m, torch_none());
    case 0x88:
    case 0x89: return push(m, torch_bool(op == 0x88));
    case 'G': return push_double(m);
    case ']':
    case 0x8f: return push_list(m, TORCH_LIST, NULL, 0);
    case ')': return push_list(m, TORCH_TUPLE, NULL, 0);
    case '}': return push_dict(m, NULL, 0);
    case 0x85:
    case 0x86:
    case 0x87: return push_top_tuple(m, (size_t)(op - 0x84));
    case '0': return pop(m, &v);
    case '2':
        TORCH_TRY(pop(m, &v));
        TORCH_TRY(push(m, v));
        return push(m, v);
    case 'a': {
        TORCH_TRY(pop(m, &v));
        return append(m, &v, 1);
    }
    case 's':
        if (m->n < 3)
            return damaged(m, "a value is missing");
        m->n -= 2;
        return set_items(m, m->stack + m->n, 2);
    case 0x94: return put(m, m->n_puts);
    case 'R':
    case 0x81: return make(m);
    case 'b': return build(m);
    case 'Q': {
        torch_value id;
        TORCH_TRY(pop(m, &id));
        TORCH_TRY(torch_pickle_storage(m->p, m->at, id, &v));
        return push(m, v);
    }
    default:
        return torch_pickle_fail(m->p, AMCT_E_UNSUPPORTED, m->at,
                                 "opcode 0x%02x is not one that PyTorch writes", op);
    }
}

int32_t torch_unpickle(torch_pickle *p, torch_value *out)
{
    machine m = {.p = p};
    const uint8_t *op = NULL;
    for (;;) {
        bool known;
        m.at = m.next;
        TORCH_TRY(take(&m, 1, &op));
        if (*op == '.')
            break;
        TORCH_TRY(run_counted(&m, *op, &known));
        if (known)
            continue;
        if (*op == 'c' || *op == 0x93)
            TORCH_TRY(run_global(&m, *op));
        else if (memchr("tldue1\x90\x91", *op, 8))
            TORCH_TRY(run_marked(&m, *op));
        else
            TORCH_TRY(run_plain(&m, *op));
    }
    TORCH_TRY(pop(&m, out));
    p->bytes = (torch_span){p->bytes.data + m.next, p->bytes.size - m.next};
    return AMCT_OK;
}
