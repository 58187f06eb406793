/*
 * torch_run.h - runs TorchScript's code on tensors that have no elements yet: control flow and
 * sizes are reckoned, operators of aten become nodes. Steps and depth are limited; nothing outside
 * of the archive is reached.
 */
#ifndef TORCH_RUN_H
#define TORCH_RUN_H

#include "torch_aten.h"
#include "torch_code.h"

typedef struct torch_script {
    torch_reader *r;
    const torch_zip *zip;
    torch_map units;       /* paths of code: to torch_unit, or to the script itself: none */
    torch_value constants; /* a tuple, UNSET until it is read */
    uint32_t depth, nested, n_steps; /* of calls, of all that is nested; done */
    bool training_warned;
    const torch_object *module; /* whose code is running, for names of nodes */
} torch_script;

/* The names in one call of a function. */
typedef struct torch_frame {
    torch_script *s;
    const torch_function *function;
    torch_map names; /* to torch_value */
    torch_value result;
    bool returned;
} torch_frame;

/* ---- torch_script.c ------------------------------------------------------------------------- */

/* The function of a class ("__torch__.nets.Block", "forward"), NULL if there is none. */
int32_t torch_find_method(torch_script *s, const char *type, const char *name,
                          const torch_function **out);
/* The function of that full name, NULL if there is none. */
int32_t torch_find_function(torch_script *s, const char *name, const torch_function **out);
/* Whether there is a class of named tuples of that full name. */
int32_t torch_is_tuple(torch_script *s, const char *name, bool *out);
int32_t torch_script_constant(torch_script *s, const char *name, torch_value *out);

/* ---- torch_run.c ---------------------------------------------------------------------------- */

/* args are those in front of the keyword arguments; self is the first of a method. */
int32_t torch_run(torch_script *s, const torch_function *function, const torch_value *args,
                  const char *const *keywords, size_t n, torch_value *out);
/* Counts a step; fails when there were too many, or too many are nested. */
int32_t torch_step(torch_frame *f, uint32_t line);
int32_t torch_set_name(torch_frame *f, const char *name, torch_value value);

/* ---- torch_eval.c --------------------------------------------------------------------------- */

/* n_wanted results are taken apart, 0 if none are. */
int32_t torch_eval(torch_frame *f, const torch_expr *e, uint32_t n_wanted, torch_value *out);
/* Whether a value counts as true; what is only known at run time is refused. */
int32_t torch_truth(torch_frame *f, torch_value v, uint32_t line, bool *out);

/* ---- torch_builtin.c ------------------------------------------------------------------------ */

/* A call of torch.NAME, ops.aten.NAME (space "aten") or another operator. */
int32_t torch_builtin(torch_frame *f, const char *space, const char *name, torch_value *args,
                      const char *const *keywords, uint32_t n, uint32_t n_wanted, torch_value *out);

#endif
