#include "device_acl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef int32_t acl_error; /* 0: success */

/* The functions that are used: result, name, arguments. */
#define FUNCTIONS(F)                                                                               \
    F(acl_error, aclInit, (const char *))                                                          \
    F(acl_error, aclFinalize, (void))                                                              \
    F(acl_error, aclrtGetDeviceCount, (uint32_t *))                                                \
    F(acl_error, aclrtSetDevice, (int32_t))                                                        \
    F(acl_error, aclrtResetDevice, (int32_t))                                                      \
    F(const char *, aclrtGetSocName, (void))                                                       \
    F(acl_error, aclrtCreateStream, (void **))                                                     \
    F(acl_error, aclrtDestroyStream, (void *))                                                     \
    F(acl_error, aclrtSynchronizeStream, (void *))                                                 \
    F(acl_error, aclrtCreateEvent, (void **))                                                      \
    F(acl_error, aclrtDestroyEvent, (void *))                                                      \
    F(acl_error, aclrtRecordEvent, (void *, void *))                                               \
    F(acl_error, aclrtEventElapsedTime, (float *, void *, void *))                                 \
    F(acl_error, aclrtMalloc, (void **, size_t, int))                                              \
    F(acl_error, aclrtFree, (void *))                                                              \
    F(acl_error, aclrtMemcpy, (void *, size_t, const void *, size_t, int))                         \
    F(acl_error, aclmdlLoadFromFile, (const char *, uint32_t *))                                   \
    F(acl_error, aclmdlUnload, (uint32_t))                                                         \
    F(void *, aclmdlCreateDesc, (void))                                                            \
    F(acl_error, aclmdlDestroyDesc, (void *))                                                      \
    F(acl_error, aclmdlGetDesc, (void *, uint32_t))                                                \
    F(size_t, aclmdlGetNumInputs, (void *))                                                        \
    F(size_t, aclmdlGetNumOutputs, (void *))                                                       \
    F(size_t, aclmdlGetInputSizeByIndex, (void *, size_t))                                         \
    F(size_t, aclmdlGetOutputSizeByIndex, (void *, size_t))                                        \
    F(void *, aclmdlCreateDataset, (void))                                                         \
    F(acl_error, aclmdlDestroyDataset, (const void *))                                             \
    F(acl_error, aclmdlAddDatasetBuffer, (void *, void *))                                         \
    F(void *, aclCreateDataBuffer, (void *, size_t))                                               \
    F(acl_error, aclDestroyDataBuffer, (const void *))                                             \
    F(acl_error, aclmdlExecuteAsync, (uint32_t, const void *, void *, void *))

enum { HUGE_FIRST = 0, HOST_TO_DEVICE = 1, MAX_TENSORS = 1024 };

typedef struct acl {
#define FIELD(result, name, arguments) result(*name) arguments;
    FUNCTIONS(FIELD)
#undef FIELD
    const char *(*aclGetRecentErrMsg)(void); /* NULL in old versions */
} acl;

typedef struct tensors {
    void *dataset;
    size_t n; /* that hold something */
    void *memory[MAX_TENSORS], *buffers[MAX_TENSORS];
} tensors;

/* What has to be given back. */
typedef struct session {
    acl acl;
    device_job *job;
    bool initialised, device_set, loaded, running;
    void *stream, *events[2], *desc;
    uint32_t model;
    tensors in, out;
} session;

static void note_problem(device_job *job, const char *call, const char *what)
{
    if (job->n_times < job->runs && !job->problem[0])
        snprintf(job->problem, sizeof job->problem, "%s: %s", call, what);
    else if (!job->problem[0] && !job->remark[0])
        snprintf(job->remark, sizeof job->remark, "%s: %s", call, what);
}

static void starts(session *s, const char *call)
{
    snprintf(s->job->doing, sizeof s->job->doing, "%s", call);
}

