#include "onnx_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct onnx_block {
    onnx_block *prev, *next;
};
_Static_assert(sizeof(onnx_block) == 16, "the header keeps the alignment");

static void *take(void *data, size_t size)
{
    onnx_memory *memory = data;
    onnx_block *block = NULL;
    if (size < SIZE_MAX - sizeof *block)
        block = memory->host->alloc(memory->host->ctx, sizeof *block + size, sizeof *block);
    if (!block) {
        memory->exhausted = true;
        return NULL;
    }
    *block = (onnx_block){NULL, memory->blocks};
    if (memory->blocks)
        memory->blocks->prev = block;
    memory->blocks = block;
    return block + 1;
}

static void give_back(void *data, void *pointer)
{
    if (!pointer)
        return;
    onnx_memory *memory = data;
    onnx_block *block = (onnx_block *)pointer - 1;
    if (block->next)
        block->next->prev = block->prev;
    if (block->prev)
        block->prev->next = block->next;
    else
        memory->blocks = block->next;
    memory->host->free(memory->host->ctx, block);
}

void onnx_memory_init(onnx_memory *memory, const amct_host *host)
{
    *memory = (onnx_memory){.host = host, .protobuf = {take, give_back, memory}};
}

void onnx_memory_clear(onnx_memory *memory)
{
    while (memory->blocks)
        give_back(memory, memory->blocks + 1);
}

void *onnx_alloc(onnx_memory *memory, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    void *data = take(memory, n * size);
    if (data)
        memset(data, 0, n * size);
    return data;
}

char *onnx_text(onnx_memory *memory, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : onnx_alloc(memory, (size_t)n + 1, 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}
