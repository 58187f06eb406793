/* By recursive descent; how deep is counted, so that no file can exhaust the stack. */
#include "torch_code.h"

#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 200 };

typedef struct parser {
    torch_reader *r;
    torch_unit *unit;
    torch_token *at;
    int depth;
} parser;

static int32_t fail_code(parser *p, const char *wanted)
{
    return torch_fail(p->r, AMCT_E_FORMAT, "line %u: %s is wanted", p->at->line, wanted);
}

static bool is_sign(const parser *p, char sign)
{
    return p->at->kind == TORCH_T_SIGN && *p->at->text == sign;
}

static bool is_word(const parser *p, const char *word)
{
    return p->at->kind == TORCH_T_NAME && strcmp(p->at->text, word) == 0;
}

static bool skip_sign(parser *p, char sign)
{
    bool is = is_sign(p, sign);
    p->at += is;
    return is;
}

static int32_t want_sign(parser *p, char sign)
{
    const char wanted[4] = {'\'', sign, '\'', 0};
    return skip_sign(p, sign) ? AMCT_OK : fail_code(p, wanted);
}

static int32_t want_name(parser *p, const char **out)
{
    if (p->at->kind != TORCH_T_NAME)
        return fail_code(p, "a name");
    *out = p->at++->text;
    return AMCT_OK;
}

static int32_t want_newline(parser *p)
{
    if (p->at->kind != TORCH_T_NEWLINE)
        return fail_code(p, "the end of the line");
    p->at++;
    return AMCT_OK;
}

static int32_t enter(parser *p)
{
    return ++p->depth > MAX_DEPTH
               ? torch_fail(p->r, AMCT_E_LIMIT, "line %u: nested too deep", p->at->line)
               : AMCT_OK;
}

/* ---- Expressions ---------------------------------------------------------------------------- */

static int32_t new_expr(parser *p, torch_expr_kind kind, torch_expr **out)
{
    torch_expr *e = import_alloc(&p->r->memory, 1, sizeof *e);
    if (!e)
        return torch_nomem(p->r);
    e->kind = kind;
    e->line = p->at->line;
    *out = e;
    return AMCT_OK;
}

static int32_t add_arg(parser *p, torch_expr *e, torch_expr *arg)
{
    size_t cap = e->cap;
    torch_expr **args = import_grow(&p->r->memory, e->args, e->n, &cap, sizeof *args);
    if (!args)
        return torch_nomem(p->r);
    e->args = args;
    e->cap = (uint32_t)cap;
    args[e->n++] = arg;
    return AMCT_OK;
}

static int32_t parse_expr(parser *p, torch_expr **out);

/* Expressions with commas between them, also behind the last, up to the closing sign. */
static int32_t parse_items(parser *p, torch_expr *e, char close, bool *comma)
{
    torch_expr *item = NULL;
    *comma = false;
    while (!skip_sign(p, close)) {
        if (e->n && !*comma)
            return fail_code(p, "a comma");
        TORCH_TRY(parse_expr(p, &item));
        TORCH_TRY(add_arg(p, e, item));
        if (e->kind == TORCH_E_DICT) {
            TORCH_TRY(want_sign(p, ':'));
            TORCH_TRY(parse_expr(p, &item));
            TORCH_TRY(add_arg(p, e, item));
        }
        *comma = skip_sign(p, ',');
    }
    return AMCT_OK;
}

static int32_t parse_call(parser *p, torch_expr *callee, torch_expr **out)
{
    torch_expr *call = NULL, *arg = NULL;
    bool comma = true;
    size_t cap = 0;
    TORCH_TRY(new_expr(p, TORCH_E_CALL, &call));
    TORCH_TRY(add_arg(p, call, callee));
    while (!skip_sign(p, ')')) {
        const char *keyword = NULL;
        if (!comma)
            return fail_code(p, "a comma");
        if (p->at->kind == TORCH_T_NAME && p->at[1].kind == TORCH_T_SIGN && *p->at[1].text == '=') {
            keyword = p->at->text;
            p->at += 2;
        }
        TORCH_TRY(parse_expr(p, &arg));
        const char **keywords =
            import_grow(&p->r->memory, call->keywords, call->n - 1, &cap, sizeof *keywords);
        if (!keywords)
            return torch_nomem(p->r);
        call->keywords = keywords;
        keywords[call->n - 1] = keyword;
        TORCH_TRY(add_arg(p, call, arg));
        comma = skip_sign(p, ',');
    }
    *out = call;
    return AMCT_OK;
}

