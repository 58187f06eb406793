/* ONNX's own backend tests: every model of nodes, converted modules and light networks that is at
 * hand, run by the plain C reference and by oneDNN. */
#include "unit/plugin_files.h"
#include "unit/shared_data.h"

#include "base/file.h"
#include "exec/plan.h"
#include "import/import.h"
#include "passes/prepare.h"

#include "onnx/onnx.pb-c.h"

#include <dirent.h>
#include <math.h>
#include <string.h>

enum { MAX_ENDS = 16, PATH = 1024 };

/* Tests that need what the product does not have, and why. */
static const struct {
    const char *name, *why;
} left_out[] = {
    {"test_identity_opt", "its output is an optional, which no tensor is"},
    {"test_strnorm_", "StringNormalizer works on texts"},
    /* clip(-139) is expected to be 117: ONNX's specification and its runtime saturate */
    {"test_qlinearmatmul_2D_int8_", "the expected values wrap where QLinearMatMul saturates"},
    {"test_qlinearmatmul_3D_int8_", "the expected values wrap where QLinearMatMul saturates"},
    {"test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True",
     "the expected averages count places beyond the padding, as later ONNX releases do not"},
};

static amct_plugins *plugins;

static void setup(void)
{
    amct_err err;
    char path[PATH];
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    build_path(path, sizeof path, "plugins/importers/onnx/.libs/onnx.so");
    cr_assert_eq(amct_plugins_add_file(plugins, path, &err), AMCT_OK);
}

static void teardown(void)
{
    amct_plugins_free(plugins);
}

/* ---- Tensors of the test data --------------------------------------------------------------- */

typedef struct tensor {
    uint32_t dtype;
    amct_shape shape;
    size_t bytes;
    void *data; /* malloc'd */
} tensor;

static void copy_typed(tensor *t, const Onnx__TensorProto *p)
{
    for (int64_t i = 0; i < amct_shape_size(&t->shape); i++) {
        if (p->n_float_data)
            amct_element_put(t->dtype, t->data, i, p->float_data[i]);
        else if (p->n_double_data)
            amct_element_put(t->dtype, t->data, i, p->double_data[i]);
        else if (p->n_int64_data)
            amct_element_put_int(t->dtype, t->data, i, p->int64_data[i]);
        else if (p->n_uint64_data)
            amct_element_put_int(t->dtype, t->data, i, (int64_t)p->uint64_data[i]);
        else if (amct_dtype_bits(t->dtype) == 16) /* bits of a 16-bit type */
            memcpy((char *)t->data + 2 * i, &p->int32_data[i], 2);
        else
            amct_element_put_int(t->dtype, t->data, i, p->int32_data[i]);
    }
}

/* False if there is no such file; fails the test if it is no tensor. */
static bool read_tensor(tensor *t, const char *path)
{
    amct_file file;
    amct_err err;
    if (access(path, R_OK) != 0)
        return false;
    cr_assert_eq(amct_file_map(&file, path, &err), AMCT_OK);
    Onnx__TensorProto *p = onnx__tensor_proto__unpack(NULL, file.size, file.data);
    cr_assert_not_null(p, "%s", path);
    *t = (tensor){.dtype = (uint32_t)p->data_type,
                  .shape = amct_shape_of((int32_t)p->n_dims, p->dims)};
    cr_assert_eq(amct_tensor_bytes(&t->bytes, t->dtype, &t->shape, &err), AMCT_OK, "%s", path);
    t->data = calloc(1, t->bytes + 1);
    if (p->has_raw_data && t->bytes)
        memcpy(t->data, p->raw_data.data, t->bytes);
    else
        copy_typed(t, p);
    onnx__tensor_proto__free_unpacked(p, NULL);
    amct_file_unmap(&file);
    return true;
}

/* What ONNX's runner feeds to its light networks: 0, 1/n, 2/n ... */
static tensor ramp(const amct_tensor *input)
{
    tensor t = {.dtype = AMCT_FLOAT, .shape = input->shape};
    size_t n = (size_t)amct_shape_size(&t.shape);
    t.bytes = n * sizeof(float);
    t.data = malloc(t.bytes);
    for (size_t i = 0; i < n; i++)
        ((float *)t.data)[i] = (float)((double)i / (double)n);
    return t;
}

/* ---- One test ------------------------------------------------------------------------------- */

