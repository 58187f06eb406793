#include "exec/step.h"

#include <string.h>

/* Whether a step before `step` has written the slot and one from there on reads it. */
static bool is_live(const amct_slot *slot, uint32_t step)
{
    return slot->alias < 0 && !slot->constant && slot->first < (int32_t)step &&
           slot->last >= (int32_t)step;
}

size_t amct_plan_state_bytes(const amct_plan *plan, uint32_t step)
{
    size_t bytes = 0;
    for (uint32_t s = 0; s < plan->n_slots; s++)
        if (is_live(&plan->slots[s], step))
            bytes += plan->slots[s].bytes;
    return bytes;
}

void amct_plan_save(void *state, const amct_plan *plan, uint32_t step)
{
    char *to = state;
    for (uint32_t s = 0; s < plan->n_slots; s++) {
        const amct_slot *slot = &plan->slots[s];
        if (!is_live(slot, step))
            continue;
        memcpy(to, plan->block + slot->offset, slot->bytes);
        to += slot->bytes;
    }
}

void amct_plan_restore(amct_plan *plan, const void *state, uint32_t step)
{
    const char *from = state;
    for (uint32_t s = 0; s < plan->n_slots; s++) {
        const amct_slot *slot = &plan->slots[s];
        if (!is_live(slot, step))
            continue;
        memcpy(plan->block + slot->offset, from, slot->bytes);
        from += slot->bytes;
    }
}
