#include "torch_run.h"

#include <string.h>

/* More than the code of any network takes, and reached within a fraction of a second. */
enum { MAX_STEPS = 1000000, MAX_CALLS = 100, MAX_NESTED = 800, MAX_ROUNDS = 100000 };

static void at_line(torch_frame *f, uint32_t line)
{
    torch_at_line(f->s->r, f->function->file, line);
}

int32_t torch_step(torch_frame *f, uint32_t line)
{
    at_line(f, line);
    if (++f->s->n_steps > MAX_STEPS)
        return torch_fail(f->s->r, AMCT_E_LIMIT, "the code takes more than %d steps", MAX_STEPS);
    if (f->s->nested > MAX_NESTED)
        return torch_fail(f->s->r, AMCT_E_LIMIT, "the code is nested deeper than %d", MAX_NESTED);
    return AMCT_OK;
}

int32_t torch_set_name(torch_frame *f, const char *name, torch_value value)
{
    import_memory *memory = &f->s->r->memory;
    void **at = torch_map_at(&f->names, memory, name);
    if (!at || (!*at && !(*at = import_alloc(memory, 1, sizeof value))))
        return torch_nomem(f->s->r);
    *(torch_value *)*at = value;
    return AMCT_OK;
}

/* ---- Statements ----------------------------------------------------------------------------- */

static int32_t assign(torch_frame *f, const torch_expr *target, torch_value value)
{
    torch_reader *r = f->s->r;
    torch_value object;
    switch (target->kind) {
    case TORCH_E_NAME: return torch_set_name(f, target->name, value);
    case TORCH_E_ATTR:
        TORCH_TRY(torch_eval(f, target->args[0], 0, &object));
        if (object.kind != TORCH_OBJECT)
            break;
        return torch_dict_set(r, object.object->fields, torch_string(target->name), value);
    case TORCH_E_TUPLE:
        if (!torch_is_list(value) || value.list->n != target->n)
            return torch_fail(r, AMCT_E_FORMAT, "%s of %zu is taken apart into %u",
                              torch_kind_name(value.kind),
                              torch_is_list(value) ? value.list->n : (size_t)1, target->n);
        for (uint32_t i = 0; i < target->n; i++) {
            if (target->args[i]->kind != TORCH_E_NAME)
                return torch_fail(r, AMCT_E_FORMAT, "a name is wanted");
            TORCH_TRY(torch_set_name(f, target->args[i]->name, value.list->at[i]));
        }
        return AMCT_OK;
    default: break;
    }
    return torch_fail(r, AMCT_E_FORMAT, "what stands before '=' cannot be set");
}

static int32_t run_body(torch_frame *f, const torch_body *body);

static int32_t run_for(torch_frame *f, const torch_stmt *s)
{
    torch_value over;
    TORCH_TRY(torch_eval(f, s->expr, 0, &over));
    at_line(f, s->line);
    if (over.kind == TORCH_INT) { /* range(n) */
        if (over.i > MAX_ROUNDS)
            return torch_fail(f->s->r, AMCT_E_LIMIT, "a loop of %lld rounds", (long long)over.i);
        for (int64_t i = 0; i < over.i && !f->returned; i++) {
            TORCH_TRY(torch_step(f, s->line)); /* also where the body is empty */
            TORCH_TRY(assign(f, s->target, torch_int(i)));
            TORCH_TRY(run_body(f, &s->body));
        }
        return AMCT_OK;
    }
    if (!torch_is_list(over))
        return torch_fail(f->s->r, AMCT_E_UNSUPPORTED, "a loop over %s",
                          torch_kind_name(over.kind));
    for (size_t i = 0; i < over.list->n && !f->returned; i++) {
        if (i > MAX_ROUNDS)
            return torch_fail(f->s->r, AMCT_E_LIMIT, "a loop of more than %d rounds", MAX_ROUNDS);
        TORCH_TRY(torch_step(f, s->line));
        TORCH_TRY(assign(f, s->target, over.list->at[i]));
        TORCH_TRY(run_body(f, &s->body));
    }
    return AMCT_OK;
}

