/*
 * onednn_inside.h - what the two files that talk to oneDNN share: onednn.c (instances, packed
 * weights, running) and onednn_prim.c (compiling).
 */
#ifndef AMCT_EXEC_ONEDNN_INSIDE_H
#define AMCT_EXEC_ONEDNN_INSIDE_H

#include "base/map.h"
#include "exec/onednn.h"

#include <dnnl.h>

struct amct_prim {
    dnnl_primitive_t handle;
    dnnl_primitive_desc_t pd;
    size_t scratch_bytes;
    uint32_t n_posts;
    amct_post_kind posts[AMCT_MAX_POSTS];
    int second; /* DNNL_ARG of the second source, 0 if there is none */
};

struct amct_packed {
    dnnl_memory_t memory;
    void *block; /* what memory points to */
};

struct amct_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    amct_map prims, packed;
    void *scratch;
    size_t scratch_bytes;
};

/* What oneDNN's code means here; returns it. `call` is for the message. */
amct_status amct_dnnl_fail(amct_err *err, dnnl_status_t code, const char *call);

/* For functions with `amct_status status`, `amct_err *err` and a label `done`. */
#define DNNL_TRY(call)                                                                             \
    do {                                                                                           \
        dnnl_status_t dnnl_status_ = (call);                                                       \
        if (dnnl_status_ != dnnl_success) {                                                        \
            status = amct_dnnl_fail(err, dnnl_status_, #call);                                     \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

/* A tensor in its layout. */
dnnl_status_t amct_dnnl_describe(dnnl_memory_desc_t *md, const amct_onednn_tensor *t);
/* The weights as they lie in the file, or in whatever order the primitive likes. */
dnnl_status_t amct_dnnl_describe_weights(dnnl_memory_desc_t *md, const amct_layer_desc *desc,
                                         bool any);
void amct_prim_free(amct_prim *prim); /* NULL is allowed */

#endif
