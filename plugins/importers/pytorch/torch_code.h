/*
 * torch_code.h - TorchScript's serialised code: a small part of Python, as torch/csrc/jit's
 * python_print writes it. Text to trees.
 */
#ifndef TORCH_CODE_H
#define TORCH_CODE_H

#include "torch_reader.h"

typedef enum torch_token_kind {
    TORCH_T_END,
    TORCH_T_NEWLINE,
    TORCH_T_INDENT,
    TORCH_T_DEDENT,
    TORCH_T_NAME,
    TORCH_T_INT,
    TORCH_T_FLOAT,
    TORCH_T_TEXT,
    TORCH_T_SIGN /* one character; "->" is two */
} torch_token_kind;

typedef struct torch_token {
    torch_token_kind kind;
    uint32_t line;
    const char *text; /* of names and strings zero-terminated; of signs in the file */
    union {
        int64_t i;
        double f;
    };
} torch_token;

/* Tokens of a file, the last one an END. */
int32_t torch_lex(torch_reader *r, torch_span text, torch_token **out, size_t *n);

typedef enum torch_expr_kind {
    TORCH_E_VALUE, /* a literal */
    TORCH_E_NAME,
    TORCH_E_ATTR,  /* of args[0]: name */
    TORCH_E_INDEX, /* args[0][args[1]] */
    TORCH_E_CALL,  /* args[0] of the others */
    TORCH_E_LIST,
    TORCH_E_TUPLE,
    TORCH_E_DICT, /* keys and values by turns */
    TORCH_E_NEG
} torch_expr_kind;

typedef struct torch_expr torch_expr;
struct torch_expr {
    torch_expr_kind kind;
    uint32_t line, n, cap;
    const char *name;
    torch_value value;
    torch_expr **args;
    const char **keywords; /* of args from 1 on; NULL where it has none, or NULL */
};

typedef enum torch_stmt_kind {
    TORCH_S_ASSIGN, /* targets = expr */
    TORCH_S_EXPR,
    TORCH_S_RETURN, /* expr may be NULL */
    TORCH_S_IF,     /* expr: body, otherwise */
    TORCH_S_FOR,    /* targets in expr: body */
    TORCH_S_WHILE
} torch_stmt_kind;

typedef struct torch_stmt torch_stmt;
typedef struct torch_body {
    torch_stmt *at;
    size_t n, cap;
} torch_body;

struct torch_stmt {
    torch_stmt_kind kind;
    uint32_t line;
    torch_expr *target; /* a name, an attribute, or a tuple of names */
    torch_expr *expr;
    torch_body body, otherwise;
};

typedef struct torch_param {
    const char *name;
    bool is_tensor;        /* its type is Tensor */
    torch_expr *otherwise; /* its default, NULL if it has none */
} torch_param;

struct torch_function {
    const char *name;
    const char *file; /* for messages */
    torch_param *params;
    size_t n_params, cap_params;
    torch_body body;
    struct torch_unit *unit;
};

/* What a file defines: functions by name, those of classes as "Class.name". */
typedef struct torch_unit {
    const char *file;
    torch_map functions; /* to torch_function */
    torch_map tuples;    /* classes of named tuples, to themselves */
} torch_unit;

int32_t torch_parse(torch_reader *r, const char *file, torch_span text, torch_unit **out);

#endif
