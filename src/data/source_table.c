#include "data/source.h"

#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

/* ---- Files --------------------------------------------------------------------------------- */

void amct_file_table_free(amct_file_table *table)
{
    free(table->files);
}

amct_status amct_file_table_add(amct_file_table *table, amct_source *source, const char *folder,
                                const char *subfolder, const char *name, int64_t label,
                                amct_err *err)
{
    if (table->n == UINT32_MAX / 2)
        return amct_fail(err, AMCT_E_LIMIT, "more samples than can be numbered");
    AMCT_TRY(amct_grow(&table->files, table->n, &table->room, sizeof *table->files, err));
    const char *relative =
        subfolder ? amct_arena_printf(source->arena, "%s/%s", subfolder, name) : name;
    const char *path = relative ? amct_source_join(source, folder, relative) : NULL;
    if (!path)
        return amct_fail_nomem(err);
    table->files[table->n++] = (amct_source_file){path, relative, label};
    return AMCT_OK;
}

amct_status amct_source_set_files(amct_source *source, const amct_file_table *table,
                                  amct_source_kind kind, bool labelled, const char *format,
                                  amct_err *err)
{
    amct_arena *arena = source->arena;
    source->files = amct_arena_copy(arena, table->files, table->n * sizeof *table->files);
    if (labelled)
        source->labels = amct_arena_array(arena, table->n, sizeof *source->labels);
    if (!source->files || (labelled && !source->labels))
        return amct_fail_nomem(err);
    for (uint32_t i = 0; labelled && i < table->n; i++)
        source->labels[i] = table->files[i].label;
    source->labels_from = source->path;
    source->kind = kind;
    source->n = table->n;
    source->format = format;
    return AMCT_OK;
}

/* ---- Lists --------------------------------------------------------------------------------- */

static int by_file(const void *a, const void *b)
{
    const amct_list_entry *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* A file named twice must have the same label both times. */
static amct_status check_labels(const amct_source *source, const amct_sample_list *list,
                                amct_err *err)
{
    size_t bytes = list->n * sizeof *list->entries;
    amct_list_entry *sorted = amct_arena_copy(source->arena, list->entries, bytes);
    if (!sorted)
        return amct_fail_nomem(err);
    qsort(sorted, list->n, sizeof *sorted, by_file);
    for (uint32_t i = 1; i < list->n; i++) {
        const amct_list_entry *a = &sorted[i - 1], *b = &sorted[i];
        if (strcmp(a->file, b->file) == 0 && a->label != b->label)
            return amct_fail(err, AMCT_E_FORMAT,
                             "line %u: '%s' has label %lld, in line %u it has %lld", b->line,
                             b->file, (long long)b->label, a->line, (long long)a->label);
    }
    return AMCT_OK;
}

amct_status amct_source_open_list(amct_source *source, const char *folder, const char *list_path,
                                  amct_list_kind kind, amct_err *err)
{
    amct_file file;
    amct_sample_list list;
    amct_file_table table = {0};
    AMCT_TRY(amct_source_map(source, &file, list_path, err));
    if (amct_sample_list_parse(&list, source->arena, file.data, file.size, kind, err) != AMCT_OK)
        return amct_fail_in(err, "%s", list_path);
    if (list.labelled && check_labels(source, &list, err) != AMCT_OK)
        return amct_fail_in(err, "%s", list_path);
    uint32_t *lines = amct_arena_array(source->arena, list.n, sizeof *lines);
    amct_status status = lines ? AMCT_OK : amct_fail_nomem(err);
    uint32_t n_raw = 0;
    for (uint32_t i = 0; status == AMCT_OK && i < list.n; i++) {
        const amct_list_entry *entry = &list.entries[i];
        lines[i] = entry->line;
        n_raw += amct_ends_with(entry->file, ".bin");
        status = amct_file_table_add(&table, source, folder, NULL, entry->file, entry->label, err);
    }
    if (status == AMCT_OK && n_raw && n_raw < list.n)
        status = amct_fail(err, AMCT_E_FORMAT, "%s: lists .bin files and others", list_path);
    if (status == AMCT_OK)
        status = amct_source_set_files(
            source, &table, n_raw ? AMCT_SOURCE_RAW : AMCT_SOURCE_PICTURES, list.labelled,
            n_raw ? "listed .bin files" : "listed images", err);
    if (status == AMCT_OK) {
        source->lines = lines;
        source->labels_from = amct_arena_string(source->arena, list_path);
        if (!source->labels_from)
            status = amct_fail_nomem(err);
    }
    amct_file_table_free(&table);
    return status;
}
