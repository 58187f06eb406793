/*
 * example_case.h - the example's network at a batch of 256, costed by an estimator, and its genes.
 */
#ifndef TESTS_EXAMPLE_CASE_H
#define TESTS_EXAMPLE_CASE_H

#include "tune/genes.h"
#include "tune/model.h"

typedef struct example_case {
    amct_config *config;
    amct_plugins *plugins;
    amct_model model;
    amct_structure *structure; /* NULL: no genes of it */
    amct_costing *costing;
    amct_genes genes;
} example_case;

/* levels: a set of kinds, besides 16 bits; ~0u: all. chip NULL: the estimator has no options. */
void example_case_begin(example_case *c, const char *estimator, const char *chip, uint32_t levels);
/* Adds genes of channels and ranks. */
void example_case_add_structure(example_case *c);
void example_case_end(example_case *c);

#endif
