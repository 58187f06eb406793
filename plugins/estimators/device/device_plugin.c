/*
 * The plugin's face: options, and a model file on its way through atc and the device.
 */
#include "device_acl.h"
#include "device_cache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_CHIP "Ascend310P3"

typedef struct estimator {
    const amct_host *host;
    char chip[64];
    char cache[PATH_MAX]; /* empty: none */
    char aipp[PATH_MAX];  /* empty: none */
    int32_t device;
    uint32_t runs;
    double compile_seconds, run_seconds;
} estimator;

static int32_t fail(const amct_host *host, int32_t code, const char *text)
{
    return host->fail(host->ctx, code, text);
}

/* ---- Options ------------------------------------------------------------------------------------
 */

static int32_t refuse(const amct_host *host, const amct_option *option, const char *wanted)
{
    char text[DEVICE_TEXT];
    snprintf(text, sizeof text, "option '%.40s' is '%.80s'; wanted is %s", option->key,
             option->value, wanted);
    return fail(host, AMCT_E_INVALID, text);
}

static int32_t read_number(const amct_host *host, const amct_option *option, double least,
                           double most, const char *wanted, double *out)
{
    char *end;
    double number = strtod(option->value, &end);
    if (!option->value[0] || *end || !(number >= least && number <= most))
        return refuse(host, option, wanted);
    *out = number;
    return AMCT_OK;
}

static int32_t read_text(const amct_host *host, const amct_option *option, char *out, size_t size)
{
    if (!option->value[0] || strlen(option->value) >= size)
        return refuse(host, option, "a text that is neither empty nor that long");
    snprintf(out, size, "%s", option->value);
    return AMCT_OK;
}

static int32_t read_whole(const amct_host *host, const amct_option *option, double most,
                          const char *wanted, double *number)
{
    int32_t status = read_number(host, option, 0, most, wanted, number);
    return status == AMCT_OK && *number != floor(*number) ? refuse(host, option, wanted) : status;
}

