#include "data/dataset.h"

#include "base/fork.h"
#include "data/frame.h"
#include "data/sample_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct amct_dataset_private {
    amct_arena *arena; /* of everything but the samples */
    amct_sample_store store;
    size_t sample_bytes;
    float (*values)[256]; /* per channel, of each byte; NULL if samples are floats */
} amct_dataset_private;

enum { REASON_BYTES = 256 };

/* Samples being read, by several processes; what they write is shared. */
typedef struct load {
    const amct_source *source;
    const amct_frame *frame;
    uint8_t *samples;
    size_t sample_bytes;
    char (*reasons)[REASON_BYTES]; /* per sample: why it cannot be read, "" if it can */
    amct_hash *hashes;             /* per sample: of its file */
} load;

/* ---- Reading samples ----------------------------------------------------------------------- */

static amct_status load_file(load *l, uint32_t i, uint8_t *dst, amct_err *err)
{
    amct_file file;
    AMCT_TRY(amct_file_map(&file, l->source->files[i].path, err));
    l->hashes[i] = amct_hash_bytes((amct_hash){0}, file.data, file.size);
    amct_status status =
        amct_frame_from_file(dst, l->frame, l->source->kind, file.data, file.size, err);
    amct_file_unmap(&file);
    return status;
}

static amct_status load_array_sample(const load *l, uint64_t i, uint8_t *dst, amct_err *err)
{
    const amct_array *array = l->source->arrays;
    while (i >= array->dims[0])
        i -= array++->dims[0];
    return amct_frame_from_array(dst, l->frame, array, i, err);
}

/* What is wrong with one file is noted; what is wrong with the options, or an array, ends it all.
 */
static amct_status load_sample(void *context, uint32_t worker, uint32_t i, amct_err *err)
{
    load *l = context;
    uint8_t *dst = l->samples + i * l->sample_bytes;
    (void)worker;
    if (l->source->kind == AMCT_SOURCE_ARRAYS) {
        if (load_array_sample(l, i, dst, err) != AMCT_OK)
            return amct_fail_in(err, "%s: sample %u", l->source->path, i);
        return AMCT_OK;
    }
    amct_status status = load_file(l, i, dst, err);
    if (status == AMCT_E_INVALID || status == AMCT_E_NOMEM)
        return amct_fail_in(err, "%s", l->source->files[i].path);
    if (status != AMCT_OK)
        snprintf(l->reasons[i], REASON_BYTES, "%.*s", REASON_BYTES - 1, err->text);
    return AMCT_OK;
}

/* Moves the samples that could be read together, and lists the others. */
static amct_status keep_readable(amct_dataset *ds, const load *l, amct_err *err)
{
    const amct_source *source = l->source;
    uint32_t n_unreadable = 0, kept = 0;
    for (uint32_t i = 0; i < source->n; i++)
        n_unreadable += l->reasons[i][0] != 0;
    if (n_unreadable == source->n)
        return amct_fail(err, AMCT_E_FORMAT,
                         "%s: none of its %u files can be read; the first: %s: %s", source->path,
                         source->n, source->files[0].name, l->reasons[0]);
    amct_unreadable *list = amct_arena_array(ds->private->arena, n_unreadable, sizeof *list);
    int32_t *labels = (int32_t *)ds->labels;
    const char **names = NULL;
    if (source->kind == AMCT_SOURCE_PICTURES) {
        names = amct_arena_array(ds->private->arena, source->n, sizeof *names);
        if (!names)
            return amct_fail_nomem(err);
    }
    if (!list)
        return amct_fail_nomem(err);
    n_unreadable = 0;
    for (uint32_t i = 0; i < source->n; i++) {
        if (l->reasons[i][0]) {
            amct_unreadable *entry = &list[n_unreadable++];
            entry->name = amct_arena_string(ds->private->arena, source->files[i].name);
            entry->reason = amct_arena_string(ds->private->arena, l->reasons[i]);
            if (!entry->name || !entry->reason)
                return amct_fail_nomem(err);
            continue;
        }
        if (kept < i) {
            memcpy(l->samples + kept * l->sample_bytes, l->samples + i * l->sample_bytes,
                   l->sample_bytes);
            if (labels)
                labels[kept] = labels[i];
        }
        if (names && !(names[kept] = amct_arena_string(ds->private->arena, source->files[i].name)))
            return amct_fail_nomem(err);
        kept++;
    }
    ds->n = kept;
    ds->names = names;
    ds->unreadable = list;
    ds->n_unreadable = n_unreadable;
    return AMCT_OK;
}

