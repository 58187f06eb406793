#include "caffe_lexer.h"

#include <stdio.h>
#include <string.h>

void caffe_lexer_init(caffe_lexer *lexer, const char *text, size_t size)
{
    *lexer = (caffe_lexer){.at = text, .end = text + size, .line_begin = text, .line = 1};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        lexer->at = lexer->line_begin += 3;
}

static bool fail(caffe_lexer *lexer, const char *problem)
{
    lexer->problem = problem;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blank(caffe_lexer *lexer)
{
    for (; lexer->at < lexer->end; lexer->at++) {
        char c = *lexer->at;
        if (c == '#') {
            const char *line = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
            lexer->at = line ? line : lexer->end;
            if (!line)
                return;
            c = '\n';
        }
        if (c == '\n') {
            lexer->line++;
            lexer->line_begin = lexer->at + 1;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v') {
            return;
        }
    }
}

static bool read_word(caffe_lexer *lexer)
{
    const char *from = lexer->at;
    bool number = !is_letter(*from);
    for (; lexer->at < lexer->end; lexer->at++) {
        char c = *lexer->at;
        /* the sign of an exponent belongs to the number, unless it is hexadecimal */
        bool exponent = number && (c == '+' || c == '-') && lexer->at > from &&
                        (lexer->at[-1] == 'e' || lexer->at[-1] == 'E') &&
                        !(lexer->at - from > 2 && (from[1] == 'x' || from[1] == 'X'));
        if (!is_letter(c) && !is_digit(c) && !(number && (c == '.' || exponent)))
            break;
    }
    size_t size = (size_t)(lexer->at - from);
    lexer->token.kind = number ? CAFFE_NUMBER : CAFFE_NAME;
    if (size > CAFFE_MAX_WORD)
        return fail(lexer, "a word of more than 4096 bytes");
    memcpy(lexer->word, from, size);
    lexer->word[size] = 0;
    lexer->token.text = lexer->word;
    lexer->token.size = size;
    return true;
}

static int digit_of(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

/* Up to most digits of that base. */
static int read_code(caffe_lexer *lexer, int base, int most)
{
    int value = 0;
    for (int i = 0; i < most && lexer->at < lexer->end && digit_of(*lexer->at) < base; i++)
        value = value * base + digit_of(*lexer->at++);
    return value & 0xff;
}

/* The byte that an escape stands for; -1 if it is none. at is behind the backslash. */
static int read_escape(caffe_lexer *lexer)
{
    static const char letters[] = "abfnrtv", bytes[] = "\a\b\f\n\r\t\v";
    if (lexer->at == lexer->end)
        return -1;
    if (digit_of(*lexer->at) < 8)
        return read_code(lexer, 8, 3);
    char c = *lexer->at++;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter)
        return bytes[letter - letters];
    if (c == 'x' || c == 'X')
        return lexer->at < lexer->end && digit_of(*lexer->at) < 16 ? read_code(lexer, 16, 2) : -1;
    return c == '\\' || c == '\'' || c == '"' || c == '?' ? c : -1;
}

/* One string, behind the *n bytes that are there. */
static bool read_quoted(caffe_lexer *lexer, size_t *n)
{
    char quote = *lexer->at++;
    while (lexer->at < lexer->end && *lexer->at != quote) {
        int c = (unsigned char)*lexer->at++;
        if (c == '\n' || c == 0)
            return fail(lexer, "a string that does not end on its line");
        if (c == '\\') {
            c = read_escape(lexer);
            if (c <= 0)
                return fail(lexer, "an unknown escape in a string");
        }
        if (*n == CAFFE_MAX_WORD)
            return fail(lexer, "a string of more than 4096 bytes");
        lexer->word[(*n)++] = (char)c;
    }
    if (lexer->at == lexer->end)
        return fail(lexer, "a string that does not end");
    lexer->at++;
    return true;
}

static bool read_string(caffe_lexer *lexer)
{
    size_t n = 0;
    lexer->token.kind = CAFFE_STRING;
    while (lexer->at < lexer->end && (*lexer->at == '"' || *lexer->at == '\'')) {
        if (!read_quoted(lexer, &n))
            return false;
        skip_blank(lexer);
    }
    lexer->word[n] = 0;
    lexer->token.text = lexer->word;
    lexer->token.size = n;
    return true;
}

bool caffe_next(caffe_lexer *lexer)
{
    skip_blank(lexer);
    lexer->token = (caffe_token){.kind = CAFFE_END,
                                 .text = "",
                                 .line = lexer->line,
                                 .column = (uint32_t)(lexer->at - lexer->line_begin) + 1};
    if (lexer->at == lexer->end)
        return true;
    char c = *lexer->at;
    bool fraction = c == '.' && lexer->at + 1 < lexer->end && is_digit(lexer->at[1]);
    if (is_letter(c) || is_digit(c) || fraction)
        return read_word(lexer);
    if (c == '"' || c == '\'')
        return read_string(lexer);
    lexer->token.kind = CAFFE_SIGN;
    lexer->token.sign = c;
    if (!c || !strchr(":{}<>[],;-/.", c))
        return fail(lexer, "a byte that means nothing here");
    lexer->at++;
    return true;
}

const char *caffe_token_show(const caffe_token *token, char *text, size_t size)
{
    if (token->kind == CAFFE_END)
        snprintf(text, size, "the end of the file");
    else if (token->kind == CAFFE_SIGN)
        snprintf(text, size, "'%c'", token->sign);
    else if (token->kind == CAFFE_STRING)
        snprintf(text, size, "the string \"%.40s\"", token->text);
    else
        snprintf(text, size, "'%.40s'", token->text);
    return text;
}
