/* TorchScript archives: instances of classes in data.pkl, their code in code/, constants. */
#include "torch_run.h"

#include "torch_pickle.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 1024 };

bool torch_is_script(const torch_zip *zip)
{
    if (torch_zip_find(zip, "constants.pkl"))
        return true;
    for (size_t i = 0; i < zip->n; i++)
        if (strncmp(zip->members[i].name, "code/", 5) == 0)
            return true;
    return false;
}

/* ---- Code ----------------------------------------------------------------------------------- */

/* The unit of "__torch__.nets" and the name behind it: code/__torch__/nets.py. */
static int32_t find_unit(torch_script *s, const char *full, torch_unit **out, const char **name)
{
    torch_reader *r = s->r;
    const char *dot = strrchr(full, '.');
    *out = NULL;
    if (!dot || dot - full > MAX_PATH)
        return AMCT_OK;
    *name = dot + 1;
    char *path = import_text(&r->memory, "code/%.*s.py", (int)(dot - full), full);
    if (!path)
        return torch_nomem(r);
    for (char *c = path; *c; c++)
        if (*c == '.' && strcmp(c, ".py") != 0)
            *c = '/';
    void **at = torch_map_at(&s->units, &r->memory, path);
    if (!at)
        return torch_nomem(r);
    if (!*at) {
        torch_span text;
        torch_unit *unit = NULL;
        if (!torch_zip_find(s->zip, path))
            return AMCT_OK;
        const char *file = r->file; /* code that is running, or none before it runs */
        uint32_t line = r->line;
        TORCH_TRY(torch_zip_read(r, s->zip, path, &text));
        TORCH_TRY(torch_parse(r, path, text, &unit));
        torch_at(r, "%s", "");
        torch_at_line(r, file, line);
        *at = unit;
    }
    *out = *at;
    return AMCT_OK;
}

int32_t torch_find_function(torch_script *s, const char *full, const torch_function **out)
{
    torch_unit *unit = NULL;
    const char *name = "";
    TORCH_TRY(find_unit(s, full, &unit, &name));
    *out = unit ? torch_map_get(&unit->functions, name) : NULL;
    return AMCT_OK;
}

int32_t torch_is_tuple(torch_script *s, const char *full, bool *out)
{
    torch_unit *unit = NULL;
    const char *name = "";
    TORCH_TRY(find_unit(s, full, &unit, &name));
    *out = unit && torch_map_get(&unit->tuples, name);
    return AMCT_OK;
}

int32_t torch_find_method(torch_script *s, const char *type, const char *name,
                          const torch_function **out)
{
    torch_unit *unit = NULL;
    const char *class_name = "";
    TORCH_TRY(find_unit(s, type, &unit, &class_name));
    const char *full = import_text(&s->r->memory, "%s.%s", class_name, name);
    if (!full)
        return torch_nomem(s->r);
    *out = unit ? torch_map_get(&unit->functions, full) : NULL;
    return AMCT_OK;
}

/* ---- Constants ------------------------------------------------------------------------------ */

static int32_t read_constants(torch_script *s)
{
    torch_reader *r = s->r;
    torch_pickle p = {.r = r, .name = "constants.pkl", .script = true};
    TORCH_TRY(torch_zip_read(r, s->zip, "constants.pkl", &p.bytes));
    TORCH_TRY(torch_unpickle(&p, &s->constants));
    if (!torch_is_list(s->constants))
        return torch_fail(r, AMCT_E_FORMAT, "constants.pkl holds %s",
                          torch_kind_name(s->constants.kind));
    for (size_t i = 0; i < s->constants.list->n; i++)
        if (s->constants.list->at[i].kind == TORCH_TENSOR) {
            const char *name = import_text(&r->memory, "CONSTANTS.c%zu", i);
            if (!name)
                return torch_nomem(r);
            s->constants.list->at[i].tensor->name = name;
        }
    return torch_pickle_bind_zip(&p, s->zip, "constants/");
}

