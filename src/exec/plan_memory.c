/* Places slots in one block: the largest first, each at the lowest place that no slot alive at the
 * same time holds (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
 * 2020, greedy by size). */
#define _GNU_SOURCE /* qsort_r */
#include "exec/step.h"

#include <stdlib.h>

enum { ALIGN = 64 };

static int larger_first(const void *a, const void *b, void *context)
{
    const amct_plan *plan = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    size_t p = plan->slots[x].bytes, q = plan->slots[y].bytes;
    return p != q ? (p < q) - (p > q) : (x > y) - (x < y);
}

static bool overlap(const amct_slot *a, const amct_slot *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static size_t lowest_place(const amct_plan *plan, const uint32_t *placed, uint32_t n,
                           const amct_slot *slot)
{
    size_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < n; i++) {
            const amct_slot *other = &plan->slots[placed[i]];
            if (overlap(slot, other) && at < other->offset + other->bytes &&
                other->offset < at + slot->bytes) {
                at = (other->offset + other->bytes + ALIGN - 1) / ALIGN * ALIGN;
                moved = true;
            }
        }
    }
    return at;
}

/* Slots live from the step that writes them to the last that reads them; a view's life is its
 * owner's. */
static void find_lives(amct_plan *plan)
{
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const amct_step *step = &plan->steps[i];
        for (uint32_t k = 0; k < step->n_src; k++)
            if (step->src[k] >= 0 && plan->slots[step->src[k]].last < (int32_t)i)
                plan->slots[step->src[k]].last = (int32_t)i;
        for (uint32_t k = 0; k < AMCT_MAX_POSTS; k++)
            if (step->add[k] >= 0 && plan->slots[step->add[k]].last < (int32_t)i)
                plan->slots[step->add[k]].last = (int32_t)i;
        for (uint32_t k = 0; k < step->n_dst; k++)
            if (step->dst[k] >= 0) {
                plan->slots[step->dst[k]].first = (int32_t)i;
                if (plan->slots[step->dst[k]].last < (int32_t)i)
                    plan->slots[step->dst[k]].last = (int32_t)i;
            }
    }
    for (uint32_t t = 0; t < plan->graph->n_tensors; t++) { /* see amct_plan_options.briefly */
        int32_t first = plan->slot_of[t], last = -1;
        for (int32_t s = first; s >= 0 && plan->slots[first].watched; s = plan->slots[s].next)
            last = plan->slots[s].last > last ? plan->slots[s].last : last;
        if (last >= 0)
            plan->slots[first].last = last;
    }
    for (uint32_t s = plan->n_slots; s-- > 0;) { /* a view is younger than its owner */
        amct_slot *slot = &plan->slots[s];
        if (slot->alias >= 0 && plan->slots[slot->alias].last < slot->last)
            plan->slots[slot->alias].last = slot->last;
    }
}

amct_status amct_plan_place(amct_plan *plan, amct_err *err)
{
    uint32_t *order = calloc(plan->n_slots + 1, sizeof *order);
    if (!order)
        return amct_fail_nomem(err);
    find_lives(plan);
    uint32_t n = 0;
    for (uint32_t s = 0; s < plan->n_slots; s++)
        if (plan->slots[s].alias < 0 && !plan->slots[s].constant)
            order[n++] = s;
    qsort_r(order, n, sizeof *order, larger_first, plan);
    plan->block_bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        amct_slot *slot = &plan->slots[order[i]];
        slot->offset = lowest_place(plan, order, i, slot);
        if (slot->offset + slot->bytes > plan->block_bytes)
            plan->block_bytes = slot->offset + slot->bytes;
    }
    free(order);
    return AMCT_OK;
}
