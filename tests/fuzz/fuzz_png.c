/* PNG files of any bytes, but for right checksums, or few would be looked into. Large pictures are
 * left out: they take time and show nothing new. */
#include "data/image.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void mend_checksums(uint8_t *data, size_t size)
{
    for (size_t at = 8; size - at >= 12;) {
        size_t length = get32(data + at);
        if (length > size - at - 12)
            break;
        uint8_t *end = data + at + 8 + length;
        uint32_t sum = (uint32_t)crc32_z(0, data + at + 4, length + 4);
        for (int i = 0; i < 4; i++)
            end[i] = (uint8_t)(sum >> (24 - 8 * i));
        at += 12 + length;
    }
}

static void decode(const uint8_t *data, size_t size, uint32_t channels)
{
    amct_err err = {AMCT_OK, ""};
    amct_image image;
    uint32_t sum = 0;
    if (amct_png_decode(&image, data, size, channels, &err) != AMCT_OK) {
        if (!err.text[0])
            abort();
        return;
    }
    for (size_t i = 0; i < (size_t)image.width * image.height * channels; i++)
        sum += image.pixels[i];
    if (image.channels != channels || sum == UINT32_MAX)
        abort();
    amct_image_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 24 || (uint64_t)get32(data + 16) * get32(data + 20) > 1 << 16)
        return 0;
    uint8_t *copy = malloc(size);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    mend_checksums(copy, size);
    decode(copy, size, 1);
    decode(copy, size, 3);
    free(copy);
    return 0;
}
