/* PyTorch files that are damaged, contradictory or made to hurt: one clear line, nothing else. */
#include "base/log.h"
#include "unit/torch_case.h"

#include <stdio.h>
#include <stdlib.h>

static torch_archive a;

/* ---- Damage --------------------------------------------------------------------------------- */

/* Every cut of the bytes fails, and every changed byte is survived. */
static void hurt(torch_archive *whole)
{
    torch_archive_end(whole);
    amct_log_set_level(AMCT_LOG_ERROR);
    for (size_t cut = 0; cut < whole->size; cut += cut < whole->size - 300 ? 61 : 1) {
        amct_graph *g = NULL;
        uint8_t *part = malloc(cut + 1);
        memcpy(part, whole->bytes, cut);
        amct_status status =
            amct_import_bytes(&g, &amct_plugin_v1, part, cut, NULL, NULL, 0, &torch_err);
        cr_assert(status == AMCT_E_FORMAT || status == AMCT_E_UNSUPPORTED, "%zu: %d %s", cut,
                  status, torch_err.text);
        free(part);
    }
    uint8_t *copy = aligned_alloc(64, (whole->size + 63) / 64 * 64);
    for (size_t at = 0; at < whole->size; at += 3) {
        amct_graph *g = NULL;
        memcpy(copy, whole->bytes, whole->size);
        copy[at] ^= (uint8_t)(1u << at % 8);
        amct_status status =
            amct_import_bytes(&g, &amct_plugin_v1, copy, whole->size, NULL, NULL, 0, &torch_err);
        cr_assert(status != AMCT_E_PLUGIN && status != AMCT_E_INTERNAL, "%zu: %s", at,
                  torch_err.text);
        if (status == AMCT_OK)
            amct_graph_free(g);
    }
    free(copy);
    torch_archive_free(whole);
}

Test(torch_hostile, a_damaged_file_fails_cleanly)
{
    amct_graph *g;
    torch_make_program(&a, torch_program, torch_config);
    hurt(&a);
    torch_make_program_2024(&a);
    hurt(&a);
    torch_make_forward(&a, "    w = self.weight\n    return torch.conv2d(x, w, self.bias)\n");
    hurt(&a);
    torch_make_program(&a, torch_program, torch_config); /* the last case was no accident */
    cr_assert_eq(torch_import(&a, NULL, &g), AMCT_OK, "%s", torch_err.text);
    amct_graph_free(g);
}

/* ---- Archives ------------------------------------------------------------------------------- */

Test(torch_hostile, archives_that_lie)
{
    static const char zeros[40000];
    torch_archive_add_text(&a, "m/../evil", "x");
    torch_refuse(&a, AMCT_E_FORMAT, "'m/../evil' leads out of it");
    torch_archive_add_text(&a, "/etc/passwd", "x");
    torch_refuse(&a, AMCT_E_FORMAT, "leads out of it");
    torch_archive_add_text(&a, "m/data.pkl", "x");
    torch_archive_add_text(&a, "m/data.pkl", "y");
    torch_refuse(&a, AMCT_E_FORMAT, "'data.pkl' is there twice");
    torch_archive_add_packed(&a, "m/data.pkl", zeros, sizeof zeros, 0xfffffff0);
    torch_refuse(&a, AMCT_E_FORMAT, "cannot come out of");
    torch_archive_add_packed(&a, "m/data.pkl", zeros, sizeof zeros, sizeof zeros - 1);
    torch_refuse(&a, AMCT_E_FORMAT, "'data.pkl' is damaged");
    torch_archive_add_packed(&a, "m/data.pkl", zeros, sizeof zeros, sizeof zeros + 1);
    torch_refuse(&a, AMCT_E_FORMAT, "'data.pkl' is damaged");
    torch_archive_add_text(&a, "m/readme", "x");
    torch_refuse(&a, AMCT_E_UNSUPPORTED, "neither a program");
}

Test(torch_hostile, many_members_are_refused_where_the_directory_has_no_room_for_them)
{
    torch_archive_add_text(&a, "m/data.pkl", "x");
    torch_archive_end(&a);
    a.bytes[a.size - 22 + 10] = 0xff;
    a.n = 1;
    memcpy(a.bytes, "pk", 2); /* ended already */
    torch_archive copy = a;
    memcpy(a.bytes, "PK", 2);
    amct_graph *g = NULL;
    cr_assert_eq(
        amct_import_bytes(&g, &amct_plugin_v1, copy.bytes, copy.size, NULL, NULL, 0, &torch_err),
        AMCT_E_FORMAT);
    HAS(torch_err.text, "declares 255 members");
    torch_archive_free(&a);
}