/* ATC would take a name with a comma or a space for something else. */
static int32_t read_chip(const amct_host *host, const amct_option *option, estimator *e)
{
    if (option->value[strspn(option->value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-")])
        return refuse(host, option, "a name as of atc --soc_version");
    return read_text(host, option, e->chip, sizeof e->chip);
}

/* ~ is the user's home, as in a shell. */
static int32_t read_cache(const amct_host *host, const amct_option *option, estimator *e)
{
    const char *home = getenv("HOME");
    e->cache[0] = 0;
    if (strcmp(option->value, "none") == 0)
        return AMCT_OK;
    if (strncmp(option->value, "~/", 2) == 0 && home &&
        snprintf(e->cache, sizeof e->cache, "%s/%s", home, option->value + 2) <
            (int)sizeof e->cache)
        return AMCT_OK;
    return option->value[0] == '/' ? read_text(host, option, e->cache, sizeof e->cache)
                                   : refuse(host, option, "an absolute path, or none");
}

static int32_t read_aipp(const amct_host *host, const amct_option *option, estimator *e)
{
    struct stat info;
    e->aipp[0] = 0;
    if (strcmp(option->value, "none") == 0)
        return AMCT_OK;
    return stat(option->value, &info) == 0 && S_ISREG(info.st_mode) &&
                   realpath(option->value, e->aipp)
               ? AMCT_OK
               : refuse(host, option, "a file that exists, or none");
}

static int32_t read_option(const amct_host *host, const amct_option *option, estimator *e)
{
    double number;
    int32_t status;
    if (!AMCT_HAS(option, amct_option, value) || !option->key || !option->value)
        return fail(host, AMCT_E_INVALID, "an option without a key or a value");
    if (strcmp(option->key, "chip") == 0)
        return read_chip(host, option, e);
    if (strcmp(option->key, "cache") == 0)
        return read_cache(host, option, e);
    if (strcmp(option->key, "insert_op_conf") == 0)
        return read_aipp(host, option, e);
    if (strcmp(option->key, "device") == 0) {
        status = read_whole(host, option, 1023, "the number of a device", &number);
        if (status == AMCT_OK)
            e->device = (int32_t)number;
        return status;
    }
    if (strcmp(option->key, "runs") == 0) {
        status = read_whole(host, option, DEVICE_MAX_RUNS, "5 to 10000", &number);
        if (status == AMCT_OK && number < DEVICE_MIN_RUNS)
            return refuse(host, option, "5 to 10000");
        if (status == AMCT_OK)
            e->runs = (uint32_t)number;
        return status;
    }
    if (strcmp(option->key, "compile_seconds") == 0)
        return read_number(host, option, 0.01, 86400, "0.01 to 86400", &e->compile_seconds);
    if (strcmp(option->key, "run_seconds") == 0)
        return read_number(host, option, 0.01, 86400, "0.01 to 86400", &e->run_seconds);
    char text[DEVICE_TEXT];
    snprintf(text, sizeof text,
             "unknown option '%.80s'; allowed are chip, device, runs, cache, insert_op_conf, "
             "compile_seconds, run_seconds",
             option->key);
    return fail(host, AMCT_E_INVALID, text);
}

/* ---- Instance -----------------------------------------------------------------------------------
 */

static void close_estimator(void *self)
{
    estimator *e = self;
    e->host->free(e->host->ctx, e);
}

static int32_t open_estimator(const amct_host *host, const amct_option *options, size_t n_options,
                              void **self)
{
    estimator *e = host->alloc(host->ctx, sizeof *e, _Alignof(estimator));
    if (!e)
        return fail(host, AMCT_E_NOMEM, "out of memory");
    *e = (estimator){.host = host,
                     .chip = DEFAULT_CHIP,
                     .runs = 100,
                     .compile_seconds = 1800,
                     .run_seconds = 120};
    if (!device_cache_folder(e->cache))
        e->cache[0] = 0;
    for (size_t i = 0; i < n_options; i++) {
        int32_t status = read_option(host, AMCT_AT(amct_option, options, i), e);
        if (status != AMCT_OK) {
            close_estimator(e);
            return status;
        }
    }
    *self = e;
    return AMCT_OK;
}

static int32_t get_info(void *self, amct_estimator_info *out)
{
    const estimator *e = self;
    out->method = AMCT_METHOD_MEASURED;
    out->deterministic = 0;
    out->device = e->chip;
    return AMCT_OK;
}

/* The device runs compiled models: what a graph without weights takes cannot be told of any node.
 */
static int32_t estimate(void *self, const amct_graph_view *view, amct_node_cost *out,
                        amct_graph_cost *total)
{
    (void)self;
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        amct_node_cost *cost =
            (amct_node_cost *)(void *)((char *)out + (size_t)i * out->struct_size);
        cost->status = AMCT_NODE_UNSUPPORTED;
        cost->latency_ns = cost->spread_ns = 0;
    }
    total->latency_ns = total->fixed_ns = total->error_band_ratio = 0;
    return AMCT_OK;
}

/* ---- Measuring ----------------------------------------------------------------------------------
 */

static int compare_times(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The median, and the order statistics around it between which it lies with 90 %: a binomial's,
 * by its normal approximation. */
static device_timing summarise(float *times, uint32_t n)
{
    qsort(times, n, sizeof *times, compare_times);
    double median = n % 2 ? times[n / 2] : ((double)times[n / 2 - 1] + times[n / 2]) / 2;
    double reach = 1.645 * sqrt(n) / 2;
    int64_t low = (int64_t)floor(n / 2.0 - reach), high = (int64_t)ceil(n / 2.0 + reach);
    low = low < 0 ? 0 : low;
    high = high > (int64_t)n - 1 ? (int64_t)n - 1 : high;
    return (device_timing){median * 1e6, ((double)times[high] - times[low]) / 2 * 1e6};
}

static int32_t run_device(estimator *e, const device_cann *cann, const char *om,
                          device_timing *timing)
{
    char text[DEVICE_TEXT];
    device_job *job = device_shared_alloc(sizeof *job);
    int32_t status = AMCT_OK;
    int code;
    if (!job)
        return fail(e->host, AMCT_E_NOMEM, "out of memory");
    snprintf(job->model, sizeof job->model, "%s", om);
    snprintf(job->library, sizeof job->library, "%s", cann->library);
    snprintf(job->soc, sizeof job->soc, "%s", e->chip);
    job->device = e->device;
    job->runs = e->runs;
    device_end end =
        device_run_work(&code, device_measure, job, &(device_limit){e->run_seconds, e->host});
    bool complete = job->n_times == e->runs && !job->problem[0];
    if (end == DEVICE_END_FAILED) {
        snprintf(text, sizeof text, "no process for the device: %s", strerror(code));
        status = fail(e->host, AMCT_E_IO, text);
    } else if (end == DEVICE_END_STOPPED) {
        status = fail(e->host, AMCT_E_CANCELLED, "stopped while the device was measured");
    } else if (job->problem[0]) {
        snprintf(text, sizeof text, "measuring on device %d: %.400s", e->device, job->problem);
        status = fail(e->host, AMCT_E_UNSUPPORTED, text);
    } else if (!complete && end == DEVICE_END_TIME) {
        snprintf(text, sizeof text, "measuring on device %d took more than %.4g s: it stands in %s",
                 e->device, e->run_seconds, job->doing[0] ? job->doing : "its end");
        status = fail(e->host, AMCT_E_UNSUPPORTED, text);
    } else if (!complete) {
        snprintf(text, sizeof text, "measuring on device %d: ended by %s %d in %s", e->device,
                 end == DEVICE_END_SIGNAL ? "signal" : "status", code,
                 job->doing[0] ? job->doing : "its end");
        status = fail(e->host, AMCT_E_UNSUPPORTED, text);
    } else {
        if (end != DEVICE_END_EXIT || job->remark[0]) {
            snprintf(text, sizeof text, "the times are complete, but afterwards: %.300s",
                     job->remark[0] ? job->remark : "the device did not let go in time");
            e->host->log(e->host->ctx, AMCT_LOG_WARN, text);
        }
        *timing = summarise(job->times_ms, job->n_times);
        if (!isfinite(timing->latency_ns) || timing->latency_ns <= 0) {
            snprintf(text, sizeof text, "device %d says that a run takes %g ms", e->device,
                     timing->latency_ns / 1e6);
            status = fail(e->host, AMCT_E_UNSUPPORTED, text);
        }
    }
    device_shared_free(job, sizeof *job);
    return status;
}

static int32_t compile_and_run(estimator *e, const device_cann *cann, const device_compile *what,
                               device_timing *timing)
{
    char folder[PATH_MAX], om[PATH_MAX], problem[DEVICE_TEXT];
    if (!device_folder_fresh(folder))
        return fail(e->host, AMCT_E_IO, "there can be no temporary folder in TMPDIR or /tmp");
    int32_t status = AMCT_OK;
    if (!device_atc_run(om, cann, what, folder, problem))
        status =
            fail(e->host, device_stopped(e->host) ? AMCT_E_CANCELLED : AMCT_E_UNSUPPORTED, problem);
    if (status == AMCT_OK)
        status = run_device(e, cann, om, timing);
    device_folder_remove(folder);
    return status;
}

static int32_t measure(void *self, const amct_model_file *file, amct_graph_cost *total)
{
    estimator *e = self;
    device_cann cann;
    device_key key;
    device_timing timing;
    char problem[DEVICE_TEXT], model[PATH_MAX];
    if (!device_cann_find(&cann, problem))
        return fail(e->host, AMCT_E_UNSUPPORTED, problem);
    if (!realpath(file->path, model)) {
        snprintf(problem, sizeof problem, "'%.300s' cannot be read", file->path);
        return fail(e->host, AMCT_E_IO, problem);
    }
    device_compile what = {.model = model,
                           .input_shape = file->input_shape,
                           .soc = e->chip,
                           .aipp = e->aipp[0] ? e->aipp : NULL,
                           .sparse = (file->flags & AMCT_MODEL_FILE_SPARSE) != 0,
                           .limit = {e->compile_seconds, e->host}};
    if (!device_key_make(&key, &cann, &what, e->device, e->runs, problem))
        return fail(e->host, AMCT_E_IO, problem);
    if (!e->cache[0] || !device_cache_get(&timing, e->cache, &key)) {
        int32_t status = compile_and_run(e, &cann, &what, &timing);
        if (status != AMCT_OK)
            return status;
        if (e->cache[0] && !device_cache_put(e->cache, &key, &timing)) {
            snprintf(problem, sizeof problem, "what was measured cannot be kept in %.300s",
                     e->cache);
            e->host->log(e->host->ctx, AMCT_LOG_WARN, problem);
        }
    }
    total->latency_ns = timing.latency_ns;
    total->fixed_ns = 0;
    total->error_band_ratio = timing.spread_ns / timing.latency_ns;
    return AMCT_OK;
}

#define INFO(key_, values_, fallback_, meaning_)                                                   \
    {                                                                                              \
        .struct_size = sizeof(amct_option_info), .key = key_, .values = values_,                   \
        .fallback = fallback_, .meaning = meaning_                                                 \
    }

static const amct_option_info device_options[] = {
    INFO("chip", "as atc --soc_version", DEFAULT_CHIP, "must be the one that the device says"),
    INFO("device", "0 to 1023", "0", "its number, as npu-smi info lists it"),
    INFO("runs", "5 to 10000", "100", "timed runs, of which the median counts"),
    INFO("cache", "an absolute path, none", "~/.cache/amct-autotune/device",
         "keeps what was measured"),
    INFO("insert_op_conf", "a file", "none", "AIPP, as atc --insert_op_conf"),
    INFO("compile_seconds", "0.01 to 86400", "1800", "time limit of atc"),
    INFO("run_seconds", "0.01 to 86400", "120", "time limit of the device"),
};

static const amct_estimator device_estimator = {
    .struct_size = sizeof device_estimator,
    .open = open_estimator,
    .info = get_info,
    .estimate = estimate,
    .close = close_estimator,
    .options = device_options,
    .n_options = sizeof device_options / sizeof *device_options,
    .measure = measure,
};

AMCT_PLUGIN_EXPORT const amct_plugin amct_plugin_v1 = {
    .struct_size = sizeof amct_plugin_v1,
    .abi_minor = AMCT_ABI_MINOR,
    .kind = AMCT_PLUGIN_ESTIMATOR,
    .name = "device",
    .version = "0.1.0",
    .summary = "latency measured on a device, by CANN's atc and AscendCL (never tried on a real "
               "device: its tests use stand-ins)",
    .estimator = &device_estimator,
};
