#include "caffe_memory.h"

#include <string.h>

static void *take(void *memory, size_t size)
{
    return import_alloc(memory, size, 1);
}

static void keep(void *memory, void *pointer)
{
    (void)memory, (void)pointer; /* freed with all the rest */
}

ProtobufCAllocator caffe_protobuf(import_memory *memory)
{
    return (ProtobufCAllocator){take, keep, memory};
}

bool caffe_grow(import_memory *memory, void *items, size_t n, size_t size)
{
    void *old, *bigger;
    if (n && (n < 4 || (n & (n - 1))))
        return true;
    bigger = import_alloc(memory, n ? 2 * n : 4, size);
    if (!bigger)
        return false;
    memcpy(&old, items, sizeof old);
    if (n)
        memcpy(bigger, old, n * size);
    memcpy(items, &bigger, sizeof bigger);
    return true;
}
