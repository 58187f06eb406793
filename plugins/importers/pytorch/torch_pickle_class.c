/* The classes that a pickle may name, and what is built of them. */
#include "torch_pickle.h"

#include <string.h>

/* In what pickles call them: module and name. */
static const struct {
    const char *module, *name;
} allowed[] = {
    {"collections", "OrderedDict"},
    {"collections", "defaultdict"},
    {"builtins", "set"},
    {"__builtin__", "set"},
    {"builtins", "int"},
    {"__builtin__", "int"},
    {"builtins", "dict"},
    {"torch", "Size"},
    {"torch", "device"},
    {"torch._utils", "_rebuild_tensor"},
    {"torch._utils", "_rebuild_tensor_v2"},
    {"torch._utils", "_rebuild_tensor_v3"},
    {"torch._utils", "_rebuild_parameter"},
    {"torch._utils", "_rebuild_parameter_with_state"},
    {"torch.storage", "UntypedStorage"},
    {"torch", "UntypedStorage"},
    {"torch.serialization", "_get_layout"},
    {"torch.jit._pickle", "build_intlist"},
    {"torch.jit._pickle", "build_doublelist"},
    {"torch.jit._pickle", "build_boollist"},
    {"torch.jit._pickle", "build_tensorlist"},
    {"torch.jit._pickle", "build_tensor_from_id"},
    {"torch.jit._pickle", "restore_type_tag"},
};

static bool is_allowed(const torch_pickle *p, const char *module, const char *name)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcmp(module, allowed[i].module) == 0 && strcmp(name, allowed[i].name) == 0)
            return true;
    if (strcmp(module, "torch") == 0 && (torch_dtype_of_storage(name) || torch_dtype_of_name(name)))
        return true;
    return p->script &&
           (strcmp(module, "__torch__") == 0 || strncmp(module, "__torch__.", 10) == 0);
}

int32_t torch_pickle_class(torch_pickle *p, size_t at, const char *module, const char *name,
                           torch_value *out)
{
    if (!is_allowed(p, module, name))
        return torch_pickle_fail(
            p, AMCT_E_UNSUPPORTED, at,
            "class '%.150s.%.100s' is refused: only tensors and containers of them are read, "
            "nothing is executed; of a whole module or a checkpoint with other things, save what "
            "torch.export.save, torch.jit.save or model.state_dict() give",
            module, name);
    const char *full = import_text(&p->r->memory, "%s.%s", module, name);
    if (!full)
        return torch_nomem(p->r);
    *out = (torch_value){.kind = TORCH_CLASS, .text = full};
    return AMCT_OK;
}

/* ---- Tensors -------------------------------------------------------------------------------- */

static int32_t read_ints(torch_pickle *p, size_t at, torch_value list, int64_t *out, size_t n)
{
    if (!torch_is_list(list) || list.list->n != n)
        return torch_pickle_fail(p, AMCT_E_FORMAT, at,
                                 "a tensor's size or stride is no tuple of "
                                 "%zu",
                                 n);
    for (size_t i = 0; i < n; i++) {
        if (list.list->at[i].kind != TORCH_INT || list.list->at[i].i < 0)
            return torch_pickle_fail(p, AMCT_E_FORMAT, at,
                                     "a tensor's size or stride is negative or no integer");
        out[i] = list.list->at[i].i;
    }
    return AMCT_OK;
}

/* (storage, offset, size, stride, ...), in the third version the dtype behind two more. */
static int32_t rebuild(torch_pickle *p, size_t at, torch_value args, bool third, torch_value *out)
{
    const torch_value *v = args.list->at;
    torch_reader *r = p->r;
    if (args.list->n < 4 || v[0].kind != TORCH_STORAGE || v[1].kind != TORCH_INT ||
        !torch_is_list(v[2]))
        return torch_pickle_fail(p, AMCT_E_FORMAT, at,
                                 "a tensor is made of other than storage, offset, size, stride");
    uint32_t dtype = v[0].storage->dtype;
    if (third) {
        if (args.list->n < 7 || v[6].kind != TORCH_CLASS || strncmp(v[6].text, "torch.", 6) != 0)
            return torch_pickle_fail(p, AMCT_E_FORMAT, at, "a tensor's dtype is missing");
        dtype = torch_dtype_of_name(v[6].text + 6);
    }
    size_t n = v[2].list->n;
    int64_t dims[AMCT_MAX_RANK];
    if (n > AMCT_MAX_RANK)
        return torch_pickle_fail(p, AMCT_E_LIMIT, at, "a tensor of %zu dims, at most %d wanted", n,
                                 AMCT_MAX_RANK);
    torch_pending *pending =
        import_grow(&r->memory, p->pending, p->n_pending, &p->cap_pending, sizeof *pending);
    if (!pending)
        return torch_nomem(r);
    p->pending = pending;
    pending += p->n_pending;
    *pending = (torch_pending){.storage = v[0].storage, .offset = v[1].i};
    TORCH_TRY(read_ints(p, at, v[2], dims, n));
    TORCH_TRY(read_ints(p, at, v[3], pending->strides, n));
    TORCH_TRY(
        torch_tensor_new(r, "", AMCT_TENSOR_CONSTANT, dtype, (int32_t)n, dims, &pending->tensor));
    p->n_pending++;
    *out = torch_of(pending->tensor);
    return AMCT_OK;
}

