#include "torch_json.h"

#include <math.h>
#include <string.h>

enum { MAX_JSON = 1 << 26 };

/* Python writes infinities as words, which JSON does not have: numbers of the same length that
 * overflow to them, outside of strings. NULL where there are none. */
static char *without_infinities(torch_reader *r, torch_span text)
{
    char *copy = NULL;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        if (in_string && text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            in_string = !in_string;
        else if (!in_string && text.size - i >= 8 && memcmp(text.data + i, "Infinity", 8) == 0) {
            if (!copy && !(copy = import_copy(&r->memory, text.data, text.size)))
                return NULL;
            memcpy(copy + i, "1e999999", 8);
        }
    }
    return copy;
}

int32_t torch_json_read(torch_reader *r, const torch_zip *zip, const char *name, const cJSON **out)
{
    torch_span text;
    const char *end = NULL, *copy;
    TORCH_TRY(torch_zip_read(r, zip, name, &text));
    if (text.size > MAX_JSON)
        return torch_fail(r, AMCT_E_LIMIT, "'%.200s' is larger than %d MiB", name, MAX_JSON >> 20);
    if (r->n_json == TORCH_MAX_JSON)
        return torch_fail(r, AMCT_E_LIMIT, "the archive has too many parts in JSON");
    const char *from = (const char *)text.data;
    cJSON *json = cJSON_ParseWithLengthOpts(from, text.size, &end, 0);
    if (!json && (copy = without_infinities(r, text))) {
        from = copy;
        json = cJSON_ParseWithLengthOpts(from, text.size, &end, 0);
    }
    if (!json)
        return torch_fail(r, AMCT_E_FORMAT, "'%.200s' is no JSON, or nested too deep: byte %zu",
                          name, end ? (size_t)(end - from) : 0);
    r->json[r->n_json++] = json;
    *out = json;
    return AMCT_OK;
}

void torch_json_free(torch_reader *r)
{
    while (r->n_json)
        cJSON_Delete(r->json[--r->n_json]);
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const cJSON *torch_json_object(const cJSON *object, const char *key)
{
    const cJSON *item = member(object, key);
    return cJSON_IsObject(item) ? item : NULL;
}

const cJSON *torch_json_array(const cJSON *object, const char *key)
{
    const cJSON *item = member(object, key);
    return cJSON_IsArray(item) ? item : NULL;
}

const char *torch_json_text(const cJSON *object, const char *key)
{
    const cJSON *item = member(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

int64_t torch_json_int(const cJSON *number)
{
    double v = cJSON_IsNumber(number) ? number->valuedouble : 0;
    if (v >= 0x1p63)
        return INT64_MAX;
    if (!(v > -0x1p63))
        return INT64_MIN;
    return (int64_t)v;
}

int32_t torch_json_index(torch_reader *r, const cJSON *object, const char *what, torch_map *map)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        void **at = torch_map_at(map, &r->memory, item->string);
        if (!at)
            return torch_nomem(r);
        if (*at)
            return torch_fail(r, AMCT_E_FORMAT, "%s '%.200s' is there twice", what, item->string);
        *at = (void *)item;
    }
    return AMCT_OK;
}
