#include "data/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void amct_image_free(amct_image *image)
{
    free(image->pixels);
    *image = (amct_image){0};
}

bool amct_image_is_name(const char *name)
{
    static const char *const endings[] = {"jpg", "jpeg", "jpe", "jfif", "png",
                                          "bmp", "gif",  "tif", "tiff", "webp",
                                          "ppm", "pgm",  "jp2", "heic", "avif"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

void amct_image_to_gray(uint8_t *dst, const uint8_t *src, size_t n)
{
    /* 0.299, 0.587, 0.114 in 15 bits; they add up to 1 << 15 */
    for (size_t i = 0; i < n; i++, src += 3)
        dst[i] = (uint8_t)((src[0] * 9798u + src[1] * 19235u + src[2] * 3735u + (1u << 14)) >> 15);
}

amct_status amct_image_allocate(amct_image *out, uint64_t width, uint64_t height, uint32_t channels,
                                amct_err *err)
{
    if (width == 0 || height == 0)
        return amct_fail(err, AMCT_E_FORMAT, "an image without pixels");
    if (width > AMCT_IMAGE_MAX_PIXELS || height > AMCT_IMAGE_MAX_PIXELS / width)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "%llu x %llu pixels, more than 100 million are not read",
                         (unsigned long long)width, (unsigned long long)height);
    uint8_t *pixels = malloc((size_t)(width * height * channels));
    if (!pixels)
        return amct_fail_nomem(err);
    *out = (amct_image){(uint32_t)width, (uint32_t)height, channels, pixels};
    return AMCT_OK;
}

static bool starts_with(const void *bytes, size_t size, const char *magic, size_t n)
{
    return size >= n && memcmp(bytes, magic, n) == 0;
}

amct_status amct_image_decode(amct_image *out, const void *bytes, size_t size, uint32_t channels,
                              amct_err *err)
{
    if (starts_with(bytes, size, "\xff\xd8\xff", 3))
        return amct_jpeg_decode(out, bytes, size, channels, err);
    if (starts_with(bytes, size, "\x89PNG\r\n\x1a\n", 8))
        return amct_png_decode(out, bytes, size, channels, err);
    if (size == 0)
        return amct_fail(err, AMCT_E_FORMAT, "an empty file");
    return amct_fail(err, AMCT_E_UNSUPPORTED, "neither a JPEG nor a PNG file");
}
