#include "unit/wire_bytes.h"

#include <stdlib.h>
#include <string.h>

void wb_append(wb_bytes *to, const void *data, size_t size)
{
    if (size > to->cap - to->size) {
        to->cap = 2 * to->cap + size;
        to->data = realloc(to->data, to->cap);
        if (!to->data)
            abort();
    }
    if (size)
        memcpy(to->data + to->size, data, size);
    to->size += size;
}

void wb_varint(wb_bytes *to, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        wb_append(to, &byte, 1);
        value >>= 7;
    } while (value);
}

void wb_int(wb_bytes *to, uint32_t number, uint64_t value)
{
    wb_varint(to, number << 3);
    wb_varint(to, value);
}

void wb_field(wb_bytes *to, uint32_t number, const void *data, size_t size)
{
    wb_varint(to, number << 3 | 2);
    wb_varint(to, size);
    wb_append(to, data, size);
}

void wb_text(wb_bytes *to, uint32_t number, const char *text)
{
    wb_field(to, number, text, strlen(text));
}

void wb_free(wb_bytes *bytes)
{
    free(bytes->data);
    *bytes = (wb_bytes){0};
}

void wb_message(wb_bytes *to, uint32_t number, wb_bytes *message)
{
    wb_field(to, number, message->data, message->size);
    wb_free(message);
}

size_t wb_next_word(const char **at)
{
    *at += strspn(*at, " ");
    return strcspn(*at, " ");
}
