#include "data/image.h"
#include "unit/data_fixture.h"

#include <criterion/criterion.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

static amct_err err;

static amct_image decode(blob b, uint32_t channels)
{
    amct_image image;
    cr_assert_eq(amct_image_decode(&image, b.data, b.size, channels, &err), AMCT_OK, "%s",
                 err.text);
    cr_assert_eq(image.channels, channels);
    blob_free(&b);
    return image;
}

static void assert_refused(blob b, amct_status code, const char *words)
{
    amct_image image = {.width = 42};
    cr_assert_eq(amct_image_decode(&image, b.data, b.size, 3, &err), code, "%s", err.text);
    cr_assert_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    cr_assert_eq(image.width, 42);
    blob_free(&b);
}

/* The 20 x 11 picture whose value at y, x, c is 5 y + 2 x + 40 c. */
enum { WIDTH = 20, HEIGHT = 11 };

static uint8_t value_at(uint32_t y, uint32_t x, uint32_t c)
{
    return (uint8_t)(5 * y + 2 * x + 40 * c);
}

static uint8_t *make_pixels(uint32_t channels, uint32_t bytes)
{
    uint8_t *pixels = malloc((size_t)WIDTH * HEIGHT * channels * bytes), *p = pixels;
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            for (uint32_t c = 0; c < channels; c++)
                for (uint32_t b = 0; b < bytes; b++)
                    *p++ = b ? 0xfe : value_at(y, x, c);
    return pixels;
}

static void assert_pixels(amct_image *image, bool gray)
{
    cr_assert_eq(image->width, WIDTH);
    cr_assert_eq(image->height, HEIGHT);
    const uint8_t *p = image->pixels;
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            for (uint32_t c = 0; c < image->channels; c++, p++)
                cr_assert_eq(*p, value_at(y, x, gray ? 0 : c), "at %u %u %u: %u", y, x, c, *p);
    amct_image_free(image);
    cr_assert_null(image->pixels);
}

static blob make_test_png(int color_type, int depth, bool interlaced)
{
    uint32_t channels = color_type == PNG_COLOR_TYPE_RGB          ? 3
                        : color_type == PNG_COLOR_TYPE_RGBA       ? 4
                        : color_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                  : 1;
    uint8_t *pixels = make_pixels(channels, depth / 8);
    blob b = make_png(pixels, WIDTH, HEIGHT, depth, color_type, interlaced);
    free(pixels);
    return b;
}

Test(data_image, every_png_colour_type_is_read)
{
    static const int types[] = {PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA};
    static const int gray_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA};
    for (int depth = 8; depth <= 16; depth += 8)
        for (int interlaced = 0; interlaced < 2; interlaced++)
            for (int i = 0; i < 2; i++) {
                amct_image color = decode(make_test_png(types[i], depth, interlaced), 3);
                assert_pixels(&color, false);
                amct_image gray = decode(make_test_png(gray_types[i], depth, interlaced), 1);
                assert_pixels(&gray, true);
                gray = decode(make_test_png(gray_types[i], depth, interlaced), 3);
                assert_pixels(&gray, true);
            }
}

Test(data_image, palettes_and_packed_gray_are_expanded)
{
    const uint8_t rows[2] = {0xb0, 0x40}; /* 1011 and 0100, packed */
    amct_image image = decode(make_png(rows, 4, 2, 1, PNG_COLOR_TYPE_GRAY, false), 1);
    static const uint8_t bits[] = {255, 0, 255, 255, 0, 255, 0, 0};
    cr_assert_eq(memcmp(image.pixels, bits, sizeof bits), 0);
    amct_image_free(&image);
    image = decode(make_png(rows, 2, 2, 4, PNG_COLOR_TYPE_PALETTE, false), 3);
    static const uint8_t colors[] = {11, 244, 7, 0, 255, 7, 4, 251, 7, 0, 255, 7};
    cr_assert_eq(memcmp(image.pixels, colors, sizeof colors), 0);
    amct_image_free(&image);
}

Test(data_image, colour_becomes_gray_by_bt601)
{
    const uint8_t rows[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3};
    amct_image image = decode(make_png(rows, 5, 1, 8, PNG_COLOR_TYPE_RGB, false), 1);
    static const uint8_t gray[] = {76, 150, 29, 255, 2};
    cr_assert_eq(memcmp(image.pixels, gray, sizeof gray), 0);
    amct_image_free(&image);
}

Test(data_image, jpegs_are_read_in_colour_and_gray)
{
    for (int progressive = 0; progressive < 2; progressive++) {
        uint8_t *pixels = make_pixels(3, 1);
        amct_image image = decode(make_jpeg(pixels, WIDTH, HEIGHT, TJPF_RGB, progressive), 3);
        cr_assert_eq(image.width, WIDTH);
        cr_assert_eq(image.height, HEIGHT);
        for (size_t i = 0; i < WIDTH * HEIGHT * 3; i++)
            cr_assert(abs(image.pixels[i] - pixels[i]) < 12);
        amct_image_free(&image);
        free(pixels);
        pixels = make_pixels(1, 1);
        for (uint32_t channels = 1; channels <= 3; channels += 2) {
            image = decode(make_jpeg(pixels, WIDTH, HEIGHT, TJPF_GRAY, progressive), channels);
            for (size_t i = 0; i < WIDTH * HEIGHT * channels; i++)
                cr_assert(abs(image.pixels[i] - pixels[i / channels]) < 12);
            amct_image_free(&image);
        }
        free(pixels);
    }
}

