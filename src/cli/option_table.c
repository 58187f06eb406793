#include "cli/option_table.h"

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "cli/option_value.h"
#include "cli/options.h"
#include "study/study.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEARCH = AMCT_CMD_SEARCH,
    INSPECT = AMCT_CMD_INSPECT,
    EVAL = AMCT_CMD_EVAL,
    ESTIMATE = AMCT_CMD_ESTIMATE,
    EXPORT = AMCT_CMD_EXPORT,
    REPORT = AMCT_CMD_REPORT,
    EXPLAIN = AMCT_CMD_EXPLAIN,
    PLUGINS = AMCT_CMD_PLUGINS,
    ALL = 255
};

#define SET(name) static amct_status set_##name(amct_config *c, const char *value, amct_err *err)
#define SET_TEXT(name, field)                                                                      \
    SET(name)                                                                                      \
    {                                                                                              \
        return amct_option_keep(&c->field, c, value, err);                                         \
    }
#define SET_FLAG(name, field)                                                                      \
    SET(name)                                                                                      \
    {                                                                                              \
        (void)value, (void)err;                                                                    \
        c->field = true;                                                                           \
        return AMCT_OK;                                                                            \
    }

SET(config)
{ /* read before all others */
    (void)c, (void)value, (void)err;
    return AMCT_OK;
}
SET_TEXT(weights, model_source.weights)
SET_TEXT(original_weights, original_source.weights)
SET_TEXT(model, model)
SET_TEXT(data, data)
SET_TEXT(labels, labels)
SET(resize)
{
    return amct_preprocess_set_resize(&c->preprocess, value, err);
}
SET(crop)
{
    return amct_preprocess_set_crop(&c->preprocess, value, err);
}
SET(mean)
{
    return amct_option_numbers(c->preprocess.mean, &c->preprocess.n_mean, c, value, err);
}
SET(std)
{
    AMCT_TRY(amct_option_numbers(c->preprocess.std, &c->preprocess.n_std, c, value, err));
    return amct_preprocess_positive(c->preprocess.std, c->preprocess.n_std)
               ? AMCT_OK
               : amct_fail(err, AMCT_E_INVALID, "wanted numbers above 0");
}
SET(scale)
{
    AMCT_TRY(amct_parse_number(&c->preprocess.scale, value, err));
    return amct_preprocess_positive(&c->preprocess.scale, 1)
               ? AMCT_OK
               : amct_fail(err, AMCT_E_INVALID, "wanted a number above 0");
}
SET(color)
{
    static const char *const names[] = {"", "RGB", "BGR", "GRAY", NULL};
    int color;
    AMCT_TRY(amct_option_choose(&color, value, names, err));
    c->preprocess.color = (amct_color)color;
    return AMCT_OK;
}
SET(layout)
{
    static const char *const names[] = {"", "NCHW", "NHWC", NULL};
    int layout;
    AMCT_TRY(amct_option_choose(&layout, value, names, err));
    c->preprocess.layout = (amct_data_layout)layout;
    return AMCT_OK;
}
SET(label_offset)
{
    return amct_parse_integer(&c->label_offset, value, -1000000, 1000000, err);
}
SET(calibration)
{
    c->data_section = NULL;
    return amct_option_count(&c->calibration, value, err);
}
SET(search)
{
    c->data_section = NULL;
    return amct_option_count(&c->search, value, err);
}
SET(confirm)
{
    c->data_section = NULL;
    return amct_option_count(&c->confirm, value, err);
}
SET_TEXT(original, original)
SET(metric)
{
    return amct_option_choose(&c->metric, value, amct_metric_names, err);
}
SET(budget)
{
    return amct_parse_share(&c->max_drop_ratio, value, err);
}
SET_FLAG(relative, relative)
SET(confidence)
{
    return amct_parse_share(&c->confidence, value, err);
}
SET(estimator)
{
    c->target_section = NULL;
    return amct_option_keep(&c->estimator, c, value, err);
}
SET(target)
{
    c->target_section = NULL;
    c->target_given = true;
    return amct_config_set_target(c, "chip", value, err);
}
SET(target_option)
{
    char *key;
    const char *of;
    AMCT_TRY(amct_option_pair(&key, &of, c, value, err));
    c->target_section = NULL;
    c->target_given = c->target_given || strcmp(key, "chip") == 0;
    return amct_config_set_target(c, key, of, err);
}
SET(model_option)
{
    char *key;
    const char *of;
    AMCT_TRY(amct_option_pair(&key, &of, c, value, err));
    return amct_config_set_model_option(c, &c->model_source, key, of, err);
}
SET(original_option)
{
    char *key;
    const char *of;
    AMCT_TRY(amct_option_pair(&key, &of, c, value, err));
    return amct_config_set_model_option(c, &c->original_source, key, of, err);
}
SET_TEXT(profile, profile)
SET(measured)
{
    return amct_config_set_measured(c, value, err);
}
SET(batch)
{
    return amct_parse_integer(&c->batch, value, 1, 65536, err);
}
SET(skip)
{
    return amct_option_append(&c->skip, &c->n_skip, c, value, err);
}
SET_TEXT(algorithm, algorithm)
SET(evaluations)
{
    return amct_option_whole(&c->evaluations, value, 1, 1 << 30, err);
}
SET(time_limit)
{
    return amct_parse_duration(&c->time_limit_ns, value, err);
}
SET(seed)
{
    int64_t seed;
    AMCT_TRY(amct_parse_integer(&seed, value, 0, INT64_MAX, err));
    c->seed = (uint64_t)seed;
    return AMCT_OK;
}
SET(output)
{
    if (!*value)
        return amct_fail(err, AMCT_E_INVALID, "'' is the name of no folder");
    c->output_given = true;
    return amct_option_keep(&c->output, c, value, err);
}
SET(jobs)
{
    return amct_option_whole(&c->jobs, value, 1, 256, err);
}
SET(memory_limit)
{
    return amct_parse_bytes(&c->memory_limit_bytes, value, AMCT_MEMORY_MIN, err);
}
SET(resume)
{
    AMCT_TRY(amct_option_keep(&c->resume, c, value, err));
    c->output = c->resume;
    return AMCT_OK;
}
SET_FLAG(dry_run, dry_run)
SET_FLAG(json, json)
SET_FLAG(per_layer, per_layer)
SET_FLAG(search_file, search_file_wanted)
SET(progress)
{
    static const char *const names[] = {"text", "json", NULL};
    int how;
    AMCT_TRY(amct_option_choose(&how, value, names, err));
    c->progress_json = how == 1;
    return AMCT_OK;
}
SET(executor)
{
    static const char *const names[] = {"onednn", "onednn-float", "reference", NULL};
    int which;
    AMCT_TRY(amct_option_choose(&which, value, names, err));
    c->executor = names[which];
    return AMCT_OK;
}
SET(plugin_dir)
{
    return amct_option_append(&c->plugin_dirs, &c->n_plugin_dirs, c, value, err);
}
SET(quiet)
{
    (void)c, (void)value, (void)err;
    amct_log_set_level(AMCT_LOG_WARN);
    return AMCT_OK;
}
SET(verbose)
{
    (void)c, (void)value, (void)err;
    amct_log_set_level(AMCT_LOG_DEBUG);
    return AMCT_OK;
}

