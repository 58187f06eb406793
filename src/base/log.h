/*
 * log.h - words for a person, on stderr: messages and one progress line that messages do not tear.
 * The level is set once, before threads and workers start.
 */
#ifndef AMCT_BASE_LOG_H
#define AMCT_BASE_LOG_H

#include "base/err.h"

#include <stdbool.h>

void amct_log_set_level(enum amct_log_level level);
bool amct_log_wants(enum amct_log_level level); /* [any thread] */
/* Prints "amct-autotune: [error: |warning: ]text\n" if level is wanted. [any thread] */
void amct_log(enum amct_log_level level, const char *fmt, ...) AMCT_PRINTF(2, 3);
/* From here on warnings and news wait, so that a failure to come is the only line; with
 * AMCT_LOG_DEBUG nothing waits. Not nested, one thread holds and releases. */
void amct_log_hold(void);
/* Prints what waits, or drops it: it led to a failure, which is said. */
void amct_log_release(bool print);
/* Shows text as the progress line: on a terminal it replaces the one before, elsewhere it is a line
 * of its own. NULL clears it. One thread. */
void amct_log_progress(const char *text);

#endif
