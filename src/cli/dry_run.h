/*
 * dry_run.h - `search --dry-run`: what a search would take and could win, without doing it.
 */
#ifndef AMCT_CLI_DRY_RUN_H
#define AMCT_CLI_DRY_RUN_H

#include "tune/config.h"

/* Prints the forecast and returns the exit status. */
int amct_dry_run(const amct_config *config, amct_err *err);

#endif
