/* The nodes of a .pt2 graph: arguments and results by name. */
#include "torch_aten.h"
#include "torch_export.h"
#include "torch_number.h"

#include <math.h>
#include <string.h>

/* ---- Arguments ----------------------------------------------------------------------------- */

static int32_t value_named(torch_program *p, const char *name, torch_value *out)
{
    torch_value *v = name ? torch_map_get(&p->values, name) : NULL;
    if (!v)
        return torch_fail(p->r, AMCT_E_FORMAT, "nothing makes '%.200s'", name ? name : "");
    if (v->kind == TORCH_UNSET)
        return torch_fail(p->r, AMCT_E_UNSUPPORTED,
                          "'%.200s' is a result that is only there in training", name);
    *out = *v;
    return AMCT_OK;
}

/* An element of a list: a number, a text, a name, or one of the small unions of the schema. */
static int32_t read_element(torch_program *p, const cJSON *item, torch_value *out)
{
    if (cJSON_IsBool(item)) {
        *out = torch_bool(cJSON_IsTrue(item));
    } else if (cJSON_IsString(item)) {
        *out = torch_string(item->valuestring);
    } else if (torch_json_text(item, "name")) {
        return value_named(p, torch_json_text(item, "name"), out);
    } else if (cJSON_IsObject(item) && item->child) {
        return torch_read_argument(p, item, out);
    } else {
        return torch_fail(p->r, AMCT_E_FORMAT, "an element of a list of arguments is of no kind");
    }
    return AMCT_OK;
}

static int32_t read_list(torch_program *p, const cJSON *array, bool floats, torch_value *out)
{
    const cJSON *item;
    size_t n = 0;
    TORCH_TRY(torch_list_new(p->r, TORCH_LIST, (size_t)cJSON_GetArraySize(array), out));
    cJSON_ArrayForEach(item, array)
    {
        if (cJSON_IsNumber(item))
            out->list->at[n++] =
                floats ? torch_float(item->valuedouble) : torch_int(torch_json_int(item));
        else
            TORCH_TRY(read_element(p, item, &out->list->at[n++]));
    }
    return AMCT_OK;
}

/* Numbers of the export schema's ScalarType become those of TorchScript, one less but for three. */
static int64_t script_type(int64_t number)
{
    return number == 12 ? 11 : number == 13 ? 15 : number - 1;
}

static double read_float(const cJSON *item)
{
    if (!cJSON_IsString(item))
        return item->valuedouble;
    return item->valuestring[0] == '-' ? -(double)INFINITY
                                       : (double)INFINITY; /* "Infinity", as newer ones write it */
}

int32_t torch_read_argument(torch_program *p, const cJSON *argument, torch_value *out)
{
    const cJSON *item = cJSON_IsObject(argument) ? argument->child : NULL;
    const char *kind = item ? item->string : "";
    if (strcmp(kind, "as_none") == 0 || strcmp(kind, "as_device") == 0 ||
        strcmp(kind, "as_layout") == 0 || strcmp(kind, "as_memory_format") == 0)
        *out = torch_none();
    else if (strcmp(kind, "as_int") == 0 && cJSON_IsNumber(item))
        *out = torch_int(torch_json_int(item));
    else if (strcmp(kind, "as_float") == 0 && (cJSON_IsNumber(item) || cJSON_IsString(item)))
        *out = torch_float(read_float(item));
    else if (strcmp(kind, "as_bool") == 0 && cJSON_IsBool(item))
        *out = torch_bool(cJSON_IsTrue(item));
    else if (strcmp(kind, "as_string") == 0 && cJSON_IsString(item))
        *out = torch_string(item->valuestring);
    else if (strcmp(kind, "as_scalar_type") == 0 && cJSON_IsNumber(item))
        *out = torch_int(script_type(torch_json_int(item)));
    else if (strcmp(kind, "as_name") == 0 && cJSON_IsString(item))
        return value_named(p, item->valuestring, out);
    else if (strcmp(kind, "as_tensor") == 0)
        return value_named(p, torch_json_text(item, "name"), out);
    else if ((strcmp(kind, "as_sym_int") == 0 || strcmp(kind, "as_sym_float") == 0 ||
              strcmp(kind, "as_sym_bool") == 0 || strcmp(kind, "as_optional_tensor") == 0) &&
             cJSON_IsObject(item))
        return torch_read_argument(p, item, out);
    else if (strncmp(kind, "as_", 3) == 0 && cJSON_IsArray(item))
        return read_list(p, item, strcmp(kind, "as_floats") == 0, out);
    else
        return torch_fail(p->r, AMCT_E_UNSUPPORTED, "an argument is %.100s, which is not supported",
                          kind[0] ? kind : "of no kind");
    return AMCT_OK;
}