/* ---- Programs ------------------------------------------------------------------------------- */

/* The program with a piece of text in the place of another. */
static void refuse_program(const char *from, const char *to, amct_status code, const char *words)
{
    bool program = strstr(torch_program, from) != NULL;
    const char *whole = program ? torch_program : torch_config, *at = strstr(whole, from);
    char changed[4000];
    cr_assert_not_null(at, "%s", from);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
    torch_make_program(&a, program ? changed : torch_program, program ? torch_config : changed);
    torch_refuse(&a, code, words);
}

Test(torch_hostile, programs_that_contradict_themselves)
{
#define P(from, to, code, words) refuse_program(from, to, code, words)
    P("\"nodes\":[", "\"nodes\":[[", AMCT_E_FORMAT, "is no JSON");
    P("\"nodes\":[", "\"no\":[", AMCT_E_FORMAT, "has no graph");
    P("\"input_specs\"", "\"inputs\"", AMCT_E_UNSUPPORTED, "has no input_specs");
    P("\"parameter_name\":\"w\"", "\"parameter_name\":\"v\"", AMCT_E_FORMAT, "no data of 'v'");
    P("{\"name\":\"x\"}}},{\"name\":\"weight\"", "{\"name\":\"z\"}}},{\"name\":\"weight\"",
      AMCT_E_FORMAT, "node 0 'c' (torch.ops.aten.conv2d.default): nothing makes 'z'");
    P("\"outputs\":[{\"as_tensor\":{\"name\":\"c\"}}]",
      "\"outputs\":[{\"as_tensor\":{\"name\":\"x\"}}]", AMCT_E_FORMAT,
      "the name 'x' is given twice");
    P("\"user_output\":{\"arg\":{\"as_tensor\":{\"name\":\"y\"",
      "\"user_output\":{\"arg\":{\"as_tensor\":{\"name\":\"q\"", AMCT_E_FORMAT,
      "nothing makes 'q'");
    P("\"name\":\"weight\"", "\"name\":\"wheight\"", AMCT_E_UNSUPPORTED, "wheight = a tensor");
    P("\"x\":{\"dtype\":7", "\"x\":{\"dtype\":9", AMCT_E_UNSUPPORTED, "input 'x'");
    P("{\"as_int\":3},{\"as_int\":2}", "{\"as_int\":9223372036854775807},{\"as_int\":2}",
      AMCT_E_LIMIT, "too large");
    P("{\"as_int\":3},{\"as_int\":2}", "{\"as_int\":-7},{\"as_int\":2}", AMCT_E_FORMAT,
      "a dim of -7");
    P("\"as_tensor\":{\"name\":\"p_w\"}}}", "\"as_graph\":{\"name\":\"p_w\"}}}", AMCT_E_UNSUPPORTED,
      "an argument is as_graph");
}

Test(torch_hostile, weights_outside_of_their_storage)
{
    P("\"storage_offset\":{\"as_int\":8}", "\"storage_offset\":{\"as_int\":60}", AMCT_E_FORMAT,
      "'w' needs 72 elements or more, its storage has 64");
    P("\"storage_offset\":{\"as_int\":8}", "\"storage_offset\":{\"as_int\":-1}", AMCT_E_FORMAT,
      "begins at element -1");
    P("\"strides\":[{\"as_int\":3}", "\"strides\":[{\"as_int\":9223372036854775807}", AMCT_E_FORMAT,
      "its storage has 64");
    P("\"strides\":[{\"as_int\":3}", "\"strides\":[{\"as_int\":-3}", AMCT_E_FORMAT, "stride -3");
    P("\"sizes\":[{\"as_int\":4},{\"as_int\":3},{\"as_int\":1}",
      "\"sizes\":[{\"as_int\":4611686018427387904},{\"as_int\":3},{\"as_int\":1}", AMCT_E_LIMIT,
      "'w' is too large");
    P("\"strides\":[{\"as_int\":3},", "\"strides\":[", AMCT_E_FORMAT, "4 dims and 3 strides");
    P("\"path_name\":\"weight_0\"", "\"path_name\":\"../weight\"", AMCT_E_FORMAT,
      "the archive has no 'data/weights/../weight'");
    P("\"use_pickle\":false", "\"use_pickle\":true", AMCT_E_UNSUPPORTED, "a class of its own");
}

/* ---- Pickles -------------------------------------------------------------------------------- */

