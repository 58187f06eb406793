/* Reads result.json, and refuses what no search has written. */
#include "cli/command.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the numbers of a network may come to. */
static const double most = 1e15;

static amct_status check_text(const cJSON *at, const char *key, amct_err *err)
{
    return amct_json_get_text(at, key) ? AMCT_OK
                                       : amct_fail(err, AMCT_E_FORMAT, "%s is not a text", key);
}

static amct_status check_number(const cJSON *at, const char *key, amct_err *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at, key);
    if (!item || cJSON_IsNull(item))
        return AMCT_OK;
    double value = amct_json_value(item);
    bool loss = strcmp(key, "loss_alone") == 0; /* of answers that may be anything */
    return value >= 0 && (loss || value <= most)
               ? AMCT_OK
               : amct_fail(err, AMCT_E_FORMAT, "%s is not a number from 0%s", key,
                           loss ? "" : " to 1e15");
}

static amct_status check_numbers(const cJSON *at, const char *const *keys, amct_err *err)
{
    for (; *keys; keys++)
        AMCT_TRY(check_number(at, *keys, err));
    return AMCT_OK;
}

/* A list of objects, each of which `check` accepts; NULL: any. */
static amct_status check_list(const cJSON *at, const char *key,
                              amct_status (*check)(const cJSON *item, amct_err *err), amct_err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(at, key), *item;
    size_t n = 0;
    if (!cJSON_IsArray(list))
        return amct_fail(err, AMCT_E_FORMAT, "%s is not a list", key);
    for (item = list->child; item; item = item->next, n++) {
        if (!cJSON_IsObject(item))
            return amct_fail(err, AMCT_E_FORMAT, "%s holds what is not an object", key);
        if (check && check(item, err) != AMCT_OK) {
            const amct_err why = *err;
            return amct_fail(err, why.code, "%s[%zu].%s", key, n, why.text);
        }
    }
    return AMCT_OK;
}

static amct_status check_level(const cJSON *level, amct_err *err)
{
    static const char *const numbers[] = {"channels_kept", "rank",       "network_latency_ms",
                                          "network_bytes", "loss_alone", NULL};
    AMCT_TRY(check_text(level, "kind", err));
    return check_numbers(level, numbers, err);
}

static amct_status check_layer(const cJSON *layer, amct_err *err)
{
    static const char *const texts[] = {"name", "op", "bits", "baseline_bits"};
    static const char *const numbers[] = {"channels",   "channels_kept",       "rank",
                                          "bytes",      "baseline_bytes",      "latency_us",
                                          "loss_alone", "baseline_latency_us", NULL};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        AMCT_TRY(check_text(layer, texts[i], err));
    AMCT_TRY(check_numbers(layer, numbers, err));
    AMCT_TRY(check_list(layer, "chosen", check_level, err));
    return check_list(layer, "alternatives", check_level, err);
}

static amct_status check_result(const cJSON *result, amct_err *err)
{
    static const char *const maps[] = {"baseline", "best", "samples", "files"};
    static const char *const numbers[] = {"latency_ms", "bytes", NULL};
    if (amct_json_get_number(result, "schema") != 1)
        return amct_fail(err, AMCT_E_FORMAT,
                         "schema is not 1: it is no result of a search, or of another version");
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        const cJSON *map = amct_json_get_object(result, maps[i]);
        if (!map)
            return amct_fail(err, AMCT_E_FORMAT, "%s is not an object", maps[i]);
        if (check_numbers(map, numbers, err) != AMCT_OK) {
            const amct_err why = *err;
            return amct_fail(err, why.code, "%s.%s", maps[i], why.text);
        }
    }
    AMCT_TRY(check_list(result, "layers", check_layer, err));
    AMCT_TRY(check_list(result, "front", NULL, err));
    AMCT_TRY(check_list(result, "skipped", NULL, err));
    return check_list(result, "convergence", NULL, err);
}

amct_status amct_cmd_read_result(cJSON **out, const char *folder, amct_err *err)
{
    char *path = amct_path_join(folder, "result.json");
    cJSON *result;
    if (!path)
        return amct_fail_nomem(err);
    bool there = access(path, F_OK) == 0;
    amct_status status = there ? amct_json_read(&result, path, err)
                               : amct_study_exists(folder, err); /* says what is missing */
    if (status == AMCT_OK && !there)
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s: the search has not ended, so there is no result yet; "
                           "amct-autotune search --resume %s carries on",
                           folder, folder);
    if (there && status == AMCT_OK && check_result(result, err) != AMCT_OK) {
        status = amct_fail_in(err, "%s", path);
        cJSON_Delete(result);
    }
    free(path);
    if (status == AMCT_OK)
        *out = result;
    return status;
}
