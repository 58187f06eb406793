#include "torch_code.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INDENT = 64, MAX_NUMBER = 64 };

typedef struct lexer {
    torch_reader *r;
    const char *at, *end;
    uint32_t line;
    int depth; /* of brackets */
    int indents[MAX_INDENT], n_indents;
    torch_token *tokens;
    size_t n, cap;
} lexer;

static int32_t fail_code(lexer *l, const char *what)
{
    return torch_fail(l->r, AMCT_E_FORMAT, "line %u: %s", l->line, what);
}

static int32_t add(lexer *l, torch_token token)
{
    torch_token *tokens = import_grow(&l->r->memory, l->tokens, l->n, &l->cap, sizeof token);
    if (!tokens)
        return torch_nomem(l->r);
    l->tokens = tokens;
    token.line = l->line;
    tokens[l->n++] = token;
    return AMCT_OK;
}

static int32_t add_kind(lexer *l, torch_token_kind kind)
{
    return add(l, (torch_token){.kind = kind, .text = ""});
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Spaces in front of a line; a line of nothing has none. */
static int32_t read_indent(lexer *l)
{
    int spaces = 0;
    while (l->at < l->end && *l->at == ' ' && spaces < 1 << 20)
        l->at++, spaces++;
    if (l->at == l->end || *l->at == '\n' || *l->at == '#' || *l->at == '\r')
        return AMCT_OK;
    int top = l->n_indents ? l->indents[l->n_indents - 1] : 0;
    if (spaces > top) {
        if (l->n_indents == MAX_INDENT)
            return fail_code(l, "blocks are nested too deep");
        l->indents[l->n_indents++] = spaces;
        return add_kind(l, TORCH_T_INDENT);
    }
    while (l->n_indents && l->indents[l->n_indents - 1] > spaces) {
        l->n_indents--;
        TORCH_TRY(add_kind(l, TORCH_T_DEDENT));
    }
    if ((l->n_indents ? l->indents[l->n_indents - 1] : 0) != spaces)
        return fail_code(l, "a line is indented like none before it");
    return AMCT_OK;
}

/* -1 if it is too large. The least number there is is written as the negative of one more than the
 * largest, which becomes the largest. */
static int64_t read_whole(const char *text, char **end)
{
    errno = 0;
    uint64_t number = strtoull(text, end, 10);
    if (errno == ERANGE || number > (uint64_t)INT64_MAX + 1)
        return -1;
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static int32_t read_number(lexer *l)
{
    char text[MAX_NUMBER];
    size_t n = 0;
    bool real = false;
    for (const char *p = l->at; p < l->end; p++) {
        bool exponent = n && (text[n - 1] == 'e' || text[n - 1] == 'E');
        if (!isdigit((unsigned char)*p) && *p != '.' && *p != 'e' && *p != 'E' &&
            !(exponent && (*p == '-' || *p == '+')))
            break;
        if (n == MAX_NUMBER - 1)
            return fail_code(l, "a number is too long");
        real |= !isdigit((unsigned char)*p);
        text[n++] = *p;
    }
    text[n] = 0;
    l->at += n;
    char *end;
    torch_token token = {.kind = real ? TORCH_T_FLOAT : TORCH_T_INT, .text = ""};
    if (real)
        token.f = strtod(text, &end);
    else
        token.i = read_whole(text, &end);
    if (token.i < 0)
        return fail_code(l, "a whole number is larger than 64 bits hold");
    return *end ? fail_code(l, "a number is misspelt") : add(l, token);
}

static int hex(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
                                        : -1;
}

/* Escapes as in C and Python; of a zero byte nothing can be named. */
static int32_t read_text(lexer *l)
{
    char quote = *l->at++;
    const char *from = l->at;
    while (l->at < l->end && *l->at != quote && *l->at != '\n')
        l->at += *l->at == '\\' && l->at + 1 < l->end ? 2 : 1;
    if (l->at >= l->end || *l->at != quote)
        return fail_code(l, "a string has no end");
    char *out = import_alloc(&l->r->memory, (size_t)(l->at - from) + 1, 1);
    if (!out)
        return torch_nomem(l->r);
    size_t n = 0;
    for (const char *p = from; p < l->at; p++) {
        char c = *p;
        if (c == '\\') {
            c = *++p;
            if (c == 'n' || c == 't' || c == 'r')
                c = c == 'n' ? '\n' : c == 't' ? '\t' : '\r';
            else if (c == 'x' && l->at - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0)
                c = (char)(hex(p[1]) << 4 | hex(p[2])), p += 2;
            else if (c >= '0' && c <= '3' && l->at - p > 2)
                c = (char)((c - '0') << 6 | (p[1] & 7) << 3 | (p[2] & 7)), p += 2;
        }
        if (c == 0)
            return fail_code(l, "a string has a zero byte");
        out[n++] = c;
    }
    l->at++;
    return add(l, (torch_token){.kind = TORCH_T_TEXT, .text = out});
}

static int32_t read_name(lexer *l)
{
    const char *from = l->at;
    while (l->at < l->end && is_name(*l->at))
        l->at++;
    const char *name = import_copy(&l->r->memory, from, (size_t)(l->at - from));
    return name ? add(l, (torch_token){.kind = TORCH_T_NAME, .text = name}) : torch_nomem(l->r);
}

static int32_t read_sign(lexer *l)
{
    static const char signs[] = "()[]{}:,=.->";
    char c = *l->at;
    if (c == 0 || !strchr(signs, c))
        return fail_code(l, "a character that TorchScript's code does not have");
    l->depth += c == '(' || c == '[' || c == '{';
    l->depth -= c == ')' || c == ']' || c == '}';
    if (l->depth < 0)
        return fail_code(l, "a bracket is closed that is not open");
    return add(l, (torch_token){.kind = TORCH_T_SIGN, .text = l->at++});
}

static int32_t read_token(lexer *l)
{
    char c = *l->at;
    if (c == '\n') {
        l->at++;
        if (l->depth == 0 && l->n && l->tokens[l->n - 1].kind != TORCH_T_NEWLINE)
            TORCH_TRY(add_kind(l, TORCH_T_NEWLINE));
        l->line++;
        return l->depth == 0 ? read_indent(l) : AMCT_OK;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
        l->at++;
        return AMCT_OK;
    }
    if (c == '#') {
        while (l->at < l->end && *l->at != '\n')
            l->at++;
        return AMCT_OK;
    }
    if (isdigit((unsigned char)c))
        return read_number(l);
    if (c == '"' || c == '\'')
        return read_text(l);
    return is_name(c) ? read_name(l) : read_sign(l);
}

int32_t torch_lex(torch_reader *r, torch_span text, torch_token **out, size_t *n)
{
    lexer l = {.r = r, .at = (const char *)text.data, .line = 1};
    l.end = l.at + text.size;
    while (l.at < l.end)
        TORCH_TRY(read_token(&l));
    if (l.n && l.tokens[l.n - 1].kind != TORCH_T_NEWLINE)
        TORCH_TRY(add_kind(&l, TORCH_T_NEWLINE));
    while (l.n_indents-- > 0)
        TORCH_TRY(add_kind(&l, TORCH_T_DEDENT));
    TORCH_TRY(add_kind(&l, TORCH_T_END));
    *out = l.tokens;
    *n = l.n;
    return AMCT_OK;
}
