/* The search file, section by section. */
#include "base/file.h"
#include "data/split.h"
#include "search/search.h"
#include "tune/config.h"
#include "tune/detection.h"

#include <stdlib.h>
#include <string.h>

/* A path of the file, seen from where we are. */
static amct_status local_path(const char **path, amct_config *config, const char *folder,
                              amct_err *err)
{
    if (*path && !**path) /* not said, as ~ */
        *path = NULL;
    if (!*path)
        return AMCT_OK;
    char *joined = strcmp(folder, ".") == 0 ? strdup(*path) : amct_path_join(folder, *path);
    *path = joined ? amct_arena_string(config->arena, joined) : NULL;
    free(joined);
    return *path ? AMCT_OK : amct_fail_nomem(err);
}

/* The same for an option's value, if that is the path of a file. */
static amct_status local_file(const char **value, amct_config *config, const char *folder,
                              amct_err *err)
{
    const char *path = *value;
    if (!*path)
        return AMCT_OK;
    AMCT_TRY(local_path(&path, config, folder, err));
    *value = amct_config_names_file(path) && strpbrk(*value, "./") ? path : *value;
    return AMCT_OK;
}

/* A number of samples, or `rest`. */
static amct_status read_count(uint32_t *out, const amct_yaml_node *node, amct_err *err)
{
    int64_t n;
    if (!node || amct_yaml_is_null(node))
        return AMCT_OK;
    if (node->kind == AMCT_YAML_IS_SCALAR && strcmp(node->text, "rest") == 0) {
        *out = AMCT_SPLIT_REST;
        return AMCT_OK;
    }
    AMCT_TRY(amct_yaml_integer(&n, node, 0, 1 << 30, err));
    *out = (uint32_t)n;
    return AMCT_OK;
}

static amct_status read_data(amct_config *c, const amct_yaml_node *section, const char *folder,
                             amct_err *err)
{
    const amct_yaml_node *preprocess = NULL, *counts[3] = {NULL};
    const char *data = NULL, *labels = NULL;
    amct_yaml_field fields[] = {
        AMCT_YAML_TEXT("path", &data),
        AMCT_YAML_TEXT("labels", &labels),
        AMCT_YAML_NODE("preprocess", &preprocess),
        AMCT_YAML_NODE("calibration", &counts[0]),
        AMCT_YAML_NODE("search", &counts[1]),
        AMCT_YAML_NODE("confirm", &counts[2]),
        AMCT_YAML_INTEGER("label_offset", &c->label_offset, -1000000, 1000000),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    AMCT_TRY(amct_preprocess_read(&c->preprocess, preprocess, err));
    AMCT_TRY(read_count(&c->calibration, counts[0], err));
    AMCT_TRY(read_count(&c->search, counts[1], err));
    AMCT_TRY(read_count(&c->confirm, counts[2], err));
    AMCT_TRY(local_path(&data, c, folder, err));
    AMCT_TRY(local_path(&labels, c, folder, err));
    c->data = data ? data : c->data;
    c->labels = labels ? labels : c->labels;
    return AMCT_OK;
}

static amct_status read_budget(amct_config *c, const amct_yaml_node *section, amct_err *err)
{
    amct_yaml_field fields[] = {
        AMCT_YAML_CHOICE("metric", &c->metric, amct_metric_names),
        AMCT_YAML_SHARE("max_drop", &c->max_drop_ratio),
        AMCT_YAML_BOOL("relative", &c->relative),
        AMCT_YAML_SHARE("confidence", &c->confidence),
    };
    return amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err);
}

/* A name, or a map of it as `estimator` and of its options. */
static amct_status read_confirm(amct_config *c, const amct_yaml_node *node, const char *folder,
                                amct_err *err)
{
    if (node->kind != AMCT_YAML_IS_MAP)
        return amct_yaml_text(&c->confirm_by, node, err);
    for (const amct_yaml_node *at = node->first; at; at = at->next) {
        const char *text = NULL;
        AMCT_TRY(amct_yaml_text(&text, at, err));
        if (strcmp(at->key, "estimator") == 0) {
            c->confirm_by = text;
            continue;
        }
        AMCT_TRY(local_file(&text, c, folder, err));
        AMCT_TRY(amct_config_set_confirm(c, at->key, text, err));
    }
    return c->confirm_by
               ? AMCT_OK
               : amct_yaml_fail(node, err, "names no estimator: {estimator: device, ...}");
}