int32_t torch_script_constant(torch_script *s, const char *name, torch_value *out)
{
    size_t i = 0;
    if (s->constants.kind == TORCH_UNSET)
        TORCH_TRY(read_constants(s));
    for (const char *c = name + (name[0] == 'c'); *c && i < s->constants.list->n; c++)
        i = *c >= '0' && *c <= '9' ? i * 10 + (size_t)(*c - '0') : SIZE_MAX / 16;
    if (name[0] != 'c' || !name[1] || i >= s->constants.list->n)
        return torch_fail(s->r, AMCT_E_FORMAT, "there is no constant '%.100s'", name);
    *out = s->constants.list->at[i];
    return AMCT_OK;
}

/* ---- The model ------------------------------------------------------------------------------- */

/* Names tensors and modules by the way to them; what several names lead to has the first. */
static int32_t name_all(torch_reader *r, torch_object *root)
{
    torch_value work;
    TORCH_TRY(torch_list_new(r, TORCH_LIST, 0, &work));
    root->path = "";
    TORCH_TRY(torch_list_add(r, work.list, (torch_value){.kind = TORCH_OBJECT, .object = root}));
    for (size_t i = 0; i < work.list->n; i++) {
        const torch_object *o = work.list->at[i].object;
        for (size_t k = 0; k < o->fields->n; k++) {
            torch_value key = o->fields->keys[k], v = o->fields->values[k];
            bool object = v.kind == TORCH_OBJECT && !v.object->path;
            if (key.kind != TORCH_TEXT ||
                !(object || (v.kind == TORCH_TENSOR && !v.tensor->name[0])))
                continue;
            if (strlen(o->path) + strlen(key.text) > MAX_PATH)
                return torch_fail(r, AMCT_E_LIMIT, "modules are nested too deep");
            const char *path =
                import_text(&r->memory, "%s%s%s", o->path, o->path[0] ? "." : "", key.text);
            if (!path)
                return torch_nomem(r);
            if (object) {
                v.object->path = path;
                TORCH_TRY(torch_list_add(r, work.list, v));
            } else {
                v.tensor->name = path;
            }
        }
    }
    return AMCT_OK;
}

static int32_t read_model(torch_script *s, torch_value *root)
{
    torch_reader *r = s->r;
    torch_pickle p = {.r = r, .name = "data.pkl", .script = true};
    TORCH_TRY(torch_zip_read(r, s->zip, "data.pkl", &p.bytes));
    TORCH_TRY(torch_unpickle(&p, root));
    if (root->kind != TORCH_OBJECT)
        return torch_fail(r, AMCT_E_FORMAT, "data.pkl holds %s, a module wanted",
                          torch_kind_name(root->kind));
    TORCH_TRY(name_all(r, root->object));
    return torch_pickle_bind_zip(&p, s->zip, "data/");
}

/* The inputs that the model was traced with: a list for forward, or nothing. */
static int32_t read_traced(torch_script *s, const torch_list **out)
{
    torch_pickle p = {.r = s->r, .name = "traced_inputs.pkl"};
    torch_value root;
    *out = NULL;
    if (!torch_zip_find(s->zip, "traced_inputs.pkl"))
        return AMCT_OK;
    TORCH_TRY(torch_zip_read(s->r, s->zip, "traced_inputs.pkl", &p.bytes));
    TORCH_TRY(torch_unpickle(&p, &root));
    if (root.kind == TORCH_DICT) {
        torch_value inputs = torch_dict_get(root.dict, "forward");
        if (torch_is_list(inputs))
            *out = inputs.list;
    }
    return AMCT_OK;
}

/* An input for every parameter that has no default; dims as traced, or of unknown number. */
static int32_t make_inputs(torch_script *s, const torch_function *forward, torch_value *args,
                           size_t *n)
{
    const torch_list *traced;
    torch_tensor *t;
    TORCH_TRY(read_traced(s, &traced));
    for (size_t i = 1; i < forward->n_params; i++) {
        const torch_param *param = &forward->params[i];
        if (param->otherwise)
            break;
        if (!param->is_tensor)
            return torch_fail(
                s->r, AMCT_E_UNSUPPORTED,
                "input '%.100s' of the model is no tensor; wrap the model in one that "
                "takes tensors",
                param->name);
        const torch_tensor *like =
            traced && i - 1 < traced->n && traced->at[i - 1].kind == TORCH_TENSOR
                ? traced->at[i - 1].tensor
                : NULL;
        int32_t rank = like ? like->rank : -1;
        int64_t dims[AMCT_MAX_RANK];
        if (like)
            memcpy(dims, like->dims, sizeof dims);
        TORCH_TRY(torch_input_dims(s->r, param->name, &rank, dims));
        TORCH_TRY(torch_tensor_new(s->r, param->name, AMCT_TENSOR_INPUT,
                                   like && like->dtype ? like->dtype : AMCT_FLOAT, rank, dims, &t));
        args[i] = torch_of(t);
        *n = i + 1;
    }
    return AMCT_OK;
}

