#include "exec_net.h"

#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void want(const exec_net *n, amct_status status)
{
    cr_assert_eq(status, AMCT_OK, "AMCT_EXEC_SEED=%llu: %s", (unsigned long long)n->seed,
                 n->err.text);
}

void net_begin(exec_net *n, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    n->seed = seed;
    n->rng = amct_pcg_new(seed, 7);
    want(n, amct_graph_new(&n->graph, &n->err));
}

void net_end(exec_net *n)
{
    amct_graph_free(n->graph);
}

int64_t net_between(exec_net *n, int64_t least, int64_t greatest)
{
    return least + amct_pcg_below(&n->rng, (uint32_t)(greatest - least + 1));
}

double net_real(exec_net *n, double least, double greatest)
{
    return least + (greatest - least) * amct_pcg_unit(&n->rng);
}

/* ---- Building ------------------------------------------------------------------------------ */

static uint32_t add_tensor(exec_net *n, uint32_t dtype, const amct_shape *shape)
{
    char name[32];
    uint32_t id;
    snprintf(name, sizeof name, "t%u", n->graph->n_tensors);
    amct_tensor tensor = {.name = name, .dtype = dtype, .shape = *shape};
    want(n, amct_graph_add_tensor(n->graph, &tensor, &id, &n->err));
    return id;
}

uint32_t net_input(exec_net *n, uint32_t dtype, amct_shape shape)
{
    uint32_t id = add_tensor(n, dtype, &shape);
    want(n, amct_graph_add_input(n->graph, id, &n->err));
    return id;
}

uint32_t net_random(exec_net *n, uint32_t dtype, amct_shape shape, double least, double greatest)
{
    void *data;
    uint32_t id = add_tensor(n, dtype, &shape);
    want(n, amct_tensor_make_constant(n->graph, id, &data, &n->err));
    for (int64_t i = 0; i < amct_shape_size(&shape); i++)
        amct_element_put(dtype, data, i,
                         amct_dtype_is_float(dtype)
                             ? net_real(n, least, greatest)
                             : (double)net_between(n, (int64_t)least, (int64_t)greatest));
    return id;
}

uint32_t net_constant(exec_net *n, uint32_t dtype, amct_shape shape, size_t count,
                      const double *numbers)
{
    void *data;
    uint32_t id = add_tensor(n, dtype, &shape);
    want(n, amct_tensor_make_constant(n->graph, id, &data, &n->err));
    for (int64_t i = 0; i < amct_shape_size(&shape); i++)
        amct_element_put(dtype, data, i, numbers[(size_t)i % count]);
    return id;
}

uint32_t net_ints(exec_net *n, size_t count, const double *numbers)
{
    return net_constant(n, AMCT_INT64, DIMS((int64_t)count), count, numbers);
}

uint32_t net_float(exec_net *n, double number)
{
    return net_constant(n, AMCT_FLOAT, SCALAR, 1, &number);
}

static amct_attr *add_attr(exec_net *n, const char *name, uint32_t type)
{
    cr_assert(n->n_attrs < EXEC_MAX_ATTRS);
    amct_attr *attr = &n->attrs[n->n_attrs++];
    *attr = (amct_attr){.name = name, .type = type};
    return attr;
}

void net_int(exec_net *n, const char *name, int64_t value)
{
    add_attr(n, name, AMCT_ATTR_INT)->i = value;
}

void net_real_attr(exec_net *n, const char *name, double value)
{
    add_attr(n, name, AMCT_ATTR_FLOAT)->f = (float)value;
}

void net_text(exec_net *n, const char *name, const char *value)
{
    amct_attr *attr = add_attr(n, name, AMCT_ATTR_STRING);
    attr->data = value;
    attr->count = strlen(value);
}

void net_list(exec_net *n, const char *name, int32_t count, const int64_t *values)
{
    amct_attr *attr = add_attr(n, name, AMCT_ATTR_INTS);
    attr->data = amct_arena_copy(n->graph->arena, values, (size_t)count * sizeof *values);
    attr->count = (size_t)count;
}

uint32_t net_nodes(exec_net *n, const char *op, size_t n_src, const uint32_t *src, uint32_t n_dst)
{
    char name[32];
    uint32_t dst[EXEC_MAX_ENDS], sources[EXEC_MAX_ENDS];
    cr_assert(n_src <= EXEC_MAX_ENDS && n_dst <= EXEC_MAX_ENDS);
    memcpy(sources, src, n_src * sizeof *src);
    snprintf(name, sizeof name, "n%u", n->graph->n_nodes);
    for (uint32_t i = 0; i < n_dst; i++)
        dst[i] = add_tensor(n, AMCT_UNDEFINED, &(amct_shape){.rank = -1});
    amct_node node = {.name = name,
                      .op = op,
                      .n_src = (uint32_t)n_src,
                      .src = sources,
                      .n_dst = n_dst,
                      .dst = dst,
                      .n_attrs = n->n_attrs,
                      .attrs = n->attrs};
    want(n, amct_graph_add_node(n->graph, &node, &n->err));
    n->n_attrs = 0;
    return dst[0];
}

