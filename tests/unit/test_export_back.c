/* What was exported is imported again and must be the candidate, bit for bit. */
#include "compress/rebuild.h"
#include "compress/stitch.h"
#include "unit/export_fixture.h"

#include <math.h>

typedef struct difference {
    size_t n;    /* outputs whose bits are not the candidate's */
    double most; /* the largest difference, relative to the largest output */
} difference;

static difference compare(const export_case *c, const char *suffix, amct_engine engine)
{
    amct_graph *back;
    float *wanted, *got, largest = 0;
    size_t n_wanted, n_got;
    difference d = {0};
    OK(export_case_read(&back, c, folder, "net", suffix, &err));
    OK(export_case_run(&wanted, &n_wanted, c, c->candidate, engine, &err));
    OK(export_case_run(&got, &n_got, c, back, engine, &err));
    cr_assert_eq(n_got, n_wanted);
    cr_assert_gt(n_got, 0);
    for (size_t i = 0; i < n_got; i++) {
        cr_assert(isfinite(wanted[i]) && isfinite(got[i]));
        largest = fmaxf(largest, fabsf(wanted[i]));
        d.n += memcmp(&got[i], &wanted[i], sizeof *got) != 0;
        d.most = fmax(d.most, fabs((double)got[i] - wanted[i]));
    }
    cr_assert_gt(largest, 0);
    d.most /= largest;
    free(wanted);
    free(got);
    amct_graph_free(back);
    return d;
}

static const struct {
    amct_engine engine;
    const char *name;
} engines[] = {{AMCT_ENGINE_ONEDNN, "onednn"},
               {AMCT_ENGINE_ONEDNN_FLOAT, "onednn-float"},
               {AMCT_ENGINE_REFERENCE, "reference"}};

static void check_exact(const export_case *c, const char *name, int mix, const char *suffix)
{
    for (size_t e = 0; e < sizeof engines / sizeof *engines; e++)
        cr_expect_eq(compare(c, suffix, engines[e].engine).n, 0, "%s, %s, %s, %s", name,
                     export_mix_names[mix], suffix, engines[e].name);
}

/* Layers that stay float may be summed in another order, as another step fuses them with what
 * follows; that can move a value beside them to the next integer. Nothing else may differ. */
static void check_fake(const export_case *c, const char *name, int mix)
{
    bool mixed = mix != MIX_ALL && mix != MIX_NONE;
    for (size_t e = 0; e < sizeof engines / sizeof *engines; e++) {
        difference d = compare(c, "_fake_quant_model.onnx", engines[e].engine);
        if (mixed && engines[e].engine != AMCT_ENGINE_REFERENCE)
            cr_expect_lt(d.most, 0.02, "%s, %s: %g", name, export_mix_names[mix], d.most);
        else
            cr_expect_eq(d.n, 0, "%s, %s, %s", name, export_mix_names[mix], engines[e].name);
    }
}

/* The last mix, rebuilt. */
static void check_rebuilt(export_case *c, const char *name)
{
    amct_exec *exec;
    amct_arena *arena = amct_arena_new();
    OK(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, &err));
    const amct_quantised **rebuilt = calloc(c->n_layers + 1, sizeof *rebuilt);
    OK(amct_rebuild(rebuilt, arena, exec, c->graph, c->layers, c->n_layers, c->levels, &c->feed,
                    1 << 26, 1, &err));
    memcpy(c->levels, rebuilt, c->n_layers * sizeof *rebuilt);
    amct_graph_free(c->candidate);
    c->candidate = NULL;
    OK(amct_stitch(&c->candidate, c->graph, c->layers, c->n_layers, c->levels, &err));
    OK(export_case_write(c, folder, "net", NULL, &err));
    check_exact(c, name, N_MIXES - 1, "_deploy_model.onnx");
    check_exact(c, name, N_MIXES - 1, "_qdq_model.onnx");
    free(rebuilt);
    amct_exec_free(exec);
    amct_graph_free(c->candidate);
    c->candidate = NULL;
    amct_arena_free(arena);
}

static void check_net(const char *name, bool asymmetric)
{
    export_case c;
    OK(export_case_begin(&c, export_net_prepared(name), (export_samples){.n = 4}, 4, asymmetric,
                         &err));
    for (int mix = 0; mix < N_MIXES; mix++) {
        OK(export_case_mix(&c, (export_mix)mix, &err));
        OK(export_case_write(&c, folder, "net", NULL, &err));
        check_exact(&c, name, mix, "_deploy_model.onnx");
        check_exact(&c, name, mix, "_qdq_model.onnx");
        check_fake(&c, name, mix);
    }
    check_rebuilt(&c, name);
    export_case_end(&c);
}

#define BACK(net)                                                                                  \
    Test(export_back, net##_comes_back_asymmetric, .init = setup, .fini = teardown)                \
    {                                                                                              \
        check_net(#net, true);                                                                     \
    }                                                                                              \
    Test(export_back, net##_comes_back_symmetric, .init = setup, .fini = teardown)                 \
    {                                                                                              \
        check_net(#net, false);                                                                    \
    }

BACK(plain)
BACK(depthwise)
BACK(residual)
BACK(matmul)
BACK(decoder)
BACK(branches)
