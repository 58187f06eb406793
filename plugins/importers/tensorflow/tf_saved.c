/*
 * SavedModel: 1 saved_model_schema_version, 2 meta_graphs; MetaGraphDef: 1 meta_info_def{4 tags,
 * 5 tensorflow_version}, 2 graph_def, 3 saver_def{3 restore_op_name}, 5 signature_def{1 key,
 * 2 value}, 7 object_graph_def; SignatureDef: 1 inputs, 2 outputs, each {1 key, 2 TensorInfo{1
 * name}}.
 */
#include "tf_saved.h"

#include "tf_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line of names, cut to fit. */
static void append(char *text, size_t size, wire_span name)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%.*s", used ? ", " : "",
             name.size > 100 ? 100 : (int)name.size, (const char *)name.data);
}

/* ---- Which graph, which signature ---------------------------------------------------------- */

static bool has_tag(wire_span meta, const char *wanted, char *tags, size_t size)
{
    wire_span info = wire_bytes(meta, 1), tag;
    bool has = false;
    while (wire_each(&info, 4, &tag)) {
        append(tags, size, tag);
        has |= wire_is(tag, wanted);
    }
    return has;
}

static int32_t choose_graph(tf_reader *r, wire_span *out)
{
    wire_span rest = {r->model.data, r->model.size}, meta;
    char tags[400] = "";
    size_t n = 0;
    bool found = false;
    if (!wire_valid(rest))
        return tf_fail(r, AMCT_E_FORMAT, "the file is cut short or damaged");
    for (; wire_each(&rest, 2, &meta); n++)
        if (!found) {
            *out = meta;
            found = has_tag(meta, "serve", tags, sizeof tags);
        }
    if (!n)
        return tf_fail(r, AMCT_E_FORMAT, "the file has no graph");
    if (!found && n > 1)
        return tf_fail(r, AMCT_E_UNSUPPORTED, "no graph is tagged 'serve', the tags are: %s", tags);
    return wire_valid(*out) ? AMCT_OK
                            : tf_fail(r, AMCT_E_FORMAT, "the file is cut short or damaged");
}

/* Those that only initialise have no inputs. */
static bool can_serve(wire_span signature)
{
    wire_field field;
    return wire_find(signature, 1, WIRE_LENGTH, &field) &&
           wire_find(signature, 2, WIRE_LENGTH, &field);
}

/* The one asked for, else serving_default, else the only one. */
static int32_t choose_signature(tf_reader *r, wire_span meta, wire_span *out)
{
    const char *wanted = r->signature ? r->signature : "serving_default";
    char names[600] = "";
    wire_span rest = meta, entry, only = {NULL, 0};
    size_t n = 0;
    while (wire_each(&rest, 5, &entry)) {
        wire_span name = wire_bytes(entry, 1), signature = wire_bytes(entry, 2);
        if (!can_serve(signature))
            continue;
        if (wire_is(name, wanted)) {
            *out = signature;
            return AMCT_OK;
        }
        append(names, sizeof names, name);
        only = signature;
        n++;
    }
    if (n == 1 && !r->signature) {
        *out = only;
        return AMCT_OK;
    }
    if (!n)
        return tf_fail(r, AMCT_E_UNSUPPORTED,
                       "has no signature with inputs and outputs: save it with signatures, or "
                       "freeze it");
    return tf_fail(r, AMCT_E_INVALID, "has no signature '%.200s'; option signature may be: %s",
                   wanted, names);
}

/* ---- Its inputs and outputs ---------------------------------------------------------------- */

typedef struct port {
    const char *key;
    wire_span name; /* in the graph: "serving_default_image:0" */
} port;

static int compare_ports(const void *a, const void *b)
{
    return strcmp(((const port *)a)->key, ((const port *)b)->key);
}

/* Sorted by key: the file's order is a map's. */
static int32_t read_ports(tf_reader *r, wire_span signature, uint32_t number, port **out, size_t *n)
{
    wire_span rest = signature, entry;
    size_t count = 0;
    while (wire_each(&rest, number, &entry))
        count++;
    port *ports = import_alloc(&r->memory, count + 1, sizeof *ports);
    if (!ports)
        return tf_nomem(r);
    rest = signature;
    for (*n = 0; wire_each(&rest, number, &entry); (*n)++) {
        TF_TRY(tf_copy(r, wire_bytes(entry, 1), &ports[*n].key));
        ports[*n].name = wire_bytes(wire_bytes(entry, 2), 1);
        if (!ports[*n].name.size)
            return tf_fail(r, AMCT_E_UNSUPPORTED, "'%.200s' of the signature is no plain tensor",
                           ports[*n].key);
    }
    qsort(ports, count, sizeof *ports, compare_ports);
    *out = ports;
    return AMCT_OK;
}

/* Inputs have the signature's names, not those of the placeholders. */
static int32_t bind_inputs(tf_reader *r, tf_scope *scope, wire_span signature)
{
    port *ports = NULL;
    size_t n;
    TF_TRY(read_ports(r, signature, 1, &ports, &n));
    for (size_t i = 0; i < n; i++) {
        tf_value *v;
        tf_at(r, "input '%.150s' of the signature", ports[i].key);
        TF_TRY(tf_scope_value(r, scope, ports[i].name, &v));
        if (v->kind == TF_INPUT && !v->forms)
            v->name = ports[i].key;
    }
    return AMCT_OK;
}

/* Whether option outputs has the name. */
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == 0 || at[length] == ','))
            return true;
    return false;
}

static int32_t make_outputs(tf_reader *r, tf_scope *scope, wire_span signature)
{
    port *ports = NULL;
    size_t n, made = 0;
    TF_TRY(read_ports(r, signature, 2, &ports, &n));
    for (size_t i = 0; i < n; i++) {
        if (r->outputs && !is_listed(r->outputs, ports[i].key))
            continue;
        TF_TRY(tf_model_output(r, scope, ports[i].name, ports[i].key));
        made++;
    }
    return made ? AMCT_OK : tf_model_outputs(r, scope);
}

/* -------------------------------------------------------------------------------------------- */

int32_t tf_read_saved(tf_reader *r)
{
    wire_span meta, signature = {NULL, 0};
    tf_saved *saved = r->saved = import_alloc(&r->memory, 1, sizeof *saved);
    tf_scope scope = {.prefix = ""};
    const char *version, *restore;
    if (!saved)
        return tf_nomem(r);
    TF_TRY(choose_graph(r, &meta));
    TF_TRY(choose_signature(r, meta, &signature));
    wire_span graph = wire_bytes(meta, 2);
    TF_TRY(tf_copy(r, wire_bytes(wire_bytes(meta, 1), 5), &version));
    TF_TRY(tf_copy(r, wire_bytes(wire_bytes(meta, 3), 3), &restore));
    const char *producer =
        import_text(&r->memory, "%s%.50s", version[0] ? "version " : "", version);
    if (!producer)
        return tf_nomem(r);
    amct_model_desc model = {.struct_size = sizeof model, .name = "", .producer = producer};
    TF_TRY(r->sink->model(r->sink->ctx, &model));
    saved->graph.name = "";
    saved->objects = wire_bytes(meta, 7);
    TF_TRY(tf_functions_list(r, wire_bytes(graph, 2)));
    TF_TRY(tf_graph_read(r, graph, 1, &saved->graph));
    TF_TRY(tf_restored_find(r, saved, restore));
    TF_TRY(tf_scope_begin(r, &scope, &saved->graph));
    TF_TRY(bind_inputs(r, &scope, signature));
    TF_TRY(make_outputs(r, &scope, signature));
    return tf_model_end(r);
}
