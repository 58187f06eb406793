#include "caffe_wire.h"

int caffe_wire_varint(caffe_span *rest, uint64_t *value)
{
    uint64_t v = 0;
    for (size_t i = 0; i < 10 && i < rest->size; i++) {
        v |= (uint64_t)(rest->data[i] & 0x7f) << (7 * i);
        if (rest->data[i] < 0x80) {
            rest->data += i + 1;
            rest->size -= i + 1;
            *value = v;
            return 1;
        }
    }
    return -1;
}

int caffe_wire_next(caffe_span *rest, caffe_field *field)
{
    if (rest->size == 0)
        return 0;
    caffe_span at = *rest;
    uint64_t tag, length = 0;
    if (caffe_wire_varint(&at, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return -1;
    caffe_field f = {.number = (uint32_t)(tag >> 3), .wire = tag & 7, .bytes = at};
    switch (f.wire) {
    case CAFFE_VARINT:
        if (caffe_wire_varint(&at, &f.value) < 0)
            return -1;
        length = (uint64_t)(at.data - f.bytes.data);
        at = f.bytes;
        break;
    case CAFFE_FIXED64: length = 8; break;
    case CAFFE_FIXED32: length = 4; break;
    case CAFFE_LENGTH:
        if (caffe_wire_varint(&at, &length) < 0)
            return -1;
        break;
    default: return -1; /* Caffe has no groups */
    }
    if (length > at.size)
        return -1;
    f.bytes = (caffe_span){at.data, (size_t)length};
    at.data += length;
    at.size -= (size_t)length;
    f.whole = (caffe_span){rest->data, (size_t)(at.data - rest->data)};
    *rest = at;
    *field = f;
    return 1;
}
