/*
 * amct_text.h - AMCT's own files about a quantised model, as texts: the config that says how to
 * quantise, and the record of what came out. Layers go by the names of their ONNX nodes.
 */
#ifndef AMCT_EXPORT_AMCT_TEXT_H
#define AMCT_EXPORT_AMCT_TEXT_H

#include "export/export.h"

/* The JSON config that amct_onnx's quantize_model reads. Every layer that AMCT can quantise is
 * listed; quant_enable is false where it stays float. *out is freed with free. */
amct_status amct_config_text(char **out, const amct_origin *origin,
                             const amct_export_calibration *calibration, amct_err *err);

/* The record file (text of the protobuf message ScaleOffsetRecord): one entry per quantised layer,
 * and a prune_record per layer with 4:2 sparse weights, with the mask of what is kept. candidate
 * knows the shapes of weights. *out is freed with free. */
amct_status amct_record_text(char **out, const amct_graph *candidate, const amct_origin *origin,
                             amct_err *err);

#endif
