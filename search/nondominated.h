/*
 * nondominated.h - the order of a population by two objectives, as NSGA-II has it: K. Deb, A.
 * Pratap, S. Agarwal, T. Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II",
 * IEEE Transactions on Evolutionary Computation 6 (2002) 182.
 */
#ifndef AMCT_SEARCH_NONDOMINATED_H
#define AMCT_SEARCH_NONDOMINATED_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct amct_point {
    double cost, loss; /* both to be small; finite */
    double violation;  /* of a constraint, 0 if it is met */
    uint32_t number;   /* the caller's */
    uint32_t front;    /* 0: no other dominates it */
    double crowding;   /* distance to its neighbours in the front; INFINITY at both ends */
} amct_point;

/* By Deb's constrained domination: less violation, else not worse in both and better in one. */
bool amct_point_dominates(const amct_point *a, const amct_point *b);
/* Less front, then more crowding distance. */
bool amct_point_before(const amct_point *a, const amct_point *b);

/* Fast non-dominated sort and crowding distances, then sorts by amct_point_before; equals by
 * number. n^2 comparisons. */
amct_status amct_nondominated_sort(amct_point *points, uint32_t n, amct_err *err);

#endif
