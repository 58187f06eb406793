/*
 * torch_value.h - what pickles, JSON and TorchScript code are made of: Python values, and tensors
 * that are constants of the file, inputs, or results of nodes.
 */
#ifndef TORCH_VALUE_H
#define TORCH_VALUE_H

#include "torch_zip.h"

#include <stdbool.h>

typedef struct torch_list torch_list;
typedef struct torch_dict torch_dict;
typedef struct torch_tensor torch_tensor;
typedef struct torch_storage torch_storage;
typedef struct torch_object torch_object;
typedef struct torch_function torch_function;

typedef enum torch_kind {
    TORCH_UNSET = 0, /* an argument that is not given, a variable that holds nothing */
    TORCH_NONE,
    TORCH_BOOL,  /* i */
    TORCH_INT,   /* i */
    TORCH_FLOAT, /* f */
    TORCH_TEXT,
    TORCH_LIST,
    TORCH_TUPLE, /* list */
    TORCH_DICT,
    TORCH_TENSOR,
    TORCH_SYMBOL, /* tensor: one number that is only known when the network runs */
    TORCH_STORAGE,
    TORCH_CLASS, /* text: its full name */
    TORCH_OBJECT,
    TORCH_FUNCTION,
    TORCH_MARK /* on a pickle's stack */
} torch_kind;

typedef struct torch_value {
    torch_kind kind;
    union {
        int64_t i;
        double f;
        const char *text;
        torch_list *list;
        torch_dict *dict;
        torch_tensor *tensor;
        torch_storage *storage;
        torch_object *object;
        const torch_function *function;
    };
} torch_value;

struct torch_list {
    torch_value *at;
    size_t n, cap;
};

struct torch_dict {
    torch_value *keys, *values;
    size_t n, cap, cap_values;
    torch_map texts; /* of those keys that are texts: index + 1 */
};

/* Bytes of a file that tensors share. */
struct torch_storage {
    const char *key;
    torch_span bytes;
    uint32_t dtype; /* AMCT_UNDEFINED: bytes of any type */
};

/* An instance of a class of TorchScript. */
struct torch_object {
    const char *type; /* "__torch__.nets.Block" */
    torch_dict *fields;
    const char *path; /* "layer1.0", "" for the model */
};

/* Tensors that share their elements: when one of them is changed in place, the others are as they
 * should not be. */
typedef struct torch_alias {
    uint32_t version;
} torch_alias;

struct torch_tensor {
    const char *name;
    uint32_t id;                 /* AMCT_NO_TENSOR until the sink has it */
    uint32_t kind;               /* amct_tensor_kind */
    uint32_t dtype;              /* AMCT_UNDEFINED if not known */
    int32_t rank;                /* -1 if not known */
    int64_t dims[AMCT_MAX_RANK]; /* AMCT_DIM_UNKNOWN where not known */
    /* of constants: */
    torch_span bytes;                       /* all of the storage */
    int64_t offset, strides[AMCT_MAX_RANK]; /* in elements */
    torch_alias *alias;
    uint32_t version; /* of alias, when this was made */
};

static inline torch_value torch_none(void)
{
    return (torch_value){.kind = TORCH_NONE};
}
static inline torch_value torch_int(int64_t i)
{
    return (torch_value){.kind = TORCH_INT, .i = i};
}
static inline torch_value torch_bool(bool b)
{
    return (torch_value){.kind = TORCH_BOOL, .i = b};
}
static inline torch_value torch_float(double f)
{
    return (torch_value){.kind = TORCH_FLOAT, .f = f};
}
static inline torch_value torch_string(const char *text)
{
    return (torch_value){.kind = TORCH_TEXT, .text = text};
}
static inline torch_value torch_of(torch_tensor *tensor)
{
    return (torch_value){.kind = TORCH_TENSOR, .tensor = tensor};
}
static inline bool torch_is_list(torch_value v)
{
    return v.kind == TORCH_LIST || v.kind == TORCH_TUPLE;
}

/* "a tensor", "a list" */
const char *torch_kind_name(torch_kind kind);

/* A list or tuple of n UNSET elements. */
int32_t torch_list_new(torch_reader *r, torch_kind kind, size_t n, torch_value *out);
int32_t torch_list_add(torch_reader *r, torch_list *list, torch_value value);
int32_t torch_dict_new(torch_reader *r, torch_value *out);
/* Adds or replaces. */
int32_t torch_dict_set(torch_reader *r, torch_dict *dict, torch_value key, torch_value value);
/* The value of a text key; UNSET if it is not there. */
torch_value torch_dict_get(const torch_dict *dict, const char *key);

/* ---- torch_tensor.c ------------------------------------------------------------------------ */

/* A tensor that the sink does not have yet. rank may be -1; dims may be NULL (not known). */
int32_t torch_tensor_new(torch_reader *r, const char *name, uint32_t kind, uint32_t dtype,
                         int32_t rank, const int64_t *dims, torch_tensor **out);
/* Makes the tensor a constant in those bytes; offset and strides (NULL: in C order) in elements are
 * checked against them. */
int32_t torch_tensor_bind(torch_reader *r, torch_tensor *tensor, torch_span bytes, int64_t offset,
                          const int64_t *strides);
/* Another tensor with the same elements, for views of constants and the like. */
int32_t torch_tensor_view(torch_reader *r, const torch_tensor *of, torch_tensor **out);
/* Gives the tensor to the sink if it does not have it; a constant whose elements do not lie in C
 * order is copied. Fails if its elements were changed in place behind its back. */
int32_t torch_tensor_emit(torch_reader *r, torch_tensor *tensor);
/* Elements that it has; -1 if not known. */
int64_t torch_tensor_count(const torch_tensor *tensor);
/* Whether a constant's elements lie in C order. */
bool torch_tensor_is_plain(const torch_tensor *tensor);
/* Element i of a constant of at most 8 bytes an element, as a number. */
double torch_tensor_get(const torch_tensor *tensor, int64_t i);

/* Constants of our own. */
int32_t torch_const_ints(torch_reader *r, const char *name, const int64_t *ints, size_t n,
                         torch_tensor **out);
int32_t torch_const_int(torch_reader *r, const char *name, int64_t i, torch_tensor **out);
/* A scalar of a float type (AMCT_FLOAT if it is not known), or an integer one. */
int32_t torch_const_number(torch_reader *r, const char *name, uint32_t dtype, double number,
                           torch_tensor **out);
/* A copy of bytes in C order. */
int32_t torch_const_bytes(torch_reader *r, const char *name, uint32_t dtype, int32_t rank,
                          const int64_t *dims, const void *bytes, size_t size, torch_tensor **out);

/* ---- torch_dtype.c ------------------------------------------------------------------------- */

/* amct_dtype of a number of PyTorch's ScalarType as TorchScript has it (float32 is 6), and as .pt2
 * files have it (float32 is 7); of "float32"; of "FloatStorage". AMCT_UNDEFINED if there is none.
 */
uint32_t torch_dtype_of_script(int64_t number);
uint32_t torch_dtype_of_export(int64_t number);
uint32_t torch_dtype_of_name(const char *name);
uint32_t torch_dtype_of_storage(const char *name);
size_t torch_dtype_bytes(uint32_t dtype); /* 0 for others */
bool torch_dtype_is_float(uint32_t dtype);

#endif
