/* What a plan promises beyond right numbers. */
#include "exec_net.h"

#include "exec/feed.h"

#include <stdlib.h>
#include <string.h>

static const amct_engine engines[] = {AMCT_ENGINE_ONEDNN, AMCT_ENGINE_ONEDNN_FLOAT,
                                      AMCT_ENGINE_REFERENCE};
enum { N_ENGINES = 3 };

/* Two convolutions with a residual, and a Gemm at the end; tensor ids of the inner results. */
typedef struct block {
    uint32_t x, first, second, pooled, logits;
} block;

static block add_block(exec_net *n, int64_t batch)
{
    block b = {.x = net_input(n, AMCT_FLOAT, DIMS(batch, 8, 6, 6))};
    uint32_t w = net_random(n, AMCT_FLOAT, DIMS(8, 8, 3, 3), -0.3, 0.3);
    net_list(n, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    b.first = net_node(n, "Relu", IDS(net_node(n, "Conv", IDS(b.x, w))));
    net_list(n, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    uint32_t sum = net_node(n, "Conv", IDS(b.first, w));
    b.second = net_node(n, "Relu", IDS(net_node(n, "Add", IDS(sum, b.x))));
    b.pooled = net_node(n, "Flatten", IDS(net_node(n, "GlobalAveragePool", IDS(b.second))));
    uint32_t gemm = net_random(n, AMCT_FLOAT, DIMS(8, 5), -1, 1);
    b.logits = net_node(n, "Gemm", IDS(b.pooled, gemm));
    net_output(n, b.logits);
    net_shape(n, b.logits);
    return b;
}

typedef struct setup {
    exec_net net;
    block block;
    amct_exec *exec;
    amct_plan *plan;
    amct_err err;
} setup;

static void begin(setup *s, amct_engine engine, const amct_plan_options *options)
{
    net_begin(&s->net, 3);
    s->block = add_block(&s->net, 2);
    cr_assert_eq(amct_exec_new(&s->exec, engine, &s->err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&s->plan, s->exec, s->net.graph, options, &s->err), AMCT_OK, "%s",
                 s->err.text);
}

static void end(setup *s)
{
    amct_plan_free(s->plan);
    amct_exec_free(s->exec);
    net_end(&s->net);
}

static void run(setup *s, uint64_t variant)
{
    net_fill(&s->net, s->plan, variant);
    cr_assert_eq(amct_plan_run(s->plan, &s->err), AMCT_OK);
}

static float value_at(const amct_buffer *b, int64_t c, int64_t y, int64_t x)
{
    int64_t h = b->shape.dims[2], w = b->shape.dims[3], channels = b->shape.dims[1];
    int64_t at = b->layout == AMCT_LAYOUT_LAST ? (y * w + x) * channels + c : (c * h + y) * w + x;
    return ((const float *)b->data)[at];
}

Test(exec_plan, inputs_are_given_in_the_layout_that_the_buffer_says)
{
    for (int e = 0; e < N_ENGINES; e++)
        for (int last = 0; last < 2; last++) {
            setup s;
            begin(&s, engines[e], &(amct_plan_options){.inputs_last = last});
            amct_buffer in = amct_plan_input(s.plan, 0);
            cr_assert_eq(in.dtype, AMCT_FLOAT);
            cr_assert_eq(in.bytes, 2 * 8 * 36 * sizeof(float));
            if (last)
                cr_assert_eq(in.layout, AMCT_LAYOUT_LAST);
            if (engines[e] == AMCT_ENGINE_REFERENCE && !last)
                cr_assert_eq(in.layout, AMCT_LAYOUT_PLAIN);
            end(&s);
        }
}

Test(exec_plan, watched_tensors_hold_their_values_at_the_end)
{
    for (int e = 0; e < N_ENGINES; e++) {
        setup plain, watching;
        uint32_t watch[3];
        begin(&plain, AMCT_ENGINE_REFERENCE, NULL);
        watch[0] = plain.block.first, watch[1] = plain.block.second, watch[2] = plain.block.x;
        amct_plan_free(plain.plan);
        amct_plan_options options = {.watch = watch, .n_watch = 3};
        cr_assert_eq(amct_plan_new(&plain.plan, plain.exec, plain.net.graph, &options, &plain.err),
                     AMCT_OK);
        begin(&watching, engines[e], &options);
        run(&plain, 0);
        run(&watching, 0);
        for (int i = 0; i < 3; i++) {
            amct_buffer a = amct_plan_watched(plain.plan, watch[i]);
            amct_buffer b = amct_plan_watched(watching.plan, watch[i]);
            cr_assert_eq(b.dtype, AMCT_FLOAT);
            cr_assert_eq(b.form, AMCT_FORM_VALUE);
            for (int64_t c = 0; c < 8; c++)
                for (int64_t y = 0; y < 6; y++)
                    for (int64_t x = 0; x < 6; x++)
                        cr_assert_float_eq(value_at(&a, c, y, x), value_at(&b, c, y, x), 1e-5);
        }
        end(&plain);
        end(&watching);
    }
}

Test(exec_plan, briefly_watched_tensors_hold_their_values_right_after_their_step)
{
    for (int e = 0; e < N_ENGINES; e++) {
        setup whole, brief;
        uint32_t watch[2];
        begin(&whole, AMCT_ENGINE_REFERENCE, NULL);
        watch[0] = whole.block.first, watch[1] = whole.block.second;
        amct_plan_free(whole.plan);
        amct_plan_options options = {.watch = watch, .n_watch = 2};
        cr_assert_eq(amct_plan_new(&whole.plan, whole.exec, whole.net.graph, &options, &whole.err),
                     AMCT_OK);
        run(&whole, 0);
        options.briefly = true;
        begin(&brief, engines[e], &options);
        net_fill(&brief.net, brief.plan, 0);
        uint32_t done = 0;
        for (int i = 0; i < 2; i++) {
            uint32_t upto = amct_plan_steps_until(brief.plan, watch[i]);
            cr_assert_gt(upto, done);
            cr_assert_eq(amct_plan_run_steps(brief.plan, done, upto, &brief.err), AMCT_OK);
            done = upto;
            amct_buffer a = amct_plan_watched(whole.plan, watch[i]);
            amct_buffer b = amct_plan_watched(brief.plan, watch[i]);
            for (int64_t c = 0; c < 8; c++)
                cr_assert_float_eq(value_at(&a, c, 5, 2), value_at(&b, c, 5, 2), 1e-5);
        }
        /* the rest of the run gives what a whole one does */
        cr_assert_eq(
            amct_plan_run_steps(brief.plan, done, amct_plan_n_steps(brief.plan), &brief.err),
            AMCT_OK);
        net_result wanted[1], found[1];
        net_read(&whole.net, whole.plan, wanted);
        net_read(&brief.net, brief.plan, found);
        net_compare(&brief.net, found, wanted, 4e-6, 0, "step by step");
        end(&whole);
        end(&brief);
    }
}

Test(exec_plan, what_a_caller_writes_to_a_watched_tensor_goes_into_the_rest_of_the_run)
{
    setup s;
    uint32_t watch;
    begin(&s, AMCT_ENGINE_ONEDNN, NULL);
    watch = s.block.pooled;
    amct_plan_free(s.plan);
    amct_plan_options options = {.watch = &watch, .n_watch = 1, .briefly = true};
    cr_assert_eq(amct_plan_new(&s.plan, s.exec, s.net.graph, &options, &s.err), AMCT_OK);
    net_fill(&s.net, s.plan, 0);
    uint32_t upto = amct_plan_steps_until(s.plan, watch);
    cr_assert_eq(amct_plan_run_steps(s.plan, 0, upto, &s.err), AMCT_OK);
    amct_buffer pooled = amct_plan_watched(s.plan, watch);
    memset(pooled.data, 0, pooled.bytes);
    cr_assert_eq(amct_plan_run_steps(s.plan, upto, amct_plan_n_steps(s.plan), &s.err), AMCT_OK);
    amct_buffer out = amct_plan_output(s.plan, 0);
    for (size_t i = 0; i < out.bytes / sizeof(float); i++)
        cr_assert_eq(((float *)out.data)[i], 0);
    end(&s);
}

Test(exec_plan, runs_repeat_bit_for_bit)
{
    for (int e = 0; e < N_ENGINES; e++) {
        setup s;
        net_result first[1], other[1], again[1];
        begin(&s, engines[e], NULL);
        run(&s, 0);
        net_read(&s.net, s.plan, first);
        run(&s, 1);
        net_read(&s.net, s.plan, other);
        run(&s, 0);
        net_read(&s.net, s.plan, again);
        size_t bytes = amct_plan_output(s.plan, 0).bytes;
        cr_assert_eq(memcmp(first[0].data, again[0].data, bytes), 0);
        cr_assert_neq(memcmp(first[0].data, other[0].data, bytes), 0);
        end(&s);
    }
}

Test(exec_plan, two_plans_of_one_exec_do_not_disturb_each_other)
{
    for (int e = 0; e < N_ENGINES; e++) {
        setup s;
        exec_net large;
        amct_plan *other;
        net_result alone[1], beside[1];
        begin(&s, engines[e], NULL);
        run(&s, 0);
        net_read(&s.net, s.plan, alone);
        net_begin(&large, 4); /* needs more scratch memory */
        uint32_t x = net_input(&large, AMCT_FLOAT, DIMS(1, 37, 20, 20));
        uint32_t w = net_random(&large, AMCT_FLOAT, DIMS(50, 37, 3, 3), -1, 1);
        net_output(&large, net_node(&large, "Conv", IDS(x, w)));
        net_shape(&large, x);
        cr_assert_eq(amct_plan_new(&other, s.exec, large.graph, NULL, &s.err), AMCT_OK);
        net_fill(&s.net, s.plan, 0);
        net_fill(&large, other, 0);
        uint32_t steps = amct_plan_n_steps(s.plan), half = steps / 2;
        cr_assert_eq(amct_plan_run_steps(s.plan, 0, half, &s.err), AMCT_OK);
        cr_assert_eq(amct_plan_run(other, &s.err), AMCT_OK);
        cr_assert_eq(amct_plan_run_steps(s.plan, half, steps, &s.err), AMCT_OK);
        net_read(&s.net, s.plan, beside);
        net_compare(&s.net, beside, alone, 0, 0, "beside another plan");
        amct_plan_free(other);
        run(&s, 0);
        net_read(&s.net, s.plan, beside);
        net_compare(&s.net, beside, alone, 0, 0, "after another plan");
        end(&s);
        net_end(&large);
    }
}

Test(exec_plan, a_second_plan_packs_its_own_weights)
{
    setup s;
    net_result found[1], wanted[1];
    begin(&s, AMCT_ENGINE_ONEDNN, NULL);
    run(&s, 0);
    /* same shapes, other numbers: nothing kept by the exec may be taken for them */
    exec_net other;
    amct_plan *plan;
    net_begin(&other, 9);
    add_block(&other, 2);
    cr_assert_eq(amct_plan_new(&plan, s.exec, other.graph, NULL, &s.err), AMCT_OK);
    net_fill(&other, plan, 0);
    cr_assert_eq(amct_plan_run(plan, &s.err), AMCT_OK);
    net_read(&other, plan, found);
    net_run(&other, AMCT_ENGINE_REFERENCE, NULL, wanted);
    net_compare(&other, found, wanted, 4e-6, 0, "second of an exec");
    amct_plan_free(plan);
    end(&s);
    net_end(&other);
}

Test(exec_plan, every_sample_of_a_batch_is_computed_as_if_alone)
{
    for (int e = 0; e < N_ENGINES; e++) {
        exec_net one, many;
        amct_exec *exec;
        amct_plan *single, *batch;
        amct_err err;
        net_begin(&one, 3);
        add_block(&one, 1);
        net_begin(&many, 3);
        add_block(&many, 5);
        cr_assert_eq(amct_exec_new(&exec, engines[e], &err), AMCT_OK);
        cr_assert_eq(amct_plan_new(&single, exec, one.graph, NULL, &err), AMCT_OK);
        cr_assert_eq(amct_plan_new(&batch, exec, many.graph, NULL, &err), AMCT_OK);
        net_fill(&many, batch, 0);
        amct_buffer from = amct_plan_input(batch, 0), to = amct_plan_input(single, 0);
        cr_assert_eq(from.layout, to.layout);
        float *inputs = malloc(from.bytes); /* a run may overwrite its inputs */
        memcpy(inputs, from.data, from.bytes);
        cr_assert_eq(amct_plan_run(batch, &err), AMCT_OK);
        amct_buffer all = amct_plan_output(batch, 0);
        for (size_t i = 0; i < 5; i++) {
            memcpy(to.data, (char *)inputs + i * to.bytes, to.bytes);
            cr_assert_eq(amct_plan_run(single, &err), AMCT_OK);
            amct_buffer row = amct_plan_output(single, 0);
            for (size_t k = 0; k < 5; k++)
                cr_assert_float_eq(((float *)all.data)[5 * i + k], ((float *)row.data)[k], 1e-5);
        }
        free(inputs);
        amct_plan_free(single);
        amct_plan_free(batch);
        amct_exec_free(exec);
        net_end(&one);
        net_end(&many);
    }
}

/* ---- Odd networks --------------------------------------------------------------------------- */

Test(exec_plan, outputs_may_be_inputs_constants_views_and_each_other)
{
    exec_net n;
    net_begin(&n, 5);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3, 4, 4)), y = net_node(&n, "Relu", IDS(x));
    uint32_t flat = net_node(&n, "Flatten", IDS(y));
    net_output(&n, x);
    net_output(&n, net_random(&n, AMCT_FLOAT, DIMS(3), 0, 1));
    net_output(&n, flat);
    net_output(&n, y);
    net_output(&n, flat);
    net_output(&n, net_node(&n, "Identity", IDS(x)));
    net_check(&n, 0, 0);
    net_end(&n);
}