/* estimator, batch, confirm, profile and measured are ours; all other keys are the estimator's. */
static amct_status read_target(amct_config *c, const amct_yaml_node *section, const char *folder,
                               amct_err *err)
{
    if (!section || amct_yaml_is_null(section))
        return AMCT_OK;
    AMCT_TRY(amct_yaml_want(section, AMCT_YAML_IS_MAP, err));
    for (const amct_yaml_node *node = section->first; node; node = node->next) {
        const char *text = NULL;
        if (amct_yaml_is_null(node))
            continue;
        if (strcmp(node->key, "batch") == 0) {
            AMCT_TRY(amct_yaml_integer(&c->batch, node, 1, 65536, err));
            continue;
        }
        if (strcmp(node->key, "confirm") == 0) {
            AMCT_TRY(read_confirm(c, node, folder, err));
            continue;
        }
        AMCT_TRY(amct_yaml_text(&text, node, err));
        if (strcmp(node->key, "measured") == 0) {
            if (amct_config_set_measured(c, text, err) != AMCT_OK)
                return amct_yaml_fail_in(node, err);
            continue;
        }
        if (strcmp(node->key, "estimator") == 0) {
            c->estimator = text;
        } else if (strcmp(node->key, "profile") == 0) {
            AMCT_TRY(local_path(&text, c, folder, err));
            c->profile = text;
        } else {
            AMCT_TRY(local_file(&text, c, folder, err));
            AMCT_TRY(amct_config_set_target(c, node->key, text, err));
        }
    }
    return AMCT_OK;
}

static amct_status read_model_options(amct_config *c, const amct_yaml_node *section, amct_err *err)
{
    if (!section || amct_yaml_is_null(section))
        return AMCT_OK;
    AMCT_TRY(amct_yaml_want(section, AMCT_YAML_IS_MAP, err));
    for (const amct_yaml_node *node = section->first; node; node = node->next) {
        const char *text = NULL;
        AMCT_TRY(amct_yaml_text(&text, node, err));
        AMCT_TRY(amct_config_set_model_option(c, &c->model_source, node->key, text, err));
    }
    return AMCT_OK;
}

static amct_status read_names(const char ***out, uint32_t *n, amct_config *c,
                              const amct_yaml_node *list, amct_err *err)
{
    if (!list || amct_yaml_is_null(list))
        return AMCT_OK;
    AMCT_TRY(amct_yaml_want(list, AMCT_YAML_IS_SEQUENCE, err));
    const char **names = amct_arena_array(c->arena, list->n, sizeof *names);
    if (!names)
        return amct_fail_nomem(err);
    *n = 0;
    for (const amct_yaml_node *node = list->first; node; node = node->next)
        AMCT_TRY(amct_yaml_text(&names[(*n)++], node, err));
    *out = names;
    return AMCT_OK;
}

static amct_status want_entries(const amct_yaml_node *list, const char *which, amct_err *err)
{
    AMCT_TRY(amct_yaml_want(list, AMCT_YAML_IS_SEQUENCE, err));
    return list->n ? AMCT_OK : amct_yaml_fail(list, err, "is empty, wanted some of: %s", which);
}

