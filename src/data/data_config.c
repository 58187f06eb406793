#include "data/data_config.h"

#include <string.h>

amct_data_config amct_data_config_default(void)
{
    return (amct_data_config){
        .split = {AMCT_SPLIT_DEFAULT, AMCT_SPLIT_DEFAULT, AMCT_SPLIT_DEFAULT, 0}};
}

/* A number of samples, or `rest`. */
static amct_status read_count(uint32_t *count, const amct_yaml_node *node, amct_err *err)
{
    int64_t value;
    if (!node)
        return AMCT_OK;
    if (node->kind == AMCT_YAML_IS_SCALAR && strcmp(node->text, "rest") == 0) {
        *count = AMCT_SPLIT_REST;
        return AMCT_OK;
    }
    AMCT_TRY(amct_yaml_integer(&value, node, 0, INT32_MAX, err));
    *count = (uint32_t)value;
    return AMCT_OK;
}

amct_status amct_data_config_read(amct_data_config *config, const amct_yaml_node *section,
                                  amct_err *err)
{
    amct_data_config read = *config;
    const amct_yaml_node *preprocess = NULL, *calibration = NULL, *search = NULL, *confirm = NULL;
    const amct_yaml_field fields[] = {
        AMCT_YAML_TEXT("path", &read.path),
        AMCT_YAML_TEXT("labels", &read.dataset.labels_path),
        AMCT_YAML_NODE("preprocess", &preprocess),
        AMCT_YAML_NODE("calibration", &calibration),
        AMCT_YAML_NODE("search", &search),
        AMCT_YAML_NODE("confirm", &confirm),
        AMCT_YAML_INTEGER("label_offset", &read.dataset.label_offset, -1000000, 1000000),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    AMCT_TRY(amct_preprocess_read(&read.dataset.preprocess, preprocess, err));
    AMCT_TRY(read_count(&read.split.calibration, calibration, err));
    AMCT_TRY(read_count(&read.split.search, search, err));
    AMCT_TRY(read_count(&read.split.confirm, confirm, err));
    *config = read;
    return AMCT_OK;
}
