#include "unit/network_case.h"

#include "unit/plugin_files.h"
#include "unit/shared_data.h"

#include "base/file.h"
#include "import/import.h"
#include "passes/prepare.h"

#include <math.h>
#include <string.h>

/* ---- Files ---------------------------------------------------------------------------------- */

static amct_plugins *plugins;
static amct_err err;

void network_begin(const char *const *importers)
{
    char path[NETWORK_PATH];
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    for (; *importers; importers++)
        cr_assert_eq(
            amct_plugins_add_file(plugins, build_path(path, sizeof path, *importers), &err),
            AMCT_OK);
}

void network_end(void)
{
    amct_plugins_free(plugins);
}

static const char *data_path(char path[NETWORK_PATH], const char *folder, const char *name)
{
    char below[NETWORK_PATH / 2];
    if (name[0] == '/') {
        snprintf(path, NETWORK_PATH, "%s", name);
        return path;
    }
    snprintf(below, sizeof below, "data/%s%s", folder, name);
    return shared_path(path, NETWORK_PATH, below);
}

static amct_graph *load(const char *file, const char *weights, const char *dims, int64_t batch)
{
    char path[NETWORK_PATH], weights_path[NETWORK_PATH];
    amct_graph *g;
    data_path(path, "", file);
    if (weights)
        data_path(weights_path, "", weights);
    const amct_option option = {.struct_size = sizeof option, .key = "input", .value = dims};
    cr_assert_eq(amct_import_with(&g, plugins, path, weights ? weights_path : NULL, &option,
                                  dims ? 1 : 0, &err),
                 AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_prepare(g, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_set_batch(g, batch, &err), AMCT_OK, "%s: %s", file, err.text);
    return g;
}

amct_graph *network_load(const network *net, int64_t batch)
{
    return load(net->file, net->weights, net->input, batch);
}

amct_array network_read_npy(const char *folder, const char *name)
{
    char path[NETWORK_PATH];
    amct_file file;
    amct_array array;
    cr_assert_eq(amct_file_map(&file, data_path(path, folder, name), &err), AMCT_OK);
    cr_assert_eq(amct_npy_parse(&array, file.data, file.size, &err), AMCT_OK);
    return array;
}

static void soften(float *row, size_t n)
{
    float most = row[0], sum = 0;
    for (size_t k = 1; k < n; k++)
        most = fmaxf(most, row[k]);
    for (size_t k = 0; k < n; k++)
        sum += row[k] = expf(row[k] - most);
    for (size_t k = 0; k < n; k++)
        row[k] /= sum;
}

/* |a - b| <= 1e-3 |b|, but for what is small beside the largest of the row. */
static void assert_row(const float *found, const amct_array *wanted, uint64_t i, bool softmax,
                       const char *what)
{
    size_t n = wanted->sample_count;
    float *row = malloc(n * sizeof *row), most = 0;
    amct_array_floats(row, wanted, i);
    if (softmax)
        soften(row, n);
    for (size_t k = 0; k < n; k++)
        most = fmaxf(most, fabsf(row[k]));
    for (size_t k = 0; k < n; k++)
        cr_assert(fabsf(found[k] - row[k]) <= 1e-3f * fabsf(row[k]) + 1e-4f * most,
                  "%s: sample %llu, logit %zu is %.9g, wanted %.9g", what, (unsigned long long)i, k,
                  found[k], row[k]);
    free(row);
}

/* ---- Classifiers ---------------------------------------------------------------------------- */

static float *read_mean(const network *net)
{
    if (!net->mean_image)
        return NULL;
    amct_array image = network_read_npy("", net->mean_image);
    size_t row = image.sample_count;
    float *mean = malloc(image.dims[0] * row * sizeof *mean);
    for (uint64_t y = 0; y < image.dims[0]; y++)
        amct_array_floats(mean + y * row, &image, y);
    return mean;
}

static void subtract_mean(const network_run *r, amct_buffer in, uint32_t n)
{
    const int64_t *dims = r->net->dims, inner = dims[1] * dims[2], all = dims[0] * inner;
    float *x = in.data;
    for (int64_t i = 0; r->mean && i < n * all; i++) {
        int64_t k = i % all;
        x[i] -= r->mean[in.layout == AMCT_LAYOUT_LAST ? k : k % inner * dims[0] + k / inner];
    }
}

network_run network_start(const network *net, amct_engine engine, int64_t batch)
{
    network_run r = {.net = net, .graph = network_load(net, batch), .mean = read_mean(net)};
    cr_assert_eq(amct_exec_new(&r.exec, engine, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&r.plan, r.exec, r.graph, NULL, &err), AMCT_OK, "%s", err.text);
    snprintf(r.what, sizeof r.what, "%s, %s", net->file, amct_exec_name(r.exec));
    return r;
}

void network_stop(network_run *r)
{
    amct_plan_free(r->plan);
    amct_exec_free(r->exec);
    amct_graph_free(r->graph);
    free(r->mean);
}

const float *network_feed(network_run *r, const amct_dataset *ds, uint32_t first, uint32_t n)
{
    uint32_t indices[NETWORK_BATCH];
    for (uint32_t i = 0; i < n; i++)
        indices[i] = first + i;
    amct_buffer in = amct_plan_input(r->plan, 0);
    cr_assert_eq(in.bytes, n * ds->elements * sizeof(float));
    amct_dataset_fetch(ds, indices, n, in.layout == AMCT_LAYOUT_LAST ? AMCT_NHWC : ds->layout,
                       in.data);
    subtract_mean(r, in, n);
    cr_assert_eq(amct_plan_run(r->plan, &err), AMCT_OK, "%s", err.text);
    return amct_plan_output(r->plan, 0).data;
}

amct_dataset *network_data(const network *net)
{
    char path[NETWORK_PATH];
    amct_dataset *ds;
    amct_dataset_options options = {.rank = 3, .label_offset = net->label_offset, .jobs = 2};
    memcpy(options.dims, net->dims, sizeof net->dims);
    options.preprocess.scale = net->scale;
    options.preprocess.n_mean = options.preprocess.n_std = net->dims[0] == 1 ? 1 : 3;
    for (int c = 0; c < 3; c++) {
        options.preprocess.mean[c] = net->mean[c];
        options.preprocess.std[c] = net->std[c] > 0 ? net->std[c] : 1;
    }
    if (net->resize) {
        options.preprocess.resize = AMCT_RESIZE_TO;
        options.preprocess.resize_height = options.preprocess.resize_width = net->resize;
        options.preprocess.crop_height = options.preprocess.crop_width = net->crop;
    }
    options.preprocess.color = net->bgr ? AMCT_COLOR_BGR : AMCT_COLOR_UNSAID;
    cr_assert_eq(amct_dataset_open(&ds, data_path(path, "", net->data), &options, &err), AMCT_OK,
                 "%s", err.text);
    return ds;
}

static int32_t best(const float *row, size_t n)
{
    int32_t at = 0;
    for (int32_t k = 1; k < (int32_t)n; k++)
        if (row[k] > row[at])
            at = k;
    return at;
}

/* All of the data, in batches on oneDNN: the logits and answers that are known, and how many are
 * right. */
static void check_fast(const network *net, const amct_dataset *ds, const amct_array *logits,
                       amct_engine engine)
{
    amct_array answers = {0};
    if (net->right)
        answers = network_read_npy(net->expected, "pred.npy");
    network_run r = network_start(net, engine, NETWORK_BATCH);
    size_t classes = logits->sample_count;
    uint32_t right = 0;
    cr_assert(!net->right || answers.dims[0] == ds->n);
    for (uint32_t i = 0; i < ds->n; i += NETWORK_BATCH) {
        const float *rows = network_feed(&r, ds, i, NETWORK_BATCH);
        for (uint32_t k = i; k < i + NETWORK_BATCH; k++) {
            const float *row = rows + (k - i) * classes;
            if (k < logits->dims[0])
                assert_row(row, logits, k, net->softmax, r.what);
            int32_t answer = best(row, classes);
            cr_assert(!net->right || answer - net->label_offset == amct_array_integer(&answers, k),
                      "%s: sample %u", r.what, k);
            right += answer == ds->labels[k];
        }
    }
    cr_assert(!net->right || right == net->right, "%s: %u right, wanted %u", r.what, right,
              net->right);
    network_stop(&r);
}

static void check_slow(const network *net, const amct_dataset *ds, const amct_array *logits)
{
    network_run r = network_start(net, AMCT_ENGINE_REFERENCE, 1);
    for (uint32_t i = 0; i < net->n_reference; i++)
        assert_row(network_feed(&r, ds, i, 1), logits, i, net->softmax, r.what);
    network_stop(&r);
}

void network_check(const network *net)
{
    amct_dataset *ds = network_data(net);
    amct_array logits = network_read_npy(net->expected, "first50.logits.npy");
    check_fast(net, ds, &logits, AMCT_ENGINE_ONEDNN);
    check_slow(net, ds, &logits);
    amct_dataset_free(ds);
}

/* ---- Arrays in, arrays out ------------------------------------------------------------------ */

static void check_arrays(const mapping *m, amct_engine engine)
{
    amct_array input = network_read_npy("", m->input);
    amct_graph *g = load(m->file, m->weights, m->dims, 1);
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(amct_exec_new(&exec, engine, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, g, NULL, &err), AMCT_OK, "%s", err.text);
    amct_buffer in = amct_plan_input(plan, 0);
    float *sample = malloc(in.bytes);
    int64_t channels = in.shape.dims[1], inner = in.shape.dims[2] * in.shape.dims[3];
    for (uint64_t i = 0; i < input.dims[0] && (engine != AMCT_ENGINE_REFERENCE || i < m->n); i++) {
        amct_array_floats(sample, &input, i);
        for (int64_t k = 0; m->scale > 0 && k < channels * inner; k++)
            sample[k] = (float)((sample[k] * m->scale - m->mean) / m->std);
        for (int64_t k = 0; k < channels * inner; k++) {
            int64_t c = m->channels_last ? k % channels : k / inner;
            int64_t pixel = m->channels_last ? k / channels : k % inner;
            ((float *)in.data)[in.layout == AMCT_LAYOUT_LAST ? pixel * channels + c
                                                             : c * inner + pixel] = sample[k];
        }
        cr_assert_eq(amct_plan_run(plan, &err), AMCT_OK, "%s", err.text);
        for (uint32_t o = 0; o < 2 && m->outputs[o]; o++) {
            amct_array wanted = network_read_npy("", m->outputs[o]);
            cr_assert_eq(wanted.sample_count * sizeof(float), amct_plan_output(plan, o).bytes);
            assert_row(amct_plan_output(plan, o).data, &wanted, i, false, m->file);
        }
    }
    free(sample);
    amct_plan_free(plan);
    amct_exec_free(exec);
    amct_graph_free(g);
}

void network_check_mappings(const mapping *mappings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_arrays(&mappings[i], AMCT_ENGINE_ONEDNN);
        check_arrays(&mappings[i], AMCT_ENGINE_REFERENCE);
    }
}
