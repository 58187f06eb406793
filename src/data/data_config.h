/*
 * data_config.h - the `data` section of a search file:
 *
 *     data:
 *       path: val/
 *       labels: elsewhere/labels.txt
 *       preprocess: {resize: 256, crop: 224, ...}
 *       calibration: 256
 *       search: 1024
 *       confirm: rest
 *       label_offset: 0
 */
#ifndef AMCT_DATA_DATA_CONFIG_H
#define AMCT_DATA_DATA_CONFIG_H

#include "data/dataset.h"
#include "data/split.h"

typedef struct amct_data_config {
    const char *path;             /* NULL: not said */
    amct_dataset_options dataset; /* preprocess, labels_path and label_offset; the rest is for the
                                     caller to fill */
    amct_split_options split;
} amct_data_config;

/* What holds where nothing is said. */
amct_data_config amct_data_config_default(void);

/* Reads the section over what config holds; NULL or empty changes nothing. Strings borrow from the
 * section. */
amct_status amct_data_config_read(amct_data_config *config, const amct_yaml_node *section,
                                  amct_err *err);

#endif
