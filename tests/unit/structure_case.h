/*
 * structure_case.h - a network of lane_net.h with everything that its layers are pruned and
 * factorised from: moments on random samples, groups, and what a form of it computes.
 */
#ifndef TESTS_STRUCTURE_CASE_H
#define TESTS_STRUCTURE_CASE_H

#include "compress/moments.h"
#include "structure/restructure.h"
#include "unit/lane_net.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

typedef struct structure_case {
    amct_graph *graph;
    amct_layer *layers;
    uint32_t n_layers, n_samples;
    amct_groups *groups;
    amct_calibration *calibration;
    amct_moments *moments;
    const amct_gram **grams; /* per layer */
    amct_feed feed;
} structure_case;

/* Takes the prepared graph. */
void structure_case_begin(structure_case *c, amct_graph *graph, uint32_t n_samples);
void structure_case_end(structure_case *c);

/* Solves a x = b, n x n times n x m, in place, by elimination: what others are compared with. */
void structure_gauss(double *a, double *b, size_t n, size_t m);

static inline uint32_t structure_layer(const structure_case *c, const char *name)
{
    uint32_t i = 0;
    while (i < c->n_layers && strcmp(c->layers[i].name, name) != 0)
        i++;
    cr_assert_lt(i, c->n_layers, "no layer '%s'", name);
    return i;
}

static inline const amct_group *structure_group(const structure_case *c, const char *name)
{
    for (uint32_t k = 0; k < c->groups->n; k++)
        if (strcmp(c->groups->groups[k].name, name) == 0)
            return &c->groups->groups[k];
    cr_assert_fail("no group '%s'", name);
    return NULL;
}

/* Values of tensor t of a graph (this one, or a form of it) on all samples, in C order. */
float *structure_case_values(const structure_case *c, const amct_graph *graph, uint32_t t,
                             size_t *n);
/* Mean square of a - b, and of a minus its mean, over values of two forms at a tensor. */
void structure_case_compare(double *error, double *variance, const structure_case *c,
                            const amct_graph *a, const amct_graph *b, uint32_t t);

#endif
