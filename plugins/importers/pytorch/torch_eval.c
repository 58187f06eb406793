#include "torch_number.h"
#include "torch_run.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DOTTED = 512 };

static torch_value *find_name(const torch_frame *f, const char *name)
{
    return torch_map_get(&f->names, name);
}

int32_t torch_truth(torch_frame *f, torch_value v, uint32_t line, bool *out)
{
    torch_at_line(f->s->r, f->function->file, line);
    switch (v.kind) {
    case TORCH_BOOL:
    case TORCH_INT: *out = v.i != 0; return AMCT_OK;
    case TORCH_FLOAT: *out = v.f != 0; return AMCT_OK;
    case TORCH_NONE: *out = false; return AMCT_OK;
    case TORCH_TEXT: *out = v.text[0] != 0; return AMCT_OK;
    case TORCH_LIST:
    case TORCH_TUPLE: *out = v.list->n > 0; return AMCT_OK;
    default:
        return torch_fail(f->s->r, AMCT_E_UNSUPPORTED,
                          "the way that the code takes depends on %s; trace the model, or give "
                          "--model-option input=...",
                          torch_kind_name(v.kind));
    }
}

/* ---- Names with dots ------------------------------------------------------------------------- */

/* "torch.relu" of nested attributes whose root is no variable; false for others. */
static bool dotted(const torch_frame *f, const torch_expr *e, char *text, size_t size)
{
    const torch_expr *parts[32];
    size_t n = 0;
    for (; e->kind == TORCH_E_ATTR && n < 32; e = e->args[0])
        parts[n++] = e;
    if (e->kind != TORCH_E_NAME || find_name(f, e->name) || n == 32)
        return false;
    size_t used = (size_t)snprintf(text, size, "%s", e->name);
    while (n > 0 && used < size)
        used += (size_t)snprintf(text + used, size - used, ".%s", parts[--n]->name);
    return used < size;
}

static int32_t make_function(torch_frame *f, const char *name, torch_value *out)
{
    const torch_function *function;
    TORCH_TRY(torch_find_function(f->s, name, &function));
    if (!function) {
        const char *copy = import_copy(&f->s->r->memory, name, strlen(name));
        if (!copy)
            return torch_nomem(f->s->r);
        *out = (torch_value){.kind = TORCH_CLASS, .text = copy};
        return AMCT_OK;
    }
    *out = (torch_value){.kind = TORCH_FUNCTION, .function = function};
    return AMCT_OK;
}

static int32_t eval_attr(torch_frame *f, const torch_expr *e, torch_value *out)
{
    torch_reader *r = f->s->r;
    char name[MAX_DOTTED];
    torch_value object;
    if (dotted(f, e, name, sizeof name)) {
        if (strncmp(name, "CONSTANTS.", 10) == 0)
            return torch_script_constant(f->s, name + 10, out);
        if (strncmp(name, "__torch__.", 10) == 0)
            return make_function(f, name, out);
        return torch_fail(r, AMCT_E_UNSUPPORTED, "'%.200s' is not known", name);
    }
    TORCH_TRY(torch_eval(f, e->args[0], 0, &object));
    torch_at_line(r, f->function->file, e->line);
    if (object.kind != TORCH_OBJECT)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "'.%.100s' of %s", e->name,
                          torch_kind_name(object.kind));
    *out = torch_dict_get(object.object->fields, e->name);
    if (out->kind == TORCH_UNSET)
        return torch_fail(r, AMCT_E_FORMAT, "'%.150s' has no '%.100s'", object.object->type,
                          e->name);
    if (strcmp(e->name, "training") == 0 && out->kind == TORCH_BOOL && out->i) {
        if (!f->s->training_warned)
            torch_warn(r, "the model was saved in training mode; it is used as for inference");
        f->s->training_warned = true;
        *out = torch_bool(false);
    }
    return AMCT_OK;
}

/* ---- Calls ---------------------------------------------------------------------------------- */

static int32_t eval_args(torch_frame *f, const torch_expr *e, size_t skip, torch_value *self,
                         torch_value **out, size_t *n)
{
    size_t count = e->n - 1 - skip + (self != NULL);
    torch_value *args = import_alloc(&f->s->r->memory, count, sizeof *args);
    if (!args)
        return torch_nomem(f->s->r);
    size_t k = 0;
    if (self)
        args[k++] = *self;
    for (uint32_t i = 1 + (uint32_t)skip; i < e->n; i++)
        TORCH_TRY(torch_eval(f, e->args[i], 0, &args[k++]));
    torch_at_line(f->s->r, f->function->file, e->line);
    *out = args;
    *n = count;
    return AMCT_OK;
}

