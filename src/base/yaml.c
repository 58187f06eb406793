#include "base/yaml.h"

#include "base/file.h"

#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 32, MAX_KEYS = 256, MAX_NODES = 1 << 16 };

/* A map or sequence whose end has not come yet. */
typedef struct open_node {
    amct_yaml_node *node;
    amct_yaml_node *last; /* child */
    const char *key;      /* read, its value not yet */
    yaml_mark_t key_mark;
} open_node;

typedef struct builder {
    amct_arena *arena;
    const char *file;
    amct_yaml_node *root;
    open_node open[MAX_DEPTH];
    uint32_t depth, n_nodes;
    amct_err *err;
} builder;

static amct_status fail_at(const builder *b, amct_status code, yaml_mark_t mark, const char *text)
{
    return amct_fail(b->err, code, "%s:%zu:%zu: %s", b->file, mark.line + 1, mark.column + 1, text);
}

/* Adds a value to the innermost open node, under the key that was read if it is a map. */
static void add_child(builder *b, amct_yaml_node *node)
{
    if (!b->depth) {
        b->root = node;
        return;
    }
    open_node *parent = &b->open[b->depth - 1];
    if (parent->node->kind == AMCT_YAML_IS_MAP) {
        node->key = parent->key;
        node->key_line = (uint32_t)parent->key_mark.line + 1;
        node->key_column = (uint32_t)parent->key_mark.column + 1;
        parent->key = NULL;
    }
    if (parent->last)
        parent->last->next = node;
    else
        parent->node->first = node;
    parent->last = node;
    parent->node->n++;
}

static amct_status take_key(builder *b, const amct_yaml_node *scalar, yaml_mark_t mark)
{
    open_node *map = &b->open[b->depth - 1];
    const amct_yaml_node *twin = amct_yaml_get(map->node, scalar->text);
    if (twin)
        return amct_fail(b->err, AMCT_E_FORMAT,
                         "%s:%zu:%zu: key '%s' stands here a second time, first in line %u",
                         b->file, mark.line + 1, mark.column + 1, scalar->text, twin->key_line);
    if (map->node->n >= MAX_KEYS)
        return fail_at(b, AMCT_E_LIMIT, mark, "more than 256 keys in one map");
    map->key = scalar->text;
    map->key_mark = mark;
    return AMCT_OK;
}

static amct_status start_node(builder *b, amct_yaml_kind kind, const yaml_event_t *event,
                              amct_yaml_node **out)
{
    yaml_mark_t mark = event->start_mark;
    const yaml_char_t *anchor, *tag;
    switch (kind) {
    case AMCT_YAML_IS_SCALAR:
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
        break;
    case AMCT_YAML_IS_SEQUENCE:
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
        break;
    default: anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag; break;
    }
    if (anchor)
        return fail_at(b, AMCT_E_UNSUPPORTED, mark, "anchors (&name) are not supported");
    if (tag)
        return fail_at(b, AMCT_E_UNSUPPORTED, mark, "tags (!name) are not supported");
    if (++b->n_nodes > MAX_NODES)
        return fail_at(b, AMCT_E_LIMIT, mark, "more than 65536 values in one file");
    amct_yaml_node *node = amct_arena_alloc(b->arena, sizeof *node);
    if (!node)
        return amct_fail_nomem(b->err);
    node->kind = kind;
    node->file = b->file;
    node->line = (uint32_t)mark.line + 1;
    node->column = (uint32_t)mark.column + 1;
    *out = node;
    return AMCT_OK;
}

static bool expects_key(const builder *b)
{
    const open_node *innermost = b->depth ? &b->open[b->depth - 1] : NULL;
    return innermost && innermost->node->kind == AMCT_YAML_IS_MAP && !innermost->key;
}

static amct_status take_scalar(builder *b, const yaml_event_t *event)
{
    amct_yaml_node *node;
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    AMCT_TRY(start_node(b, AMCT_YAML_IS_SCALAR, event, &node));
    if (memchr(text, 0, length))
        return fail_at(b, AMCT_E_UNSUPPORTED, event->start_mark, "a zero character in a value");
    node->text = amct_arena_copy(b->arena, text, length + 1);
    if (!node->text)
        return amct_fail_nomem(b->err);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (expects_key(b))
        return take_key(b, node, event->start_mark);
    add_child(b, node);
    return AMCT_OK;
}