/* What may stand behind an expression: .name, (arguments), [index]. */
static int32_t parse_suffixes(parser *p, torch_expr *e, torch_expr **out)
{
    for (;;) {
        torch_expr *outer = NULL, *index = NULL;
        if (skip_sign(p, '.')) {
            TORCH_TRY(new_expr(p, TORCH_E_ATTR, &outer));
            TORCH_TRY(want_name(p, &outer->name));
            TORCH_TRY(add_arg(p, outer, e));
        } else if (skip_sign(p, '(')) {
            TORCH_TRY(parse_call(p, e, &outer));
        } else if (skip_sign(p, '[')) {
            bool comma;
            TORCH_TRY(new_expr(p, TORCH_E_TUPLE, &index));
            TORCH_TRY(parse_items(p, index, ']', &comma));
            TORCH_TRY(new_expr(p, TORCH_E_INDEX, &outer));
            TORCH_TRY(add_arg(p, outer, e));
            TORCH_TRY(add_arg(p, outer, index->n == 1 ? index->args[0] : index));
        } else {
            *out = e;
            return AMCT_OK;
        }
        e = outer;
        if (++p->depth > MAX_DEPTH) /* a chain is as deep as it is long */
            return torch_fail(p->r, AMCT_E_LIMIT, "line %u: nested too deep", p->at->line);
    }
}

static int32_t parse_word(parser *p, torch_expr *e)
{
    const char *word = p->at++->text;
    e->kind = TORCH_E_VALUE;
    if (strcmp(word, "True") == 0 || strcmp(word, "False") == 0)
        e->value = torch_bool(word[0] == 'T');
    else if (strcmp(word, "None") == 0)
        e->value = torch_none();
    else if (strcmp(word, "inf") == 0)
        e->value = torch_float((double)INFINITY);
    else if (strcmp(word, "nan") == 0)
        e->value = torch_float((double)NAN);
    else
        e->kind = TORCH_E_NAME, e->name = word;
    return AMCT_OK;
}

static int32_t parse_primary(parser *p, torch_expr **out)
{
    torch_expr *e = NULL;
    bool comma;
    TORCH_TRY(new_expr(p, TORCH_E_VALUE, &e));
    *out = e;
    switch (p->at->kind) {
    case TORCH_T_NAME: return parse_word(p, e);
    case TORCH_T_INT: e->value = torch_int(p->at++->i); return AMCT_OK;
    case TORCH_T_FLOAT: e->value = torch_float(p->at++->f); return AMCT_OK;
    case TORCH_T_TEXT: e->value = torch_string(p->at++->text); return AMCT_OK;
    default: break;
    }
    if (skip_sign(p, '[')) {
        e->kind = TORCH_E_LIST;
        return parse_items(p, e, ']', &comma);
    }
    if (skip_sign(p, '{')) {
        e->kind = TORCH_E_DICT;
        return parse_items(p, e, '}', &comma);
    }
    TORCH_TRY(want_sign(p, '('));
    e->kind = TORCH_E_TUPLE;
    TORCH_TRY(parse_items(p, e, ')', &comma));
    if (e->n == 1 && !comma)
        *out = e->args[0];
    return AMCT_OK;
}

static int32_t parse_expr(parser *p, torch_expr **out)
{
    torch_expr *e = NULL, *inner = NULL;
    int depth = p->depth;
    TORCH_TRY(enter(p));
    if (skip_sign(p, '-')) {
        TORCH_TRY(new_expr(p, TORCH_E_NEG, &e));
        TORCH_TRY(parse_expr(p, &inner));
        TORCH_TRY(add_arg(p, e, inner));
    } else {
        TORCH_TRY(parse_primary(p, &inner));
        TORCH_TRY(parse_suffixes(p, inner, &e));
    }
    p->depth = depth;
    *out = e;
    return AMCT_OK;
}