static bool succeeded(session *s, const char *call, acl_error error)
{
    char what[DEVICE_TEXT / 2];
    if (error == 0)
        return true;
    const char *more = s->acl.aclGetRecentErrMsg ? s->acl.aclGetRecentErrMsg() : NULL;
    snprintf(what, sizeof what, "error %d%s%.180s", error, more && *more ? ", " : "",
             more ? more : "");
    for (char *c = what; *c; c++)
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    note_problem(s->job, call, what);
    return false;
}

/* Calls a function that gives an acl_error; true if it succeeded. */
#define CALL(s, name, ...) (starts(s, #name), succeeded(s, #name, (s)->acl.name(__VA_ARGS__)))

static bool load_functions(session *s)
{
    device_job *job = s->job;
    starts(s, "dlopen");
    void *library = dlopen(job->library, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        note_problem(job, "libascendcl.so", why ? why : "cannot be opened");
        return false;
    }
    struct {
        const char *name;
        void *at;
    } wanted[] = {
#define ENTRY(result, name, arguments) {#name, &s->acl.name},
        FUNCTIONS(ENTRY)
#undef ENTRY
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *found = dlsym(library, wanted[i].name);
        if (!found) {
            note_problem(job, wanted[i].name, "is not in libascendcl.so");
            return false;
        }
        memcpy(wanted[i].at, &found, sizeof found);
    }
    void *text = dlsym(library, "aclGetRecentErrMsg");
    memcpy(&s->acl.aclGetRecentErrMsg, &text, sizeof text);
    return true;
}

static bool take_device(session *s)
{
    device_job *job = s->job;
    uint32_t count = 0;
    char what[DEVICE_TEXT / 2];
    if (!CALL(s, aclInit, NULL))
        return false;
    s->initialised = true;
    if (!CALL(s, aclrtGetDeviceCount, &count))
        return false;
    if (job->device < 0 || (uint32_t)job->device >= count) {
        snprintf(what, sizeof what, "there are %u, and device %d is wanted", count, job->device);
        note_problem(job, "devices", what);
        return false;
    }
    if (!CALL(s, aclrtSetDevice, job->device))
        return false;
    s->device_set = true;
    starts(s, "aclrtGetSocName");
    const char *soc = s->acl.aclrtGetSocName();
    if (!soc || strcasecmp(soc, job->soc) != 0) {
        snprintf(what, sizeof what, "is %s, but the target is %s", soc ? soc : "of no name",
                 job->soc);
        note_problem(job, "the device", what);
        return false;
    }
    return CALL(s, aclrtCreateStream, &s->stream) && CALL(s, aclrtCreateEvent, &s->events[0]) &&
           CALL(s, aclrtCreateEvent, &s->events[1]);
}

static bool load_model(session *s)
{
    if (!CALL(s, aclmdlLoadFromFile, s->job->model, &s->model))
        return false;
    s->loaded = true;
    starts(s, "aclmdlCreateDesc");
    s->desc = s->acl.aclmdlCreateDesc();
    if (!s->desc) {
        note_problem(s->job, "aclmdlCreateDesc", "gave nothing");
        return false;
    }
    return CALL(s, aclmdlGetDesc, s->desc, s->model);
}

/* One tensor of zeros. */
static bool add_tensor(session *s, tensors *t, size_t size, bool input)
{
    if (size == 0) {
        note_problem(s->job, "the model", "has a tensor of no bytes");
        return false;
    }
    size_t i = t->n;
    if (!CALL(s, aclrtMalloc, &t->memory[i], size, HUGE_FIRST))
        return false;
    t->n++;
    if (input) {
        void *zeros = calloc(1, size);
        if (!zeros) {
            note_problem(s->job, "memory", "out of it");
            return false;
        }
        bool copied = CALL(s, aclrtMemcpy, t->memory[i], size, zeros, size, HOST_TO_DEVICE);
        free(zeros);
        if (!copied)
            return false;
    }
    starts(s, "aclCreateDataBuffer");
    t->buffers[i] = s->acl.aclCreateDataBuffer(t->memory[i], size);
    if (!t->buffers[i]) {
        note_problem(s->job, "aclCreateDataBuffer", "gave nothing");
        return false;
    }
    return CALL(s, aclmdlAddDatasetBuffer, t->dataset, t->buffers[i]);
}

