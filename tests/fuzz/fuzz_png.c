/* PNG files of any bytes. Large pictures are left out: they take time and show nothing new. */
#include "data/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 24 || (uint64_t)get32(data + 16) * get32(data + 20) > 1 << 16)
        return 0;
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        amct_err err = {AMCT_OK, ""};
        amct_image image;
        uint32_t sum = 0;
        if (amct_png_decode(&image, data, size, channels, &err) != AMCT_OK) {
            if (!err.text[0])
                abort();
            continue;
        }
        for (size_t i = 0; i < (size_t)image.width * image.height * channels; i++)
            sum += image.pixels[i];
        if (image.channels != channels || sum == UINT32_MAX)
            abort();
        amct_image_free(&image);
    }
    return 0;
}
