/* The shape of a genome's network, for which nothing is reckoned. */
#include "base/fork.h"
#include "structure/structure_parts.h"

#include <stdlib.h>

/* Memory that reads as zeros and takes none. */
typedef struct blank {
    void *memory;
    size_t bytes;
} blank;

static void free_blank(void *object)
{
    blank *b = object;
    amct_shared_free(b->memory, b->bytes);
    free(b);
}

static blank *new_blank(const amct_structure *s, const amct_graph *graph,
                        const amct_structure_genome *genome)
{
    int64_t most = 1; /* numbers */
    for (uint32_t l = 0; genome->ranks && l < s->n_layers; l++) {
        const amct_gram *g = s->pieces[l].gram;
        int64_t rank = g ? genome->ranks[l].rank : 0, wide = g ? g->columns.columns : 0;
        if (g && g->columns.outputs * g->columns.taps > wide)
            wide = g->columns.outputs * g->columns.taps;
        most = rank * wide > most && rank <= g->columns.columns ? rank * wide : most;
    }
    blank *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->bytes = (size_t)most * sizeof(float);
    for (uint32_t k = 0; k < s->groups->lanes->n_operands; k++) {
        const amct_lane_operand *o = &s->groups->lanes->operands[k];
        size_t bytes = graph->tensors[graph->nodes[o->node].src[o->src]].bytes;
        b->bytes = bytes > b->bytes ? bytes : b->bytes;
    }
    b->memory = amct_shared_alloc(b->bytes);
    if (b->memory)
        return b;
    free(b);
    return NULL;
}

/* Whether that rank saves something in what is left of a layer that has moments. */
static bool saves(const amct_structure *s, uint32_t l, const bool *keep, amct_rank rank)
{
    amct_columns left =
        amct_piece_columns(s->groups->lanes, &s->layers[l], s->pieces[l].gram, keep);
    return rank.rank && rank.rank <= amct_factorise_most(&left, rank.form);
}

void amct_structure_drop_ignored(const amct_structure *s, const uint32_t *kept, amct_rank *ranks,
                                 bool *keep)
{
    amct_err err;
    if (amct_structure_keep(keep, s, kept, &err) != AMCT_OK)
        return;
    for (uint32_t l = 0; l < s->n_layers; l++)
        if (ranks[l].rank && s->pieces[l].gram && !saves(s, l, keep, ranks[l]))
            ranks[l] = (amct_rank){.rank = 0};
}

static void shape_form(amct_layer_form *form, amct_factors *factors, const amct_structure *s,
                       uint32_t l, const bool *keep, amct_rank rank, const void *zeros)
{
    const amct_layer *layer = &s->layers[l];
    bool less = amct_piece_loses(s->graph, s->groups->lanes, layer->node, AMCT_LANE_TAKEN, keep);
    if (!s->pieces[l].gram || (!less && !rank.rank))
        return;
    if (saves(s, l, keep, rank)) {
        *factors = (amct_factors){rank.form, rank.rank, zeros, zeros};
        *form = (amct_layer_form){.bias = zeros, .factors = factors};
    } else if (less) {
        *form = (amct_layer_form){.weights = zeros, .bias = zeros};
    }
}

static void shape_forms(amct_layer_form *forms, amct_factors *factors, const amct_structure *s,
                        const bool *keep, const amct_structure_genome *genome, const void *zeros)
{
    for (uint32_t l = 0; l < s->n_layers; l++)
        shape_form(&forms[l], &factors[l], s, l, keep, amct_structure_rank(genome, l), zeros);
}

amct_status amct_structure_shape(amct_structured *out, const amct_structure *s,
                                 const amct_graph *graph, const amct_structure_genome *genome,
                                 amct_err *err)
{
    amct_structured made;
    amct_layer_form *forms;
    amct_status status = amct_structured_begin(&made, &forms, s, genome, err);
    amct_factors *factors = calloc(s->n_layers + (size_t)1, sizeof *factors);
    blank *zeros = new_blank(s, graph, genome);
    if (status == AMCT_OK && (!factors || !zeros))
        status = amct_fail_nomem(err);
    if (status == AMCT_OK) {
        shape_forms(forms, factors, s, made.keep, genome, zeros->memory);
        status = amct_restructure_shape(&made.graph, graph, s->groups->lanes, made.keep, s->layers,
                                        s->n_layers, forms, zeros->memory, err);
    }
    if (status == AMCT_OK) {
        if (amct_arena_own(made.graph->arena, zeros, free_blank) != 0)
            status = amct_fail_nomem(err);
        zeros = NULL;
    }
    if (zeros)
        free_blank(zeros);
    if (status == AMCT_OK)
        status = amct_structured_trace(&made, s, forms, err);
    free(factors);
    return amct_structured_end(out, &made, forms, status);
}
