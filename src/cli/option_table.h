/*
 * option_table.h - what options there are, and what each does to the configuration.
 */
#ifndef AMCT_CLI_OPTION_TABLE_H
#define AMCT_CLI_OPTION_TABLE_H

#include "tune/config.h"

typedef amct_status amct_option_set(amct_config *c, const char *value, amct_err *err);

typedef struct amct_option_row {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes none */
    unsigned commands;    /* AMCT_CMD_... that take it */
    amct_option_set *set;
    const char *help;
} amct_option_row;

/* A name may stand in several rows, for different commands. The last one is --help. */
extern const amct_option_row amct_option_rows[];
extern const int amct_n_option_rows;

/* What an option does before any is set; NULL: nothing. */
amct_option_set *amct_option_first(const amct_option_row *row);

#endif
