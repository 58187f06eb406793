/*
 * costing_shape.h - a candidate as an estimator sees it: no weights have values. For costing.c.
 */
#ifndef AMCT_TUNE_COSTING_SHAPE_H
#define AMCT_TUNE_COSTING_SHAPE_H

#include "compress/quantise.h"
#include "tune/candidate.h"

/* What candidates are made of; outlives them. */
typedef struct amct_shape_parts {
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    const amct_structure *structure; /* NULL: channels and ranks stay */
    float *ones;                     /* of the widest layer's channels: scales */
    int64_t *zeros;                  /* as many, for all other numbers */
} amct_shape_parts;

/* The last three members are set; the others are freed by amct_shape_parts_end. */
amct_status amct_shape_parts_start(amct_shape_parts *parts, amct_err *err);
void amct_shape_parts_end(amct_shape_parts *parts);

typedef struct amct_costing_shape {
    amct_structured structured; /* graph NULL: the original's structure */
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    amct_quantised *forms; /* per layer */
    const amct_quantised **levels;
} amct_costing_shape;

amct_status amct_costing_shape_make(amct_costing_shape *out, const amct_shape_parts *parts,
                                    const uint8_t *choices, amct_err *err);
void amct_costing_shape_free(amct_costing_shape *shape);
/* The layer of the original that layer i comes from. */
uint32_t amct_costing_shape_origin(const amct_costing_shape *shape, uint32_t i);

#endif