typedef struct trial {
    const char *path; /* of the model */
    tensor in[MAX_ENDS], out[MAX_ENDS];
    uint32_t n_in, n_out;
    bool large; /* too slow for the plain reference */
    amct_graph *graph;
    char problem[1200];
} trial;

static bool fail(trial *t, const char *what, const char *text)
{
    snprintf(t->problem, sizeof t->problem, "%s: %.80s: %s", t->path, what, text);
    return false;
}

/* The inputs from `first` on become constants: networks get their shapes from some of them. */
static bool load(trial *t, uint32_t first)
{
    amct_err err;
    if (amct_import(&t->graph, plugins, t->path, NULL, &err) != AMCT_OK) {
        t->graph = NULL;
        return fail(t, "import", err.text);
    }
    amct_graph *g = t->graph;
    for (uint32_t i = 0; i < g->n_inputs && i < t->n_in; i++) {
        amct_tensor *input = &g->tensors[g->inputs[i]];
        input->shape = t->in[i].shape;
        if (i < first)
            continue;
        input->data = t->in[i].data;
        input->bytes = t->in[i].bytes;
        input->input = false;
    }
    g->n_inputs = first < g->n_inputs ? first : g->n_inputs;
    return amct_prepare(g, &err) == AMCT_OK || fail(t, "prepare", err.text);
}

static bool close_to(uint32_t dtype, double x, double y)
{
    if (x == y || (isnan(x) && isnan(y)))
        return true;
    double relative = dtype == AMCT_FLOAT16 || dtype == AMCT_BFLOAT16 ? 2e-3 : 1e-3;
    return amct_dtype_is_float(dtype) && fabs(x - y) <= 1e-6 + relative * fabs(y);
}

static bool compare(trial *t, uint32_t i, const amct_buffer *found, const char *engine)
{
    const tensor *wanted = &t->out[i];
    char text[200], a[64], b[64];
    if (found->dtype != wanted->dtype || !amct_shape_equal(&found->shape, &wanted->shape)) {
        snprintf(text, sizeof text, "output %u is %s %s, wanted %s %s", i,
                 amct_dtype_name(found->dtype), amct_shape_print(&found->shape, a, sizeof a),
                 amct_dtype_name(wanted->dtype), amct_shape_print(&wanted->shape, b, sizeof b));
        return fail(t, engine, text);
    }
    for (int64_t k = 0; k < amct_shape_size(&found->shape); k++) {
        double x = amct_element_get(found->dtype, found->data, k);
        double y = amct_element_get(wanted->dtype, wanted->data, k);
        if (!close_to(found->dtype, x, y)) {
            snprintf(text, sizeof text, "output %u, element %lld is %.9g, wanted %.9g", i,
                     (long long)k, x, y);
            return fail(t, engine, text);
        }
    }
    return true;
}

static bool run_on(trial *t, amct_engine engine)
{
    amct_exec *exec;
    amct_plan *plan = NULL;
    amct_err err;
    const amct_graph *g = t->graph;
    if (amct_exec_new(&exec, engine, &err) != AMCT_OK)
        return fail(t, "exec", err.text);
    bool good = amct_plan_new(&plan, exec, g, NULL, &err) == AMCT_OK;
    if (!good)
        fail(t, amct_exec_name(exec), err.text);
    for (uint32_t i = 0; good && i < g->n_inputs; i++) {
        amct_buffer in = amct_plan_input(plan, i);
        size_t size = amct_dtype_bits(in.dtype) / 8;
        int64_t channels = in.layout == AMCT_LAYOUT_LAST ? in.shape.dims[1] : 1;
        int64_t block = in.layout == AMCT_LAYOUT_LAST
                            ? amct_shape_count(&in.shape, 1, in.shape.rank)
                            : amct_shape_size(&in.shape);
        for (int64_t k = 0; k < amct_shape_size(&in.shape); k++) {
            int64_t c = k % block / (block / channels), at = k % (block / channels);
            memcpy((char *)in.data + (size_t)(k / block * block + at * channels + c) * size,
                   (char *)t->in[i].data + (size_t)k * size, size);
        }
    }
    if (good && amct_plan_run(plan, &err) != AMCT_OK)
        good = fail(t, amct_exec_name(exec), err.text);
    for (uint32_t i = 0; good && i < t->n_out && i < g->n_outputs; i++) {
        amct_buffer out = amct_plan_output(plan, i);
        good = compare(t, i, &out, amct_exec_name(exec));
    }
    amct_plan_free(plan);
    amct_exec_free(exec);
    return good;
}

