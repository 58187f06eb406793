#include "structure/structure.h"

#include "base/fork.h"
#include "structure/fixed_rank.h"
#include "structure/structure_piece.h"

#include <stdlib.h>
#include <string.h>

struct amct_structure {
    const amct_graph *graph;
    const amct_layer *layers;
    uint32_t n_layers;
    amct_structure_options options;
    bool outline; /* moments have shapes, but no numbers */
    amct_groups *groups;
    uint32_t **orders; /* per group: lanes, those that are kept first in front; NULL: all stay */
    amct_group_levels *levels; /* per group */
    amct_layer_ranks *ranks;   /* per layer */
    amct_pieces *pieces;       /* per layer */
    uint32_t *place;           /* per lane */
    amct_piece_maker maker;
    amct_arena *arena;
};

/* ---- Levels -----------------------------------------------------------------------------------
 */

static amct_status order_lanes(uint32_t *order, const amct_structure *s, const amct_group *group,
                               const amct_gram *const *grams, amct_err *err)
{
    if (!s->outline)
        return amct_choose(order, s->groups, group, s->options.choice, s->layers, s->n_layers,
                           grams, s->options.ridge, err);
    memcpy(order, group->lanes, group->n_lanes * sizeof *order);
    return AMCT_OK;
}

static amct_status list_group(amct_structure *s, uint32_t g, const amct_gram *const *grams,
                              amct_err *err)
{
    const amct_group *group = &s->groups->groups[g];
    amct_group_levels *l = &s->levels[g];
    uint32_t step = amct_group_step(s->groups, group, s->options.multiple);
    *l = (amct_group_levels){.group = group, .why = group->blocked, .step = step};
    if (!l->why && !group->n_members)
        l->why = "no layer makes or reads its channels";
    if (!l->why && step >= group->n_lanes) {
        l->why = amct_arena_printf(s->arena, "no multiple of %u is below its %u channel%s", step,
                                   group->n_lanes, group->n_lanes == 1 ? "" : "s");
        return l->why ? AMCT_OK : amct_fail_nomem(err);
    }
    if (l->why)
        return AMCT_OK;
    uint32_t *order = amct_arena_array(s->arena, group->n_lanes, sizeof *order);
    uint32_t *kept = amct_arena_array(s->arena, group->n_lanes / step + 1, sizeof *kept);
    if (!order || !kept)
        return amct_fail_nomem(err);
    AMCT_TRY(order_lanes(order, s, group, grams, err));
    for (uint32_t k = (group->n_lanes - 1) / step * step; k > 0; k -= step)
        kept[l->n++] = k;
    l->kept = kept;
    s->orders[g] = order;
    for (uint32_t i = 0; i < group->n_lanes; i++)
        s->place[order[i]] = i + 1;
    return AMCT_OK;
}

/* Of two forms the one that is cheaper at the same rank. */
static bool cheaper(amct_split_form *form, const amct_columns *c, amct_split_form a,
                    amct_split_form b)
{
    bool has_a = !amct_factorise_why(c, a), has_b = !amct_factorise_why(c, b);
    *form =
        has_b && (!has_a || amct_factorise_macs(c, b, 16) < amct_factorise_macs(c, a, 16)) ? b : a;
    return has_a || has_b;
}

static amct_status list_amct_rank(amct_structure *s, uint32_t l, const amct_gram *gram,
                                  amct_err *err)
{
    amct_layer_ranks *r = &s->ranks[l];
    amct_rank *rank = amct_arena_array(s->arena, 1, sizeof *rank);
    if (!rank)
        return amct_fail_nomem(err);
    AMCT_TRY(
        amct_fixed_rank(rank, &gram->columns, s->graph->tensors[s->layers[l].weights].data, err));
    if (!rank->rank)
        r->why = "AMCT's rule leaves it whole";
    else if (rank->rank > amct_factorise_most(&gram->columns, rank->form))
        r->why = "AMCT's rank saves nothing";
    r->ranks = rank;
    r->n = !r->why;
    return AMCT_OK;
}

