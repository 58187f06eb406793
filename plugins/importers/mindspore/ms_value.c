/*
 * AttributeProto: 1 name, 2 f, 3 i, 4 d, 5 s, 6 t, 8 floats, 9 doubles, 10 ints, 11 strings,
 * 12 tensors, 15 ref_attr_name, 16 type, 17 values. Files up to MindSpore 1.x say in ref_attr_name
 * what a value is made of, and spell tuples as lists of numbers; later ones as values in `values`.
 */
#define _GNU_SOURCE /* memmem */
#include "ms_reader.h"

#include <string.h>

enum {
    TYPE_STRING = 8,
    TYPE_BOOL = 9,
    TYPE_TENSOR = 17,
    TYPE_TENSORS = 19,
    TYPE_TUPLE = 20,
    TYPE_LIST = 21,
    TYPE_UMONAD = 23,
    TYPE_IOMONAD = 24,
    TYPE_NONE = 25,
    TYPE_NULL = 36
};
enum { MAX_NESTING = 16 };
/* A primitive's attributes are looked through for every node that calls it. */
#define MAX_SCANNED ((uint64_t)1 << 32)

int32_t ms_list_new(ms_reader *r, uint32_t n, ms_value *out)
{
    ms_list *list = import_alloc(&r->memory, 1, sizeof *list);
    if (!list || !(list->at = import_alloc(&r->memory, n, sizeof *list->at)))
        return ms_nomem(r);
    list->n = n;
    *out = (ms_value){.kind = MS_TUPLE, .list = list};
    return AMCT_OK;
}

const char *ms_kind_text(ms_value v)
{
    static const char *const texts[] = {[MS_UNSET] = "nothing",
                                        [MS_NONE] = "None",
                                        [MS_MONAD] = "a monad",
                                        [MS_INT] = "an integer",
                                        [MS_OPEN] =
                                            "a size that is only known when the network runs",
                                        [MS_FLOAT] = "a number",
                                        [MS_BOOL] = "a bool",
                                        [MS_TEXT] = "a string",
                                        [MS_TYPE] = "a type",
                                        [MS_TUPLE] = "a tuple",
                                        [MS_TENSOR] = "a tensor",
                                        [MS_FUNCTION] = "a function"};
    return v.kind == MS_LOST ? v.text : texts[v.kind];
}

static bool says(wire_span text, const char *word)
{
    return text.size && memmem(text.data, text.size, word, strlen(word)) != NULL;
}

static int32_t read_text(ms_reader *r, wire_span span, ms_value *out)
{
    const char *text = import_copy(&r->memory, span.data, span.size);
    if (!text)
        return ms_nomem(r);
    *out = (ms_value){.kind = MS_TEXT, .text = text};
    return AMCT_OK;
}

/* A type is spelt as a tensor without dims and elements. */
static int32_t read_tensor(ms_reader *r, wire_span message, const char *name, ms_value *out)
{
    wire_field field;
    ms_tensor *t;
    static const uint32_t elements[] = {1, 3, 4, 6, 9, 10, 11, 12};
    bool has = false;
    for (wire_span rest = message; wire_next(&rest, &field) > 0;)
        for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
            has |= field.number == elements[i];
    if (!has) {
        *out = (ms_value){.kind = MS_TYPE, .i = ms_dtype(wire_int(message, 2, 0))};
        return AMCT_OK;
    }
    MS_TRY(ms_read_tensor(r, message, name, &t));
    *out = ms_of(t);
    return AMCT_OK;
}

/* One field of a value; MS_UNSET if it holds none. */
static int32_t read_field(ms_reader *r, const wire_field *f, bool is_bool, const char *name,
                          ms_value *out)
{
    float single;
    double number;
    out->kind = MS_UNSET;
    if (f->number == 2 && f->wire == WIRE_FIXED32) {
        memcpy(&single, f->bytes.data, sizeof single);
        *out = (ms_value){.kind = MS_FLOAT, .f = (double)single};
    } else if (f->number == 4 && f->wire == WIRE_FIXED64) {
        memcpy(&number, f->bytes.data, sizeof number);
        *out = (ms_value){.kind = MS_FLOAT, .f = number};
    } else if (f->number == 3 && f->wire == WIRE_VARINT) {
        *out = (ms_value){.kind = is_bool ? MS_BOOL : MS_INT,
                          .i = is_bool ? f->value != 0 : (int64_t)f->value};
    } else if (f->wire == WIRE_LENGTH && (f->number == 5 || f->number == 11)) {
        return read_text(r, f->bytes, out);
    } else if (f->wire == WIRE_LENGTH && (f->number == 6 || f->number == 12)) {
        return read_tensor(r, f->bytes, name, out);
    } else if (f->wire == WIRE_LENGTH && f->number == 17) {
        return ms_read_value(r, f->bytes, name, out);
    }
    return AMCT_OK;
}

