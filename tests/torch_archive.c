#include "torch_archive.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void append(uint8_t **bytes, size_t *size, size_t *cap, const void *from, size_t n)
{
    if (*size + n > *cap) {
        *cap = 2 * (*size + n) + 64;
        *bytes = realloc(*bytes, *cap);
        if (!*bytes)
            abort();
    }
    if (n)
        memcpy(*bytes + *size, from, n);
    *size += n;
}

static void number(uint8_t *to, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

static void add(torch_archive *a, const char *name, const void *packed, size_t packed_size,
                uint32_t size, uint32_t crc, uint16_t method)
{
    uint8_t local[30] = "PK\3\4", entry[46] = "PK\1\2", zeros[64] = {0};
    size_t length = strlen(name), offset = a->size;
    size_t extra = (64 - (offset + 30 + length + 4) % 64) % 64 + 4; /* the data is aligned to 64 */
    number(local + 8, method, 2);
    number(local + 26, length, 2);
    number(local + 28, extra, 2);
    append(&a->bytes, &a->size, &a->cap, local, sizeof local);
    append(&a->bytes, &a->size, &a->cap, name, length);
    append(&a->bytes, &a->size, &a->cap, "FB", 2);
    number(zeros, extra - 4, 2);
    append(&a->bytes, &a->size, &a->cap, zeros, 2);
    memset(zeros, 'Z', sizeof zeros);
    append(&a->bytes, &a->size, &a->cap, zeros, extra - 4);
    append(&a->bytes, &a->size, &a->cap, packed, packed_size);
    number(entry + 10, method, 2);
    number(entry + 16, crc, 4);
    number(entry + 20, packed_size, 4);
    number(entry + 24, size, 4);
    number(entry + 28, length, 2);
    number(entry + 42, offset, 4);
    append(&a->directory, &a->directory_size, &a->directory_cap, entry, sizeof entry);
    append(&a->directory, &a->directory_size, &a->directory_cap, name, length);
    a->n++;
}

void torch_archive_add(torch_archive *a, const char *name, const void *data, size_t size)
{
    add(a, name, data, size, (uint32_t)size, (uint32_t)crc32_z(0, data, size), 0);
}

void torch_archive_add_text(torch_archive *a, const char *name, const char *text)
{
    torch_archive_add(a, name, text, strlen(text));
}

void torch_archive_add_packed(torch_archive *a, const char *name, const void *data, size_t size,
                              uint32_t declared)
{
    z_stream z = {0};
    uint8_t *packed = malloc(size + 1024);
    if (!packed || deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (Bytef *)data;
    z.avail_in = (unsigned int)size;
    z.next_out = packed;
    z.avail_out = (unsigned int)size + 1024;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    add(a, name, packed, z.total_out, declared, (uint32_t)crc32_z(0, data, size), 8);
    deflateEnd(&z);
    free(packed);
}

void torch_archive_end(torch_archive *a)
{
    uint8_t end[22] = "PK\5\6";
    number(end + 8, a->n, 2);
    number(end + 10, a->n, 2);
    number(end + 12, a->directory_size, 4);
    number(end + 16, a->size, 4);
    append(&a->bytes, &a->size, &a->cap, a->directory, a->directory_size);
    append(&a->bytes, &a->size, &a->cap, end, sizeof end);
}

void torch_archive_free(torch_archive *a)
{
    free(a->bytes);
    free(a->directory);
    *a = (torch_archive){0};
}

/* ---- Pickles -------------------------------------------------------------------------------- */

void torch_put(torch_stream *s, const void *bytes, size_t n)
{
    append(&s->bytes, &s->size, &s->cap, bytes, n);
}

void torch_put_text(torch_stream *s, const char *text)
{
    torch_put(s, text, strlen(text));
}

void torch_put_string(torch_stream *s, const char *text)
{
    uint8_t head[5] = "X";
    number(head + 1, strlen(text), 4);
    torch_put(s, head, sizeof head);
    torch_put_text(s, text);
}

void torch_put_int(torch_stream *s, int64_t i)
{
    uint8_t bytes[10] = {0x8a, 8};
    number(bytes + 2, (uint64_t)i, 8);
    torch_put(s, bytes, sizeof bytes);
}

void torch_put_tensor(torch_stream *s, const char *storage, int64_t elements, int64_t offset,
                      const int64_t *dims, const int64_t *strides, uint32_t rank)
{
    torch_put_text(s, "ctorch._utils\n_rebuild_tensor_v2\n((");
    torch_put_string(s, "storage");
    torch_put_text(s, "ctorch\nFloatStorage\n");
    torch_put_string(s, storage);
    torch_put_string(s, "cpu");
    torch_put_int(s, elements);
    torch_put_text(s, "tQ");
    torch_put_int(s, offset);
    torch_put_text(s, "(");
    for (uint32_t d = 0; d < rank; d++)
        torch_put_int(s, dims[d]);
    torch_put_text(s, "t(");
    for (uint32_t d = 0; d < rank; d++)
        torch_put_int(s, strides[d]);
    torch_put_text(s, "t\x89"
                      "ccollections\nOrderedDict\n)RtR");
}

void torch_stream_free(torch_stream *s)
{
    free(s->bytes);
    *s = (torch_stream){0};
}
