#include "data/source.h"

#include "data/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Class folders ------------------------------------------------------------------------- */

/* Whether all of these folders are named by a number, and one by another than its rank: then
 * nobody can tell which of the two is the class. */
static const char *misleading_name(const amct_folder *folder)
{
    const char *misleading = NULL;
    long rank = 0;
    for (size_t i = 0; i < folder->n; i++) {
        if (!folder->entries[i].is_folder)
            continue;
        char *end;
        long number = strtol(folder->entries[i].name, &end, 10);
        if (*end)
            return NULL;
        if (number != rank++ && !misleading)
            misleading = folder->entries[i].name;
    }
    return misleading;
}

static amct_status add_class_files(amct_source *source, amct_file_table *table, const char *path,
                                   const amct_folder *folder, uint32_t *n_classes, amct_err *err)
{
    uint32_t rank = 0;
    for (size_t i = 0; i < folder->n; i++) {
        amct_folder inner;
        if (!folder->entries[i].is_folder)
            continue;
        const char *subfolder = folder->entries[i].name;
        const char *inner_path = amct_source_join(source, path, subfolder);
        if (!inner_path)
            return amct_fail_nomem(err);
        AMCT_TRY(amct_folder_list(&inner, source->arena, inner_path, err));
        for (size_t f = 0; f < inner.n; f++)
            if (!inner.entries[f].is_folder && amct_image_is_name(inner.entries[f].name))
                AMCT_TRY(amct_file_table_add(table, source, path, subfolder, inner.entries[f].name,
                                             rank, err));
        rank++;
    }
    *n_classes = rank;
    return AMCT_OK;
}

static amct_status check_classes(const amct_source *source, const amct_folder *folder,
                                 uint32_t n_classes, amct_err *err)
{
    const amct_dataset_options *options = source->options;
    const char *misleading = misleading_name(folder);
    if (misleading)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: the class folder '%s' is not at that place in the order of names: "
                         "say the labels in a labels.txt (lines of `folder/file label`)",
                         source->path, misleading);
    if (options->n_classes && n_classes + options->label_offset != options->n_classes)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: has %u class folders, the network %u classes: classes are counted "
                         "by the order of names, so all must be there (label_offset: 1 for a "
                         "background class), or say the labels in a labels.txt",
                         source->path, n_classes, options->n_classes);
    return AMCT_OK;
}

/* Subfolders of images, and no images beside them. */
static amct_status open_classes(amct_source *source, const char *path, const amct_folder *folder,
                                const amct_file_table *table, uint32_t n_classes, amct_err *err)
{
    if (table->n == 0)
        return amct_fail(err, AMCT_E_FORMAT,
                         "%s: holds no data: wanted images (JPEG, PNG; in class folders, or with a "
                         "labels.txt), .npy, .npz, IDX or .bin files",
                         path);
    AMCT_TRY(check_classes(source, folder, n_classes, err));
    return amct_source_set_files(source, table, AMCT_SOURCE_PICTURES, true,
                                 "images in class folders", err);
}

/* ---- Other files in folders ---------------------------------------------------------------- */

/* The names in a folder that make up one kind of data. */
typedef struct name_group {
    const char **names;
    size_t n;
} name_group;

static amct_status open_bins(amct_source *source, const char *path, const name_group *bins,
                             amct_err *err)
{
    const amct_dataset_options *options = source->options;
    uint64_t wanted_bytes = 4;
    bool known = options->rank > 0;
    for (uint32_t d = 0; d < options->rank; d++)
        known = known && options->dims[d] > 0 &&
                !__builtin_mul_overflow(wanted_bytes, (uint64_t)options->dims[d], &wanted_bytes);
    amct_file_table table = {0};
    amct_status status = AMCT_OK;
    bool raw = false, cifar = true;
    for (size_t i = 0; status == AMCT_OK && i < bins->n; i++) {
        struct stat st;
        status = amct_file_table_add(&table, source, path, NULL, bins->names[i], 0, err);
        if (status != AMCT_OK || stat(table.files[i].path, &st) != 0)
            continue;
        raw = raw || (known && (uint64_t)st.st_size == wanted_bytes);
        cifar = cifar && st.st_size > 0 &&
                (st.st_size % AMCT_CIFAR10_RECORD == 0 || st.st_size % AMCT_CIFAR100_RECORD == 0);
    }
    if (status == AMCT_OK && !raw && cifar)
        status = amct_source_open_cifar(source, path, bins->names, bins->n, err);
    else if (status == AMCT_OK && !raw && known)
        status = amct_fail(err, AMCT_E_FORMAT,
                           "%s: its .bin files are neither CIFAR records nor samples of the "
                           "network's input, %llu bytes of float32",
                           path, (unsigned long long)wanted_bytes);
    else if (status == AMCT_OK)
        status = amct_source_set_files(source, &table, AMCT_SOURCE_RAW, false, ".bin files", err);
    if (status == AMCT_OK && source->kind == AMCT_SOURCE_RAW && options->labels_path)
        status = amct_source_read_labels(source, options->labels_path, err);
    amct_file_table_free(&table);
    return status;
}

