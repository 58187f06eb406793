#include "ops/move.h"

#include "ops/broadcast.h"

#include <string.h>

/* Constants may be mapped at any address: fixed-size memcpy is an unaligned load. */
#define MOVE_STEPPED(type)                                                                         \
    for (int64_t i = 0; i < n; i++)                                                                \
    memcpy(y + i * (int64_t)sizeof(type), x + i * step * (int64_t)sizeof(type), sizeof(type))

void amct_move(void *dst, int64_t to, const void *src, int64_t from, int64_t step, int64_t n,
               uint32_t bits)
{
    if (bits < 8) {
        for (int64_t i = 0; i < n; i++)
            amct_element_put_int(AMCT_UINT4, dst, to + i,
                                 amct_element_get_int(AMCT_UINT4, src, from + i * step));
        return;
    }
    int64_t size = bits / 8;
    char *y = (char *)dst + to * size;
    const char *x = (const char *)src + from * size;
    if (n <= 0)
        return;
    if (step == 1 || n == 1) {
        memcpy(y, x, (size_t)(n * size));
        return;
    }
    if (step == 0) {
        memcpy(y, x, (size_t)size);
        for (int64_t done = 1; done < n; done *= 2)
            memcpy(y + done * size, y, (size_t)((done < n - done ? done : n - done) * size));
        return;
    }
    switch (size) {
    case 1: MOVE_STEPPED(uint8_t); break;
    case 2: MOVE_STEPPED(uint16_t); break;
    case 4: MOVE_STEPPED(uint32_t); break;
    default: MOVE_STEPPED(uint64_t); break;
    }
}

/* dst[to + r * columns + c] = src[from + r + c * step]: in tiles, so that the cache lines of the
 * strided side are used up while they are there. */
static void transpose_plane(void *dst, int64_t to, const void *src, int64_t from, int64_t rows,
                            int64_t columns, int64_t step, uint32_t bits)
{
    enum { TILE = 32 };
    for (int64_t c0 = 0; c0 < columns; c0 += TILE) {
        int64_t n = columns - c0 < TILE ? columns - c0 : TILE;
        for (int64_t r = 0; r < rows; r++)
            amct_move(dst, to + r * columns + c0, src, from + r + c0 * step, step, n, bits);
    }
}

void amct_move_strided(const amct_value *dst, const amct_value *src, int64_t start,
                       const int64_t *strides)
{
    int64_t both[2][AMCT_MAX_RANK];
    const int64_t starts[2] = {0, start};
    uint32_t bits = amct_dtype_bits(dst->dtype);
    amct_walk w;
    amct_shape_strides(both[0], &dst->shape);
    memcpy(both[1], strides, (size_t)dst->shape.rank * sizeof *strides);
    amct_walk_strided(&w, &dst->shape, 2, (const int64_t(*)[AMCT_MAX_RANK])both, starts);
    int64_t rows = 0;
    if (!w.done && w.rank > 0 && w.strides[w.rank - 1][1] == 1)
        rows = w.dims[--w.rank];
    for (; !w.done; amct_walk_next(&w))
        if (rows)
            transpose_plane(dst->data, w.at[0], src->data, w.at[1], rows, w.run, w.step[1], bits);
        else
            amct_move(dst->data, w.at[0], src->data, w.at[1], w.step[1], w.run, bits);
}

void amct_move_all(const amct_value *dst, const amct_value *src)
{
    amct_move(dst->data, 0, src->data, 0, 1, amct_shape_size(&src->shape),
              amct_dtype_bits(src->dtype));
}
