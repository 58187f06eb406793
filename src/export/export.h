/*
 * export.h - the chosen candidate as files.
 *
 * AMCT_EXPORT_AMCT
 *   PREFIX_deploy_model.onnx      what ATC compiles: AscendQuant, int8 layers, AscendDequant
 *   PREFIX_fake_quant_model.onnx  the same arithmetic in floats, which any ONNX runtime runs
 *   PREFIX_config.json            AMCT's quantisation config: which layers, with which algorithms
 *   PREFIX_record.txt             AMCT's record: the scales and offsets of those layers
 * AMCT_EXPORT_DEPLOY
 *   PREFIX_deploy_model.onnx      alone
 * AMCT_EXPORT_QDQ
 *   PREFIX_qdq_model.onnx         QuantizeLinear and DequantizeLinear, as ONNX's own tools write it
 *
 * A model that would be larger than a protobuf message can be leaves its large constants to
 * PREFIX_deploy.external, PREFIX_fakequant.external and PREFIX_qdq.external.
 *
 * Names of inputs, outputs and layers are those of the original network.
 */
#ifndef AMCT_EXPORT_EXPORT_H
#define AMCT_EXPORT_EXPORT_H

#include "compress/layer.h"
#include "compress/quantise.h"
#include "compress/range.h"

enum { AMCT_EXPORT_AMCT = 1 << 0, AMCT_EXPORT_QDQ = 1 << 1, AMCT_EXPORT_DEPLOY = 1 << 2 };

/* What the candidate was stitched from. */
typedef struct amct_origin {
    const amct_layer *layers;
    uint32_t n_layers;
    const amct_quantised *const *levels; /* per layer; NULL: it stays float */
} amct_origin;

/* What AMCT's config says about calibration. */
typedef struct amct_export_calibration {
    amct_range_options range;
    uint32_t batch_num; /* batches of samples that AMCT would look at */
} amct_export_calibration;

typedef struct amct_export_options {
    unsigned formats; /* AMCT_EXPORT_..., or-ed */
    int64_t batch;    /* the batch size that the files state; 0: the candidate's */
    bool free_batch;  /* they leave it open instead, if the network can be run at any */
    amct_export_calibration calibration;
    uint64_t max_bytes; /* of an ONNX file with its constants inside; 0: what protobuf allows */
} amct_export_options;

/* Writes the files into folder, which exists. candidate is what amct_stitch made of origin. Each
 * file appears whole or not at all; after a failure some of them may be there. */
amct_status amct_export(const char *folder, const char *prefix, const amct_graph *candidate,
                        const amct_origin *origin, const amct_export_options *options,
                        amct_err *err);

#endif
