/* Stands in for CANN's libascendcl.so in tests: the functions that are used, with the signatures of
 * acl_rt.h and acl_mdl.h, and a strict eye on order, arguments and leaks. What breaks a rule is
 * written to the file AMCT_STANDIN_REPORT, and the process aborts; the file AMCT_STANDIN_LOG gets a
 * line "init" and a line "finalize". No device is here: a run takes
 * as long as the stand-in atc wrote into the model, with a ripple from run to run.
 *
 * AMCT_STANDIN_ACL=hang:NAME|error:NAME|crash:NAME makes the function NAME misbehave (error: of one
 * that returns a pointer or a number, nothing), NAME@N its call N only; AMCT_STANDIN_SOC is the
 * device's name, AMCT_STANDIN_DEVICES how many there are. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef int aclError;
typedef struct aclmdlDesc aclmdlDesc;
typedef struct aclmdlDataset aclmdlDataset;
typedef struct aclDataBuffer aclDataBuffer;
typedef void *aclrtStream, *aclrtEvent;
typedef int aclrtMemMallocPolicy, aclrtMemcpyKind;

enum { INJECTED = 507899, MAX = 64 };

struct aclmdlDesc {
    int filled;
};
struct aclDataBuffer {
    void *memory;
    size_t size;
};
struct aclmdlDataset {
    size_t n;
    aclDataBuffer *buffers[MAX];
};
typedef struct event {
    int recorded;
    double at_us;
} event;
typedef struct block {
    void *memory;
    size_t size;
} block;

static struct {
    int initialised, finalised, device_set, stream, busy, loaded, descs, datasets, buffers, events;
    uint32_t runs;
    double clock_us, model_us;
    size_t n_in, n_out, in[MAX], out[MAX];
    char soc[64];
    block blocks[MAX];
} is;
static char the_stream;

static void broken(const char *where, const char *rule)
{
    const char *path = getenv("AMCT_STANDIN_REPORT");
    FILE *report = path ? fopen(path, "a") : NULL;
    if (report) {
        fprintf(report, "%s: %s\n", where, rule);
        fclose(report);
    }
    abort();
}

#define WANT(rule)                                                                                 \
    do {                                                                                           \
        if (!(rule))                                                                               \
            broken(__func__, #rule);                                                               \
    } while (0)

/* Whether the function is to fail; hangs and crashes here. */
static int injected(const char *name)
{
    static long calls;
    const char *how = getenv("AMCT_STANDIN_ACL"), *colon = how ? strchr(how, ':') : NULL;
    size_t length = strlen(name);
    if (!colon || strncmp(colon + 1, name, length) != 0 ||
        (colon[1 + length] && colon[1 + length] != '@'))
        return 0;
    if (colon[1 + length] && ++calls != strtol(colon + 2 + length, NULL, 10))
        return 0;
    if (how[0] == 'c')
        abort();
    while (how[0] == 'h')
        pause();
    return 1;
}
#define MAY_FAIL                                                                                   \
    do {                                                                                           \
        if (injected(__func__))                                                                    \
            return INJECTED;                                                                       \
    } while (0)
/* For what gives something back: it is gone whatever is returned. */
#define END_RESULT (injected(__func__) ? INJECTED : 0)

static void note(const char *line)
{
    const char *path = getenv("AMCT_STANDIN_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    if (log) {
        fprintf(log, "%s\n", line);
        fclose(log);
    }
}

EXPORT const char *aclGetRecentErrMsg(void)
{
    return "EE9999: Inner Error!\n\t[stand-in]";
}

/* ---- Device ------------------------------------------------------------------------------------
 */

EXPORT aclError aclInit(const char *configPath)
{
    WANT(!is.initialised);
    WANT(!configPath);
    MAY_FAIL;
    is.initialised = 1;
    note("init");
    return 0;
}

EXPORT aclError aclFinalize(void)
{
    WANT(is.initialised && !is.finalised);
    WANT(!is.device_set && !is.stream && !is.loaded);
    WANT(!is.descs && !is.datasets && !is.buffers && !is.events);
    is.finalised = 1;
    note("finalize");
    return END_RESULT;
}

EXPORT aclError aclrtGetDeviceCount(uint32_t *count)
{
    const char *n = getenv("AMCT_STANDIN_DEVICES");
    WANT(is.initialised && !is.finalised && count);
    MAY_FAIL;
    *count = n ? (uint32_t)atoi(n) : 1;
    return 0;
}

EXPORT aclError aclrtSetDevice(int32_t deviceId)
{
    const char *n = getenv("AMCT_STANDIN_DEVICES");
    WANT(is.initialised && !is.finalised && !is.device_set);
    WANT(deviceId >= 0 && deviceId < (n ? atoi(n) : 1));
    MAY_FAIL;
    is.device_set = deviceId + 1;
    return 0;
}

