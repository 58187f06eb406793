/* Real models and data, where present: AMCT_SHARED, by default ../shared beside the checkout. */
#ifndef TESTS_SHARED_DATA_H
#define TESTS_SHARED_DATA_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Path of a file or folder there; skips the test if it is missing. */
static inline const char *shared_path(char *path, size_t size, const char *below)
{
    const char *shared = getenv("AMCT_SHARED"), *top = getenv("AMCT_TOP_SRCDIR");
    if (shared)
        snprintf(path, size, "%s/%s", shared, below);
    else
        snprintf(path, size, "%s/../shared/%s", top ? top : ".", below);
    if (access(path, R_OK) != 0)
        cr_skip_test("%s is not there", path);
    return path;
}

#endif
