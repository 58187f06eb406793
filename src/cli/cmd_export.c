#include "cli/command.h"

#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/verdict.h"
#include "tune/publish.h"

#include <stdlib.h>

/* The configuration of the search in OUT, with what this command line says of the machine. */
static amct_status study_config(amct_config **out, const amct_config *own, amct_err *err)
{
    const char *folder = own->positional[0];
    AMCT_TRY(amct_study_exists(folder, err));
    amct_config *c;
    char *path = amct_path_join(folder, "search.yaml");
    amct_status status = path ? amct_config_new(&c, err) : amct_fail_nomem(err);
    if (status == AMCT_OK) {
        status = amct_config_read(c, path, err);
        c->output = folder;
        c->plugin_dirs = own->plugin_dirs;
        c->n_plugin_dirs = own->n_plugin_dirs;
        c->jobs = own->jobs;
        c->json = own->json;
        if (status != AMCT_OK)
            amct_config_free(c);
        else
            *out = c;
    }
    free(path);
    return status;
}

static amct_status answer(const amct_config *own, const amct_tuned *tuned, const char *folder,
                          amct_err *err)
{
    if (!own->json) {
        char shown[AMCT_SHOWN];
        amct_verdict_print(tuned);
        char *compile = amct_verdict_compile(tuned, folder);
        printf("model in %s\n", amct_utf8_show(folder, shown, sizeof shown));
        if (compile)
            printf("to compile it: %s\n", compile);
        free(compile);
        return AMCT_OK;
    }
    amct_json json;
    amct_json_begin(&json);
    amct_result_fill(&json, tuned, folder, NULL, NULL, NULL);
    amct_status status = amct_cmd_answer(&json, err);
    amct_json_end(&json);
    return status;
}

static int export_to(const amct_config *own, const amct_config *c, const char *folder,
                     amct_err *err)
{
    amct_progress progress;
    amct_tuned *tuned = calloc(1, sizeof *tuned);
    if (!tuned)
        return amct_fail_nomem(err), amct_cmd_fail(err);
    amct_progress_begin(&progress, c);
    amct_tune_hooks hooks = {.stage = amct_progress_stage, .ctx = &progress};
    if (c->confirm_by && !(hooks.stop = amct_stop_catch(NULL)))
        return amct_fail_nomem(err), amct_cmd_fail(err);
    amct_status status =
        amct_tune_export(tuned, c, own->max_drop_ratio, own->relative, folder, &hooks, err);
    if (status == AMCT_OK)
        status = answer(own, tuned, folder, err);
    int exit_status = tuned->exit_status;
    if (status != AMCT_OK) {
        int failed = amct_cmd_fail(err);
        exit_status = exit_status == AMCT_EXIT_NOT_PROVEN ? exit_status : failed;
    }
    amct_progress_end(&progress);
    amct_tuned_free(tuned);
    free(tuned);
    return exit_status;
}

int amct_cmd_export(amct_config *config, amct_err *err)
{
    const char *study;
    amct_config *c;
    char name[64];
    if (amct_cmd_argument(&study, config, "the folder of a search", err) != AMCT_OK ||
        study_config(&c, config, err) != AMCT_OK)
        return amct_cmd_fail(err);
    snprintf(name, sizeof name, "budget-%g%s", config->max_drop_ratio,
             config->relative ? "-relative" : "");
    char *folder = amct_path_join(study, name);
    int status = AMCT_EXIT_INTERNAL;
    const char *to = config->output_given ? config->output : folder;
    if (folder && amct_publish_may_replace(to, err) != AMCT_OK)
        status = amct_cmd_fail(err);
    else if (folder)
        status = export_to(config, c, to, err);
    free(folder);
    amct_config_free(c);
    return status;
}