/* An expression, or a tuple without brackets. */
static int32_t parse_tuple(parser *p, torch_expr **out)
{
    torch_expr *first = NULL, *tuple = NULL;
    TORCH_TRY(parse_expr(p, &first));
    *out = first;
    if (!is_sign(p, ','))
        return AMCT_OK;
    TORCH_TRY(new_expr(p, TORCH_E_TUPLE, &tuple));
    TORCH_TRY(add_arg(p, tuple, first));
    while (skip_sign(p, ',')) {
        if (is_sign(p, '=') || p->at->kind == TORCH_T_NEWLINE || is_word(p, "in"))
            break;
        TORCH_TRY(parse_expr(p, &first));
        TORCH_TRY(add_arg(p, tuple, first));
    }
    *out = tuple;
    return AMCT_OK;
}

/* ---- Statements ----------------------------------------------------------------------------- */

static int32_t parse_body(parser *p, torch_body *body);

static int32_t parse_branch(parser *p, torch_stmt *s)
{
    torch_expr *condition = NULL;
    s->kind = is_word(p, "while") ? TORCH_S_WHILE : TORCH_S_IF;
    p->at++;
    TORCH_TRY(parse_expr(p, &condition));
    s->expr = condition;
    TORCH_TRY(parse_body(p, &s->body));
    if (s->kind == TORCH_S_IF && is_word(p, "else")) {
        p->at++;
        TORCH_TRY(parse_body(p, &s->otherwise));
    }
    return AMCT_OK;
}

static int32_t parse_for(parser *p, torch_stmt *s)
{
    s->kind = TORCH_S_FOR;
    p->at++;
    TORCH_TRY(parse_tuple(p, &s->target));
    if (!is_word(p, "in"))
        return fail_code(p, "'in'");
    p->at++;
    TORCH_TRY(parse_expr(p, &s->expr));
    return parse_body(p, &s->body);
}

static int32_t parse_simple(parser *p, torch_stmt *s)
{
    torch_expr *type = NULL;
    if (is_word(p, "return")) {
        p->at++;
        s->kind = TORCH_S_RETURN;
        if (p->at->kind != TORCH_T_NEWLINE)
            TORCH_TRY(parse_tuple(p, &s->expr));
        return want_newline(p);
    }
    TORCH_TRY(parse_tuple(p, &s->expr));
    s->kind = TORCH_S_EXPR;
    if (skip_sign(p, ':'))
        TORCH_TRY(parse_expr(p, &type));
    if (skip_sign(p, '=')) {
        s->kind = TORCH_S_ASSIGN;
        s->target = s->expr;
        TORCH_TRY(parse_tuple(p, &s->expr));
    }
    return want_newline(p);
}

static int32_t parse_statement(parser *p, torch_body *body)
{
    torch_stmt *at = import_grow(&p->r->memory, body->at, body->n, &body->cap, sizeof *at);
    if (!at)
        return torch_nomem(p->r);
    body->at = at;
    torch_stmt s = {.line = p->at->line};
    if (is_word(p, "pass")) {
        p->at++;
        return want_newline(p);
    }
    if (is_word(p, "if") || is_word(p, "while"))
        TORCH_TRY(parse_branch(p, &s));
    else if (is_word(p, "for"))
        TORCH_TRY(parse_for(p, &s));
    else
        TORCH_TRY(parse_simple(p, &s));
    at[body->n++] = s;
    return AMCT_OK;
}

/* ": newline indent ... dedent" */
static int32_t parse_body(parser *p, torch_body *body)
{
    TORCH_TRY(want_sign(p, ':'));
    TORCH_TRY(want_newline(p));
    if (p->at->kind != TORCH_T_INDENT)
        return fail_code(p, "an indented block");
    p->at++;
    TORCH_TRY(enter(p));
    while (p->at->kind != TORCH_T_DEDENT && p->at->kind != TORCH_T_END)
        TORCH_TRY(parse_statement(p, body));
    p->at += p->at->kind == TORCH_T_DEDENT;
    p->depth--;
    return AMCT_OK;
}

/* ---- Definitions ---------------------------------------------------------------------------- */

