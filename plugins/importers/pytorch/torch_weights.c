/* State dicts and checkpoints: pickles of names and tensors. */
#include "torch_pickle.h"

#include <string.h>

/* ---- Archives -------------------------------------------------------------------------------- */

static int32_t check_byte_order(torch_reader *r, const torch_zip *zip)
{
    torch_span order;
    if (!torch_zip_find(zip, "byteorder"))
        return AMCT_OK;
    TORCH_TRY(torch_zip_read(r, zip, "byteorder", &order));
    if (order.size >= 3 && memcmp(order.data, "big", 3) == 0)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "its numbers are big-endian");
    return AMCT_OK;
}

static int32_t load(torch_reader *r, const torch_zip *zip, torch_value *out)
{
    torch_pickle p = {.r = r, .name = "data.pkl"};
    TORCH_TRY(check_byte_order(r, zip));
    TORCH_TRY(torch_zip_read(r, zip, "data.pkl", &p.bytes));
    TORCH_TRY(torch_unpickle(&p, out));
    return torch_pickle_bind_zip(&p, zip, "data/");
}

int32_t torch_load_dict(torch_reader *r, torch_span archive, const char *what, torch_dict **out)
{
    torch_zip zip;
    torch_value root;
    TORCH_TRY(torch_zip_open(r, archive, &zip));
    TORCH_TRY(load(r, &zip, &root));
    if (root.kind != TORCH_DICT)
        return torch_fail(r, AMCT_E_FORMAT, "'%.200s' is %s, a dict wanted", what,
                          torch_kind_name(root.kind));
    *out = root.dict;
    return AMCT_OK;
}

/* ---- Before 1.6 ------------------------------------------------------------------------------ */

/* 0x1950a86a20f9469cfc6c, as a pickle */
static const uint8_t magic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

bool torch_is_old_weights(torch_span file)
{
    return file.size >= sizeof magic && memcmp(file.data, magic, sizeof magic) == 0;
}

/* Behind the pickles: for every key of the list its number of elements and its bytes. */
static int32_t find_storages(torch_pickle *p, torch_value keys)
{
    if (!torch_is_list(keys))
        return torch_fail(p->r, AMCT_E_FORMAT, "the list of storages is %s",
                          torch_kind_name(keys.kind));
    for (size_t i = 0; i < keys.list->n; i++) {
        torch_value key = keys.list->at[i];
        torch_storage *s = key.kind == TORCH_TEXT ? torch_map_get(&p->storages, key.text) : NULL;
        uint64_t count = 0;
        if (!s || !torch_dtype_bytes(s->dtype))
            return torch_fail(p->r, AMCT_E_FORMAT, "storage %zu is one that no tensor has", i);
        if (p->bytes.size < 8)
            return torch_fail(p->r, AMCT_E_FORMAT, "the file is cut short: storage '%.100s' of %zu",
                              s->key, keys.list->n);
        for (int b = 7; b >= 0; b--)
            count = count << 8 | p->bytes.data[b];
        size_t room = p->bytes.size - 8, width = torch_dtype_bytes(s->dtype);
        if (count > room / width)
            return torch_fail(p->r, AMCT_E_FORMAT,
                              "the file is cut short: storage '%.100s' has %llu elements, %zu are "
                              "there",
                              s->key, (unsigned long long)count, room / width);
        s->bytes = (torch_span){p->bytes.data + 8, (size_t)count * width};
        p->bytes = (torch_span){s->bytes.data + s->bytes.size, room - s->bytes.size};
    }
    return AMCT_OK;
}

