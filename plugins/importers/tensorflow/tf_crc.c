#include "tf_crc.h"

enum { POLYNOMIAL = (int)0x82f63b78u }; /* reflected */

void tf_crc_init(tf_crc *crc)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t v = i;
        for (int bit = 0; bit < 8; bit++)
            v = v >> 1 ^ (v & 1 ? (uint32_t)POLYNOMIAL : 0);
        crc->table[0][i] = v;
    }
    for (uint32_t k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t before = crc->table[k - 1][i];
            crc->table[k][i] = before >> 8 ^ crc->table[0][before & 0xff];
        }
}

uint32_t tf_crc_masked(const tf_crc *crc, wire_span bytes)
{
    uint32_t v = UINT32_MAX;
    const uint8_t *p = bytes.data;
    size_t n = bytes.size;
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t low = v ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                            (uint32_t)p[3] << 24);
        v = crc->table[7][low & 0xff] ^ crc->table[6][low >> 8 & 0xff] ^
            crc->table[5][low >> 16 & 0xff] ^ crc->table[4][low >> 24] ^ crc->table[3][p[4]] ^
            crc->table[2][p[5]] ^ crc->table[1][p[6]] ^ crc->table[0][p[7]];
    }
    for (; n; n--, p++)
        v = v >> 8 ^ crc->table[0][(v ^ *p) & 0xff];
    v = ~v;
    return (v >> 15 | v << 17) + 0xa282ead8u;
}
