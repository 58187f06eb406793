#include "data/zip.h"

#include "data/inflate.h"

#include <string.h>
#include <zlib.h>

enum {
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    MAX_MEMBERS = 1 << 16
};

/* Little-endian numbers of the archive. */
static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* The archive and where its directory lies. */
typedef struct directory {
    const uint8_t *bytes;
    size_t size;
    uint64_t offset, directory_bytes, n;
} directory;

static amct_status fail_zip(amct_err *err, const char *text)
{
    return amct_fail(err, AMCT_E_FORMAT, "damaged zip archive: %s", text);
}

/* The end record stands last, behind it a comment of up to 64 KiB. */
static const uint8_t *find_end(const uint8_t *bytes, size_t size)
{
    if (size < END_BYTES)
        return NULL;
    for (size_t comment = 0; comment <= 0xffff && comment <= size - END_BYTES; comment++) {
        const uint8_t *end = bytes + (size - END_BYTES - comment);
        if (get32(end) == 0x06054b50 && get16(end + 20) == comment)
            return end;
    }
    return NULL;
}

/* Whether `length` bytes at `offset` lie within `size`. */
static int lies_within(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

static amct_status read_end64(directory *d, const uint8_t *end, amct_err *err)
{
    const uint8_t *locator = end - LOCATOR_BYTES;
    if (end - d->bytes < LOCATOR_BYTES || get32(locator) != 0x07064b50)
        return AMCT_OK; /* no zip64: the numbers are meant as they are */
    uint64_t at = get64(locator + 8);
    if (!lies_within(at, END64_BYTES, (uint64_t)(locator - d->bytes)) ||
        get32(d->bytes + at) != 0x06064b50)
        return fail_zip(err, "the zip64 end record is not where it should be");
    const uint8_t *record = d->bytes + at;
    d->n = get64(record + 32);
    d->directory_bytes = get64(record + 40);
    d->offset = get64(record + 48);
    return AMCT_OK;
}

static amct_status find_directory(directory *d, const void *bytes, size_t size, amct_err *err)
{
    *d = (directory){.bytes = bytes, .size = size};
    const uint8_t *end = find_end(bytes, size);
    if (!end)
        return fail_zip(err, "no end record; the file is cut");
    if (get16(end + 4) != 0 && get16(end + 4) != 0xffff)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "a zip archive split over several files");
    d->n = get16(end + 10);
    d->directory_bytes = get32(end + 12);
    d->offset = get32(end + 16);
    if (d->n == 0xffff || d->directory_bytes == 0xffffffff || d->offset == 0xffffffff)
        AMCT_TRY(read_end64(d, end, err));
    if (!lies_within(d->offset, d->directory_bytes, (uint64_t)(end - d->bytes)))
        return fail_zip(err, "the directory lies outside of the file");
    if (d->n > d->directory_bytes / ENTRY_BYTES)
        return fail_zip(err, "more members are declared than the directory holds");
    if (d->n > MAX_MEMBERS)
        return amct_fail(err, AMCT_E_LIMIT, "more than 65536 members in one zip archive");
    return AMCT_OK;
}

/* The zip64 extra field holds, in this order, those of the three that are 0xffffffff outside. */
static amct_status read_extra64(const uint8_t *extra, size_t extra_bytes, uint64_t *bytes,
                                uint64_t *packed, uint64_t *offset, amct_err *err)
{
    uint64_t *wanted[] = {bytes, packed, offset};
    while (extra_bytes >= 4) {
        size_t length = get16(extra + 2);
        if (length > extra_bytes - 4)
            break;
        const uint8_t *at = extra + 4, *end = at + length;
        for (int i = 0; get16(extra) == 1 && i < 3; i++) {
            if (*wanted[i] != 0xffffffff)
                continue;
            if (end - at < 8)
                return fail_zip(err, "a zip64 field is too short");
            *wanted[i] = get64(at);
            at += 8;
        }
        extra += 4 + length;
        extra_bytes -= 4 + length;
    }
    return AMCT_OK;
}

