/*
 * export_case.h - from a network to a candidate and its outputs, and from an exported file back to
 * a graph. For the tests of src/export and the tool that makes files for other runtimes.
 */
#ifndef TESTS_EXPORT_CASE_H
#define TESTS_EXPORT_CASE_H

#include "compress/calibrate.h"
#include "compress/level.h"
#include "export/export.h"

/* Which layers are quantised. */
typedef enum export_mix {
    MIX_ALL,
    MIX_NONE,
    MIX_NO_DEPTHWISE,   /* all but depthwise convolutions */
    MIX_ONLY_DEPTHWISE, /* these alone */
    MIX_EVEN,           /* every second layer, the first one too */
    MIX_ODD,
    MIX_SPARSE, /* all, w8a8-2of4 where a layer can have it */
    MIX_LEVELS, /* all, in turn w4a4, w8a8 and w4a8 */
    N_MIXES
} export_mix;
extern const char *const export_mix_names[N_MIXES];

/* Samples of the network's only input, as floats in C order. */
typedef struct export_samples {
    float *data;
    uint32_t n;
    amct_shape shape; /* of one sample, with a first dim of 1 */
} export_samples;

typedef struct export_case {
    amct_graph *graph;
    amct_layer *layers;
    uint32_t n_layers;
    amct_calibration *calibration;
    amct_leveldb *db;
    const amct_quantised **levels;
    amct_graph *candidate; /* of the last mix */
    export_samples samples;
    amct_feed feed;
    amct_range_options range;
} export_case;

/* Takes a prepared graph and calibrates it on n_calibration of the samples, which it takes, too;
 * data NULL: as many random ones as samples.n says. */
amct_status export_case_begin(export_case *c, amct_graph *graph, export_samples samples,
                              uint32_t n_calibration, bool asymmetric, amct_err *err);
/* Stitches the candidate of that mix. */
amct_status export_case_mix(export_case *c, export_mix mix, amct_err *err);
void export_case_end(export_case *c); /* a zeroed one is allowed */

amct_origin export_case_origin(const export_case *c);
/* All formats with AMCT's defaults; folder must exist. */
amct_status export_case_write(const export_case *c, const char *folder, const char *prefix,
                              const amct_export_options *options, amct_err *err);

/* All outputs of the graph on the samples, batch by batch, one output behind the other: *n floats,
 * freed with free. */
amct_status export_case_run(float **out, size_t *n, const export_case *c, const amct_graph *graph,
                            amct_engine engine, amct_err *err);

/* Imports and prepares folder/prefix + suffix, and sets its batch size to the case's. */
amct_status export_case_read(amct_graph **out, const export_case *c, const char *folder,
                             const char *prefix, const char *suffix, amct_err *err);
/* Imports and prepares a file. */
amct_status export_case_import(amct_graph **out, const char *path, amct_err *err);

#endif
