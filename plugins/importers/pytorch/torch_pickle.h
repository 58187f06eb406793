/*
 * torch_pickle.h - Python pickles, protocols 2 to 5, as data: a list of classes is allowed, of
 * which tensors and containers are built; nothing is ever called or imported. All other classes are
 * refused by name, with the place in the pickle.
 */
#ifndef TORCH_PICKLE_H
#define TORCH_PICKLE_H

#include "torch_reader.h"

/* A tensor whose storage is not known to be there yet. */
typedef struct torch_pending {
    torch_tensor *tensor;
    torch_storage *storage;
    int64_t offset, strides[AMCT_MAX_RANK];
} torch_pending;

typedef struct torch_pickle {
    torch_reader *r;
    const char *name;   /* "data.pkl", for messages */
    torch_span bytes;   /* a pickle, and what comes behind it */
    bool script;        /* of TorchScript: classes of __torch__ become objects */
    torch_map storages; /* by their keys: to torch_storage */
    torch_pending *pending;
    size_t n_pending, cap_pending;
} torch_pickle;

/* Reads the pickle at the beginning of bytes, and takes it off them. */
int32_t torch_unpickle(torch_pickle *p, torch_value *out);
/* Finds the storages in the folder ("data/") of the archive, and binds the tensors to them. */
int32_t torch_pickle_bind_zip(torch_pickle *p, const torch_zip *zip, const char *folder);
/* Binds the tensors to storages whose bytes are known. */
int32_t torch_pickle_bind(torch_pickle *p);

/* ---- torch_pickle_class.c ------------------------------------------------------------------- */

/* The class or function "module.name" as a value; fails if it is not allowed. */
int32_t torch_pickle_class(torch_pickle *p, size_t at, const char *module, const char *name,
                           torch_value *out);
/* What calling a class or function of the list with those arguments builds. */
int32_t torch_pickle_make(torch_pickle *p, size_t at, torch_value callee, torch_value args,
                          torch_value *out);
/* What a persistent id stands for: a storage. */
int32_t torch_pickle_storage(torch_pickle *p, size_t at, torch_value id, torch_value *out);
int32_t torch_pickle_fail(torch_pickle *p, int32_t code, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