static bool try(trial *t, uint32_t n_inputs)
{
    bool good = load(t, n_inputs) && (t->large || run_on(t, AMCT_ENGINE_REFERENCE)) &&
                run_on(t, AMCT_ENGINE_ONEDNN) && run_on(t, AMCT_ENGINE_ONEDNN_FLOAT);
    amct_graph_free(t->graph);
    return good;
}

/* With as many inputs left open as the shapes allow. */
static bool run_trial(trial *t)
{
    for (uint32_t open = t->n_in;; open--) {
        if (try(t, open))
            return true;
        if (open <= 1 || !strstr(t->problem, "is not known"))
            return false;
    }
}

static void release(trial *t)
{
    for (uint32_t i = 0; i < t->n_in; i++)
        free(t->in[i].data);
    for (uint32_t i = 0; i < t->n_out; i++)
        free(t->out[i].data);
}

/* ---- All of a folder ------------------------------------------------------------------------ */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static const char *reason_to_leave_out(const char *name)
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (strncmp(name, left_out[i].name, strlen(left_out[i].name)) == 0)
            return left_out[i].why;
    return NULL;
}

static void run_folder(const char *below, uint32_t at_least)
{
    char folder[PATH], path[2 * PATH], data[2 * PATH + 64];
    struct dirent **entries;
    uint32_t passed = 0;
    shared_path(folder, sizeof folder, below);
    int n = scandir(folder, &entries, NULL, by_name);
    for (int k = 0; k < n; k++) {
        const char *name = entries[k]->d_name, *why = reason_to_leave_out(name);
        snprintf(path, sizeof path, "%s/%s/model.onnx", folder, name);
        if (why)
            cr_log_info("%s left out: %s", name, why);
        if (!why && access(path, R_OK) == 0) {
            trial t = {.path = path};
            for (bool more = true; more; t.n_in += more) {
                snprintf(data, sizeof data, "%s/%s/test_data_set_0/input_%u.pb", folder, name,
                         t.n_in);
                more = t.n_in < MAX_ENDS && read_tensor(&t.in[t.n_in], data);
            }
            for (bool more = true; more; t.n_out += more) {
                snprintf(data, sizeof data, "%s/%s/test_data_set_0/output_%u.pb", folder, name,
                         t.n_out);
                more = t.n_out < MAX_ENDS && read_tensor(&t.out[t.n_out], data);
            }
            cr_assert_gt(t.n_out, 0, "%s", path);
            bool good = run_trial(&t);
            cr_expect(good, "%s", t.problem);
            passed += good;
            release(&t);
        }
        free(entries[k]);
    }
    free(entries);
    cr_log_info("%s: %u passed", below, passed);
    cr_assert_geq(passed, at_least);
}

Test(onnx_backend, operators, .init = setup, .fini = teardown)
{
    run_folder("data/onnx_backend_tests/node", 300);
}

Test(onnx_backend, modules_converted_from_pytorch, .init = setup, .fini = teardown)
{
    run_folder("data/onnx_backend_tests/pytorch-converted", 60);
}

Test(onnx_backend, operators_of_pytorch, .init = setup, .fini = teardown)
{
    run_folder("data/onnx_backend_tests/pytorch-operator", 25);
}

Test(onnx_backend, small_graphs, .init = setup, .fini = teardown)
{
    run_folder("data/onnx_backend_tests/simple", 5);
}

Test(onnx_backend, light_networks, .init = setup, .fini = teardown)
{
    static const char *const names[] = {"shufflenet", "squeezenet", "bvlc_alexnet", "inception_v1",
                                        "resnet50"};
    enum { N_SMALL = 2 };
    char folder[PATH], path[2 * PATH], data[2 * PATH];
    amct_err err;
    amct_graph *g;
    shared_path(folder, sizeof folder, "data/onnx_backend_tests/light");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        trial t = {.path = path, .n_in = 1, .n_out = 1, .large = i >= N_SMALL};
        snprintf(path, sizeof path, "%s/light_%s.onnx", folder, names[i]);
        snprintf(data, sizeof data, "%s/light_%s_output_0.pb", folder, names[i]);
        cr_assert(read_tensor(&t.out[0], data), "%s", data);
        cr_assert_eq(amct_import(&g, plugins, path, NULL, &err), AMCT_OK, "%s", err.text);
        t.in[0] = ramp(&g->tensors[g->inputs[0]]);
        amct_graph_free(g);
        cr_expect(run_trial(&t), "%s", t.problem);
        release(&t);
    }
}
