#include "tf_snappy.h"

#include <string.h>

/* The densest thing to say is a copy of 64 bytes, in 3. */
enum { MOST_PER_3 = 64 };

bool tf_snappy_size(wire_span packed, size_t *size)
{
    uint64_t whole;
    if (wire_varint(&packed, &whole) < 0 || whole > UINT32_MAX ||
        whole > (packed.size / 3 + 1) * MOST_PER_3)
        return false;
    *size = (size_t)whole;
    return true;
}

/* n bytes, little-endian, off the front. */
static bool take(wire_span *rest, size_t n, size_t *out)
{
    if (rest->size < n)
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out |= (size_t)rest->data[i] << (8 * i);
    rest->data += n;
    rest->size -= n;
    return true;
}

/* What follows the tag: the length of a literal or copy, and how far back it begins (0: it stands
 * here). */
static bool read_element(wire_span *rest, size_t *length, size_t *back)
{
    size_t tag, more;
    if (!take(rest, 1, &tag))
        return false;
    *length = (tag >> 2) + 1;
    *back = 0;
    switch (tag & 3) {
    case 0:
        if (*length <= 60)
            return true;
        if (!take(rest, *length - 60, &more))
            return false;
        *length = more + 1;
        return true;
    case 1:
        *length = (tag >> 2 & 7) + 4;
        if (!take(rest, 1, &more))
            return false;
        *back = (tag >> 5) << 8 | more;
        break;
    case 2:
        if (!take(rest, 2, back))
            return false;
        break;
    default:
        if (!take(rest, 4, back))
            return false;
    }
    return *back > 0;
}

bool tf_snappy_unpack(wire_span packed, uint8_t *out, size_t size)
{
    uint64_t ignored;
    size_t at = 0, length, back;
    if (wire_varint(&packed, &ignored) < 0)
        return false;
    while (packed.size) {
        if (!read_element(&packed, &length, &back) || length > size - at || back > at)
            return false;
        if (back == 0) {
            if (length > packed.size)
                return false;
            memcpy(out + at, packed.data, length);
            packed.data += length;
            packed.size -= length;
        } else {
            for (size_t i = 0; i < length; i++) /* may overlap what it makes */
                out[at + i] = out[at + i - back];
        }
        at += length;
    }
    return at == size;
}
