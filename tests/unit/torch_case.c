#include "unit/torch_case.h"

#include "base/log.h"
#include "exec/plan.h"
#include "passes/prepare.h"

#include <stdio.h>
#include <stdlib.h>

amct_err torch_err;

#define W(i) ((i) / 8.0f - 1)
#define W8(i)                                                                                      \
    W(i), W((i) + 1), W((i) + 2), W((i) + 3), W((i) + 4), W((i) + 5), W((i) + 6), W((i) + 7)
const float torch_weights[64] = {W8(0), W8(8), W8(16), W8(24), W8(32), W8(40), W8(48), W8(56)};

#define SIZES(a, b, c, d)                                                                          \
    "{\"dtype\":7,\"sizes\":[{\"as_int\":" #a "},{\"as_int\":" #b "},{\"as_int\":" #c              \
    "},{\"as_int\":" #d "}]"

const char torch_program[] =
    "{\"graph_module\":{\"graph\":{\"nodes\":["
    "{\"target\":\"torch.ops.aten.conv2d.default\",\"inputs\":["
    "{\"name\":\"input\",\"arg\":{\"as_tensor\":{\"name\":\"x\"}}},"
    "{\"name\":\"weight\",\"arg\":{\"as_tensor\":{\"name\":\"p_w\"}}}],"
    "\"outputs\":[{\"as_tensor\":{\"name\":\"c\"}}]},"
    "{\"target\":\"torch.ops.aten.relu.default\",\"inputs\":["
    "{\"name\":\"self\",\"arg\":{\"as_tensor\":{\"name\":\"c\"}}}],"
    "\"outputs\":[{\"as_tensor\":{\"name\":\"y\"}}]}],"
    "\"tensor_values\":{\"x\":" SIZES(1, 3, 2, 2) "},\"c\":" SIZES(
        1, 4, 2,
        2) "}}},"
           "\"signature\":{\"input_specs\":["
           "{\"parameter\":{\"arg\":{\"name\":\"p_w\"},\"parameter_name\":\"w\"}},"
           "{\"user_input\":{\"arg\":{\"as_tensor\":{\"name\":\"x\"}}}}],"
           "\"output_specs\":[{\"user_output\":{\"arg\":{\"as_tensor\":{\"name\":\"y\"}}}}]}},"
           "\"schema_version\":{\"major\":8,\"minor\":20},\"torch_version\":\"2.15.0\"}";

const char torch_config[] =
    "{\"config\":{\"w\":{\"path_name\":\"weight_0\",\"use_pickle\":false,\"tensor_meta\":" SIZES(
        4, 3, 1, 1) ",\"strides\":[{\"as_int\":3},{\"as_int\":1},{\"as_int\":1},{\"as_int\":1}],"
                    "\"storage_offset\":{\"as_int\":8}}}}}";

void torch_make_program(torch_archive *a, const char *program, const char *config)
{
    torch_archive_add_text(a, "m/models/model.json", program);
    torch_archive_add_text(a, "m/data/weights/model_weights_config.json", config);
    torch_archive_add(a, "m/data/weights/weight_0", torch_weights, sizeof torch_weights);
    torch_archive_add_text(a, "m/archive_format", "pt2");
}

static void put_weight(torch_stream *p, const char *name, int64_t offset)
{
    torch_put_string(p, name);
    torch_put_tensor(p, "0", 64, offset, (const int64_t[]){4, 3, 1, 1},
                     (const int64_t[]){3, 1, 1, 1}, 4);
}

void torch_make_pickle(torch_archive *a, const torch_stream *pickle)
{
    torch_archive_add(a, "m/data.pkl", pickle->bytes, pickle->size);
    torch_archive_add(a, "m/data/0", torch_weights, sizeof torch_weights);
}

void torch_make_program_2024(torch_archive *a)
{
    torch_archive inner = {0};
    torch_stream p = {0};
    torch_put_text(&p, "\x80\2}");
    put_weight(&p, "w", 8);
    torch_put_text(&p, "s.");
    torch_make_pickle(&inner, &p);
    torch_archive_end(&inner);
    torch_archive_add_text(a, "serialized_exported_program.json", torch_program);
    torch_archive_add(a, "serialized_state_dict.pt", inner.bytes, inner.size);
    torch_archive_add_text(a, "version", "8.2");
    torch_archive_free(&inner);
    torch_stream_free(&p);
}

