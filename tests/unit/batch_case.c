#include "unit/batch_case.h"

#include "base/pcg.h"
#include "passes/prepare.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static amct_err err;

/* Where element i in C order of a buffer's shape lies in it. */
static int64_t place(const amct_buffer *b, int64_t i)
{
    if (b->layout != AMCT_LAYOUT_LAST)
        return i;
    int64_t channels = b->shape.dims[1], inner = amct_shape_count(&b->shape, 2, b->shape.rank);
    int64_t sample = i / (channels * inner), c = i / inner % channels, at = i % inner;
    return (sample * inner + at) * channels + c;
}

/* Sample `first` + s is made from its number, so that it is the same in any batch. */
static void fill(amct_plan *plan, uint32_t k, int64_t first)
{
    amct_buffer in = amct_plan_input(plan, k);
    int64_t batch = in.shape.dims[0], size = amct_shape_size(&in.shape) / batch;
    for (int64_t s = 0; s < batch; s++) {
        amct_pcg rng = amct_pcg_new((uint64_t)(first + s), 7 + k);
        for (int64_t i = 0; i < size; i++) {
            double u = amct_pcg_unit(&rng);
            amct_element_put(in.dtype, in.data, place(&in, s * size + i),
                             amct_dtype_is_float(in.dtype) ? 2 * u - 1
                             : in.dtype == AMCT_BOOL       ? u > 0.5
                                                           : floor(2 * u));
        }
    }
}

typedef struct run {
    amct_graph *graph;
    amct_exec *exec;
    amct_plan *plan;
} run;

static run start(const amct_graph *graph, int64_t batch, amct_engine engine, const char *what)
{
    run r;
    cr_assert_eq(amct_graph_clone(&r.graph, graph, &err), AMCT_OK);
    cr_assert_eq(amct_set_batch(r.graph, batch, &err), AMCT_OK, "%s: %s", what, err.text);
    cr_assert_eq(amct_exec_new(&r.exec, engine, &err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&r.plan, r.exec, r.graph, NULL, &err), AMCT_OK, "%s: %s", what,
                 err.text);
    return r;
}

static void go(run *r, int64_t first, const char *what)
{
    for (uint32_t k = 0; k < r->graph->n_inputs; k++)
        fill(r->plan, k, first);
    cr_assert_eq(amct_plan_run(r->plan, &err), AMCT_OK, "%s: %s", what, err.text);
}

static void stop(run *r)
{
    amct_plan_free(r->plan);
    amct_exec_free(r->exec);
    amct_graph_free(r->graph);
}

/* Element i of sample s of a tensor that has its samples in the one dim in which its shape differs
 * from that of one sample; dims of both parts merged in C order. */
static int64_t of_sample(const amct_shape *one, const amct_shape *all, int64_t s, int64_t i)
{
    int32_t d = 0;
    while (d < one->rank - 1 && one->dims[d] == all->dims[d])
        d++;
    int64_t inner = amct_shape_count(one, d, one->rank);
    return (i / inner) * amct_shape_count(all, d, all->rank) + s * inner + i % inner;
}

void batch_case_check(const amct_graph *graph, int64_t batch, amct_engine engine, double limit,
                      bool alike, const char *what)
{
    run all = start(graph, batch, engine, what), one = start(graph, 1, engine, what);
    bool differ = false;
    go(&all, 0, what);
    for (int64_t s = 0; s < batch; s++) {
        go(&one, s, what);
        for (uint32_t k = 0; k < graph->n_outputs; k++) {
            amct_buffer a = amct_plan_output(all.plan, k), o = amct_plan_output(one.plan, k);
            double most = 0;
            int64_t n = amct_shape_size(&o.shape);
            cr_assert_eq(amct_shape_size(&a.shape), n * batch, "%s", what);
            for (int64_t i = 0; i < n; i++)
                most = fmax(most, fabs(amct_element_get(o.dtype, o.data, i)));
            for (int64_t i = 0; i < n; i++) {
                double wanted = amct_element_get(o.dtype, o.data, i);
                double found =
                    amct_element_get(a.dtype, a.data, of_sample(&o.shape, &a.shape, s, i));
                double zeroth =
                    amct_element_get(a.dtype, a.data, of_sample(&o.shape, &a.shape, 0, i));
                cr_assert(fabs(found - wanted) <= limit * most,
                          "%s: output %u, sample %lld, element %lld is %.9g, alone %.9g", what, k,
                          (long long)s, (long long)i, found, wanted);
                differ |= fabs(zeroth - wanted) > 4 * limit * most;
            }
        }
    }
    cr_assert(differ || alike, "%s: all samples give the same", what);
    stop(&all);
    stop(&one);
}

void batch_case_randomise(amct_graph *graph)
{
    amct_pcg rng = amct_pcg_new(5, 6);
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        const amct_tensor old = graph->tensors[t];
        int64_t n = old.data ? amct_shape_size(&old.shape) : 0;
        if (old.dtype != AMCT_FLOAT || n <= 64)
            continue;
        float *fresh;
        graph->tensors[t].block = NULL;
        cr_assert_eq(amct_tensor_make_constant(graph, t, (void **)&fresh, &err), AMCT_OK);
        int64_t fan = old.shape.rank > 1 ? amct_shape_count(&old.shape, 1, old.shape.rank) : 75;
        /* matrices larger than usual: attention would give every sample nearly the same */
        float scale = sqrtf((old.shape.rank == 2 ? 30.0f : 3.0f) / (float)fan);
        for (int64_t i = 0; i < n; i++)
            fresh[i] = (float)(2 * amct_pcg_unit(&rng) - 1) * scale;
    }
}