uint32_t net_node(exec_net *n, const char *op, size_t n_src, const uint32_t *src)
{
    return net_nodes(n, op, n_src, src, 1);
}

void net_output(exec_net *n, uint32_t tensor)
{
    want(n, amct_graph_add_output(n->graph, tensor, &n->err));
}

uint32_t net_quant(exec_net *n, uint32_t src, double scale, double offset)
{
    net_real_attr(n, "scale", scale);
    net_real_attr(n, "offset", offset);
    net_text(n, "dst_type", "INT8");
    return net_node(n, "AscendQuant", IDS(src));
}

uint32_t net_dequant(exec_net *n, uint32_t sums, int64_t count, double range, bool relu)
{
    void *data;
    amct_shape shape = DIMS(count);
    uint32_t scales = add_tensor(n, AMCT_UINT64, &shape);
    want(n, amct_tensor_make_constant(n->graph, scales, &data, &n->err));
    for (int64_t i = 0; i < count; i++) {
        float scale = (float)(net_real(n, 0.5, 2) / range);
        memcpy((uint64_t *)data + i, &scale, sizeof scale);
    }
    if (relu)
        net_int(n, "relu_flag", 1);
    return net_node(n, "AscendDequant", IDS(sums, scales));
}

const amct_shape *net_shape(exec_net *n, uint32_t tensor)
{
    want(n, amct_pass_infer(n->graph, false, &n->err));
    return &n->graph->tensors[tensor].shape;
}

uint32_t net_dtype(exec_net *n, uint32_t tensor)
{
    net_shape(n, tensor);
    return n->graph->tensors[tensor].dtype;
}

/* ---- Running ------------------------------------------------------------------------------- */

/* Where element i in C order of a buffer's shape lies in it. */
static int64_t place(const amct_buffer *b, int64_t i)
{
    if (b->layout != AMCT_LAYOUT_LAST)
        return i;
    int64_t channels = b->shape.dims[1], inner = amct_shape_count(&b->shape, 2, b->shape.rank);
    int64_t sample = i / (channels * inner), c = i / inner % channels, at = i % inner;
    return (sample * inner + at) * channels + c;
}

void net_fill(const exec_net *n, amct_plan *plan, uint64_t variant)
{
    for (uint32_t k = 0; k < n->graph->n_inputs; k++) {
        amct_buffer in = amct_plan_input(plan, k);
        amct_pcg rng = amct_pcg_new(n->seed + (variant << 32), 100 + k);
        for (int64_t i = 0; i < amct_shape_size(&in.shape); i++) {
            double u = 2 * amct_pcg_unit(&rng) - 1;
            amct_element_put(in.dtype, in.data, place(&in, i),
                             amct_dtype_is_float(in.dtype) ? 4 * u
                             : in.dtype == AMCT_BOOL       ? u > 0
                                                           : floor(100 * fabs(u)));
        }
    }
}

void net_read(const exec_net *n, const amct_plan *plan, net_result *results)
{
    for (uint32_t i = 0; i < n->graph->n_outputs; i++) {
        amct_buffer out = amct_plan_output(plan, i);
        cr_assert_eq(out.form, AMCT_FORM_VALUE);
        cr_assert_eq(out.layout, AMCT_LAYOUT_PLAIN);
        results[i] = (net_result){out.dtype, out.shape,
                                  amct_arena_copy(n->graph->arena, out.data, out.bytes)};
    }
}

static char steps_run[2000]; /* the steps of the plan that ran last */

static void note_steps(const amct_plan *plan)
{
    size_t at = 0;
    steps_run[0] = 0;
    for (uint32_t i = 0; i < amct_plan_n_steps(plan) && at < sizeof steps_run - 100; i++)
        at += (size_t)snprintf(steps_run + at, sizeof steps_run - at, "%s%.80s", i ? ", " : "",
                               amct_plan_step(plan, i).how);
}

void net_run(exec_net *n, amct_engine engine, const amct_plan_options *options, net_result *results)
{
    amct_exec *exec;
    amct_plan *plan;
    want(n, amct_exec_new(&exec, engine, &n->err));
    want(n, amct_plan_new(&plan, exec, n->graph, options, &n->err));
    net_fill(n, plan, 0);
    want(n, amct_plan_run(plan, &n->err));
    net_read(n, plan, results);
    note_steps(plan);
    amct_plan_free(plan);
    amct_exec_free(exec);
}