EXPORT aclError aclrtResetDevice(int32_t deviceId)
{
    WANT(is.device_set == deviceId + 1);
    WANT(!is.stream && !is.loaded && !is.events);
    for (int i = 0; i < MAX; i++)
        WANT(!is.blocks[i].memory);
    is.device_set = 0;
    return END_RESULT;
}

EXPORT const char *aclrtGetSocName(void)
{
    const char *soc = getenv("AMCT_STANDIN_SOC");
    WANT(is.device_set);
    return injected(__func__) ? NULL : soc ? soc : "Ascend310P3";
}

EXPORT aclError aclrtCreateStream(aclrtStream *stream)
{
    WANT(is.device_set && !is.stream && stream);
    MAY_FAIL;
    is.stream = 1;
    *stream = &the_stream;
    return 0;
}

EXPORT aclError aclrtDestroyStream(aclrtStream stream)
{
    WANT(is.stream && stream == &the_stream && !is.events);
    is.stream = 0;
    return END_RESULT;
}

EXPORT aclError aclrtSynchronizeStream(aclrtStream stream)
{
    WANT(is.stream && stream == &the_stream);
    is.busy = 0; /* also with an error: what ran has ended with it */
    MAY_FAIL;
    return 0;
}

EXPORT aclError aclrtCreateEvent(aclrtEvent *e)
{
    WANT(is.device_set && e);
    MAY_FAIL;
    *e = calloc(1, sizeof(event));
    is.events++;
    return 0;
}

EXPORT aclError aclrtDestroyEvent(aclrtEvent e)
{
    WANT(is.events > 0 && e);
    free(e);
    is.events--;
    return END_RESULT;
}

EXPORT aclError aclrtRecordEvent(aclrtEvent e, aclrtStream stream)
{
    WANT(e && is.stream && stream == &the_stream);
    MAY_FAIL;
    *(event *)e = (event){1, is.clock_us};
    return 0;
}

EXPORT aclError aclrtEventElapsedTime(float *ms, aclrtEvent startEvent, aclrtEvent endEvent)
{
    const event *a = startEvent, *b = endEvent;
    WANT(ms && a && b && a != b);
    WANT(a->recorded && b->recorded && a->at_us <= b->at_us);
    WANT(!is.busy);
    MAY_FAIL;
    *ms = (float)((b->at_us - a->at_us) / 1000);
    return 0;
}

/* ---- Memory ------------------------------------------------------------------------------------
 */

static block *find(const void *memory)
{
    int i = 0;
    while (i < MAX && is.blocks[i].memory != memory)
        i++;
    return i < MAX ? &is.blocks[i] : NULL;
}

EXPORT aclError aclrtMalloc(void **devPtr, size_t size, aclrtMemMallocPolicy policy)
{
    block *b = find(NULL);
    WANT(is.device_set && devPtr && size > 0 && policy >= 0 && policy <= 2);
    WANT(b);
    MAY_FAIL;
    *b = (block){malloc(size), size};
    WANT(b->memory);
    *devPtr = b->memory;
    return 0;
}

EXPORT aclError aclrtFree(void *devPtr)
{
    block *b = find(devPtr);
    WANT(is.device_set && devPtr && b);
    free(b->memory);
    *b = (block){NULL, 0};
    return END_RESULT;
}

EXPORT aclError aclrtMemcpy(void *dst, size_t destMax, const void *src, size_t count,
                            aclrtMemcpyKind kind)
{
    const block *b = find(dst);
    WANT(dst && src && count <= destMax && kind == 1);
    WANT(b && count <= b->size);
    MAY_FAIL;
    memcpy(dst, src, count);
    return 0;
}

EXPORT aclDataBuffer *aclCreateDataBuffer(void *data, size_t size)
{
    const block *b = find(data);
    WANT(data && b && size <= b->size);
    if (injected(__func__))
        return NULL;
    aclDataBuffer *buffer = malloc(sizeof *buffer);
    *buffer = (aclDataBuffer){data, size};
    is.buffers++;
    return buffer;
}

EXPORT aclError aclDestroyDataBuffer(const aclDataBuffer *dataBuffer)
{
    WANT(dataBuffer && is.buffers > 0);
    WANT(find(dataBuffer->memory)); /* the memory is freed later */
    free((void *)(uintptr_t)dataBuffer);
    is.buffers--;
    return END_RESULT;
}

/* ---- Models ------------------------------------------------------------------------------------
 */

