#include "unit/caffe_file.h"

#include <stdlib.h>
#include <string.h>

static void put(caffe_file *file, const void *data, size_t size)
{
    file->data = realloc(file->data, file->size + size + 1);
    if (!file->data)
        abort();
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static void put_varint(caffe_file *file, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    put(file, bytes, n);
}

void caffe_put_bytes(caffe_file *file, uint32_t field, const void *data, size_t size)
{
    put_varint(file, field << 3 | 2);
    put_varint(file, size);
    put(file, data, size);
}

void caffe_put_number(caffe_file *file, uint32_t field, uint64_t value)
{
    put_varint(file, field << 3);
    put_varint(file, value);
}

void caffe_file_free(caffe_file *file)
{
    free(file->data);
    *file = (caffe_file){0};
}

static void put_blob(caffe_file *layer, const caffe_numbers *blob)
{
    caffe_file message = {0}, dims = {0}, shape = {0};
    int rank = blob->rank < 0 ? 4 : blob->rank;
    size_t count = 1;
    for (int i = 0; i < rank; i++) {
        count *= (size_t)blob->dims[i];
        if (blob->rank < 0)
            caffe_put_number(&message, (uint32_t)i + 1, (uint64_t)blob->dims[i]);
        else
            put_varint(&dims, (uint64_t)blob->dims[i]);
    }
    if (blob->rank >= 0) {
        caffe_put_bytes(&shape, 1, dims.data ? dims.data : (void *)"", dims.size);
        caffe_put_bytes(&message, 7, shape.data, shape.size);
    }
    caffe_put_bytes(&message, 5, blob->values, count * sizeof(float));
    caffe_put_bytes(layer, 7, message.data, message.size);
    caffe_file_free(&message), caffe_file_free(&dims), caffe_file_free(&shape);
}

void caffe_put_layer(caffe_file *file, const char *name, const caffe_numbers *blobs, int n)
{
    caffe_file layer = {0};
    caffe_put_bytes(&layer, 1, name, strlen(name));
    for (int i = 0; i < n; i++)
        put_blob(&layer, &blobs[i]);
    caffe_put_bytes(file, 100, layer.data, layer.size);
    caffe_file_free(&layer);
}
