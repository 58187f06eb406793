#include "data/source.h"

#include "data/inflate.h"
#include "data/zip.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes these arrays the samples. */
static amct_status set_arrays(amct_source *source, const amct_array *arrays, uint32_t n_arrays,
                              const char *format, amct_err *err)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < n_arrays; i++)
        n += arrays[i].dims[0];
    if (n > UINT32_MAX / 2)
        return amct_fail(err, AMCT_E_LIMIT, "%llu samples are more than can be numbered",
                         (unsigned long long)n);
    source->arrays = amct_arena_copy(source->arena, arrays, n_arrays * sizeof *arrays);
    if (!source->arrays)
        return amct_fail_nomem(err);
    source->kind = AMCT_SOURCE_ARRAYS;
    source->n_arrays = n_arrays;
    source->n = (uint32_t)n;
    source->format = format;
    return AMCT_OK;
}

/* The path with `name` of its last part replaced by another text; NULL if it is not in it. */
static const char *replaced(amct_source *source, const char *path, const char *old,
                            const char *fresh)
{
    const char *base = amct_path_base(path), *at = strstr(base, old);
    return at ? amct_arena_printf(source->arena, "%.*s%s%s", (int)(at - path), path, fresh,
                                  at + strlen(old))
              : NULL;
}

/* ---- IDX ----------------------------------------------------------------------------------- */

/* The labels file that belongs to an images file, NULL if there is none. */
static const char *idx_labels_path(amct_source *source, const char *path)
{
    const char *labels = replaced(source, path, "images", "labels");
    labels = labels ? replaced(source, labels, "idx3", "idx1") : NULL;
    if (!labels || access(labels, F_OK) == 0)
        return labels;
    labels = amct_ends_with(labels, ".gz") ? replaced(source, labels, ".gz", "")
                                           : amct_arena_printf(source->arena, "%s.gz", labels);
    return labels && access(labels, F_OK) == 0 ? labels : NULL;
}

static amct_status open_idx(amct_source *source, const amct_file *file, const char *path,
                            amct_err *err)
{
    amct_array array;
    if (amct_idx_parse(&array, file->data, file->size, err) != AMCT_OK)
        return amct_fail_in(err, "%s", path);
    AMCT_TRY(set_arrays(source, &array, 1, "IDX", err));
    const char *labels =
        source->options->labels_path ? source->options->labels_path : idx_labels_path(source, path);
    return labels ? amct_source_read_labels(source, labels, err) : AMCT_OK;
}

/* ---- CIFAR --------------------------------------------------------------------------------- */

amct_status amct_source_open_cifar(amct_source *source, const char *folder,
                                   const char *const *names, size_t n, amct_err *err)
{
    amct_array *arrays = amct_arena_array(source->arena, n, sizeof *arrays);
    if (!arrays)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        amct_file file;
        const char *path = amct_source_join(source, folder, names[i]);
        if (!path)
            return amct_fail_nomem(err);
        AMCT_TRY(amct_source_map(source, &file, path, err));
        if (amct_cifar_parse(&arrays[i], file.data, file.size, err) != AMCT_OK)
            return amct_fail_in(err, "%s", path);
        if (arrays[i].stride_bytes != arrays[0].stride_bytes)
            return amct_fail(err, AMCT_E_FORMAT, "%s: CIFAR-10 and CIFAR-100 records in one folder",
                             path);
    }
    AMCT_TRY(set_arrays(source, arrays, (uint32_t)n,
                        arrays[0].stride_bytes == AMCT_CIFAR10_RECORD ? "CIFAR-10 binary"
                                                                      : "CIFAR-100 binary",
                        err));
    if (source->options->labels_path)
        return amct_source_read_labels(source, source->options->labels_path, err);
    source->labels = amct_arena_array(source->arena, source->n, sizeof *source->labels);
    if (!source->labels)
        return amct_fail_nomem(err);
    uint32_t at = 0;
    for (size_t i = 0; i < n; i++)
        for (uint64_t s = 0; s < arrays[i].dims[0]; s++)
            source->labels[at++] = arrays[i].data[s * arrays[i].stride_bytes - 1];
    source->labels_from = source->path;
    return AMCT_OK;
}

/* ---- NumPy --------------------------------------------------------------------------------- */

/* The labels file beside an array, NULL if there is none. */
static const char *npy_labels_path(amct_source *source, const char *path)
{
    const char *labels = replaced(source, path, ".npy", "_labels.npy");
    if (labels && access(labels, F_OK) == 0)
        return labels;
    labels = amct_arena_printf(source->arena, "%.*slabels.npy", (int)(amct_path_base(path) - path),
                               path);
    return labels && strcmp(labels, path) != 0 && access(labels, F_OK) == 0 ? labels : NULL;
}

