#include "data/image.h"

#include <stdbool.h>
#include <string.h>
#include <turbojpeg.h>

/* libjpeg tells of its first warning alone. Bytes between segments, which some programs leave, harm
 * nothing; but only a file that has its end is sure not to be cut as well. */
static bool is_harmless(const char *warning, const uint8_t *bytes, size_t size)
{
    return strstr(warning, "extraneous bytes") && size >= 2 && bytes[size - 2] == 0xff &&
           bytes[size - 1] == 0xd9;
}

static amct_status fail_jpeg(tjhandle handle, amct_err *err)
{
    return amct_fail(err, AMCT_E_FORMAT, "damaged JPEG: %s", tjGetErrorStr2(handle));
}

static amct_status read_header(tjhandle handle, amct_image *out, const void *bytes, size_t size,
                               uint32_t channels, amct_err *err)
{
    int width, height, subsampling, space;
    if (tjDecompressHeader3(handle, bytes, size, &width, &height, &subsampling, &space) != 0 &&
        tjGetErrorCode(handle) != TJERR_WARNING)
        return fail_jpeg(handle, err);
    if (space == TJCS_CMYK || space == TJCS_YCCK)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "a CMYK JPEG: convert it to RGB");
    if (width < 0 || height < 0)
        return amct_fail(err, AMCT_E_FORMAT, "damaged JPEG: negative size");
    return amct_image_allocate(out, (uint64_t)width, (uint64_t)height, channels, err);
}

static amct_status decode_pixels(tjhandle handle, amct_image *image, const void *bytes, size_t size,
                                 amct_err *err)
{
    /* progressive files could otherwise ask for any number of passes over the picture */
    int flags = TJFLAG_LIMITSCANS, format = image->channels == 1 ? TJPF_GRAY : TJPF_RGB;
    if (tjDecompress2(handle, bytes, size, image->pixels, (int)image->width, 0, (int)image->height,
                      format, flags) == 0)
        return AMCT_OK;
    if (tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(tjGetErrorStr2(handle), bytes, size))
        return AMCT_OK;
    return fail_jpeg(handle, err);
}

amct_status amct_jpeg_decode(amct_image *out, const void *bytes, size_t size, uint32_t channels,
                             amct_err *err)
{
    amct_image image = {0};
    tjhandle handle = tjInitDecompress();
    if (!handle)
        return amct_fail_nomem(err);
    amct_status status = read_header(handle, &image, bytes, size, channels, err);
    if (status == AMCT_OK)
        status = decode_pixels(handle, &image, bytes, size, err);
    tjDestroy(handle);
    if (status == AMCT_OK)
        *out = image;
    else
        amct_image_free(&image);
    return status;
}