static amct_status list_ranks(amct_structure *s, uint32_t l, const amct_gram *gram, amct_err *err)
{
    const amct_node *node = &s->graph->nodes[s->layers[l].node];
    amct_layer_ranks *r = &s->ranks[l];
    amct_split_form forms[2];
    int64_t multiple = s->options.multiple, total = 0, most = 0;
    int n = 0;
    r->why = amct_node_is(node, "AveragePool") ? "pooling has no weights"
             : s->layers[l].no_int8            ? s->layers[l].no_int8
             : !gram                           ? "it has no second moments"
             : gram->parts > 1                 ? "it has too many columns"
                                               : NULL;
    if (!r->why)
        r->why = amct_factorise_why(&gram->columns, AMCT_SPLIT_AFTER);
    if (r->why)
        return AMCT_OK;
    if (s->options.amct_ranks)
        return list_amct_rank(s, l, gram, err);
    n += cheaper(&forms[n], &gram->columns, AMCT_SPLIT_AFTER, AMCT_SPLIT_BEFORE);
    n += cheaper(&forms[n], &gram->columns, AMCT_SPLIT_ROWS, AMCT_SPLIT_COLUMNS);
    for (int i = 0; i < n; i++) {
        int64_t own = amct_factorise_most(&gram->columns, forms[i]);
        total += own / multiple;
        most = own > most ? own : most;
    }
    amct_rank *ranks = amct_arena_array(s->arena, (size_t)total + 1, sizeof *ranks);
    if (!ranks)
        return amct_fail_nomem(err);
    for (int i = 0; i < n; i++)
        for (int64_t k = amct_factorise_most(&gram->columns, forms[i]) / multiple; k > 0; k--)
            ranks[r->n++] = (amct_rank){forms[i], k * multiple};
    r->ranks = ranks;
    if (!most)
        r->why = "no rank saves anything";
    else if (!total)
        r->why = amct_arena_printf(s->arena,
                                   "no multiple of %u saves anything as a rank: the largest that "
                                   "does is %lld",
                                   s->options.multiple, (long long)most);
    return total || r->why ? AMCT_OK : amct_fail_nomem(err);
}

/* Moments of all layers that can have some, without their numbers. */
static amct_status shape_grams(const amct_gram *const **out, amct_structure *s, amct_err *err)
{
    amct_gram *grams = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *grams);
    const amct_gram **of = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *of);
    if (!grams || !of)
        return amct_fail_nomem(err);
    for (uint32_t l = 0; l < s->n_layers; l++)
        if (amct_gram_shape(&grams[l], s->graph, &s->layers[l]))
            of[l] = &grams[l];
    *out = of;
    return AMCT_OK;
}

static amct_status begin(amct_structure *s, const amct_gram *const *grams, amct_err *err)
{
    AMCT_TRY(amct_groups_find(&s->groups, s->graph, err));
    if (s->outline)
        AMCT_TRY(shape_grams(&grams, s, err));
    s->orders = amct_arena_array(s->arena, s->groups->n + (size_t)1, sizeof *s->orders);
    s->levels = amct_arena_array(s->arena, s->groups->n + (size_t)1, sizeof *s->levels);
    s->ranks = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *s->ranks);
    s->pieces = amct_arena_array(s->arena, s->n_layers + (size_t)1, sizeof *s->pieces);
    s->place = amct_arena_array(s->arena, s->groups->lanes->n + (size_t)1, sizeof *s->place);
    if (!s->orders || !s->levels || !s->ranks || !s->pieces || !s->place)
        return amct_fail_nomem(err);
    for (uint32_t g = 0; g < s->groups->n; g++)
        AMCT_TRY(list_group(s, g, grams, err));
    for (uint32_t l = 0; l < s->n_layers; l++) {
        s->pieces[l] = (amct_pieces){.graph = s->graph, .layer = &s->layers[l], .gram = grams[l]};
        AMCT_TRY(list_ranks(s, l, grams[l], err));
    }
    s->maker = (amct_piece_maker){
        .lanes = s->groups->lanes, .place = s->place, .ridge = s->options.ridge, .arena = s->arena};
    return AMCT_OK;
}

/* What a structure is before it is begun. */
static amct_structure blank_structure(const amct_graph *graph, const amct_layer *layers,
                                      uint32_t n_layers, const amct_structure_options *options)
{
    amct_structure s = {
        .graph = graph, .layers = layers, .n_layers = n_layers, .options = *options};
    if (!s.options.multiple)
        s.options.multiple = 1;
    return s;
}

