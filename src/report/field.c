#include "report/field.h"

#include "base/number.h"

#include <math.h>

double amct_field_value(const cJSON *item)
{
    double value = NAN;
    amct_err err;
    if (cJSON_IsNumber(item))
        value = item->valuedouble;
    else if (!cJSON_IsRaw(item) || amct_parse_number(&value, item->valuestring, &err) != AMCT_OK)
        return NAN;
    return isfinite(value) ? value : NAN;
}

double amct_field_number(const cJSON *at, const char *key)
{
    return amct_field_value(cJSON_GetObjectItemCaseSensitive(at, key));
}

const char *amct_field_text(const cJSON *at, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(at, key));
}

const cJSON *amct_field_object(const cJSON *at, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at, key);
    return cJSON_IsObject(item) ? item : NULL;
}

const cJSON *amct_field_items(const cJSON *at, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at, key);
    return cJSON_IsArray(item) ? item->child : NULL;
}

bool amct_field_true(const cJSON *at, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(at, key));
}

void amct_field_pair(double *lo, double *hi, const cJSON *at, const char *key)
{
    const cJSON *first = amct_field_items(at, key), *second = first ? first->next : NULL;
    bool good = second && !second->next;
    *lo = good ? amct_field_value(first) : NAN;
    *hi = good ? amct_field_value(second) : NAN;
}