static void refuse_pickle(const void *bytes, size_t size, amct_status code, const char *words)
{
    torch_stream p = {0};
    torch_put(&p, bytes, size);
    torch_make_pickle(&a, &p);
    torch_stream_free(&p);
    torch_refuse(&a, code, words);
}
#define K(text, code, words) refuse_pickle(text, sizeof text - 1, code, words)

Test(torch_hostile, pickles_that_want_more_than_tensors)
{
    K("\x80\2cposix\nsystem\n(X\4\0\0\0truetR.", AMCT_E_UNSUPPORTED,
      "data.pkl: byte 2: class 'posix.system' is refused");
    K("\x80\2c__main__\nNet\n)\x81}b.", AMCT_E_UNSUPPORTED, "class '__main__.Net' is refused");
    K("\x80\4\x8c\10"
      "builtins\x8c\4eval\x93.",
      AMCT_E_UNSUPPORTED, "'builtins.eval'");
    K("\x80\2ctorch\n__version__\n.", AMCT_E_UNSUPPORTED, "'torch.__version__' is refused");
    K("\x80\2ctorch\nFloatStorage\n)R.", AMCT_E_UNSUPPORTED, "a call of 'torch.FloatStorage'");
    K("\x80\2i__main__\nNet\n.", AMCT_E_UNSUPPORTED, "opcode 0x69");
    K("\x80\1N.", AMCT_E_UNSUPPORTED, "protocol 1");
}

Test(torch_hostile, pickles_that_are_broken)
{
    K("", AMCT_E_FORMAT, "it ends here");
    K("\x80\2}", AMCT_E_FORMAT, "byte 3");
    K("\x80\2u.", AMCT_E_FORMAT, "a mark is missing");
    K("\x80\2(K\1u.", AMCT_E_FORMAT, "without a value");
    K("\x80\2X\xff\xff\xff\xff"
      "abc.",
      AMCT_E_FORMAT, "longer than the file");
    K("\x80\2\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", AMCT_E_FORMAT, "longer than the file");
    K("\x80\2h\7.", AMCT_E_FORMAT, "memo 7 holds nothing");
    K("\x80\2Nr\xff\xff\xff\x7f.", AMCT_E_LIMIT, "memo 2147483647");
    K("\x80\2NQ.", AMCT_E_FORMAT, "a persistent id is no storage");
    K("\x80\2NNb.", AMCT_E_FORMAT, "is given a state");
    K("\x80\2]q\0h\0a.", AMCT_E_UNSUPPORTED, "no state dict");
    K("\x80\2K\1.", AMCT_E_UNSUPPORTED, "no state dict");
}

