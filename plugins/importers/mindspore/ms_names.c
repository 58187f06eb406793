/* Parameters of graphs under their own names, and constants that other graphs have. */
#include "ms_reader.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A parameter is called by its `ref_key` (13), else by what stands behind the graph's name. */
static int32_t parameter_name(ms_reader *r, wire_span message, const char **out)
{
    wire_span name = wire_bytes(message, 13), whole = wire_bytes(message, 7);
    const uint8_t *colon = whole.size ? memchr(whole.data, ':', whole.size) : NULL;
    if (!name.size && colon && colon + 1 < whole.data + whole.size)
        name = (wire_span){colon + 1, (size_t)(whole.data + whole.size - colon - 1)};
    else if (!name.size)
        name = whole;
    *out = import_copy(&r->memory, name.data, name.size);
    return *out ? AMCT_OK : ms_nomem(r);
}

int32_t ms_read_parameters(ms_reader *r, ms_graph *graph)
{
    const char **names = import_alloc(&r->memory, graph->n_parameters, sizeof *names);
    if (!names)
        return ms_nomem(r);
    for (uint32_t i = 0; i < graph->n_parameters; i++) {
        ms_tensor *t;
        MS_TRY(parameter_name(r, graph->parameters[i], &names[i]));
        MS_TRY(ms_read_tensor(r, graph->parameters[i], names[i], &t));
        graph->values[i] = ms_of(t);
    }
    qsort(names, graph->n_parameters, sizeof *names, compare_texts);
    for (uint32_t i = 1; i < graph->n_parameters; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return ms_fail(r, AMCT_E_FORMAT, "two parameters are called '%.200s'", names[i]);
    return AMCT_OK;
}

static int compare_constants(const void *a, const void *b)
{
    return ms_compare_spans(((const ms_constant *)a)->name, ((const ms_constant *)b)->name);
}

static void add_constants(ms_reader *r, const ms_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (wire_is(graph->nodes[i].op, "Constant"))
            r->constants[r->n_constants++] = (ms_constant){graph->nodes[i].name, &graph->nodes[i]};
}

/* MindSpore writes a constant once, in the first graph that uses it. */
int32_t ms_find_constant(ms_reader *r, wire_span name, const ms_node **out)
{
    const ms_constant wanted = {.name = name};
    if (!r->constants) {
        size_t n = r->main.n_nodes;
        for (uint32_t i = 0; i < r->n_functions; i++)
            n += r->functions[i].n_nodes;
        r->constants = import_alloc(&r->memory, n, sizeof *r->constants);
        if (!r->constants)
            return ms_nomem(r);
        add_constants(r, &r->main);
        for (uint32_t i = 0; i < r->n_functions; i++)
            add_constants(r, &r->functions[i]);
        qsort(r->constants, r->n_constants, sizeof *r->constants, compare_constants);
    }
    const ms_constant *found = r->n_constants ? bsearch(&wanted, r->constants, r->n_constants,
                                                        sizeof wanted, compare_constants)
                                              : NULL;
    *out = found ? found->node : NULL;
    return AMCT_OK;
}
