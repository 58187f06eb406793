/*
 * tf_model.h - what reading a GraphDef and a SavedModel have in common.
 */
#ifndef TF_MODEL_H
#define TF_MODEL_H

#include "tf_reader.h"

/* Makes what a name of the scope stands for an output of the network, under another name. */
int32_t tf_model_output(tf_reader *r, tf_scope *scope, wire_span of, const char *name);
/* The outputs that option outputs lists, or all that nothing follows. */
int32_t tf_model_outputs(tf_reader *r, tf_scope *scope);
/* Behind the last output. */
int32_t tf_model_end(tf_reader *r);

#endif