void torch_make_module(torch_archive *a, const char *code)
{
    torch_stream p = {0};
    torch_put_text(&p, "\x80\2c__torch__\nM\n)\x81}(");
    torch_put_string(&p, "training");
    torch_put_text(&p, "\x89");
    put_weight(&p, "weight", 8);
    torch_put_string(&p, "bias");
    torch_put_tensor(&p, "0", 64, 40, (const int64_t[]){4}, (const int64_t[]){1}, 1);
    torch_put_text(&p, "ub.");
    torch_make_pickle(a, &p);
    torch_archive_add_packed(a, "m/code/__torch__.py", code, strlen(code), (uint32_t)strlen(code));
    torch_archive_add_text(a, "m/constants.pkl", "\x80\2).");
    torch_stream_free(&p);
}

void torch_make_forward(torch_archive *a, const char *body)
{
    size_t size = strlen(body) + 200;
    char *code = malloc(size);
    snprintf(code, size,
             "class M(Module):\n  weight : Tensor\n  bias : Tensor\n"
             "  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n%s",
             body);
    torch_make_module(a, code);
    free(code);
}

void torch_make_old(torch_stream *out, const torch_stream *pickle)
{
    static const uint8_t magic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                    0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
    torch_put(out, magic, sizeof magic);
    torch_put_text(out, "\x80\2M\xe9\3.\x80\2}(");
    torch_put_string(out, "little_endian");
    torch_put_text(out, "\x88u.");
    torch_put(out, pickle->bytes, pickle->size);
    torch_put_text(out, "\x80\2]");
    torch_put_string(out, "0");
    torch_put_text(out, "a.");
    torch_put(out, (const uint8_t[8]){64}, 8);
    torch_put(out, torch_weights, sizeof torch_weights);
}

amct_status torch_import(torch_archive *a, const char *input, amct_graph **out)
{
    const amct_option option = {.struct_size = sizeof option, .key = "input", .value = input};
    amct_graph *g = NULL;
    amct_log_set_level(AMCT_LOG_ERROR);
    if (!a->n || memcmp(a->bytes, "PK", 2) == 0)
        torch_archive_end(a);
    /* a block of exactly that size, for AddressSanitizer */
    uint8_t *exact = aligned_alloc(64, (a->size + 63) / 64 * 64);
    memcpy(exact, a->bytes, a->size);
    amct_status status = amct_import_bytes(&g, &amct_plugin_v1, exact, a->size, NULL, &option,
                                           input ? 1 : 0, &torch_err);
    if (status == AMCT_OK && amct_arena_own(g->arena, exact, free) != 0)
        abort();
    if (status == AMCT_OK)
        *out = g;
    else
        free(exact);
    torch_archive_free(a);
    return status;
}

void torch_refuse(torch_archive *a, amct_status code, const char *words)
{
    amct_graph *g = NULL;
    amct_status status = torch_import(a, NULL, &g);
    cr_assert_eq(status, code, "%d, '%s', not '%s'", status, torch_err.text, words);
    HAS(torch_err.text, words);
    cr_assert_null(strchr(torch_err.text, '\n'));
}

float *torch_run_graph(amct_graph *g, const float *x, size_t n_x, size_t *n)
{
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(amct_prepare(g, &torch_err), AMCT_OK, "%s", torch_err.text);
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &torch_err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, g, NULL, &torch_err), AMCT_OK, "%s", torch_err.text);
    cr_assert_eq(amct_plan_input(plan, 0).bytes, n_x * sizeof *x);
    memcpy(amct_plan_input(plan, 0).data, x, n_x * sizeof *x);
    cr_assert_eq(amct_plan_run(plan, &torch_err), AMCT_OK, "%s", torch_err.text);
    amct_buffer out = amct_plan_output(plan, 0);
    float *copy = malloc(out.bytes);
    memcpy(copy, out.data, out.bytes);
    *n = out.bytes / sizeof *copy;
    amct_plan_free(plan);
    amct_exec_free(exec);
    amct_graph_free(g);
    return copy;
}

const amct_tensor *torch_find_tensor(const amct_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->n_tensors; i++)
        if (strcmp(g->tensors[i].name, name) == 0)
            return &g->tensors[i];
    cr_assert_fail("no tensor '%s'", name);
    return NULL;
}