/* "Conv(8x3x5x5, 4x3x3x3) Relu": what failed, without its numbers. */
static const char *story(const exec_net *n)
{
    static char text[2000];
    size_t at = 0;
    for (uint32_t i = 0; i < n->graph->n_nodes && at < sizeof text - 200; i++) {
        const amct_node *node = &n->graph->nodes[i];
        at += (size_t)snprintf(text + at, sizeof text - at, " %s(", node->op);
        for (uint32_t k = 0; k < node->n_src && k < 3; k++) {
            char shape[40] = "-";
            const amct_tensor *src = amct_node_src(n->graph, node, k);
            if (src)
                amct_shape_print(&src->shape, shape, sizeof shape);
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", k ? "," : "", shape);
        }
        at += (size_t)snprintf(text + at, sizeof text - at, ")");
    }
    return text;
}

static int n_failed; /* comparisons, of the test case's process */

static double largest(const net_result *r)
{
    double most = 0.25;
    for (int64_t i = 0; i < amct_shape_size(&r->shape); i++) {
        double v = fabs(amct_element_get(r->dtype, r->data, i));
        most = v > most && !isinf(v) ? v : most;
    }
    return most;
}

void net_compare(const exec_net *n, const net_result *found, const net_result *wanted, double limit,
                 int64_t steps, const char *what)
{
    for (uint32_t k = 0; k < n->graph->n_outputs; k++) {
        const net_result *a = &found[k], *b = &wanted[k];
        cr_assert_eq(a->dtype, b->dtype);
        cr_assert(amct_shape_equal(&a->shape, &b->shape));
        bool real = amct_dtype_is_float(a->dtype);
        double most = real ? largest(b) : 0;
        for (int64_t i = 0; i < amct_shape_size(&a->shape); i++) {
            double x = amct_element_get(a->dtype, a->data, i);
            double y = amct_element_get(b->dtype, b->data, i);
            bool close = x == y || (isnan(x) && isnan(y)) ||
                         fabs(x - y) <= (real ? limit * (fabs(y) + most) : (double)steps);
            if (close)
                continue;
            cr_assert(++n_failed < 20, "so many that no more are shown");
            cr_expect(
                false,
                "AMCT_EXEC_SEED=%llu, %s:%s: output %u, element %lld is %.9g, wanted %.9g (%s)",
                (unsigned long long)n->seed, what, story(n), k, (long long)i, x, y, steps_run);
            return;
        }
    }
}

void net_check(exec_net *n, double limit, int64_t steps)
{
    net_result wanted[EXEC_MAX_ENDS], found[EXEC_MAX_ENDS];
    static const amct_plan_options last = {.inputs_last = true};
    static const struct {
        amct_engine engine;
        const amct_plan_options *options;
        const char *name;
    } ways[] = {
        {AMCT_ENGINE_ONEDNN, NULL, "oneDNN"},
        {AMCT_ENGINE_ONEDNN, &last, "oneDNN, inputs channels last"},
        {AMCT_ENGINE_ONEDNN_FLOAT, NULL, "oneDNN in floats"},
        {AMCT_ENGINE_ONEDNN_FLOAT, &last, "oneDNN in floats, inputs channels last"},
    };
    want(n, amct_pass_infer(n->graph, false, &n->err));
    net_run(n, AMCT_ENGINE_REFERENCE, NULL, wanted);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        net_run(n, ways[i].engine, ways[i].options, found);
        net_compare(n, found, wanted, limit, steps, ways[i].name);
    }
}

static amct_plan *plan_of(exec_net *n, amct_exec **exec, amct_engine engine)
{
    amct_plan *plan;
    want(n, amct_pass_infer(n->graph, false, &n->err));
    want(n, amct_exec_new(exec, engine, &n->err));
    want(n, amct_plan_new(&plan, *exec, n->graph, NULL, &n->err));
    return plan;
}

bool net_runs_by(exec_net *n, amct_engine engine, const char *how)
{
    amct_exec *exec;
    amct_plan *plan = plan_of(n, &exec, engine);
    bool found = false;
    for (uint32_t i = 0; i < amct_plan_n_steps(plan); i++)
        found |= strncmp(amct_plan_step(plan, i).how, how, strlen(how)) == 0;
    amct_plan_free(plan);
    amct_exec_free(exec);
    return found;
}

uint32_t net_steps(exec_net *n, amct_engine engine)
{
    amct_exec *exec;
    amct_plan *plan = plan_of(n, &exec, engine);
    uint32_t steps = amct_plan_n_steps(plan);
    amct_plan_free(plan);
    amct_exec_free(exec);
    return steps;
}

void net_seeds(uint32_t count, void (*one)(exec_net *n))
{
    const char *only = getenv("AMCT_EXEC_SEED");
    char *end = NULL;
    uint64_t first = only ? strtoull(only, &end, 10) : 1, last = only ? first : count;
    if (end && *end == '-')
        last = strtoull(end + 1, NULL, 10);
    for (uint64_t seed = first; seed <= last; seed++) {
        exec_net n;
        net_begin(&n, seed);
        one(&n);
        net_end(&n);
    }
}