Test(exec_plan, unused_inputs_and_empty_tensors_do_no_harm)
{
    exec_net n;
    net_begin(&n, 6);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 0, 4));
    net_input(&n, AMCT_FLOAT, DIMS(1, 70, 3, 3));
    uint32_t w = net_random(&n, AMCT_FLOAT, DIMS(4, 5), -1, 1);
    net_output(&n, net_node(&n, "MatMul", IDS(x, w)));
    net_int(&n, "axis", 1);
    uint32_t y = net_input(&n, AMCT_FLOAT, DIMS(2, 2, 4));
    net_output(&n, net_node(&n, "Concat", IDS(x, y)));
    net_check(&n, 1e-6, 0);
    net_end(&n);
}

static void refuse(exec_net *n, const char *text)
{
    amct_err err;
    for (int e = 0; e < N_ENGINES; e++) {
        amct_exec *exec;
        amct_plan *plan = NULL;
        cr_assert_eq(amct_exec_new(&exec, engines[e], &err), AMCT_OK);
        cr_assert_eq(amct_plan_new(&plan, exec, n->graph, NULL, &err), AMCT_E_UNSUPPORTED);
        cr_assert_str_eq(err.text, text);
        cr_assert_null(plan);
        amct_exec_free(exec);
    }
    net_end(n);
}

