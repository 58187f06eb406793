/*
 * ascend_fuse.h - the graph pass: which operators ATC runs as one kernel, and which vanish.
 *
 * One walk in topological order. Each node ends as leader of a kernel (AMCT_NODE_OK), as a member
 * of one or a part of its work (FUSED), as nothing (REMOVED), or as UNSUPPORTED. The rules, and
 * where each is documented, are listed in README.md.
 */
#ifndef AMCT_ASCEND_FUSE_H
#define AMCT_ASCEND_FUSE_H

#include "ascend_graph.h"

/* Decides status, kernel and layout of every node and what each tensor is stored as. */
void ascend_fuse(ascend_graph *g);

/* ---- Kernels (ascend_kernel.c) ------------------------------------------------------------- */

/* Starts a kernel led by node; extend: ascend_extend. */
void ascend_kernel_start(ascend_graph *g, uint32_t node, uint32_t extend, uint32_t layout);
/* Adds node to the kernel of leader, which then produces node's first result. */
void ascend_kernel_join(ascend_graph *g, uint32_t leader, uint32_t node);
/* The leader of the kernel whose last result is t and that may be extended so; else ASCEND_NONE.
 */
uint32_t ascend_kernel_of(const ascend_graph *g, uint32_t t, uint32_t extend);
/* Whether the kernel's work is the cube's. */
bool ascend_kernel_is_cube(const ascend_graph *g, uint32_t leader);
void ascend_remove(ascend_graph *g, uint32_t node);
void ascend_refuse(ascend_graph *g, uint32_t node);
/* Becomes part of the work of another kernel without being a member of it. */
void ascend_fuse_into(ascend_graph *g, uint32_t node, uint32_t leader);

/* ---- Quantised layers (ascend_quant.c) ----------------------------------------------------- */

/* Before the walk: finds layers that roll back, DequantizeLinear that belong to quantised layers,
 * and for every quantise node who takes its integers. */
void ascend_quant_prepare(ascend_graph *g);
/* The walk's rule for AscendQuant and QuantizeLinear of a known tensor. */
void ascend_quant_place(ascend_graph *g, uint32_t node);
/* The quantise node whose integers source i of node is, seen through Pad and DequantizeLinear that
 * are passed on; ASCEND_NONE if there is none. */
uint32_t ascend_quant_behind(const ascend_graph *g, uint32_t node, uint32_t i);

/* ---- Elementwise operators (ascend_eltwise.c) ---------------------------------------------- */

/* The walk's rule for elementwise operators and reductions of known tensors: joins the kernel
 * before, or starts one with what reconverges behind it. */
void ascend_eltwise_place(ascend_graph *g, uint32_t node);

/* ---- Data movement (ascend_move.c) --------------------------------------------------------- */

void ascend_concat_place(ascend_graph *g, uint32_t node);
void ascend_pad_place(ascend_graph *g, uint32_t node);
void ascend_view_place(ascend_graph *g, uint32_t node);
void ascend_split_place(ascend_graph *g, uint32_t node);
void ascend_transpose_place(ascend_graph *g, uint32_t node);

/* ---- Pooling (ascend_pool.c) --------------------------------------------------------------- */

/* MaxPool behind the first convolution runs in its kernel; false if it does not. */
bool ascend_pool_join(ascend_graph *g, uint32_t node);

/* ---- Around matrix products (ascend_product.c) --------------------------------------------- */

/* A view of what a product made for it alone becomes part of the product's kernel. */
bool ascend_product_view(ascend_graph *g, uint32_t node);
/* A Transpose by a sound perm of flat data that a product before or behind takes over; false if
 * none does. */
bool ascend_product_transpose(ascend_graph *g, uint32_t node, const int64_t *perm);

#endif
