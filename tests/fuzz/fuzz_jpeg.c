/* JPEG files of any bytes. Large pictures are left out: they take time and show nothing new. */
#include "data/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether some frame header speaks of many pixels. */
static int is_large(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 9 < size; i++)
        if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xcf &&
            (data[i + 5] << 8 | data[i + 6]) * (data[i + 7] << 8 | data[i + 8]) > 1 << 16)
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
