/*
 * config.h - everything a user can say, from the command line and the search file.
 */
#ifndef AMCT_TUNE_CONFIG_H
#define AMCT_TUNE_CONFIG_H

#include "base/arena.h"
#include "base/yaml.h"
#include "compress/level.h"
#include "data/dataset.h"
#include "measure/judge.h"

enum { AMCT_MEMORY_MIN = 64 << 20 }; /* bytes that a memory limit must leave */

/* How a model file is read. */
typedef struct amct_model_source {
    const char *weights;  /* their file; NULL: in the model's, or found beside it */
    amct_option *options; /* for the importer */
    uint32_t n_options;
} amct_model_source;

typedef struct amct_config {
    amct_arena *arena; /* of all that is pointed to */

    const char *model;
    amct_model_source model_source;
    const char *data, *labels;
    amct_preprocess preprocess;
    int64_t label_offset;
    uint32_t calibration, search, confirm; /* AMCT_SPLIT_DEFAULT, AMCT_SPLIT_REST, or a count */

    amct_detect_options *detection; /* of a detector; NULL: the network is none */
    int metric; /* amct_metric; -1: top1 with labels, else agreement or cosine; of detectors map
                 * with labels, else agreement */
    double max_drop_ratio;
    bool relative; /* max_drop is a ratio of the original's value */
    double confidence;

    const char *estimator;
    const char *chip;
    bool target_given;      /* on the command line */
    int64_t batch;          /* on the device; 0: as the model says */
    const char *profile;    /* folder of what msprof measured of the model; NULL: none */
    const char *confirm_by; /* estimator that measures the finalists; NULL: none */
    amct_option *confirm_options;
    uint32_t n_confirm_options;
    uint64_t measured_ns;        /* its latency as it was measured; 0: not known */
    amct_option *target_options; /* for the estimator, chip among them */
    uint32_t n_target_options;

    bool levels[AMCT_N_LEVELS];
    const double *ratios; /* of the channels of a group that may be dropped, ascending */
    uint32_t n_ratios;
    uint32_t rank_levels; /* ranks of a layer to choose from; 0: layers stay whole */
    uint32_t multiple;    /* of the channels that are kept, and of ranks */
    const char **skip;    /* layers by name or glob */
    uint32_t n_skip;
    amct_weight_algo weights;
    amct_range_options range;
    bool equalise;

    const char *algorithm;
    bool amct_channels, amct_ranks; /* AMCT's rules for them; never read, see settle.h */
    uint32_t population, evaluations;
    uint64_t time_limit_ns; /* 0: none */
    uint64_t seed;

    /* Sections of the search file, to name the place of what is found to be wrong later; NULL:
     * there is none, or the command line says something else. */
    const amct_yaml_node *data_section, *target_section, *skip_section;

    const char *output;
    bool output_given; /* on the command line or in the search file */
    bool format_amct, format_qdq;

    uint32_t jobs; /* 0: one per processor */
    uint64_t memory_limit_bytes;
    bool dry_run, json, progress_json, per_layer, search_file_wanted;
    const char *resume;
    const char *original; /* what eval compares with */
    amct_model_source original_source;
    const char *executor; /* "onednn", "onednn-float", "reference" */
    const char **plugin_dirs;
    uint32_t n_plugin_dirs;
    const char **positional; /* what is no option */
    uint32_t n_positional;
} amct_config;

/* Defaults; free with amct_config_free. */
amct_status amct_config_new(amct_config **out, amct_err *err);
void amct_config_free(amct_config *config);

/* Reads a search file over the defaults. Paths in it are relative to its folder. Errors read
 * file:line:column: text. */
amct_status amct_config_read(amct_config *config, const char *path, amct_err *err);

/* Adds or replaces an option of the estimator. */
amct_status amct_config_set_target(amct_config *config, const char *key, const char *value,
                                   amct_err *err);
/* Whether the value of an option is the path of a file that is there: a text with a dot or a slash,
 * so that no word such as "true" is one. */
bool amct_config_names_file(const char *value);
/* Sets the latency that was measured: a time with its unit, above 0 and below an hour. */
amct_status amct_config_set_measured(amct_config *config, const char *text, amct_err *err);
/* The same as amct_config_set_target for the estimator that confirms. */
amct_status amct_config_set_confirm(amct_config *config, const char *key, const char *value,
                                    amct_err *err);
/* The same for the importer of a model. */
amct_status amct_config_set_model_option(amct_config *config, amct_model_source *source,
                                         const char *key, const char *value, amct_err *err);

/* The search file that says the same, with a comment on every key; paths are written as they are.
 * malloc'd; NULL when out of memory. */
char *amct_config_print(const amct_config *config);
/* Writes it to search.yaml in the config's output, with that as "." and all other paths absolute.
 */
amct_status amct_config_save(const amct_config *config, amct_err *err);

#endif
