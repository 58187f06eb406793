#include "unit/tf_build.h"

#include <stdlib.h>
#include <string.h>

/* ---- Bytes --------------------------------------------------------------------------------- */

void tb_append(tb_bytes *to, const void *data, size_t size)
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

void tb_varint(tb_bytes *to, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        tb_append(to, &byte, 1);
        value >>= 7;
    } while (value);
}

void tb_int_field(tb_bytes *to, uint32_t number, uint64_t value)
{
    tb_varint(to, number << 3);
    tb_varint(to, value);
}

void tb_bytes_field(tb_bytes *to, uint32_t number, const void *data, size_t size)
{
    tb_varint(to, number << 3 | 2);
    tb_varint(to, size);
    tb_append(to, data, size);
}

void tb_text_field(tb_bytes *to, uint32_t number, const char *text)
{
    tb_bytes_field(to, number, text, strlen(text));
}

void tb_free(tb_bytes *bytes)
{
    free(bytes->data);
    *bytes = (tb_bytes){0};
}

/* Field `number` with the message, which is emptied. */
static void put(tb_bytes *to, uint32_t number, tb_bytes *message)
{
    tb_bytes_field(to, number, message->data, message->size);
    tb_free(message);
}

/* The next of words separated by spaces: its length, 0 at the end. */
static size_t next_word(const char **at)
{
    *at += strspn(*at, " ");
    return strcspn(*at, " ");
}

/* ---- Nodes --------------------------------------------------------------------------------- */

void tb_begin(tf_build *b)
{
    *b = (tf_build){0};
}

void tb_end(tf_build *b)
{
    tb_free(&b->graph);
    tb_free(&b->library);
    tb_free(&b->node);
    tb_free(&b->function);
    tb_free(&b->file);
}

static void flush(tf_build *b)
{
    if (b->node.size)
        put(b->in_function ? &b->function : &b->graph, b->in_function ? 3 : 1, &b->node);
}

void tb_node(tf_build *b, const char *op, const char *name, const char *src)
{
    flush(b);
    tb_text_field(&b->node, 1, name);
    tb_text_field(&b->node, 2, op);
    for (size_t n; (n = next_word(&src)) > 0; src += n)
        tb_bytes_field(&b->node, 3, src, n);
}

static void attr(tf_build *b, const char *name, tb_bytes *value)
{
    tb_bytes entry = {0};
    tb_text_field(&entry, 1, name);
    put(&entry, 2, value);
    put(&b->node, 5, &entry);
}

void tb_int(tf_build *b, const char *name, int64_t i)
{
    tb_bytes value = {0};
    tb_int_field(&value, 3, (uint64_t)i);
    attr(b, name, &value);
}

void tb_float(tf_build *b, const char *name, float f)
{
    tb_bytes value = {0};
    tb_varint(&value, 4 << 3 | 5);
    tb_append(&value, &f, sizeof f);
    attr(b, name, &value);
}

void tb_bool(tf_build *b, const char *name, bool flag)
{
    tb_bytes value = {0};
    tb_int_field(&value, 5, flag);
    attr(b, name, &value);
}

void tb_text(tf_build *b, const char *name, const char *text)
{
    tb_bytes value = {0};
    tb_text_field(&value, 2, text);
    attr(b, name, &value);
}

void tb_type(tf_build *b, const char *name, int type)
{
    tb_bytes value = {0};
    tb_int_field(&value, 6, (uint64_t)type);
    attr(b, name, &value);
}

static void put_shape(tb_bytes *to, uint32_t number, int rank, const int64_t *dims)
{
    tb_bytes shape = {0};
    for (int i = 0; i < rank; i++) {
        tb_bytes dim = {0};
        tb_int_field(&dim, 1, (uint64_t)dims[i]);
        put(&shape, 2, &dim);
    }
    if (rank < 0)
        tb_int_field(&shape, 3, 1);
    put(to, number, &shape);
}

