#include "tune/publish.h"

#include "base/file.h"
#include "base/log.h"
#include "export/export.h"
#include "passes/prepare.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECKED_SAMPLES = 32 };

void amct_publish_prefix(char *prefix, size_t size, const amct_config *config)
{
    const char *end = config->model + strlen(config->model), *begin;
    while (end > config->model + 1 && end[-1] == '/') /* a folder */
        end--;
    for (begin = end; begin > config->model && begin[-1] != '/';)
        begin--;
    snprintf(prefix, size, "%.*s", (int)(end - begin), begin);
    char *dot = strrchr(prefix, '.');
    if (dot && dot != prefix)
        *dot = 0;
}

/* The outputs of a graph on the first search samples: rows, malloc'd. */
static amct_status outputs_of(float **rows, const amct_setup *s, amct_exec *exec,
                              const amct_graph *graph, uint32_t n, amct_err *err)
{
    amct_feed feed = amct_selection_feed(&s->search);
    amct_plan *plan = NULL;
    amct_outputs outputs;
    AMCT_TRY(amct_outputs_of(&outputs, graph, err));
    if (outputs.row != s->outputs.row)
        return amct_fail(err, AMCT_E_INTERNAL, "it has %u outputs a sample instead of %u",
                         outputs.row, s->outputs.row);
    uint32_t batch = (uint32_t)amct_batch_of(graph);
    float *all = malloc(((size_t)n + batch) * outputs.row * sizeof *all);
    amct_status status = all ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = amct_plan_new(&plan, exec, graph, NULL, err);
    for (uint32_t i = 0, count = 0; status == AMCT_OK && i < n; i += count) {
        status = amct_plan_run_samples(plan, &feed, i, &count, err);
        if (status == AMCT_OK)
            amct_outputs_copy(all + (size_t)i * outputs.row, &outputs, plan, graph, count);
    }
    amct_plan_free(plan);
    if (status != AMCT_OK)
        free(all);
    else
        *rows = all;
    return status;
}

static amct_status check_file(const char *path, const amct_setup *s, amct_exec *exec,
                              const float *wanted, uint32_t n, amct_err *err)
{
    amct_model model;
    float *rows = NULL;
    AMCT_TRY(amct_model_load(&model, s->plugins, path, NULL, err));
    amct_status status = amct_set_batch(model.graph, amct_batch_of(s->model.graph), err);
    if (status == AMCT_OK)
        status = outputs_of(&rows, s, exec, model.graph, n, err);
    size_t differ = 0, all = (size_t)n * s->outputs.row;
    for (size_t i = 0; status == AMCT_OK && i < all; i++)
        differ += memcmp(&rows[i], &wanted[i], sizeof *rows) != 0;
    if (differ)
        status = amct_fail(err, AMCT_E_INTERNAL,
                           "%zu of %zu outputs are not those of the candidate that was measured",
                           differ, all);
    free(rows);
    amct_model_free(&model);
    return status == AMCT_OK ? status : amct_fail_in(err, "%s, read back", path);
}

static amct_status check(const char *folder, const char *prefix, const amct_setup *s,
                         const amct_graph *candidate, amct_err *err)
{
    static const struct {
        const char *suffix;
        bool qdq;
    } models[] = {{"_deploy_model.onnx", false}, {"_qdq_model.onnx", true}};
    uint32_t n = s->search.n < CHECKED_SAMPLES ? s->search.n : CHECKED_SAMPLES;
    amct_exec *exec;
    float *wanted = NULL;
    AMCT_TRY(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, err));
    amct_status status = outputs_of(&wanted, s, exec, candidate, n, err);
    for (size_t i = 0; status == AMCT_OK && i < sizeof models / sizeof *models; i++) {
        char name[512];
        if (!(models[i].qdq ? s->config->format_qdq : s->config->format_amct))
            continue;
        snprintf(name, sizeof name, "%s%s", prefix, models[i].suffix);
        char *path = amct_path_join(folder, name);
        status = path ? check_file(path, s, exec, wanted, n, err) : amct_fail_nomem(err);
        free(path);
    }
    free(wanted);
    amct_exec_free(exec);
    return status;
}

static amct_status write_and_check(const char *folder, const amct_setup *s,
                                   const amct_candidate *candidate, amct_err *err)
{
    char prefix[256];
    amct_publish_prefix(prefix, sizeof prefix, s->config);
    amct_graph *stitched;
    AMCT_TRY(amct_candidate_stitch(&stitched, candidate, err));
    amct_origin origin = {candidate->layers, candidate->n_layers, candidate->levels};
    amct_export_options options = {.formats = (s->config->format_amct ? AMCT_EXPORT_AMCT : 0) |
                                              (s->config->format_qdq ? AMCT_EXPORT_QDQ : 0),
                                   .batch = s->config->batch ? s->config->batch : s->model.batch,
                                   .free_batch = s->model.free_batch,
                                   .calibration = {s->config->range, 1}};
    amct_status status = amct_folder_remove(folder, err);
    if (status == AMCT_OK)
        status = amct_folder_make(folder, err);
    if (status == AMCT_OK)
        status = amct_export(folder, prefix, stitched, &origin, &options, err);
    if (status == AMCT_OK)
        status = check(folder, prefix, s, stitched, err);
    amct_graph_free(stitched);
    return status;
}

static bool is_published(const char *name)
{
    static const char *const endings[] = {"_deploy_model.onnx", "_fake_quant_model.onnx",
                                          "_qdq_model.onnx",    "_config.json",
                                          "_record.txt",        ".external"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && strcmp(name + length - n, endings[i]) == 0)
            return true;
    }
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Whether a folder is best/ of a search. */
static bool is_best(const char *folder)
{
    char *best = amct_path_join(folder, "../best"),
         *study = amct_path_join(folder, "../study.sqlite");
    struct stat own, there;
    bool is = best && study && stat(folder, &own) == 0 && stat(best, &there) == 0 &&
              own.st_dev == there.st_dev && own.st_ino == there.st_ino && access(study, F_OK) == 0;
    free(best);
    free(study);
    return is;
}

amct_status amct_publish_may_replace(const char *folder, amct_err *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ? AMCT_OK : amct_fail_errno(err, errno, "%s", folder);
    amct_status status = AMCT_OK;
    if (is_best(folder))
        status = amct_fail(err, AMCT_E_INVALID,
                           "%s holds the model of a search; name a new folder with -o", folder);
    for (const struct dirent *e; status == AMCT_OK && (e = readdir(dir));)
        if (!is_published(e->d_name))
            status = amct_fail(err, AMCT_E_INVALID,
                               "%s holds '%s', which is no exported model; name a new folder "
                               "with -o",
                               folder, e->d_name);
    closedir(dir);
    return status;
}

amct_status amct_publish_to(const char *folder, const amct_setup *s,
                            const amct_candidate *candidate, amct_err *err)
{
    char *fresh = malloc(strlen(folder) + sizeof ".new");
    amct_err ignored;
    if (!fresh)
        return amct_fail_nomem(err);
    strcat(strcpy(fresh, folder), ".new");
    amct_status status = write_and_check(fresh, s, candidate, err);
    if (status == AMCT_OK)
        status = amct_folder_replace(folder, fresh, err);
    else
        amct_folder_remove(fresh, &ignored);
    free(fresh);
    return status;
}

amct_status amct_publish(const amct_setup *s, const amct_candidate *candidate, amct_err *err)
{
    char *folder = amct_path_join(s->config->output, "best");
    if (!folder)
        return amct_fail_nomem(err);
    amct_status status = amct_publish_to(folder, s, candidate, err);
    free(folder);
    return status;
}