Test(torch_hostile, a_tensor_beyond_its_storage)
{
    static const int64_t far[2] = {1 << 20, 2}, ones[2] = {1, 1}, huge[2] = {INT64_MAX, INT64_MAX};
    static const struct {
        int64_t offset;
        const int64_t *dims, *strides;
        amct_status code;
        const char *words;
    } cases[] = {
        {0, far, ones, AMCT_E_FORMAT, "its storage has 64"},
        {65, ones, ones, AMCT_E_FORMAT, "begins at element 65"},
        {0, huge, ones, AMCT_E_LIMIT, "too large"},
        {INT64_MAX, ones, ones, AMCT_E_FORMAT, "begins at element"},
        {0, far + 1, huge, AMCT_E_FORMAT, "its storage has 64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        torch_stream p = {0};
        torch_put_text(&p, "\x80\2}");
        torch_put_string(&p, "w");
        torch_put_tensor(&p, "0", 64, cases[i].offset, cases[i].dims, cases[i].strides,
                         i == 4 ? 1 : 2);
        torch_put_text(&p, "s.");
        torch_make_pickle(&a, &p);
        torch_stream_free(&p);
        torch_refuse(&a, cases[i].code, cases[i].words);
    }
}

/* A list that holds itself twice, a hundred times: 2^100 elements if it were walked. */
Test(torch_hostile, lists_of_lists_are_not_walked)
{
    torch_stream p = {0};
    torch_put_text(&p, "\x80\2}");
    torch_put_string(&p, "x");
    torch_put_text(&p, "]");
    for (int i = 0; i < 100; i++) {
        const uint8_t op[] = {'q', (uint8_t)i, '0', ']',        '(',
                              'h', (uint8_t)i, 'h', (uint8_t)i, 'e'};
        torch_put(&p, op, sizeof op);
    }
    torch_put_text(&p, "s.");
    torch_make_pickle(&a, &p);
    torch_stream_free(&p);
    torch_refuse(&a, AMCT_E_UNSUPPORTED, "no state dict");
}

/* ---- Code ----------------------------------------------------------------------------------- */

static void refuse_body(const char *body, amct_status code, const char *words)
{
    torch_make_forward(&a, body);
    torch_refuse(&a, code, words);
}

Test(torch_hostile, code_that_cannot_be_read)
{
    refuse_body("    return x +\n", AMCT_E_FORMAT, "code/__torch__.py: line 6: a character");
    refuse_body("    return torch.relu(x\n", AMCT_E_FORMAT, "line 7");
    refuse_body("    return y\n", AMCT_E_FORMAT, "code/__torch__.py:6: 'y' is not known");
    refuse_body("    return self.nothing\n", AMCT_E_FORMAT, "has no 'nothing'");
    refuse_body("    return (self).run(x, )\n", AMCT_E_FORMAT, "has no function 'run'");
    refuse_body("    return \"abc\n", AMCT_E_FORMAT, "a string has no end");
    refuse_body("    a, b, = x\n    return a\n", AMCT_E_FORMAT, "is taken apart into 2");
    refuse_body("    return None\n", AMCT_E_UNSUPPORTED, "forward gives None");
    refuse_body("    return torch.relu(x, x)\n", AMCT_E_UNSUPPORTED, "(a tensor, a tensor)");
    refuse_body("    return torch.floordiv(1, 0)\n", AMCT_E_FORMAT, "divided by 0");
    refuse_body("    return torch.mul(4611686018427387904, 4)\n", AMCT_E_LIMIT, "overflows");
    refuse_body("    return torch.slice(x, 0, 0, 9223372036854775809)\n", AMCT_E_FORMAT,
                "line 6: a whole number is larger than 64 bits hold");
    refuse_body("    return torch.select(x, 0, 99999999999999999999999)\n", AMCT_E_FORMAT,
                "line 6: a whole number is larger than 64 bits hold");
    refuse_body("    if x:\n      y = x\n    else:\n      y = x\n    return y\n",
                AMCT_E_UNSUPPORTED, "depends on a tensor");
    refuse_body("    return torch.transpose(x, 0, 9)\n", AMCT_E_FORMAT, "dim 9 of a tensor with 4");
    refuse_body("    return torch.conv2d(x, self.bias)\n", AMCT_E_UNSUPPORTED, "3 to 5 dims");
    refuse_body("    return torch.max_pool2d(x, [0, 0])\n", AMCT_E_FORMAT, "kernel 0");
    refuse_body("    ops.prim.RaiseException(\"not today\")\n    return x\n", AMCT_E_UNSUPPORTED,
                "not today");
    refuse_body("    y = torch.copy_(torch.slice(x, 2, 0, 1), x)\n    return x\n",
                AMCT_E_UNSUPPORTED, "aten::copy_ changes a tensor in place");
    refuse_body("    return CONSTANTS.c7\n", AMCT_E_FORMAT, "no constant 'c7'");
}

Test(torch_hostile, code_that_does_not_end)
{
    refuse_body("    while True:\n      y = torch.dim(x)\n    return x\n", AMCT_E_LIMIT,
                "a loop of");
    refuse_body("    for i in range(1000000000):\n      pass\n    return x\n", AMCT_E_LIMIT,
                "a loop of 1000000000 rounds");
    refuse_body("    return (self).forward(x, )\n", AMCT_E_LIMIT, "nested");
    refuse_body(
        "    for i in range(90000):\n      for j in range(90000):\n        pass\n    return x\n",
        AMCT_E_LIMIT, "steps");
}

Test(torch_hostile, code_that_is_nested_without_end)
{
    char *body = malloc(200000);
    size_t n = (size_t)sprintf(body, "    return ");
    for (int i = 0; i < 40000; i++)
        body[n++] = '(';
    body[n] = 0;
    refuse_body(body, AMCT_E_LIMIT, "nested too deep");
    n = (size_t)sprintf(body, "    return x");
    for (int i = 0; i < 40000; i++)
        n += (size_t)sprintf(body + n, ".a");
    refuse_body(body, AMCT_E_LIMIT, "nested too deep");
    n = 0;
    for (int i = 0; i < 300; i++)
        n += (size_t)sprintf(body + n, "%*sif True:\n", 4 + i, "");
    refuse_body(body, AMCT_E_FORMAT, "nested too deep");
    free(body);
}
