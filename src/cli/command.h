/*
 * command.h - the subcommands. Each takes the configuration that its options made, prints its
 * answer on stdout and words on stderr, and returns the program's exit status.
 */
#ifndef AMCT_CLI_COMMAND_H
#define AMCT_CLI_COMMAND_H

#include "cli/options.h"
#include "report/json.h"
#include "tune/tune.h"

int amct_cmd_search(amct_config *config, amct_err *err);
int amct_cmd_inspect(amct_config *config, amct_err *err);
int amct_cmd_eval(amct_config *config, amct_err *err);
int amct_cmd_estimate(amct_config *config, amct_err *err);
int amct_cmd_export(amct_config *config, amct_err *err);
int amct_cmd_report(amct_config *config, amct_err *err);
int amct_cmd_explain(amct_config *config, amct_err *err);
int amct_cmd_plugins(amct_config *config, amct_err *err);
/* `plugins check`: tries the plugin in that file. */
int amct_cmd_check(const amct_config *config, const char *path, amct_err *err);

/* Prints err, and returns the exit status for it: 2 for bad input, 1 for what is not the user's. */
int amct_cmd_fail(const amct_err *err);

/* The only positional argument, `what` it should be: "a model". */
amct_status amct_cmd_argument(const char **out, const amct_config *config, const char *what,
                              amct_err *err);

/* Reads OUT/result.json of a search. *out is freed with cJSON_Delete. */
amct_status amct_cmd_read_result(cJSON **out, const char *folder, amct_err *err);

/* Prints the document on stdout, on one line. */
amct_status amct_cmd_answer(amct_json *json, amct_err *err);

#endif