/* Keywords of the arguments, with one more in front for self. */
static int32_t keywords_for(torch_frame *f, const torch_expr *e, bool self, const char *const **out)
{
    if (!self || !e->keywords) {
        *out = e->keywords;
        return AMCT_OK;
    }
    const char **keywords = import_alloc(&f->s->r->memory, e->n, sizeof *keywords);
    if (!keywords)
        return torch_nomem(f->s->r);
    memcpy(keywords + 1, e->keywords, (e->n - 1) * sizeof *keywords);
    *out = keywords;
    return AMCT_OK;
}

static int32_t call_method(torch_frame *f, const torch_expr *e, torch_value self, torch_value *out)
{
    const char *name = e->args[0]->name;
    const torch_function *method;
    torch_value *args;
    const char *const *keywords;
    size_t n;
    if (self.kind != TORCH_OBJECT)
        return torch_fail(f->s->r, AMCT_E_UNSUPPORTED, "a call of '.%.100s' of %s", name,
                          torch_kind_name(self.kind));
    TORCH_TRY(torch_find_method(f->s, self.object->type, name, &method));
    if (!method)
        return torch_fail(f->s->r, AMCT_E_FORMAT, "'%.150s' has no function '%.100s'",
                          self.object->type, name);
    TORCH_TRY(eval_args(f, e, 0, &self, &args, &n));
    TORCH_TRY(keywords_for(f, e, true, &keywords));
    return torch_run(f->s, method, args, keywords, n, out);
}

/* Python's own: annotate(Type, value) and the like. */
static int32_t call_plain(torch_frame *f, const torch_expr *e, const char *name, torch_value *out)
{
    torch_reader *r = f->s->r;
    torch_value *args, self;
    size_t n;
    if (strcmp(name, "annotate") == 0 || strcmp(name, "unchecked_cast") == 0) {
        if (e->n != 3)
            return torch_fail(r, AMCT_E_FORMAT, "%s wants a type and a value", name);
        return torch_eval(f, e->args[2], 0, out);
    }
    if (strcmp(name, "uninitialized") == 0) {
        *out = torch_none();
        return AMCT_OK;
    }
    TORCH_TRY(eval_args(f, e, 0, NULL, &args, &n));
    if (strcmp(name, "getattr") == 0 && n == 2 && args[0].kind == TORCH_OBJECT &&
        args[1].kind == TORCH_TEXT) {
        self = torch_dict_get(args[0].object->fields, args[1].text);
        if (self.kind == TORCH_UNSET)
            return torch_fail(r, AMCT_E_FORMAT, "'%.150s' has no '%.100s'", args[0].object->type,
                              args[1].text);
        *out = self;
        return AMCT_OK;
    }
    return torch_builtin(f, "", name, args, e->keywords, (uint32_t)n, 0, out);
}

/* "torch.relu", "ops.prim.NumToTensor", "ops.torchvision.nms" */
static int32_t call_dotted(torch_frame *f, const torch_expr *e, const char *name, uint32_t n_wanted,
                           torch_value *out)
{
    torch_reader *r = f->s->r;
    torch_value *args, callee;
    const char *const *keywords;
    size_t n;
    if (strncmp(name, "__torch__.", 10) == 0) {
        bool tuple = false;
        TORCH_TRY(make_function(f, name, &callee));
        if (callee.kind != TORCH_FUNCTION)
            TORCH_TRY(torch_is_tuple(f->s, name, &tuple));
        if (tuple) {
            TORCH_TRY(torch_list_new(r, TORCH_TUPLE, e->n - 1, out));
            for (uint32_t i = 1; i < e->n; i++)
                TORCH_TRY(torch_eval(f, e->args[i], 0, &out->list->at[i - 1]));
            return AMCT_OK;
        }
        if (callee.kind != TORCH_FUNCTION)
            return torch_fail(r, AMCT_E_UNSUPPORTED, "the archive has no function '%.200s'", name);
        TORCH_TRY(eval_args(f, e, 0, NULL, &args, &n));
        return torch_run(f->s, callee.function, args, e->keywords, n, out);
    }
    TORCH_TRY(eval_args(f, e, 0, NULL, &args, &n));
    TORCH_TRY(keywords_for(f, e, false, &keywords));
    const char *dot = strrchr(name, '.'), *space = "aten";
    if (!dot)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "'%.200s' is not known", name);
    if (strncmp(name, "ops.", 4) == 0 && dot > name + 4 &&
        !(space = import_copy(&r->memory, name + 4, (size_t)(dot - name - 4))))
        return torch_nomem(r);
    return torch_builtin(f, space, dot + 1, args, keywords, (uint32_t)n, n_wanted, out);
}

