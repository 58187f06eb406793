#ifndef AMCT_EXPORT_EXPORT_H
#define AMCT_EXPORT_EXPORT_H
#include "compress/quantise.h"
#include "compress/layer.h"
#include "compress/range.h"
enum { AMCT_EXPORT_AMCT = 1, AMCT_EXPORT_QDQ = 2 };
typedef struct amct_origin {
    const amct_layer *layers;
    uint32_t n_layers;
    const amct_quantised *const *levels;
} amct_origin;
typedef struct amct_export_options {
    unsigned formats;
    bool free_batch;
    struct { amct_range_options range; uint32_t batch_num; } calibration;
} amct_export_options;
amct_status amct_export(const char *folder, const char *prefix, const amct_graph *candidate,
                        const amct_origin *origin, const amct_export_options *options,
                        amct_err *err);
#endif
