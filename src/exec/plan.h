/*
 * plan.h - run a graph: on oneDNN, in float and in true integer arithmetic, or node by node through
 * the plain C reference.
 *
 * An amct_exec belongs to one process and keeps what is compiled and packed, so that a second plan
 * over the same layers costs microseconds. A plan is a graph of known shapes turned into steps over
 * one block of memory: nothing is allocated while it runs. Not for several threads.
 *
 * Integers. AscendQuant gives q = clip(rint(x * scale) + offset), half to even; Conv,
 * ConvTranspose, Gemm and MatMul on int8 give int32 sums of (q - offset) * w, padding counting as q
 * = offset; AscendDequant gives float32(sum) * scale. oneDNN adds the bias after converting the sum
 * to float32, which is the same bit for bit while sum and bias stay below 2^24. On processors whose
 * u8 x s8 products can saturate (no VNNI) the same integers are computed as float32 values, exact
 * while the sums stay below 2^24.
 */
#ifndef AMCT_EXEC_PLAN_H
#define AMCT_EXEC_PLAN_H

#include "exec/onednn.h"
#include "graph/graph.h"

typedef enum amct_engine {
    AMCT_ENGINE_ONEDNN,       /* integers as integers if the processor can, else as floats */
    AMCT_ENGINE_ONEDNN_FLOAT, /* integers as floats always */
    AMCT_ENGINE_REFERENCE
} amct_engine;

typedef struct amct_exec amct_exec;
typedef struct amct_plan amct_plan;

amct_status amct_exec_new(amct_exec **out, amct_engine engine, amct_err *err);
void amct_exec_free(amct_exec *exec); /* after its plans; NULL is allowed */
/* "onednn, int8 (VNNI)", "onednn, int8 as float32 (no VNNI)", "reference". */
const char *amct_exec_name(const amct_exec *exec);

/* Where a tensor's values lie. form says what they are: VALUE as the tensor's dtype says; of int8
 * tensors also SHIFTED (uint8, q + 128) and CENTERED (float32, q - zero_point). */
typedef enum amct_form { AMCT_FORM_VALUE, AMCT_FORM_SHIFTED, AMCT_FORM_CENTERED } amct_form;

typedef struct amct_buffer {
    void *data;
    uint32_t dtype; /* of the memory */
    amct_form form;
    amct_layout layout;
    amct_shape shape;
    size_t bytes;
} amct_buffer;

typedef struct amct_plan_options {
    const uint32_t *watch; /* tensors to look at besides the outputs */
    uint32_t n_watch;
    /* Each only from the step that makes it to the last one that uses it, this included, not until
     * the end of the run. */
    bool briefly;
    bool inputs_last; /* inputs of three to five dims are given channels last */
} amct_plan_options;

/* All shapes of graph must be known; graph must outlive the plan. options may be NULL. An operator
 * that cannot be run is AMCT_E_UNSUPPORTED, naming it. */
amct_status amct_plan_new(amct_plan **out, amct_exec *exec, const amct_graph *graph,
                          const amct_plan_options *options, amct_err *err);
void amct_plan_free(amct_plan *plan); /* NULL is allowed */

/* The buffer of input i, to be filled before a run in the layout that it says. */
amct_buffer amct_plan_input(const amct_plan *plan, uint32_t i);
/* The buffer of output i after a run: VALUE, PLAIN. */
amct_buffer amct_plan_output(const amct_plan *plan, uint32_t i);
/* The buffer of a watched tensor, as the plan happens to store it. */
amct_buffer amct_plan_watched(const amct_plan *plan, uint32_t tensor);

amct_status amct_plan_run(amct_plan *plan, amct_err *err);
/* A part of a run: steps from .. before to, which must follow those before them. */
amct_status amct_plan_run_steps(amct_plan *plan, uint32_t from, uint32_t to, amct_err *err);
uint32_t amct_plan_n_steps(const amct_plan *plan);
/* The number of steps after which a watched tensor has its value. */
uint32_t amct_plan_steps_until(const amct_plan *plan, uint32_t tensor);

size_t amct_plan_bytes(const amct_plan *plan); /* of the block of memory */

/* The state of a run that has done the steps before `step`: everything that later steps need, and
 * nothing else (of the watched tensors only those that are needed later). A run can be left there
 * and taken up again, in this plan or a copy of it in a forked process. */
size_t amct_plan_state_bytes(const amct_plan *plan, uint32_t step);
void amct_plan_save(void *state, const amct_plan *plan, uint32_t step);
void amct_plan_restore(amct_plan *plan, const void *state, uint32_t step);

/* Describes step i for profiles: what runs it, and its node. */
typedef struct amct_step_info {
    const char *how;  /* "jit_int8:avx512_core_vnni", "reference", "view" ... */
    uint32_t node;    /* the first node of what it does; AMCT_NO_TENSOR for changes of form */
    uint32_t n_nodes; /* nodes that it does at once */
} amct_step_info;
amct_step_info amct_plan_step(const amct_plan *plan, uint32_t i);

#endif