static amct_status open_pictures(amct_source *source, const char *path, const name_group *pictures,
                                 amct_err *err)
{
    amct_file_table table = {0};
    amct_status status = AMCT_OK;
    for (size_t i = 0; status == AMCT_OK && i < pictures->n; i++)
        status = amct_file_table_add(&table, source, path, NULL, pictures->names[i], 0, err);
    if (status == AMCT_OK)
        status = amct_source_set_files(source, &table, AMCT_SOURCE_PICTURES, false, "images", err);
    amct_file_table_free(&table);
    return status;
}

/* ---- Which of them ------------------------------------------------------------------------- */

enum { PICTURES, BINS, IDX_FILES, NUMPY_FILES, N_GROUPS };

static int group_of(const char *name)
{
    if (amct_image_is_name(name))
        return PICTURES;
    if (amct_ends_with(name, ".bin"))
        return BINS;
    if (strstr(name, "images") && strstr(name, "idx3"))
        return IDX_FILES;
    if (amct_ends_with(name, ".npz") ||
        (amct_ends_with(name, ".npy") && !amct_ends_with(name, "labels.npy")))
        return NUMPY_FILES;
    return N_GROUPS;
}

static bool holds(const amct_folder *folder, const char *name, size_t length)
{
    for (size_t i = 0; i < folder->n; i++)
        if (strncmp(folder->entries[i].name, name, length) == 0 && !folder->entries[i].name[length])
            return true;
    return false;
}

static amct_status sort_names(name_group groups[N_GROUPS], amct_arena *arena,
                              const amct_folder *folder, amct_err *err)
{
    for (int g = 0; g < N_GROUPS; g++) {
        groups[g] = (name_group){amct_arena_array(arena, folder->n, sizeof(const char *)), 0};
        if (!groups[g].names)
            return amct_fail_nomem(err);
    }
    for (size_t i = 0; i < folder->n; i++) {
        const char *name = folder->entries[i].name;
        int g = folder->entries[i].is_folder ? N_GROUPS : group_of(name);
        /* a packed file beside its unpacked twin is no second one */
        if (g == IDX_FILES && amct_ends_with(name, ".gz") && holds(folder, name, strlen(name) - 3))
            continue;
        if (g < N_GROUPS)
            groups[g].names[groups[g].n++] = name;
    }
    return AMCT_OK;
}

/* The one file of a group. */
static amct_status open_single(amct_source *source, const char *path, const name_group *group,
                               amct_err *err)
{
    const char *file = amct_source_join(source, path, group->names[0]);
    if (group->n > 1)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: holds %zu data sets, such as %s and %s: give one of them as the data",
                         path, group->n, group->names[0], group->names[1]);
    return file ? amct_source_open_file(source, file, err) : amct_fail_nomem(err);
}

/* Images, or folders of them. */
static amct_status open_images(amct_source *source, const char *path, const amct_folder *folder,
                               const name_group *pictures, amct_err *err)
{
    amct_file_table nested = {0};
    uint32_t n_classes = 0;
    if (source->options->labels_path)
        return amct_source_open_list(source, path, source->options->labels_path, AMCT_LIST_LABELLED,
                                     err);
    amct_status status = add_class_files(source, &nested, path, folder, &n_classes, err);
    if (status == AMCT_OK && pictures->n && nested.n)
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s: holds images and folders of images: say which are meant in a "
                           "labels.txt, or give one of the folders",
                           path);
    else if (status == AMCT_OK && pictures->n)
        status = open_pictures(source, path, pictures, err);
    else if (status == AMCT_OK)
        status = open_classes(source, path, folder, &nested, n_classes, err);
    amct_file_table_free(&nested);
    return status;
}

static amct_status open_groups(amct_source *source, const char *path, const amct_folder *folder,
                               amct_err *err)
{
    static const char *const words[N_GROUPS] = {"images", ".bin files", "IDX files", "NumPy files"};
    name_group groups[N_GROUPS];
    int kind = N_GROUPS;
    AMCT_TRY(sort_names(groups, source->arena, folder, err));
    for (int g = 0; g < N_GROUPS; g++) {
        if (!groups[g].n)
            continue;
        if (kind < N_GROUPS)
            return amct_fail(err, AMCT_E_INVALID,
                             "%s: holds %s and %s: give a folder of one of them, or a file", path,
                             words[kind], words[g]);
        kind = g;
    }
    switch (kind) {
    case BINS: return open_bins(source, path, &groups[kind], err);
    case IDX_FILES:
    case NUMPY_FILES: return open_single(source, path, &groups[kind], err);
    default: return open_images(source, path, folder, &groups[PICTURES], err);
    }
}

amct_status amct_source_open_folder(amct_source *source, const char *path, amct_err *err)
{
    static const char *const lists[] = {"labels.txt", "list.txt"};
    static const amct_list_kind kinds[] = {AMCT_LIST_LABELLED, AMCT_LIST_FILES};
    amct_folder folder;
    AMCT_TRY(amct_folder_list(&folder, source->arena, path, err));
    for (int i = 0; i < 2 && !source->options->labels_path; i++)
        if (holds(&folder, lists[i], strlen(lists[i]))) {
            const char *list = amct_source_join(source, path, lists[i]);
            return list ? amct_source_open_list(source, path, list, kinds[i], err)
                        : amct_fail_nomem(err);
        }
    return open_groups(source, path, &folder, err);
}
