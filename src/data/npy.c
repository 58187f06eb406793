#include "data/array.h"

#include <string.h>

/* A cursor over the header, a Python dictionary in one line of ASCII. */
typedef struct cursor {
    const char *at, *end;
} cursor;

bool amct_is_npy(const void *bytes, size_t size)
{
    return size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0;
}

static amct_status fail_header(amct_err *err, const char *text)
{
    return amct_fail(err, AMCT_E_FORMAT, "damaged .npy header: %s", text);
}

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n'))
        c->at++;
}

static bool take(cursor *c, char wanted)
{
    skip_blanks(c);
    bool found = c->at < c->end && *c->at == wanted;
    c->at += found;
    return found;
}

/* A quoted string without escapes, into text of that size. */
static bool take_string(cursor *c, char *text, size_t size)
{
    char quote = take(c, '\'') ? '\'' : take(c, '"') ? '"' : 0;
    size_t n = 0;
    while (quote && c->at < c->end && *c->at != quote && *c->at != '\\' && n + 1 < size)
        text[n++] = *c->at++;
    text[n] = 0;
    return quote && c->at < c->end && *c->at++ == quote;
}

static bool take_word(cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(c);
    bool found = (size_t)(c->end - c->at) >= n && memcmp(c->at, word, n) == 0;
    if (found)
        c->at += n;
    return found;
}

static bool take_number(cursor *c, uint64_t *out)
{
    uint64_t value = 0;
    bool fits = true;
    skip_blanks(c);
    const char *begin = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(*c->at - '0'), &value);
    *out = value;
    bool found = c->at > begin && fits;
    take(c, 'L'); /* Python 2 marks long numbers */
    return found;
}

static amct_status take_shape(cursor *c, amct_array *array, amct_err *err)
{
    if (!take(c, '('))
        return fail_header(err, "shape is not a tuple");
    array->rank = 0;
    while (!take(c, ')')) {
        if (array->rank == AMCT_MAX_RANK)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "an array of more than %d dims",
                             AMCT_MAX_RANK);
        if (!take_number(c, &array->dims[array->rank++]))
            return fail_header(err, "shape is not a tuple of numbers");
        if (!take(c, ',')) {
            if (!take(c, ')'))
                return fail_header(err, "shape does not end");
            break;
        }
    }
    if (array->rank == 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "a single number, not an array of samples");
    return AMCT_OK;
}

static amct_status set_dtype(amct_array *array, const char *descr, amct_err *err)
{
    static const struct {
        const char *name;
        uint32_t dtype;
    } types[] = {
        {"f4", AMCT_FLOAT},  {"f8", AMCT_DOUBLE}, {"u1", AMCT_UINT8}, {"u2", AMCT_UINT16},
        {"u4", AMCT_UINT32}, {"u8", AMCT_UINT64}, {"i1", AMCT_INT8},  {"i2", AMCT_INT16},
        {"i4", AMCT_INT32},  {"i8", AMCT_INT64},
    };
    static const uint16_t one = 1;
    char native = *(const char *)&one ? '<' : '>';
    char order = descr[0];
    if (strchr("<>|=", order) && order)
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (strcmp(descr + 1, types[i].name) == 0) {
                array->dtype = types[i].dtype;
                array->swapped = order != native && (order == '<' || order == '>');
                return AMCT_OK;
            }
    if (strcmp(descr, "|O") == 0 || strcmp(descr, "O") == 0)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "holds Python objects, which are never loaded: save a plain array");
    return amct_fail(err, AMCT_E_UNSUPPORTED,
                     "elements of type '%s': save them as float32, float64 or integers", descr);
}

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

static amct_status take_entry(cursor *c, amct_array *array, int *has, amct_err *err)
{
    char key[32], descr[32];
    int bit = 0;
    if (!take_string(c, key, sizeof key) || !take(c, ':'))
        return fail_header(err, "a key is missing");
    if (strcmp(key, "descr") == 0) {
        bit = HAS_DESCR;
        if (take(c, '['))
            return amct_fail(err, AMCT_E_UNSUPPORTED, "a structured array: save a plain one");
        if (!take_string(c, descr, sizeof descr))
            return fail_header(err, "descr is not a string");
        AMCT_TRY(set_dtype(array, descr, err));
    } else if (strcmp(key, "fortran_order") == 0) {
        bit = HAS_ORDER;
        if (take_word(c, "True"))
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "an array in Fortran order: save numpy.ascontiguousarray of it");
        if (!take_word(c, "False"))
            return fail_header(err, "fortran_order is neither True nor False");
    } else if (strcmp(key, "shape") == 0) {
        bit = HAS_SHAPE;
        AMCT_TRY(take_shape(c, array, err));
    }
    if (!bit || *has & bit)
        return fail_header(err, "an unknown key, or one twice");
    *has |= bit;
    return AMCT_OK;
}

static amct_status parse_header(amct_array *array, const char *text, size_t n, amct_err *err)
{
    cursor c = {text, text + n};
    int has = 0;
    if (!take(&c, '{'))
        return fail_header(err, "no dictionary");
    while (!take(&c, '}')) {
        AMCT_TRY(take_entry(&c, array, &has, err));
        if (!take(&c, ',')) {
            if (!take(&c, '}'))
                return fail_header(err, "the dictionary does not end");
            break;
        }
    }
    skip_blanks(&c);
    if (c.at != c.end)
        return fail_header(err, "text behind the dictionary");
    if (has != HAS_ALL)
        return fail_header(err, "descr, fortran_order or shape is missing");
    return AMCT_OK;
}

amct_status amct_npy_parse_head(amct_array *out, size_t *head_bytes, const void *bytes, size_t size,
                                amct_err *err)
{
    const uint8_t *p = bytes;
    if (!amct_is_npy(bytes, size) || size < 10)
        return amct_fail(err, AMCT_E_FORMAT, "not a .npy file, or cut within its first bytes");
    if (p[6] < 1 || p[6] > 3)
        return amct_fail(err, AMCT_E_UNSUPPORTED, ".npy format version %u, 1 to 3 are read", p[6]);
    size_t head = p[6] == 1 ? 10 : 12, header = p[8] | (size_t)p[9] << 8;
    if (size < head)
        return fail_header(err, "it is cut");
    if (p[6] > 1)
        header |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (header > size - head)
        return fail_header(err, "it is cut");
    amct_array array = {0};
    AMCT_TRY(parse_header(&array, (const char *)p + head, header, err));
    *out = array;
    *head_bytes = head + header;
    return AMCT_OK;
}

amct_status amct_npy_parse(amct_array *out, const void *bytes, size_t size, amct_err *err)
{
    amct_array array;
    size_t head;
    AMCT_TRY(amct_npy_parse_head(&array, &head, bytes, size, err));
    array.data = (const uint8_t *)bytes + head;
    AMCT_TRY(amct_array_finish(&array, size - head, err));
    *out = array;
    return AMCT_OK;
}