static amct_status locate_data(amct_zip_member *m, const directory *d, uint64_t offset,
                               uint64_t packed, amct_err *err)
{
    if (!lies_within(offset, LOCAL_BYTES, d->offset) || get32(d->bytes + offset) != 0x04034b50)
        return fail_zip(err, "a member is not where the directory says");
    const uint8_t *local = d->bytes + offset;
    uint64_t data = offset + LOCAL_BYTES + get16(local + 26) + get16(local + 28);
    if (!lies_within(data, packed, d->offset))
        return fail_zip(err, "a member reaches beyond the directory");
    m->packed = d->bytes + data;
    m->packed_bytes = (size_t)packed;
    return AMCT_OK;
}

/* Reads the directory entry at `entry`, of which `left` bytes are there; *used is its length. */
static amct_status read_entry(amct_zip_member *m, amct_arena *arena, const directory *d,
                              const uint8_t *entry, size_t left, size_t *used, amct_err *err)
{
    if (left < ENTRY_BYTES || get32(entry) != 0x02014b50)
        return fail_zip(err, "the directory is cut");
    size_t name = get16(entry + 28), extra = get16(entry + 30), comment = get16(entry + 32);
    if (name + extra + comment > left - ENTRY_BYTES)
        return fail_zip(err, "the directory is cut");
    uint64_t packed = get32(entry + 20), bytes = get32(entry + 24), offset = get32(entry + 42);
    AMCT_TRY(read_extra64(entry + ENTRY_BYTES + name, extra, &bytes, &packed, &offset, err));
    char *text = amct_arena_alloc(arena, name + 1);
    if (!text)
        return amct_fail_nomem(err);
    for (size_t i = 0; i < name; i++)
        text[i] = entry[ENTRY_BYTES + i] ? (char)entry[ENTRY_BYTES + i] : '?';
    m->name = text;
    m->method = get16(entry + 10);
    m->crc32 = get32(entry + 16);
    if (get16(entry + 8) & 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "%s: is encrypted", text);
    if (m->method != 0 && m->method != 8)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "%s: packed with method %u, only stored and deflate are read", text,
                         m->method);
    AMCT_TRY(locate_data(m, d, offset, packed, err));
    if (m->method == 0 ? bytes != packed : !amct_inflate_possible(bytes, packed))
        return amct_fail(err, AMCT_E_FORMAT, "%s: %llu bytes cannot come out of %llu", text,
                         (unsigned long long)bytes, (unsigned long long)packed);
    m->bytes = (size_t)bytes;
    *used = ENTRY_BYTES + name + extra + comment;
    return AMCT_OK;
}

amct_status amct_zip_open(amct_zip_file *out, amct_arena *arena, const void *bytes, size_t size,
                          amct_err *err)
{
    directory d;
    AMCT_TRY(find_directory(&d, bytes, size, err));
    amct_zip_file zip = {.n = (size_t)d.n};
    zip.members = amct_arena_array(arena, zip.n, sizeof *zip.members);
    if (!zip.members)
        return amct_fail_nomem(err);
    const uint8_t *entry = d.bytes + d.offset;
    size_t left = (size_t)d.directory_bytes, used = 0;
    for (size_t i = 0; i < zip.n; i++, entry += used, left -= used)
        AMCT_TRY(read_entry(&zip.members[i], arena, &d, entry, left, &used, err));
    *out = zip;
    return AMCT_OK;
}

amct_status amct_zip_extract(void *dst, const amct_zip_member *member, amct_err *err)
{
    if (member->method == 8) {
        if (amct_inflate(dst, member->bytes, member->packed, member->packed_bytes, AMCT_PACKED_RAW,
                         err) != AMCT_OK)
            return amct_fail_in(err, "%s", member->name);
    } else if (member->bytes) {
        memcpy(dst, member->packed, member->bytes);
    }
    if (crc32_z(crc32_z(0, NULL, 0), dst, member->bytes) != member->crc32)
        return amct_fail(err, AMCT_E_FORMAT, "%s: its checksum is wrong: the file is damaged",
                         member->name);
    return AMCT_OK;
}
