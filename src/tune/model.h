/*
 * model.h - the network that is worked on, loaded once.
 */
#ifndef AMCT_TUNE_MODEL_H
#define AMCT_TUNE_MODEL_H

#include "compress/layer.h"
#include "measure/judge.h"
#include "plugin/plugins.h"
#include "tune/config.h"

/* The plugins that config's folders, the environment and the installation hold. */
amct_status amct_plugins_open(amct_plugins **out, const amct_config *config, amct_err *err);

typedef struct amct_model {
    amct_graph *graph; /* prepared, at its own batch size until it is set */
    amct_layer *layers;
    uint32_t n_layers;
    int64_t batch;   /* of the file; 1 if it leaves the batch size open */
    bool free_batch; /* it does */
} amct_model;

/* Imports and prepares a model file, with the weights and the importer's options of source (NULL:
 * neither). Messages begin with the path; warnings are said if it succeeds. */
amct_status amct_model_load(amct_model *out, const amct_plugins *plugins, const char *path,
                            const amct_model_source *source, amct_err *err);
/* As amct_model_load, for a model that is to be run: it must have weights. */
amct_status amct_model_load_whole(amct_model *out, const amct_plugins *plugins, const char *path,
                                  const amct_model_source *source, amct_err *err);
/* Refuses a network whose weights nobody knows; it can only be looked at. */
amct_status amct_model_want_weights(const amct_model *model, const char *path, amct_err *err);
void amct_model_free(amct_model *model); /* a zeroed one is allowed */

/* Equalises the ranges of channels across layers where that is exact (compress/equalise.h). */
amct_status amct_model_equalise(amct_model *model, amct_err *err);

/* Warns of layers with constants beyond what float16, in which chips run them, can hold. */
void amct_model_warn_float16(const amct_model *model);

/* amct_set_batch for the user, whose file at path it is: messages begin with that. */
amct_status amct_model_set_batch(amct_graph *graph, int64_t batch, const char *path, amct_err *err);
/* Sets the batch size at which the network is run here: the largest of 1, 2, 4, 8, 16 whose
 * activations stay within a processor's own cache (1 MiB), so that nothing is computed from memory;
 * or that of the file, if it cannot be run at another, or not be brought back from it. The same on
 * every machine, because float sums may depend on it. */
amct_status amct_model_set_eval_batch(amct_model *model, amct_err *err);

/* An error of running the model of path: says so in front, where the model and not the machine or
 * the samples is to blame. */
void amct_model_blame(const char *path, amct_err *err);

amct_status amct_engine_by_name(amct_engine *out, const char *name, amct_err *err);

#endif
