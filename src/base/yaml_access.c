#include "base/number.h"
#include "base/utf8.h"
#include "base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_GUESS = 31 }; /* longest key that is compared for "did you mean" */

/* Puts the place and the key of a node in front of a failure. */
amct_status amct_yaml_fail_in(const amct_yaml_node *node, amct_err *err)
{
    if (node->key)
        amct_fail_in(err, "%s", node->key);
    return amct_fail_in(err, "%s:%u:%u", node->file, node->line, node->column);
}

amct_status amct_yaml_fail(const amct_yaml_node *node, amct_err *err, const char *fmt, ...)
{
    char text[AMCT_ERR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    amct_fail(err, AMCT_E_INVALID, "%s", text);
    return amct_yaml_fail_in(node, err);
}

const amct_yaml_node *amct_yaml_get(const amct_yaml_node *map, const char *key)
{
    const amct_yaml_node *child = map->kind == AMCT_YAML_IS_MAP ? map->first : NULL;
    while (child && strcmp(child->key, key) != 0)
        child = child->next;
    return child;
}

bool amct_yaml_is_null(const amct_yaml_node *node)
{
    return node->kind == AMCT_YAML_IS_SCALAR && !node->quoted &&
           (!node->text[0] || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

amct_status amct_yaml_want(const amct_yaml_node *node, amct_yaml_kind kind, amct_err *err)
{
    static const char *const names[] = {
        [AMCT_YAML_IS_SCALAR] = "a single value",
        [AMCT_YAML_IS_SEQUENCE] = "a list [...]",
        [AMCT_YAML_IS_MAP] = "a map {key: value, ...}",
    };
    if (node->kind != kind)
        return amct_yaml_fail(node, err, "wanted %s, found %s", names[kind],
                              amct_yaml_is_null(node) ? "nothing" : names[node->kind]);
    return AMCT_OK;
}

/* ---- Single values ------------------------------------------------------------------------- */

/* A scalar that says something: an element `~` of a list has no meaning here. */
static amct_status want_value(const amct_yaml_node *node, amct_err *err)
{
    AMCT_TRY(amct_yaml_want(node, AMCT_YAML_IS_SCALAR, err));
    if (amct_yaml_is_null(node))
        return amct_yaml_fail(node, err, "a value is missing");
    return AMCT_OK;
}

/* The end of every reader below: a failure of number.h gets its place. */
static amct_status placed(amct_status status, const amct_yaml_node *node, amct_err *err)
{
    return status == AMCT_OK ? AMCT_OK : amct_yaml_fail_in(node, err);
}

amct_status amct_yaml_text(const char **out, const amct_yaml_node *node, amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    *out = node->text;
    return AMCT_OK;
}

amct_status amct_yaml_bool(bool *out, const amct_yaml_node *node, amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    char shown[AMCT_CLIPPED];
    bool yes = strcmp(node->text, "true") == 0;
    if (!yes && strcmp(node->text, "false") != 0)
        return amct_yaml_fail(node, err, "'%s' is neither true nor false",
                              amct_utf8_show(node->text, shown, sizeof shown));
    *out = yes;
    return AMCT_OK;
}

amct_status amct_yaml_number(double *out, const amct_yaml_node *node, amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    return placed(amct_parse_number(out, node->text, err), node, err);
}

amct_status amct_yaml_ratio(double *out, const amct_yaml_node *node, amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    return placed(amct_parse_ratio(out, node->text, err), node, err);
}

amct_status amct_yaml_share(double *out, const amct_yaml_node *node, amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    return placed(amct_parse_share(out, node->text, err), node, err);
}

amct_status amct_yaml_integer(int64_t *out, const amct_yaml_node *node, int64_t min, int64_t max,
                              amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    return placed(amct_parse_integer(out, node->text, min, max, err), node, err);
}

amct_status amct_yaml_bytes(uint64_t *out, const amct_yaml_node *node, uint64_t min, amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    return placed(amct_parse_bytes(out, node->text, min, err), node, err);
}

amct_status amct_yaml_duration(uint64_t *out_ns, const amct_yaml_node *node, amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    return placed(amct_parse_duration(out_ns, node->text, err), node, err);
}

/* ---- Words --------------------------------------------------------------------------------- */

static int min_of(int a, int b)
{
    return a < b ? a : b;
}

/* Edits (insert, remove, replace, swap neighbours) from one word to the other: V.I. Levenshtein
 * (1966) with F.J. Damerau's (1964) transposition, restricted form. */
static int edit_distance(const char *a, const char *b)
{
    int rows[3][MAX_GUESS + 1], n = (int)strlen(a), m = (int)strlen(b);
    if (n > MAX_GUESS || m > MAX_GUESS)
        return MAX_GUESS;
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            row[j] = min_of(above[j] + 1, row[j - 1] + 1);
            row[j] = min_of(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min_of(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

/* A list of words that grows in place: "a, b, c". */
typedef struct word_list {
    char text[AMCT_ERR_TEXT / 2];
    size_t length;
    const char *nearest;
    int distance;
} word_list;

static void list_word(word_list *list, const char *found, const char *word)
{
    int distance = edit_distance(found, word), limit = min_of(2, (int)strlen(word) / 2);
    if (distance <= limit && (!list->nearest || distance < list->distance)) {
        list->nearest = word;
        list->distance = distance;
    }
    if (list->length < sizeof list->text)
        list->length +=
            (size_t)snprintf(list->text + list->length, sizeof list->text - list->length, "%s%s",
                             list->length ? ", " : "", word);
}

static void guess_text(const word_list *list, char *out, size_t size)
{
    out[0] = 0;
    if (list->nearest)
        snprintf(out, size, " (did you mean '%s'?)", list->nearest);
}

amct_status amct_yaml_choice(int *out, const amct_yaml_node *node, const char *const *names,
                             amct_err *err)
{
    AMCT_TRY(want_value(node, err));
    word_list list = {.length = 0};
    for (int i = 0; names[i]; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            *out = i;
            return AMCT_OK;
        }
        list_word(&list, node->text, names[i]);
    }
    char guess[2 * MAX_GUESS + 32], shown[AMCT_CLIPPED];
    guess_text(&list, guess, sizeof guess);
    return amct_yaml_fail(node, err, "'%s' is not known%s; allowed: %s",
                          amct_utf8_show(node->text, shown, sizeof shown), guess, list.text);
}

/* ---- Maps ---------------------------------------------------------------------------------- */

static amct_status read_field(const amct_yaml_field *field, const amct_yaml_node *node,
                              amct_err *err)
{
    switch (field->type) {
    case AMCT_YAML_TYPE_TEXT: return amct_yaml_text(field->out, node, err);
    case AMCT_YAML_TYPE_BOOL: return amct_yaml_bool(field->out, node, err);
    case AMCT_YAML_TYPE_NUMBER: return amct_yaml_number(field->out, node, err);
    case AMCT_YAML_TYPE_RATIO: return amct_yaml_ratio(field->out, node, err);
    case AMCT_YAML_TYPE_SHARE: return amct_yaml_share(field->out, node, err);
    case AMCT_YAML_TYPE_INTEGER:
        return amct_yaml_integer(field->out, node, field->min, field->max, err);
    case AMCT_YAML_TYPE_BYTES: return amct_yaml_bytes(field->out, node, (uint64_t)field->min, err);
    case AMCT_YAML_TYPE_DURATION: return amct_yaml_duration(field->out, node, err);
    case AMCT_YAML_TYPE_CHOICE: return amct_yaml_choice(field->out, node, field->names, err);
    case AMCT_YAML_TYPE_NODE: *(const amct_yaml_node **)field->out = node; return AMCT_OK;
    }
    abort(); /* a type that this switch does not know is our bug */
}

static const amct_yaml_field *find_field(const amct_yaml_field *fields, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

static amct_status fail_unknown_key(const amct_yaml_node *child, const amct_yaml_field *fields,
                                    size_t n, amct_err *err)
{
    word_list list = {.length = 0};
    for (size_t i = 0; i < n; i++)
        list_word(&list, child->key, fields[i].key);
    char guess[2 * MAX_GUESS + 32], shown[AMCT_CLIPPED];
    guess_text(&list, guess, sizeof guess);
    return amct_fail(err, AMCT_E_INVALID, "%s:%u:%u: unknown key '%s'%s; allowed here: %s",
                     child->file, child->key_line, child->key_column,
                     amct_utf8_show(child->key, shown, sizeof shown), guess, list.text);
}

amct_status amct_yaml_read_map(const amct_yaml_node *node, const amct_yaml_field *fields, size_t n,
                               amct_err *err)
{
    if (!node || amct_yaml_is_null(node))
        return AMCT_OK;
    AMCT_TRY(amct_yaml_want(node, AMCT_YAML_IS_MAP, err));
    for (const amct_yaml_node *child = node->first; child; child = child->next) {
        const amct_yaml_field *field = find_field(fields, n, child->key);
        if (!field)
            return fail_unknown_key(child, fields, n, err);
        if (!amct_yaml_is_null(child))
            AMCT_TRY(read_field(field, child, err));
    }
    return AMCT_OK;
}
