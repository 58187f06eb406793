/*
 * yaml.h - search files: a small read-only tree of a YAML document, and checked access to it.
 *
 * One document of maps, sequences and scalars; keys are scalars and unique. Anchors, aliases, tags
 * and further documents are refused: no search file needs them, and they are how small files grow
 * large. Limits: 1 MiB, depth 32, 256 keys a map. Every message reads `file:line:column: text`,
 * counted from 1.
 *
 * Reading a map is a table of what may stand in it:
 *
 *     amct_yaml_field fields[] = {
 *         AMCT_YAML_TEXT("path", &path),
 *         AMCT_YAML_INTEGER("seed", &seed, 0, INT64_MAX),
 *         AMCT_YAML_CHOICE("algorithm", &algorithm, algorithm_names),
 *         AMCT_YAML_NODE("preprocess", &preprocess),
 *     };
 *     AMCT_TRY(amct_yaml_read_map(map, fields, sizeof fields / sizeof *fields, err));
 *
 * What the file leaves out, or leaves empty (`key:`, `~`), keeps the value that the target had. On
 * failure some targets may have been written.
 */
#ifndef AMCT_BASE_YAML_H
#define AMCT_BASE_YAML_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

typedef enum amct_yaml_kind {
    AMCT_YAML_IS_SCALAR,
    AMCT_YAML_IS_SEQUENCE,
    AMCT_YAML_IS_MAP
} amct_yaml_kind;

typedef struct amct_yaml_node {
    amct_yaml_kind kind;
    uint32_t line, column; /* from 1 */
    const char *file;      /* for messages */
    const char *text;      /* scalars: zero-terminated, no zero byte within; else NULL */
    bool quoted;           /* scalars: in quotes or as a block, so never null, true, a number */
    const char *key;       /* in a map: the key that this is the value of; else NULL */
    uint32_t key_line, key_column;
    uint32_t n;                         /* of children */
    const struct amct_yaml_node *first; /* child, in the order of the file; NULL if there is none */
    const struct amct_yaml_node *next;  /* of the same parent */
} amct_yaml_node;

/* Reads the file at path, or bytes that messages call `name`. The tree lives in the arena. An empty
 * document is an empty map. Malformed text is AMCT_E_FORMAT, beyond a limit AMCT_E_LIMIT, what is
 * refused AMCT_E_UNSUPPORTED. */
amct_status amct_yaml_read(const amct_yaml_node **root, amct_arena *arena, const char *path,
                           amct_err *err);
amct_status amct_yaml_parse(const amct_yaml_node **root, amct_arena *arena, const char *name,
                            const void *bytes, size_t size, amct_err *err);

/* ---- Checked access ------------------------------------------------------------------------ */

/* Fails with AMCT_E_INVALID and `file:line:column: [key: ]text`, the place of the node's value. */
/* Puts the place of a node, and its key, in front of a failure that was found later. */
amct_status amct_yaml_fail_in(const amct_yaml_node *node, amct_err *err);
amct_status amct_yaml_fail(const amct_yaml_node *node, amct_err *err, const char *fmt, ...)
    AMCT_PRINTF(3, 4);

/* The value of a key of a map, NULL if there is none. */
const amct_yaml_node *amct_yaml_get(const amct_yaml_node *map, const char *key);
/* A plain scalar that is empty, `~` or `null`. */
bool amct_yaml_is_null(const amct_yaml_node *node);

/* One value each, with the grammar of number.h; failures name key and place. */
amct_status amct_yaml_text(const char **out, const amct_yaml_node *node, amct_err *err);
amct_status amct_yaml_bool(bool *out, const amct_yaml_node *node, amct_err *err);
amct_status amct_yaml_number(double *out, const amct_yaml_node *node, amct_err *err);
amct_status amct_yaml_ratio(double *out, const amct_yaml_node *node, amct_err *err);
amct_status amct_yaml_share(double *out, const amct_yaml_node *node, amct_err *err);
amct_status amct_yaml_integer(int64_t *out, const amct_yaml_node *node, int64_t min, int64_t max,
                              amct_err *err);
