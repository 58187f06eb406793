#include "import/air.h"
#include "import/lookalike.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A protobuf message that is being written. */
typedef struct message {
    unsigned char bytes[1024];
    size_t n;
} message;

static void add_varint(message *m, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        m->bytes[m->n++] = (unsigned char)(value | 0x80);
    m->bytes[m->n++] = (unsigned char)value;
}

static void add_number(message *m, unsigned field, uint64_t value)
{
    add_varint(m, field << 3);
    add_varint(m, value);
}

static void add_bytes(message *m, unsigned field, const void *bytes, size_t n)
{
    add_varint(m, field << 3 | 2);
    add_varint(m, n);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static void add_text(message *m, unsigned field, const char *text)
{
    add_bytes(m, field, text, strlen(text));
}

/* A ModelDef of GE with one operator of that type and 300 bytes of attributes. */
static message air_of(const char *type)
{
    static const char attributes[300];
    message op = {0}, graph = {0}, model = {0};
    add_text(&op, 1, "data");
    add_text(&op, 2, type);
    add_bytes(&op, 10, attributes, sizeof attributes);
    add_text(&graph, 1, "net");
    add_text(&graph, 4, "data:0");
    add_text(&graph, 5, "conv:0");
    add_bytes(&graph, 6, op.bytes, op.n);
    add_text(&model, 1, "model");
    add_number(&model, 2, 1);
    add_text(&model, 3, "");
    add_bytes(&model, 7, graph.bytes, graph.n);
    return model;
}

static void looks(const void *bytes, size_t n, const char *word)
{
    const char *what = amct_lookalike(bytes, n);
    cr_assert_not_null(what);
    cr_assert_not_null(strstr(what, word), "'%s' not in '%s'", word, what);
}

Test(import_lookalike, an_air_model_is_told_by_its_fields)
{
    message air = air_of("Data");
    looks(air.bytes, air.n, ".air model");
    looks(air.bytes, air.n, "give the model that it was made from");
    cr_assert(amct_air_is(air.bytes, 60), "the head of a large one is enough");
}

Test(import_lookalike, other_messages_are_no_air_model)
{
    message op = {0}, graph = {0}, onnx = {0}, caffe = {0}, tf = {0}, wrong = air_of("data/x");
    cr_assert_not(amct_air_is(wrong.bytes, wrong.n), "no type of GE");
    add_text(&op, 1, "x"); /* NodeProto: input, output, op_type */
    add_text(&op, 2, "Y");
    add_text(&op, 4, "Conv");
    add_bytes(&graph, 1, op.bytes, op.n);
    add_text(&graph, 2, "net");
    add_number(&onnx, 1, 8);
    add_text(&onnx, 2, "producer");
    add_bytes(&onnx, 7, graph.bytes, graph.n);
    cr_assert_not(amct_air_is(onnx.bytes, onnx.n));
    add_text(&caffe, 1, "net");
    add_bytes(&caffe, 100, op.bytes, op.n);
    cr_assert_not(amct_air_is(caffe.bytes, caffe.n));
    add_bytes(&tf, 1, op.bytes, op.n);
    cr_assert_not(amct_air_is(tf.bytes, tf.n));
}

/* Every length is read from a block of its own, so that a read behind it is found. */
Test(import_lookalike, a_cut_air_model_is_read_within_its_bytes)
{
    message air = air_of("Conv2D");
    bool known = false;
    for (size_t n = 0; n <= air.n; n++) {
        unsigned char *copy = malloc(n ? n : 1);
        memcpy(copy, air.bytes, n);
        bool is = amct_air_is(copy, n);
        cr_assert(is || !known, "%zu bytes", n);
        known = is;
        free(copy);
    }
    cr_assert(known);
}

Test(import_lookalike, darknet_files_are_told_with_what_to_do)
{
    const char *cfgs[] = {"[net]\nbatch=1\n", "# comment\n\n; other\n [network]\nwidth=320\n",
                          "\r\n[net]\r\n"};
    for (size_t i = 0; i < sizeof cfgs / sizeof *cfgs; i++) {
        looks(cfgs[i], strlen(cfgs[i]), "darknet");
        looks(cfgs[i], strlen(cfgs[i]), "convert the network to ONNX or Caffe");
    }
    looks("[section]\nkey=[net]\n", 20, "text");
    looks("#", 1, "text");
    struct {
        int32_t version[3];
        uint32_t seen[2];
        float weights[8];
    } file = {{0, 2, 5}, {12800, 0}, {0.1f, -0.2f, 3, 0, 1, 2, 0.5f, -7}};
    looks(&file, sizeof file, "darknet's weights");
    file.weights[3] = 1e30f;
    cr_assert_null(amct_lookalike(&file, sizeof file));
    memset(&file, 0, sizeof file);
    file.version[1] = 2;
    const char *zeros = amct_lookalike(&file, sizeof file);
    cr_assert(!zeros || !strstr(zeros, "darknet"));
}
