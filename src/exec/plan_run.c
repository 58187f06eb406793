/* Runs the steps of a plan that is made, and shows what they do. */
#include "exec/kernels.h"
#include "exec/step.h"

static void quantize(const amct_plan *plan, const amct_step *step)
{
    const amct_slot *dst = &plan->slots[step->dst[0]];
    const float *src = amct_plan_data(plan, step->src[0]);
    size_t n = (size_t)amct_shape_size(&dst->shape);
    if (dst->form == AMCT_FORM_SHIFTED)
        amct_quantize_u8(amct_plan_data(plan, step->dst[0]), src, n, step->scale, step->offset,
                         step->low, step->high);
    else
        amct_quantize_f32(amct_plan_data(plan, step->dst[0]), src, n, step->scale, step->low,
                          step->high);
}

static void reform(const amct_plan *plan, const amct_step *step)
{
    const amct_slot *src = &plan->slots[step->src[0]], *dst = &plan->slots[step->dst[0]];
    void *from = amct_plan_data(plan, step->src[0]), *to = amct_plan_data(plan, step->dst[0]);
    size_t n = (size_t)amct_shape_size(&dst->shape);
    int32_t zero = (int32_t)step->offset + 128;
    bool centered = src->form == AMCT_FORM_CENTERED;
    if (centered)
        amct_uncenter_u8(to, from, n, zero);
    else if (dst->form == AMCT_FORM_CENTERED && src->form == AMCT_FORM_SHIFTED)
        amct_center_u8(to, from, n, zero);
    else if (dst->form == AMCT_FORM_CENTERED)
        for (size_t i = 0; i < n; i++)
            ((float *)to)[i] = (float)(((int8_t *)from)[i] - (int32_t)step->offset);
    else
        amct_shift_u8(to, from, n);
    if (centered && dst->form == AMCT_FORM_VALUE)
        for (size_t i = 0; i < n; i++)
            ((uint8_t *)to)[i] ^= 0x80;
}

static void move(const amct_plan *plan, const amct_step *step)
{
    void *dst[AMCT_MAX_MOVE_ENDS];
    const void *src[AMCT_MAX_MOVE_ENDS];
    for (uint32_t i = 0; i < step->n_src; i++)
        src[i] = amct_plan_data(plan, step->src[i]);
    for (uint32_t i = 0; i < step->n_dst; i++)
        dst[i] = amct_plan_data(plan, step->dst[i]);
    const amct_slot *first = &plan->slots[step->dst[0]];
    if (step->fill)
        amct_fill_f32(dst[0], (size_t)amct_shape_size(&first->shape), step->low);
    amct_plan_run_move(step, dst, src, amct_dtype_bits(first->dtype) / 8);
}

amct_status amct_plan_run_steps(amct_plan *plan, uint32_t from, uint32_t to, amct_err *err)
{
    for (uint32_t i = from; i < to; i++) {
        amct_step *step = &plan->steps[i];
        amct_status status = AMCT_OK;
        switch (step->kind) {
        case AMCT_STEP_PRIM: status = amct_onednn_run(plan->exec->dnn, step->bound, err); break;
        case AMCT_STEP_OP: status = amct_op_run(step->op, &step->call, err); break;
        case AMCT_STEP_QUANTIZE: quantize(plan, step); break;
        case AMCT_STEP_REFORM: reform(plan, step); break;
        case AMCT_STEP_MOVE: move(plan, step); break;
        }
        if (status != AMCT_OK)
            return step->node == AMCT_NO_TENSOR ? status
                                                : amct_plan_in_node(plan->graph, step->node, err);
    }
    return AMCT_OK;
}

amct_status amct_plan_run(amct_plan *plan, amct_err *err)
{
    return amct_plan_run_steps(plan, 0, plan->n_steps, err);
}

/* ---- Looking at it ------------------------------------------------------------------------ */

static amct_buffer buffer_of(const amct_plan *plan, int32_t id)
{
    const amct_slot *slot = &plan->slots[id];
    return (amct_buffer){amct_plan_data(plan, id),
                         slot->dtype,
                         slot->form,
                         amct_layout_matters(&slot->shape) ? slot->layout : AMCT_LAYOUT_PLAIN,
                         slot->shape,
                         slot->bytes};
}

amct_buffer amct_plan_input(const amct_plan *plan, uint32_t i)
{
    return buffer_of(plan, plan->inputs[i]);
}

amct_buffer amct_plan_output(const amct_plan *plan, uint32_t i)
{
    return buffer_of(plan, plan->outputs[i]);
}

amct_buffer amct_plan_watched(const amct_plan *plan, uint32_t tensor)
{
    return buffer_of(plan, plan->slot_of[tensor]);
}

uint32_t amct_plan_n_steps(const amct_plan *plan)
{
    return plan->n_steps;
}

uint32_t amct_plan_steps_until(const amct_plan *plan, uint32_t tensor)
{
    const amct_slot *slot = &plan->slots[plan->slot_of[tensor]];
    return (uint32_t)(slot->view ? slot->first : slot->first + 1);
}

size_t amct_plan_bytes(const amct_plan *plan)
{
    return plan->block_bytes;
}

amct_step_info amct_plan_step(const amct_plan *plan, uint32_t i)
{
    static const char *const names[] = {"onednn", "reference", "quantize", "reform", "move"};
    const amct_step *step = &plan->steps[i];
    return (amct_step_info){step->prim ? amct_prim_name(step->prim) : names[step->kind], step->node,
                            step->n_nodes};
}