void tb_shape(tf_build *b, const char *name, int rank, const int64_t *dims)
{
    tb_bytes value = {0};
    put_shape(&value, 7, rank, dims);
    attr(b, name, &value);
}

void tb_ints(tf_build *b, const char *name, int n, const int64_t *ints)
{
    tb_bytes list = {0}, packed = {0}, value = {0};
    for (int i = 0; i < n; i++)
        tb_varint(&packed, (uint64_t)ints[i]);
    put(&list, 3, &packed);
    put(&value, 1, &list);
    attr(b, name, &value);
}

void tb_func(tf_build *b, const char *name, const char *function)
{
    tb_bytes inner = {0}, value = {0};
    tb_text_field(&inner, 1, function);
    put(&value, 10, &inner);
    attr(b, name, &value);
}

void tb_tensor(tf_build *b, const char *name, int type, int rank, const int64_t *dims,
               const void *data, size_t size)
{
    tb_bytes tensor = {0}, value = {0};
    tb_int_field(&tensor, 1, (uint64_t)type);
    put_shape(&tensor, 2, rank, dims);
    tb_bytes_field(&tensor, 4, data, size);
    put(&value, 8, &tensor);
    attr(b, name, &value);
}

void tb_texts(tf_build *b, const char *name, const char *texts)
{
    tb_bytes tensor = {0}, value = {0}, list = {0};
    int64_t count = 0;
    for (size_t n; (n = next_word(&texts)) > 0; texts += n, count++)
        tb_bytes_field(&list, 8, texts, n);
    tb_int_field(&tensor, 1, 7);
    put_shape(&tensor, 2, 1, &count);
    tb_append(&tensor, list.data, list.size);
    tb_free(&list);
    put(&value, 8, &tensor);
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

static void put_args(tb_bytes *signature, uint32_t number, const char *names)
{
    for (size_t n; (n = next_word(&names)) > 0; names += n) {
        tb_bytes arg = {0};
        const char *end = memchr(names, '=', n);
        tb_bytes_field(&arg, 1, names, end ? (size_t)(end - names) : n);
        put(signature, number, &arg);
    }
}

/* Entries "key=value" of a map of texts; wrap: the value is a message whose field 1 is the text. */
static void put_map(tb_bytes *to, uint32_t number, const char *pairs, bool wrap)
{
    for (size_t n; (n = next_word(&pairs)) > 0; pairs += n) {
        tb_bytes entry = {0}, value = {0};
        const char *equals = memchr(pairs, '=', n);
        size_t key = (size_t)(equals - pairs);
        tb_bytes_field(&entry, 1, pairs, key);
        tb_bytes_field(wrap ? &value : &entry, wrap ? 1 : 2, equals + 1, n - key - 1);
        if (wrap)
            put(&entry, 2, &value);
        put(to, number, &entry);
    }
}

void tb_function(tf_build *b, const char *name, const char *args, const char *results)
{
    tb_bytes signature = {0};
    flush(b);
    tb_text_field(&signature, 1, name);
    put_args(&signature, 2, args);
    put_args(&signature, 3, results);
    put(&b->function, 1, &signature);
    put_map(&b->function, 4, results, false);
    b->in_function = true;
}

void tb_function_end(tf_build *b)
{
    flush(b);
    put(&b->library, 1, &b->function);
    b->in_function = false;
}

const tb_bytes *tb_frozen(tf_build *b)
{
    flush(b);
    tb_free(&b->file);
    tb_append(&b->file, b->graph.data, b->graph.size);
    if (b->library.size)
        tb_bytes_field(&b->file, 2, b->library.data, b->library.size);
    return &b->file;
}

const tb_bytes *tb_saved(tf_build *b, const char *signature, const char *src, const char *dst,
                         const char *restore)
{
    tb_bytes meta = {0}, info = {0}, saver = {0}, entry = {0}, ports = {0};
    tb_text_field(&info, 4, "serve");
    tb_text_field(&info, 5, "2.21.0");
    put(&meta, 1, &info);
    tb_frozen(b);
    put(&meta, 2, &b->file);
    tb_text_field(&saver, 3, restore);
    put(&meta, 3, &saver);
    put_map(&ports, 1, src, true);
    put_map(&ports, 2, dst, true);
    tb_text_field(&entry, 1, signature);
    put(&entry, 2, &ports);
    put(&meta, 5, &entry);
    tb_int_field(&b->file, 1, 1);
    put(&b->file, 2, &meta);
    return &b->file;
}

/* ---- Checkpoints --------------------------------------------------------------------------- */

static void put_row(tb_bytes *block, const char *key, tb_bytes *value)
{
    tb_varint(block, 0); /* nothing shared with the key before */
    tb_varint(block, strlen(key));
    tb_varint(block, value->size);
    tb_append(block, key, strlen(key));
    tb_append(block, value->data, value->size);
    tb_free(value);
}

/* The block's bytes and its trailer; its handle goes to *handle. */
static void put_block(tb_bytes *file, tb_bytes *block, uint8_t type, tb_bytes *handle)
{
    const uint8_t trailer[5] = {type};
    tb_varint(handle, file->size);
    tb_varint(handle, block->size);
    tb_append(file, block->data, block->size);
    tb_append(file, trailer, sizeof trailer);
    tb_free(block);
}

static void put_restarts(tb_bytes *block)
{
    const uint32_t restarts[2] = {0, 1};
    tb_append(block, restarts, sizeof restarts);
}

/* As literals of up to 60 bytes; the last 4 bytes but one 4 are said as a copy, if they repeat. */
static void pack(tb_bytes *block)
{
    tb_bytes packed = {0};
    tb_varint(&packed, block->size);
    for (size_t at = 0; at < block->size;) {
        size_t n = block->size - at < 60 ? block->size - at : 60;
        if (at >= 8 && n >= 4 && memcmp(block->data + at, block->data + at - 8, 4) == 0) {
            const uint8_t copy[2] = {1, 8}; /* 4 bytes from 8 before */
            tb_append(&packed, copy, sizeof copy);
            at += 4;
            continue;
        }
        n = n > 8 ? 8 : n;
        uint8_t tag = (uint8_t)((n - 1) << 2);
        tb_append(&packed, &tag, 1);
        tb_append(&packed, block->data + at, n);
        at += n;
    }
    tb_free(block);
    *block = packed;
}

void tb_index(tb_bytes *out, const tb_entry *entries, size_t n, int n_shards, bool snappy)
{
    tb_bytes block = {0}, value = {0}, handle = {0}, index = {0}, footer = {0};
    static const uint8_t magic[8] = {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb};
    *out = (tb_bytes){0};
    tb_int_field(&value, 1, (uint64_t)n_shards);
    put_row(&block, "", &value);
    for (size_t i = 0; i < n; i++) {
        const tb_entry *e = &entries[i];
        tb_int_field(&value, 1, (uint64_t)e->type);
        put_shape(&value, 2, e->rank, e->dims);
        tb_int_field(&value, 3, (uint64_t)e->shard);
        tb_int_field(&value, 4, e->offset);
        tb_int_field(&value, 5, e->size);
        if (e->crc) {
            tb_varint(&value, 6 << 3 | 5);
            tb_append(&value, &e->crc, sizeof e->crc);
        }
        put_row(&block, e->key, &value);
    }
    put_restarts(&block);
    if (snappy)
        pack(&block);
    put_block(out, &block, snappy, &handle);
    put_row(&index, "~", &handle);
    put_restarts(&index);
    tb_varint(&footer, 0);
    tb_varint(&footer, 0); /* no meta index, which nobody reads */
    put_block(out, &index, 0, &footer);
    while (footer.size < 40)
        tb_append(&footer, "", 1);
    tb_append(&footer, magic, sizeof magic);
    tb_append(out, footer.data, footer.size);
    tb_free(&footer);
}
