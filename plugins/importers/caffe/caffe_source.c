/* The layers of a file of weights (*.caffemodel), by name, with the places of their blobs. */
#include "caffe_reader.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 65536 };

/* Numbers of fields: a layer in the net; its name, its blobs. */
static const struct form {
    uint32_t layer, name, blobs;
} forms[] = {{100, 1, 7}, {2, 4, 6}};

static const struct form *form_of(const wire_field *f)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms && f->wire == WIRE_LENGTH; i++)
        if (f->number == forms[i].layer)
            return &forms[i];
    return NULL;
}

static int32_t damaged(caffe_reader *r, const uint8_t *at)
{
    return caffe_fail(r, AMCT_E_FORMAT, "the file is cut short or damaged at byte %zu of %zu",
                      (size_t)(at - (const uint8_t *)r->weights.data), r->weights.size);
}

static int32_t read_layer(caffe_reader *r, const struct form *form, wire_span layer,
                          caffe_source *out)
{
    caffe_source source = {.name = ""};
    wire_span rest = layer;
    wire_field f;
    int more;
    while ((more = wire_next(&rest, &f)) > 0) {
        if (f.wire != WIRE_LENGTH)
            continue;
        source.n_blobs += f.number == form->blobs;
        if (f.number != form->name)
            continue;
        int length = f.bytes.size < MAX_NAME ? (int)f.bytes.size : MAX_NAME;
        source.name = import_text(&r->memory, "%.*s", length, (const char *)f.bytes.data);
        if (!source.name)
            return caffe_nomem(r);
    }
    if (more < 0)
        return damaged(r, rest.data);
    source.blobs = import_alloc(&r->memory, source.n_blobs, sizeof *source.blobs);
    if (!source.blobs)
        return caffe_nomem(r);
    size_t n = 0;
    for (rest = layer; wire_next(&rest, &f) > 0;)
        if (f.number == form->blobs && f.wire == WIRE_LENGTH)
            source.blobs[n++] = f.bytes;
    *out = source;
    return AMCT_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const caffe_source *)a)->name, ((const caffe_source *)b)->name);
}

/* Fields are written in the order of their numbers, and a net has 1 to 8 and 100. */
static bool is_foreign(wire_span file)
{
    wire_field f;
    int more = wire_next_cut(&file, &f);
    return more < 0 || (more > 0 && f.number > 8 && f.number != 100);
}

int32_t caffe_read_sources(caffe_reader *r)
{
    wire_span rest = {r->weights.data, r->weights.size};
    wire_field f;
    int more;
    if (rest.size >= 8 && memcmp(rest.data, "\x89HDF\r\n\x1a\n", 8) == 0)
        return caffe_fail(r, AMCT_E_UNSUPPORTED,
                          "weights in HDF5 (*.caffemodel.h5) are not read; save them as protobuf "
                          "(*.caffemodel)");
    if (caffe_is_text(rest.data, rest.size))
        return caffe_fail(r, AMCT_E_FORMAT, "is text, no *.caffemodel");
    if (is_foreign(rest))
        return caffe_fail(r, AMCT_E_FORMAT,
                          "is a file of another format, a *.caffemodel is wanted");
    while ((more = wire_next(&rest, &f)) > 0) {
        const struct form *form = form_of(&f);
        if (!form)
            continue;
        if (!caffe_grow(&r->memory, &r->sources, r->n_sources, sizeof *r->sources))
            return caffe_nomem(r);
        CAFFE_TRY(read_layer(r, form, f.bytes, &r->sources[r->n_sources]));
        if (r->sources[r->n_sources].n_blobs)
            r->n_sources++;
    }
    if (more < 0)
        return damaged(r, rest.data);
    if (!r->n_sources)
        return caffe_fail(r, AMCT_E_FORMAT, "is no *.caffemodel: it holds no layers with weights");
    qsort(r->sources, r->n_sources, sizeof *r->sources, compare_names);
    return AMCT_OK;
}
