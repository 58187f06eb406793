/* Refined candidates as bytes: what a record gives back is the candidate that was written. */
#include "tune/final_record.h"
#include "structure/structure.h"
#include "unit/structure_case.h"

#include <math.h>

static amct_err err;

#define OK(expr) cr_assert_eq((expr), AMCT_OK, "%s", err.text)

/* Some group of the network cut, the first layer with a rank split, all layers in floats. */
static amct_candidate make(const structure_case *c, amct_structure *s)
{
    uint32_t *kept = calloc(amct_structure_n_groups(s) + (size_t)1, sizeof *kept);
    amct_rank *ranks = calloc(c->n_layers, sizeof *ranks);
    amct_candidate out = {0};
    for (uint32_t g = 0; g < amct_structure_n_groups(s); g++) {
        amct_group_levels l = amct_structure_group(s, g);
        kept[g] = l.n ? l.kept[0] : 0;
    }
    for (uint32_t l = 0, n = 0; l < c->n_layers && !n; l++) {
        n = amct_structure_layer(s, l).n;
        if (n)
            ranks[l] = amct_structure_layer(s, l).ranks[0];
    }
    OK(amct_structure_build(&out.structured, s, &(amct_structure_genome){kept, ranks}, &err));
    free(kept);
    free(ranks);
    out.graph = out.structured.graph;
    out.layers = out.structured.layers;
    out.n_layers = out.structured.n_layers;
    out.levels = calloc(out.n_layers + (size_t)1, sizeof *out.levels);
    return out;
}

/* Every second layer gets other weights, and a bias if it is no first factor. */
static void restore(amct_candidate *c, amct_arena *arena)
{
    amct_layer_form *forms = calloc(c->n_layers + (size_t)1, sizeof *forms);
    amct_graph *restored;
    for (uint32_t i = 0; i < c->n_layers; i += 2) {
        const amct_layer *l = &c->layers[i];
        if (l->no_int8)
            continue;
        const amct_tensor *w = &c->graph->tensors[l->weights];
        float *weights = amct_arena_alloc(arena, w->bytes);
        for (size_t k = 0; k < w->bytes / sizeof(float); k++)
            weights[k] = 0.5F * ((const float *)w->data)[k] + 0.01F;
        forms[i].weights = weights;
        if (c->structured.origins[i].part == AMCT_PART_FIRST)
            continue;
        float *bias = amct_arena_array(arena, (size_t)l->channels, sizeof *bias);
        for (int64_t k = 0; k < l->channels; k++)
            bias[k] = (float)k - 2;
        forms[i].bias = bias;
    }
    OK(amct_restructure(&restored, c->graph, NULL, NULL, c->layers, c->n_layers, forms, &err));
    OK(amct_candidate_restore(c, restored, &err));
    free(forms);
}

Test(tune_final_record, restored_numbers_of_layers_in_floats_come_back)
{
    for (uint32_t i = 0; i < n_lane_nets; i++) {
        structure_case c;
        structure_case_begin(&c, lane_net_prepared(lane_nets[i].name), 4);
        amct_structure *s;
        amct_structure_options options = {.multiple = 1, .ridge = 0.1, .limit_bytes = SIZE_MAX};
        OK(amct_structure_new(&s, c.graph, c.layers, c.n_layers, c.grams, c.n_samples, &options,
                              &err));
        amct_candidate written = make(&c, s), read = make(&c, s);
        amct_arena *arena = amct_arena_new();
        size_t size = amct_final_record_size(&written, true);
        cr_assert_eq(amct_final_record_size(&written, false), 0);
        restore(&written, arena);
        cr_assert_eq(amct_final_record_size(&written, true), size, "%s", lane_nets[i].name);
        char *record = malloc(size + 1);
        record[size] = 77;
        amct_final_record_write(record, &written);
        cr_expect_eq(record[size], 77);
        OK(amct_final_record_read(&read, true, record, arena, &err));
        free(record);
        double error, variance;
        uint32_t result = c.graph->outputs[0];
        structure_case_compare(&error, &variance, &c, written.graph, read.graph, result);
        cr_expect_eq(error, 0, "%s: %g", lane_nets[i].name, error);
        structure_case_compare(&error, &variance, &c, written.graph, written.structured.graph,
                               result);
        cr_expect(error > 0 || variance == 0 || !isfinite(error), "%s: nothing was changed",
                  lane_nets[i].name);
        amct_candidate_free(&written);
        amct_candidate_free(&read);
        amct_arena_free(arena);
        amct_structure_free(s);
        structure_case_end(&c);
    }
}
