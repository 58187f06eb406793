/* A layer's parameters: from the file of weights, checked against what the net wants. */
#include "caffe_reader.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A BlobProto: its shape, and where its numbers are. */
typedef struct proto {
    caffe_shape shape;
    bool legacy; /* four dims by name, of which the first may be padding */
    uint32_t number;
    size_t count, bytes; /* of numbers: fields 5 (float) or 8 (double) */
    wire_span chunk;     /* the numbers, if they lie in one piece */
} proto;

static bool read_dims(wire_span message, caffe_shape *shape)
{
    wire_field f;
    int more;
    while ((more = wire_next(&message, &f)) > 0) {
        if (f.number != 1 || (f.wire != WIRE_VARINT && f.wire != WIRE_LENGTH))
            continue;
        while (f.bytes.size) {
            uint64_t dim;
            if (wire_varint(&f.bytes, &dim) < 0 || dim > INT32_MAX || shape->rank == AMCT_MAX_RANK)
                return false;
            shape->dims[shape->rank++] = (int64_t)dim;
        }
    }
    return more == 0;
}

/* Reads all but the numbers; false if the blob is damaged. */
static bool read_proto(wire_span message, proto *out)
{
    proto p = {.number = 5};
    int64_t old[4] = {0};
    bool shaped = false;
    wire_field f;
    int more;
    while ((more = wire_next(&message, &f)) > 0) {
        if (f.number >= 1 && f.number <= 4 && f.wire == WIRE_VARINT) {
            if (f.value > INT32_MAX)
                return false;
            old[f.number - 1] = (int64_t)f.value;
            p.legacy = true;
        }
        if (f.number == 7 && f.wire == WIRE_LENGTH) {
            if (!read_dims(f.bytes, &p.shape))
                return false;
            shaped = true;
        }
        size_t width = f.number == 5 ? 4 : f.number == 8 ? 8 : 0;
        bool single =
            (width == 4 && f.wire == WIRE_FIXED32) || (width == 8 && f.wire == WIRE_FIXED64);
        if (!width || (!single && f.wire != WIRE_LENGTH))
            continue;
        if (f.bytes.size % width || (p.count && p.number != f.number))
            return false;
        p.chunk = p.count ? (wire_span){NULL, 0} : f.bytes;
        p.number = f.number;
        p.count += f.bytes.size / width;
    }
    if (shaped)
        p.legacy = false;
    else if (p.legacy)
        p.shape = (caffe_shape){.rank = 4, .dims = {old[0], old[1], old[2], old[3]}};
    else
        p.shape = (caffe_shape){.rank = 1, .dims = {(int64_t)p.count}};
    *out = p;
    return more == 0;
}

/* All numbers of the blob as floats; to has room for count of them. */
static void gather(wire_span message, const proto *p, float *to)
{
    wire_field f;
    while (wire_next(&message, &f) > 0) {
        size_t n = f.bytes.size / (p->number == 8 ? 8 : 4);
        bool single = f.wire == (p->number == 8 ? WIRE_FIXED64 : WIRE_FIXED32);
        if (f.number != p->number || (!single && f.wire != WIRE_LENGTH))
            continue;
        if (p->number == 5)
            memcpy(to, f.bytes.data, 4 * n);
        for (size_t i = 0; i < n && p->number == 8; i++) {
            double value;
            memcpy(&value, f.bytes.data + 8 * i, 8);
            to[i] = (float)value;
        }
        to += n;
    }
}

static void note_misfit(caffe_reader *r, const caffe_layer *l, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void note_misfit(caffe_reader *r, const caffe_layer *l, const char *fmt, ...)
{
    if (r->n_misfits++ >= CAFFE_MISFITS)
        return;
    size_t used = strlen(r->misfits);
    snprintf(r->misfits + used, sizeof r->misfits - used, "%s'%.48s' ", used ? "; " : "", l->name);
    used = strlen(r->misfits);
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->misfits + used, sizeof r->misfits - used, fmt, args);
    va_end(args);
}

