/* Where the test plugins are, and a registry that holds some of them. */
#ifndef TESTS_PLUGIN_FILES_H
#define TESTS_PLUGIN_FILES_H

#include "plugin/plugins.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static inline const char *build_path(char *path, size_t size, const char *below)
{
    const char *top = getenv("AMCT_TOP_BUILDDIR");
    snprintf(path, size, "%s/%s", top ? top : ".", below);
    return path;
}

static inline const char *plugin_file(char *path, size_t size, const char *name)
{
    char below[256];
    snprintf(below, sizeof below, "tests/plugins/.libs/%s.so", name);
    return build_path(path, size, below);
}

/* With the named test plugins. */
static inline amct_plugins *registry(const char *const *names, size_t n)
{
    amct_err err;
    amct_plugins *plugins;
    char path[4096];
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(amct_plugins_add_file(plugins, plugin_file(path, sizeof path, names[i]), &err),
                     AMCT_OK);
    return plugins;
}

#endif
