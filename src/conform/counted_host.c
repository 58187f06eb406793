#include "conform/counted_host.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first misuse counts: what follows may come from it. */
static void misused(amct_counted_host *h, const char *fmt, ...) AMCT_PRINTF(2, 3);
static void misused(amct_counted_host *h, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    pthread_mutex_lock(&h->lock);
    if (!h->misuse[0])
        vsnprintf(h->misuse, sizeof h->misuse, fmt, args);
    pthread_mutex_unlock(&h->lock);
    va_end(args);
}

static const amct_host *inner(const amct_counted_host *h)
{
    return amct_plugin_host_table(h->inner);
}

static void *counted_alloc(void *ctx, size_t size, size_t align)
{
    amct_counted_host *h = ctx;
    if (align == 0 || (align & (align - 1)) != 0)
        misused(h, "'alloc' was asked for an alignment of %zu, a power of two is wanted", align);
    pthread_mutex_lock(&h->lock);
    bool fails = ++h->n_allocs == h->fail_at;
    h->failed_one = h->failed_one || fails;
    void (*inside)(void *) = h->inside;
    h->inside = NULL;
    pthread_mutex_unlock(&h->lock);
    if (inside)
        inside(h->inside_ctx);
    return fails ? NULL : inner(h)->alloc(inner(h)->ctx, size, align);
}

static void counted_free(void *ctx, void *block)
{
    amct_counted_host *h = ctx;
    if (block && !amct_plugin_host_has(h->inner, block, 0))
        misused(h, "'free' was given a block that the plugin does not have");
    else
        inner(h)->free(inner(h)->ctx, block);
}

static const char *wrong_with(const char *text)
{
    return !text                       ? "is NULL"
           : !text[0]                  ? "is empty"
           : strchr(text, '\n')        ? "is more than one line"
           : !amct_utf8_is_valid(text) ? "is not UTF-8"
                                       : NULL;
}

static void counted_log(void *ctx, uint32_t level, const char *text)
{
    amct_counted_host *h = ctx;
    const char *wrong = wrong_with(text);
    if (wrong)
        misused(h, "the text of 'log' %s, one line of UTF-8 is wanted", wrong);
    if (level > AMCT_LOG_DEBUG)
        misused(h, "'log' was given the level %u, 0 to %d is wanted", level, AMCT_LOG_DEBUG);
}

static int32_t counted_fail(void *ctx, int32_t code, const char *text)
{
    amct_counted_host *h = ctx;
    const char *wrong = wrong_with(text);
    if (wrong)
        misused(h, "the text of 'fail' %s, one line of UTF-8 is wanted", wrong);
    if (code >= AMCT_OK || code < AMCT_E_INTERNAL)
        misused(h, "'fail' was given the code %d, %d to %d is wanted", code, AMCT_E_INTERNAL,
                AMCT_E_NOMEM);
    return inner(h)->fail(inner(h)->ctx, code, text);
}

static int32_t never_stopped(void *ctx)
{
    (void)ctx;
    return 0;
}

amct_status amct_counted_host_init(amct_counted_host *host, const char *plugin_name, amct_err *err)
{
    *host = (amct_counted_host){
        .table =
            {
                .struct_size = sizeof(amct_host),
                .abi_minor = AMCT_ABI_MINOR,
                .ctx = host,
                .alloc = counted_alloc,
                .free = counted_free,
                .log = counted_log,
                .fail = counted_fail,
                .stopped = never_stopped,
            },
    };
    AMCT_TRY(amct_plugin_host_new(&host->inner, plugin_name, err));
    pthread_mutex_init(&host->lock, NULL);
    return AMCT_OK;
}

void amct_counted_host_done(amct_counted_host *host)
{
    amct_plugin_host_free(host->inner);
    pthread_mutex_destroy(&host->lock);
}
