/*
 * option_value.h - texts of the command line as fields of the configuration. What is kept lies in
 * the configuration's arena; failures are AMCT_E_INVALID with what was wanted.
 */
#ifndef AMCT_CLI_OPTION_VALUE_H
#define AMCT_CLI_OPTION_VALUE_H

#include "tune/config.h"

amct_status amct_option_keep(const char **to, amct_config *c, const char *value, amct_err *err);
amct_status amct_option_append(const char ***list, uint32_t *n, amct_config *c, const char *value,
                               amct_err *err);
/* The place among names, which end with a NULL; an empty one is not offered. */
amct_status amct_option_choose(int *to, const char *value, const char *const *names, amct_err *err);
amct_status amct_option_whole(uint32_t *to, const char *value, int64_t min, int64_t max,
                              amct_err *err);
/* Of samples: a whole number, or "rest", which is AMCT_SPLIT_REST. */
amct_status amct_option_count(uint32_t *to, const char *value, amct_err *err);
/* "0.485,0.456,0.406": at most AMCT_PREPROCESS_MAX_VALUES of them. */
amct_status amct_option_numbers(double *to, uint32_t *n, amct_config *c, const char *value,
                                amct_err *err);
/* Takes KEY=VALUE apart. */
amct_status amct_option_pair(char **key, const char **of, amct_config *c, const char *value,
                             amct_err *err);

#endif
