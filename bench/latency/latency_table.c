#include "bench/latency/latency_table.h"

#include "base/file.h"

#include <string.h>

/* Cuts the field at *at out of the text; *at is then behind its separator, *ended at a line's end.
 * NULL: a quote is not closed. */
static char *cut(char **at, char separator, bool *ended)
{
    char *from = *at, *to = *at, *field = *at;
    bool quoted = separator == ',' && *from == '"';
    if (quoted)
        from++;
    while (*from) {
        if (quoted && from[0] == '"' && from[1] == '"')
            from++;
        else if (quoted && *from == '"') {
            quoted = false;
            from++;
            continue;
        } else if (!quoted && (*from == separator || *from == '\n'))
            break;
        *to++ = *from++;
    }
    if (quoted)
        return NULL;
    *ended = *from != separator;
    *at = *from ? from + 1 : from;
    if (to > field && to[-1] == '\r')
        to--;
    *to = '\0';
    return field;
}

static uint32_t count_lines(const char *text)
{
    uint32_t n = 1;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

amct_status latency_table_read(latency_table *out, amct_arena *arena, const char *path,
                               char separator, amct_err *err)
{
    amct_file file;
    AMCT_TRY(amct_file_map(&file, path, err));
    char *text = amct_arena_alloc(arena, file.size + 1);
    if (text)
        memcpy(text, file.data, file.size);
    amct_file_unmap(&file);
    latency_table table = {0};
    uint32_t columns = 0;
    if (text)
        table.rows = amct_arena_array(arena, count_lines(text), sizeof *table.rows);
    if (!text || !table.rows)
        return amct_fail_nomem(err);
    for (char *at = text; *at; table.n_rows++) {
        bool ended = false;
        uint32_t n = 0;
        for (uint32_t i = 0; i < LATENCY_COLUMNS; i++) {
            n += !ended;
            char *field = ended ? (char *)"" : cut(&at, separator, &ended);
            if (!field)
                return amct_fail(err, AMCT_E_FORMAT, "%s:%u: a quote is not closed", path,
                                 table.n_rows + 1);
            table.rows[table.n_rows][i] = field;
        }
        if (!ended)
            return amct_fail(err, AMCT_E_FORMAT, "%s:%u: more than %d columns", path,
                             table.n_rows + 1, LATENCY_COLUMNS);
        columns = table.n_rows ? columns : n;
        if (n != columns)
            return amct_fail(err, AMCT_E_FORMAT, "%s:%u: %u columns, %u wanted", path,
                             table.n_rows + 1, n, columns);
    }
    *out = table;
    return AMCT_OK;
}

amct_status latency_table_column(uint32_t *out, const latency_table *table, const char *name,
                                 amct_err *err)
{
    for (uint32_t i = 0; table->n_rows && i < LATENCY_COLUMNS; i++)
        if (strcmp(table->rows[0][i], name) == 0) {
            *out = i;
            return AMCT_OK;
        }
    return amct_fail(err, AMCT_E_FORMAT, "no column '%s'", name);
}
