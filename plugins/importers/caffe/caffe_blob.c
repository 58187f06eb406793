/* The names between layers. */
#include "caffe_reader.h"

#include <search.h>
#include <string.h>

static int compare_blobs(const void *a, const void *b)
{
    return strcmp(((const caffe_blob *)a)->name, ((const caffe_blob *)b)->name);
}

int32_t caffe_blob_named(caffe_reader *r, const char *name, caffe_blob **out)
{
    const caffe_blob wanted = {.name = name};
    void *found = tfind(&wanted, &r->blobs, compare_blobs);
    if (found) {
        *out = *(caffe_blob **)found;
        return AMCT_OK;
    }
    caffe_blob *blob = import_alloc(&r->memory, 1, sizeof *blob);
    if (!blob)
        return caffe_nomem(r);
    *blob = (caffe_blob){.name = name, .id = AMCT_NO_TENSOR, .shape = {.rank = AMCT_RANK_UNKNOWN}};
    if (!tsearch(blob, &r->blobs, compare_blobs))
        return caffe_nomem(r);
    *r->last_blob = blob;
    r->last_blob = &blob->next;
    *out = blob;
    return AMCT_OK;
}

static int32_t add_inputs(caffe_reader *r)
{
    for (size_t i = 0; i < r->net->n_input; i++) {
        caffe_blob *blob;
        CAFFE_TRY(caffe_blob_named(r, r->net->input[i], &blob));
        if (blob->n_writes++)
            return caffe_fail(r, AMCT_E_FORMAT, "input '%.64s' is there twice", blob->name);
    }
    return AMCT_OK;
}

static bool reads(const caffe_layer *l, const char *name)
{
    for (uint32_t i = 0; i < l->n_bottoms; i++)
        if (strcmp(l->bottoms[i], name) == 0)
            return true;
    return false;
}

static int32_t connect_one(caffe_reader *r, const caffe_layer *l)
{
    caffe_blob *blob;
    for (uint32_t i = 0; i < l->n_bottoms; i++) {
        CAFFE_TRY(caffe_blob_named(r, l->bottoms[i], &blob));
        if (!blob->n_writes)
            return caffe_fail(r, AMCT_E_FORMAT, "bottom '%.64s' is made by no layer before it%s",
                              blob->name, caffe_hint(r));
        blob->n_reads++;
    }
    for (uint32_t i = 0; i < l->n_tops; i++) {
        CAFFE_TRY(caffe_blob_named(r, l->tops[i], &blob));
        if (blob->n_writes++ && !reads(l, blob->name))
            return caffe_fail(r, AMCT_E_FORMAT, "top '%.64s' is made by a layer before it already",
                              blob->name);
    }
    return AMCT_OK;
}

int32_t caffe_connect(caffe_reader *r)
{
    CAFFE_TRY(add_inputs(r));
    for (uint32_t i = 0; i < r->n_layers; i++) {
        const caffe_layer *l = &r->layers[i];
        caffe_at(r, "layer '%.64s' (%.40s)", l->name, l->type);
        if (l->line)
            caffe_at(r, "line %u: layer '%.64s' (%.40s)", l->line, l->name, l->type);
        CAFFE_TRY(connect_one(r, l));
    }
    caffe_at(r, "%s", "");
    return AMCT_OK;
}
