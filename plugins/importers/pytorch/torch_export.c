/* Programs of torch.export: torch/_export/serde/schema.py, versions 2 to 8. */
#include "torch_export.h"

#include "torch_aten.h"

#include <stdio.h>
#include <string.h>

static const char old_program[] = "serialized_exported_program.json";

/* "model" of the first member models/model.json. */
static const char *model_name(torch_reader *r, const torch_zip *zip)
{
    if (torch_zip_find(zip, "models/model.json"))
        return "model";
    for (size_t i = 0; i < zip->n; i++) {
        const char *name = zip->members[i].name;
        size_t length = strlen(name);
        if (strncmp(name, "models/", 7) == 0 && length > 12 &&
            strcmp(name + length - 5, ".json") == 0)
            return import_copy(&r->memory, name + 7, length - 12);
    }
    return NULL;
}

bool torch_is_export(const torch_zip *zip)
{
    if (torch_zip_find(zip, old_program) || torch_zip_find(zip, "archive_format"))
        return true;
    for (size_t i = 0; i < zip->n; i++)
        if (strncmp(zip->members[i].name, "models/", 7) == 0)
            return true;
    return false;
}

int32_t torch_program_bind(torch_program *p, const char *name, torch_value value)
{
    torch_value *copy = import_alloc(&p->r->memory, 1, sizeof *copy);
    void **at = copy ? torch_map_at(&p->values, &p->r->memory, name) : NULL;
    if (!at)
        return torch_nomem(p->r);
    if (*at)
        return torch_fail(p->r, AMCT_E_FORMAT, "the name '%.200s' is given twice", name);
    *copy = value;
    *at = copy;
    return AMCT_OK;
}

/* ---- Tensors ------------------------------------------------------------------------------- */

/* A SymInt: a number, or an expression. */
static int64_t read_size(const cJSON *size)
{
    const cJSON *number =
        cJSON_IsObject(size) ? cJSON_GetObjectItemCaseSensitive(size, "as_int") : size;
    return cJSON_IsNumber(number) ? torch_json_int(number) : AMCT_DIM_UNKNOWN;
}

int32_t torch_read_meta(torch_reader *r, const cJSON *meta, const char *name, uint32_t *dtype,
                        int32_t *rank, int64_t *dims, int64_t *strides, int64_t *offset)
{
    const cJSON *sizes = torch_json_array(meta, "sizes"),
                *steps = torch_json_array(meta, "strides");
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(meta, "dtype"), *item;
    int32_t n = 0;
    if (!sizes || !cJSON_IsNumber(type))
        return torch_fail(r, AMCT_E_FORMAT, "tensor '%.200s' has no sizes or no dtype", name);
    *dtype = torch_dtype_of_export(torch_json_int(type));
    if (cJSON_GetArraySize(sizes) > AMCT_MAX_RANK)
        return torch_fail(r, AMCT_E_LIMIT, "tensor '%.200s' has %d dims, at most %d wanted", name,
                          cJSON_GetArraySize(sizes), AMCT_MAX_RANK);
    cJSON_ArrayForEach(item, sizes)
    {
        dims[n] = read_size(item);
        if (dims[n] < AMCT_DIM_UNKNOWN)
            return torch_fail(r, AMCT_E_FORMAT, "tensor '%.200s' has a dim of %lld", name,
                              (long long)dims[n]);
        n++;
    }
    *rank = n;
    if (!strides)
        return AMCT_OK;
    if (cJSON_GetArraySize(steps) != n)
        return torch_fail(r, AMCT_E_FORMAT, "tensor '%.200s' has %d dims and %d strides", name, n,
                          cJSON_GetArraySize(steps));
    n = 0;
    cJSON_ArrayForEach(item, steps)
    {
        strides[n++] = read_size(item);
    }
    *offset = read_size(cJSON_GetObjectItemCaseSensitive(meta, "storage_offset"));
    return AMCT_OK;
}

/* ---- Inputs and outputs -------------------------------------------------------------------- */

