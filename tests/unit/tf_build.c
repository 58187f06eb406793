#include "unit/tf_build.h"

#include <stdlib.h>
#include <string.h>

/* ---- Nodes --------------------------------------------------------------------------------- */

void tb_begin(tf_build *b)
{
    *b = (tf_build){0};
}

void tb_end(tf_build *b)
{
    wb_free(&b->graph);
    wb_free(&b->library);
    wb_free(&b->node);
    wb_free(&b->function);
    wb_free(&b->file);
}

static void flush(tf_build *b)
{
    if (b->node.size)
        wb_message(b->in_function ? &b->function : &b->graph, b->in_function ? 3 : 1, &b->node);
}

void tb_node(tf_build *b, const char *op, const char *name, const char *src)
{
    flush(b);
    wb_text(&b->node, 1, name);
    wb_text(&b->node, 2, op);
    for (size_t n; (n = wb_next_word(&src)) > 0; src += n)
        wb_field(&b->node, 3, src, n);
}

static void attr(tf_build *b, const char *name, wb_bytes *value)
{
    wb_bytes entry = {0};
    wb_text(&entry, 1, name);
    wb_message(&entry, 2, value);
    wb_message(&b->node, 5, &entry);
}

void tb_int(tf_build *b, const char *name, int64_t i)
{
    wb_bytes value = {0};
    wb_int(&value, 3, (uint64_t)i);
    attr(b, name, &value);
}

void tb_float(tf_build *b, const char *name, float f)
{
    wb_bytes value = {0};
    wb_varint(&value, 4 << 3 | 5);
    wb_append(&value, &f, sizeof f);
    attr(b, name, &value);
}

void tb_bool(tf_build *b, const char *name, bool flag)
{
    wb_bytes value = {0};
    wb_int(&value, 5, flag);
    attr(b, name, &value);
}

void tb_text(tf_build *b, const char *name, const char *text)
{
    wb_bytes value = {0};
    wb_text(&value, 2, text);
    attr(b, name, &value);
}

void tb_type(tf_build *b, const char *name, int type)
{
    wb_bytes value = {0};
    wb_int(&value, 6, (uint64_t)type);
    attr(b, name, &value);
}

static void put_shape(wb_bytes *to, uint32_t number, int rank, const int64_t *dims)
{
    wb_bytes shape = {0};
    for (int i = 0; i < rank; i++) {
        wb_bytes dim = {0};
        wb_int(&dim, 1, (uint64_t)dims[i]);
        wb_message(&shape, 2, &dim);
    }
    if (rank < 0)
        wb_int(&shape, 3, 1);
    wb_message(to, number, &shape);
}

void tb_shape(tf_build *b, const char *name, int rank, const int64_t *dims)
{
    wb_bytes value = {0};
    put_shape(&value, 7, rank, dims);
    attr(b, name, &value);
}

void tb_ints(tf_build *b, const char *name, int n, const int64_t *ints)
{
    wb_bytes list = {0}, packed = {0}, value = {0};
    for (int i = 0; i < n; i++)
        wb_varint(&packed, (uint64_t)ints[i]);
    wb_message(&list, 3, &packed);
    wb_message(&value, 1, &list);
    attr(b, name, &value);
}

void tb_func(tf_build *b, const char *name, const char *function)
{
    wb_bytes inner = {0}, value = {0};
    wb_text(&inner, 1, function);
    wb_message(&value, 10, &inner);
    attr(b, name, &value);
}

void tb_tensor(tf_build *b, const char *name, int type, int rank, const int64_t *dims,
               const void *data, size_t size)
{
    wb_bytes tensor = {0}, value = {0};
    wb_int(&tensor, 1, (uint64_t)type);
    put_shape(&tensor, 2, rank, dims);
    wb_field(&tensor, 4, data, size);
    wb_message(&value, 8, &tensor);
    attr(b, name, &value);
}

