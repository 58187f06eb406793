/* Reading documents. */
#include "report/json.h"

#include "base/file.h"
#include "base/number.h"

#include <math.h>

amct_status amct_json_read(cJSON **out, const char *path, amct_err *err)
{
    amct_file file;
    const char *end = NULL;
    AMCT_TRY(amct_file_map(&file, path, err));
    cJSON *root = file.size ? cJSON_ParseWithLengthOpts(file.data, file.size, &end, false) : NULL;
    long at = end && file.size ? (long)(end - (const char *)file.data) : 0;
    bool object = cJSON_IsObject(root);
    amct_file_unmap(&file);
    if (!object) {
        cJSON_Delete(root);
        return amct_fail(err, AMCT_E_FORMAT, "%s: byte %ld: not a JSON object", path, at);
    }
    *out = root;
    return AMCT_OK;
}

double amct_json_value(const cJSON *item)
{
    double value = NAN;
    amct_err err;
    if (cJSON_IsNumber(item))
        value = item->valuedouble;
    else if (!cJSON_IsRaw(item) || amct_parse_number(&value, item->valuestring, &err) != AMCT_OK)
        return NAN;
    return isfinite(value) ? value : NAN;
}

double amct_json_get_number(const cJSON *at, const char *key)
{
    return amct_json_value(cJSON_GetObjectItemCaseSensitive(at, key));
}

const char *amct_json_get_text(const cJSON *at, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(at, key));
}

const cJSON *amct_json_get_object(const cJSON *at, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at, key);
    return cJSON_IsObject(item) ? item : NULL;
}

const cJSON *amct_json_get_items(const cJSON *at, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at, key);
    return cJSON_IsArray(item) ? item->child : NULL;
}

bool amct_json_get_true(const cJSON *at, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(at, key));
}

void amct_json_get_pair(double *lo, double *hi, const cJSON *at, const char *key)
{
    const cJSON *first = amct_json_get_items(at, key), *second = first ? first->next : NULL;
    bool good = second && !second->next;
    *lo = good ? amct_json_value(first) : NAN;
    *hi = good ? amct_json_value(second) : NAN;
}