/* The layer's entry in the file; NULL if there is none, *twice if there are several. */
static caffe_source *find_source(const caffe_reader *r, const caffe_layer *l, bool *twice)
{
    size_t low = 0, high = r->n_sources;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(r->sources[middle].name, l->name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < r->n_sources && strcmp(r->sources[low].name, l->name) == 0;
    *twice = found && low + 1 < r->n_sources && strcmp(r->sources[low + 1].name, l->name) == 0;
    return found ? &r->sources[low] : NULL;
}

bool caffe_peek_shape(const caffe_reader *r, const caffe_layer *l, uint32_t i, caffe_shape *shape)
{
    bool twice;
    const caffe_source *source = find_source(r, l, &twice);
    proto p;
    if (!source || i >= source->n_blobs || !read_proto(source->blobs[i], &p))
        return false;
    *shape = p.shape;
    return true;
}

/* Caffe's rule: the old form has four dims, the first of which are 1 where the net wants fewer. */
static bool fits(const proto *p, const caffe_shape *wanted)
{
    if (!p->legacy)
        return caffe_same_shape(&p->shape, wanted);
    for (uint32_t i = 0; i < 4; i++) {
        int64_t dim = i + wanted->rank >= 4 ? wanted->dims[i + wanted->rank - 4] : 1;
        if (p->shape.dims[i] != dim)
            return false;
    }
    return wanted->rank <= 4;
}

/* Blob i of the layer, if it fits. */
static bool find_proto(caffe_reader *r, const caffe_layer *l, uint32_t i, const caffe_shape *wanted,
                       wire_span *message, proto *out)
{
    bool twice;
    char has[160], text[160];
    caffe_source *source = find_source(r, l, &twice);
    if (!source && i == 0)
        note_misfit(r, l, "is not in the file");
    if (source && source->user && source->user != l) {
        if (i == 0)
            note_misfit(r, l, "is the name of two layers");
        return false;
    }
    if (source)
        source->user = l;
    if (twice && i == 0)
        note_misfit(r, l, "is there twice");
    if (source && !twice && i >= source->n_blobs)
        note_misfit(r, l, "has %u blobs, more wanted", source->n_blobs);
    if (!source || twice || i >= source->n_blobs)
        return false;
    *message = source->blobs[i];
    if (!read_proto(*message, out)) {
        note_misfit(r, l, "blob %u is damaged", i);
        return false;
    }
    caffe_show_shape(&out->shape, has, sizeof has);
    if (!fits(out, wanted))
        note_misfit(r, l, "blob %u is %s, %s wanted", i, has,
                    caffe_show_shape(wanted, text, sizeof text));
    else if ((int64_t)out->count != caffe_count(wanted, 0, wanted->rank))
        note_misfit(r, l, "blob %u of %s has %zu numbers", i, has, out->count);
    else
        return true;
    return false;
}

int32_t caffe_take_floats(caffe_reader *r, caffe_layer *l, const caffe_shape *shape,
                          const void **data, uint32_t *owner)
{
    uint32_t i = l->n_taken++;
    wire_span message;
    proto p;
    *data = NULL;
    if (!r->weights.data || !find_proto(r, l, i, shape, &message, &p))
        return AMCT_OK;
    if (p.number == 5 && p.chunk.data) {
        *data = p.chunk.data;
        *owner = AMCT_DATA_MAPPED;
        return AMCT_OK;
    }
    float *block = r->host->alloc(r->host->ctx, p.count * sizeof *block, 64);
    if (!block)
        return caffe_nomem(r);
    gather(message, &p, block);
    *data = block;
    *owner = AMCT_DATA_HOST;
    return AMCT_OK;
}

static int compare_shared(const void *a, const void *b)
{
    return strcmp(((const caffe_shared *)a)->name, ((const caffe_shared *)b)->name);
}

/* What is known of the parameter of that name; a new one has the id AMCT_NO_TENSOR. */
static int32_t find_shared(caffe_reader *r, const char *name, caffe_shared **out)
{
    const caffe_shared wanted = {.name = name};
    void *found = tfind(&wanted, &r->shared, compare_shared);
    caffe_shared *fresh =
        found ? *(caffe_shared **)found : import_alloc(&r->memory, 1, sizeof *fresh);
    if (!fresh)
        return caffe_nomem(r);
    if (!found) {
        *fresh = (caffe_shared){.name = name, .id = AMCT_NO_TENSOR};
        if (!tsearch(fresh, &r->shared, compare_shared))
            return caffe_nomem(r);
    }
    *out = fresh;
    return AMCT_OK;
}

static int32_t add_constant(caffe_reader *r, const caffe_layer *l, const char *part,
                            const caffe_shape *as, const void *data, uint32_t owner, uint32_t *id)
{
    char *name = import_text(&r->memory, "%s/%s", l->name, part);
    if (!name)
        return caffe_nomem(r);
    amct_tensor_desc t = {.struct_size = sizeof t,
                          .kind = AMCT_TENSOR_CONSTANT,
                          .dtype = AMCT_FLOAT,
                          .rank = as->rank,
                          .name = name,
                          .dims = as->dims,
                          .data = data,
                          .data_size = data ? (size_t)caffe_count(as, 0, as->rank) * 4 : 0,
                          .owner = owner};
    return r->sink->tensor(r->sink->ctx, &t, id);
}

int32_t caffe_take(caffe_reader *r, caffe_layer *l, const char *part, const caffe_shape *wanted,
                   const caffe_shape *as, uint32_t *id)
{
    const char *shared = l->n_taken < l->n_param_names ? l->param_names[l->n_taken] : NULL;
    caffe_shared *known = NULL;
    const void *data;
    uint32_t owner = AMCT_DATA_MAPPED;
    CAFFE_TRY(caffe_check_shape(r, as, part));
    if (shared && shared[0])
        CAFFE_TRY(find_shared(r, shared, &known));
    if (known && known->id != AMCT_NO_TENSOR) {
        if (!caffe_same_shape(&known->shape, as))
            return caffe_fail(r, AMCT_E_UNSUPPORTED, "shares parameter '%.64s' in another shape",
                              shared);
        l->n_taken++;
        *id = known->id;
        return AMCT_OK;
    }
    CAFFE_TRY(caffe_take_floats(r, l, wanted, &data, &owner));
    *id = AMCT_NO_TENSOR;
    if (data || !r->weights.data) /* else the import fails in the end */
        CAFFE_TRY(add_constant(r, l, part, as, data, owner, id));
    if (known) {
        known->id = *id;
        known->shape = *as;
    }
    return AMCT_OK;
}

void caffe_check_taken(caffe_reader *r, const caffe_layer *l)
{
    bool twice;
    const caffe_source *source = l->n_taken ? find_source(r, l, &twice) : NULL;
    if (source && !twice && source->n_blobs > l->n_taken)
        note_misfit(r, l, "has %u blobs, %u wanted", source->n_blobs, l->n_taken);
}

int32_t caffe_check_fit(caffe_reader *r)
{
    if (!r->n_misfits)
        return AMCT_OK;
    caffe_at(r, "%s", "");
    return caffe_fail(r, AMCT_E_INVALID,
                      "the weights of %.200s do not fit: %zu layers or blobs "
                      "differ: %s%s",
                      r->weights.name, r->n_misfits, r->misfits,
                      r->n_misfits > CAFFE_MISFITS ? "; ..." : "");
}
