/*
 * caffe_wire.h - protobuf's wire format by hand, so that blobs stay where they lie.
 * https://protobuf.dev/programming-guides/encoding/
 */
#ifndef CAFFE_WIRE_H
#define CAFFE_WIRE_H

#include "caffe_memory.h"

typedef struct caffe_span {
    const uint8_t *data;
    size_t size;
} caffe_span;

enum { CAFFE_VARINT = 0, CAFFE_FIXED64 = 1, CAFFE_LENGTH = 2, CAFFE_FIXED32 = 5 };

typedef struct caffe_field {
    uint32_t number;
    uint32_t wire;
    uint64_t value;   /* of a varint */
    caffe_span bytes; /* what stands behind tag and length; of a varint its bytes */
    caffe_span whole; /* with tag and length */
} caffe_field;

/* Takes the next field off the front of *rest. 1, 0 at the end, -1 if there is no whole field. */
int caffe_wire_next(caffe_span *rest, caffe_field *field);
/* Takes a varint off the front. 1, or -1. */
int caffe_wire_varint(caffe_span *rest, uint64_t *value);

#endif
