#include "data/boxes.h"

#include "base/file.h"
#include "base/number.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of JSON, whose tree takes some ten times as much; and boxes of a picture. */
enum { MAX_JSON = 256 << 20, MAX_BOXES = 100000, MAX_CATEGORIES = 10000 };

typedef struct reading {
    amct_boxes *out;
    const amct_dataset *ds;
    const amct_preprocess *pre;
    const amct_class_names *names;
    uint32_t *room; /* per sample: of its list */
} reading;

/* ---- From the picture to the sample --------------------------------------------------------- */

/* What of the picture became the sample: scale and offset of shares. */
typedef struct view {
    double scale_x, scale_y, left, top;
} view;

static amct_status view_of(view *out, const reading *r, uint32_t height, uint32_t width,
                           amct_err *err)
{
    amct_crop c;
    AMCT_TRY(
        amct_preprocess_fit(&c, r->pre, height, width, r->ds->height, r->ds->width, true, err));
    *out = (view){(double)c.full_width / c.width, (double)c.full_height / c.height,
                  (double)c.left / c.width, (double)c.top / c.height};
    return AMCT_OK;
}

static double clip(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Adds a box given in shares of the picture, as far as it is in the sample. */
static amct_status add_box(reading *r, uint32_t sample, const view *v, const double box[4],
                           int32_t class, bool crowd, amct_err *err)
{
    amct_box_list *list = &r->out->lists[sample];
    amct_box b = {.x0 = (float)clip(box[0] * v->scale_x - v->left),
                  .y0 = (float)clip(box[1] * v->scale_y - v->top),
                  .x1 = (float)clip((box[0] + box[2]) * v->scale_x - v->left),
                  .y1 = (float)clip((box[1] + box[3]) * v->scale_y - v->top),
                  .class = class,
                  .crowd = crowd};
    if (!(b.x1 > b.x0) || !(b.y1 > b.y0))
        return AMCT_OK;
    if (list->n == MAX_BOXES)
        return amct_fail(err, AMCT_E_LIMIT, "'%s' has more than %d boxes", r->ds->names[sample],
                         MAX_BOXES);
    if (list->n == r->room[sample]) {
        uint32_t room = list->n ? 2 * list->n : 8;
        amct_box *more = amct_arena_array(r->out->arena, room, sizeof *more);
        if (!more)
            return amct_fail_nomem(err);
        if (list->n)
            memcpy(more, list->at, list->n * sizeof *more);
        list->at = more;
        r->room[sample] = room;
    }
    ((amct_box *)list->at)[list->n++] = b;
    r->out->n++;
    return AMCT_OK;
}

/* ---- COCO ---------------------------------------------------------------------------------- */

static double number_of(const cJSON *at, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at, key);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static const char *text_of(const cJSON *at, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* A picture or a category by its number, which sorts them. */
typedef struct entry {
    double id;
    const char *name;
    double height, width;
    uint32_t sample; /* of pictures; UINT32_MAX: not in the data set */
    int32_t class;   /* of categories; -1: not one of the detector's */
} entry;

static int by_id(const void *a, const void *b)
{
    double x = ((const entry *)a)->id, y = ((const entry *)b)->id;
    return (x > y) - (x < y);
}

static entry *find(entry *entries, size_t n, double id)
{
    entry wanted = {.id = id};
    return n ? bsearch(&wanted, entries, n, sizeof *entries, by_id) : NULL;
}

static amct_status read_entries(entry **out, size_t *n, const reading *r, const cJSON *root,
                                const char *key, const char *name_key, amct_err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key), *item;
    if (!cJSON_IsArray(list))
        return amct_fail(err, AMCT_E_FORMAT, "has no list '%s'", key);
    entry *e = amct_arena_array(r->out->arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof *e);
    if (!e)
        return amct_fail_nomem(err);
    *n = 0;
    cJSON_ArrayForEach(item, list)
    {
        e[*n] = (entry){.id = number_of(item, "id"),
                        .name = text_of(item, name_key),
                        .height = number_of(item, "height"),
                        .width = number_of(item, "width"),
                        .sample = UINT32_MAX,
                        .class = -1};
        if (!e[*n].name || isnan(e[*n].id))
            return amct_fail(err, AMCT_E_FORMAT, "%s: entry %zu has no id or no %s", key, *n,
                             name_key);
        ++*n;
    }
    qsort(e, *n, sizeof *e, by_id);
    *out = e;
    return AMCT_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const entry *const *)a)->name, (*(const entry *const *)b)->name);
}

