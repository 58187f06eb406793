/*
 * A net in protobuf's wire format, as Caffe writes it with the weights (*.caffemodel). Layers are
 * unpacked by protobuf-c without their blobs.
 */
#include "caffe_reader.h"

#include <string.h>

/* Everything but blobs; the largest known nets have a hundred KiB of it. */
enum { MAX_BYTES = 4 << 20, MAX_LAYERS = 65536 };

typedef struct binary {
    caffe_reader *r;
    uint8_t *bytes; /* of one message, without what stays in the file */
    size_t total;   /* that were copied so far */
} binary;

static int32_t damaged(caffe_reader *r, const uint8_t *at)
{
    return caffe_fail(r, AMCT_E_FORMAT, "the file is cut short or damaged at byte %zu of %zu",
                      (size_t)(at - (const uint8_t *)r->model.data), r->model.size);
}

/* Unpacks a message without its fields of the numbers a and b. */
static int32_t unpack(binary *b, const ProtobufCMessageDescriptor *type, wire_span message,
                      uint32_t without_a, uint32_t without_b, void *out)
{
    wire_field f;
    size_t n = 0;
    int more;
    wire_span rest = message;
    while ((more = wire_next(&rest, &f)) > 0) {
        if (f.number == without_a || f.number == without_b)
            continue;
        if (f.whole.size > MAX_BYTES - b->total)
            return caffe_fail(b->r, AMCT_E_LIMIT, "has more than %d bytes besides its weights",
                              MAX_BYTES);
        memcpy(b->bytes + n, f.whole.data, f.whole.size);
        n += f.whole.size;
        b->total += f.whole.size;
    }
    if (more < 0)
        return damaged(b->r, rest.data);
    ProtobufCAllocator allocator = caffe_protobuf(&b->r->memory);
    ProtobufCMessage *m = protobuf_c_message_unpack(type, &allocator, n, b->bytes);
    if (!m && b->r->memory.exhausted)
        return caffe_nomem(b->r);
    if (!m)
        return caffe_fail(b->r, AMCT_E_FORMAT, "the file is damaged: this is no %s",
                          type->short_name);
    memcpy(out, &m, sizeof m);
    return AMCT_OK;
}

static int32_t add_layer(binary *b, const wire_field *f)
{
    CaffeNet__NetParameter *net = b->r->net;
    bool old = f->number == 2;
    size_t *n = old ? &net->n_layers : &net->n_layer;
    void *list = old ? (void *)&net->layers : (void *)&net->layer, *layer;
    if (*n == MAX_LAYERS)
        return caffe_fail(b->r, AMCT_E_LIMIT, "more than %d layers", MAX_LAYERS);
    caffe_at(b->r, "layer %zu", *n);
    CAFFE_TRY(unpack(b,
                     old ? &caffe_net__v1_layer_parameter__descriptor
                         : &caffe_net__layer_parameter__descriptor,
                     f->bytes, old ? 6 : 7, 0, &layer));
    if (!caffe_grow(&b->r->memory, list, *n, sizeof layer))
        return caffe_nomem(b->r);
    void **items;
    memcpy(&items, list, sizeof items);
    items[(*n)++] = layer;
    caffe_at(b->r, "%s", "");
    return AMCT_OK;
}

int32_t caffe_read_binary(caffe_reader *r)
{
    size_t most = r->model.size < MAX_BYTES ? r->model.size : MAX_BYTES;
    binary b = {.r = r, .bytes = import_alloc(&r->memory, most, 1)};
    wire_span all = {r->model.data, r->model.size};
    if (!b.bytes)
        return caffe_nomem(r);
    CAFFE_TRY(unpack(&b, &caffe_net__net_parameter__descriptor, all, 2, 100, &r->net));
    wire_field f;
    while (wire_next(&all, &f) > 0)
        if ((f.number == 2 || f.number == 100) && f.wire == WIRE_LENGTH)
            CAFFE_TRY(add_layer(&b, &f));
    return AMCT_OK;
}
