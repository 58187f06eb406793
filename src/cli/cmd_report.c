#include "cli/command.h"

#include "base/file.h"
#include "base/utf8.h"
#include "report/study_report.h"

#include <stdlib.h>

static amct_status report(const char *folder, amct_err *err)
{
    cJSON *result;
    amct_study *study;
    AMCT_TRY(amct_study_exists(folder, err));
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
