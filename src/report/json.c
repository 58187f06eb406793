#include "report/json.h"

#include "base/number.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add(amct_json *json, cJSON *at, const char *key, cJSON *value)
{
    cJSON_bool added =
        value && at &&
        (key ? cJSON_AddItemToObject(at, key, value) : cJSON_AddItemToArray(at, value));
    if (added)
        return;
    json->failed = true;
    cJSON_Delete(value);
}

void amct_json_begin(amct_json *json)
{
    *json = (amct_json){.root = cJSON_CreateObject()};
    amct_json_integer(json, json->root, "schema", 1);
}

void amct_json_end(amct_json *json)
{
    cJSON_Delete(json->root);
    *json = (amct_json){0};
}

/* Bytes that are not UTF-8 become U+FFFD each: JSON cannot hold them. */
static cJSON *create_replaced(const char *text)
{
    static const char replacement[] = "\ufffd";
    char *copy = malloc(strlen(text) * (sizeof replacement - 1) + 1), *to = copy;
    if (!copy)
        return NULL;
    while (*text) {
        uint32_t code;
        size_t n = amct_utf8_next(&code, text), put = n ? n : sizeof replacement - 1;
        memcpy(to, n ? text : replacement, put);
        to += put;
        text += n ? n : 1;
    }
    *to = 0;
    cJSON *value = cJSON_CreateString(copy);
    free(copy);
    return value;
}

void amct_json_text(amct_json *json, cJSON *at, const char *key, const char *text)
{
    add(json, at, key,
        !text                      ? cJSON_CreateNull()
        : amct_utf8_is_valid(text) ? cJSON_CreateString(text)
                                   : create_replaced(text));
}

void amct_json_number(amct_json *json, cJSON *at, const char *key, double number)
{
    char text[AMCT_NUMBER_TEXT]; /* cJSON's own numbers may lose the last bit */
    add(json, at, key,
        isfinite(number) ? cJSON_CreateRaw(amct_number_print(number, text)) : cJSON_CreateNull());
}

void amct_json_integer(amct_json *json, cJSON *at, const char *key, int64_t number)
{
    char text[32]; /* a double would lose digits above 2^53 */
    snprintf(text, sizeof text, "%" PRId64, number);
    add(json, at, key, cJSON_CreateRaw(text));
}

void amct_json_bool(amct_json *json, cJSON *at, const char *key, bool value)
{
    add(json, at, key, cJSON_CreateBool(value));
}

void amct_json_null(amct_json *json, cJSON *at, const char *key)
{
    add(json, at, key, cJSON_CreateNull());
}

void amct_json_interval(amct_json *json, cJSON *at, const char *key, double lo, double hi)
{
    if (!isfinite(lo)) {
        amct_json_null(json, at, key);
        return;
    }
    cJSON *pair = amct_json_array(json, at, key);
    amct_json_number(json, pair, NULL, lo);
    amct_json_number(json, pair, NULL, hi);
}

cJSON *amct_json_array(amct_json *json, cJSON *at, const char *key)
{
    cJSON *array = cJSON_CreateArray();
    add(json, at, key, array);
    return json->failed ? NULL : array;
}

cJSON *amct_json_object(amct_json *json, cJSON *at, const char *key)
{
    cJSON *object = cJSON_CreateObject();
    add(json, at, key, object);
    return json->failed ? NULL : object;
}

amct_status amct_json_text_of(char **out, const amct_json *json, bool indented, amct_err *err)
{
    char *text = json->failed ? NULL
                 : indented   ? cJSON_Print(json->root)
                              : cJSON_PrintUnformatted(json->root);
    size_t length = text ? strlen(text) : 0;
    char *line = text ? malloc(length + 2) : NULL;
    if (line)
        memcpy(line, text, length), memcpy(line + length, "\n", 2);
    cJSON_free(text);
    if (!line)
        return amct_fail_nomem(err);
    *out = line;
    return AMCT_OK;
}

amct_status amct_json_print(const amct_json *json, FILE *to, bool indented, amct_err *err)
{
    char *text;
    AMCT_TRY(amct_json_text_of(&text, json, indented, err));
    int failed = fputs(text, to) < 0 || fflush(to) != 0;
    free(text);
    return failed ? amct_fail_errno(err, errno, "the answer cannot be written") : AMCT_OK;
}