static int32_t bind_weight(torch_program *p, const char *argument, const char *name)
{
    if (!argument || !name)
        return torch_fail(p->r, AMCT_E_FORMAT, "an input of the program has no name");
    torch_tensor *t = torch_map_get(&p->weights, name);
    if (!t)
        return torch_fail(p->r, AMCT_E_FORMAT, "the archive has no data of '%.200s'", name);
    return torch_program_bind(p, argument, torch_of(t));
}

static int32_t bind_user_input(torch_program *p, const cJSON *argument)
{
    const char *name = torch_json_text(torch_json_object(argument, "as_tensor"), "name");
    uint32_t dtype;
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK];
    torch_tensor *t;
    if (!name) {
        const cJSON *kind = cJSON_IsObject(argument) ? argument->child : NULL;
        if (kind && strncmp(kind->string, "as_sym", 6) != 0)
            return AMCT_OK; /* a number or None, which the graph does not depend on */
        return torch_fail(p->r, AMCT_E_UNSUPPORTED, "an input of the program is no tensor but %s",
                          kind ? kind->string : "nothing");
    }
    const cJSON *meta = torch_map_get(&p->tensor_values, name);
    if (!meta)
        return torch_fail(p->r, AMCT_E_FORMAT, "input '%.200s' has no type", name);
    TORCH_TRY(torch_read_meta(p->r, meta, name, &dtype, &rank, dims, NULL, NULL));
    TORCH_TRY(torch_input_dims(p->r, name, &rank, dims));
    TORCH_TRY(torch_tensor_new(p->r, name, AMCT_TENSOR_INPUT, dtype, rank, dims, &t));
    TORCH_TRY(torch_tensor_emit(p->r, t));
    TORCH_TRY(torch_input_check(p->r, t));
    return torch_program_bind(p, name, torch_of(t));
}

static int32_t bind_input(torch_program *p, const cJSON *spec)
{
    static const struct {
        const char *kind, *name;
    } kinds[] = {{"parameter", "parameter_name"},
                 {"buffer", "buffer_name"},
                 {"tensor_constant", "tensor_constant_name"}};
    const cJSON *kind = cJSON_IsObject(spec) ? spec->child : NULL;
    if (!kind)
        return torch_fail(p->r, AMCT_E_FORMAT, "an input of the program has no kind");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind->string, kinds[i].kind) == 0)
            return bind_weight(p, torch_json_text(torch_json_object(kind, "arg"), "name"),
                               torch_json_text(kind, kinds[i].name));
    if (strcmp(kind->string, "user_input") == 0)
        return bind_user_input(p, torch_json_object(kind, "arg"));
    if (strcmp(kind->string, "constant_input") == 0)
        return AMCT_OK; /* its value stands where it is used */
    return torch_fail(p->r, AMCT_E_UNSUPPORTED, "an input of the program is a %.100s",
                      kind->string);
}

/* What the network gives must be made by a node, and be given once. */
static int32_t put_output(torch_program *p, const char *name, torch_tensor *t, torch_map *given)
{
    torch_reader *r = p->r;
    char text[24];
    snprintf(text, sizeof text, "%u", t->id);
    const char *key = import_copy(&r->memory, text, strlen(text));
    void **at = key ? torch_map_at(given, &r->memory, key) : NULL;
    if (!at)
        return torch_nomem(r);
    if (t->kind != AMCT_TENSOR_VALUE || *at) {
        torch_call c = {.r = r,
                        .name = "output",
                        .op = "output",
                        .label = import_text(&r->memory, "output_%s", name)};
        if (!c.label)
            return torch_nomem(r);
        TORCH_TRY(torch_unary(&c, "Identity", NULL, t, &t));
    }
    TORCH_TRY(torch_tensor_emit(r, t));
    *at = t;
    return r->sink->output(r->sink->ctx, t->id);
}

