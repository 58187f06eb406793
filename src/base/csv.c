#include "base/csv.h"

#include "base/file.h"
#include "base/grow.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 1024, MAX_FIELD = 1 << 16 };

typedef struct reader {
    const char *path, *at, *end;
    amct_arena *arena;
    uint32_t line;
    const char **fields; /* all that were read, one after the other */
    size_t n, cap;
} reader;

static amct_status keep(reader *r, const char *text, amct_err *err)
{
    AMCT_TRY(amct_grow(&r->fields, r->n, &r->cap, sizeof *r->fields, err));
    r->fields[r->n++] = text;
    return AMCT_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One field, up to the comma or the end of the line behind it. */
static amct_status read_field(reader *r, amct_err *err)
{
    uint32_t line = r->line;
    while (r->at < r->end && is_blank(*r->at))
        r->at++;
    bool quoted = r->at < r->end && *r->at == '"';
    const char *begin = r->at += quoted, *stop = begin;
    if (quoted) {
        while (stop < r->end && (*stop != '"' || (stop + 1 < r->end && stop[1] == '"'))) {
            r->line += *stop == '\n';
            stop += *stop == '"' ? 2 : 1;
        }
        if (stop >= r->end)
            return amct_fail(err, AMCT_E_FORMAT,
                             "%s: line %u: a quote is not closed: is the file cut?", r->path, line);
    } else {
        while (stop < r->end && *stop != ',' && *stop != '\n' && *stop != '\r')
            stop++;
    }
    r->at = stop + quoted;
    while (!quoted && stop > begin && is_blank(stop[-1]))
        stop--;
    if (stop - begin > MAX_FIELD)
        return amct_fail(err, AMCT_E_LIMIT, "%s: line %u: a field of %td bytes, %d are the most",
                         r->path, line, stop - begin, MAX_FIELD);
    if (memchr(begin, 0, (size_t)(stop - begin)))
        return amct_fail(err, AMCT_E_FORMAT, "%s: line %u: a zero byte: this is no text", r->path,
                         line);
    char *text = amct_arena_alloc(r->arena, (size_t)(stop - begin) + 1), *to = text;
    if (!text)
        return amct_fail_nomem(err);
    for (const char *c = begin; c < stop; c++) {
        *to++ = *c;
        c += quoted && *c == '"';
    }
    while (r->at < r->end && *r->at != ',' && *r->at != '\n') {
        if (!is_blank(*r->at) && *r->at != '\r')
            return amct_fail(err, AMCT_E_FORMAT, "%s: line %u: text behind a quote", r->path, line);
        r->at++;
    }
    return keep(r, text, err);
}

/* The fields of one line; the line break is passed. */
static amct_status read_line(reader *r, uint32_t *n, amct_err *err)
{
    size_t before = r->n;
    for (;;) {
        AMCT_TRY(read_field(r, err));
        if (r->at == r->end || *r->at == '\n')
            break;
        r->at++;
    }
    if (r->at < r->end) {
        r->at++;
        r->line++;
    }
    *n = (uint32_t)(r->n - before);
    return AMCT_OK;
}

static amct_status read_header(amct_csv *csv, reader *r, amct_err *err)
{
    uint32_t n;
    if (r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0)
        r->at += 3;
    if (r->at == r->end)
        return amct_fail(err, AMCT_E_FORMAT, "%s: is empty", r->path);
    AMCT_TRY(read_line(r, &n, err));
    while (n > 1 && !r->fields[n - 1][0])
        n--;
    if (n < 2 || n > MAX_COLUMNS)
        return amct_fail(err, AMCT_E_FORMAT, "%s: line 1: wanted the names of columns", r->path);
    csv->names = amct_arena_copy(r->arena, r->fields, n * sizeof *r->fields);
    csv->n_columns = n;
    r->n = 0;
    return csv->names ? AMCT_OK : amct_fail_nomem(err);
}

static amct_status read_rows(amct_csv *csv, reader *r, uint32_t **lines, amct_err *err)
{
    size_t cap = 0;
    while (r->at < r->end) {
        uint32_t n, line = r->line;
        size_t before = r->n;
        AMCT_TRY(read_line(r, &n, err));
        if (n == 1 && !r->fields[before][0]) {
            r->n = before;
            continue;
        }
        for (; n > csv->n_columns && !r->fields[before + n - 1][0]; n--)
            r->n--;
        if (n != csv->n_columns)
            return amct_fail(err, AMCT_E_FORMAT, "%s: line %u has %u fields, %u wanted%s", r->path,
                             line, n, csv->n_columns, r->at == r->end ? ": is the file cut?" : "");
        AMCT_TRY(amct_grow(lines, csv->n_rows, &cap, sizeof **lines, err));
        (*lines)[csv->n_rows++] = line;
    }
    return AMCT_OK;
}

amct_status amct_csv_read(amct_csv *out, amct_arena *arena, const char *path, amct_err *err)
{
    amct_file file;
    uint32_t *lines = NULL;
    amct_csv csv = {.path = amct_arena_string(arena, path)};
    if (!csv.path)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_file_map(&file, path, err));
    reader r = {.path = csv.path,
                .at = file.data,
                .end = file.data ? (const char *)file.data + file.size : NULL,
                .arena = arena,
                .line = 1};
    amct_status status = read_header(&csv, &r, err);
    if (status == AMCT_OK)
        status = read_rows(&csv, &r, &lines, err);
    if (status == AMCT_OK) {
        csv.fields = amct_arena_copy(arena, r.fields, r.n * sizeof *r.fields);
        csv.lines = amct_arena_copy(arena, lines, csv.n_rows * sizeof *lines);
        if (!csv.fields || !csv.lines)
            status = amct_fail_nomem(err);
    }
    free(lines);
    free(r.fields);
    amct_file_unmap(&file);
    if (status == AMCT_OK)
        *out = csv;
    return status;
}

/* Whether two names are the same but for case, blanks, underscores and what is in brackets. */
static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == ' ' || *a == '_')
            a++;
        while (*b == ' ' || *b == '_')
            b++;
        a = *a == '(' ? "" : a;
        b = *b == '(' ? "" : b;
        if (!*a || !*b)
            return !*a && !*b;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    }
}

amct_status amct_csv_column(int32_t *out, const amct_csv *csv, const char *name, amct_err *err)
{
    int32_t found = -1;
    for (uint32_t c = 0; c < csv->n_columns; c++) {
        if (!same_name(csv->names[c], name))
            continue;
        if (found >= 0)
            return amct_fail(err, AMCT_E_FORMAT, "%s: line 1 has column '%s' twice", csv->path,
                             name);
        found = (int32_t)c;
    }
    *out = found;
    return AMCT_OK;
}