void tb_texts(tf_build *b, const char *name, const char *texts)
{
    wb_bytes tensor = {0}, value = {0}, list = {0};
    int64_t count = 0;
    for (size_t n; (n = wb_next_word(&texts)) > 0; texts += n, count++)
        wb_field(&list, 8, texts, n);
    wb_int(&tensor, 1, 7);
    put_shape(&tensor, 2, 1, &count);
    wb_append(&tensor, list.data, list.size);
    wb_free(&list);
    wb_message(&value, 8, &tensor);
    attr(b, name, &value);
}

void tb_input(tf_build *b, const char *name, int rank, const int64_t *dims)
{
    tb_node(b, "Placeholder", name, "");
    tb_type(b, "dtype", 1);
    tb_shape(b, "shape", rank, dims);
}

void tb_floats(tf_build *b, const char *name, int rank, const int64_t *dims, const float *numbers)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    tb_node(b, "Const", name, "");
    tb_type(b, "dtype", 1);
    tb_tensor(b, "value", 1, rank, dims, numbers, count * sizeof *numbers);
}

void tb_ramp(tf_build *b, const char *name, int rank, const int64_t *dims)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    float *numbers = malloc((count + 1) * sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)(i + 1) / 16;
    tb_floats(b, name, rank, dims, numbers);
    free(numbers);
}

void tb_list(tf_build *b, const char *name, int n, const int32_t *numbers)
{
    const int64_t count = n;
    tb_node(b, "Const", name, "");
    tb_type(b, "dtype", 3);
    tb_tensor(b, "value", 3, 1, &count, numbers, (size_t)n * sizeof *numbers);
}

void tb_scalar(tf_build *b, const char *name, int32_t number)
{
    tb_node(b, "Const", name, "");
    tb_type(b, "dtype", 3);
    tb_tensor(b, "value", 3, 0, NULL, &number, sizeof number);
}

void tb_variable(tf_build *b, const char *name, int rank, const int64_t *dims)
{
    tb_node(b, "VarHandleOp", name, "");
    tb_type(b, "dtype", 1);
    tb_shape(b, "shape", rank, dims);
}

/* ---- Functions and files ------------------------------------------------------------------- */

static void put_args(wb_bytes *signature, uint32_t number, const char *names)
{
    for (size_t n; (n = wb_next_word(&names)) > 0; names += n) {
        wb_bytes arg = {0};
        const char *end = memchr(names, '=', n);
        wb_field(&arg, 1, names, end ? (size_t)(end - names) : n);
        wb_message(signature, number, &arg);
    }
}

/* Entries "key=value" of a map of texts; wrap: the value is a message whose field 1 is the text. */
static void put_map(wb_bytes *to, uint32_t number, const char *pairs, bool wrap)
{
    for (size_t n; (n = wb_next_word(&pairs)) > 0; pairs += n) {
        wb_bytes entry = {0}, value = {0};
        const char *equals = memchr(pairs, '=', n);
        size_t key = (size_t)(equals - pairs);
        wb_field(&entry, 1, pairs, key);
        wb_field(wrap ? &value : &entry, wrap ? 1 : 2, equals + 1, n - key - 1);
        if (wrap)
            wb_message(&entry, 2, &value);
        wb_message(to, number, &entry);
    }
}

void tb_function(tf_build *b, const char *name, const char *args, const char *results)
{
    wb_bytes signature = {0};
    flush(b);
    wb_text(&signature, 1, name);
    put_args(&signature, 2, args);
    put_args(&signature, 3, results);
    wb_message(&b->function, 1, &signature);
    put_map(&b->function, 4, results, false);
    b->in_function = true;
}

void tb_function_end(tf_build *b)
{
    flush(b);
    wb_message(&b->library, 1, &b->function);
    b->in_function = false;
}

const wb_bytes *tb_frozen(tf_build *b)
{
    flush(b);
    wb_free(&b->file);
    wb_append(&b->file, b->graph.data, b->graph.size);
    if (b->library.size)
        wb_field(&b->file, 2, b->library.data, b->library.size);
    return &b->file;
}

