#include "import/maps.h"

#include "base/file.h"
#include "base/grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* More files than any model is split into; each one is a mapping, of which there are 65530. */
enum { MAX_FILES = 4096 };

static amct_status append(amct_maps *maps, const amct_mapped *mapped, amct_err *err)
{
    if (maps->n >= MAX_FILES)
        return amct_fail(err, AMCT_E_LIMIT, "the model is spread over more than %d files",
                         MAX_FILES);
    AMCT_TRY(amct_grow(&maps->at, maps->n, &maps->cap, sizeof *maps->at, err));
    maps->at[maps->n++] = *mapped;
    return AMCT_OK;
}

amct_status amct_maps_init(amct_maps *maps, amct_arena *arena, const amct_import_place *place,
                           amct_err *err)
{
    amct_maps fresh = {.arena = arena, .outside = place->outside};
    if (place->folder && !(fresh.folder = realpath(place->folder, NULL)))
        return amct_fail_errno(err, errno, "%s", place->folder);
    amct_status status = append(&fresh, &(amct_mapped){"", place->is_file, place->model}, err);
    if (status != AMCT_OK) {
        amct_maps_done(&fresh);
        return status;
    }
    *maps = fresh;
    return AMCT_OK;
}

void amct_maps_done(amct_maps *maps)
{
    free(maps->folder);
    free(maps->at);
    *maps = (amct_maps){0};
}

static bool has_dotdot(const char *name)
{
    while (*name) {
        size_t length = strcspn(name, "/");
        if (length == 2 && name[0] == '.' && name[1] == '.')
            return true;
        name += length;
        name += *name == '/';
    }
    return false;
}

static bool is_inside(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    if (length == 1) /* "/" */
        return true;
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static void unmap(void *file)
{
    amct_file_unmap(file);
}

static amct_status map_real(amct_maps *maps, const char *name, const char *real, amct_view *out,
                            amct_err *err)
{
    for (size_t i = 1; i < maps->n; i++)
        if (strcmp(maps->at[i].path, real) == 0) {
            *out = maps->at[i].view;
            return AMCT_OK;
        }
    amct_file *file = amct_arena_alloc(maps->arena, sizeof *file);
    amct_mapped mapped = {.path = amct_arena_string(maps->arena, real), .is_file = true};
    const char *name_copy = amct_arena_string(maps->arena, name);
    if (!file || !mapped.path || !name_copy)
        return amct_fail_nomem(err);
    AMCT_TRY(amct_file_map(file, real, err));
    if (amct_arena_own(maps->arena, file, unmap) != 0)
        return amct_fail_nomem(err);
    mapped.view = (amct_view){.struct_size = sizeof mapped.view,
                              .name = name_copy,
                              .data = file->data,
                              .size = file->size};
    AMCT_TRY(append(maps, &mapped, err));
    *out = mapped.view;
    return AMCT_OK;
}

static amct_status map_outside(amct_maps *maps, const char *name, amct_view *out, amct_err *err)
{
    char *real = realpath(name, NULL);
    amct_status status =
        real ? map_real(maps, name, real, out, err) : amct_fail_errno(err, errno, "%s", name);
    free(real);
    return status;
}

static amct_status map_inside(amct_maps *maps, const char *name, const char *real, amct_view *out,
                              amct_err *err)
{
    if (!is_inside(real, maps->folder))
        return amct_fail(err, AMCT_E_INVALID,
                         "the external file '%s' is a link that leaves the model's folder; put "
                         "the file itself beside the model",
                         name);
    return map_real(maps, name, real, out, err);
}

amct_status amct_maps_open(amct_maps *maps, const char *name, amct_view *out, amct_err *err)
{
    if (maps->outside && strcmp(name, maps->outside) == 0)
        return map_outside(maps, name, out, err);
    if (!maps->folder)
        return amct_fail(err, AMCT_E_IO,
                         "the external file '%s' cannot be read: no folder is known", name);
    if (name[0] == 0 || name[0] == '/' || has_dotdot(name))
        return amct_fail(err, AMCT_E_INVALID,
                         "the external file '%s' is refused: a name inside of the model's folder "
                         "is wanted",
                         name);
    char *path = amct_path_join(maps->folder, name);
    if (!path)
        return amct_fail_nomem(err);
    char *real = realpath(path, NULL);
    amct_status status = real ? map_inside(maps, name, real, out, err)
                              : amct_fail_errno(err, errno, "the external file '%s'", name);
    free(real);
    free(path);
    return status;
}

/* The mapping that all of the bytes lie in. */
static const amct_mapped *find(const amct_maps *maps, const void *data, size_t size)
{
    uintptr_t begin = (uintptr_t)data;
    for (size_t i = 0; i < maps->n; i++) {
        uintptr_t from = (uintptr_t)maps->at[i].view.data;
        size_t room = maps->at[i].view.size;
        if (from && begin >= from && begin - from <= room && size <= room - (begin - from))
            return &maps->at[i];
    }
    return NULL;
}

bool amct_maps_contain(const amct_maps *maps, const void *data, size_t size)
{
    return find(maps, data, size) != NULL;
}

void amct_maps_forget(const amct_maps *maps, const void *data, size_t size)
{
    /* a page that is read may bring a huge one with it, of what was forgotten before */
    enum { LARGE = 1 << 16, HUGE_PAGE = 1 << 21 };
    const amct_mapped *mapped = find(maps, data, size);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)data;
    if (!mapped || !mapped->is_file)
        return;
    uintptr_t before = from - (uintptr_t)mapped->view.data;
    if (size >= LARGE)
        from -= before < HUGE_PAGE ? before : HUGE_PAGE;
    uintptr_t begin = (from + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)data + size) / page * page;
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED); /* without it they merely stay */
}
