/* Times of types of operators alone: nobody tells which layer took which. */
#include "measure/kernel_groups.h"

#include <math.h>

/* Compilers split and merge a few layers; more is another network. */
#define COUNT_RATIO 0.08
#define COUNT_SLACK 0.25
#define SMALL_RATIO 0.05 /* of the time: a class that may be missing */

typedef struct class_sum {
    uint32_t first;      /* kernel of the network, AMCT_NO_TENSOR: there is none */
    uint32_t kernels;    /* of the network */
    double estimated_ns; /* of them */
    double runs, ns;     /* of the profile, of all its runs of the network */
} class_sum;

static void sum_kernels(class_sum sums[AMCT_N_DEVICE_CLASSES], const amct_kernel_groups *g)
{
    for (int k = 0; k < AMCT_N_DEVICE_CLASSES; k++)
        sums[k] = (class_sum){.first = AMCT_NO_TENSOR};
    for (uint32_t i = 0; i < g->graph->n_nodes; i++) {
        const amct_node_cost *cost = &g->estimate->costs[i];
        class_sum *sum = &sums[amct_device_class_of_op(g->graph->nodes[i].op)];
        if (cost->status != AMCT_NODE_OK || sum == sums)
            continue;
        sum->first = sum->first == AMCT_NO_TENSOR ? i : sum->first;
        sum->kernels++;
        sum->estimated_ns += cost->latency_ns;
    }
}

/* How many runs of the network the times are of: what the class with the most time says, of those
 * that the matrix unit computes if there are any. */
static double runs_of(const class_sum sums[AMCT_N_DEVICE_CLASSES])
{
    const class_sum *most = NULL;
    for (int cube = 1; cube >= 0 && !most; cube--)
        for (int k = 1; k < AMCT_N_DEVICE_CLASSES; k++)
            if (amct_device_class_is_cube((amct_device_class)k) == cube && sums[k].kernels &&
                sums[k].runs > 0 && (!most || sums[k].ns > most->ns))
                most = &sums[k];
    return most ? fmax(1, round(most->runs / most->kernels)) : 1;
}

static amct_status check_counts(const class_sum sums[AMCT_N_DEVICE_CLASSES], double runs,
                                double all_ns, const amct_kernel_groups *g,
                                const amct_profile *profile, amct_err *err)
{
    double estimated = g->estimate->total.latency_ns;
    for (int k = 1; k < AMCT_N_DEVICE_CLASSES; k++) {
        const class_sum *s = &sums[k];
        double count = s->runs / runs, off = fabs(count - s->kernels);
        bool small = s->kernels == 0 ? s->ns < SMALL_RATIO * all_ns
                                     : s->runs <= 0 && s->estimated_ns < SMALL_RATIO * estimated;
        if (!amct_device_class_is_cube((amct_device_class)k) || small ||
            off <= COUNT_RATIO * s->kernels + COUNT_SLACK)
            continue;
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: counts %.3g %s a run (%.0f in all), this network has %u: is it the "
                         "profile of another one?",
                         profile->folder, count, amct_device_class_name((amct_device_class)k), s->runs,
                         s->kernels);
    }
    return AMCT_OK;
}

amct_status amct_kernel_groups_add_types(amct_kernel_groups *g, amct_correction_found *found,
                                         const amct_profile *profile, amct_err *err)
{
    class_sum sums[AMCT_N_DEVICE_CLASSES];
    double all_ns = 0;
    sum_kernels(sums, g);
    for (uint32_t i = 0; i < profile->n_ops; i++) {
        class_sum *sum = &sums[amct_device_class_of_type(profile->ops[i].type)];
        all_ns += profile->ops[i].ns;
        sum->ns += profile->ops[i].ns;
        sum->runs += profile->ops[i].runs;
        found->n_ops++;
        found->n_matched += sum->first != AMCT_NO_TENSOR;
    }
    double runs = runs_of(sums);
    AMCT_TRY(check_counts(sums, runs, all_ns, g, profile, err));
    g->all_ns = all_ns / runs;
    for (int k = 0; k < AMCT_N_DEVICE_CLASSES; k++) {
        double ns = sums[k].ns / runs;
        if (sums[k].first == AMCT_NO_TENSOR) {
            g->other_ns += ns;
            continue;
        }
        for (uint32_t i = sums[k].first; i < g->graph->n_nodes; i++)
            if (g->estimate->costs[i].status == AMCT_NODE_OK &&
                (int)amct_device_class_of_op(g->graph->nodes[i].op) == k)
                amct_kernel_groups_join(g, sums[k].first, i);
        g->matched_ns += ns;
        g->measured[amct_kernel_groups_root(g, sums[k].first)] += ns;
    }
    found->runs = runs;
    if (2 * g->matched_ns < g->all_ns)
        return amct_fail(err, AMCT_E_INVALID,
                         "%s: %u of %u types of operators, with %.0f %% of the time, are in this "
                         "network: is it the profile of another one?",
                         profile->folder, found->n_matched, found->n_ops,
                         100 * g->matched_ns / g->all_ns);
    return AMCT_OK;
}
