/*
 * options.h - the command line: one table of options, each with the commands that take it.
 */
#ifndef AMCT_CLI_OPTIONS_H
#define AMCT_CLI_OPTIONS_H

#include "tune/config.h"

/* Bits of the commands. */
enum {
    AMCT_CMD_SEARCH = 1,
    AMCT_CMD_INSPECT = 2,
    AMCT_CMD_EVAL = 4,
    AMCT_CMD_ESTIMATE = 8,
    AMCT_CMD_EXPORT = 16,
    AMCT_CMD_REPORT = 32,
    AMCT_CMD_EXPLAIN = 64,
    AMCT_CMD_PLUGINS = 128
};

/* Reads argv[1 .. argc) of a command into config: the search file first, if --config names one,
 * then the options over it. *help is set, and nothing else happens, if --help is among them.
 * Failures are AMCT_E_INVALID with words for the user. */
amct_status amct_options_read(amct_config *config, int argc, char **argv, unsigned command,
                              bool *help, amct_err *err);

/* Prints the options of a command to stdout. */
void amct_options_print(unsigned command);

#endif