const amct_option_row amct_option_rows[] = {
    {"config", 'c', "FILE", SEARCH | EVAL, set_config, "search file (YAML); options override it"},
    {"resume", 0, "OUT", SEARCH, set_resume, "carry on with the study in OUT"},
    {"model", 0, "FILE", PLUGINS, set_model,
     "check: a file that the importer reads, or a network for the estimator"},
    {"weights", 'w', "FILE", SEARCH | INSPECT | ESTIMATE | EVAL | PLUGINS, set_weights,
     "the model's weights, where they lie in a file of their own"},
    {"data", 'd', "PATH", SEARCH | EVAL, set_data,
     "samples: image folder, .npy/.npz, IDX, CIFAR binary, raw list"},
    {"labels", 0, "FILE", SEARCH | EVAL, set_labels, "labels that do not lie beside the data"},
    {"resize", 0, "N|HxW", SEARCH | EVAL, set_resize,
     "short side, or size, before the crop; 0: none"},
    {"crop", 0, "N|HxW", SEARCH | EVAL, set_crop, "centre crop"},
    {"color", 0, "ORDER", SEARCH | EVAL, set_color, "RGB, BGR or GRAY"},
    {"scale", 0, "X", SEARCH | EVAL, set_scale, "pixels are (v * scale - mean) / std; 1/255"},
    {"mean", 0, "X,...", SEARCH | EVAL, set_mean, "one number, or one per channel"},
    {"std", 0, "X,...", SEARCH | EVAL, set_std, "one number, or one per channel"},
    {"layout", 0, "ORDER", SEARCH | EVAL, set_layout, "of the network's input: NCHW or NHWC"},
    {"label-offset", 0, "N", SEARCH | EVAL, set_label_offset, "added to every label"},
    {"calibration", 0, "N", SEARCH, set_calibration, "samples for ranges and statistics"},
    {"search-samples", 0, "N", SEARCH, set_search, "samples the search may look at"},
    {"confirm", 0, "N|rest", SEARCH, set_confirm, "samples kept for the verdict; 0: no proof"},
    {"metric", 0, "NAME", SEARCH | EVAL, set_metric, "top1, top5, agreement, cosine, map or map50"},
    {"original", 0, "MODEL", EVAL, set_original, "compare with this model, sample by sample"},
    {"model-option", 0, "K=V", SEARCH | INSPECT | ESTIMATE | EVAL | PLUGINS, set_model_option,
     "an option of the importer: signature=NAME"},
    {"original-option", 0, "K=V", EVAL, set_original_option, "the same for the original"},
    {"original-weights", 0, "FILE", EVAL, set_original_weights, "the original's weights"},
    {"budget", 'b', "RATIO", SEARCH | EXPORT, set_budget, "greatest drop allowed; default 1%"},
    {"relative", 0, NULL, SEARCH | EXPORT, set_relative,
     "the budget is a share of the original's value"},
    {"confidence", 0, "RATIO", SEARCH | EVAL, set_confidence,
     "of intervals and verdict; default 95%"},
    {"target", 't', "CHIP", SEARCH | INSPECT | ESTIMATE | EVAL | PLUGINS, set_target,
     "device; default Ascend310P3"},
    {"batch", 0, "N", SEARCH | INSPECT | ESTIMATE, set_batch,
     "batch on the device; default as the model says"},
    {"estimator", 0, "NAME", SEARCH | INSPECT | ESTIMATE | EVAL, set_estimator,
     "estimator plugin; default ascend"},
    {"profile", 0, "DIR", SEARCH | INSPECT | ESTIMATE, set_profile,
     "what msprof measured of the model: estimates are set right by it"},
    {"measured", 0, "TIME", SEARCH | INSPECT | ESTIMATE, set_measured,
     "the model's latency as it was measured, 1.63ms: estimates are scaled to it"},
    {"target-option", 0, "K=V", SEARCH | INSPECT | ESTIMATE | EVAL | PLUGINS, set_target_option,
     "an option of the estimator: aipp=false"},
    {"per-layer", 0, NULL, ESTIMATE, set_per_layer, "a line for every layer"},
    {"search-file", 0, NULL, INSPECT, set_search_file,
     "print a commented search file for this model"},
    {"skip", 0, "GLOB", SEARCH, set_skip, "layers to leave as they are (may be repeated)"},
    {"algorithm", 0, "NAME", SEARCH, set_algorithm,
     "auto, or another of those below to compare with"},
    {"evaluations", 0, "N", SEARCH, set_evaluations, "candidates at most; default 400"},
    {"seed", 0, "N", SEARCH, set_seed, "of all randomness; default 1"},
    {"time-limit", 0, "TIME", SEARCH, set_time_limit,
     "8h ...; then the best so far is kept; 0s: none"},
    {"time-limit", 0, "TIME", PLUGINS, set_time_limit, "of one case of check; default 2m"},
    {"output", 'o', "OUT", SEARCH, set_output, "folder for the results; default amct-out"},
    {"output", 'o', "FOLDER", EXPORT, set_output,
     "folder for the model; default OUT/budget-RATIO, OUT/budget-0.005 for 0.5%"},
    {"dry-run", 0, NULL, SEARCH, set_dry_run, "only predict what the search will take"},
    {"jobs", 'j', "N", SEARCH | EVAL, set_jobs, "worker processes; default one per processor"},
    {"memory-limit", 0, "SIZE", SEARCH | EVAL, set_memory_limit,
     "for samples and caches; default 4GiB"},
    {"executor", 0, "NAME", EVAL, set_executor, "onednn, onednn-float or reference"},
    {"progress", 0, "text|json", SEARCH, set_progress, "json: one object a line on stderr"},
    {"json", 0, NULL, ALL, set_json, "the answer as one JSON object on stdout"},
    {"plugin-dir", 0, "DIR", ALL, set_plugin_dir, "look for plugins here first (may be repeated)"},
    {"quiet", 'q', NULL, ALL, set_quiet, "only warnings and errors on stderr"},
    {"verbose", 'v', NULL, ALL, set_verbose, "more on stderr"},
    {"help", 'h', NULL, ALL, NULL, "this text"},
};

const int amct_n_option_rows = sizeof amct_option_rows / sizeof *amct_option_rows;

/* What the search in that folder was begun with. */
static amct_status read_resumed(amct_config *c, const char *folder, amct_err *err)
{
    AMCT_TRY(amct_study_exists(folder, err));
    char *path = amct_path_join(folder, "search.yaml");
    amct_status status = path ? amct_config_read(c, path, err) : amct_fail_nomem(err);
    free(path);
    return status;
}

amct_option_set *amct_option_first(const amct_option_row *row)
{
    return row->set == set_config ? amct_config_read : row->set == set_resume ? read_resumed : NULL;
}
