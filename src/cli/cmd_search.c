#include "cli/command.h"

#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "cli/dry_run.h"
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/verdict.h"
#include "report/study_report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void now_text(char *text, size_t size)
{
    time_t t = time(NULL);
    struct tm utc;
    if (!gmtime_r(&t, &utc) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc))
        *text = 0;
}

static amct_status write_result(const amct_config *c, const amct_json *json, amct_err *err)
{
    char *text = NULL, *path = amct_path_join(c->output, "result.json");
    amct_status status = path ? amct_json_text_of(&text, json, true, err) : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_file_write(path, text, strlen(text), err);
    free(text);
    free(path);
    return status;
}

static amct_status answer(const amct_config *c, const amct_tuned *tuned,
                          const amct_progress *progress, const char *started, amct_err *err)
{
    char finished[32], shown[AMCT_SHOWN];
    amct_json json;
    now_text(finished, sizeof finished);
    amct_json_begin(&json);
    amct_result_fill(&json, tuned, "best", progress, started, finished);
    amct_status status = write_result(c, &json, err);
    if (status == AMCT_OK)
        status = amct_report_write(c->output, json.root, tuned->setup.study, err);
    if (status == AMCT_OK && c->json) {
        status = amct_cmd_answer(&json, err);
    } else if (status == AMCT_OK) {
        amct_verdict_print(tuned);
        char *folder = amct_path_join(c->output, "best");
        char *compile = folder ? amct_verdict_compile(tuned, folder) : NULL;
        amct_utf8_show(c->output, shown, sizeof shown);
        printf("model in %s/best, report in %s/report.html\n", shown, shown);
        if (compile)
            printf("to compile it: %s\n", compile);
        free(compile);
        free(folder);
    }
    amct_json_end(&json);
    return status;
}

/* How to carry on, on the same line. */
static void add_resume(amct_err *err, const char *folder)
{
    const amct_err why = *err;
    amct_fail(err, why.code, "%s; amct-autotune search --resume %s carries on", why.text, folder);
}

static int search(const amct_config *c, amct_err *err)
{
    char started[32];
    amct_progress progress;
    static const char words[] =
        "\namct-autotune: stopping: the best so far is refined, confirmed and "
        "written; once more ends at once, for --resume to carry on\n";
    bool speaks = amct_log_wants(AMCT_LOG_INFO) && !c->progress_json; /* stderr is for a person */
    amct_tuned *tuned = calloc(1, sizeof *tuned);
    const volatile sig_atomic_t *stopped = amct_stop_catch(speaks ? words : NULL);
    if (!tuned || !stopped)
        return amct_fail_nomem(err), amct_cmd_fail(err);
    bool anew = access(c->output, F_OK) != 0, remove = false;
    now_text(started, sizeof started);
    amct_progress_begin(&progress, c);
    amct_tune_hooks hooks = {amct_progress_stage, amct_progress_show, &progress, stopped};
    amct_status status = amct_tune(tuned, c, &hooks, err);
    amct_log_progress(NULL);
    if (status == AMCT_OK)
        status = answer(c, tuned, &progress, started, err);
    int exit_status = tuned->exit_status;
    amct_err ignored;
    if (status != AMCT_OK && tuned->setup.study && /* and the folder is still this run's */
        amct_study_check(tuned->setup.study, &ignored) == AMCT_OK) {
        remove = anew;
        if (status == AMCT_E_CANCELLED || tuned->stats.measured > tuned->stats.failed) {
            add_resume(err, c->output);
            remove = false;
        }
    }
    if (status != AMCT_OK) {
        int failed = amct_cmd_fail(err);
        exit_status = exit_status == AMCT_EXIT_NOT_PROVEN ? exit_status : failed;
    } else if (exit_status == AMCT_EXIT_STOPPED)
        amct_log(AMCT_LOG_INFO, "stopped early; amct-autotune search --resume %s carries on",
                 c->output);
    amct_progress_end(&progress);
    amct_tuned_free(tuned);
    free(tuned);
    if (remove) /* half-made, and of no use */
        amct_folder_remove(c->output, &ignored);
    else if (anew && status != AMCT_OK)
        rmdir(c->output); /* if it is empty */
    return exit_status;
}

/* search.yaml is UTF-8 and holds whole paths. */
static amct_status check_path(const char *what, const char *path, amct_err *err)
{
    char *whole = path ? realpath(path, NULL) : NULL;
    bool good = !path || (amct_utf8_is_valid(path) && (!whole || amct_utf8_is_valid(whole)));
    free(whole);
    return good ? AMCT_OK
                : amct_fail(err, AMCT_E_INVALID,
                            "%s: the path of the %s is not UTF-8, so no search file can hold it",
                            path, what);
}

static amct_status check_paths(const amct_config *c, amct_err *err)
{
    AMCT_TRY(check_path("model", c->model, err));
    AMCT_TRY(check_path("weights", c->model_source.weights, err));
    AMCT_TRY(check_path("data", c->data, err));
    AMCT_TRY(check_path("labels", c->labels, err));
    AMCT_TRY(check_path("profile", c->profile, err));
    return check_path("results", c->output, err);
}

int amct_cmd_search(amct_config *config, amct_err *err)
{
    if (config->n_positional > 1 || (config->n_positional && config->resume)) {
        amct_fail(err, AMCT_E_INVALID, "one model is wanted, or --resume OUT; see --help");
        return amct_cmd_fail(err);
    }
    if (config->n_positional)
        config->model = config->positional[0];
    if (check_paths(config, err) != AMCT_OK)
        return amct_cmd_fail(err);
    return config->dry_run ? amct_dry_run(config, err) : search(config, err);
}
