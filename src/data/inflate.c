#include "data/inflate.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

bool amct_is_gzip(const void *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\x1f\x8b\x08", 3) == 0;
}

bool amct_inflate_possible(uint64_t size, uint64_t packed_size)
{
    return size / 1032 <= packed_size;
}

/* zlib counts in unsigned int: larger buffers are handed over in pieces. */
static unsigned int piece(size_t left)
{
    return left < UINT_MAX ? (unsigned int)left : UINT_MAX;
}

/* Runs until dst is full, the stream ends or it fails: zlib's last code, with what is left. */
static int run(z_stream *z, void *dst, size_t *dst_left, const void *packed, size_t *packed_left)
{
    int code = Z_OK;
    z->next_out = dst;
    z->next_in = (Bytef *)packed;
    while (code == Z_OK) {
        unsigned int in = piece(*packed_left), out = piece(*dst_left);
        z->avail_in = in;
        z->avail_out = out;
        code = inflate(z, Z_NO_FLUSH);
        *packed_left -= in - z->avail_in;
        *dst_left -= out - z->avail_out;
        if (code == Z_OK && in == z->avail_in && out == z->avail_out)
            code = Z_BUF_ERROR;
    }
    return code;
}

static amct_status fail_zlib(int code, const z_stream *z, amct_err *err)
{
    if (code == Z_MEM_ERROR)
        return amct_fail_nomem(err);
    if (code == Z_BUF_ERROR)
        return amct_fail(err, AMCT_E_FORMAT, "the packed data are cut");
    return amct_fail(err, AMCT_E_FORMAT, "the packed data are damaged: %s",
                     z->msg ? z->msg : "no reason given");
}

static int window_bits(amct_packing packing)
{
    return packing == AMCT_PACKED_GZIP ? MAX_WBITS + 16 : -MAX_WBITS;
}

amct_status amct_inflate_head(void *dst, size_t size, size_t *n, const void *packed,
                              size_t packed_size, amct_packing packing, amct_err *err)
{
    z_stream z = {0};
    size_t left = size;
    if (inflateInit2(&z, window_bits(packing)) != Z_OK)
        return amct_fail_nomem(err);
    int code = run(&z, dst, &left, packed, &packed_size);
    amct_status status = AMCT_OK;
    if (code != Z_STREAM_END && !(code == Z_BUF_ERROR && left == 0))
        status = fail_zlib(code, &z, err);
    inflateEnd(&z);
    if (status == AMCT_OK)
        *n = size - left;
    return status;
}

amct_status amct_inflate(void *dst, size_t size, const void *packed, size_t packed_size,
                         amct_packing packing, amct_err *err)
{
    z_stream z = {0};
    size_t left = size, none = 1;
    uint8_t beyond;
    if (inflateInit2(&z, window_bits(packing)) != Z_OK)
        return amct_fail_nomem(err);
    const uint8_t *at = packed;
    size_t packed_left = packed_size;
    int code = run(&z, size ? dst : &beyond, &left, at, &packed_left);
    if (code == Z_BUF_ERROR && left == 0) /* full: the end, and its checksum, must come now */
        code = run(&z, &beyond, &none, at + (packed_size - packed_left), &packed_left);
    amct_status status = AMCT_OK;
    if (none == 0)
        status =
            amct_fail(err, AMCT_E_FORMAT, "more data than the %zu bytes that are declared", size);
    else if (code != Z_STREAM_END)
        status = fail_zlib(code, &z, err);
    else if (left)
        status =
            amct_fail(err, AMCT_E_FORMAT, "%zu bytes of data, %zu are declared", size - left, size);
    else if (packed_left)
        status = amct_fail(err, AMCT_E_FORMAT, "%zu bytes behind the end", packed_left);
    inflateEnd(&z);
    return status;
}
