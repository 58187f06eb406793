#include "tune/outcome.h"

#include "measure/tally_verdict.h"

#include <math.h>
#include <string.h>

static int64_t bytes_of_floats(const amct_graph *g)
{
    int64_t bytes = 0;
    for (uint32_t t = 0; t < g->n_tensors; t++)
        if (g->tensors[t].data)
            bytes += amct_dtype_is_float(g->tensors[t].dtype)
                         ? 2 * amct_shape_size(&g->tensors[t].shape)
                         : (int64_t)g->tensors[t].bytes;
    return bytes;
}

/* What a layer at a level takes more than in floats. */
static int64_t more_bytes(const amct_layer *layer, uint8_t kind)
{
    return kind == AMCT_LEVEL_16 || layer->no_int8
               ? 0
               : amct_level_bytes(layer, (amct_level_kind)kind) -
                     amct_level_bytes(layer, AMCT_LEVEL_16);
}

static int64_t bytes_of_structured(const amct_setup *s, const uint8_t *choices)
{
    amct_structure_genome genome;
    amct_structured shape;
    amct_err ignored;
    int64_t bytes = 0;
    if (amct_choices_genome(&genome, choices, s->model.n_layers, s->structure, &ignored) != AMCT_OK)
        return 0;
    if (amct_structure_shape(&shape, s->structure, s->model.graph, &genome, &ignored) == AMCT_OK) {
        bytes = bytes_of_floats(shape.graph);
        for (uint32_t i = 0; i < shape.n_layers; i++)
            bytes += more_bytes(&shape.layers[i], choices[shape.origins[i].layer]);
        amct_structured_free(&shape);
    }
    amct_choices_free(&genome);
    return bytes;
}

int64_t amct_outcome_bytes(const amct_setup *s, const uint8_t *choices)
{
    if (choices && amct_choices_are_structured(choices, s->model.n_layers, s->structure))
        return bytes_of_structured(s, choices);
    int64_t bytes = bytes_of_floats(s->model.graph);
    for (uint32_t i = 0; choices && i < s->model.n_layers; i++)
        bytes += more_bytes(&s->model.layers[i], choices[i]);
    return bytes;
}

static amct_outcome_value value_of(const amct_setup *s, const amct_tally *t, const uint8_t *choices,
                                   double latency_ns)
{
    const amct_judge *judge = &s->search_judge;
    return (amct_outcome_value){.value = amct_metric_value(judge, t),
                                .interval = amct_tally_interval(judge, t, s->config->confidence),
                                .bytes = amct_outcome_bytes(s, choices),
                                .latency_ns = latency_ns};
}

static double samples_needed(const amct_setup *s, const amct_tally *t)
{
    double drop = ((double)t->lost - t->gained) / t->n, churn = (double)t->gained / t->n;
    double needed = amct_paired_samples(drop, churn, s->budget_ratio, s->config->confidence, 0.5);
    return isfinite(needed) && needed > t->n ? ceil(needed) : NAN;
}

const char *amct_outcome_reason(const amct_tuned *to)
{
    return to->slower  ? "no candidate was measured to be faster: the original is kept"
           : to->other ? "chosen from what the search had measured"
           : to->measured_in_part
               ? "stopped by the user while finalists were measured; --resume carries on"
           : to->search ? amct_search_reason(to->search)
           : to->setup.genes.any
               ? "there was nothing to choose: no layer gains on this target"
               : "there was nothing to choose: the search space leaves no layer another form";
}

amct_outcome amct_outcome_of(const amct_tuned *to)
{
    const amct_setup *s = &to->setup;
    const amct_final *f = to->best;
    const amct_judge *judge = &s->search_judge;
    amct_outcome o = {.confirmed = s->confirm.n > 0,
                      .confidence = s->config->confidence,
                      .needed = NAN,
                      .fitted_loss = NAN,
                      .held_loss = NAN};
    const amct_tally *before = o.confirmed ? &s->confirm_baseline : &s->search_baseline;
    const amct_tally *after = !f ? before : o.confirmed ? &f->confirm : &f->search;
    o.samples = after->n;
    o.before = value_of(s, before, NULL, s->original_cost.latency_ns);
    o.after = value_of(s, after, f ? f->choices : NULL, to->best_cost.latency_ns);
    if (!f || !after->n)
        return o;
    o.loss = amct_tally_loss(&s->search_judge, after);
    o.fitted_loss = f->refined.fitted_losses[f->refined.form];
    o.held = f->refined.n_held;
    if (o.held) {
        o.held_loss = f->refined.losses[f->refined.form];
        o.overfitted =
            fmin(o.loss, o.held_loss) > fmax(AMCT_OVERFIT * o.fitted_loss, AMCT_OVERFIT_LEAST);
    }
    o.drop = amct_metric_drop(judge, after);
    if (o.confirmed) {
        o.drop_interval = f->verdict.drop;
        o.confidence = f->verdict.confidence;
        if (amct_judge_counts(judge) && f->verdict.verdict == AMCT_NOT_PROVEN)
            o.needed = samples_needed(s, after);
    } else {
        o.drop_interval = amct_tally_judge(judge, after, 1, o.confidence).drop;
    }
    if (amct_metric_is_likeness(judge->metric)) /* nothing is more like the original than itself */
        o.drop_interval.lo = fmax(o.drop_interval.lo, 0);
    return o;
}

void amct_outcome_layer_bytes(int64_t *bytes, const amct_tuned *to)
{
    const amct_setup *s = &to->setup;
    const amct_structured *c = to->best ? &to->best->candidate.structured : NULL;
    const uint8_t *choices = to->best ? to->best->choices : NULL;
    bool structured = c && c->graph;
    memset(bytes, 0, s->model.n_layers * sizeof *bytes);
    for (uint32_t i = 0; i < (structured ? c->n_layers : s->model.n_layers); i++) {
        const amct_layer *l = structured ? &c->layers[i] : &s->model.layers[i];
        uint32_t from = structured ? c->origins[i].layer : i;
        uint8_t kind = choices && !l->no_int8 ? choices[from] : AMCT_LEVEL_16;
        bytes[from] += amct_level_bytes(l, (amct_level_kind)kind);
    }
}
