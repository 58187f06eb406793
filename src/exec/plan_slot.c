#include "exec/step.h"

#include "base/grow.h"

#include <string.h>

amct_form amct_plan_int8_form(const amct_plan *plan)
{
    return !plan->exec->dnn      ? AMCT_FORM_VALUE
           : plan->exec->integer ? AMCT_FORM_SHIFTED
                                 : AMCT_FORM_CENTERED;
}

bool amct_layout_matters(const amct_shape *shape)
{
    return shape->rank > 2 && shape->dims[1] != 1 && amct_shape_count(shape, 2, shape->rank) != 1;
}

amct_layout amct_layout_for(const amct_shape *shape)
{
    return shape->rank >= 3 && shape->rank <= 5 ? AMCT_LAYOUT_LAST : AMCT_LAYOUT_PLAIN;
}

amct_status amct_step_add(amct_plan *plan, amct_step **out, amct_step_kind kind, uint32_t node,
                          uint32_t n_src, uint32_t n_dst, amct_err *err)
{
    AMCT_TRY(amct_grow(&plan->steps, plan->n_steps, &plan->cap_steps, sizeof *plan->steps, err));
    amct_step step = {.kind = kind, .node = node, .n_nodes = 1, .n_src = n_src, .n_dst = n_dst};
    step.src = amct_arena_array(plan->arena, n_src, sizeof *step.src);
    step.dst = amct_arena_array(plan->arena, n_dst, sizeof *step.dst);
    if (!step.src || !step.dst)
        return amct_fail_nomem(err);
    memset(step.src, -1, n_src * sizeof *step.src);
    memset(step.dst, -1, n_dst * sizeof *step.dst);
    memset(step.add, -1, sizeof step.add);
    plan->steps[plan->n_steps] = step;
    *out = &plan->steps[plan->n_steps++];
    return AMCT_OK;
}

amct_status amct_slot_add(amct_plan *plan, int32_t *out, uint32_t tensor, uint32_t dtype,
                          amct_form form, amct_layout layout, amct_err *err)
{
    AMCT_TRY(amct_grow(&plan->slots, plan->n_slots, &plan->cap_slots, sizeof *plan->slots, err));
    const amct_tensor *t = &plan->graph->tensors[tensor];
    amct_slot slot = {.tensor = tensor,
                      .dtype = dtype,
                      .form = form,
                      .layout = layout,
                      .shape = t->shape,
                      .alias = -1,
                      .next = -1,
                      .first = (int32_t)plan->n_steps,
                      .last = -1};
    amct_status status = amct_tensor_bytes(&slot.bytes, dtype, &t->shape, err);
    if (status != AMCT_OK)
        return amct_fail_in(err, "tensor '%s'", t->name);
    int32_t id = (int32_t)plan->n_slots++, *link = &plan->slot_of[tensor];
    plan->slots[id] = slot;
    while (*link >= 0)
        link = &plan->slots[*link].next;
    *link = id;
    *out = id;
    return AMCT_OK;
}

amct_onednn_tensor amct_slot_tensor(const amct_plan *plan, int32_t id)
{
    const amct_slot *slot = &plan->slots[id];
    return (amct_onednn_tensor){slot->dtype, slot->layout, slot->shape};
}

amct_status amct_slot_primary(amct_plan *plan, int32_t *out, uint32_t tensor, amct_layout layout,
                              amct_err *err)
{
    const amct_tensor *t = &plan->graph->tensors[tensor];
    if (plan->slot_of[tensor] >= 0) {
        *out = plan->slot_of[tensor];
        return AMCT_OK;
    }
    if (!t->data && !t->input)
        return amct_fail(err, AMCT_E_INTERNAL, "tensor '%s' is used before it is made", t->name);
    if (plan->inputs_last)
        layout = amct_layout_for(&t->shape);
    if (t->data || t->dtype != AMCT_FLOAT)
        layout = AMCT_LAYOUT_PLAIN;
    AMCT_TRY(amct_slot_add(plan, out, tensor, t->dtype, AMCT_FORM_VALUE, layout, err));
    plan->slots[*out].constant = t->data;
    plan->slots[*out].first = -1; /* filled before the first step */
    return AMCT_OK;
}

/* The same values in another form, in the same layout. */
static amct_status reform(amct_plan *plan, int32_t *out, int32_t from, amct_form form,
                          amct_err *err)
{
    amct_step *step;
    uint32_t tensor = plan->slots[from].tensor;
    const amct_tensor *t = &plan->graph->tensors[tensor];
    AMCT_TRY(amct_slot_add(plan, out, tensor, amct_form_dtype(form, t->dtype), form,
                           plan->slots[from].layout, err));
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_REFORM, AMCT_NO_TENSOR, 1, 1, err));
    step->src[0] = from;
    step->dst[0] = *out;
    step->offset = (float)t->zero_point;
    return AMCT_OK;
}

static amct_status relay(amct_plan *plan, int32_t *out, int32_t from, amct_layout layout,
                         amct_err *err)
{
    amct_step *step;
    amct_onednn_tensor source = amct_slot_tensor(plan, from);
    amct_prim *prim = NULL;
    if (plan->exec->dnn)
        AMCT_TRY(amct_onednn_reorder(&prim, plan->exec->dnn, &source, layout, err));
    AMCT_TRY(amct_slot_add(plan, out, plan->slots[from].tensor, source.dtype,
                           plan->slots[from].form, layout, err));
    if (!prim)
        return amct_plan_add_relay(plan, from, *out, err);
    AMCT_TRY(amct_step_add(plan, &step, AMCT_STEP_PRIM, AMCT_NO_TENSOR, 1, 1, err));
    step->prim = prim;
    step->src[0] = from;
    step->dst[0] = *out;
    return AMCT_OK;
}

amct_status amct_slot_want(amct_plan *plan, int32_t *out, uint32_t tensor, amct_form form,
                           amct_layout layout, amct_err *err)
{
    const amct_shape *shape = &plan->graph->tensors[tensor].shape;
    bool any = !amct_layout_matters(shape);
    int32_t at;
    AMCT_TRY(amct_slot_primary(plan, &at, tensor, layout, err));
    for (int32_t s = at; s >= 0; s = plan->slots[s].next)
        if (plan->slots[s].form == form && (any || plan->slots[s].layout == layout)) {
            *out = s;
            return AMCT_OK;
        }
    if (!any && plan->slots[at].layout != layout) {
        int32_t same = -1; /* the right layout may be there in another form */
        for (int32_t s = at; s >= 0; s = plan->slots[s].next)
            if (plan->slots[s].layout == layout)
                same = s;
        if (same < 0)
            AMCT_TRY(relay(plan, &same, at, layout, err));
        at = same;
    }
    if (plan->slots[at].form != form)
        AMCT_TRY(reform(plan, &at, at, form, err));
    *out = at;
    return AMCT_OK;
}

void *amct_plan_data(const amct_plan *plan, int32_t id)
{
    if (id < 0)
        return NULL;
    const amct_slot *slot = &plan->slots[id];
    if (slot->alias >= 0)
        slot = &plan->slots[slot->alias];
    return slot->constant ? (void *)slot->constant : plan->block + slot->offset;
}