static amct_status read_sparsity(amct_config *c, const amct_yaml_node *section, amct_err *err)
{
    const amct_yaml_node *ratios = NULL;
    int64_t multiple = c->multiple;
    amct_yaml_field fields[] = {
        AMCT_YAML_NODE("ratios", &ratios),
        AMCT_YAML_INTEGER("multiple", &multiple, 1, 4096),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    c->multiple = (uint32_t)multiple;
    if (!ratios || amct_yaml_is_null(ratios))
        return AMCT_OK;
    AMCT_TRY(amct_yaml_want(ratios, AMCT_YAML_IS_SEQUENCE, err));
    double *read = amct_arena_array(c->arena, ratios->n + 1, sizeof *read);
    if (!read)
        return amct_fail_nomem(err);
    c->ratios = read;
    c->n_ratios = 0;
    for (const amct_yaml_node *node = ratios->first; node; node = node->next) {
        double ratio;
        AMCT_TRY(amct_yaml_ratio(&ratio, node, err));
        if (ratio <= 0 || ratio >= 1 || (c->n_ratios && ratio <= read[c->n_ratios - 1]))
            return amct_yaml_fail(node, err,
                                  "ratios must be greater than 0, ascend, and be less "
                                  "than 1");
        read[c->n_ratios++] = ratio;
    }
    return AMCT_OK;
}

static amct_status read_rank(amct_config *c, const amct_yaml_node *section, amct_err *err)
{
    int64_t levels = c->rank_levels;
    amct_yaml_field fields[] = {AMCT_YAML_INTEGER("levels", &levels, 0, 7)};
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    c->rank_levels = (uint32_t)levels;
    return AMCT_OK;
}

static amct_status read_space(amct_config *c, const amct_yaml_node *section, amct_err *err)
{
    static const char *const levels[] = {"16", "w8a8", "w4a8", "w4a4", "w8a8-2of4", NULL};
    const amct_yaml_node *bits = NULL, *skip = NULL, *sparsity = NULL, *rank = NULL;
    amct_yaml_field fields[] = {
        AMCT_YAML_NODE("bits", &bits),
        AMCT_YAML_NODE("sparsity", &sparsity),
        AMCT_YAML_NODE("rank", &rank),
        AMCT_YAML_NODE("skip", &skip),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    if (bits && !amct_yaml_is_null(bits)) {
        AMCT_TRY(want_entries(bits, "16, w8a8, w4a8, w4a4, w8a8-2of4", err));
        memset(c->levels, 0, sizeof c->levels);
        c->levels[AMCT_LEVEL_16] = true; /* the original is always there */
        for (const amct_yaml_node *node = bits->first; node; node = node->next) {
            int level;
            AMCT_TRY(amct_yaml_choice(&level, node, levels, err));
            c->levels[level] = true;
        }
    }
    AMCT_TRY(read_sparsity(c, sparsity, err));
    AMCT_TRY(read_rank(c, rank, err));
    c->skip_section = skip;
    return read_names(&c->skip, &c->n_skip, c, skip, err);
}

static amct_status read_quantise(amct_config *c, const amct_yaml_node *section, amct_err *err)
{
    static const char *const activations[] = {"ifmr", "hfmg", NULL};
    int w = (int)c->weights, a = (int)c->range.algo;
    amct_yaml_field fields[] = {
        AMCT_YAML_CHOICE("weights", &w, amct_weight_algo_names),
        AMCT_YAML_CHOICE("activations", &a, activations),
        AMCT_YAML_BOOL("asymmetric", &c->range.asymmetric),
        AMCT_YAML_BOOL("equalise", &c->equalise),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    c->weights = (amct_weight_algo)w;
    c->range.algo = (amct_act_algo)a;
    return AMCT_OK;
}

static amct_status read_search(amct_config *c, const amct_yaml_node *section, amct_err *err)
{
    int64_t population = c->population, evaluations = c->evaluations, seed = (int64_t)c->seed;
    const amct_yaml_node *algorithm = NULL;
    amct_yaml_field fields[] = {
        AMCT_YAML_NODE("algorithm", &algorithm),
        AMCT_YAML_INTEGER("population", &population, 1, 1024),
        AMCT_YAML_INTEGER("evaluations", &evaluations, 1, 1 << 30),
        AMCT_YAML_DURATION("time_limit", &c->time_limit_ns),
        AMCT_YAML_INTEGER("seed", &seed, 0, INT64_MAX),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    if (algorithm && !amct_yaml_is_null(algorithm)) {
        AMCT_TRY(amct_yaml_text(&c->algorithm, algorithm, err));
        if (amct_search_check_algorithm(c->algorithm, err) != AMCT_OK)
            return amct_yaml_fail_in(algorithm, err);
    }
    c->population = (uint32_t)population;
    c->evaluations = (uint32_t)evaluations;
    c->seed = (uint64_t)seed;
    return AMCT_OK;
}

static amct_status read_output(amct_config *c, const amct_yaml_node *section, const char *folder,
                               amct_err *err)
{
    static const char *const formats[] = {"amct", "onnx-qdq", NULL};
    const amct_yaml_node *list = NULL, *named = NULL;
    const char *directory = NULL;
    amct_yaml_field fields[] = {
        AMCT_YAML_NODE("directory", &named),
        AMCT_YAML_NODE("formats", &list),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    if (named && !amct_yaml_is_null(named))
        AMCT_TRY(amct_yaml_text(&directory, named, err));
    if (directory && !*directory)
        return amct_yaml_fail(named, err, "'' is the name of no folder");
    AMCT_TRY(local_path(&directory, c, folder, err));
    c->output = directory ? directory : c->output;
    c->output_given |= directory != NULL;
    if (!list || amct_yaml_is_null(list))
        return AMCT_OK;
    AMCT_TRY(want_entries(list, "amct, onnx-qdq", err));
    bool wanted[2] = {false, false};
    for (const amct_yaml_node *node = list->first; node; node = node->next) {
        int format;
        AMCT_TRY(amct_yaml_choice(&format, node, formats, err));
        wanted[format] = true;
    }
    c->format_amct = wanted[0];
    c->format_qdq = wanted[1];
    return AMCT_OK;
}

amct_status amct_config_read(amct_config *c, const char *path, amct_err *err)
{
    const amct_yaml_node *root, *data = NULL, *budget = NULL, *target = NULL, *space = NULL;
    const amct_yaml_node *quantise = NULL, *search = NULL, *output = NULL, *model_options = NULL;
    const amct_yaml_node *detection = NULL;
    const char *model = NULL, *weights = NULL;
    AMCT_TRY(amct_yaml_read(&root, c->arena, path, err));
    amct_yaml_field fields[] = {
        AMCT_YAML_TEXT("model", &model),
        AMCT_YAML_TEXT("weights", &weights),
        AMCT_YAML_NODE("data", &data),
        AMCT_YAML_NODE("model_options", &model_options),
        AMCT_YAML_NODE("detection", &detection),
        AMCT_YAML_NODE("budget", &budget),
        AMCT_YAML_NODE("target", &target),
        AMCT_YAML_NODE("space", &space),
        AMCT_YAML_NODE("quantise", &quantise),
        AMCT_YAML_NODE("search", &search),
        AMCT_YAML_NODE("output", &output),
        AMCT_YAML_BYTES("memory_limit", &c->memory_limit_bytes, AMCT_MEMORY_MIN),
    };
    AMCT_TRY(amct_yaml_read_map(root, fields, sizeof fields / sizeof *fields, err));
    c->data_section = data;
    c->target_section = target;
    char *own = amct_path_folder(path);
    char *folder = own ? amct_arena_string(c->arena, own) : NULL;
    free(own);
    if (!folder)
        return amct_fail_nomem(err);
    AMCT_TRY(local_path(&model, c, folder, err));
    AMCT_TRY(local_path(&weights, c, folder, err));
    c->model = model ? model : c->model;
    c->model_source.weights = weights ? weights : c->model_source.weights;
    AMCT_TRY(read_model_options(c, model_options, err));
    AMCT_TRY(read_data(c, data, folder, err));
    AMCT_TRY(amct_detection_read(&c->detection, c->arena, detection, err));
    AMCT_TRY(read_budget(c, budget, err));
    AMCT_TRY(read_target(c, target, folder, err));
    AMCT_TRY(read_space(c, space, err));
    AMCT_TRY(read_quantise(c, quantise, err));
    AMCT_TRY(read_search(c, search, err));
    return read_output(c, output, folder, err);
}