static int32_t parse_params(parser *p, torch_function *f)
{
    bool comma = true;
    torch_expr *type = NULL;
    TORCH_TRY(want_sign(p, '('));
    while (!skip_sign(p, ')')) {
        if (!comma)
            return fail_code(p, "a comma");
        torch_param *params =
            import_grow(&p->r->memory, f->params, f->n_params, &f->cap_params, sizeof *params);
        if (!params)
            return torch_nomem(p->r);
        f->params = params;
        torch_param *param = &params[f->n_params++];
        *param = (torch_param){0};
        TORCH_TRY(want_name(p, &param->name));
        if (skip_sign(p, ':')) {
            TORCH_TRY(parse_expr(p, &type));
            param->is_tensor = type->kind == TORCH_E_NAME && strcmp(type->name, "Tensor") == 0;
        }
        if (skip_sign(p, '='))
            TORCH_TRY(parse_expr(p, &param->otherwise));
        comma = skip_sign(p, ',');
    }
    return AMCT_OK;
}

static int32_t parse_function(parser *p, const char *class_name)
{
    torch_reader *r = p->r;
    torch_function *f = import_alloc(&r->memory, 1, sizeof *f);
    torch_expr *type = NULL;
    const char *name = NULL;
    if (!f)
        return torch_nomem(r);
    p->at++;
    TORCH_TRY(want_name(p, &name));
    f->name = class_name ? import_text(&r->memory, "%s.%s", class_name, name) : name;
    void **at = f->name ? torch_map_at(&p->unit->functions, &r->memory, f->name) : NULL;
    if (!at)
        return torch_nomem(r);
    if (*at)
        return torch_fail(r, AMCT_E_FORMAT, "line %u: '%.200s' is defined twice", p->at->line,
                          f->name);
    *at = f;
    f->file = p->unit->file;
    f->unit = p->unit;
    TORCH_TRY(parse_params(p, f));
    if (skip_sign(p, '-')) {
        TORCH_TRY(want_sign(p, '>'));
        TORCH_TRY(parse_expr(p, &type));
    }
    return parse_body(p, &f->body);
}

/* Of a class its functions are kept; fields come with the instance. */
static int32_t parse_class(parser *p)
{
    const char *name = NULL;
    torch_body ignored = {0};
    p->at++;
    TORCH_TRY(want_name(p, &name));
    while (p->at->kind != TORCH_T_NEWLINE && p->at->kind != TORCH_T_END && !is_sign(p, ':')) {
        if (is_word(p, "NamedTuple")) {
            void **at = torch_map_at(&p->unit->tuples, &p->r->memory, name);
            if (!at)
                return torch_nomem(p->r);
            *at = (void *)name;
        }
        p->at++;
    }
    TORCH_TRY(want_sign(p, ':'));
    TORCH_TRY(want_newline(p));
    if (p->at->kind != TORCH_T_INDENT)
        return fail_code(p, "an indented block");
    p->at++;
    while (p->at->kind != TORCH_T_DEDENT && p->at->kind != TORCH_T_END)
        TORCH_TRY(is_word(p, "def") ? parse_function(p, name) : parse_statement(p, &ignored));
    p->at += p->at->kind == TORCH_T_DEDENT;
    return AMCT_OK;
}

int32_t torch_parse(torch_reader *r, const char *file, torch_span text, torch_unit **out)
{
    size_t n;
    torch_body ignored = {0};
    parser p = {.r = r, .unit = import_alloc(&r->memory, 1, sizeof *p.unit)};
    if (!p.unit)
        return torch_nomem(r);
    p.unit->file = file;
    torch_at(r, "%.250s", file);
    TORCH_TRY(torch_lex(r, text, &p.at, &n));
    while (p.at->kind != TORCH_T_END) {
        if (p.at->kind == TORCH_T_NEWLINE)
            p.at++;
        else if (is_word(&p, "def"))
            TORCH_TRY(parse_function(&p, NULL));
        else if (is_word(&p, "class"))
            TORCH_TRY(parse_class(&p));
        else
            TORCH_TRY(parse_statement(&p, &ignored)); /* op_version_set = 1 */
    }
    *out = p.unit;
    return AMCT_OK;
}
