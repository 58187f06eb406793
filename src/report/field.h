/*
 * field.h - reading JSON values that may be missing or of another type. `at` may be NULL. [any
 * thread]
 */
#ifndef AMCT_REPORT_FIELD_H
#define AMCT_REPORT_FIELD_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* A number of a document, parsed or just built (json.h writes integers as raw texts); NAN if it is
 * none or not finite. */
double amct_field_value(const cJSON *item);

/* The value under a key: NAN or NULL if it is not of that type. */
double amct_field_number(const cJSON *at, const char *key);
const char *amct_field_text(const cJSON *at, const char *key);
const cJSON *amct_field_object(const cJSON *at, const char *key);
/* The first item of an array, the others follow by ->next; NULL if it is no array, or empty. */
const cJSON *amct_field_items(const cJSON *at, const char *key);
bool amct_field_true(const cJSON *at, const char *key);
/* The two numbers of an array; NAN each if it is not one of two. */
void amct_field_pair(double *lo, double *hi, const cJSON *at, const char *key);

#endif
