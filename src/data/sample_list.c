#include "data/sample_list.h"

#include "base/number.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A line without the blanks around it. */
typedef struct span {
    const char *begin, *end;
} span;

static span trim(const char *begin, const char *end)
{
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    return (span){begin, end};
}

/* Reads the last field as a whole number and cuts it off. */
static bool take_label(span *line, int64_t *label)
{
    char text[24];
    const char *field = line->end;
    amct_err ignored;
    while (field > line->begin && !is_blank(field[-1]))
        field--;
    size_t length = (size_t)(line->end - field);
    if (length >= sizeof text)
        return false;
    memcpy(text, field, length);
    text[length] = 0;
    if (amct_parse_integer(label, text, INT64_MIN, INT64_MAX, &ignored) != AMCT_OK)
        return false;
    *line = trim(line->begin, field);
    return true;
}

static amct_status parse_line(amct_list_entry *entry, bool *labelled, amct_arena *arena, span line,
                              amct_list_kind kind, amct_err *err)
{
    span whole = line;
    if (memchr(line.begin, 0, (size_t)(line.end - line.begin)))
        return amct_fail(err, AMCT_E_FORMAT, "a zero character: this is no text file");
    *labelled = take_label(&line, &entry->label);
    if (!*labelled && kind != AMCT_LIST_FILES)
        return amct_fail(err, AMCT_E_FORMAT, "'%.*s' does not end with a label, a whole number",
                         (int)(line.end - line.begin < 100 ? line.end - line.begin : 100),
                         line.begin);
    if (kind == AMCT_LIST_LABELS) {
        if (line.begin < line.end)
            return amct_fail(err, AMCT_E_FORMAT, "more than a label in the line");
        return AMCT_OK;
    }
    if (line.begin == line.end) { /* a file whose name is a number, or a label without a file */
        if (kind == AMCT_LIST_LABELLED)
            return amct_fail(err, AMCT_E_FORMAT, "a label without a file name in front of it");
        line = whole;
        *labelled = false;
        entry->label = 0;
    }
    size_t length = (size_t)(line.end - line.begin);
    char *file = amct_arena_alloc(arena, length + 1);
    if (!file)
        return amct_fail_nomem(err);
    memcpy(file, line.begin, length);
    entry->file = file;
    return AMCT_OK;
}

static size_t count_lines(const char *text, size_t size)
{
    size_t n = 1;
    for (const char *at = text, *end = text + size; (at = memchr(at, '\n', (size_t)(end - at)));
         at++)
        n++;
    return n;
}

amct_status amct_sample_list_parse(amct_sample_list *out, amct_arena *arena, const void *bytes,
                                   size_t size, amct_list_kind kind, amct_err *err)
{
    const char *at = size ? bytes : "", *end = at + size;
    if (size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    size_t lines = count_lines(at, (size_t)(end - at));
    if (lines > UINT32_MAX / 2)
        return amct_fail(err, AMCT_E_LIMIT, "more lines than samples can be numbered");
    amct_sample_list list = {.entries = amct_arena_array(arena, lines, sizeof *list.entries)};
    if (!list.entries)
        return amct_fail_nomem(err);
    for (uint32_t number = 1; number <= lines; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        span line = trim(at, stop ? stop : end);
        at = stop ? stop + 1 : end;
        if (line.begin == line.end)
            continue;
        bool labelled = false;
        amct_list_entry *entry = &list.entries[list.n];
        entry->line = number;
        if (parse_line(entry, &labelled, arena, line, kind, err) != AMCT_OK)
            return amct_fail_in(err, "line %u", number);
        if (list.n && labelled != list.labelled)
            return amct_fail(err, AMCT_E_FORMAT, "line %u: %s a label, unlike the lines before",
                             number, labelled ? "has" : "lacks");
        list.labelled = labelled;
        list.n++;
    }
    if (list.n == 0)
        return amct_fail(err, AMCT_E_FORMAT, "names no samples");
    *out = list;
    return AMCT_OK;
}
