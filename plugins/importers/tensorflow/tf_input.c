/* Inputs of the network, which are given to the sink when somebody wants them. */
#include "tf_reader.h"

#include <string.h>

int32_t tf_input_add(tf_reader *r, tf_value *v)
{
    if (r->n_inputs == r->cap_inputs) {
        uint32_t cap = r->cap_inputs ? 2 * r->cap_inputs : 8;
        tf_value **more = import_alloc(&r->memory, cap, sizeof *more);
        if (!more)
            return tf_nomem(r);
        if (r->n_inputs)
            memcpy(more, r->inputs, r->n_inputs * sizeof *more);
        r->inputs = more;
        r->cap_inputs = cap;
    }
    v->kind = TF_INPUT;
    v->input = r->n_inputs;
    r->inputs[r->n_inputs++] = v;
    return AMCT_OK;
}

bool tf_is_image(const tf_reader *r, const tf_value *v)
{
    return !r->keep_layout && !r->channels_first && v->kind == TF_INPUT && v->shape.rank == 4 &&
           !v->forms;
}

int32_t tf_input_emit(tf_reader *r, tf_value *v, const tf_order *order)
{
    tf_shape stored = tf_order_apply(order, &v->shape);
    const amct_tensor_desc desc = {.struct_size = sizeof desc,
                                   .kind = AMCT_TENSOR_INPUT,
                                   .dtype = v->dtype,
                                   .rank = stored.rank,
                                   .name = v->name,
                                   .dims = stored.dims};
    uint32_t id;
    r->n_inputs_emitted++;
    TF_TRY(r->sink->tensor(r->sink->ctx, &desc, &id));
    return tf_form_add(r, v, id, order);
}

/* The sink numbers inputs as they come, so those before it come first. */
int32_t tf_inputs_emit(tf_reader *r, uint32_t n)
{
    const tf_order plain = tf_order_plain();
    while (r->n_inputs_emitted < n)
        TF_TRY(tf_input_emit(r, r->inputs[r->n_inputs_emitted], &plain));
    return AMCT_OK;
}
