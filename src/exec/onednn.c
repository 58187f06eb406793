#include "exec/onednn_inside.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARGS = 7 + AMCT_MAX_POSTS };

struct amct_bound {
    amct_prim *prim;
    dnnl_exec_arg_t args[MAX_ARGS];
    dnnl_memory_t own[MAX_ARGS]; /* those that end with the arena */
    dnnl_memory_t scratch;
    int n_args, n_own;
};

amct_status amct_dnnl_fail(amct_err *err, dnnl_status_t code, const char *call)
{
    switch (code) {
    case dnnl_out_of_memory: return amct_fail_nomem(err);
    case dnnl_unimplemented:
    case dnnl_invalid_arguments: /* 2.6 says so of geometries that it cannot do */
        return amct_fail(err, AMCT_E_UNSUPPORTED, "oneDNN has no implementation: %.80s", call);
    default:
        return amct_fail(err, AMCT_E_INTERNAL, "oneDNN failed with status %d: %.80s", (int)code,
                         call);
    }
}

amct_status amct_onednn_new(amct_onednn **out, amct_err *err)
{
    if ((dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx2) != dnnl_cpu_isa_avx2)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "oneDNN needs a processor with AVX2; use the executor 'reference'");
    amct_onednn *dnn = calloc(1, sizeof *dnn);
    if (!dnn)
        return amct_fail_nomem(err);
    amct_status status = AMCT_OK;
    /* Parallel work is one process per core; a thread team would not survive their fork. */
    omp_set_num_threads(1);
    DNNL_TRY(dnnl_engine_create(&dnn->engine, dnnl_cpu, 0));
    DNNL_TRY(dnnl_stream_create(&dnn->stream, dnn->engine, dnnl_stream_default_flags));
    *out = dnn;
    return AMCT_OK;
done:
    amct_onednn_free(dnn);
    return status;
}

static void free_packed(amct_packed *packed)
{
    if (!packed)
        return;
    if (packed->memory)
        dnnl_memory_destroy(packed->memory);
    free(packed->block);
    free(packed);
}

void amct_onednn_free(amct_onednn *dnn)
{
    if (!dnn)
        return;
    for (size_t i = 0; i < dnn->prims.cap; i++)
        amct_prim_free(dnn->prims.slots[i].value);
    for (size_t i = 0; i < dnn->packed.cap; i++)
        free_packed(dnn->packed.slots[i].value);
    amct_map_free(&dnn->prims);
    amct_map_free(&dnn->packed);
    if (dnn->stream)
        dnnl_stream_destroy(dnn->stream);
    if (dnn->engine)
        dnnl_engine_destroy(dnn->engine);
    free(dnn->scratch);
    free(dnn);
}

bool amct_onednn_has_vnni(void)
{
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni ||
           (isa & dnnl_cpu_isa_avx2_vnni) == dnnl_cpu_isa_avx2_vnni;
}

const char *amct_onednn_isa(void)
{
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse4.1";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return "avx2";
    case dnnl_cpu_isa_avx2_vnni: return "avx2-vnni";
    case dnnl_cpu_isa_avx512_core: return "avx512";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512-vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512-bf16";
    default: return "other";
    }
}

/* ---- Weights ------------------------------------------------------------------------------ */

amct_status amct_onednn_pack(const amct_packed **out, amct_onednn *dnn, const amct_prim *layer,
                             const amct_layer_desc *desc, const void *data, amct_hash hash,
                             amct_err *err)
{
    const dnnl_memory_desc_t *wanted =
        dnnl_primitive_desc_query_md(layer->pd, dnnl_query_weights_md, 0);
    amct_hash key = amct_hash_bytes(hash, wanted, sizeof *wanted);
    if ((*out = amct_map_get(&dnn->packed, key)))
        return AMCT_OK;
    amct_packed *packed = calloc(1, sizeof *packed);
    if (!packed)
        return amct_fail_nomem(err);
    amct_status status = AMCT_OK;
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_desc_t given;
    DNNL_TRY(amct_dnnl_describe_weights(&given, desc, false));
    size_t bytes = dnnl_memory_desc_get_size(wanted);
    if (posix_memalign(&packed->block, 64, bytes ? bytes : 64)) {
        packed->block = NULL;
        status = amct_fail_nomem(err);
        goto done;
    }
    DNNL_TRY(dnnl_memory_create(&packed->memory, wanted, dnn->engine, packed->block));
    DNNL_TRY(dnnl_memory_create(&from, &given, dnn->engine, (void *)data));
    DNNL_TRY(
        dnnl_reorder_primitive_desc_create(&pd, &given, dnn->engine, wanted, dnn->engine, NULL));
    DNNL_TRY(dnnl_primitive_create(&reorder, pd));
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, packed->memory}};
    DNNL_TRY(dnnl_primitive_execute(reorder, dnn->stream, 2, args));
    DNNL_TRY(dnnl_stream_wait(dnn->stream));
    if (!amct_map_put(&dnn->packed, key, packed)) {
        status = amct_fail_nomem(err);
        goto done;
    }
    *out = packed;
    packed = NULL;