Test(exec_plan, an_unknown_operator_is_named)
{
    exec_net n;
    net_begin(&n, 7);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3));
    uint32_t y = net_node(&n, "FrobnicateV2", IDS(x));
    n.graph->tensors[y].dtype = AMCT_FLOAT;
    n.graph->tensors[y].shape = DIMS(2, 3);
    net_output(&n, net_node(&n, "Relu", IDS(y)));
    net_shape(&n, y);
    refuse(&n, "node 'n0' (FrobnicateV2): operator FrobnicateV2 is not known here: it cannot be "
               "run");
}

Test(exec_plan, an_unknown_shape_is_named)
{
    exec_net n;
    net_begin(&n, 8);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(2, 3)), shape = net_input(&n, AMCT_INT64, DIMS(2));
    net_output(&n, net_node(&n, "Reshape", IDS(x, shape)));
    net_shape(&n, x);
    refuse(&n, "node 'n0' (Reshape): the shape of 't2' is not known");
}

Test(exec_plan, a_failure_while_running_names_the_node)
{
    exec_net n;
    net_begin(&n, 9);
    uint32_t x = net_input(&n, AMCT_FLOAT, DIMS(4, 3));
    double places[] = {7};
    uint32_t at = net_input(&n, AMCT_INT64, DIMS(1));
    net_output(&n, net_node(&n, "Gather", IDS(x, at)));
    net_shape(&n, x);
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, &n.err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, n.graph, NULL, &n.err), AMCT_OK);
    net_fill(&n, plan, 0);
    *(int64_t *)amct_plan_input(plan, 1).data = (int64_t)places[0];
    cr_assert_eq(amct_plan_run(plan, &n.err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(n.err.text, "node 'n0' (Gather)"), "%s", n.err.text);
    amct_plan_free(plan);
    amct_exec_free(exec);
    net_end(&n);
}

