/*
 * Checkpoint: 1 value. Value: 1 tag, 2 tensor. TensorProto: 1 dims, 2 tensor_type ("Float32"),
 * 3 tensor_content. Scalars have the dims [0]. A tensor of more than 512 MB stands there in several
 * values of the same tag, one behind the other.
 */
#include "ms_reader.h"

#include <stdlib.h>
#include <string.h>

/* A checksum that MindSpore appends if it is told to. */
static wire_span without_checksum(const void *data, size_t size)
{
    enum { WORD = 7, NUMBER = 10 };
    const uint8_t *bytes = data;
    if (size >= WORD + NUMBER && memcmp(bytes + size - WORD - NUMBER, "crc_num", WORD) == 0)
        size -= WORD + NUMBER;
    return (wire_span){bytes, size};
}

/* What a checkpoint has of the training loop. */
static bool is_of_the_loop(wire_span tag)
{
    static const char *const words[] = {"global_step",
                                        "learning_rate",
                                        "momentum",
                                        "beta1_power",
                                        "beta2_power",
                                        "epoch_num",
                                        "step_num",
                                        "loss_scale",
                                        "scale_sense",
                                        "scale_value",
                                        "current_iterator_step",
                                        "last_overflow_iterator_step"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (wire_is(tag, words[i]))
            return true;
    return false;
}

static int compare_tags(const void *a, const void *b)
{
    return ms_compare_spans(*(const wire_span *)a, *(const wire_span *)b);
}

/* "moments.conv1.weight" is an optimiser's if there is a "conv1.weight". */
static bool is_of_an_optimiser(wire_span tag, const wire_span *tags, size_t n)
{
    static const char *const words[] = {
        "moments", "moment", "moment1", "moment2",     "accum",     "stat", "linear",   "adam_m",
        "adam_v",  "lamb_m", "lamb_v",  "mean_square", "mean_grad", "vhat", "slow_grad"};
    const uint8_t *dot = tag.size ? memchr(tag.data, '.', tag.size) : NULL;
    if (!dot)
        return false;
    const wire_span word = {tag.data, (size_t)(dot - tag.data)};
    const wire_span rest = {dot + 1, tag.size - word.size - 1};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (wire_is(word, words[i]))
            return bsearch(&rest, tags, n, sizeof rest, compare_tags) != NULL;
    return false;
}

static int32_t read_dims(ms_reader *r, wire_span message, ms_tensor *t)
{
    wire_span rest = message, packed = {NULL, 0};
    int64_t dim;
    t->rank = 0;
    while (wire_each_int(&rest, &packed, 1, &dim)) {
        if (t->rank == MS_MAX_RANK)
            return ms_fail(r, AMCT_E_LIMIT, "'%.200s' has more than %d dims", t->name, MS_MAX_RANK);
        if (dim < 0)
            return ms_fail(r, AMCT_E_FORMAT, "'%.200s' has a dim of %lld", t->name, (long long)dim);
        t->dims[t->rank++] = dim;
    }
    if (t->rank == 1 && t->dims[0] == 0)
        t->rank = 0;
    return AMCT_OK;
}

/* The next value of the file with its tag and tensor; 0 at the end. */
static int next_value(wire_span *rest, wire_span *tag, wire_span *tensor)
{
    wire_field f;
    int more = wire_next(rest, &f);
    if (more <= 0)
        return more;
    if (f.number != 1 || f.wire != WIRE_LENGTH || !wire_valid(f.bytes))
        return -1;
    *tag = wire_bytes(f.bytes, 1);
    *tensor = wire_bytes(f.bytes, 2);
    return 1;
}

/* Pieces of a tensor, from the first one on, in one block; *rest goes behind the last. */
static int32_t join_pieces(ms_reader *r, ms_tensor *t, wire_span tag, wire_span first,
                           wire_span *rest)
{
    int64_t count = ms_tensor_count(t);
    size_t wanted, filled = first.size;
    if (count < 0 ||
        __builtin_mul_overflow((size_t)count, (size_t)ms_dtype_bytes(t->dtype), &wanted))
        return ms_tensor_bind(r, t, first); /* says that it is too large */
    wire_span all = {rest->data, 0}, at = *rest, name, tensor;
    for (size_t there = filled; there < wanted; there += all.size) {
        if (next_value(&at, &name, &tensor) <= 0 || ms_compare_spans(name, tag) != 0)
            return ms_tensor_bind(r, t, first); /* says how many bytes are missing */
        all = wire_bytes(tensor, 3);
        if (!all.size || all.size > wanted - there)
            return ms_tensor_bind(r, t, first);
    }
    uint8_t *block = import_alloc(&r->memory, wanted, 1);
    if (!block)
        return ms_nomem(r);
    memcpy(block, first.data, filled);
    while (filled < wanted) {
        next_value(rest, &name, &tensor);
        all = wire_bytes(tensor, 3);
        memcpy(block + filled, all.data, all.size);
        filled += all.size;
    }
    t->owner = AMCT_DATA_HOST;
    return ms_tensor_bind(r, t, (wire_span){block, wanted});
}

static int32_t read_value(ms_reader *r, wire_span tag, wire_span message, wire_span *rest)
{
    ms_tensor *t;
    wire_span type = wire_bytes(message, 2), content = wire_bytes(message, 3);
    const char *name = import_copy(&r->memory, tag.data, tag.size);
    if (!name)
        return ms_nomem(r);
    if (!message.data || !wire_valid(message))
        return ms_fail(r, AMCT_E_UNSUPPORTED, "'%.200s' is no tensor", name);
    MS_TRY(ms_tensor_new(r, name, ms_dtype_named(type), 0, NULL, &t));
    if (!ms_dtype_bytes(t->dtype))
        return ms_fail(r, AMCT_E_UNSUPPORTED,
                       "'%.200s' has the element type '%.*s', which is not supported", name,
                       MS_SHOWN(type));
    MS_TRY(read_dims(r, message, t));
    int64_t count = ms_tensor_count(t);
    if (content.size && count > 0 && (uint64_t)count > content.size / ms_dtype_bytes(t->dtype))
        MS_TRY(join_pieces(r, t, tag, content, rest));
    else
        MS_TRY(ms_tensor_bind(r, t, content));
    return ms_tensor_emit(r, t);
}

bool ms_is_weights(const void *data, size_t size)
{
    wire_span rest = {data, size}, tag, tensor;
    return next_value(&rest, &tag, &tensor) > 0 && tag.size > 0;
}

/* All tags, sorted. */
static int32_t list_tags(ms_reader *r, wire_span file, wire_span **out, size_t *n)
{
    wire_span tag, tensor, *tags = NULL;
    size_t cap = 0;
    int more;
    *n = 0;
    while ((more = next_value(&file, &tag, &tensor)) > 0) {
        tags = import_grow(&r->memory, tags, *n, &cap, sizeof *tags);
        if (!tags)
            return ms_nomem(r);
        tags[(*n)++] = tag;
    }
    if (more < 0)
        return ms_damaged(r, file.data);
    if (*n)
        qsort(tags, *n, sizeof *tags, compare_tags);
    *out = tags;
    return AMCT_OK;
}

int32_t ms_read_weights(ms_reader *r)
{
    const amct_model_desc desc = {.struct_size = sizeof desc, .name = "", .producer = "MindSpore"};
    wire_span rest = without_checksum(r->model.data, r->model.size), tag, tensor, *tags = NULL;
    size_t n_tags = 0, n = 0;
    MS_TRY(list_tags(r, rest, &tags, &n_tags));
    MS_TRY(r->sink->model(r->sink->ctx, &desc));
    while (next_value(&rest, &tag, &tensor) > 0) {
        if (is_of_the_loop(tag) || is_of_an_optimiser(tag, tags, n_tags))
            continue;
        MS_TRY(read_value(r, tag, tensor, &rest));
        n++;
    }
    return n ? AMCT_OK : ms_fail(r, AMCT_E_FORMAT, "the checkpoint holds no parameters");
}