static amct_status make(amct_structure **out, const amct_structure *blank,
                        const amct_gram *const *grams, amct_err *err)
{
    amct_structure *s = malloc(sizeof *s);
    if (!s)
        return amct_fail_nomem(err);
    *s = *blank;
    s->arena = amct_arena_new();
    amct_status status = s->arena ? begin(s, grams, err) : amct_fail_nomem(err);
    if (status != AMCT_OK)
        amct_structure_free(s);
    else
        *out = s;
    return status;
}

amct_status amct_structure_new(amct_structure **out, const amct_graph *graph,
                               const amct_layer *layers, uint32_t n_layers,
                               const amct_gram *const *grams, uint32_t n_samples,
                               const amct_structure_options *options, amct_err *err)
{
    amct_structure blank = blank_structure(graph, layers, n_layers, options);
    if (blank.options.ridge <= 0)
        blank.options.ridge = amct_refit_ridge(n_samples);
    return make(out, &blank, grams, err);
}

amct_status amct_structure_outline(amct_structure **out, const amct_graph *graph,
                                   const amct_layer *layers, uint32_t n_layers,
                                   const amct_structure_options *options, amct_err *err)
{
    amct_structure blank = blank_structure(graph, layers, n_layers, options);
    blank.outline = true;
    return make(out, &blank, NULL, err);
}

void amct_structure_free(amct_structure *s)
{
    if (!s)
        return;
    for (uint32_t l = 0; s->pieces && l < s->n_layers; l++)
        amct_pieces_free(&s->pieces[l]);
    amct_groups_free(s->groups);
    amct_arena_free(s->arena);
    free(s);
}

uint32_t amct_structure_n_groups(const amct_structure *s)
{
    return s->groups->n;
}

amct_group_levels amct_structure_group(const amct_structure *s, uint32_t group)
{
    return s->levels[group];
}

amct_layer_ranks amct_structure_layer(const amct_structure *s, uint32_t layer)
{
    return s->ranks[layer];
}

int64_t amct_structure_group_of(const amct_structure *s, uint32_t layer)
{
    const amct_lanes *lanes = s->groups->lanes;
    uint32_t node = s->layers[layer].node;
    const amct_lane_operand *o = amct_lanes_operand(lanes, node, AMCT_LANE_MADE);
    if (!o)
        o = amct_lanes_operand(lanes, node, AMCT_LANE_THROUGH);
    return o ? (int64_t)s->groups->of_lane[o->lanes[0]] : -1;
}

const amct_groups *amct_structure_groups(const amct_structure *s)
{
    return s->groups;
}

const amct_lanes *amct_structure_lanes(const amct_structure *s)
{
    return s->groups->lanes;
}

/* ---- A candidate ------------------------------------------------------------------------------
 */

static amct_status set_keep(bool *keep, const amct_structure *s, const uint32_t *kept,
                            amct_err *err)
{
    memset(keep, true, s->groups->lanes->n);
    for (uint32_t g = 0; kept && g < s->groups->n; g++) {
        const amct_group *group = &s->groups->groups[g];
        if (!kept[g] || kept[g] == group->n_lanes)
            continue;
        if (kept[g] > group->n_lanes || !s->orders[g])
            return amct_fail(err, AMCT_E_INVALID, "%u of %u channels of group '%s': %s", kept[g],
                             group->n_lanes, group->name,
                             s->orders[g] ? "there are not as many" : s->levels[g].why);
        for (uint32_t i = kept[g]; i < group->n_lanes; i++)
            keep[s->orders[g][i]] = false;
    }
    return AMCT_OK;
}

