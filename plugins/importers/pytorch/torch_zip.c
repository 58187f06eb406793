/* PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5, as far as PyTorch and Python's zipfile write it.
 */
#include "torch_zip.h"

#include "torch_reader.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

enum {
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    MAX_MEMBERS = 1 << 18,
    MAX_UNPACKED = 1 << 28, /* of one member: code and small pickles are packed, weights are not */
    DEFLATE_RATIO = 1032    /* no deflate stream holds more than this many times its size */
};

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

static bool lies_within(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

typedef struct directory {
    torch_span zip;
    uint64_t offset, bytes, n;
} directory;

/* The end record stands last, behind it a comment of up to 64 KiB. */
static const uint8_t *find_end(torch_span zip)
{
    for (size_t comment = 0; comment <= 0xffff && zip.size >= END_BYTES + comment; comment++) {
        const uint8_t *end = zip.data + (zip.size - END_BYTES - comment);
        if (get32(end) == 0x06054b50 && get16(end + 20) == comment)
            return end;
    }
    return NULL;
}

static int32_t find_directory(torch_reader *r, directory *d)
{
    const uint8_t *end = find_end(d->zip);
    if (!end)
        return torch_fail(r, AMCT_E_FORMAT,
                          "the zip archive has no end record: the file is cut short");
    d->n = get16(end + 10);
    d->bytes = get32(end + 12);
    d->offset = get32(end + 16);
    size_t before = (size_t)(end - d->zip.data);
    if (d->n == 0xffff || d->bytes == 0xffffffff || d->offset == 0xffffffff) {
        const uint8_t *locator = end - LOCATOR_BYTES;
        if (before < LOCATOR_BYTES || get32(locator) != 0x07064b50 ||
            !lies_within(get64(locator + 8), END64_BYTES, before - LOCATOR_BYTES))
            return torch_fail(r, AMCT_E_FORMAT, "the zip archive's zip64 end record is missing");
        const uint8_t *record = d->zip.data + get64(locator + 8);
        if (get32(record) != 0x06064b50)
            return torch_fail(r, AMCT_E_FORMAT, "the zip archive's zip64 end record is missing");
        d->n = get64(record + 32);
        d->bytes = get64(record + 40);
        d->offset = get64(record + 48);
    }
    if (!lies_within(d->offset, d->bytes, before))
        return torch_fail(r, AMCT_E_FORMAT, "the zip archive's directory lies outside of the file");
    if (d->n > d->bytes / ENTRY_BYTES)
        return torch_fail(r, AMCT_E_FORMAT,
                          "the zip archive declares %llu members, its directory has no room for "
                          "them",
                          (unsigned long long)d->n);
    if (d->n > MAX_MEMBERS)
        return torch_fail(r, AMCT_E_LIMIT, "the zip archive has more than %d members", MAX_MEMBERS);
    return AMCT_OK;
}

/* The zip64 extra field holds, in this order, those of the three that are 0xffffffff outside. */
static int32_t read_extra64(torch_reader *r, torch_span extra, uint64_t *size, uint64_t *packed,
                            uint64_t *offset)
{
    uint64_t *wanted[] = {size, packed, offset};
    while (extra.size >= 4) {
        size_t length = get16(extra.data + 2), at = 4;
        if (length > extra.size - 4)
            break;
        for (int i = 0; get16(extra.data) == 1 && i < 3; i++) {
            if (*wanted[i] != 0xffffffff)
                continue;
            if (at + 8 > 4 + length)
                return torch_fail(r, AMCT_E_FORMAT, "a zip64 field of the archive is too short");
            *wanted[i] = get64(extra.data + at);
            at += 8;
        }
        extra = (torch_span){extra.data + 4 + length, extra.size - 4 - length};
    }
    return AMCT_OK;
}

/* Whether a name could lead out of a folder that the archive is unpacked to. */
static bool leaves(const char *name)
{
    if (name[0] == '/' || strchr(name, '\\') || (name[0] && name[1] == ':'))
        return true;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == 0))
            return true;
    }
    return false;
}

static int32_t check_member(torch_reader *r, const torch_member *m, uint16_t flags)
{
    if (leaves(m->name))
        return torch_fail(r, AMCT_E_FORMAT, "the archive's member '%.200s' leads out of it",
                          m->name);
    if (flags & 1)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "the archive's member '%.200s' is encrypted",
                          m->name);
    if (m->method != 0 && m->method != 8)
        return torch_fail(r, AMCT_E_UNSUPPORTED,
                          "the archive's member '%.200s' is packed with method %u; only stored and "
                          "deflate are read",
                          m->name, m->method);
    if (m->method == 0 ? m->size != m->packed.size : m->size / DEFLATE_RATIO > m->packed.size)
        return torch_fail(r, AMCT_E_FORMAT,
                          "the archive's member '%.200s': %zu bytes cannot come out of %zu",
                          m->name, m->size, m->packed.size);
    return AMCT_OK;
}

