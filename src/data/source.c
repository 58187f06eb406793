#include "data/source.h"

#include "data/inflate.h"
#include "data/sample_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void release_file(void *file)
{
    amct_file_unmap(file);
}

static void release_store(void *store)
{
    amct_sample_store_free(store);
}

amct_status amct_source_map(amct_source *source, amct_file *out, const char *path, amct_err *err)
{
    amct_file *file = amct_arena_alloc(source->arena, sizeof *file);
    if (!file)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_file_map(file, path, err));
    if (amct_arena_own(source->arena, file, release_file) != 0)
        return amct_fail_nomem(err);
    source->hash = amct_hash_string(source->hash, amct_path_base(path));
    source->hash = amct_hash_bytes(source->hash, file->data, file->size);
    *out = *file;
    return AMCT_OK;
}

uint64_t amct_source_memory_left(const amct_source *source)
{
    uint64_t limit = source->options->memory_limit_bytes;
    if (limit == 0)
        return UINT64_MAX;
    return limit > source->held_bytes ? limit - source->held_bytes : 0;
}

amct_status amct_source_alloc(amct_source *source, uint8_t **out, uint64_t size, amct_err *err)
{
    amct_sample_store *store = amct_arena_alloc(source->arena, sizeof *store);
    if (!store)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_sample_store_new(store, size ? size : 1, amct_source_memory_left(source),
                                   source->options->spill_folder, err));
    if (amct_arena_own(source->arena, store, release_store) != 0)
        return amct_fail_nomem(err);
    source->held_bytes += store->spilled ? 0 : size;
    *out = store->data;
    return AMCT_OK;
}

static amct_status unpack_idx(amct_source *source, amct_file *file, amct_err *err)
{
    uint8_t head[AMCT_IDX_HEAD], *data;
    size_t n;
    uint64_t size;
    AMCT_TRY(
        amct_inflate_head(head, sizeof head, &n, file->data, file->size, AMCT_PACKED_GZIP, err));
    AMCT_TRY(amct_idx_size(&size, head, n, err));
    if (!amct_inflate_possible(size, file->size))
        return amct_fail(err, AMCT_E_FORMAT,
                         "its dims need %llu bytes, which cannot come out of %zu",
                         (unsigned long long)size, file->size);
    AMCT_TRY(amct_source_alloc(source, &data, size, err));
    AMCT_TRY(amct_inflate(data, (size_t)size, file->data, file->size, AMCT_PACKED_GZIP, err));
    *file = (amct_file){data, (size_t)size};
    return AMCT_OK;
}

amct_status amct_source_map_idx(amct_source *source, amct_file *out, const char *path,
                                amct_err *err)
{
    amct_file file;
    AMCT_TRY(amct_source_map(source, &file, path, err));
    if (amct_is_gzip(file.data, file.size) && unpack_idx(source, &file, err) != AMCT_OK)
        return amct_fail_in(err, "%s", path);
    *out = file;
    return AMCT_OK;
}

const char *amct_source_join(amct_source *source, const char *folder, const char *name)
{
    char *joined = amct_path_join(folder, name);
    const char *path = joined ? amct_arena_string(source->arena, joined) : NULL;
    free(joined);
    return path;
}

/* ---- Labels -------------------------------------------------------------------------------- */

amct_status amct_source_set_labels(amct_source *source, const amct_array *array, const char *from,
                                   amct_err *err)
{
    if (!amct_array_is_integer(array) || array->sample_count != 1)
        return amct_fail(err, AMCT_E_FORMAT,
                         "%s: labels are one whole number a sample, this is another kind of array",
                         from);
    if (array->dims[0] != source->n)
        return amct_fail(err, AMCT_E_FORMAT, "%s: holds %llu labels, there are %u samples", from,
                         (unsigned long long)array->dims[0], source->n);
    int64_t *labels = amct_arena_array(source->arena, source->n, sizeof *labels);
    if (!labels)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < source->n; i++)
        labels[i] = amct_array_integer(array, i);
    source->labels = labels;
    source->labels_from = from;
    return AMCT_OK;
}

static amct_status read_text_labels(amct_source *source, const amct_file *file, const char *path,
                                    amct_err *err)
{
    amct_sample_list list;
    if (amct_sample_list_parse(&list, source->arena, file->data, file->size, AMCT_LIST_LABELS,
                               err) != AMCT_OK)
        return amct_fail_in(err, "%s", path);
    if (list.n != source->n)
        return amct_fail(err, AMCT_E_FORMAT, "%s: holds %u labels, there are %u samples", path,
                         list.n, source->n);
    int64_t *labels = amct_arena_array(source->arena, list.n, sizeof *labels);
    uint32_t *lines = amct_arena_array(source->arena, list.n, sizeof *lines);
    if (!labels || !lines)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < list.n; i++) {
        labels[i] = list.entries[i].label;
        lines[i] = list.entries[i].line;
    }
    source->labels = labels;
    source->lines = lines;
    source->labels_from = path;
    return AMCT_OK;
}

amct_status amct_source_read_labels(amct_source *source, const char *path, amct_err *err)
{
    amct_file file;
    amct_array array;
    const char *from = amct_arena_string(source->arena, path);
    if (!from)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_source_map_idx(source, &file, path, err));
    amct_status status;
    if (amct_is_npy(file.data, file.size))
        status = amct_npy_parse(&array, file.data, file.size, err);
    else if (amct_is_idx(file.data, file.size))
        status = amct_idx_parse(&array, file.data, file.size, err);
    else
        return read_text_labels(source, &file, from, err);
    if (status != AMCT_OK)
        return amct_fail_in(err, "%s", path);
    return amct_source_set_labels(source, &array, from, err);
}

/* ---- Life ---------------------------------------------------------------------------------- */

void amct_source_close(amct_source *source)
{
    amct_arena_free(source->arena);
    *source = (amct_source){0};
}

amct_status amct_source_open(amct_source *out, const char *path,
                             const amct_dataset_options *options, amct_err *err)
{
    struct stat st;
    amct_source source = {.options = options, .arena = amct_arena_new()};
    amct_status status = AMCT_OK;
    source.path = source.arena ? amct_arena_string(source.arena, path) : NULL;
    if (!source.path)
        status = amct_fail_nomem(err);
    else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        status = amct_source_open_folder(&source, source.path, err);
    else
        status = amct_source_open_file(&source, source.path, err);
    if (status == AMCT_OK)
        *out = source;
    else
        amct_source_close(&source);
    return status;
}
