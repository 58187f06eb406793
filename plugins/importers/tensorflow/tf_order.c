#include "tf_reader.h"

tf_order tf_order_plain(void)
{
    tf_order order;
    for (uint8_t i = 0; i < TF_MAX_RANK; i++)
        order.axis[i] = i;
    return order;
}

tf_order tf_order_first(uint32_t rank, bool channels_last)
{
    tf_order order = tf_order_plain();
    if (!channels_last || rank < 3)
        return order;
    order.axis[1] = (uint8_t)(rank - 1);
    for (uint32_t i = 2; i < rank; i++)
        order.axis[i] = (uint8_t)(i - 1);
    return order;
}

tf_shape tf_order_apply(const tf_order *order, const tf_shape *shape)
{
    tf_shape stored = {.rank = shape->rank};
    for (uint32_t i = 0; i < shape->rank; i++)
        stored.dims[i] = shape->dims[order->axis[i]];
    return stored;
}

bool tf_order_same(const tf_order *a, const tf_order *b, const tf_shape *shape)
{
    uint32_t i = 0, k = 0;
    for (;;) {
        while (i < shape->rank && shape->dims[a->axis[i]] == 1)
            i++;
        while (k < shape->rank && shape->dims[b->axis[k]] == 1)
            k++;
        if (i == shape->rank || k == shape->rank)
            return i == k;
        if (a->axis[i++] != b->axis[k++])
            return false;
    }
}

uint32_t tf_order_place(const tf_order *order, uint32_t rank, uint32_t axis)
{
    uint32_t place = 0;
    while (place < rank && order->axis[place] != axis)
        place++;
    return place;
}