amct_status amct_yaml_bytes(uint64_t *out, const amct_yaml_node *node, uint64_t min, amct_err *err);
amct_status amct_yaml_duration(uint64_t *out_ns, const amct_yaml_node *node, amct_err *err);
/* Index of the scalar in names, which ends with NULL. */
amct_status amct_yaml_choice(int *out, const amct_yaml_node *node, const char *const *names,
                             amct_err *err);
amct_status amct_yaml_want(const amct_yaml_node *node, amct_yaml_kind kind, amct_err *err);

typedef enum amct_yaml_type {
    AMCT_YAML_TYPE_TEXT,
    AMCT_YAML_TYPE_BOOL,
    AMCT_YAML_TYPE_NUMBER,
    AMCT_YAML_TYPE_RATIO,
    AMCT_YAML_TYPE_SHARE,
    AMCT_YAML_TYPE_INTEGER,
    AMCT_YAML_TYPE_BYTES,
    AMCT_YAML_TYPE_DURATION,
    AMCT_YAML_TYPE_CHOICE,
    AMCT_YAML_TYPE_NODE
} amct_yaml_type;

typedef struct amct_yaml_field {
    const char *key;
    amct_yaml_type type;
    void *out;
    int64_t min, max;         /* integers; bytes: min */
    const char *const *names; /* choices */
} amct_yaml_field;

#define AMCT_YAML_TEXT(key, out_)                                                                  \
    {                                                                                              \
        key, AMCT_YAML_TYPE_TEXT, (const char **){out_}, 0, 0, NULL                                \
    }
#define AMCT_YAML_BOOL(key, out_)                                                                  \
    {                                                                                              \
        key, AMCT_YAML_TYPE_BOOL, (bool *){out_}, 0, 0, NULL                                       \
    }
#define AMCT_YAML_NUMBER(key, out_)                                                                \
    {                                                                                              \
        key, AMCT_YAML_TYPE_NUMBER, (double *){out_}, 0, 0, NULL                                   \
    }
#define AMCT_YAML_RATIO(key, out_)                                                                 \
    {                                                                                              \
        key, AMCT_YAML_TYPE_RATIO, (double *){out_}, 0, 0, NULL                                    \
    }
#define AMCT_YAML_SHARE(key, out_)                                                                 \
    {                                                                                              \
        key, AMCT_YAML_TYPE_SHARE, (double *){out_}, 0, 0, NULL                                    \
    }
#define AMCT_YAML_BYTES(key, out_, min)                                                            \
    {                                                                                              \
        key, AMCT_YAML_TYPE_BYTES, (uint64_t *){out_}, min, 0, NULL                                \
    }
#define AMCT_YAML_DURATION(key, out_)                                                              \
    {                                                                                              \
        key, AMCT_YAML_TYPE_DURATION, (uint64_t *){out_}, 0, 0, NULL                               \
    }
#define AMCT_YAML_INTEGER(key, out_, min, max)                                                     \
    {                                                                                              \
        key, AMCT_YAML_TYPE_INTEGER, (int64_t *){out_}, min, max, NULL                             \
    }
#define AMCT_YAML_CHOICE(key, out_, names)                                                         \
    {                                                                                              \
        key, AMCT_YAML_TYPE_CHOICE, (int *){out_}, 0, 0, names                                     \
    }
/* Sections and lists, read by the caller: a const amct_yaml_node *. */
#define AMCT_YAML_NODE(key, out_)                                                                  \
    {                                                                                              \
        key, AMCT_YAML_TYPE_NODE, (const amct_yaml_node **){out_}, 0, 0, NULL                      \
    }

/* Reads a map by a table; node NULL or null is an empty map. A key that is not in the table is
 * refused: `unknown key 'evalutions' (did you mean 'evaluations'?); allowed here: ...`. */
amct_status amct_yaml_read_map(const amct_yaml_node *node, const amct_yaml_field *fields, size_t n,
                               amct_err *err);

#endif
