/* The weights of a .pt2 archive: raw bytes, each in a member of its own, that a configuration in
 * JSON describes. */
#include "torch_export.h"

#include <string.h>

static int32_t add_weight(torch_program *p, const char *name, torch_tensor *t)
{
    void **at = torch_map_at(&p->weights, &p->r->memory, name);
    if (!at)
        return torch_nomem(p->r);
    if (*at)
        return torch_fail(p->r, AMCT_E_FORMAT, "the tensor '%.200s' is there twice", name);
    *at = t;
    return AMCT_OK;
}

static int32_t read_raw(torch_program *p, const char *folder, const cJSON *payload)
{
    const char *name = payload->string, *file = torch_json_text(payload, "path_name");
    const cJSON *meta = torch_json_object(payload, "tensor_meta");
    uint32_t dtype;
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK], strides[AMCT_MAX_RANK], offset;
    torch_span bytes;
    torch_tensor *t;
    if (!file)
        return torch_fail(p->r, AMCT_E_FORMAT, "'%.200s' has no path_name", name);
    const char *path = import_text(&p->r->memory, "%s%s", folder, file);
    if (!path)
        return torch_nomem(p->r);
    if (!meta)
        return AMCT_OK; /* an object of some class; whoever uses it will miss it */
    TORCH_TRY(torch_read_meta(p->r, meta, name, &dtype, &rank, dims, strides, &offset));
    TORCH_TRY(torch_tensor_new(p->r, name, AMCT_TENSOR_CONSTANT, dtype, rank, dims, &t));
    TORCH_TRY(torch_zip_read(p->r, p->zip, path, &bytes));
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(payload, "use_pickle")))
        return torch_fail(p->r, AMCT_E_UNSUPPORTED,
                          "'%.200s' is of a class of its own, and pickled; export the model with "
                          "plain tensors",
                          name);
    TORCH_TRY(torch_tensor_bind(p->r, t, bytes, offset, strides));
    return add_weight(p, name, t);
}

static int32_t read_config(torch_program *p, const char *kind)
{
    torch_reader *r = p->r;
    const char *folder = import_text(&r->memory, "data/%s/", kind);
    const char *path = import_text(&r->memory, "data/%s/%s_%s_config.json", kind, p->name, kind);
    const cJSON *json, *config, *payload;
    torch_map names = {0};
    if (!folder || !path)
        return torch_nomem(r);
    if (!torch_zip_find(p->zip, path))
        return AMCT_OK; /* a network may have none */
    TORCH_TRY(torch_json_read(r, p->zip, path, &json));
    torch_at(r, "%.200s", path);
    if (!(config = torch_json_object(json, "config")))
        return torch_fail(r, AMCT_E_FORMAT, "it has no config");
    TORCH_TRY(torch_json_index(r, config, "the tensor", &names));
    cJSON_ArrayForEach(payload, config)
    {
        TORCH_TRY(read_raw(p, folder, payload));
    }
    torch_at(r, "%s", "");
    return AMCT_OK;
}

/* A state dict in an archive within the archive, as in 2024 and shortly after. */
static int32_t read_pickled(torch_program *p, const char *path)
{
    torch_span archive;
    torch_dict *dict;
    if (!torch_zip_find(p->zip, path))
        return AMCT_OK;
    TORCH_TRY(torch_zip_read(p->r, p->zip, path, &archive));
    if (archive.size == 0)
        return AMCT_OK;
    torch_at(p->r, "%s", path);
    TORCH_TRY(torch_load_dict(p->r, archive, path, &dict));
    for (size_t i = 0; i < dict->n; i++)
        if (dict->keys[i].kind == TORCH_TEXT && dict->values[i].kind == TORCH_TENSOR) {
            dict->values[i].tensor->name = dict->keys[i].text;
            TORCH_TRY(add_weight(p, dict->keys[i].text, dict->values[i].tensor));
        }
    torch_at(p->r, "%s", "");
    return AMCT_OK;
}

int32_t torch_read_payload(torch_program *p)
{
    static const char *const kinds[] = {"weights", "constants"};
    static const char *const old[] = {"serialized_state_dict.pt", "serialized_state_dict.json",
                                      "serialized_constants.pt", "serialized_constants.json"};
    for (int i = 0; !p->name && i < 4; i++)
        TORCH_TRY(read_pickled(p, old[i]));
    for (int i = 0; p->name && i < 2; i++) {
        const char *path = import_text(&p->r->memory, "data/%s/%s.pt", kinds[i], p->name);
        if (!path)
            return torch_nomem(p->r);
        TORCH_TRY(read_config(p, kinds[i]));
        TORCH_TRY(read_pickled(p, path));
    }
    return AMCT_OK;
}
