#include "plugin/host.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static amct_plugin_host *host;
static const amct_host *table;

static void setup(void)
{
    cr_assert_eq(amct_plugin_host_new(&host, "toy", &err), AMCT_OK);
    table = amct_plugin_host_table(host);
}

static void teardown(void)
{
    amct_plugin_host_free(host);
}

Test(plugin_host, blocks_are_aligned_and_counted, .init = setup, .fini = teardown)
{
    void *blocks[64];
    for (size_t i = 0; i < 64; i++) {
        size_t align = (size_t)1 << (i % 13);
        blocks[i] = table->alloc(table->ctx, i, align);
        cr_assert_not_null(blocks[i]);
        cr_assert_eq((uintptr_t)blocks[i] % align, 0, "alignment %zu", align);
        memset(blocks[i], 1, i);
    }
    cr_assert_eq(amct_plugin_host_blocks(host), 64);
    for (size_t i = 0; i < 60; i++)
        table->free(table->ctx, blocks[i * 7 % 60]);
    table->free(table->ctx, NULL);
    cr_assert_eq(amct_plugin_host_blocks(host), 4); /* which teardown frees */
}

Test(plugin_host, impossible_blocks_are_refused, .init = setup, .fini = teardown)
{
    cr_assert_null(table->alloc(table->ctx, 8, 3));
    cr_assert_null(table->alloc(table->ctx, 8, 1 << 20));
    cr_assert_null(table->alloc(table->ctx, SIZE_MAX, 8));
}

Test(plugin_host, a_block_passes_to_the_host_once, .init = setup, .fini = teardown)
{
    char *block = table->alloc(table->ctx, 100, 64);
    cr_assert(amct_plugin_host_has(host, block, 100));
    cr_assert_not(amct_plugin_host_has(host, block, 101));
    cr_assert_not(amct_plugin_host_has(host, block + 1, 10));
    cr_assert_null(amct_plugin_host_take(host, block + 16, 10));
    cr_assert_null(amct_plugin_host_take(host, &err, 1));
    void *memory = amct_plugin_host_take(host, block, 100);
    cr_assert_not_null(memory);
    cr_assert_null(amct_plugin_host_take(host, block, 100));
    table->free(table->ctx, block); /* no longer the plugin's: nothing happens */
    memset(block, 1, 100);
    free(memory);
}

Test(plugin_host, the_first_description_wins_and_is_forgotten_with_the_result, .init = setup,
     .fini = teardown)
{
    cr_assert_eq(table->fail(table->ctx, AMCT_E_FORMAT, "layer 3\n is bad"), AMCT_E_FORMAT);
    table->fail(table->ctx, AMCT_E_IO, "something later");
    cr_assert_eq(amct_plugin_host_result(host, AMCT_E_FORMAT, "read", &err), AMCT_E_FORMAT);
    cr_assert_str_eq(err.text, "layer 3? is bad");
    cr_assert_eq(amct_plugin_host_result(host, AMCT_E_IO, "read", &err), AMCT_E_PLUGIN);
    cr_assert_str_eq(err.text, "plugin 'toy': 'read' failed (io) without saying why");
}

Test(plugin_host, a_description_without_a_failure_is_dropped, .init = setup, .fini = teardown)
{
    table->fail(table->ctx, AMCT_E_FORMAT, "never mind");
    cr_assert_eq(amct_plugin_host_result(host, AMCT_OK, "read", &err), AMCT_OK);
    cr_assert_eq(amct_plugin_host_result(host, AMCT_E_IO, "read", &err), AMCT_E_PLUGIN);
    cr_assert_null(strstr(err.text, "never mind"));
}

Test(plugin_host, unknown_codes_are_the_plugins_fault, .init = setup, .fini = teardown)
{
    cr_assert_eq(amct_plugin_host_result(host, 42, "open", &err), AMCT_E_PLUGIN);
    cr_assert_str_eq(err.text, "plugin 'toy': 'open' returned the unknown code 42");
    table->fail(table->ctx, -10, "words");
    cr_assert_eq(amct_plugin_host_result(host, -10, "open", &err), AMCT_E_PLUGIN);
    cr_assert_str_eq(err.text, "words (plugin 'toy': 'open' returned the unknown code -10)");
    cr_assert_eq(table->fail(table->ctx, AMCT_OK, "success?"), AMCT_E_PLUGIN);
}
