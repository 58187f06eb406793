/*
 * torch_json.h - JSON of an archive, through cJSON: documents that live as long as the reader, and
 * members that are checked for their kind.
 */
#ifndef TORCH_JSON_H
#define TORCH_JSON_H

#include "torch_reader.h"

#include <cjson/cJSON.h>

/* Parses a member of the archive. Fails with the place of what is wrong. */
int32_t torch_json_read(torch_reader *r, const torch_zip *zip, const char *name, const cJSON **out);
void torch_json_free(torch_reader *r); /* all documents */

/* The member of an object, NULL if it is not there or not of the kind. */
const cJSON *torch_json_object(const cJSON *object, const char *key);
const cJSON *torch_json_array(const cJSON *object, const char *key);
const char *torch_json_text(const cJSON *object, const char *key);
/* A number as an integer: clamped to what int64_t holds. */
int64_t torch_json_int(const cJSON *number);
/* An object's members by their names; a name that is there twice is refused. */
int32_t torch_json_index(torch_reader *r, const cJSON *object, const char *what, torch_map *map);

#endif
