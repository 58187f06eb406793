#include "tune/config.h"

#include "base/number.h"
#include "base/utf8.h"
#include "data/split.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LONGEST_NS ((uint64_t)3600 * 1000000000)

static const double default_ratios[] = {0.125, 0.25, 0.375, 0.5, 0.75};

amct_status amct_config_new(amct_config **out, amct_err *err)
{
    amct_config *config = calloc(1, sizeof *config);
    if (config)
        config->arena = amct_arena_new();
    if (!config || !config->arena) {
        free(config);
        return amct_fail_nomem(err);
    }
    config->calibration = config->search = config->confirm = AMCT_SPLIT_DEFAULT;
    config->metric = -1;
    config->max_drop_ratio = 0.01;
    config->confidence = 0.95;
    config->estimator = "ascend";
    config->chip = "Ascend310P3";
    for (int k = 0; k < AMCT_N_LEVELS; k++)
        config->levels[k] = true;
    config->ratios = default_ratios;
    config->n_ratios = sizeof default_ratios / sizeof *default_ratios;
    config->rank_levels = 3;
    config->multiple = 16;
    config->weights = AMCT_WEIGHTS_GPTQ;
    config->range = amct_range_defaults;
    config->algorithm = "auto";
    config->population = 8;
    config->evaluations = 400;
    config->seed = 1;
    config->output = "amct-out";
    config->format_amct = config->format_qdq = true;
    config->memory_limit_bytes = (uint64_t)4 << 30;
    config->executor = "onednn";
    amct_status status = amct_config_set_target(config, "chip", config->chip, err);
    if (status != AMCT_OK)
        amct_config_free(config);
    else
        *out = config;
    return status;
}

void amct_config_free(amct_config *config)
{
    if (!config)
        return;
    amct_arena_free(config->arena);
    free(config);
}

/* Sets an option of a list, whose last word on it counts. */
static amct_status set_option(amct_option **options, uint32_t *n, amct_arena *arena,
                              const char *key, const char *value, amct_err *err)
{
    uint32_t i = 0;
    char *k = amct_arena_string(arena, key), *v = amct_arena_string(arena, value);
    if (!k || !v)
        return amct_fail_nomem(err);
    while (i < *n && strcmp((*options)[i].key, key) != 0)
        i++;
    if (i == *n) {
        amct_option *more = amct_arena_array(arena, i + 1, sizeof *more);
        if (!more)
            return amct_fail_nomem(err);
        if (i)
            memcpy(more, *options, i * sizeof *more);
        *options = more;
        ++*n;
    }
    (*options)[i] = (amct_option){.struct_size = sizeof(amct_option), .key = k, .value = v};
    return AMCT_OK;
}

amct_status amct_config_set_target(amct_config *config, const char *key, const char *value,
                                   amct_err *err)
{
    AMCT_TRY(set_option(&config->target_options, &config->n_target_options, config->arena, key,
                        value, err));
    for (uint32_t i = 0; i < config->n_target_options; i++)
        if (strcmp(config->target_options[i].key, "chip") == 0)
            config->chip = config->target_options[i].value;
    return AMCT_OK;
}

bool amct_config_names_file(const char *value)
{
    struct stat info;
    return strpbrk(value, "./") && stat(value, &info) == 0 && S_ISREG(info.st_mode);
}

amct_status amct_config_set_measured(amct_config *config, const char *text, amct_err *err)
{
    uint64_t ns;
    char shown[AMCT_CLIPPED];
    AMCT_TRY(amct_parse_duration(&ns, text, err));
    if (!ns)
        return amct_fail(err, AMCT_E_INVALID, "wanted is more than 0");
    amct_utf8_show(text, shown, sizeof shown);
    if (!strpbrk(text, "dhmsDHMS"))
        return amct_fail(err, AMCT_E_INVALID, "'%s' has no unit: wanted is a time such as 1.63ms",
                         shown);
    if (ns > LONGEST_NS)
        return amct_fail(err, AMCT_E_INVALID, "'%s' is more than an hour", shown);
    config->measured_ns = ns;
    return AMCT_OK;
}

amct_status amct_config_set_confirm(amct_config *config, const char *key, const char *value,
                                    amct_err *err)
{
    return set_option(&config->confirm_options, &config->n_confirm_options, config->arena, key,
                      value, err);
}

amct_status amct_config_set_model_option(amct_config *config, amct_model_source *source,
                                         const char *key, const char *value, amct_err *err)
{
    return set_option(&source->options, &source->n_options, config->arena, key, value, err);
}