/* ---- Results ------------------------------------------------------------------------------- */

/* The file knows the dims of results better than we do. */
static int32_t take_meta(torch_program *p, const char *name, torch_tensor *t)
{
    const cJSON *meta = torch_map_get(&p->tensor_values, name);
    uint32_t dtype;
    int32_t rank;
    int64_t dims[AMCT_MAX_RANK];
    if (!meta || t->kind != AMCT_TENSOR_VALUE)
        return AMCT_OK;
    TORCH_TRY(torch_read_meta(p->r, meta, name, &dtype, &rank, dims, NULL, NULL));
    if (t->rank >= 0 && t->rank != rank)
        return torch_fail(p->r, AMCT_E_FORMAT, "'%.200s' has %d dims, its type says %d", name,
                          t->rank, rank);
    for (int32_t d = 0; d < rank; d++)
        if (t->rank < 0 || dims[d] >= 0)
            t->dims[d] = dims[d];
    t->rank = rank;
    if (dtype)
        t->dtype = dtype;
    return AMCT_OK;
}

static int32_t bind_result(torch_program *p, const char *name, torch_value v)
{
    if (v.kind == TORCH_TENSOR)
        TORCH_TRY(take_meta(p, name, v.tensor));
    return torch_program_bind(p, name, v);
}

/* The name that an output of a node has; NULL for a list and for nothing. */
static const char *output_name(const cJSON *output)
{
    static const char *const kinds[] = {"as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const cJSON *item = torch_json_object(output, kinds[i]);
        if (item)
            return torch_json_text(item, i ? "as_name" : "name");
    }
    return NULL;
}

static int32_t bind_list(torch_program *p, const cJSON *names, torch_value v)
{
    const cJSON *item;
    size_t n = 0;
    if (!torch_is_list(v) || (size_t)cJSON_GetArraySize(names) != v.list->n)
        return torch_fail(p->r, AMCT_E_FORMAT, "%d results are named, there are %zu",
                          cJSON_GetArraySize(names), torch_is_list(v) ? v.list->n : 1);
    cJSON_ArrayForEach(item, names)
    {
        const char *name = torch_json_text(item, "name");
        if (!name)
            name = output_name(item);
        if (name)
            TORCH_TRY(bind_result(p, name, v.list->at[n]));
        n++;
    }
    return AMCT_OK;
}

static int32_t bind_results(torch_program *p, const cJSON *outputs, torch_value v)
{
    const cJSON *first = outputs ? outputs->child : NULL;
    if (!first)
        return AMCT_OK;
    if (cJSON_GetArraySize(outputs) > 1)
        return bind_list(p, outputs, v);
    if (torch_json_array(first, "as_tensors"))
        return bind_list(p, torch_json_array(first, "as_tensors"), v);
    const char *name = output_name(first);
    return name ? bind_result(p, name, v) : AMCT_OK;
}

/* ---- Nodes --------------------------------------------------------------------------------- */