static amct_status open_npy(amct_source *source, const amct_file *file, const char *path,
                            amct_err *err)
{
    amct_array array;
    if (amct_npy_parse(&array, file->data, file->size, err) != AMCT_OK)
        return amct_fail_in(err, "%s", path);
    AMCT_TRY(set_arrays(source, &array, 1, "NumPy array", err));
    const char *labels =
        source->options->labels_path ? source->options->labels_path : npy_labels_path(source, path);
    return labels ? amct_source_read_labels(source, labels, err) : AMCT_OK;
}

static amct_status extract_array(amct_source *source, amct_array *array,
                                 const amct_zip_member *member, amct_err *err)
{
    uint8_t *data;
    AMCT_TRY(amct_source_alloc(source, &data, member->bytes, err));
    AMCT_TRY(amct_zip_extract(data, member, err));
    if (amct_npy_parse(array, data, member->bytes, err) != AMCT_OK)
        return amct_fail_in(err, "%s", member->name);
    return AMCT_OK;
}

/* A member by the name of its array, NULL if there is none. */
static const amct_zip_member *find_member(const amct_zip_file *zip, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < zip->n; i++)
        if (strncmp(zip->members[i].name, name, n) == 0 &&
            strcmp(zip->members[i].name + n, ".npy") == 0)
            return &zip->members[i];
    return NULL;
}

/* The dims of a member's array, 0 if it is none that can be read. */
static uint32_t member_rank(const amct_zip_member *member)
{
    enum { ENOUGH = 4096 }; /* for any header of a plain array */
    uint8_t head[ENOUGH];
    const void *bytes = member->packed;
    size_t n = member->packed_bytes, head_bytes;
    amct_err ignored;
    amct_array array;
    if (member->method == 8) {
        if (amct_inflate_head(head, sizeof head, &n, member->packed, member->packed_bytes,
                              AMCT_PACKED_RAW, &ignored) != AMCT_OK)
            return 0;
        bytes = head;
    }
    return amct_npy_parse_head(&array, &head_bytes, bytes, n, &ignored) == AMCT_OK ? array.rank : 0;
}

static amct_status find_samples(const amct_zip_member **out, const amct_zip_file *zip,
                                amct_err *err)
{
    static const char *const names[] = {"x", "images", "data", "input"};
    const amct_zip_member *only = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((*out = find_member(zip, names[i])))
            return AMCT_OK;
    for (size_t i = 0; i < zip->n; i++) {
        if (member_rank(&zip->members[i]) < 2)
            continue;
        if (only)
            return amct_fail(err, AMCT_E_FORMAT,
                             "holds %s and %s: call the samples x, images, data or input",
                             only->name, zip->members[i].name);
        only = &zip->members[i];
    }
    if (!only)
        return amct_fail(err, AMCT_E_FORMAT,
                         "holds no array of samples: call them x, images, data or input");
    *out = only;
    return AMCT_OK;
}

static amct_status open_npz(amct_source *source, const amct_file *file, amct_err *err)
{
    amct_zip_file zip;
    amct_array samples, labels;
    const amct_zip_member *member;
    AMCT_TRY(amct_zip_open(&zip, source->arena, file->data, file->size, err));
    AMCT_TRY(find_samples(&member, &zip, err));
    AMCT_TRY(extract_array(source, &samples, member, err));
    AMCT_TRY(set_arrays(source, &samples, 1, "NumPy archive", err));
    if (source->options->labels_path)
        return amct_source_read_labels(source, source->options->labels_path, err);
    const amct_zip_member *y = find_member(&zip, "y");
    y = y ? y : find_member(&zip, "labels");
    if (!y || y == member)
        return AMCT_OK;
    AMCT_TRY(extract_array(source, &labels, y, err));
    return amct_source_set_labels(source, &labels, y->name, err);
}

/* ---- Which of them ------------------------------------------------------------------------- */

static amct_status open_list(amct_source *source, const char *path, amct_err *err)
{
    int folder_length = (int)(amct_path_base(path) - path);
    const char *folder = amct_arena_printf(source->arena, "%.*s", folder_length, path);
    return folder ? amct_source_open_list(source, folder, path, AMCT_LIST_FILES, err)
                  : amct_fail_nomem(err);
}

amct_status amct_source_open_file(amct_source *source, const char *path, amct_err *err)
{
    amct_file file;
    if (amct_ends_with(path, ".bin"))
        return amct_source_open_cifar(source, "", &path, 1, err);
    if (amct_ends_with(path, ".txt"))
        return open_list(source, path, err);
    AMCT_TRY(amct_source_map_idx(source, &file, path, err));
    if (amct_is_npy(file.data, file.size))
        return open_npy(source, &file, path, err);
    if (file.size >= 4 && memcmp(file.data, "PK", 2) == 0) {
        if (open_npz(source, &file, err) != AMCT_OK)
            return amct_fail_in(err, "%s", path);
        return AMCT_OK;
    }
    if (amct_is_idx(file.data, file.size))
        return open_idx(source, &file, path, err);
    return amct_fail(err, AMCT_E_FORMAT,
                     "%s: is no data: wanted a folder of images, .npy, .npz, IDX, CIFAR binary, or "
                     "a list (.txt) of .bin files",
                     path);
}