done:
    if (reorder)
        dnnl_primitive_destroy(reorder);
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    if (from)
        dnnl_memory_destroy(from);
    free_packed(packed);
    return status;
}

/* ---- Binding and running ------------------------------------------------------------------ */

static void release_bound(void *object)
{
    amct_bound *bound = object;
    for (int i = 0; i < bound->n_own; i++)
        dnnl_memory_destroy(bound->own[i]);
}

static dnnl_status_t bind_memory(amct_onednn *dnn, amct_bound *bound, int arg,
                                 const dnnl_memory_desc_t *md, const void *data)
{
    dnnl_memory_t memory;
    dnnl_status_t status = dnnl_memory_create(&memory, md, dnn->engine, (void *)data);
    if (status != dnnl_success)
        return status;
    bound->own[bound->n_own++] = memory;
    bound->args[bound->n_args++] = (dnnl_exec_arg_t){arg, memory};
    return dnnl_success;
}

amct_status amct_onednn_bind(amct_bound **out, amct_onednn *dnn, amct_prim *prim, amct_arena *arena,
                             const amct_prim_args *args, amct_err *err)
{
    amct_status status = AMCT_OK;
    amct_bound *bound = amct_arena_alloc(arena, sizeof *bound);
    if (!bound || amct_arena_own(arena, bound, release_bound))
        return amct_fail_nomem(err);
    bound->prim = prim;
    if (prim->scratch_bytes > dnn->scratch_bytes) {
        void *bigger = NULL;
        if (posix_memalign(&bigger, 64, prim->scratch_bytes))
            return amct_fail_nomem(err);
        free(dnn->scratch);
        dnn->scratch = bigger;
        dnn->scratch_bytes = prim->scratch_bytes;
    }
#define MD(what, i) dnnl_primitive_desc_query_md(prim->pd, dnnl_query_##what##_md, i)
    DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_SRC, MD(src, 0), args->src)); /* also SRC_0 */
    DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_DST, MD(dst, 0), args->dst));
    if (prim->second == DNNL_ARG_WEIGHTS)
        DNNL_TRY(bind_memory(dnn, bound, prim->second, MD(weights, 0), args->src1));
    else if (prim->second)
        DNNL_TRY(bind_memory(dnn, bound, prim->second, MD(src, 1), args->src1));
    if (args->weights)
        bound->args[bound->n_args++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, args->weights->memory};
    if (args->bias)
        DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_BIAS, MD(weights, 1), args->bias));
    for (uint32_t i = 0; i < prim->n_posts; i++) {
        int arg = DNNL_ARG_ATTR_MULTIPLE_POST_OP((int)i) | DNNL_ARG_SRC_1;
        if (prim->posts[i] == AMCT_POST_ADD || prim->posts[i] == AMCT_POST_SCALES) {
            dnnl_memory_desc_t md = *MD(dst, 0);
            amct_onednn_tensor operand = {AMCT_FLOAT, AMCT_LAYOUT_PLAIN,
                                          amct_shape_of(md.ndims, md.dims)};
            bool scales = prim->posts[i] == AMCT_POST_SCALES;
            for (int d = 0; scales && d < md.ndims; d++)
                operand.shape.dims[d] = d == 1 ? md.dims[d] : 1;
            if (scales)
                DNNL_TRY(amct_dnnl_describe(&md, &operand));
            md.data_type = dnnl_f32;
            DNNL_TRY(bind_memory(dnn, bound, arg, &md, scales ? args->scales : args->add[i]));
        }
    }
    if (prim->scratch_bytes) {
        DNNL_TRY(bind_memory(dnn, bound, DNNL_ARG_SCRATCHPAD, MD(scratchpad, 0), dnn->scratch));
        bound->scratch = bound->own[bound->n_own - 1];
    }
#undef MD
    *out = bound;
done:
    return status;
}

amct_status amct_onednn_run(amct_onednn *dnn, amct_bound *bound, amct_err *err)
{
    amct_status status = AMCT_OK;
    if (bound->scratch) /* it may have grown since */
        DNNL_TRY(dnnl_memory_set_data_handle(bound->scratch, dnn->scratch));
    DNNL_TRY(dnnl_primitive_execute(bound->prim->handle, dnn->stream, bound->n_args, bound->args));
    DNNL_TRY(dnnl_stream_wait(dnn->stream));
done:
    return status;
}