static int32_t load_old(torch_reader *r, torch_span file, torch_value *out)
{
    torch_pickle p = {.r = r, .name = "the header", .bytes = file};
    torch_value version, info, keys;
    p.bytes = (torch_span){file.data + sizeof magic, file.size - sizeof magic};
    TORCH_TRY(torch_unpickle(&p, &version));
    TORCH_TRY(torch_unpickle(&p, &info));
    if (version.kind != TORCH_INT || version.i != 1001 || info.kind != TORCH_DICT)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "a stream of an unknown version, 1001 wanted");
    torch_value little = torch_dict_get(info.dict, "little_endian");
    if (little.kind == TORCH_BOOL && !little.i)
        return torch_fail(r, AMCT_E_UNSUPPORTED, "its numbers are big-endian");
    p.name = "the pickle";
    TORCH_TRY(torch_unpickle(&p, out));
    p.name = "the list of storages";
    TORCH_TRY(torch_unpickle(&p, &keys));
    TORCH_TRY(find_storages(&p, keys));
    return torch_pickle_bind(&p);
}

/* ---- Which dict it is ------------------------------------------------------------------------ */

static bool has_tensors(const torch_dict *dict)
{
    for (size_t i = 0; i < dict->n; i++)
        if (dict->values[i].kind == TORCH_TENSOR && dict->keys[i].kind == TORCH_TEXT)
            return true;
    return false;
}

/* The dict of tensors in a checkpoint, under one of the usual names; NULL if there is none. */
static const torch_dict *find_dict(const torch_dict *dict, int depth)
{
    static const char *const names[] = {
        "state_dict", "model_state_dict", "model_state", "model",  "module",    "net",
        "network",    "weights",          "params_ema",  "params", "generator", "ema"};
    if (has_tensors(dict))
        return dict;
    for (size_t i = 0; depth < 4 && i < sizeof names / sizeof *names; i++) {
        torch_value v = torch_dict_get(dict, names[i]);
        const torch_dict *found = v.kind == TORCH_DICT ? find_dict(v.dict, depth + 1) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

/* What wrappers put in front of every name. */
static size_t prefix_of(const torch_dict *dict)
{
    static const char *const prefixes[] = {"module.", "_orig_mod."};
    for (size_t p = 0; p < 2; p++) {
        size_t length = strlen(prefixes[p]);
        bool all = true;
        for (size_t i = 0; i < dict->n; i++)
            if (dict->values[i].kind == TORCH_TENSOR && dict->keys[i].kind == TORCH_TEXT)
                all &= strncmp(dict->keys[i].text, prefixes[p], length) == 0;
        if (all)
            return length;
    }
    return 0;
}

static int32_t give(torch_reader *r, torch_value root)
{
    static const amct_model_desc model = {
        .struct_size = sizeof model, .name = "", .producer = "pytorch"};
    if (root.kind == TORCH_TENSOR)
        return torch_fail(r, AMCT_E_UNSUPPORTED,
                          "it is a single tensor; is it data rather than the model?");
    const torch_dict *dict = root.kind == TORCH_DICT ? find_dict(root.dict, 0) : NULL;
    if (!dict)
        return torch_fail(r, AMCT_E_UNSUPPORTED,
                          "it holds %s without a dict of names and tensors: no state dict",
                          torch_kind_name(root.kind));
    TORCH_TRY(r->sink->model(r->sink->ctx, &model));
    size_t prefix = prefix_of(dict);
    for (size_t i = 0; i < dict->n; i++) {
        torch_tensor *t = dict->values[i].tensor;
        if (dict->values[i].kind != TORCH_TENSOR || dict->keys[i].kind != TORCH_TEXT)
            continue;
        TORCH_TRY(torch_tensor_view(r, t, &t)); /* a tensor may have several names */
        t->name = dict->keys[i].text + prefix;
        TORCH_TRY(torch_tensor_emit(r, t));
    }
    return AMCT_OK;
}

int32_t torch_read_weights(torch_reader *r, const torch_zip *zip)
{
    torch_value root;
    if (!torch_zip_find(zip, "data.pkl"))
        return torch_fail(
            r, AMCT_E_UNSUPPORTED,
            "the zip archive holds neither a program (models/*.json), nor TorchScript "
            "(code/), nor a pickle (data.pkl)");
    TORCH_TRY(load(r, zip, &root));
    return give(r, root);
}

int32_t torch_read_old_weights(torch_reader *r, torch_span file)
{
    torch_value root;
    TORCH_TRY(load_old(r, file, &root));
    return give(r, root);
}