const wb_bytes *tb_saved(tf_build *b, const char *signature, const char *src, const char *dst,
                         const char *restore)
{
    wb_bytes meta = {0}, info = {0}, saver = {0}, entry = {0}, ports = {0};
    wb_text(&info, 4, "serve");
    wb_text(&info, 5, "2.21.0");
    wb_message(&meta, 1, &info);
    tb_frozen(b);
    wb_message(&meta, 2, &b->file);
    wb_text(&saver, 3, restore);
    wb_message(&meta, 3, &saver);
    put_map(&ports, 1, src, true);
    put_map(&ports, 2, dst, true);
    wb_text(&entry, 1, signature);
    wb_message(&entry, 2, &ports);
    wb_message(&meta, 5, &entry);
    wb_int(&b->file, 1, 1);
    wb_message(&b->file, 2, &meta);
    return &b->file;
}

/* ---- Checkpoints --------------------------------------------------------------------------- */

static void put_row(wb_bytes *block, const char *key, wb_bytes *value)
{
    wb_varint(block, 0); /* nothing shared with the key before */
    wb_varint(block, strlen(key));
    wb_varint(block, value->size);
    wb_append(block, key, strlen(key));
    wb_append(block, value->data, value->size);
    wb_free(value);
}

/* The block's bytes and its trailer; its handle goes to *handle. */
static void put_block(wb_bytes *file, wb_bytes *block, uint8_t type, wb_bytes *handle)
{
    const uint8_t trailer[5] = {type};
    wb_varint(handle, file->size);
    wb_varint(handle, block->size);
    wb_append(file, block->data, block->size);
    wb_append(file, trailer, sizeof trailer);
    wb_free(block);
}

static void put_restarts(wb_bytes *block)
{
    const uint32_t restarts[2] = {0, 1};
    wb_append(block, restarts, sizeof restarts);
}

/* As literals of up to 60 bytes; the last 4 bytes but one 4 are said as a copy, if they repeat. */
static void pack(wb_bytes *block)
{
    wb_bytes packed = {0};
    wb_varint(&packed, block->size);
    for (size_t at = 0; at < block->size;) {
        size_t n = block->size - at < 60 ? block->size - at : 60;
        if (at >= 8 && n >= 4 && memcmp(block->data + at, block->data + at - 8, 4) == 0) {
            const uint8_t copy[2] = {1, 8}; /* 4 bytes from 8 before */
            wb_append(&packed, copy, sizeof copy);
            at += 4;
            continue;
        }
        n = n > 8 ? 8 : n;
        uint8_t tag = (uint8_t)((n - 1) << 2);
        wb_append(&packed, &tag, 1);
        wb_append(&packed, block->data + at, n);
        at += n;
    }
    wb_free(block);
    *block = packed;
}

void tb_index(wb_bytes *out, const tb_entry *entries, size_t n, int n_shards, bool snappy)
{
    wb_bytes block = {0}, value = {0}, handle = {0}, index = {0}, footer = {0};
    static const uint8_t magic[8] = {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb};
    *out = (wb_bytes){0};
    wb_int(&value, 1, (uint64_t)n_shards);
    put_row(&block, "", &value);
    for (size_t i = 0; i < n; i++) {
        const tb_entry *e = &entries[i];
        wb_int(&value, 1, (uint64_t)e->type);
        put_shape(&value, 2, e->rank, e->dims);
        wb_int(&value, 3, (uint64_t)e->shard);
        wb_int(&value, 4, e->offset);
        wb_int(&value, 5, e->size);
        if (e->crc) {
            wb_varint(&value, 6 << 3 | 5);
            wb_append(&value, &e->crc, sizeof e->crc);
        }
        put_row(&block, e->key, &value);
    }
    put_restarts(&block);
    if (snappy)
        pack(&block);
    put_block(out, &block, snappy, &handle);
    put_row(&index, "~", &handle);
    put_restarts(&index);
    wb_varint(&footer, 0);
    wb_varint(&footer, 0); /* no meta index, which nobody reads */
    put_block(out, &index, 0, &footer);
    while (footer.size < 40)
        wb_append(&footer, "", 1);
    wb_append(&footer, magic, sizeof magic);
    wb_append(out, footer.data, footer.size);
    wb_free(&footer);
}