static int32_t eval_call(torch_frame *f, const torch_expr *e, uint32_t n_wanted, torch_value *out)
{
    const torch_expr *callee = e->args[0];
    torch_value v, *args;
    char name[MAX_DOTTED];
    size_t n;
    if (callee->kind == TORCH_E_ATTR) {
        if (dotted(f, callee, name, sizeof name))
            return call_dotted(f, e, name, n_wanted, out);
        TORCH_TRY(torch_eval(f, callee->args[0], 0, &v));
        torch_at_line(f->s->r, f->function->file, e->line);
        return call_method(f, e, v, out);
    }
    if (callee->kind == TORCH_E_NAME && !find_name(f, callee->name))
        return call_plain(f, e, callee->name, out);
    TORCH_TRY(torch_eval(f, callee, 0, &v));
    if (v.kind != TORCH_FUNCTION)
        return torch_fail(f->s->r, AMCT_E_UNSUPPORTED, "a call of %s", torch_kind_name(v.kind));
    TORCH_TRY(eval_args(f, e, 0, NULL, &args, &n));
    return torch_run(f->s, v.function, args, e->keywords, n, out);
}

/* ---- The rest ------------------------------------------------------------------------------- */

static int32_t eval_index(torch_frame *f, const torch_expr *e, torch_value *out)
{
    torch_value args[2];
    TORCH_TRY(torch_eval(f, e->args[0], 0, &args[0]));
    TORCH_TRY(torch_eval(f, e->args[1], 0, &args[1]));
    torch_at_line(f->s->r, f->function->file, e->line);
    return torch_builtin(f, "", "__getitem__", args, NULL, 2, 0, out);
}

static int32_t eval_list(torch_frame *f, const torch_expr *e, torch_value *out)
{
    torch_value list;
    TORCH_TRY(
        torch_list_new(f->s->r, e->kind == TORCH_E_LIST ? TORCH_LIST : TORCH_TUPLE, e->n, &list));
    for (uint32_t i = 0; i < e->n; i++)
        TORCH_TRY(torch_eval(f, e->args[i], 0, &list.list->at[i]));
    *out = list;
    return AMCT_OK;
}

static int32_t eval_dict(torch_frame *f, const torch_expr *e, torch_value *out)
{
    torch_value dict, key, value;
    TORCH_TRY(torch_dict_new(f->s->r, &dict));
    for (uint32_t i = 0; i + 1 < e->n; i += 2) {
        TORCH_TRY(torch_eval(f, e->args[i], 0, &key));
        TORCH_TRY(torch_eval(f, e->args[i + 1], 0, &value));
        TORCH_TRY(torch_dict_set(f->s->r, dict.dict, key, value));
    }
    *out = dict;
    return AMCT_OK;
}

static int32_t eval(torch_frame *f, const torch_expr *e, uint32_t n_wanted, torch_value *out)
{
    torch_value v, *named;
    switch (e->kind) {
    case TORCH_E_VALUE: *out = e->value; return AMCT_OK;
    case TORCH_E_NAME:
        if (!(named = find_name(f, e->name)))
            return torch_fail(f->s->r, AMCT_E_FORMAT, "'%.200s' is not known", e->name);
        *out = *named;
        return AMCT_OK;
    case TORCH_E_ATTR: return eval_attr(f, e, out);
    case TORCH_E_INDEX: return eval_index(f, e, out);
    case TORCH_E_CALL: return eval_call(f, e, n_wanted, out);
    case TORCH_E_LIST:
    case TORCH_E_TUPLE: return eval_list(f, e, out);
    case TORCH_E_DICT: return eval_dict(f, e, out);
    default:
        TORCH_TRY(torch_eval(f, e->args[0], 0, &v));
        return torch_number_op(f->s->r, "neg", "neg", &v, 1, out);
    }
}

int32_t torch_eval(torch_frame *f, const torch_expr *e, uint32_t n_wanted, torch_value *out)
{
    TORCH_TRY(torch_step(f, e->line));
    f->s->nested++;
    TORCH_TRY(eval(f, e, n_wanted, out));
    f->s->nested--;
    return AMCT_OK;
}
