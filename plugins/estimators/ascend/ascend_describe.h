/*
 * ascend_describe.h - a kernel that the graph pass found, in the numbers of ascend_cost.h.
 */
#ifndef AMCT_ASCEND_DESCRIBE_H
#define AMCT_ASCEND_DESCRIBE_H

#include "ascend_cost.h"
#include "ascend_graph.h"

/* Weights of a kernel as the device stores them (FRACTAL_Z, tiles filled up); 0 without a cube
 * part. */
double ascend_describe_weights(const ascend_graph *g, uint32_t leader);

/* The work of the kernel led by node `leader`, and the bytes that must first be brought to its
 * layout by TransData kernels, *n_transdata of them. weight_resident is left to the caller. Marks
 * tensors as read and converted: call it once for each kernel, in order. */
void ascend_describe(ascend_graph *g, uint32_t leader, ascend_work *work, double *transdata_bytes,
                     uint32_t *n_transdata);

/* Of TransData kernels that read so many bytes in all, and write as many. */
ascend_work ascend_describe_transdata(double bytes);

#endif