static int32_t run_while(torch_frame *f, const torch_stmt *s)
{
    for (int i = 0; !f->returned; i++) {
        torch_value v;
        bool go_on = false;
        TORCH_TRY(torch_step(f, s->line));
        TORCH_TRY(torch_eval(f, s->expr, 0, &v));
        TORCH_TRY(torch_truth(f, v, s->line, &go_on));
        if (!go_on)
            break;
        if (i == MAX_ROUNDS)
            return torch_fail(f->s->r, AMCT_E_LIMIT, "a loop of more than %d rounds", MAX_ROUNDS);
        TORCH_TRY(run_body(f, &s->body));
    }
    return AMCT_OK;
}

static int32_t run_statement(torch_frame *f, const torch_stmt *s)
{
    torch_value v = torch_none();
    bool is = false;
    TORCH_TRY(torch_step(f, s->line));
    switch (s->kind) {
    case TORCH_S_ASSIGN: {
        uint32_t n = s->target->kind == TORCH_E_TUPLE ? s->target->n : 0;
        TORCH_TRY(torch_eval(f, s->expr, n, &v));
        at_line(f, s->line);
        return assign(f, s->target, v);
    }
    case TORCH_S_EXPR: return torch_eval(f, s->expr, 0, &v);
    case TORCH_S_RETURN:
        if (s->expr)
            TORCH_TRY(torch_eval(f, s->expr, 0, &v));
        f->result = v;
        f->returned = true;
        return AMCT_OK;
    case TORCH_S_IF:
        TORCH_TRY(torch_eval(f, s->expr, 0, &v));
        TORCH_TRY(torch_truth(f, v, s->line, &is));
        return run_body(f, is ? &s->body : &s->otherwise);
    case TORCH_S_FOR: return run_for(f, s);
    default: return run_while(f, s);
    }
}

static int32_t run_body(torch_frame *f, const torch_body *body)
{
    f->s->nested++;
    for (size_t i = 0; i < body->n && !f->returned; i++)
        TORCH_TRY(run_statement(f, &body->at[i]));
    f->s->nested--;
    return AMCT_OK;
}

/* ---- Calls ---------------------------------------------------------------------------------- */

static int32_t bind_params(torch_frame *f, const torch_value *args, const char *const *keywords,
                           size_t n)
{
    const torch_function *function = f->function;
    torch_reader *r = f->s->r;
    size_t used = 0;
    for (size_t i = 0; i < function->n_params; i++) {
        const torch_param *param = &function->params[i];
        const torch_value *arg = NULL;
        torch_value v;
        for (size_t k = 0; k < n && !arg; k++)
            if (keywords && keywords[k] ? strcmp(keywords[k], param->name) == 0 : k == i)
                arg = &args[k];
        if (arg)
            v = *arg, used++;
        else if (param->otherwise)
            TORCH_TRY(torch_eval(f, param->otherwise, 0, &v));
        else
            return torch_fail(r, AMCT_E_FORMAT, "%.100s: argument '%.100s' is missing",
                              function->name, param->name);
        TORCH_TRY(torch_set_name(f, param->name, v));
    }
    if (used != n)
        return torch_fail(r, AMCT_E_FORMAT, "%.100s: %zu arguments are given, %zu are known",
                          function->name, n, used);
    return AMCT_OK;
}

int32_t torch_run(torch_script *s, const torch_function *function, const torch_value *args,
                  const char *const *keywords, size_t n, torch_value *out)
{
    torch_frame f = {.s = s, .function = function, .result = torch_none()};
    const torch_object *caller = s->module;
    if (++s->depth > MAX_CALLS)
        return torch_fail(s->r, AMCT_E_LIMIT, "calls are nested deeper than %d", MAX_CALLS);
    if (n && args[0].kind == TORCH_OBJECT && args[0].object->path)
        s->module = args[0].object;
    TORCH_TRY(bind_params(&f, args, keywords, n));
    TORCH_TRY(run_body(&f, &function->body));
    s->module = caller;
    s->depth--;
    *out = f.result;
    return AMCT_OK;
}
