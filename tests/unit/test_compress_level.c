/* Sparse levels in the level database. */
#include "compress/level.h"

#include "compress/sparse.h"
#include "unit/export_fixture.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>

enum { BOTH = 1 << AMCT_LEVEL_W8A8 | 1 << AMCT_LEVEL_W8A8_SPARSE };

static amct_leveldb *filled(const export_case *c, uint32_t kinds, const char *in, uint32_t jobs,
                            size_t limit_bytes)
{
    amct_leveldb *db;
    amct_level_options options = {AMCT_WEIGHTS_ARQ, true};
    OK(amct_leveldb_new(&db, c->graph, c->layers, c->calibration, &options, in, &err));
    OK(amct_leveldb_fill_all(db, kinds, &c->feed, jobs, limit_bytes, &err));
    return db;
}

static const amct_quantised *sparse_of(const amct_leveldb *db, uint32_t layer)
{
    const amct_quantised *q;
    OK(amct_leveldb_get(&q, db, layer, AMCT_LEVEL_W8A8_SPARSE, &err));
    return q;
}

static bool same(const amct_quantised *a, const amct_quantised *b)
{
    return a->n_weights == b->n_weights && a->sparse == b->sparse &&
           memcmp(a->weights, b->weights, (size_t)a->n_weights) == 0 &&
           memcmp(a->scales, b->scales, (size_t)a->n_scales * sizeof *a->scales) == 0 &&
           memcmp(a->bias, b->bias, (size_t)a->channels * sizeof *a->bias) == 0;
}

static bool all_same(const export_case *c, const amct_leveldb *a, const amct_leveldb *b)
{
    bool good = true;
    for (uint32_t i = 0; i < c->n_layers; i++)
        if (!amct_level_refusal(&c->layers[i], AMCT_LEVEL_W8A8_SPARSE))
            good &= same(sparse_of(a, i), sparse_of(b, i));
    return good;
}

Test(compress_level, layers_of_every_network_are_sparse_or_say_why_not)
{
    uint32_t n_sparse = 0, n_refused = 0;
    for (uint32_t k = 0; k < n_export_nets; k++) {
        export_case c;
        begin(&c, export_nets[k].name, MIX_SPARSE);
        for (uint32_t i = 0; i < c.n_layers; i++) {
            const amct_layer *l = &c.layers[i];
            const amct_quantised *q = NULL;
            if (amct_level_refusal(l, AMCT_LEVEL_W8A8_SPARSE)) {
                cr_expect_eq(amct_leveldb_get(&q, c.db, i, AMCT_LEVEL_W8A8_SPARSE, &err),
                             AMCT_E_UNSUPPORTED);
                cr_expect_str_eq(err.text, l->no_int8 ? l->no_int8 : l->no_sparse);
                n_refused++;
                continue;
            }
            cr_expect(strcmp(l->op, "ConvTranspose") != 0 && l->groups == 1);
            amct_tensor weights = c.graph->tensors[l->weights];
            q = sparse_of(c.db, i);
            c.graph->tensors[l->weights].dtype = AMCT_INT8;
            c.graph->tensors[l->weights].data = q->weights;
            cr_expect(amct_sparse_is(c.graph, l), "%s, %s", export_nets[k].name, l->name);
            c.graph->tensors[l->weights] = weights;
            n_sparse++;
        }
        export_case_end(&c);
    }
    cr_expect_gt(n_sparse, 20);
    cr_expect_gt(n_refused, 5);
}

Test(compress_level, an_index_of_a_quarter_is_counted)
{
    amct_layer layer = {.bias = AMCT_NO_TENSOR, .channels = 64, .per_channel = true};
    layer.parameters = 64 * 32 * 9;
    int64_t rest = 64 * (4 + 8), weights = layer.parameters;
    cr_expect_eq(amct_level_bytes(&layer, AMCT_LEVEL_W8A8), weights + rest);
    cr_expect_eq(amct_level_bytes(&layer, AMCT_LEVEL_W8A8_SPARSE), weights * 3 / 4 + rest);
}

Test(compress_level, the_result_does_not_depend_on_processes)
{
    export_case c;
    begin(&c, "residual", MIX_NONE);
    amct_leveldb *one = filled(&c, BOTH, NULL, 1, SIZE_MAX);
    amct_leveldb *two = filled(&c, BOTH, NULL, 2, SIZE_MAX);
    cr_expect(all_same(&c, one, two));
    amct_leveldb_free(one);
    amct_leveldb_free(two);
    export_case_end(&c);
}

Test(compress_level, without_memory_for_moments_the_largest_weights_are_kept)
{
    export_case c;
    begin(&c, "plain", MIX_NONE);
    amct_leveldb *plain = filled(&c, BOTH, NULL, 1, 1), *full = filled(&c, BOTH, NULL, 1, SIZE_MAX);
    cr_expect_not(all_same(&c, plain, full));
    for (uint32_t i = 0; i < c.n_layers; i++) {
        const amct_layer *l = &c.layers[i];
        if (amct_level_refusal(l, AMCT_LEVEL_W8A8_SPARSE) || strcmp(l->op, "Conv") != 0)
            continue;
        const amct_quantised *q = sparse_of(plain, i);
        const amct_shape *s = &c.graph->tensors[l->weights].shape;
        const float *w = c.graph->tensors[l->weights].data;
        int64_t taps = s->dims[2] * s->dims[3];
        for (int64_t at = 0; at < q->n_weights; at++) {
            int64_t channel = at / taps % s->dims[1], first = at - channel % 4 * taps;
            int larger = 0;
            for (int64_t k = 0; k < 4 && channel / 4 * 4 + k < s->dims[1]; k++)
                larger += fabsf(w[first + k * taps]) > fabsf(w[at]);
            cr_expect(larger < 2 || q->weights[at] == 0);
        }
    }
    amct_leveldb_free(plain);
    amct_leveldb_free(full);
    export_case_end(&c);
}

/* Every second file goes, every third is cut short. */
static void damage_files(const char *in)
{
    DIR *dir = opendir(in);
    char path[512];
    size_t n = 0;
    cr_assert_not_null(dir);
    for (const struct dirent *d; (d = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", in, d->d_name);
        if (d->d_name[0] == '.')
            continue;
        if (n % 2 == 0)
            cr_assert_eq(remove(path), 0);
        else if (n % 3 == 0)
            OK(amct_file_write(path, "AMCTLVL2", 8, &err));
        n++;
    }
    closedir(dir);
    cr_assert_gt(n, 3);
}

Test(compress_level, what_an_interrupted_run_left_is_taken_up, .init = setup, .fini = teardown)
{
    export_case c;
    begin(&c, "residual", MIX_NONE);
    amct_leveldb *want = filled(&c, BOTH, NULL, 1, SIZE_MAX);
    amct_leveldb_free(filled(&c, 1 << AMCT_LEVEL_W8A8, folder, 1, SIZE_MAX));
    amct_leveldb *more = filled(&c, BOTH, folder, 1, SIZE_MAX);
    cr_expect(all_same(&c, want, more));
    amct_leveldb_free(more);
    damage_files(folder);
    for (int i = 0; i < 2; i++) { /* made anew, then read */
        more = filled(&c, BOTH, folder, 1, SIZE_MAX);
        cr_expect(all_same(&c, want, more));
        amct_leveldb_free(more);
    }
    amct_leveldb_free(want);
    export_case_end(&c);
}
