/* Calibration, and what layers and groups can become by it. */
#include "tune/setup.h"

#include "base/file.h"
#include "base/log.h"
#include "compress/rebuild.h"

#include <stdlib.h>

/* The level database, with all that the genes may want. */
static amct_status make_levels(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_feed feed = amct_selection_feed(&s->calibration);
    s->level = (amct_level_options){s->config->weights, true};
    char *folder = amct_path_join(s->config->output, "levels");
    uint32_t *wanted = calloc(m->n_layers + 1, sizeof *wanted);
    amct_status status = folder && wanted ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        status =
            amct_leveldb_new(&s->levels, m->graph, m->layers, s->stats, &s->level, folder, err);
    if (status == AMCT_OK) {
        amct_leveldb_know(s->levels, s->moments);
        amct_genes_wanted(&s->genes, wanted);
        status = amct_leveldb_fill(s->levels, wanted, &feed, s->jobs,
                                   s->config->memory_limit_bytes / 2, err);
    }
    free(wanted);
    free(folder);
    return status;
}

/* The second moments of as many layers as fit into half of the memory limit, the narrow ones first
 * in the network's order. */
static amct_status collect_moments(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_feed feed = amct_selection_feed(&s->calibration);
    bool *wanted = calloc(m->n_layers + 1, sizeof *wanted);
    s->grams = calloc(m->n_layers + 1, sizeof *s->grams);
    amct_status status = wanted && s->grams ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK)
        amct_moments_fit(wanted, m->graph, m->layers, m->n_layers, s->stats,
                         s->config->memory_limit_bytes / 2, s->jobs);
    for (uint32_t i = 0; status == AMCT_OK && i < m->n_layers; i++) {
        size_t work;
        if (!wanted[i] && amct_moments_bytes(&work, m->graph, &m->layers[i], &s->stats->layers[i]))
            amct_log(AMCT_LOG_WARN,
                     "layer '%s': its second moments do not fit into the memory limit: "
                     "it is not factorised, and what it reads is cut as it is",
                     m->layers[i].name);
    }
    if (status == AMCT_OK)
        status = amct_moments_collect(&s->moments, m->graph, m->layers, m->n_layers, wanted,
                                      s->stats, &feed, s->jobs, err);
    for (uint32_t i = 0; status == AMCT_OK && i < m->n_layers; i++)
        s->grams[i] = amct_moments_of(s->moments, i);
    free(wanted);
    return status;
}

/* The genes of a structure that is there. */
static amct_status add_structure(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_costing_free(s->costing); /* its process must know the structure */
    s->costing = NULL;
    AMCT_TRY(amct_costing_new(&s->costing, s->plugins, s->config, s->cost_graph, m->layers,
                              m->n_layers, s->structure, err));
    return amct_genes_add_structure(&s->genes, s->config, m->layers, s->structure, s->costing, err);
}

amct_status amct_setup_outline(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_structure_options options = {.multiple = s->config->multiple,
                                      .amct_ranks = s->config->amct_ranks,
                                      .other = s->cost_graph};
    if (!s->config->n_ratios && !s->config->rank_levels)
        return AMCT_OK;
    AMCT_TRY(
        amct_structure_outline(&s->structure, m->graph, m->layers, m->n_layers, &options, err));
    return add_structure(s, err);
}

/* What the network's channels and ranks can become. */
static amct_status make_structure(amct_setup *s, amct_err *err)
{
    const amct_model *m = &s->model;
    amct_structure_options options = {.choice = s->config->amct_channels ? AMCT_CHOOSE_BALANCED
                                                                         : AMCT_CHOOSE_ENERGY,
                                      .amct_ranks = s->config->amct_ranks,
                                      .multiple = s->config->multiple,
                                      .limit_bytes = s->config->memory_limit_bytes / 4,
                                      .other = s->cost_graph};
    AMCT_TRY(amct_structure_new(&s->structure, m->graph, m->layers, m->n_layers, s->grams,
                                s->calibration.n, &options, err));
    amct_derive_source source = {.graph = m->graph,
                                 .layers = m->layers,
                                 .lanes = amct_structure_lanes(s->structure),
                                 .calibration = s->stats,
                                 .grams = s->grams,
                                 .asymmetric = s->config->range.asymmetric};
    AMCT_TRY(amct_derived_new(&s->derived, &source, s->levels, &s->level, err));
    return add_structure(s, err);
}

size_t amct_setup_refine_bytes(const amct_setup *s)
{
    uint64_t half = s->config->memory_limit_bytes / 2, samples = s->dataset->bytes;
    return samples < half / 2 ? half - samples : half / 2;
}

/* The result is then another one than with more memory. */
static void tell_short(const amct_setup *s)
{
    uint32_t n = amct_rebuild_short(s->model.graph, s->model.layers, s->model.n_layers,
                                    s->calibration.n, amct_setup_refine_bytes(s));
    if (n)
        amct_log(AMCT_LOG_INFO,
                 "finalists: %u of %u layers are refined on fewer positions of the calibration "
                 "samples than would be taken with more memory (memory_limit)",
                 n, s->model.n_layers);
}

amct_status amct_setup_levels(amct_setup *s, amct_err *err)
{
    tell_short(s);
    amct_feed feed = amct_selection_feed(&s->calibration);
    AMCT_TRY(amct_calibrate(&s->stats, s->model.graph, s->model.layers, s->model.n_layers, &feed,
                            &s->config->range, s->jobs, err));
    bool structure = s->config->n_ratios || s->config->rank_levels;
    if (structure)
        AMCT_TRY(collect_moments(s, err));
    AMCT_TRY(make_levels(s, err));
    AMCT_TRY(amct_genes_drop_impossible(&s->genes, s->levels, err));
    return structure ? make_structure(s, err) : AMCT_OK;
}
