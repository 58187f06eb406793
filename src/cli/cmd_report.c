#include "cli/command.h"

#include "base/file.h"
#include "base/utf8.h"
#include "report/study_report.h"

#include <stdlib.h>
#include <unistd.h>

/* The parts that commands read are of the kinds that a search writes. */
static amct_status check_result(const cJSON *result, amct_err *err)
{
    static const char *const maps[] = {"baseline", "best", "samples", "files"};
    static const char *const lists[] = {"layers", "front", "skipped", "convergence"};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        if (!amct_json_get_object(result, maps[i]))
            return amct_fail(err, AMCT_E_FORMAT, "%s is not an object", maps[i]);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(result, lists[i]), *item;
        if (!cJSON_IsArray(list))
            return amct_fail(err, AMCT_E_FORMAT, "%s is not a list", lists[i]);
        for (item = list->child; item; item = item->next)
            if (!cJSON_IsObject(item))
                return amct_fail(err, AMCT_E_FORMAT, "%s holds what is not an object", lists[i]);
    }
    return AMCT_OK;
}

amct_status amct_cmd_read_result(cJSON **out, const char *folder, amct_err *err)
{
    AMCT_TRY(amct_study_exists(folder, err));
    char *path = amct_path_join(folder, "result.json");
    if (!path)
        return amct_fail_nomem(err);
    cJSON *result;
    amct_status status = access(path, F_OK) == 0
                             ? amct_json_read(&result, path, err)
                             : amct_fail(err, AMCT_E_INVALID,
                                         "%s: the search has not ended, so there is no result yet; "
                                         "amct-autotune search --resume %s carries on",
                                         folder, folder);
    if (status == AMCT_OK && check_result(result, err) != AMCT_OK) {
        status = amct_fail_in(err, "%s", path);
        cJSON_Delete(result);
    }
    free(path);
    if (status == AMCT_OK)
        *out = result;
    return status;
}

static amct_status report(const char *folder, amct_err *err)
{
    cJSON *result;
    amct_study *study;
    AMCT_TRY(amct_cmd_read_result(&result, folder, err));
    amct_status status = amct_study_open(&study, folder, NULL, 0, err);
    if (status == AMCT_OK) {
        status = amct_report_write(folder, result, study, err);
        amct_study_free(study);
    }
    cJSON_Delete(result);
    return status;
}

static amct_status answer(const amct_config *c, const char *folder, amct_err *err)
{
    char *path = amct_path_join(folder, "report.html");
    amct_json json;
    char shown[AMCT_SHOWN];
    if (!path)
        return amct_fail_nomem(err);
    amct_json_begin(&json);
    amct_json_text(&json, json.root, "report", path);
    amct_status status = AMCT_OK;
    if (c->json)
        status = amct_cmd_answer(&json, err);
    else
        printf("%s\n", amct_utf8_show(path, shown, sizeof shown));
    amct_json_end(&json);
    free(path);
    return status;
}

int amct_cmd_report(amct_config *config, amct_err *err)
{
    const char *folder;
    if (amct_cmd_argument(&folder, config, "the folder of a search", err) != AMCT_OK ||
        report(folder, err) != AMCT_OK || answer(config, folder, err) != AMCT_OK)
        return amct_cmd_fail(err);
    return 0;
}
