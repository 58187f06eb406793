/* JPEG files of any bytes. Large pictures are left out: they take time and show nothing new. */
#include "data/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

/* Whether some frame header speaks of many pixels. */
static int is_large(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 9 < size; i++)
        if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xcf &&
            get16(data + i + 5) * get16(data + i + 7) > 1 << 16)
            return 1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (is_large(data, size))
        return 0;
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        amct_err err = {AMCT_OK, ""};
        amct_image image;
        if (amct_jpeg_decode(&image, data, size, channels, &err) == AMCT_OK)
            amct_image_free(&image);
        else if (!err.text[0])
            abort();
    }
    return 0;
}
