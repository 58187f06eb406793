/*
 * broadcast.h - numpy's multidirectional broadcasting, and a walk over several tensors at once.
 *
 * A walk visits every index of a shape in C order and tells, for each of its operands, which
 * element belongs there. It comes in runs: `run` neighbours whose elements lie step[k] apart, so
 * that the inner loop is the caller's and plain. Dims that are laid out alike in all operands are
 * joined, so runs are as long as the layout allows: a single one if all operands are whole tensors.
 *
 *     amct_walk w;
 *     const amct_shape *shapes[] = {&dst->shape, &a->shape, &b->shape};
 *     for (amct_walk_broadcast(&w, &dst->shape, 3, shapes); !w.done; amct_walk_next(&w))
 *         for (int64_t i = 0; i < w.run; i++)
 *             y[w.at[0] + i * w.step[0]] = f(a[w.at[1] + i * w.step[1]], b[...]);
 */
#ifndef AMCT_OPS_BROADCAST_H
#define AMCT_OPS_BROADCAST_H

#include "graph/tensor.h"

#define AMCT_WALK_OPERANDS 4

typedef struct amct_walk {
    int64_t run;                      /* elements of this run; at least 1 unless done */
    int64_t at[AMCT_WALK_OPERANDS];   /* element of operand k at the beginning of the run */
    int64_t step[AMCT_WALK_OPERANDS]; /* from one element of the run to the next; may be 0 or < 0 */
    bool done;                        /* nothing is left, or there was nothing to begin with */
    uint32_t n;                       /* operands */
    /* The joined dims outside of the run, outermost first. A caller that handles the last of them
     * itself lowers rank before it walks. */
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK], index[AMCT_MAX_RANK];
    int64_t strides[AMCT_MAX_RANK][AMCT_WALK_OPERANDS];
} amct_walk;

/* The shape that n >= 1 known shapes broadcast to; AMCT_E_INVALID, naming two shapes, if they do
 * not. Its size may overflow: amct_op_infer checks that. */
amct_status amct_broadcast_shape(amct_shape *out, uint32_t n, const amct_shape *const *shapes,
                                 amct_err *err);
/* Whether `from` broadcasts to `to` without changing it (unidirectional). */
bool amct_broadcast_fits(const amct_shape *from, const amct_shape *to);

/* Elements between neighbours in each dim, in C order. */
void amct_shape_strides(int64_t strides[AMCT_MAX_RANK], const amct_shape *shape);
/* The same for each dim of `to`, which `shape` broadcasts to: 0 along dims that are repeated. */
void amct_broadcast_strides(int64_t strides[AMCT_MAX_RANK], const amct_shape *shape,
                            const amct_shape *to);

/* Begins a walk over the indices of `over`; operand k of n <= AMCT_WALK_OPERANDS begins at element
 * start[k] (start NULL: all at 0) and has strides[k] elements between neighbours of each dim. */
void amct_walk_strided(amct_walk *walk, const amct_shape *over, uint32_t n,
                       const int64_t (*strides)[AMCT_MAX_RANK], const int64_t *start);
/* Begins a walk whose operands are tensors of those shapes, each broadcast to `over`. */
void amct_walk_broadcast(amct_walk *walk, const amct_shape *over, uint32_t n,
                         const amct_shape *const *shapes);
void amct_walk_next(amct_walk *walk);

#endif
