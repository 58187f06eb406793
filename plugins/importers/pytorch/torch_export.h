/*
 * torch_export.h - what the parts of the reader of .pt2 programs share.
 */
#ifndef TORCH_EXPORT_H
#define TORCH_EXPORT_H

#include "torch_json.h"

typedef struct torch_program {
    torch_reader *r;
    const torch_zip *zip;
    const char *name; /* "model" of models/model.json; NULL in the form of 2024 */
    const cJSON *graph, *signature;
    torch_map tensor_values; /* of the graph: to cJSON */
    torch_map values;        /* names in the graph: to torch_value */
    torch_map weights;       /* qualified names: to torch_tensor */
} torch_program;

/* Reads a TensorMeta: dims that are expressions become AMCT_DIM_UNKNOWN. dims and strides have
 * AMCT_MAX_RANK places; strides and offset may be NULL. */
int32_t torch_read_meta(torch_reader *r, const cJSON *meta, const char *name, uint32_t *dtype,
                        int32_t *rank, int64_t *dims, int64_t *strides, int64_t *offset);
/* Fills `weights` from whatever form the archive has them in. */
int32_t torch_read_payload(torch_program *p);
/* Gives a name of the graph a value; fails if it has one. */
int32_t torch_program_bind(torch_program *p, const char *name, torch_value value);
/* What an Argument of the schema is. */
int32_t torch_read_argument(torch_program *p, const cJSON *argument, torch_value *out);
int32_t torch_read_node(torch_program *p, const cJSON *node, size_t index);

#endif