static amct_status match_pictures(const reading *r, entry *pictures, size_t n, amct_err *err)
{
    entry **sorted = amct_arena_array(r->out->arena, n + 1, sizeof *sorted);
    if (!sorted)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        pictures[i].name = amct_path_base(pictures[i].name);
        sorted[i] = &pictures[i];
    }
    qsort(sorted, n, sizeof *sorted, by_name);
    for (uint32_t s = 0; s < r->ds->n; s++) {
        entry wanted = {.name = amct_path_base(r->ds->names[s])}, *key = &wanted, **found;
        found = n ? bsearch(&key, sorted, n, sizeof *sorted, by_name) : NULL;
        if (!found)
            return amct_fail(err, AMCT_E_INVALID, "has no picture '%s'", wanted.name);
        if (!((*found)->height >= 1 && (*found)->height < 1e6 && (*found)->width >= 1 &&
              (*found)->width < 1e6))
            return amct_fail(err, AMCT_E_FORMAT, "picture '%s' has no height or width",
                             wanted.name);
        (*found)->sample = s;
    }
    return AMCT_OK;
}

static amct_status match_categories(const reading *r, entry *categories, size_t n, amct_err *err)
{
    const amct_class_names *names = r->names;
    if (n > MAX_CATEGORIES)
        return amct_fail(err, AMCT_E_LIMIT, "has more than %d categories", MAX_CATEGORIES);
    if (!names->names && n != names->n)
        return amct_fail(err, AMCT_E_INVALID,
                         "has %zu categories, the detector %u classes; name them (detection: "
                         "classes: [person, ...])",
                         n, names->n);
    for (size_t i = 0; i < n; i++)
        for (uint32_t c = 0; c < names->n; c++)
            if (names->names ? strcmp(names->names[c], categories[i].name) == 0 : c == i)
                categories[i].class = (int32_t)c;
    for (uint32_t c = 0; names->names && c < names->n; c++) {
        size_t i = 0;
        while (i < n && categories[i].class != (int32_t)c)
            i++;
        if (i == n)
            return amct_fail(err, AMCT_E_INVALID,
                             "has no category '%s', which is a class of the detector",
                             names->names[c]);
    }
    return AMCT_OK;
}

static amct_status read_annotation(reading *r, const cJSON *item, entry *pictures,
                                   size_t n_pictures, entry *categories, size_t n_categories,
                                   amct_err *err)
{
    const entry *p = find(pictures, n_pictures, number_of(item, "image_id"));
    const entry *c = find(categories, n_categories, number_of(item, "category_id"));
    const cJSON *bbox = cJSON_GetObjectItemCaseSensitive(item, "bbox"), *value;
    double box[4];
    int n = 0;
    view v;
    if (!p || !c)
        return amct_fail(err, AMCT_E_FORMAT, "belongs to no picture or no category");
    if (p->sample == UINT32_MAX || c->class < 0)
        return AMCT_OK;
    cJSON_ArrayForEach(value, bbox)
    {
        if (n < 4)
            box[n] =
                cJSON_IsNumber(value) ? value->valuedouble / (n % 2 ? p->height : p->width) : NAN;
        n++;
    }
    if (n != 4 || !isfinite(box[0] + box[1] + box[2] + box[3]))
        return amct_fail(err, AMCT_E_FORMAT, "its bbox is not [x, y, width, height]");
    AMCT_TRY(view_of(&v, r, (uint32_t)p->height, (uint32_t)p->width, err));
    return add_box(r, p->sample, &v, box, c->class, number_of(item, "iscrowd") == 1, err);
}

static amct_status read_tree(reading *r, const cJSON *root, amct_err *err)
{
    entry *pictures, *categories;
    size_t n_pictures, n_categories, i = 0;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "annotations"), *item;
    AMCT_TRY(read_entries(&pictures, &n_pictures, r, root, "images", "file_name", err));
    AMCT_TRY(read_entries(&categories, &n_categories, r, root, "categories", "name", err));
    AMCT_TRY(match_pictures(r, pictures, n_pictures, err));
    AMCT_TRY(match_categories(r, categories, n_categories, err));
    if (!cJSON_IsArray(list))
        return amct_fail(err, AMCT_E_FORMAT, "has no list 'annotations'");
    cJSON_ArrayForEach(item, list)
    {
        if (read_annotation(r, item, pictures, n_pictures, categories, n_categories, err) !=
            AMCT_OK)
            return amct_fail_in(err, "annotation %zu", i);
        i++;
    }
    return AMCT_OK;
}

static amct_status read_coco(reading *r, const char *path, amct_err *err)
{
    amct_file file;
    AMCT_TRY(amct_file_map(&file, path, err));
    r->out->hash = amct_hash_bytes(r->out->hash, file.data, file.size);
    if (file.size > MAX_JSON) {
        amct_file_unmap(&file);
        return amct_fail(err, AMCT_E_LIMIT, "%s: is larger than %d MiB", path, MAX_JSON >> 20);
    }
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(file.data, file.size, &end, false);
    amct_status status = AMCT_OK;
    if (!root)
        status = amct_fail(err, AMCT_E_FORMAT, "is not JSON as of byte %td",
                           end ? end - (const char *)file.data : 0);
    else
        status = read_tree(r, root, err);
    cJSON_Delete(root);
    amct_file_unmap(&file);
    return status == AMCT_OK || status == AMCT_E_NOMEM ? status : amct_fail_in(err, "%s", path);
}