static amct_status set_form(amct_layer_form *form, double *error, amct_structure *s, uint32_t l,
                            const bool *keep, const amct_rank *rank, amct_err *err)
{
    amct_pieces *pieces = &s->pieces[l];
    bool less =
        amct_piece_loses(s->graph, s->groups->lanes, s->layers[l].node, AMCT_LANE_TAKEN, keep);
    if (!pieces->gram || (!less && !rank->rank))
        return AMCT_OK;
    amct_piece *piece;
    AMCT_TRY(amct_piece_get(&piece, pieces, &s->maker, keep, err));
    const amct_piece_factors *f = NULL;
    if (rank->rank)
        AMCT_TRY(amct_piece_split(&f, piece, pieces, &s->maker, keep, rank->form, rank->rank, err));
    *error = f ? f->error : piece->error;
    if (f)
        *form = (amct_layer_form){.bias = f->bias, .factors = &f->factors};
    else if (less)
        *form = (amct_layer_form){.weights = piece->weights, .bias = piece->bias};
    return AMCT_OK;
}

static amct_status check_rank(const amct_structure *s, uint32_t l, const amct_rank *rank,
                              amct_err *err)
{
    if (rank->rank && s->ranks[l].why)
        return amct_fail(err, AMCT_E_INVALID, "layer '%s' is not factorised: %s", s->layers[l].name,
                         s->ranks[l].why);
    if (rank->rank < 0)
        return amct_fail(err, AMCT_E_INVALID, "layer '%s': rank %lld is less than 0",
                         s->layers[l].name, (long long)rank->rank);
    return AMCT_OK;
}

static amct_status set_forms(amct_layer_form *forms, double *errors, amct_structure *s,
                             const bool *keep, const amct_rank *ranks, amct_err *err)
{
    const amct_rank none = {.rank = 0};
    for (uint32_t l = 0; l < s->n_layers; l++) {
        const amct_rank *rank = ranks ? &ranks[l] : &none;
        AMCT_TRY(check_rank(s, l, rank, err));
        amct_status status = set_form(&forms[l], &errors[l], s, l, keep, rank, err);
        if (status != AMCT_OK)
            return amct_fail_in(err, "layer '%s'", s->layers[l].name);
        if (s->maker.bytes > s->options.limit_bytes) {
            for (uint32_t i = 0; i < s->n_layers; i++)
                amct_pieces_shrink(&s->pieces[i]);
            s->maker.bytes = 0;
        }
    }
    return AMCT_OK;
}

/* New layers are met in the order of the old ones, factors by their names. */
static bool comes_from(amct_part *part, const char *name, const char *old, bool factorised)
{
    size_t n = strlen(old);
    if (strncmp(name, old, n) != 0)
        return false;
    *part = !factorised                       ? AMCT_PART_WHOLE
            : strcmp(name + n, ".first") == 0 ? AMCT_PART_FIRST
                                              : AMCT_PART_SECOND;
    return strcmp(name + n, !factorised                ? ""
                            : *part == AMCT_PART_FIRST ? ".first"
                                                       : ".second") == 0;
}

static amct_status trace(amct_structured *out, const amct_structure *s,
                         const amct_layer_form *forms, amct_err *err)
{
    AMCT_TRY(amct_layers_find(&out->layers, &out->n_layers, out->graph, err));
    out->origins = calloc(out->n_layers + (size_t)1, sizeof *out->origins);
    if (!out->origins)
        return amct_fail_nomem(err);
    uint32_t at = 0; /* where the one before was found */
    for (uint32_t i = 0; i < out->n_layers; i++) {
        amct_layer_origin *o = &out->origins[i];
        uint32_t tried = 0;
        while (tried < s->n_layers &&
               !comes_from(&o->part, out->layers[i].name, s->layers[at].name, forms[at].factors)) {
            at = at + 1 < s->n_layers ? at + 1 : 0;
            tried++;
        }
        if (tried == s->n_layers)
            return amct_fail(err, AMCT_E_INTERNAL, "layer '%s' comes from nowhere",
                             out->layers[i].name);
        o->layer = at;
    }
    return AMCT_OK;
}

/* What building and shaping begin and end with. */
static amct_status begin_candidate(amct_structured *made, amct_layer_form **forms,
                                   const amct_structure *s, const amct_structure_genome *genome,
                                   amct_err *err)
{
    *made = (amct_structured){.keep = malloc(s->groups->lanes->n + (size_t)1),
                              .errors = calloc(s->n_layers + (size_t)1, sizeof *made->errors)};
    *forms = calloc(s->n_layers + (size_t)1, sizeof **forms);
    if (!made->keep || !made->errors || !*forms)
        return amct_fail_nomem(err);
    return set_keep(made->keep, s, genome->kept, err);
}

