/*
 * final_record.h - the layers of a finalist as one run of bytes, for the study: how
 * sources are quantised, weights, scales and biases.
 */
#ifndef AMCT_TUNE_FINAL_RECORD_H
#define AMCT_TUNE_FINAL_RECORD_H

#include "compress/quantise.h"

size_t amct_final_record_size(const amct_quantised *const *levels, uint32_t n_layers);
void amct_final_record_write(char *record, const amct_quantised *const *levels, uint32_t n_layers);
/* Replaces the layers by copies with what the record holds, which has that size. */
amct_status amct_final_record_read(const amct_quantised **levels, uint32_t n_layers,
                                   const char *record, amct_arena *arena, amct_err *err);

#endif
