#include "conform/counted_sink.h"

/* AMCT_OK: the call goes on to the graph. */
static int32_t count(amct_counted_sink *s, const char *call)
{
    amct_reading *r = s->reading;
    if (r->failed_call) {
        r->n_calls_after++;
        return AMCT_FAILED_SINK;
    }
    if (++r->n_sink_calls != r->fail_sink_at)
        return AMCT_OK;
    r->failed_call = call;
    return amct_plugin_host_fail(s->host, AMCT_FAILED_SINK, "the host takes no more");
}

static int32_t counted_model(void *ctx, const amct_model_desc *model)
{
    amct_counted_sink *s = ctx;
    int32_t code = count(s, "model");
    if (model && AMCT_HAS(model, amct_model_desc, flags))
        s->reading->model_flags = model->flags;
    return code ? code : s->inner->model(s->inner->ctx, model);
}

static int32_t counted_map(void *ctx, const char *name, amct_view *out)
{
    amct_counted_sink *s = ctx;
    int32_t code = count(s, "map");
    return code ? code : s->inner->map(s->inner->ctx, name, out);
}

static bool is_empty(const amct_tensor_desc *t)
{
    for (uint32_t i = 0; i < t->rank && i < AMCT_MAX_RANK && t->dims; i++)
        if (t->dims[i] == 0)
            return true;
    return false;
}

static int32_t counted_tensor(void *ctx, const amct_tensor_desc *tensor, uint32_t *id)
{
    amct_counted_sink *s = ctx;
    amct_reading *r = s->reading;
    bool told = r->model_flags & AMCT_MODEL_NO_WEIGHTS;
    if (tensor && tensor->kind == AMCT_TENSOR_CONSTANT && !tensor->data && !told &&
        !is_empty(tensor))
        r->bare = true;
    if (r->n_tensors++ == 0 && r->inside)
        r->inside(r->inside_ctx);
    int32_t code = count(s, "tensor");
    return code ? code : s->inner->tensor(s->inner->ctx, tensor, id);
}

static int32_t counted_node(void *ctx, const amct_node_desc *node)
{
    amct_counted_sink *s = ctx;
    int32_t code = count(s, "node");
    return code ? code : s->inner->node(s->inner->ctx, node);
}

static int32_t counted_output(void *ctx, uint32_t id)
{
    amct_counted_sink *s = ctx;
    int32_t code = count(s, "output");
    return code ? code : s->inner->output(s->inner->ctx, id);
}

void amct_counted_sink_init(amct_counted_sink *sink, const amct_sink *inner, amct_plugin_host *host,
                            amct_reading *reading)
{
    *sink = (amct_counted_sink){
        .table =
            {
                .struct_size = sizeof sink->table,
                .ctx = sink,
                .model = counted_model,
                .map = counted_map,
                .tensor = counted_tensor,
                .node = counted_node,
                .output = counted_output,
            },
        .inner = inner,
        .host = host,
        .reading = reading,
    };
}
