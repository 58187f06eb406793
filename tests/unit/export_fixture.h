/* What every test of src/export begins with: a folder, and a small network's candidate. */
#ifndef TESTS_EXPORT_FIXTURE_H
#define TESTS_EXPORT_FIXTURE_H

#include "base/file.h"
#include "unit/export_case.h"
#include "unit/export_net.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define OK(call)         cr_assert_eq(call, AMCT_OK, "%s", err.text)
#define HAS(text, words) cr_assert_not_null(strstr(text, words), "'%s' not in '%s'", words, text)

static amct_err err;
static char folder[64];

static inline void setup(void)
{
    strcpy(folder, "/tmp/amct-export-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static inline void teardown(void)
{
    OK(amct_folder_remove(folder, &err));
}

/* The case of a network of export_net.h, of which the layers of mix are quantised. */
static inline void begin(export_case *c, const char *net, export_mix mix)
{
    OK(export_case_begin(c, export_net_prepared(net), (export_samples){.n = 3}, 3, true, &err));
    OK(export_case_mix(c, mix, &err));
}

/* The layer of that name. */
static inline uint32_t layer_named(const export_case *c, const char *name)
{
    uint32_t i = 0;
    while (i < c->n_layers && strcmp(c->layers[i].name, name) != 0)
        i++;
    cr_assert_lt(i, c->n_layers, "no layer '%s'", name);
    return i;
}

#endif
