/*
 * stop.h - the user's wish to end: the first SIGINT or SIGTERM sets a flag, the second one ends the
 * program.
 */
#ifndef AMCT_BASE_STOP_H
#define AMCT_BASE_STOP_H

#include <signal.h>
#include <stdbool.h>

/* From now on signals set the flag that is returned, which forked processes share; NULL when out of
 * memory. words: written to stderr by the first signal, NULL for none; must outlive the process's
 * work. Once a process. */
const volatile sig_atomic_t *amct_stop_catch(const char *words);

/* Whether the flag is set; false if nothing is caught. [any thread] */
bool amct_stop_wanted(void);

#endif