static int read_sizes(FILE *om, const char *what, size_t *n, size_t *sizes)
{
    char word[16];
    if (fscanf(om, "%15s %zu", word, n) != 2 || strcmp(word, what) != 0 || *n > MAX)
        return 0;
    for (size_t i = 0; i < *n; i++)
        if (fscanf(om, "%zu", &sizes[i]) != 1)
            return 0;
    return 1;
}

EXPORT aclError aclmdlLoadFromFile(const char *modelPath, uint32_t *modelId)
{
    WANT(is.device_set && !is.loaded && modelPath && modelId);
    MAY_FAIL;
    FILE *om = fopen(modelPath, "r");
    if (!om)
        return 500001;
    int good = fscanf(om, "stand-in om soc %63s", is.soc) == 1 &&
               read_sizes(om, "inputs", &is.n_in, is.in) &&
               read_sizes(om, "outputs", &is.n_out, is.out) &&
               fscanf(om, " us %lf", &is.model_us) == 1;
    fclose(om);
    if (!good)
        return 500002;
    WANT(strcmp(is.soc, aclrtGetSocName()) == 0); /* compiled for this device */
    is.loaded = 1;
    *modelId = 7;
    return 0;
}

EXPORT aclError aclmdlUnload(uint32_t modelId)
{
    WANT(is.loaded && modelId == 7 && !is.busy);
    is.loaded = 0;
    return END_RESULT;
}

EXPORT aclmdlDesc *aclmdlCreateDesc(void)
{
    WANT(is.initialised);
    if (injected(__func__))
        return NULL;
    is.descs++;
    return calloc(1, sizeof(aclmdlDesc));
}

EXPORT aclError aclmdlDestroyDesc(aclmdlDesc *modelDesc)
{
    WANT(modelDesc && is.descs > 0);
    free(modelDesc);
    is.descs--;
    return END_RESULT;
}

EXPORT aclError aclmdlGetDesc(aclmdlDesc *modelDesc, uint32_t modelId)
{
    WANT(modelDesc && is.loaded && modelId == 7);
    MAY_FAIL;
    modelDesc->filled = 1;
    return 0;
}

EXPORT size_t aclmdlGetNumInputs(aclmdlDesc *modelDesc)
{
    WANT(modelDesc && modelDesc->filled);
    return injected(__func__) ? 0 : is.n_in;
}

EXPORT size_t aclmdlGetNumOutputs(aclmdlDesc *modelDesc)
{
    WANT(modelDesc && modelDesc->filled);
    return injected(__func__) ? 0 : is.n_out;
}

EXPORT size_t aclmdlGetInputSizeByIndex(aclmdlDesc *modelDesc, size_t index)
{
    WANT(modelDesc && modelDesc->filled && index < is.n_in);
    return injected(__func__) ? 0 : is.in[index];
}

EXPORT size_t aclmdlGetOutputSizeByIndex(aclmdlDesc *modelDesc, size_t index)
{
    WANT(modelDesc && modelDesc->filled && index < is.n_out);
    return injected(__func__) ? 0 : is.out[index];
}

EXPORT aclmdlDataset *aclmdlCreateDataset(void)
{
    WANT(is.initialised);
    if (injected(__func__))
        return NULL;
    is.datasets++;
    return calloc(1, sizeof(aclmdlDataset));
}

EXPORT aclError aclmdlDestroyDataset(const aclmdlDataset *dataset)
{
    WANT(dataset && is.datasets > 0);
    free((void *)(uintptr_t)dataset);
    is.datasets--;
    return END_RESULT;
}

EXPORT aclError aclmdlAddDatasetBuffer(aclmdlDataset *dataset, aclDataBuffer *dataBuffer)
{
    WANT(dataset && dataBuffer && dataset->n < MAX);
    MAY_FAIL;
    dataset->buffers[dataset->n++] = dataBuffer;
    return 0;
}

static int fits(const aclmdlDataset *set, size_t n, const size_t *sizes)
{
    int good = set && set->n == n;
    for (size_t i = 0; good && i < n; i++)
        good = set->buffers[i]->size >= sizes[i] && find(set->buffers[i]->memory);
    return good;
}

EXPORT aclError aclmdlExecuteAsync(uint32_t modelId, const aclmdlDataset *input,
                                   aclmdlDataset *output, aclrtStream stream)
{
    WANT(is.loaded && modelId == 7 && is.stream && stream == &the_stream);
    if (!fits(input, is.n_in, is.in) || !fits(output, is.n_out, is.out))
        return 107002; /* as the device says it: wrong parameters */
    MAY_FAIL;
    is.busy = 1;
    is.runs++;
    /* the first ones take longer, which warming up hides; then 1 % up and down */
    is.clock_us += is.model_us * (is.runs <= 3 ? 5 : 1 + 0.01 * ((int)(is.runs % 3) - 1));
    return 0;
}