int32_t torch_pickle_storage(torch_pickle *p, size_t at, torch_value id, torch_value *out)
{
    torch_reader *r = p->r;
    const torch_list *list = torch_is_list(id) ? id.list : NULL;
    if (!list || list->n < 5 || list->at[0].kind != TORCH_TEXT ||
        strcmp(list->at[0].text, "storage") != 0 || list->at[1].kind != TORCH_CLASS ||
        list->at[2].kind != TORCH_TEXT || list->at[4].kind != TORCH_INT)
        return torch_pickle_fail(p, AMCT_E_FORMAT, at, "a persistent id is no storage");
    if (list->n > 5 && list->at[5].kind != TORCH_NONE)
        return torch_pickle_fail(p, AMCT_E_UNSUPPORTED, at,
                                 "a storage that is a view of another one; save the file anew");
    void **known = torch_map_at(&p->storages, &r->memory, list->at[2].text);
    torch_storage *storage = known ? *known : NULL;
    if (known && !storage && (storage = import_alloc(&r->memory, 1, sizeof *storage))) {
        const char *dot = strrchr(list->at[1].text, '.');
        storage->key = list->at[2].text;
        storage->dtype = torch_dtype_of_storage(dot ? dot + 1 : list->at[1].text);
        *known = storage;
    }
    if (!storage)
        return torch_nomem(r);
    *out = (torch_value){.kind = TORCH_STORAGE, .storage = storage};
    return AMCT_OK;
}

int32_t torch_pickle_bind(torch_pickle *p)
{
    for (size_t i = 0; i < p->n_pending; i++) {
        torch_pending *t = &p->pending[i];
        if (!t->tensor->name[0] &&
            !(t->tensor->name = import_text(&p->r->memory, "tensor_%s", t->storage->key)))
            return torch_nomem(p->r);
        TORCH_TRY(torch_tensor_bind(p->r, t->tensor, t->storage->bytes, t->offset, t->strides));
    }
    return AMCT_OK;
}

int32_t torch_pickle_bind_zip(torch_pickle *p, const torch_zip *zip, const char *folder)
{
    for (size_t i = 0; i < p->n_pending; i++) {
        torch_storage *storage = p->pending[i].storage;
        if (storage->bytes.data)
            continue;
        const char *path = import_text(&p->r->memory, "%s%s", folder, storage->key);
        if (!path)
            return torch_nomem(p->r);
        TORCH_TRY(torch_zip_read(p->r, zip, path, &storage->bytes));
    }
    return torch_pickle_bind(p);
}

/* ---- Calls ---------------------------------------------------------------------------------- */

static bool is(torch_value callee, const char *name)
{
    const char *dot = strrchr(callee.text, '.');
    return strcmp(dot ? dot + 1 : callee.text, name) == 0;
}

static int32_t make_object(torch_pickle *p, torch_value callee, torch_value *out)
{
    torch_object *object = import_alloc(&p->r->memory, 1, sizeof *object);
    torch_value fields;
    if (!object)
        return torch_nomem(p->r);
    TORCH_TRY(torch_dict_new(p->r, &fields));
    object->type = callee.text;
    object->fields = fields.dict;
    *out = (torch_value){.kind = TORCH_OBJECT, .object = object};
    return AMCT_OK;
}

/* Python 2 wrote an OrderedDict as a list of pairs. */
static int32_t make_dict(torch_pickle *p, size_t at, torch_value args, torch_value *out)
{
    TORCH_TRY(torch_dict_new(p->r, out));
    if (args.list->n == 0 || args.list->at[0].kind != TORCH_LIST)
        return AMCT_OK;
    const torch_list *pairs = args.list->at[0].list;
    for (size_t i = 0; i < pairs->n; i++) {
        if (!torch_is_list(pairs->at[i]) || pairs->at[i].list->n != 2)
            return torch_pickle_fail(p, AMCT_E_FORMAT, at, "a dict is made of other than pairs");
        const torch_value *pair = pairs->at[i].list->at;
        TORCH_TRY(torch_dict_set(p->r, out->dict, pair[0], pair[1]));
    }
    return AMCT_OK;
}

int32_t torch_pickle_make(torch_pickle *p, size_t at, torch_value callee, torch_value args,
                          torch_value *out)
{
    if (callee.kind != TORCH_CLASS || args.kind != TORCH_TUPLE)
        return torch_pickle_fail(p, AMCT_E_FORMAT, at, "%s is called with %s",
                                 torch_kind_name(callee.kind), torch_kind_name(args.kind));
    size_t n = args.list->n;
    if (strncmp(callee.text, "__torch__.", 10) == 0)
        return make_object(p, callee, out);
    if (is(callee, "OrderedDict") || is(callee, "defaultdict") || is(callee, "dict"))
        return make_dict(p, at, args, out);
    if (is(callee, "_rebuild_tensor") || is(callee, "_rebuild_tensor_v2"))
        return rebuild(p, at, args, false, out);
    if (is(callee, "_rebuild_tensor_v3"))
        return rebuild(p, at, args, true, out);
    if (is(callee, "device") || is(callee, "_get_layout")) {
        *out = torch_none();
        return AMCT_OK;
    }
    if (n >= 1 && callee.text[0] == 't' &&
        (is(callee, "_rebuild_parameter") || is(callee, "_rebuild_parameter_with_state") ||
         is(callee, "Size") || is(callee, "restore_type_tag") || is(callee, "build_intlist") ||
         is(callee, "build_doublelist") || is(callee, "build_boollist") ||
         is(callee, "build_tensorlist"))) {
        *out = args.list->at[0]; /* what it is made of */
        return AMCT_OK;
    }
    if (n >= 1 && is(callee, "set")) {
        *out = args.list->at[0];
        return AMCT_OK;
    }
    return torch_pickle_fail(p, AMCT_E_UNSUPPORTED, at, "a call of '%.200s' is not supported",
                             callee.text);
}
