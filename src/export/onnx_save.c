#include "export/onnx_save.h"

#include "base/file.h"
#include "base/writer.h"
#include "export/onnx_pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Constants from this size on can be external; each begins at a page, so that it can be mapped. */
enum { EXTERNAL_BYTES = 1024, EXTERNAL_ALIGN = 4096 };

/* Length-delimited fields: number << 3 | 2. */
enum { MODEL_GRAPH = 7 << 3 | 2, GRAPH_INITIALIZER = 5 << 3 | 2, TENSOR_RAW_DATA = 9 << 3 | 2 };

static uint64_t field_bytes(uint64_t size)
{
    uint64_t n = 2;
    for (uint64_t rest = size >> 7; rest; rest >>= 7)
        n++;
    return n + size;
}

static void put_field(amct_writer *writer, int tag, uint64_t size)
{
    uint8_t bytes[11] = {(uint8_t)tag};
    size_t n = 1;
    for (; size >= 128; size >>= 7)
        bytes[n++] = (uint8_t)(size | 128);
    bytes[n++] = (uint8_t)size;
    amct_writer_put(writer, bytes, n);
}

/* protobuf-c packs into a buffer of the caller's: here the writer. */
typedef struct sink {
    ProtobufCBuffer base;
    amct_writer *writer;
} sink;

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data)
{
    amct_writer_put(((sink *)buffer)->writer, data, size);
}

static void put_message(amct_writer *writer, const void *message)
{
    sink to = {{append}, writer};
    protobuf_c_message_pack_to_buffer(message, &to.base);
}

static uint64_t message_bytes(const void *message)
{
    return protobuf_c_message_get_packed_size(message);
}

static bool is_external(const Onnx__TensorProto *tensor)
{
    return tensor->has_data_location;
}

static uint64_t constant_bytes(const amct_onnx_pack *pack, const amct_graph *graph, uint32_t i)
{
    uint64_t raw = graph->tensors[pack->ids[i]].bytes;
    return message_bytes(&pack->constants[i]) +
           (is_external(&pack->constants[i]) ? 0 : field_bytes(raw));
}

static uint64_t graph_bytes(const amct_onnx_pack *pack, const amct_graph *graph)
{
    uint64_t size = message_bytes(&pack->nodes) + message_bytes(&pack->values);
    for (uint32_t i = 0; i < pack->n_constants; i++)
        size += field_bytes(constant_bytes(pack, graph, i));
    return size;
}

static uint64_t model_bytes(const amct_onnx_pack *pack, const amct_graph *graph)
{
    return message_bytes(&pack->head) + field_bytes(graph_bytes(pack, graph)) +
           message_bytes(&pack->tail);
}

/* ---- Constants in a file of their own ------------------------------------------------------- */

static amct_status refer(Onnx__TensorProto *to, amct_arena *arena, const char *location,
                         uint64_t offset, uint64_t length, amct_err *err)
{
    enum { N = 3 };
    const char *keys[N] = {"location", "offset", "length"};
    char *values[N] = {amct_arena_string(arena, location),
                       amct_arena_printf(arena, "%" PRIu64, offset),
                       amct_arena_printf(arena, "%" PRIu64, length)};
    Onnx__StringStringEntryProto *entries = amct_arena_array(arena, N, sizeof *entries);
    to->external_data = amct_arena_array(arena, N, sizeof *to->external_data);
    if (!values[0] || !values[1] || !values[2] || !entries || !to->external_data)
        return amct_fail_nomem(err);
    for (int i = 0; i < N; i++) {
        entries[i] = (Onnx__StringStringEntryProto)ONNX__STRING_STRING_ENTRY_PROTO__INIT;
        entries[i].key = (char *)keys[i];
        entries[i].value = values[i];
        to->external_data[i] = &entries[i];
    }
    to->n_external_data = N;
    to->has_data_location = true;
    to->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    return AMCT_OK;
}

static amct_status save_external(const amct_onnx_file *file, amct_onnx_pack *pack,
                                 amct_arena *arena, const amct_graph *graph, amct_err *err)
{
    char *path = amct_path_join(file->folder, file->external);
    amct_writer *writer = NULL;
    amct_status status = path ? amct_writer_new(&writer, path, err) : amct_fail_nomem(err);
    for (uint32_t i = 0; status == AMCT_OK && i < pack->n_constants; i++) {
        const amct_tensor *tensor = &graph->tensors[pack->ids[i]];
        if (tensor->bytes < EXTERNAL_BYTES)
            continue;
        amct_writer_align(writer, EXTERNAL_ALIGN);
        status = refer(&pack->constants[i], arena, file->external, amct_writer_size(writer),
                       tensor->bytes, err);
        if (status == AMCT_OK)
            amct_writer_put(writer, tensor->data, tensor->bytes);
    }
    if (status == AMCT_OK)
        status = amct_writer_commit(writer, err);
    else
        amct_writer_free(writer);
    free(path);
    return status;
}

/* ---- The file ------------------------------------------------------------------------------- */

static amct_status save_model(const amct_onnx_file *file, const amct_onnx_pack *pack,
                              const amct_graph *graph, amct_err *err)
{
    char *path = amct_path_join(file->folder, file->name);
    amct_writer *writer;
    amct_status status = path ? amct_writer_new(&writer, path, err) : amct_fail_nomem(err);
    free(path);
    AMCT_TRY(status);
    put_message(writer, &pack->head);
    put_field(writer, MODEL_GRAPH, graph_bytes(pack, graph));
    put_message(writer, &pack->nodes);
    for (uint32_t i = 0; i < pack->n_constants; i++) {
        const amct_tensor *tensor = &graph->tensors[pack->ids[i]];
        put_field(writer, GRAPH_INITIALIZER, constant_bytes(pack, graph, i));
        put_message(writer, &pack->constants[i]);
        if (is_external(&pack->constants[i]))
            continue;
        put_field(writer, TENSOR_RAW_DATA, tensor->bytes);
        amct_writer_put(writer, tensor->data, tensor->bytes);
    }
    put_message(writer, &pack->values);
    put_message(writer, &pack->tail);
    return amct_writer_commit(writer, err);
}

amct_status amct_onnx_save(const amct_onnx_file *file, const amct_graph *graph, amct_err *err)
{
    amct_onnx_pack pack;
    amct_arena *arena = amct_arena_new();
    if (!arena)
        return amct_fail_nomem(err);
    amct_status status = amct_onnx_pack_graph(&pack, arena, graph, file->free_batch, err);
    if (status == AMCT_OK && model_bytes(&pack, graph) > file->max_bytes) {
        status = save_external(file, &pack, arena, graph, err);
        if (status == AMCT_OK && model_bytes(&pack, graph) > file->max_bytes)
            status = amct_fail(err, AMCT_E_LIMIT,
                               "%" PRIu64 " bytes without the large constants are more than the "
                               "%" PRIu64 " that an ONNX file may have",
                               model_bytes(&pack, graph), file->max_bytes);
    }
    if (status == AMCT_OK)
        status = save_model(file, &pack, graph, err);
    amct_arena_free(arena);
    return status == AMCT_OK ? AMCT_OK : amct_fail_in(err, "%s", file->name);
}
