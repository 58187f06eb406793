/* Where a plan puts its tensors: nothing that is still needed is overwritten. */
#include "exec_net.h"

#include "exec/step.h"

/* A random network of convolutions, additions, joins and views with long-lived tensors. */
static void random_net(exec_net *n, bool integers)
{
    uint32_t live[40], count = 0;
    live[count++] = net_input(n, AMCT_FLOAT, DIMS(1, 8, 6, 6));
    live[count++] = net_input(n, AMCT_FLOAT, DIMS(1, 8, 6, 6));
    for (int64_t i = net_between(n, 3, 30); i > 0; i--) {
        uint32_t a = live[net_between(n, 0, count - 1)], b = live[net_between(n, 0, count - 1)], t;
        uint32_t w = net_random(n, AMCT_FLOAT, DIMS(8, 8, 1, 1), -0.5, 0.5);
        switch (net_between(n, integers ? 0 : 1, 6)) {
        case 1: t = net_node(n, "Relu", IDS(a)); break;
        case 2: t = net_node(n, "Identity", IDS(a)); break;
        case 3:
            net_int(n, "axis", 1);
            t = net_node(n, "Concat", IDS(a, b));
            w = net_random(n, AMCT_FLOAT, DIMS(8, 16, 1, 1), -0.5, 0.5);
            t = net_node(n, "Conv", IDS(t, w));
            break;
        case 0: {
            uint32_t q = net_random(n, AMCT_INT8, DIMS(8, 8, 1, 1), -100, 100);
            t = net_node(n, "Conv", IDS(net_quant(n, a, 30, -20), q));
            t = net_dequant(n, t, 8, 1e4, false);
            break;
        }
        case 5: {
            uint32_t flat = net_node(n, "Reshape", IDS(a, net_ints(n, NUMBERS(1, -1))));
            t = net_node(n, "Reshape", IDS(flat, net_ints(n, NUMBERS(1, 8, 6, 6))));
            break;
        }
        case 4: t = net_node(n, "Add", IDS(a, b)); break;
        default: t = net_node(n, "Conv", IDS(a, w));
        }
        live[count++] = t;
    }
    net_output(n, live[count - 1]);
    for (int64_t i = net_between(n, 0, 2); i > 0; i--)
        net_output(n, live[net_between(n, 0, count - 1)]);
    net_shape(n, live[0]);
}

static int32_t owner(const amct_plan *plan, int32_t slot)
{
    return plan->slots[slot].alias >= 0 ? plan->slots[slot].alias : slot;
}

/* First and last step that touch the memory of each slot, reckoned from the steps alone. */
static void find_lives(const amct_plan *plan, int32_t *first, int32_t *last)
{
    for (uint32_t s = 0; s < plan->n_slots; s++)
        first[s] = INT32_MAX, last[s] = -1;
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const amct_step *step = &plan->steps[i];
        for (uint32_t k = 0; k < step->n_src + step->n_dst + AMCT_MAX_POSTS; k++) {
            int32_t s = k < step->n_src                 ? step->src[k]
                        : k < step->n_src + step->n_dst ? step->dst[k - step->n_src]
                                                        : step->add[k - step->n_src - step->n_dst];
            if (s < 0)
                continue;
            s = owner(plan, s);
            first[s] = first[s] < (int32_t)i ? first[s] : (int32_t)i;
            last[s] = (int32_t)i;
        }
    }
    for (uint32_t i = 0; i < plan->graph->n_inputs; i++)
        first[owner(plan, plan->inputs[i])] = -1;
    for (uint32_t i = 0; i < plan->graph->n_outputs; i++)
        last[owner(plan, plan->outputs[i])] = INT32_MAX;
}

static void check_places(exec_net *n, amct_engine engine, const amct_plan_options *options)
{
    enum { MOST = 400 };
    static int32_t first[MOST], last[MOST];
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(amct_exec_new(&exec, engine, &n->err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, n->graph, options, &n->err), AMCT_OK, "%s",
                 n->err.text);
    cr_assert_lt(plan->n_slots, MOST);
    find_lives(plan, first, last);
    for (uint32_t a = 0; a < plan->n_slots; a++) {
        const amct_slot *x = &plan->slots[a];
        if (x->alias >= 0 || x->constant)
            continue;
        cr_assert_leq(x->offset + x->bytes, amct_plan_bytes(plan));
        cr_assert_eq(x->offset % 64, 0);
        for (uint32_t b = 0; b < a; b++) {
            const amct_slot *y = &plan->slots[b];
            bool together = first[a] <= last[b] && first[b] <= last[a];
            bool apart = x->offset + x->bytes <= y->offset || y->offset + y->bytes <= x->offset;
            cr_assert(y->alias >= 0 || y->constant || !together || apart,
                      "AMCT_EXEC_SEED=%llu: slots %u and %u", (unsigned long long)n->seed, b, a);
        }
    }
    amct_plan_free(plan);
    amct_exec_free(exec);
}

static void no_overlap(exec_net *n)
{
    random_net(n, true);
    check_places(n, AMCT_ENGINE_ONEDNN, NULL);
    check_places(n, AMCT_ENGINE_ONEDNN_FLOAT, &(amct_plan_options){.inputs_last = true});
    check_places(n, AMCT_ENGINE_REFERENCE, NULL);
}

Test(exec_memory, tensors_that_live_together_lie_apart)
{
    net_seeds(150, no_overlap);
}

static void right_numbers(exec_net *n)
{
    bool integers = n->seed % 3 == 0;
    random_net(n, integers);
    net_check(n, integers ? 3e-2 : 1e-5, 0); /* a value may be rounded to the other side */
}

Test(exec_memory, random_networks_agree_with_the_reference)
{
    net_seeds(150, right_numbers);
}

Test(exec_memory, a_chain_needs_two_places)
{
    exec_net n;
    net_begin(&n, 1);
    uint32_t t = net_input(&n, AMCT_FLOAT, DIMS(1, 16, 8, 8));
    for (int i = 0; i < 10; i++)
        t = net_node(&n, "Conv", IDS(t, net_random(&n, AMCT_FLOAT, DIMS(16, 16, 1, 1), -1, 1)));
    net_output(&n, t);
    net_shape(&n, t);
    amct_exec *exec;
    amct_plan *plan;
    cr_assert_eq(amct_exec_new(&exec, AMCT_ENGINE_ONEDNN, &n.err), AMCT_OK);
    cr_assert_eq(amct_plan_new(&plan, exec, n.graph, NULL, &n.err), AMCT_OK);
    cr_assert_eq(amct_plan_bytes(plan), 2 * 16 * 64 * sizeof(float));
    amct_plan_free(plan);
    amct_exec_free(exec);
    net_end(&n);
}