/* ---- YOLO: a text for each picture ----------------------------------------------------------- */

static amct_status read_line(reading *r, uint32_t sample, char *line, amct_err *err)
{
    static const view whole = {1, 1, 0, 0};
    double v[5], box[4];
    char *rest = NULL, *word = strtok_r(line, " \t\r", &rest);
    int n = 0;
    for (; word; word = strtok_r(NULL, " \t\r", &rest), n++)
        if (n >= 5 || amct_parse_number(&v[n], word, err) != AMCT_OK)
            break;
    if (n == 0 && !word)
        return AMCT_OK;
    if (n != 5 || word)
        return amct_fail(err, AMCT_E_FORMAT, "'class x y width height' is wanted");
    if (v[0] < 0 || v[0] >= r->names->n || v[0] != floor(v[0]))
        return amct_fail(err, AMCT_E_INVALID, "class %g is none of 0 .. %u", v[0], r->names->n - 1);
    box[0] = v[1] - v[3] / 2, box[1] = v[2] - v[4] / 2, box[2] = v[3], box[3] = v[4];
    return add_box(r, sample, &whole, box, (int32_t)v[0], false, err);
}

static amct_status read_text(reading *r, uint32_t sample, const char *path, amct_err *err)
{
    amct_file file;
    AMCT_TRY(amct_file_map(&file, path, err));
    r->out->hash = amct_hash_bytes(r->out->hash, file.data, file.size);
    char *text = malloc(file.size + 1), *rest = text;
    amct_status status = text ? AMCT_OK : amct_fail_nomem(err);
    if (text) {
        if (file.size)
            memcpy(text, file.data, file.size);
        text[file.size] = 0;
    }
    for (uint32_t line = 1; status == AMCT_OK && rest; line++)
        if (read_line(r, sample, strsep(&rest, "\n"), err) != AMCT_OK)
            status = amct_fail_in(err, "%s: line %u", path, line);
    free(text);
    amct_file_unmap(&file);
    return status;
}

/* folder/NAME.txt for NAME.jpg; no file: no objects. */
static amct_status read_folder(reading *r, const char *folder, amct_err *err)
{
    uint32_t n_found = 0;
    if (r->pre->resize != AMCT_RESIZE_TO || r->pre->crop_height)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: label files do not say how large pictures are, so these must be "
                         "resized to the network's size, without a crop: resize: HxW",
                         folder);
    for (uint32_t s = 0; s < r->ds->n; s++) {
        char name[512];
        const char *base = amct_path_base(r->ds->names[s]), *dot = strrchr(base, '.');
        struct stat st;
        int length = dot ? (int)(dot - base) : (int)strlen(base);
        snprintf(name, sizeof name, "%.*s.txt", length < 500 ? length : 500, base);
        char *path = amct_path_join(folder, name);
        if (!path)
            return amct_fail_nomem(err);
        amct_status status = AMCT_OK;
        if (stat(path, &st) == 0) {
            n_found++;
            status = read_text(r, s, path, err);
        }
        free(path);
        AMCT_TRY(status);
    }
    return n_found ? AMCT_OK
                   : amct_fail(err, AMCT_E_INVALID, "%s: has no .txt of any picture", folder);
}

/* ---- Both ---------------------------------------------------------------------------------- */

amct_status amct_boxes_read(amct_boxes *out, const char *path, const amct_dataset *ds,
                            const amct_preprocess *pre, const amct_class_names *names,
                            amct_err *err)
{
    amct_boxes boxes = {.arena = amct_arena_new()};
    reading r = {.out = &boxes, .ds = ds, .pre = pre, .names = names};
    struct stat st;
    if (!boxes.arena)
        return amct_fail_nomem(err);
    boxes.lists = amct_arena_array(boxes.arena, ds->n, sizeof *boxes.lists);
    r.room = amct_arena_array(boxes.arena, ds->n, sizeof *r.room);
    amct_status status = AMCT_OK;
    if (!boxes.lists || !r.room)
        status = amct_fail_nomem(err);
    else if (!ds->names)
        status = amct_fail(err, AMCT_E_INVALID, "%s: boxes need pictures in files, %s is %s", path,
                           ds->path, ds->format);
    else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        status = read_folder(&r, path, err);
    else
        status = read_coco(&r, path, err);
    if (status != AMCT_OK)
        amct_arena_free(boxes.arena);
    else
        *out = boxes;
    return status;
}

void amct_boxes_free(amct_boxes *boxes)
{
    amct_arena_free(boxes->arena);
    *boxes = (amct_boxes){0};
}