static amct_status end_candidate(amct_structured *out, amct_structured *made,
                                 amct_layer_form *forms, amct_status status)
{
    free(forms);
    if (status != AMCT_OK)
        amct_structured_free(made);
    else
        *out = *made;
    return status;
}

amct_status amct_structure_build(amct_structured *out, amct_structure *s,
                                 const amct_structure_genome *genome, amct_err *err)
{
    amct_structured made;
    amct_layer_form *forms;
    if (s->outline)
        return amct_fail(err, AMCT_E_INTERNAL, "an outline has no numbers to build from");
    amct_status status = begin_candidate(&made, &forms, s, genome, err);
    if (status == AMCT_OK)
        status = set_forms(forms, made.errors, s, made.keep, genome->ranks, err);
    if (status == AMCT_OK)
        status = amct_restructure(&made.graph, s->graph, s->groups->lanes, made.keep, s->layers,
                                  s->n_layers, forms, err);
    if (status == AMCT_OK)
        status = trace(&made, s, forms, err);
    return end_candidate(out, &made, forms, status);
}

/* ---- Its shape --------------------------------------------------------------------------------
 */

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

static void shape_form(amct_layer_form *form, amct_factors *factors, const amct_structure *s,
                       uint32_t l, const bool *keep, const amct_rank *rank, const void *zeros)
{
    const amct_layer *layer = &s->layers[l];
    const amct_gram *gram = s->pieces[l].gram;
    bool less = amct_piece_loses(s->graph, s->groups->lanes, layer->node, AMCT_LANE_TAKEN, keep);
    if (!gram || (!less && !rank->rank))
        return;
    amct_columns left = amct_piece_columns(s->groups->lanes, layer, gram, keep);
    if (rank->rank && rank->rank <= amct_factorise_most(&left, rank->form)) {
        *factors = (amct_factors){rank->form, rank->rank, zeros, zeros};
        *form = (amct_layer_form){.bias = zeros, .factors = factors};
    } else if (less) {
        *form = (amct_layer_form){.weights = zeros, .bias = zeros};
    }
}

static amct_status shape_forms(amct_layer_form *forms, amct_factors *factors,
                               const amct_structure *s, const bool *keep, const amct_rank *ranks,
                               const void *zeros, amct_err *err)
{
    const amct_rank none = {.rank = 0};
    for (uint32_t l = 0; l < s->n_layers; l++) {
        AMCT_TRY(check_rank(s, l, ranks ? &ranks[l] : &none, err));
        shape_form(&forms[l], &factors[l], s, l, keep, ranks ? &ranks[l] : &none, zeros);
    }
    return AMCT_OK;
}

amct_status amct_structure_shape(amct_structured *out, const amct_structure *s,
                                 const amct_graph *graph, const amct_structure_genome *genome,
                                 amct_err *err)
{
    amct_structured made;
    amct_layer_form *forms;
    amct_status status = begin_candidate(&made, &forms, s, genome, err);
    amct_factors *factors = calloc(s->n_layers + (size_t)1, sizeof *factors);
    blank *zeros = new_blank(s, graph, genome);
    if (status == AMCT_OK && (!factors || !zeros))
        status = amct_fail_nomem(err);
    if (status == AMCT_OK)
        status = shape_forms(forms, factors, s, made.keep, genome->ranks, zeros->memory, err);
    if (status == AMCT_OK)
        status = amct_restructure_shape(&made.graph, graph, s->groups->lanes, made.keep, s->layers,
                                        s->n_layers, forms, zeros->memory, err);
    if (status == AMCT_OK) {
        if (amct_arena_own(made.graph->arena, zeros, free_blank) != 0)
            status = amct_fail_nomem(err);
        zeros = NULL;
    }
    if (zeros)
        free_blank(zeros);
    if (status == AMCT_OK)
        status = trace(&made, s, forms, err);
    free(factors);
    return end_candidate(out, &made, forms, status);
}

void amct_structured_free(amct_structured *structured)
{
    amct_graph_free(structured->graph);
    free(structured->layers);
    free(structured->origins);
    free(structured->keep);
    free(structured->errors);
    *structured = (amct_structured){0};
}