/* Tensors among the results, in order; containers are opened. */
static int32_t put_results(torch_script *s, torch_value v, int depth, torch_map *given)
{
    torch_reader *r = s->r;
    char key[24];
    if (depth > 8)
        return torch_fail(r, AMCT_E_LIMIT, "the result is nested too deep");
    if (v.kind == TORCH_DICT) {
        for (size_t i = 0; i < v.dict->n; i++)
            TORCH_TRY(put_results(s, v.dict->values[i], depth + 1, given));
        return AMCT_OK;
    }
    for (size_t i = 0; torch_is_list(v) && i < v.list->n; i++) {
        if (i > 1000)
            return torch_fail(r, AMCT_E_LIMIT, "the model gives more than 1000 results");
        TORCH_TRY(put_results(s, v.list->at[i], depth + 1, given));
    }
    if (v.kind != TORCH_TENSOR)
        return AMCT_OK;
    torch_tensor *t = v.tensor;
    TORCH_TRY(torch_tensor_emit(r, t));
    snprintf(key, sizeof key, "%u", t->id);
    const char *copy = import_copy(&r->memory, key, strlen(key));
    void **at = copy ? torch_map_at(given, &r->memory, copy) : NULL;
    if (!at)
        return torch_nomem(r);
    if (*at || t->kind != AMCT_TENSOR_VALUE) {
        torch_call c = {.r = r, .name = "output", .op = "output", .label = "output"};
        TORCH_TRY(torch_unary(&c, "Identity", NULL, t, &t));
    }
    *at = t;
    return r->sink->output(r->sink->ctx, t->id);
}

static int32_t check_results(torch_script *s, torch_value result)
{
    torch_map given = {0};
    torch_at(s->r, "%s", "");
    TORCH_TRY(put_results(s, result, 0, &given));
    if (!given.root)
        return torch_fail(s->r, AMCT_E_UNSUPPORTED, "forward gives %s, no tensor",
                          torch_kind_name(result.kind));
    return AMCT_OK;
}

int32_t torch_read_script(torch_reader *r, const torch_zip *zip)
{
    torch_script s = {.r = r, .zip = zip};
    torch_value root, args[TORCH_MAX_ARGS] = {{0}}, result;
    const torch_function *forward;
    size_t n = 1;
    const amct_model_desc model = {
        .struct_size = sizeof model, .name = "", .producer = "pytorch TorchScript"};
    TORCH_TRY(r->sink->model(r->sink->ctx, &model));
    TORCH_TRY(read_model(&s, &root));
    TORCH_TRY(torch_find_method(&s, root.object->type, "forward", &forward));
    if (!forward)
        return torch_fail(r, AMCT_E_FORMAT, "class '%.200s' has no forward", root.object->type);
    if (forward->n_params > TORCH_MAX_ARGS || forward->n_params < 1)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "forward has %zu parameters, 1 to %d wanted",
                          forward->n_params, TORCH_MAX_ARGS);
    args[0] = root;
    TORCH_TRY(make_inputs(&s, forward, args, &n));
    for (size_t i = 1; i < n; i++)
        if (args[i].tensor->rank >= 0)
            TORCH_TRY(torch_tensor_emit(r, args[i].tensor));
    TORCH_TRY(torch_run(&s, forward, args, NULL, n, &result));
    torch_at(r, "%s", "");
    for (size_t i = 1; i < n; i++)
        TORCH_TRY(torch_input_check(r, args[i].tensor));
    return check_results(&s, result);
}
