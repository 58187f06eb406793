/*
 * site.h - where a quantised layer stands in a stitched graph, and the few moves by which the forms
 * are made of it.
 */
#ifndef AMCT_EXPORT_SITE_H
#define AMCT_EXPORT_SITE_H

#include "export/export.h"

/* Node indices hold until the graph is sorted. */
typedef struct amct_site {
    const amct_layer *layer;
    const amct_quantised *level;
    uint32_t quant;   /* AscendQuant, which other layers may share */
    uint32_t node;    /* the layer */
    uint32_t add;     /* the Add of the bias behind a MatMul, else AMCT_NO_TENSOR */
    uint32_t dequant; /* AscendDequant */
} amct_site;

/* All quantised layers, in the order of origin. *out is freed with free. */
amct_status amct_sites_find(amct_site **out, uint32_t *n, const amct_graph *graph,
                            const amct_origin *origin, amct_err *err);

/* ---- Building ------------------------------------------------------------------------------ */

/* A value of unknown shape named by the printf-like text. */
amct_status amct_site_value(uint32_t *id, amct_graph *graph, uint32_t dtype, amct_err *err,
                            const char *fmt, ...) AMCT_PRINTF(5, 6);
/* A constant named alike; *data is to be filled. */
amct_status amct_site_constant(uint32_t *id, void **data, amct_graph *graph, uint32_t dtype,
                               const amct_shape *shape, amct_err *err, const char *fmt, ...)
    AMCT_PRINTF(7, 8);
/* A float32 scalar. */
amct_status amct_site_scalar(uint32_t *id, amct_graph *graph, float value, amct_err *err,
                             const char *fmt, ...) AMCT_PRINTF(5, 6);
/* A node of the default domain without attributes, appended; src ends with AMCT_NO_TENSOR. */
amct_status amct_site_node(amct_graph *graph, const char *op, const uint32_t *src, uint32_t dst,
                           amct_err *err, const char *fmt, ...) AMCT_PRINTF(6, 7);
/* Makes a node disappear (amct_graph_prune removes it). */
static inline void amct_site_drop(amct_graph *graph, uint32_t node)
{
    graph->nodes[node].n_src = graph->nodes[node].n_dst = 0;
}

/* ---- Forms: each rewrites a clone of the candidate; nodes are not sorted afterwards ---------- */

/* What ATC reads: the candidate, its Gemm weights transposed, AscendWeightQuant behind weights of 4
 * bits. */
amct_status amct_form_deploy(amct_graph *graph, const amct_site *sites, uint32_t n, amct_err *err);
/* Floats that are integers. */
amct_status amct_form_fake(amct_graph *graph, const amct_site *sites, uint32_t n, amct_err *err);
/* QuantizeLinear and DequantizeLinear. */
amct_status amct_form_qdq(amct_graph *graph, const amct_site *sites, uint32_t n, amct_err *err);

#endif
