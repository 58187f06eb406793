/* The TensorFlow importer on any bytes as a saved_model.pb, beside a checkpoint of two variables
 * ("w", 3x3x1x2, and "b", 2) in a folder made for it. */
#define _GNU_SOURCE
#include "base/log.h"
#include "import/import.h"
#include "unit/tf_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[200];

static const char *file_path(char path[300], const char *name)
{
    snprintf(path, 300, "%s%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *data, size_t size)
{
    char path[300];
    FILE *f = fopen(file_path(path, name), "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
}

static void clean(void)
{
    static const char *const names[] = {"/variables/variables.index",
                                        "/variables/variables.data-00000-of-00001"};
    char path[300];
    for (int i = 0; i < 2; i++)
        unlink(file_path(path, names[i]));
    rmdir(file_path(path, "/variables"));
    rmdir(folder);
}

static void prepare(void)
{
    static const tb_entry entries[] = {{"b", 1, 1, {2}, 0, 72, 8, 0},
                                       {"w", 1, 4, {3, 3, 1, 2}, 0, 0, 72, 0}};
    static const float numbers[20] = {1, 2, 3, 4, 5};
    const char *top = getenv("TMPDIR");
    char path[300];
    wb_bytes index;
    snprintf(folder, sizeof folder, "%s/amct-fuzz-XXXXXX", top ? top : "/tmp");
    if (!mkdtemp(folder) || mkdir(file_path(path, "/variables"), 0700) != 0)
        abort();
    atexit(clean);
    tb_index(&index, entries, 2, 1, false);
    write_file("/variables/variables.index", index.data, index.size);
    write_file("/variables/variables.data-00000-of-00001", numbers, sizeof numbers);
    wb_free(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_log_set_level(AMCT_LOG_ERROR);
    if (!folder[0])
        prepare();
    amct_graph *graph = NULL;
    amct_err err = {AMCT_OK, ""};
    if (amct_import_bytes(&graph, &amct_plugin_v1, data, size, folder, NULL, 0, &err) != AMCT_OK) {
        if (graph || !err.text[0] || err.code == AMCT_E_PLUGIN || err.code == AMCT_E_INTERNAL)
            abort();
        return 0;
    }
    if (amct_graph_validate(graph, &err) != AMCT_OK)
        abort();
    amct_graph_free(graph);
    return 0;
}
