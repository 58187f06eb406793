/*
 * json.h - JSON documents: the answer of a command, result.json. A document being built begins with
 * "schema": 1; failures are remembered and told at the end, so that building needs no checks.
 */
#ifndef AMCT_REPORT_JSON_H
#define AMCT_REPORT_JSON_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct amct_json {
    cJSON *root;
    bool failed; /* out of memory at some time */
} amct_json;

void amct_json_begin(amct_json *json);
void amct_json_end(amct_json *json); /* frees it */

/* Each adds a value to an object under a key, or to an array if key is NULL. Nothing happens if at
 * is NULL. A NULL text and a number that is not finite become null; other numbers are the same
 * doubles when read back. Bytes of a text that are not UTF-8 become U+FFFD. */
void amct_json_text(amct_json *json, cJSON *at, const char *key, const char *text);
void amct_json_number(amct_json *json, cJSON *at, const char *key, double number);
void amct_json_integer(amct_json *json, cJSON *at, const char *key, int64_t number);
void amct_json_bool(amct_json *json, cJSON *at, const char *key, bool value);
void amct_json_null(amct_json *json, cJSON *at, const char *key);
/* [lo, hi], or null if lo is not finite. */
void amct_json_interval(amct_json *json, cJSON *at, const char *key, double lo, double hi);
/* The new value belongs to the document; NULL when out of memory. */
cJSON *amct_json_array(amct_json *json, cJSON *at, const char *key);
cJSON *amct_json_object(amct_json *json, cJSON *at, const char *key);

/* The document's text, on one line or indented, with a newline at its end. *out is freed with
 * free. */
amct_status amct_json_text_of(char **out, const amct_json *json, bool indented, amct_err *err);
amct_status amct_json_print(const amct_json *json, FILE *to, bool indented, amct_err *err);

/* Reads a file. *out is freed with cJSON_Delete. AMCT_E_FORMAT, naming path and byte, if it is not
 * JSON or its root is no object. */
amct_status amct_json_read(cJSON **out, const char *path, amct_err *err);

/* ---- Reading what may be missing or of another type: at may be NULL ------------------------ */

/* A number of a document, parsed or just built; NAN if it is none or not finite. */
double amct_json_value(const cJSON *item);
/* The value under a key: NAN or NULL if there is none of that type. */
double amct_json_get_number(const cJSON *at, const char *key);
const char *amct_json_get_text(const cJSON *at, const char *key);
const cJSON *amct_json_get_object(const cJSON *at, const char *key);
/* The first item of an array, the others follow by ->next; NULL if it is no array, or empty. */
const cJSON *amct_json_get_items(const cJSON *at, const char *key);
bool amct_json_get_true(const cJSON *at, const char *key);
/* The two numbers of an array; NAN each if it is not one of two. */
void amct_json_get_pair(double *lo, double *hi, const cJSON *at, const char *key);

#endif
