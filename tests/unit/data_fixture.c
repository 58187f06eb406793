#include "unit/data_fixture.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <unistd.h>
#include <zlib.h>

static amct_err err;
static char folder[64];

enum { MAX_PATHS = 4096 };
static char *paths[MAX_PATHS];
static int n_paths;

/* ---- Blobs --------------------------------------------------------------------------------- */

void blob_free(blob *b)
{
    free(b->data);
    *b = (blob){0};
}

void blob_add(blob *b, const void *data, size_t size)
{
    b->data = realloc(b->data, b->size + size + 1);
    cr_assert_not_null(b->data);
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

void blob_add_text(blob *b, const char *text)
{
    blob_add(b, text, strlen(text));
}

void blob_add64(blob *b, uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        blob_add(b, &(uint8_t){(uint8_t)value}, 1);
}

void blob_add32(blob *b, uint32_t value)
{
    for (int i = 0; i < 4; i++, value >>= 8)
        blob_add(b, &(uint8_t){(uint8_t)value}, 1);
}

void blob_add16(blob *b, uint32_t value)
{
    for (int i = 0; i < 2; i++, value >>= 8)
        blob_add(b, &(uint8_t){(uint8_t)value}, 1);
}

void blob_add32_big(blob *b, uint32_t value)
{
    for (int i = 0; i < 4; i++, value <<= 8)
        blob_add(b, &(uint8_t){(uint8_t)(value >> 24)}, 1);
}

/* ---- Files --------------------------------------------------------------------------------- */

void fixture_setup(void)
{
    strcpy(folder, "/tmp/amct-data-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

void fixture_teardown(void)
{
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
    while (n_paths)
        free(paths[--n_paths]);
}

const char *fixture_path(const char *name)
{
    cr_assert(n_paths < MAX_PATHS);
    paths[n_paths] = amct_path_join(folder, name);
    return paths[n_paths++];
}

void fixture_write(const char *name, const void *data, size_t size)
{
    const char *path = fixture_path(name);
    char *parent = amct_path_folder(path);
    cr_assert_eq(amct_folder_make(parent, &err), AMCT_OK, "%s", err.text);
    free(parent);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

void fixture_write_text(const char *name, const char *text)
{
    fixture_write(name, text, strlen(text));
}

void fixture_write_blob(const char *name, blob b)
{
    fixture_write(name, b.data ? b.data : (const uint8_t *)"", b.size);
    blob_free(&b);
}

/* ---- Images -------------------------------------------------------------------------------- */

static void write_png_bytes(png_structp png, png_bytep data, size_t size)
{
    blob_add(png_get_io_ptr(png), data, size);
}

static void flush_png(png_structp png)
{
    (void)png;
}

blob make_png(const uint8_t *rows, uint32_t width, uint32_t height, int depth, int color_type,
              bool interlaced)
{
    blob b = {0};
    png_color palette[256];
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &b, write_png_bytes, flush_png);
    png_set_IHDR(png, info, width, height, depth, color_type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    for (int i = 0; i < 256; i++)
        palette[i] = (png_color){(png_byte)i, (png_byte)(255 - i), 7};
    if (color_type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 1 << depth);
    png_write_info(png, info);
    size_t row_bytes = png_get_rowbytes(png, info);
    png_bytep *pointers = calloc(height, sizeof *pointers);
    for (uint32_t y = 0; y < height; y++)
        pointers[y] = (png_bytep)(uintptr_t)(rows + y * row_bytes);
    png_write_image(png, pointers);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(pointers);
    return b;
}

blob make_jpeg(const uint8_t *pixels, int width, int height, int format, bool progressive)
{
    unsigned char *data = NULL;
    unsigned long size = 0;
    tjhandle handle = tjInitCompress();
    int subsampling = format == TJPF_GRAY ? TJSAMP_GRAY : TJSAMP_444;
    cr_assert_eq(tjCompress2(handle, pixels, width, 0, height, format, &data, &size, subsampling,
                             95, progressive ? TJFLAG_PROGRESSIVE : 0),
                 0, "%s", tjGetErrorStr2(handle));
    blob b = {0};
    blob_add(&b, data, size);
    tjFree(data);
    tjDestroy(handle);
    return b;
}

blob make_plain_jpeg(int width, int height, uint8_t red, uint8_t green, uint8_t blue)
{
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++) {
        pixels[3 * i] = red;
        pixels[3 * i + 1] = green;
        pixels[3 * i + 2] = blue;
    }
    blob b = make_jpeg(pixels, width, height, TJPF_RGB, false);
    free(pixels);
    return b;
}

/* ---- Arrays -------------------------------------------------------------------------------- */

blob make_npy_header(int version, const char *header)
{
    blob b = {0};
    uint32_t length = (uint32_t)strlen(header) + 1;
    blob_add(&b, "\x93NUMPY", 6);
    blob_add(&b, &(uint8_t[2]){(uint8_t)version, 0}, 2);
    if (version == 1)
        blob_add16(&b, length);
    else
        blob_add32(&b, length);
    blob_add_text(&b, header);
    blob_add_text(&b, "\n");
    return b;
}

blob make_npy(const char *descr, const char *shape, const void *data, size_t size)
{
    char header[256];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr,
             shape);
    blob b = make_npy_header(1, header);
    blob_add(&b, data, size);
    return b;
}

blob make_idx(uint8_t type, uint32_t rank, const uint32_t *dims, const void *data, size_t size)
{
    blob b = {0};
    blob_add(&b, &(uint8_t[4]){0, 0, type, (uint8_t)rank}, 4);
    for (uint32_t d = 0; d < rank; d++)
        blob_add32_big(&b, dims[d]);
    blob_add(&b, data, size);
    return b;
}

static blob deflate_with(const void *data, size_t size, int window_bits)
{
    z_stream z = {0};
    cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    blob b = {malloc(deflateBound(&z, size)), deflateBound(&z, size)};
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = b.data;
    z.avail_out = (uInt)b.size;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    b.size = z.total_out;
    deflateEnd(&z);
    return b;
}

blob make_gzip(const void *data, size_t size)
{
    return deflate_with(data, size, MAX_WBITS + 16);
}

blob make_deflated(const void *data, size_t size)
{
    return deflate_with(data, size, -MAX_WBITS);
}

zip_fixture make_member(const char *name, const void *data, size_t size, bool deflated)
{
    zip_fixture member = {.name = name, .method = deflated ? 8 : 0, .bytes = size};
    if (deflated)
        member.packed = make_deflated(data, size);
    else
        blob_add(&member.packed, data, size);
    member.packed_bytes = member.packed.size;
    member.crc32 = (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)size);
    return member;
}

void free_members(zip_fixture *members, size_t n)
{
    for (size_t i = 0; i < n; i++)
        blob_free(&members[i].packed);
}

static void add_entry(blob *directory, const zip_fixture *m, size_t offset)
{
    blob_add32(directory, 0x02014b50);
    blob_add16(directory, 45), blob_add16(directory, 45);
    blob_add16(directory, m->flags), blob_add16(directory, m->method);
    blob_add32(directory, 0), blob_add32(directory, m->crc32);
    blob_add32(directory, m->zip64 ? 0xffffffff : (uint32_t)m->packed_bytes);
    blob_add32(directory, m->zip64 ? 0xffffffff : (uint32_t)m->bytes);
    blob_add16(directory, (uint32_t)strlen(m->name)), blob_add16(directory, m->zip64 ? 32 : 0);
    blob_add16(directory, 0), blob_add16(directory, 0), blob_add16(directory, 0);
    blob_add32(directory, 0), blob_add32(directory, m->zip64 ? 0xffffffff : (uint32_t)offset);
    blob_add_text(directory, m->name);
    if (m->zip64) {
        blob_add32(directory, 0x7777); /* an empty field of another kind first */
        blob_add16(directory, 1), blob_add16(directory, 24);
        blob_add64(directory, m->bytes), blob_add64(directory, m->packed_bytes);
        blob_add64(directory, offset);
    }
}

blob make_zip(const zip_fixture *members, size_t n)
{
    blob b = {0}, directory = {0};
    bool zip64 = n && members[0].zip64;
    for (size_t i = 0; i < n; i++) {
        add_entry(&directory, &members[i], b.size);
        blob_add32(&b, 0x04034b50);
        for (int k = 0; k < 22; k++) /* the directory alone is believed */
            blob_add(&b, "\xff", 1);
        blob_add16(&b, (uint32_t)strlen(members[i].name)), blob_add16(&b, 0);
        blob_add_text(&b, members[i].name);
        blob_add(&b, members[i].packed.data, members[i].packed.size);
    }
    size_t offset = b.size;
    blob_add(&b, directory.data, directory.size);
    if (zip64) {
        size_t end64 = b.size;
        blob_add32(&b, 0x06064b50), blob_add64(&b, 44), blob_add32(&b, 45 | 45 << 16);
        blob_add32(&b, 0), blob_add32(&b, 0), blob_add64(&b, n), blob_add64(&b, n);
        blob_add64(&b, directory.size), blob_add64(&b, offset);
        blob_add32(&b, 0x07064b50), blob_add32(&b, 0), blob_add64(&b, end64), blob_add32(&b, 1);
    }
    blob_add32(&b, 0x06054b50), blob_add32(&b, 0);
    blob_add16(&b, zip64 ? 0xffff : (uint32_t)n), blob_add16(&b, zip64 ? 0xffff : (uint32_t)n);
    blob_add32(&b, zip64 ? 0xffffffff : (uint32_t)directory.size);
    blob_add32(&b, zip64 ? 0xffffffff : (uint32_t)offset);
    blob_add16(&b, 0);
    blob_free(&directory);
    return b;
}

blob make_cifar(uint32_t n, bool fine)
{
    blob b = {0};
    uint8_t pixels[3072];
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < sizeof pixels; k++)
            pixels[k] = (uint8_t)(i + k);
        if (fine)
            blob_add(&b, &(uint8_t[2]){(uint8_t)(i % 20), (uint8_t)(i % 100)}, 2);
        else
            blob_add(&b, &(uint8_t){(uint8_t)(i % 10)}, 1);
        blob_add(&b, pixels, sizeof pixels);
    }
    return b;
}