/* ---- Labels -------------------------------------------------------------------------------- */

static amct_status fail_label(const amct_source *source, uint32_t i, amct_err *err)
{
    const amct_dataset_options *options = source->options;
    long long label = source->labels[i], offset = options->label_offset;
    long long max = options->n_classes ? options->n_classes - 1 : INT32_MAX;
    char plus[64] = "";
    if (offset)
        snprintf(plus, sizeof plus, " + label_offset %lld", offset);
    amct_fail(err, AMCT_E_INVALID, "label %lld%s is outside of %s0 .. %lld", label, plus,
              options->n_classes ? "the network's classes " : "", max);
    if (source->files)
        amct_fail_in(err, "sample '%s'", source->files[i].name);
    else
        amct_fail_in(err, "sample %u", i);
    if (source->lines)
        amct_fail_in(err, "line %u", source->lines[i]);
    return amct_fail_in(err, "%s", source->labels_from);
}

static amct_status set_labels(amct_dataset *ds, const amct_source *source, amct_err *err)
{
    uint32_t n_classes = source->options->n_classes;
    int64_t max = n_classes && n_classes <= INT32_MAX ? n_classes - 1 : INT32_MAX;
    if (!source->labels)
        return AMCT_OK;
    int32_t *labels = amct_arena_array(ds->private->arena, source->n, sizeof *labels);
    if (!labels)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < source->n; i++) {
        int64_t label;
        if (__builtin_add_overflow(source->labels[i], source->options->label_offset, &label) ||
            label < 0 || label > max)
            return fail_label(source, i, err);
        labels[i] = (int32_t)label;
    }
    ds->labels = labels;
    return AMCT_OK;
}

/* ---- Opening ------------------------------------------------------------------------------- */

static amct_hash fingerprint(const amct_dataset *ds, const load *l)
{
    const amct_source *source = l->source;
    const uint32_t shape[] = {ds->channels, ds->height, ds->width, ds->layout, source->kind};
    amct_hash hash = amct_hash_bytes(source->hash, shape, sizeof shape);
    hash = amct_preprocess_hash(hash, l->frame->preprocess);
    for (uint32_t i = 0; source->files && i < source->n; i++) {
        hash = amct_hash_string(hash, source->files[i].name);
        hash = amct_hash_bytes(hash, &l->hashes[i], sizeof l->hashes[i]);
    }
    hash = amct_hash_u64(hash, ds->labels ? source->n : 0);
    return ds->labels ? amct_hash_bytes(hash, ds->labels, source->n * sizeof *ds->labels) : hash;
}

static amct_status make_values(amct_dataset_private *p, const amct_frame *frame, amct_err *err)
{
    if (!frame->bytes)
        return AMCT_OK;
    p->values = amct_arena_array(p->arena, frame->channels, sizeof *p->values);
    if (!p->values)
        return amct_fail_nomem(err);
    for (uint32_t c = 0; c < frame->channels; c++)
        for (int v = 0; v < 256; v++)
            p->values[c][v] = (float)amct_preprocess_value(frame->preprocess, c, true, v);
    return AMCT_OK;
}

static amct_status run_load(amct_dataset *ds, load *l, amct_err *err)
{
    const amct_source *source = l->source;
    const amct_dataset_options *options = source->options;
    uint64_t bytes;
    if (__builtin_mul_overflow(l->sample_bytes, (uint64_t)source->n, &bytes))
        return amct_fail(err, AMCT_E_LIMIT, "%u samples are too large", source->n);
    AMCT_TRY(amct_sample_store_new(&ds->private->store, bytes, amct_source_memory_left(source),
                                   options->spill_folder, err));
    l->samples = ds->private->store.data;
    AMCT_TRY(amct_parallel(options->jobs, source->n, load_sample, l, err));
    ds->bytes = bytes;
    ds->spilled = ds->private->store.spilled;
    ds->fingerprint = fingerprint(ds, l);
    AMCT_TRY(keep_readable(ds, l, err));
    amct_sample_store_seal(&ds->private->store);
    return AMCT_OK;
}

