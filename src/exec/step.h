/*
 * step.h - inside of a plan: slots (places in memory that hold a tensor in some form) and steps.
 */
#ifndef AMCT_EXEC_STEP_H
#define AMCT_EXEC_STEP_H

#include "base/map.h"
#include "exec/plan.h"
#include "exec/unit.h"
#include "ops/op.h"

struct amct_exec {
    amct_engine engine;
    bool integer;     /* int8 tensors are SHIFTED, else CENTERED */
    amct_onednn *dnn; /* NULL: reference */
    amct_map folded;  /* biases with the zero point worked in, weights as floats: malloc'd */
    void *spare;      /* a block that a freed plan left */
    size_t spare_bytes;
};

typedef struct amct_slot {
    uint32_t tensor;
    uint32_t dtype; /* of the memory */
    amct_form form;
    amct_layout layout;
    amct_shape shape;
    size_t bytes;
    const void *constant; /* instead of memory of the plan */
    int32_t alias;        /* the slot whose memory it is, -1: its own */
    bool view;            /* no step writes it: its values are there when `first` steps are done */
    int32_t next;         /* another slot of the same tensor, -1: none */
    int32_t first, last;  /* steps that write it first and read it last */
    bool watched;
    size_t offset; /* in the plan's block */
} amct_slot;

typedef enum amct_step_kind {
    AMCT_STEP_PRIM,     /* a oneDNN primitive */
    AMCT_STEP_OP,       /* a reference kernel */
    AMCT_STEP_QUANTIZE, /* float to SHIFTED, CENTERED or VALUE */
    AMCT_STEP_REFORM,   /* between the forms of int8 */
    AMCT_STEP_MOVE      /* elements to other places, unchanged */
} amct_step_kind;

/* A box of elements: counts per dim, and where they lie in source and destination. In elements. */
enum { AMCT_MAX_MOVE_ENDS = 64 }; /* sources or results of a MOVE */

typedef struct amct_piece {
    uint32_t src, dst; /* of the step's slots */
    amct_shape box;
    int64_t src_at, dst_at;
    int64_t strides[2][AMCT_MAX_RANK]; /* of destination, of source */
} amct_piece;

typedef struct amct_step {
    amct_step_kind kind;
    uint32_t node, n_nodes;
    uint32_t n_src, n_dst;
    int32_t *src, *dst; /* slots, -1 where left out; PRIM: src0, src1 */
    /* PRIM */
    amct_prim *prim;
    const amct_packed *weights;
    const void *bias;
    const float *scales;
    int32_t add[AMCT_MAX_POSTS]; /* slots of ADD posts, -1 */
    amct_bound *bound;
    /* OP */
    const amct_op *op;
    amct_call call;
    /* QUANTIZE, REFORM */
    float scale, offset, low, high;
    /* MOVE */
    amct_piece *pieces;
    uint32_t n_pieces;
    bool fill; /* the destination with low first */
} amct_step;

struct amct_plan {
    amct_exec *exec;
    const amct_graph *graph;
    amct_arena *arena;
    bool inputs_last;
    amct_slot *slots;
    uint32_t n_slots;
    size_t cap_slots;
    int32_t *slot_of;   /* per tensor: its first slot, -1: none yet */
    uint32_t *last_use; /* per tensor: the last unit that needs it, UINT32_MAX: all of the run */
    uint32_t unit;      /* being added */
    amct_step *steps;
    uint32_t n_steps;
    size_t cap_steps;
    int32_t *inputs, *outputs; /* slots */
    char *block;
    size_t block_bytes;
};

/* ---- plan_slot.c -------------------------------------------------------------------------- */

/* A new slot of a tensor; its bytes follow from shape and dtype. */
amct_status amct_slot_add(amct_plan *plan, int32_t *out, uint32_t tensor, uint32_t dtype,
                          amct_form form, amct_layout layout, amct_err *err);
/* The slot that holds the tensor in that form and layout, converting by further steps if need be.
 */
amct_status amct_slot_want(amct_plan *plan, int32_t *out, uint32_t tensor, amct_form form,
                           amct_layout layout, amct_err *err);
/* The tensor's first slot, made on the spot for inputs and constants. Inputs get that layout: LAST
 * only where a layer asks for it, so that it means channels last. */
amct_status amct_slot_primary(amct_plan *plan, int32_t *out, uint32_t tensor, amct_layout layout,
                              amct_err *err);
/* The form that int8 tensors have in this plan. */
amct_form amct_plan_int8_form(const amct_plan *plan);
static inline uint32_t amct_form_dtype(amct_form form, uint32_t dtype)
{
    return form == AMCT_FORM_SHIFTED ? AMCT_UINT8 : form == AMCT_FORM_CENTERED ? AMCT_FLOAT : dtype;
}
/* LAST for tensors that oneDNN takes so (rank 3 to 5), else PLAIN. */
amct_layout amct_layout_for(const amct_shape *shape);
/* Whether the two layouts differ in memory for this shape. */
bool amct_layout_matters(const amct_shape *shape);
/* A step with room for that many slots, all -1; valid until the next one is added. */
amct_status amct_step_add(amct_plan *plan, amct_step **out, amct_step_kind kind, uint32_t node,
                          uint32_t n_src, uint32_t n_dst, amct_err *err);
amct_onednn_tensor amct_slot_tensor(const amct_plan *plan, int32_t slot);

/* Where a slot has its bytes, once the block is there; NULL if id is below 0. */
void *amct_plan_data(const amct_plan *plan, int32_t id);
/* Adds to a failure which node it was at. */
amct_status amct_plan_in_node(const amct_graph *graph, uint32_t node, amct_err *err);

/* ---- plan_layer.c, plan_move.c, plan_node.c ----------------------------------------------- */

/* Adds the steps of a layer unit; AMCT_E_UNSUPPORTED, with nothing that matters added, if oneDNN
 * cannot do it as a whole. */
amct_status amct_plan_add_layer(amct_plan *plan, const amct_unit *unit, amct_err *err);
/* Adds the step of a node that only moves elements (Concat, Split, Slice, Pad, Transpose, Expand,
 * Tile, DepthToSpace, SpaceToDepth, nearest Resize by whole factors), in whatever layouts they are;
 * AMCT_E_UNSUPPORTED if it is none. */
amct_status amct_plan_add_move(amct_plan *plan, uint32_t node, amct_err *err);
void amct_plan_run_move(const amct_step *step, void *const *dst, const void *const *src,
                        size_t element_bytes);
/* Adds the copy of a slot into another of the same tensor and form, in another layout. */
amct_status amct_plan_add_relay(amct_plan *plan, int32_t from, int32_t to, amct_err *err);
/* Whether the node's result may be its source's memory with another shape. */
bool amct_node_is_view(const amct_node *node);
/* Adds the steps of a single node. */
amct_status amct_plan_add_node(amct_plan *plan, uint32_t node, amct_err *err);
/* How AscendQuant maps to a form: q = clip(rint(x * scale) + offset, low, high). */
typedef struct amct_quant {
    float scale, offset, low, high;
} amct_quant;
/* False if the node asks for something that only the reference does. */
bool amct_quant_of(amct_quant *out, const amct_node *node, amct_form form);

/* ---- plan_memory.c ------------------------------------------------------------------------- */

/* Gives every slot its place; sets plan->block_bytes. */
amct_status amct_plan_place(amct_plan *plan, amct_err *err);

#endif
