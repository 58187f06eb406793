#include "passes/prepare.h"

#include "passes/pass.h"

bool amct_replace_tensor(amct_graph *graph, uint32_t from, uint32_t to)
{
    bool from_out = false, to_out = false;
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        from_out |= graph->outputs[i] == from;
        to_out |= graph->outputs[i] == to;
    }
    if (from_out && (to_out || graph->tensors[to].input || graph->tensors[to].data))
        return false;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        if (graph->outputs[i] == from)
            graph->outputs[i] = to;
    if (from_out)
        graph->tensors[to].name = graph->tensors[from].name;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        for (uint32_t i = 0; i < graph->nodes[n].n_src; i++)
            if (graph->nodes[n].src[i] == from)
                graph->nodes[n].src[i] = to;
    return true;
}

static amct_status bind_inputs(amct_graph *graph, amct_err *err)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        amct_tensor *input = &graph->tensors[graph->inputs[i]];
        char text[128];
        if (input->shape.rank < 0)
            return amct_fail(err, AMCT_E_UNSUPPORTED, "input '%s' has no shape", input->name);
        if (input->shape.rank > 0 && input->shape.dims[0] < 0)
            input->shape.dims[0] = 1;
        if (!amct_shape_known(&input->shape))
            return amct_fail(err, AMCT_E_UNSUPPORTED,
                             "input '%s' has the shape %s: dims other than the first must be "
                             "fixed in the file",
                             input->name, amct_shape_print(&input->shape, text, sizeof text));
        size_t bytes;
        amct_status status = amct_tensor_bytes(&bytes, input->dtype, &input->shape, err);
        if (status != AMCT_OK)
            return amct_fail_in(err, "input '%s'", input->name);
    }
    return AMCT_OK;
}

amct_status amct_prepare(amct_graph *graph, amct_err *err)
{
    AMCT_TRY(bind_inputs(graph, err));
    AMCT_TRY(amct_pass_qdq(graph, err));
    AMCT_TRY(amct_pass_infer(graph, true, err));
    AMCT_TRY(amct_pass_identity(graph, err));
    AMCT_TRY(amct_pass_pad(graph, err));
    AMCT_TRY(amct_pass_scale(graph, err));
    AMCT_TRY(amct_pass_infer(graph, true, err));
    AMCT_TRY(amct_graph_sort(graph, err));
    AMCT_TRY(amct_graph_validate(graph, err));
    return amct_graph_name_uniquely(graph, err);
}

void amct_hash_constants(amct_graph *graph)
{
    for (uint32_t t = 0; t < graph->n_tensors; t++) {
        amct_tensor *tensor = &graph->tensors[t];
        if (tensor->data && !tensor->hash.lo && !tensor->hash.hi)
            tensor->hash = amct_hash_bytes((amct_hash){0}, tensor->data, tensor->bytes);
    }
}
