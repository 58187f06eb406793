/*
 * tf_crc.h - CRC-32C (Castagnoli), which checkpoints keep of every tensor, in the masked form of
 * LevelDB: rotated, plus a constant.
 */
#ifndef TF_CRC_H
#define TF_CRC_H

#include "../common/wire_message.h"

/* Eight bytes at a time (M. E. Kounavis, F. L. Berry: Novel table lookup-based algorithms for
 * high-performance CRC generation, IEEE Trans. Computers 57, 2008). */
typedef struct tf_crc {
    uint32_t table[8][256];
} tf_crc;

void tf_crc_init(tf_crc *crc);
uint32_t tf_crc_masked(const tf_crc *crc, wire_span bytes);

#endif