static int32_t read_outputs(torch_program *p)
{
    const cJSON *spec;
    torch_map given = {0};
    size_t n = 0;
    cJSON_ArrayForEach(spec, torch_json_array(p->signature, "output_specs"))
    {
        const cJSON *user = torch_json_object(spec, "user_output");
        const cJSON *argument = torch_json_object(user, "arg");
        torch_at(p->r, "output %zu", n);
        if (!user) {
            torch_warn(p->r, "it is a %s of training, and left out",
                       cJSON_IsObject(spec) && spec->child ? spec->child->string : "result");
            continue;
        }
        const char *name = torch_json_text(torch_json_object(argument, "as_tensor"), "name");
        torch_value *v = name ? torch_map_get(&p->values, name) : NULL;
        if (name && (!v || v->kind != TORCH_TENSOR))
            return torch_fail(p->r, AMCT_E_FORMAT, "nothing makes '%.200s'", name);
        if (name)
            TORCH_TRY(put_output(p, name, v->tensor, &given));
        else if (!cJSON_GetObjectItemCaseSensitive(argument, "as_none"))
            return torch_fail(p->r, AMCT_E_UNSUPPORTED, "it is no tensor");
        n++;
    }
    torch_at(p->r, "%s", "");
    return AMCT_OK;
}

/* ---- The program --------------------------------------------------------------------------- */

static int32_t describe(torch_program *p, const cJSON *program)
{
    const char *version = torch_json_text(program, "torch_version");
    const cJSON *opset = torch_json_object(program, "opset_version");
    amct_model_desc model = {.struct_size = sizeof model, .name = ""};
    model.producer =
        import_text(&p->r->memory, "pytorch%s%.100s", version ? " " : "", version ? version : "");
    if (!model.producer)
        return torch_nomem(p->r);
    if (opset)
        model.opset = torch_json_int(cJSON_GetObjectItemCaseSensitive(opset, "aten"));
    return p->r->sink->model(p->r->sink->ctx, &model);
}

static int32_t check_version(torch_program *p, const cJSON *program)
{
    const cJSON *version = cJSON_IsObject(program)
                               ? cJSON_GetObjectItemCaseSensitive(program, "schema_version")
                               : NULL;
    int64_t major = cJSON_IsObject(version)
                        ? torch_json_int(cJSON_GetObjectItemCaseSensitive(version, "major"))
                        : torch_json_int(version);
    if (version && major > 8)
        torch_warn(p->r, "schema version %lld is newer than what is known (8)", (long long)major);
    if (!torch_json_array(p->signature, "input_specs"))
        return torch_fail(
            p->r, AMCT_E_UNSUPPORTED,
            "its schema, version %lld, has no input_specs; export it with PyTorch 2.2 "
            "or newer",
            (long long)major);
    if (!torch_json_array(p->graph, "nodes"))
        return torch_fail(p->r, AMCT_E_FORMAT, "the program has no graph");
    return AMCT_OK;
}

int32_t torch_read_export(torch_reader *r, const torch_zip *zip)
{
    torch_program p = {.r = r, .zip = zip};
    const char *path = old_program;
    const cJSON *program, *item;
    if (!torch_zip_find(zip, old_program)) {
        if (!(p.name = model_name(r, zip)))
            return torch_fail(r, AMCT_E_UNSUPPORTED,
                              "the .pt2 archive has no program (models/*.json); one that is "
                              "compiled by AOTInductor cannot be read, give what torch.export.save "
                              "wrote");
        if (!(path = import_text(&r->memory, "models/%s.json", p.name)))
            return torch_nomem(r);
    }
    TORCH_TRY(torch_json_read(r, zip, path, &program));
    const cJSON *module = torch_json_object(program, "graph_module");
    p.graph = torch_json_object(module, "graph");
    p.signature = torch_json_object(module, "signature");
    torch_at(r, "%.200s", path);
    TORCH_TRY(check_version(&p, program));
    TORCH_TRY(torch_json_index(r, torch_json_object(p.graph, "tensor_values"), "the tensor",
                               &p.tensor_values));
    TORCH_TRY(describe(&p, program));
    torch_at(r, "%s", "");
    TORCH_TRY(torch_read_payload(&p));
    cJSON_ArrayForEach(item, torch_json_array(p.signature, "input_specs"))
    {
        TORCH_TRY(bind_input(&p, item));
    }
    size_t n = 0;
    cJSON_ArrayForEach(item, torch_json_array(p.graph, "nodes"))
    {
        TORCH_TRY(torch_read_node(&p, item, n++));
    }
    return read_outputs(&p);
}
