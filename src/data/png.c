#include "data/image.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* One file being read. It lives outside of the frame that calls setjmp, so that its contents are
 * defined after longjmp. */
typedef struct png_job {
    const uint8_t *at;
    size_t left;
    png_structp png;
    png_infop info;
    amct_image image;
    png_bytepp rows;
    jmp_buf escape;
    char problem[128];
} png_job;

static void on_error(png_structp png, png_const_charp text)
{
    png_job *job = png_get_error_ptr(png);
    snprintf(job->problem, sizeof job->problem, "%s", text);
    longjmp(job->escape, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void read_bytes(png_structp png, png_bytep dst, size_t n)
{
    png_job *job = png_get_io_ptr(png);
    if (n > job->left)
        png_error(png, "the file is cut");
    memcpy(dst, job->at, n);
    job->at += n;
    job->left -= n;
}

/* The transformations that turn every colour type into 8-bit gray or RGB. */
static void set_transformations(png_structp png, png_infop info)
{
    int type = png_get_color_type(png, info);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    if (png_get_bit_depth(png, info) == 16)
        png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

/* Everything that may leave through longjmp. */
static amct_status read_pixels(png_job *job, amct_err *err)
{
    png_structp png = job->png;
    png_infop info = job->info;
    png_set_user_limits(png, AMCT_IMAGE_MAX_PIXELS, AMCT_IMAGE_MAX_PIXELS);
    png_set_chunk_cache_max(png, 64);
    png_set_chunk_malloc_max(png, 4 << 20);
    png_set_read_fn(png, job, read_bytes);
    png_read_info(png, info);
    uint32_t channels = png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
    AMCT_TRY(amct_image_allocate(&job->image, png_get_image_width(png, info),
                                 png_get_image_height(png, info), channels, err));
    set_transformations(png, info);
    size_t row_bytes = (size_t)job->image.width * channels;
    if (png_get_rowbytes(png, info) != row_bytes)
        return amct_fail(err, AMCT_E_FORMAT, "damaged PNG: unexpected row size");
    job->rows = malloc(job->image.height * sizeof *job->rows);
    if (!job->rows)
        return amct_fail_nomem(err);
    for (uint32_t y = 0; y < job->image.height; y++)
        job->rows[y] = job->image.pixels + y * row_bytes;
    png_read_image(png, job->rows);
    png_read_end(png, NULL);
    return AMCT_OK;
}

static amct_status read_guarded(png_job *job, amct_err *err)
{
    if (setjmp(job->escape))
        return amct_fail(err, AMCT_E_FORMAT, "damaged PNG: %s", job->problem);
    return read_pixels(job, err);
}

/* Changes 1 channel to 3 or back. */
static amct_status set_channels(amct_image *image, uint32_t channels, amct_err *err)
{
    size_t n = (size_t)image->width * image->height;
    if (image->channels == channels)
        return AMCT_OK;
    if (channels == 1) {
        amct_image_to_gray(image->pixels, image->pixels, n);
    } else {
        uint8_t *pixels = realloc(image->pixels, n * 3);
        if (!pixels)
            return amct_fail_nomem(err);
        image->pixels = pixels;
        for (size_t i = n; i-- > 0;) /* from the end: in place */
            pixels[3 * i] = pixels[3 * i + 1] = pixels[3 * i + 2] = pixels[i];
    }
    image->channels = channels;
    return AMCT_OK;
}

amct_status amct_png_decode(amct_image *out, const void *bytes, size_t size, uint32_t channels,
                            amct_err *err)
{
    png_job job = {.at = bytes, .left = size};
    job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
    job.info = job.png ? png_create_info_struct(job.png) : NULL;
    amct_status status = job.info ? read_guarded(&job, err) : amct_fail_nomem(err);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    free(job.rows);
    if (status == AMCT_OK)
        status = set_channels(&job.image, channels, err);
    if (status == AMCT_OK)
        *out = job.image;
    else
        amct_image_free(&job.image);
    return status;
}