static amct_status load_samples(amct_dataset *ds, const amct_source *source,
                                const amct_frame *frame, amct_err *err)
{
    load l = {.source = source, .frame = frame, .sample_bytes = ds->private->sample_bytes};
    size_t reasons_bytes = source->n * sizeof *l.reasons,
           hashes_bytes = source->n * sizeof *l.hashes;
    l.reasons = amct_shared_alloc(reasons_bytes);
    l.hashes = amct_shared_alloc(hashes_bytes);
    amct_status status = l.reasons && l.hashes ? run_load(ds, &l, err) : amct_fail_nomem(err);
    amct_shared_free(l.reasons, reasons_bytes);
    amct_shared_free(l.hashes, hashes_bytes);
    return status;
}

static amct_status fill_dataset(amct_dataset *ds, const amct_source *source, amct_err *err)
{
    amct_frame frame;
    amct_dataset_private *p = ds->private;
    if (amct_frame_decide(&frame, source, err) != AMCT_OK)
        return amct_fail_in(err, "%s", source->path);
    ds->path = amct_arena_string(p->arena, source->path);
    ds->format = source->format;
    ds->channels = frame.channels;
    ds->height = frame.height;
    ds->width = frame.width;
    ds->elements = amct_frame_elements(&frame);
    ds->layout = frame.layout;
    p->sample_bytes = amct_frame_bytes(&frame);
    if (!ds->path)
        return amct_fail_nomem(err);
    AMCT_TRY(set_labels(ds, source, err));
    AMCT_TRY(make_values(p, &frame, err));
    return load_samples(ds, source, &frame, err);
}

static amct_dataset *new_dataset(void)
{
    amct_arena *arena = amct_arena_new();
    amct_dataset *ds = arena ? amct_arena_alloc(arena, sizeof *ds) : NULL;
    if (ds)
        ds->private = amct_arena_alloc(arena, sizeof *ds->private);
    if (!ds || !ds->private) {
        amct_arena_free(arena);
        return NULL;
    }
    ds->private->arena = arena;
    return ds;
}

amct_status amct_dataset_open(amct_dataset **out, const char *path,
                              const amct_dataset_options *options, amct_err *err)
{
    amct_source source;
    AMCT_TRY(amct_source_open(&source, path, options, err));
    amct_dataset *ds = new_dataset();
    amct_status status = ds ? fill_dataset(ds, &source, err) : amct_fail_nomem(err);
    amct_source_close(&source);
    if (status == AMCT_OK)
        *out = ds;
    else
        amct_dataset_free(ds);
    return status;
}

void amct_dataset_free(amct_dataset *ds)
{
    if (!ds)
        return;
    amct_sample_store_free(&ds->private->store);
    amct_arena_free(ds->private->arena);
}

/* ---- Fetching ------------------------------------------------------------------------------ */

static void fetch_bytes(float *dst, const uint8_t *src, const amct_dataset *ds, bool planar)
{
    const float(*values)[256] = (const float(*)[256])ds->private->values;
    size_t channels = ds->channels, pixels = ds->elements / channels;
    if (planar) {
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++)
                *dst++ = values[c][src[p * channels + c]];
    } else {
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++)
                *dst++ = values[c][*src++];
    }
}

static void fetch_floats(float *dst, const float *src, const amct_dataset *ds, bool planar)
{
    size_t channels = ds->channels, pixels = ds->elements / channels;
    if (!planar) {
        memcpy(dst, src, ds->elements * sizeof *src);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++)
            *dst++ = src[p * channels + c];
}

void amct_dataset_fetch(const amct_dataset *ds, const uint32_t *indices, size_t n,
                        amct_data_layout layout, float *dst)
{
    const amct_dataset_private *p = ds->private;
    assert(layout == AMCT_NCHW || layout == AMCT_NHWC);
    bool planar = layout == AMCT_NCHW && ds->channels > 1;
    for (size_t i = 0; i < n; i++, dst += ds->elements) {
        assert(indices[i] < ds->n);
        const uint8_t *src = p->store.data + indices[i] * p->sample_bytes;
        if (p->values)
            fetch_bytes(dst, src, ds, planar);
        else
            fetch_floats(dst, (const float *)(const void *)src, ds, planar);
    }
}