static amct_status take_start(builder *b, const yaml_event_t *event, amct_yaml_kind kind)
{
    amct_yaml_node *node;
    if (expects_key(b))
        return fail_at(b, AMCT_E_UNSUPPORTED, event->start_mark,
                       "a map or sequence as a key: keys are plain words");
    if (b->depth == MAX_DEPTH)
        return fail_at(b, AMCT_E_LIMIT, event->start_mark, "nested deeper than 32 levels");
    AMCT_TRY(start_node(b, kind, event, &node));
    add_child(b, node);
    b->open[b->depth++] = (open_node){.node = node};
    return AMCT_OK;
}

static amct_status take_event(builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->root)
            return fail_at(b, AMCT_E_UNSUPPORTED, event->start_mark,
                           "a second document: one file holds one");
        return AMCT_OK;
    case YAML_SCALAR_EVENT: return take_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT: return take_start(b, event, AMCT_YAML_IS_SEQUENCE);
    case YAML_MAPPING_START_EVENT: return take_start(b, event, AMCT_YAML_IS_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: b->depth--; return AMCT_OK;
    case YAML_ALIAS_EVENT:
        return fail_at(b, AMCT_E_UNSUPPORTED, event->start_mark,
                       "aliases (*name) are not supported");
    default: return AMCT_OK;
    }
}

/* Bad characters are found by the reader, which knows their offset but no line. */
static yaml_mark_t mark_of_offset(const char *bytes, size_t size, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < size; i++) {
        mark.column++;
        if (bytes[i] == '\n')
            mark.line++, mark.column = 0;
    }
    return mark;
}

static amct_status fail_parser(const builder *b, const yaml_parser_t *parser, const void *bytes,
                               size_t size)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return amct_fail_nomem(b->err);
    const char *problem = parser->problem ? parser->problem : "malformed text";
    if (parser->error == YAML_READER_ERROR)
        return fail_at(b, AMCT_E_FORMAT, mark_of_offset(bytes, size, parser->problem_offset),
                       problem);
    fail_at(b, AMCT_E_FORMAT, parser->problem_mark, problem);
    if (!parser->context)
        return AMCT_E_FORMAT;
    size_t length = strlen(b->err->text);
    snprintf(b->err->text + length, sizeof b->err->text - length, " (%s)", parser->context);
    return AMCT_E_FORMAT;
}

static amct_status run_parser(builder *b, yaml_parser_t *parser, const void *bytes, size_t size)
{
    bool done = false;
    while (!done) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return fail_parser(b, parser, bytes, size);
        amct_status status = take_event(b, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        AMCT_TRY(status);
    }
    return AMCT_OK;
}

amct_status amct_yaml_parse(const amct_yaml_node **root, amct_arena *arena, const char *name,
                            const void *bytes, size_t size, amct_err *err)
{
    builder b = {.arena = arena, .err = err};
    b.file = amct_arena_string(arena, name);
    yaml_parser_t parser;
    if (size > MAX_BYTES)
        return amct_fail(err, AMCT_E_LIMIT, "%s: has %zu bytes, more than 1 MiB", name, size);
    if (!b.file || !yaml_parser_initialize(&parser))
        return amct_fail_nomem(err);
    yaml_parser_set_input_string(&parser, size ? bytes : "", size);
    amct_status status = run_parser(&b, &parser, bytes, size);
    yaml_parser_delete(&parser);
    AMCT_TRY(status);
    if (!b.root || amct_yaml_is_null(b.root)) {
        b.root = amct_arena_alloc(arena, sizeof *b.root);
        if (!b.root)
            return amct_fail_nomem(err);
        *b.root = (amct_yaml_node){AMCT_YAML_IS_MAP, .line = 1, .column = 1, .file = b.file};
    }
    *root = b.root;
    return AMCT_OK;
}

amct_status amct_yaml_read(const amct_yaml_node **root, amct_arena *arena, const char *path,
                           amct_err *err)
{
    amct_file file;
    AMCT_TRY(amct_file_map(&file, path, err));
    amct_status status = amct_yaml_parse(root, arena, path, file.data, file.size, err);
    amct_file_unmap(&file);
    return status;
}
