/*
 * shared_object.h - the file of a loaded plugin: what it exports, what it calls, what of it can be
 * written.
 */
#ifndef AMCT_CONFORM_SHARED_OBJECT_H
#define AMCT_CONFORM_SHARED_OBJECT_H

#include "conform/trial.h"

/* Fails the case if anything besides amct_plugin_v1 is exported. */
void amct_object_check_exports(amct_trial *trial);
/* Fails the case if code of the plugin runs when it is loaded. */
void amct_object_check_constructors(amct_trial *trial);
/* Warns if it calls what a plugin must not. */
void amct_object_check_imports(amct_trial *trial);

/* The bytes of its writable data. Lives as long as the case. */
typedef struct amct_object_data amct_object_data;
const amct_object_data *amct_object_data_now(amct_trial *trial);
/* Fails the case if they have changed since. */
void amct_object_check_data(amct_trial *trial, const amct_object_data *before);

#endif
