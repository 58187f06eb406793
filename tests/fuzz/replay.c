/*
 * The main function of a fuzz target where libFuzzer is not: gives each file of the target's corpus
 * to it, one TAP line a file. A crash or a sanitizer's report is the failure.
 */
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay(const char *folder, const char *name)
{
    amct_err err;
    amct_file file;
    char *path = amct_path_join(folder, name);
    if (!path || amct_file_map(&file, path, &err) != AMCT_OK) {
        free(path);
        return -1;
    }
    /* a block of exactly that size, so that reads beyond its end are seen */
    uint8_t *copy = malloc(file.size ? file.size : 1);
    if (copy && file.size)
        memcpy(copy, file.data, file.size);
    int status = copy ? LLVMFuzzerTestOneInput(copy, file.size) : -1;
    free(copy);
    amct_file_unmap(&file);
    free(path);
    return status;
}

int main(int argc, char **argv)
{
    (void)argc;
    const char *top = getenv("AMCT_TOP_SRCDIR"), *target = strstr(amct_path_base(argv[0]), "fuzz_");
    char folder[4096];
    if (!target || snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top ? top : ".",
                            target + strlen("fuzz_")) >= (int)sizeof folder)
        return 99;
    struct dirent **files;
    int n = scandir(folder, &files, is_visible, alphasort);
    if (n <= 0) {
        printf("Bail out! %s: no corpus\n", folder);
        return 99;
    }
    printf("1..%d\n", n);
    int failed = 0;
    for (int i = 0; i < n; i++) {
        fflush(stdout);
        int bad = replay(folder, files[i]->d_name) != 0;
        printf("%sok - %s %s\n", bad ? "not " : "", target, files[i]->d_name);
        failed += bad;
        free(files[i]);
    }
    free(files);
    return failed != 0;
}