Test(exec_plan, a_processor_without_avx2_is_refused)
{
    amct_exec *exec;
    amct_err err;
    setenv("DNNL_MAX_CPU_ISA", "AVX", 1);
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, &err), AMCT_E_UNSUPPORTED);
    cr_assert_str_eq(err.text, "oneDNN needs a processor with AVX2; use the executor 'reference'");
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_REFERENCE, &err), AMCT_OK);
    amct_exec_free(exec);
}

/* ---- Feed ----------------------------------------------------------------------------------- */

static amct_status fetch(void *ctx, uint32_t first, uint32_t count, amct_layout layout, float *dst,
                         amct_err *err)
{
    size_t per_sample = *(size_t *)ctx;
    (void)layout, (void)err;
    for (size_t i = 0; i < count * per_sample; i++)
        dst[i] = (float)first + (float)(i / per_sample) + 1;
    return AMCT_OK;
}

Test(exec_plan, samples_fill_batches_and_the_rest_is_zero)
{
    setup s;
    begin(&s, AMCT_ENGINE_ONEDNN, NULL);
    size_t per_sample = 8 * 36;
    amct_feed feed = {&per_sample, 3, fetch};
    uint32_t count = 0;
    cr_assert_eq(amct_plan_load(s.plan, &feed, 0, &count, &s.err), AMCT_OK);
    cr_assert_eq(count, 2);
    amct_buffer in = amct_plan_input(s.plan, 0);
    cr_assert_eq(((float *)in.data)[per_sample], 2);
    cr_assert_eq(amct_plan_run_samples(s.plan, &feed, 2, &count, &s.err), AMCT_OK);
    cr_assert_eq(count, 1);
    cr_assert_eq(amct_plan_load(s.plan, &feed, 2, &count, &s.err), AMCT_OK);
    cr_assert_eq(((float *)in.data)[0], 3);
    cr_assert_eq(((float *)in.data)[per_sample], 0);
    end(&s);
}
