/*
 * manners.h - what a plugin must leave as it was: the state of the process around it.
 */
#ifndef AMCT_CONFORM_MANNERS_H
#define AMCT_CONFORM_MANNERS_H

#include "conform/trial.h"

typedef struct amct_manners amct_manners;

/* What is now. Lives as long as the case. */
const amct_manners *amct_manners_now(amct_trial *trial);

/* Each fails the case if this has changed since. */
void amct_manners_check_files(amct_trial *trial, const amct_manners *before);
void amct_manners_check_threads(amct_trial *trial);
void amct_manners_check_signals(amct_trial *trial, const amct_manners *before);
/* Locale, working folder, environment, umask, rounding. */
void amct_manners_check_surroundings(amct_trial *trial, const amct_manners *before);
/* That nothing was written to standard output or error. */
void amct_manners_check_output(amct_trial *trial);

/* Does memory of malloc grow? Looked at after every few of many equal rounds, it grows each time if
 * something is left behind, and not if malloc only keeps what it has for later. */
typedef struct amct_heap_watch {
    uint32_t n_looks;
    size_t last, least; /* bytes, and the least growth */
} amct_heap_watch;

enum { AMCT_HEAP_LOOKS = 20 };

void amct_heap_look(amct_heap_watch *watch);

#endif