/* Reads the directory entry of which `left` bytes are there; *used is its length. */
static int32_t read_entry(torch_reader *r, const directory *d, const uint8_t *entry, size_t left,
                          torch_member *m, size_t *used)
{
    if (left < ENTRY_BYTES || get32(entry) != 0x02014b50)
        return torch_fail(r, AMCT_E_FORMAT, "the zip archive's directory is damaged");
    size_t name = get16(entry + 28), extra = get16(entry + 30), comment = get16(entry + 32);
    if (name + extra + comment > left - ENTRY_BYTES)
        return torch_fail(r, AMCT_E_FORMAT, "the zip archive's directory is damaged");
    uint64_t packed = get32(entry + 20), size = get32(entry + 24), offset = get32(entry + 42);
    torch_span more = {entry + ENTRY_BYTES + name, extra};
    TORCH_TRY(read_extra64(r, more, &size, &packed, &offset));
    if (memchr(entry + ENTRY_BYTES, 0, name))
        return torch_fail(r, AMCT_E_FORMAT, "a name in the zip archive has a zero byte");
    char *text = import_copy(&r->memory, entry + ENTRY_BYTES, name);
    if (!text)
        return torch_nomem(r);
    *m = (torch_member){.name = text, .size = (size_t)size};
    m->method = get16(entry + 10);
    m->crc32 = get32(entry + 16);
    if (!lies_within(offset, LOCAL_BYTES, d->offset) || get32(d->zip.data + offset) != 0x04034b50)
        return torch_fail(r, AMCT_E_FORMAT,
                          "the archive's member '%.200s' is not where the directory says", text);
    const uint8_t *local = d->zip.data + offset;
    uint64_t data = offset + LOCAL_BYTES + get16(local + 26) + get16(local + 28);
    if (!lies_within(data, packed, d->offset))
        return torch_fail(r, AMCT_E_FORMAT, "the archive's member '%.200s' reaches beyond the file",
                          text);
    m->packed = (torch_span){d->zip.data + data, (size_t)packed};
    *used = ENTRY_BYTES + name + extra + comment;
    return check_member(r, m, get16(entry + 8));
}

/* Takes the folder that holds all members off their names. */
static void strip_root(torch_zip *zip)
{
    const char *slash = zip->n ? strchr(zip->members[0].name, '/') : NULL;
    if (!slash)
        return;
    size_t root = (size_t)(slash - zip->members[0].name) + 1;
    for (size_t i = 0; i < zip->n; i++)
        if (strncmp(zip->members[i].name, zip->members[0].name, root) != 0)
            return;
    for (size_t i = 0; i < zip->n; i++)
        zip->members[i].name += root;
}

int32_t torch_zip_open(torch_reader *r, torch_span bytes, torch_zip *out)
{
    directory d = {.zip = bytes};
    torch_zip zip = {0};
    TORCH_TRY(find_directory(r, &d));
    zip.n = (size_t)d.n;
    zip.members = import_alloc(&r->memory, zip.n, sizeof *zip.members);
    if (!zip.members)
        return torch_nomem(r);
    const uint8_t *entry = bytes.data + d.offset;
    size_t left = (size_t)d.bytes, used = 0;
    for (size_t i = 0; i < zip.n; i++, entry += used, left -= used)
        TORCH_TRY(read_entry(r, &d, entry, left, &zip.members[i], &used));
    strip_root(&zip);
    for (size_t i = 0; i < zip.n; i++) {
        void **at = torch_map_at(&zip.names, &r->memory, zip.members[i].name);
        if (!at)
            return torch_nomem(r);
        if (*at)
            return torch_fail(r, AMCT_E_FORMAT, "the archive's member '%.200s' is there twice",
                              zip.members[i].name);
        *at = &zip.members[i];
    }
    *out = zip;
    return AMCT_OK;
}

const torch_member *torch_zip_find(const torch_zip *zip, const char *name)
{
    return torch_map_get(&zip->names, name);
}

static int32_t inflate_all(torch_reader *r, const torch_member *m, uint8_t *dst)
{
    z_stream z = {0};
    uint8_t beyond;
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return torch_nomem(r);
    z.next_in = (Bytef *)m->packed.data;
    z.avail_in = (unsigned int)m->packed.size;
    z.next_out = m->size ? dst : &beyond;
    z.avail_out = (unsigned int)m->size;
    int code = inflate(&z, Z_FINISH);
    bool whole = code == Z_STREAM_END && z.total_out == m->size;
    inflateEnd(&z);
    if (code == Z_MEM_ERROR)
        return torch_nomem(r);
    if (!whole)
        return torch_fail(r, AMCT_E_FORMAT, "the archive's member '%.200s' is damaged", m->name);
    return AMCT_OK;
}

int32_t torch_zip_read(torch_reader *r, const torch_zip *zip, const char *name, torch_span *out)
{
    const torch_member *m = torch_zip_find(zip, name);
    if (!m)
        return torch_fail(r, AMCT_E_FORMAT, "the archive has no '%.200s'", name);
    torch_span bytes = m->packed;
    if (m->method == 8) {
        if (m->size > MAX_UNPACKED || m->packed.size > MAX_UNPACKED)
            return torch_fail(r, AMCT_E_LIMIT,
                              "the archive's member '%.200s' is larger than %d MiB", name,
                              MAX_UNPACKED >> 20);
        uint8_t *dst = import_alloc(&r->memory, m->size, 1);
        if (!dst)
            return torch_nomem(r);
        TORCH_TRY(inflate_all(r, m, dst));
        bytes = (torch_span){dst, m->size};
    }
    /* PyTorch can be told to write none, so that a wrong one is no proof of damage */
    if (!r->checksum_warned && crc32_z(crc32_z(0, NULL, 0), bytes.data, bytes.size) != m->crc32) {
        torch_warn(r, "the checksum of '%.200s' is wrong: the file may be damaged", name);
        r->checksum_warned = true;
    }
    *out = bytes;
    return AMCT_OK;
}
