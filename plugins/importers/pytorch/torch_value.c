#include "torch_reader.h"

const char *torch_kind_name(torch_kind kind)
{
    static const char *const names[] = {
        [TORCH_UNSET] = "nothing",
        [TORCH_NONE] = "None",
        [TORCH_BOOL] = "a bool",
        [TORCH_INT] = "an integer",
        [TORCH_FLOAT] = "a float",
        [TORCH_TEXT] = "a string",
        [TORCH_LIST] = "a list",
        [TORCH_TUPLE] = "a tuple",
        [TORCH_DICT] = "a dict",
        [TORCH_TENSOR] = "a tensor",
        [TORCH_SYMBOL] = "a number that is not known before running",
        [TORCH_STORAGE] = "a storage",
        [TORCH_CLASS] = "a class",
        [TORCH_OBJECT] = "an object",
        [TORCH_FUNCTION] = "a function",
        [TORCH_MARK] = "a mark",
    };
    return names[kind];
}

int32_t torch_list_new(torch_reader *r, torch_kind kind, size_t n, torch_value *out)
{
    torch_list *list = import_alloc(&r->memory, 1, sizeof *list);
    if (!list || (n && !(list->at = import_alloc(&r->memory, n, sizeof *list->at))))
        return torch_nomem(r);
    list->n = list->cap = n;
    *out = (torch_value){.kind = kind, .list = list};
    return AMCT_OK;
}

int32_t torch_list_add(torch_reader *r, torch_list *list, torch_value value)
{
    torch_value *at = import_grow(&r->memory, list->at, list->n, &list->cap, sizeof *at);
    if (!at)
        return torch_nomem(r);
    list->at = at;
    at[list->n++] = value;
    return AMCT_OK;
}

int32_t torch_dict_new(torch_reader *r, torch_value *out)
{
    torch_dict *dict = import_alloc(&r->memory, 1, sizeof *dict);
    if (!dict)
        return torch_nomem(r);
    *out = (torch_value){.kind = TORCH_DICT, .dict = dict};
    return AMCT_OK;
}

int32_t torch_dict_set(torch_reader *r, torch_dict *dict, torch_value key, torch_value value)
{
    void **at = NULL;
    if (key.kind == TORCH_TEXT) {
        if (!(at = torch_map_at(&dict->texts, &r->memory, key.text)))
            return torch_nomem(r);
        if (*at) {
            dict->values[(uintptr_t)*at - 1] = value;
            return AMCT_OK;
        }
    }
    torch_value *keys = import_grow(&r->memory, dict->keys, dict->n, &dict->cap, sizeof *keys);
    if (!keys)
        return torch_nomem(r);
    dict->keys = keys;
    torch_value *values =
        import_grow(&r->memory, dict->values, dict->n, &dict->cap_values, sizeof *values);
    if (!values)
        return torch_nomem(r);
    dict->values = values;
    keys[dict->n] = key;
    values[dict->n++] = value;
    if (at)
        *at = (void *)(uintptr_t)dict->n;
    return AMCT_OK;
}

torch_value torch_dict_get(const torch_dict *dict, const char *key)
{
    uintptr_t at = (uintptr_t)torch_map_get(&dict->texts, key);
    return at ? dict->values[at - 1] : (torch_value){.kind = TORCH_UNSET};
}