/* Parts of "torch.ops.aten.conv2d.default"; a target of another form is Python's own. */
static int32_t split_target(torch_program *p, const char *target, const char **space,
                            const char **op)
{
    static const char prefix[] = "torch.ops.";
    *space = "";
    if (strncmp(target, prefix, sizeof prefix - 1) != 0) {
        const char *dot = strrchr(target, '.');
        *op = dot ? dot + 1 : target;
        return AMCT_OK;
    }
    target += sizeof prefix - 1;
    size_t n = strcspn(target, ".");
    *space = import_copy(&p->r->memory, target, n);
    target += n + (target[n] == '.');
    *op = import_copy(&p->r->memory, target, strcspn(target, "."));
    return *space && *op ? AMCT_OK : torch_nomem(p->r);
}

/* A node of an operator that we do not know, with the results that the file tells. */
static int32_t pass_on(torch_program *p, const char *space, const char *op, const char *label,
                       const torch_value *args, uint32_t n, const cJSON *outputs)
{
    const cJSON *item, *names = outputs;
    torch_value list;
    if (outputs && outputs->child && torch_json_array(outputs->child, "as_tensors"))
        names = torch_json_array(outputs->child, "as_tensors");
    size_t count = (size_t)cJSON_GetArraySize(names), k = 0;
    torch_tensor **dst = import_alloc(&p->r->memory, count, sizeof *dst);
    if (!dst)
        return torch_nomem(p->r);
    TORCH_TRY(torch_list_new(p->r, TORCH_LIST, count, &list));
    cJSON_ArrayForEach(item, names)
    {
        const char *name = torch_json_text(item, "name");
        if (!name)
            name = torch_json_text(torch_json_object(item, "as_tensor"), "name");
        if (!name)
            return torch_fail(p->r, AMCT_E_UNSUPPORTED, "operator %.100s::%.100s is not supported",
                              space, op);
        TORCH_TRY(
            torch_tensor_new(p->r, name, AMCT_TENSOR_VALUE, AMCT_UNDEFINED, -1, NULL, &dst[k]));
        TORCH_TRY(take_meta(p, name, dst[k]));
        list.list->at[k] = torch_of(dst[k]);
        TORCH_TRY(torch_program_bind(p, name, list.list->at[k]));
        k++;
    }
    return torch_aten_pass_on(p->r, space, op, label, args, n, dst, (uint32_t)count);
}

static const char *label_of(const cJSON *node, const cJSON *outputs)
{
    const char *name = outputs ? output_name(outputs->child) : NULL;
    if (!name)
        name = torch_json_text(node, "name");
    return name ? name : "";
}

int32_t torch_read_node(torch_program *p, const cJSON *node, size_t index)
{
    const cJSON *inputs = torch_json_array(node, "inputs"), *item;
    const cJSON *outputs = torch_json_array(node, "outputs");
    const char *target = torch_json_text(node, "target"), *label = label_of(node, outputs);
    const char *space, *op, *names[TORCH_MAX_ARGS];
    torch_value args[TORCH_MAX_ARGS] = {{0}}, result = torch_none();
    uint32_t n = 0;
    if (!target)
        return torch_fail(p->r, AMCT_E_FORMAT, "node %zu has no target", index);
    torch_at(p->r, "node %zu '%.60s' (%.100s)", index, label, target);
    if (cJSON_GetArraySize(inputs) > TORCH_MAX_ARGS)
        return torch_fail(p->r, AMCT_E_LIMIT, "%d arguments, at most %d wanted",
                          cJSON_GetArraySize(inputs), TORCH_MAX_ARGS);
    TORCH_TRY(split_target(p, target, &space, &op));
    cJSON_ArrayForEach(item, inputs)
    {
        names[n] = torch_json_text(item, "name");
        if (names[n] && !names[n][0])
            names[n] = NULL;
        TORCH_TRY(torch_read_argument(p, torch_json_object(item, "arg"), &args[n++]));
    }
    if (!space[0])
        TORCH_TRY(torch_number_op(p->r, op, label, args, n, &result));
    else if (strcmp(space, "aten") == 0 && torch_aten_known(op))
        TORCH_TRY(torch_aten_call(p->r, op, label, args, names, n, 0, &result));
    else
        return pass_on(p, space, op, label, args, n, outputs);
    return bind_results(p, outputs, result);
}