/* The items of a value, one after the other. */
typedef struct items {
    ms_value *at;
    size_t n, cap;
} items;

static int32_t add_item(ms_reader *r, items *list, ms_value v)
{
    ms_value *at = import_grow(&r->memory, list->at, list->n, &list->cap, sizeof v);
    if (!at)
        return ms_nomem(r);
    list->at = at;
    at[list->n++] = v;
    return AMCT_OK;
}

/* Repeated numbers, packed or not: 8 floats, 9 doubles, 10 ints. */
static int32_t add_numbers(ms_reader *r, items *list, const wire_field *f, bool is_bool)
{
    bool packed = f->wire == WIRE_LENGTH;
    uint32_t number = f->number == 8 ? 2 : f->number == 9 ? 4 : 3;
    uint32_t wire = f->number == 8 ? WIRE_FIXED32 : f->number == 9 ? WIRE_FIXED64 : WIRE_VARINT;
    wire_span rest = f->bytes;
    size_t step = f->number == 8 ? 4 : 8;
    if (!packed && f->wire != wire)
        return ms_damaged(r, f->bytes.data);
    do {
        wire_field one = {.number = number, .wire = wire, .value = f->value, .bytes = rest};
        ms_value v;
        if (packed && !rest.size)
            break;
        if (packed && wire == WIRE_VARINT) {
            if (wire_varint(&rest, &one.value) < 0)
                return ms_damaged(r, rest.data);
        } else if (packed) {
            if (rest.size < step)
                return ms_damaged(r, rest.data);
            rest = (wire_span){rest.data + step, rest.size - step};
        }
        MS_TRY(read_field(r, &one, is_bool, "", &v));
        MS_TRY(add_item(r, list, v));
    } while (packed);
    return AMCT_OK;
}

static int32_t read_items(ms_reader *r, wire_span attribute, bool is_bool, const char *name,
                          items *out)
{
    wire_field f;
    ms_value v;
    int more;
    while ((more = wire_next(&attribute, &f)) > 0) {
        if (f.number >= 8 && f.number <= 10) {
            MS_TRY(add_numbers(r, out, &f, is_bool));
            continue;
        }
        MS_TRY(read_field(r, &f, is_bool, name, &v));
        if (v.kind != MS_UNSET)
            MS_TRY(add_item(r, out, v));
    }
    return more < 0 ? ms_damaged(r, attribute.data) : AMCT_OK;
}

int32_t ms_read_value(ms_reader *r, wire_span attribute, const char *name, ms_value *out)
{
    int64_t type = wire_int(attribute, 16, 0);
    wire_span ref = wire_bytes(attribute, 15);
    items list = {0};
    *out = (ms_value){.kind = MS_NONE};
    if (type == TYPE_UMONAD || type == TYPE_IOMONAD || says(ref, "Monad")) {
        out->kind = MS_MONAD;
        return AMCT_OK;
    }
    if (type == TYPE_NONE || type == TYPE_NULL)
        return AMCT_OK;
    if (r->nesting == MAX_NESTING)
        return ms_fail(r, AMCT_E_LIMIT, "tuples in tuples, more than %d deep", MAX_NESTING);
    r->nesting++;
    int32_t status = read_items(r, attribute, type == TYPE_BOOL, name, &list);
    r->nesting--;
    MS_TRY(status);
    bool tuple = type == TYPE_TUPLE || type == TYPE_LIST || says(ref, "Tuple[") ||
                 says(ref, "List[") || list.n > 1;
    if (tuple) {
        MS_TRY(ms_list_new(r, 0, out));
        *out->list = (ms_list){(uint32_t)list.n, list.at};
    } else if (list.n) {
        *out = list.at[0];
    } else if (type == TYPE_STRING) { /* an empty one is not written */
        return read_text(r, (wire_span){NULL, 0}, out);
    } else if (type > 0 && type < TYPE_STRING) {
        *out = ms_int(0);
    } else if (type > TYPE_LIST) {
        *out = (ms_value){.kind = MS_LOST, .text = "a value of a kind that is not supported"};
    }
    return AMCT_OK;
}

int32_t ms_read_attr(ms_reader *r, wire_span message, uint32_t number, const char *attr,
                     ms_value *out)
{
    wire_span entry;
    *out = (ms_value){.kind = MS_UNSET};
    r->n_scanned += message.size;
    if (r->n_scanned > MAX_SCANNED)
        return ms_fail(r, AMCT_E_LIMIT, "the attributes of its operators are too large");
    while (wire_each(&message, number, &entry))
        if (wire_is(wire_bytes(entry, 1), attr))
            return ms_read_value(r, entry, attr, out);
    return AMCT_OK;
}
