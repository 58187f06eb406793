#define _GNU_SOURCE /* tdestroy */
#include "plugin/host.h"

#include "base/log.h"
#include "base/stop.h"

#include <pthread.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stands in front of every block; the tree holds these, ordered by address of the block. */
typedef struct block {
    void *memory; /* what malloc gave */
    void *data;   /* what the plugin got */
    size_t size;
} block;

struct amct_plugin_host {
    amct_host table;
    const char *plugin_name;
    pthread_mutex_t lock; /* of blocks and n_blocks: alloc and free may come from any thread */
    void *blocks;         /* tsearch tree of block */
    size_t n_blocks;
    bool described;
    amct_err err;
};

static int compare_blocks(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const block *)a)->data, y = (uintptr_t)((const block *)b)->data;
    return (x > y) - (x < y);
}

static void *host_alloc(void *ctx, size_t size, size_t align)
{
    amct_plugin_host *host = ctx;
    if ((align & (align - 1)) != 0 || align > 4096)
        return NULL;
    if (align < sizeof(void *))
        align = sizeof(void *);
    size_t head = (sizeof(block) + align - 1) / align * align;
    void *memory = NULL;
    if (size > SIZE_MAX / 2 || posix_memalign(&memory, align, head + (size ? size : 1)) != 0)
        return NULL;
    block *b = (block *)((char *)memory + head) - 1;
    *b = (block){memory, b + 1, size};
    pthread_mutex_lock(&host->lock);
    bool known = tsearch(b, &host->blocks, compare_blocks) != NULL;
    host->n_blocks += known;
    pthread_mutex_unlock(&host->lock);
    if (!known) {
        free(memory);
        return NULL;
    }
    return b->data;
}

/* The block that begins at data, NULL if there is none; the lock is held. */
static block *find(amct_plugin_host *host, const void *data)
{
    const block wanted = {.data = (void *)data};
    void *found = tfind(&wanted, &host->blocks, compare_blocks);
    return found ? *(block **)found : NULL;
}

bool amct_plugin_host_has(amct_plugin_host *host, const void *data, size_t size)
{
    pthread_mutex_lock(&host->lock);
    const block *b = find(host, data);
    bool has = b && b->size >= size;
    pthread_mutex_unlock(&host->lock);
    return has;
}

void *amct_plugin_host_take(amct_plugin_host *host, const void *data, size_t size)
{
    void *memory = NULL;
    pthread_mutex_lock(&host->lock);
    block *b = find(host, data);
    if (b && b->size >= size) {
        memory = b->memory;
        tdelete(b, &host->blocks, compare_blocks);
        host->n_blocks--;
    }
    pthread_mutex_unlock(&host->lock);
    return memory;
}

static void host_free(void *ctx, void *data)
{
    if (!data)
        return;
    amct_plugin_host *host = ctx;
    void *memory = amct_plugin_host_take(host, data, 0);
    if (!memory)
        amct_log(AMCT_LOG_WARN, "plugin '%s' frees a block that it does not have",
                 host->plugin_name);
    free(memory);
}

static void host_log(void *ctx, uint32_t level, const char *text)
{
    const amct_plugin_host *host = ctx;
    amct_err clean; /* makes control characters visible */
    amct_fail(&clean, AMCT_OK, "%s", text ? text : "(no text)");
    amct_log(level > AMCT_LOG_DEBUG ? AMCT_LOG_DEBUG : (enum amct_log_level)level, "%s: %s",
             host->plugin_name, clean.text);
}

static int32_t host_fail(void *ctx, int32_t code, const char *text)
{
    amct_plugin_host *host = ctx;
    if (code == AMCT_OK)
        code = AMCT_E_PLUGIN;
    if (text && text[0])
        amct_plugin_host_fail(host, (amct_status)code, "%s", text);
    return code;
}

static int32_t host_stopped(void *ctx)
{
    (void)ctx;
    return amct_stop_wanted();
}

amct_status amct_plugin_host_new(amct_plugin_host **out, const char *plugin_name, amct_err *err)
{
    amct_plugin_host *host = calloc(1, sizeof *host);
    if (!host)
        return amct_fail_nomem(err);
    host->table = (amct_host){
        .struct_size = sizeof(amct_host),
        .abi_minor = AMCT_ABI_MINOR,
        .ctx = host,
        .alloc = host_alloc,
        .free = host_free,
        .log = host_log,
        .fail = host_fail,
        .stopped = host_stopped,
    };
    host->plugin_name = plugin_name;
    pthread_mutex_init(&host->lock, NULL);
    *out = host;
    return AMCT_OK;
}

static void free_block(void *b)
{
    free(((block *)b)->memory);
}

void amct_plugin_host_free(amct_plugin_host *host)
{
    if (!host)
        return;
    if (host->n_blocks)
        amct_log(AMCT_LOG_DEBUG, "plugin '%s' left %zu blocks behind", host->plugin_name,
                 host->n_blocks);
    tdestroy(host->blocks, free_block);
    pthread_mutex_destroy(&host->lock);
    free(host);
}

const amct_host *amct_plugin_host_table(amct_plugin_host *host)
{
    return &host->table;
}

amct_status amct_plugin_host_fail(amct_plugin_host *host, amct_status code, const char *fmt, ...)
{
    if (host->described)
        return code;
    char text[AMCT_ERR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    host->described = true;
    return amct_fail(&host->err, code, "%s", text);
}

amct_status amct_plugin_host_result(amct_plugin_host *host, int32_t code, const char *call,
                                    amct_err *err)
{
    bool described = host->described;
    host->described = false;
    if (code == AMCT_OK)
        return AMCT_OK;
    bool known = code < 0 && code >= AMCT_E_INTERNAL;
    amct_status status = known ? (amct_status)code : AMCT_E_PLUGIN;
    if (described && known)
        return amct_fail(err, status, "%s", host->err.text);
    if (described)
        return amct_fail(err, status, "%s (plugin '%s': '%s' returned the unknown code %d)",
                         host->err.text, host->plugin_name, call, code);
    if (known)
        return amct_fail(err, AMCT_E_PLUGIN, "plugin '%s': '%s' failed (%s) without saying why",
                         host->plugin_name, call, amct_status_name(status));
    return amct_fail(err, AMCT_E_PLUGIN, "plugin '%s': '%s' returned the unknown code %d",
                     host->plugin_name, call, code);
}

size_t amct_plugin_host_blocks(const amct_plugin_host *host)
{
    return host->n_blocks;
}