Test(data_image, cmyk_is_named_not_guessed)
{
    uint8_t *pixels = make_pixels(4, 1);
    assert_refused(make_jpeg(pixels, WIDTH, HEIGHT, TJPF_CMYK, false), AMCT_E_UNSUPPORTED,
                   "CMYK JPEG");
    free(pixels);
}

Test(data_image, files_cut_anywhere_are_refused)
{
    uint8_t *pixels = make_pixels(3, 1);
    blob whole[] = {make_jpeg(pixels, WIDTH, HEIGHT, TJPF_RGB, false),
                    make_jpeg(pixels, WIDTH, HEIGHT, TJPF_RGB, true),
                    make_png(pixels, WIDTH, HEIGHT, 8, PNG_COLOR_TYPE_RGB, true)};
    for (int i = 0; i < 3; i++) {
        for (size_t n = 0; n < whole[i].size; n++) {
            blob part = {0};
            blob_add(&part, whole[i].data, n);
            amct_image image;
            amct_status status = amct_image_decode(&image, part.data, part.size, 3, &err);
            cr_assert(status == AMCT_E_FORMAT || status == AMCT_E_UNSUPPORTED, "file %d at %zu", i,
                      n);
            blob_free(&part);
        }
        blob_free(&whole[i]);
    }
    free(pixels);
}

Test(data_image, damage_within_a_file_is_noticed)
{
    blob b = make_test_png(PNG_COLOR_TYPE_RGB, 8, false);
    b.data[60] ^= 0x55;
    assert_refused(b, AMCT_E_FORMAT, "damaged PNG: ");
    uint8_t *pixels = malloc(64 * 64 * 3);
    for (size_t i = 0; i < 64 * 64 * 3; i++)
        pixels[i] = (uint8_t)(i * i >> 3);
    b = make_jpeg(pixels, 64, 64, TJPF_RGB, false);
    memset(b.data + b.size / 2, 0xff, 8); /* a marker within the picture */
    b.data[b.size / 2 + 8] = 0xd9;
    assert_refused(b, AMCT_E_FORMAT, "damaged JPEG: ");
    free(pixels);
}

Test(data_image, harmless_bytes_in_a_jpeg_are_forgiven)
{
    blob plain = make_plain_jpeg(32, 32, 10, 100, 200), padded = {0};
    blob_add(&padded, plain.data, plain.size - 2);
    blob_add(&padded, "\x00\x00\x00\xff\xd9", 5);
    amct_image image = decode(padded, 3), twin = decode(plain, 3);
    cr_assert_eq(memcmp(image.pixels, twin.pixels, 32 * 32 * 3), 0);
    amct_image_free(&image);
    amct_image_free(&twin);
}

Test(data_image, bombs_are_refused_before_memory_is_taken)
{
    blob b = make_test_png(PNG_COLOR_TYPE_GRAY, 8, false);
    /* width and height in the header, and its checksum */
    static const uint8_t bomb[] = {0, 0, 0x80, 0, 0, 0, 0x80, 0, 8, 0, 0, 0, 0};
    memcpy(b.data + 16, bomb, sizeof bomb);
    blob crc = make_gzip(b.data + 12, 17); /* gzip ends with the same checksum, little-endian */
    for (int i = 0; i < 4; i++)
        b.data[29 + i] = crc.data[crc.size - 5 - (size_t)i];
    blob_free(&crc);
    assert_refused(b, AMCT_E_UNSUPPORTED, "32768 x 32768 pixels, more than 100 million");
    b = make_plain_jpeg(16, 16, 0, 0, 0);
    for (size_t i = 0; i + 8 < b.size; i++)
        if (b.data[i] == 0xff && b.data[i + 1] == 0xc0)
            memset(b.data + i + 5, 0xf0, 4);
    assert_refused(b, AMCT_E_UNSUPPORTED, "61680 x 61680 pixels, more than 100 million");
}

Test(data_image, other_files_are_no_images)
{
    blob b = {0};
    blob_add(&b, "", 0);
    assert_refused(b, AMCT_E_FORMAT, "an empty file");
    b = (blob){0};
    blob_add_text(&b, "GIF89a..........");
    assert_refused(b, AMCT_E_UNSUPPORTED, "neither a JPEG nor a PNG file");
    cr_assert(amct_image_is_name("a.b/c.JPEG"));
    cr_assert(amct_image_is_name("x.Png"));
    cr_assert(amct_image_is_name("x.webp"));
    cr_assert_not(amct_image_is_name("x.txt"));
    cr_assert_not(amct_image_is_name("jpg"));
}
