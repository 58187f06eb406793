/*
 * caffe_memory.h - the importer's memory behind protobuf-c, and in protobuf-c's lists.
 */
#ifndef CAFFE_MEMORY_H
#define CAFFE_MEMORY_H

#include "../common/import_memory.h"

#include <protobuf-c/protobuf-c.h>

/* What protobuf-c unpacks lives until memory is cleared. */
ProtobufCAllocator caffe_protobuf(import_memory *memory);

/* A list that grows: *items, of which n are used, has room for one more of size bytes afterwards.
 * False when out of memory. Capacities are powers of two from 4 on. */
bool caffe_grow(import_memory *memory, void *items, size_t n, size_t size);

#endif