static bool make_tensors(session *s, tensors *t, bool input)
{
    starts(s, input ? "aclmdlGetNumInputs" : "aclmdlGetNumOutputs");
    size_t n = input ? s->acl.aclmdlGetNumInputs(s->desc) : s->acl.aclmdlGetNumOutputs(s->desc);
    if (n > MAX_TENSORS) {
        note_problem(s->job, "the model", "has more inputs or outputs than can be");
        return false;
    }
    starts(s, "aclmdlCreateDataset");
    t->dataset = s->acl.aclmdlCreateDataset();
    if (!t->dataset) {
        note_problem(s->job, "aclmdlCreateDataset", "gave nothing");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        starts(s, input ? "aclmdlGetInputSizeByIndex" : "aclmdlGetOutputSizeByIndex");
        size_t size = input ? s->acl.aclmdlGetInputSizeByIndex(s->desc, i)
                            : s->acl.aclmdlGetOutputSizeByIndex(s->desc, i);
        if (!add_tensor(s, t, size, input))
            return false;
    }
    return true;
}

static bool wait_for_run(session *s)
{
    s->running = false;
    return CALL(s, aclrtSynchronizeStream, s->stream);
}

static bool run_once(session *s, float *ms)
{
    if (!CALL(s, aclrtRecordEvent, s->events[0], s->stream) ||
        !CALL(s, aclmdlExecuteAsync, s->model, s->in.dataset, s->out.dataset, s->stream))
        return false;
    s->running = true;
    return CALL(s, aclrtRecordEvent, s->events[1], s->stream) && wait_for_run(s) &&
           CALL(s, aclrtEventElapsedTime, ms, s->events[0], s->events[1]);
}

static void run_all(session *s)
{
    float ignored;
    for (uint32_t i = 0; i < DEVICE_WARM_UP; i++)
        if (!run_once(s, &ignored))
            return;
    for (uint32_t i = 0; i < s->job->runs; i++) {
        if (!run_once(s, &s->job->times_ms[i]))
            return;
        s->job->n_times++;
    }
}

/* All that there is, in the opposite order; a failure does not keep the rest from being freed. */
static void free_tensors(session *s, tensors *t)
{
    if (t->dataset)
        CALL(s, aclmdlDestroyDataset, t->dataset);
    for (size_t i = t->n; i-- > 0;) {
        if (t->buffers[i])
            CALL(s, aclDestroyDataBuffer, t->buffers[i]);
        CALL(s, aclrtFree, t->memory[i]);
    }
}

static void give_back(session *s)
{
    if (s->running) /* its tensors are in use */
        wait_for_run(s);
    free_tensors(s, &s->out);
    free_tensors(s, &s->in);
    if (s->desc)
        CALL(s, aclmdlDestroyDesc, s->desc);
    if (s->loaded)
        CALL(s, aclmdlUnload, s->model);
    for (int i = 1; i >= 0; i--)
        if (s->events[i])
            CALL(s, aclrtDestroyEvent, s->events[i]);
    if (s->stream)
        CALL(s, aclrtDestroyStream, s->stream);
    if (s->device_set)
        CALL(s, aclrtResetDevice, s->job->device);
    if (s->initialised)
        CALL(s, aclFinalize);
}

int device_measure(void *ctx)
{
    device_job *job = ctx;
    session *s = calloc(1, sizeof *s);
    if (!s) {
        note_problem(job, "memory", "out of it");
        return 1;
    }
    s->job = job;
    if (load_functions(s)) {
        if (take_device(s) && load_model(s) && make_tensors(s, &s->in, true) &&
            make_tensors(s, &s->out, false))
            run_all(s);
        give_back(s);
    }
    job->doing[0] = 0;
    free(s);
    return job->problem[0] != 0;
}
