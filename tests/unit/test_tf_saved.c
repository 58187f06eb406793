/* SavedModels: signatures, variables and the checkpoint that holds them. */
#define _GNU_SOURCE
#include "import/import.h"
#include "unit/tf_build.h"

#include "../../plugins/importers/tensorflow/tf_crc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define D(...)                                                                                     \
    (const int64_t[])                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)
#define SHARD(i, n)     "variables/variables.data-0000" #i "-of-0000" #n

static tf_build b;
static char folder[64];
static float numbers[64];

static void write_file(const char *name, const void *data, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void begin(void)
{
    char path[100];
    tb_begin(&b);
    strcpy(folder, "/tmp/amct-tf-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/variables", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < 64; i++)
        numbers[i] = (float)i;
}

static void end(void)
{
    char command[100];
    tb_end(&b);
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

static void write_index(const tb_entry *entries, size_t n, int n_shards, bool snappy)
{
    wb_bytes index;
    tb_index(&index, entries, n, n_shards, snappy);
    write_file("variables/variables.index", index.data, index.size);
    wb_free(&index);
}

/* y = x * w + v by a function; a function restores w from "net/kernel" and v from "net/bias". */
static const wb_bytes *model(const char *signature)
{
    tb_variable(&b, "w", 2, D(3, 2));
    tb_variable(&b, "v", 1, D(2));
    tb_input(&b, "serving_default_x", 2, D(-1, 3));
    tb_function(&b, "f", "x kernel bias", "y=a:z:0");
    tb_node(&b, "ReadVariableOp", "k", "kernel");
    tb_node(&b, "MatMul", "m", "x k:value:0");
    tb_node(&b, "ReadVariableOp", "r", "bias");
    tb_node(&b, "AddV2", "a", "m:product:0 r:value:0");
    tb_function_end(&b);
    tb_function(&b, "restore", "prefix p q", "done=prefix");
    tb_node(&b, "Const", "names", "");
    tb_texts(&b, "value", "net/kernel net/bias");
    tb_node(&b, "RestoreV2", "all", "prefix names:output:0 names:output:0");
    tb_node(&b, "Identity", "first", "all:tensors:0");
    tb_node(&b, "AssignVariableOp", "to_p", "p first:output:0");
    tb_node(&b, "AssignVariableOp", "to_q", "q all:tensors:1");
    tb_function_end(&b);
    tb_node(&b, "StatefulPartitionedCall", "StatefulPartitionedCall", "serving_default_x w v");
    tb_func(&b, "f", "f");
    tb_node(&b, "StatefulPartitionedCall", "StatefulPartitionedCall_1", "prefix w v");
    tb_func(&b, "f", "restore");
    return tb_saved(&b, signature, "image=serving_default_x:0", "scores=StatefulPartitionedCall:0",
                    "StatefulPartitionedCall_1");
}

static amct_status import(const char *signature, const char *option, amct_graph **g)
{
    const wb_bytes *file = b.file.size ? &b.file : model(signature);
    const amct_option options = {
        .struct_size = sizeof options, .key = "signature", .value = option};
    *g = NULL;
    return amct_import_bytes(g, &amct_plugin_v1, file->data, file->size, folder, &options,
                             option != NULL, &b.err);
}

static void refuse(amct_status code, const char *words)
{
    amct_graph *g;
    cr_assert_eq(import("serving_default", NULL, &g), code, "'%s', not '%s'", b.err.text, words);
    HAS(b.err.text, words);
    cr_assert_null(g);
}

static const amct_tensor *find(const amct_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->n_tensors; i++)
        if (strcmp(g->tensors[i].name, name) == 0)
            return &g->tensors[i];
    cr_assert_fail("no tensor '%s'", name);
    return NULL;
}

static void check_numbers(const amct_graph *g)
{
    const amct_tensor *w = find(g, "w"), *v = find(g, "v");
    for (int i = 0; i < 6; i++)
        cr_assert_eq(amct_constant_number(w, i), 8 + i);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(amct_constant_number(v, i), 4 + i);
    cr_assert_str_eq(g->tensors[g->inputs[0]].name, "image");
    cr_assert_str_eq(g->tensors[g->outputs[0]].name, "scores");
    cr_assert_str_eq(g->producer, "version 2.21.0");
}

static const tb_entry entries[] = {{"net/bias", 1, 1, {2}, 0, 16, 8, 0},
                                   {"net/kernel", 1, 2, {3, 2}, 0, 32, 24, 0}};

Test(tf_saved, variables_come_from_the_checkpoint, .init = begin, .fini = end)
{
    amct_graph *g;
    for (int snappy = 0; snappy < 2; snappy++) {
        write_index(entries, 2, 1, snappy);
        write_file(SHARD(0, 1), numbers, sizeof numbers);
        cr_assert_eq(import("serving_default", NULL, &g), AMCT_OK, "%s", b.err.text);
        check_numbers(g);
        amct_graph_free(g);
    }
}

Test(tf_saved, variables_may_lie_in_several_files, .init = begin, .fini = end)
{
    const tb_entry spread[] = {{"net/bias", 1, 1, {2}, 1, 0, 8, 0},
                               {"net/kernel", 1, 2, {3, 2}, 0, 32, 24, 0}};
    amct_graph *g;
    write_index(spread, 2, 2, false);
    write_file(SHARD(0, 2), numbers, sizeof numbers);
    write_file(SHARD(1, 2), numbers + 4, 8);
    cr_assert_eq(import("serving_default", NULL, &g), AMCT_OK, "%s", b.err.text);
    check_numbers(g);
    amct_graph_free(g);
}

Test(tf_saved, weights_stay_in_the_mapped_file, .init = begin, .fini = end)
{
    amct_graph *g;
    write_index(entries, 2, 1, false);
    write_file(SHARD(0, 1), numbers, sizeof numbers);
    cr_assert_eq(import("serving_default", NULL, &g), AMCT_OK, "%s", b.err.text);
    cr_assert_null(find(g, "w")->block);
    cr_assert_null(find(g, "v")->block);
    amct_graph_free(g);
}

Test(tf_saved, the_signature_is_chosen, .init = begin, .fini = end)
{
    amct_graph *g;
    write_index(entries, 2, 1, false);
    write_file(SHARD(0, 1), numbers, sizeof numbers);
    cr_assert_eq(import("other", NULL, &g), AMCT_OK, "the only one is taken: %s", b.err.text);
    amct_graph_free(g);
    cr_assert_eq(import("other", "other", &g), AMCT_OK, "%s", b.err.text);
    amct_graph_free(g);
    cr_assert_eq(import("other", "third", &g), AMCT_E_INVALID);
    HAS(b.err.text, "has no signature 'third'; option signature may be: other");
}

/* RFC 3720, B.4: the CRC-32C of 32 bytes of ones is 62a8ab43. */
Test(tf_saved, checksums_are_those_of_the_standard)
{
    uint8_t ones[32];
    static tf_crc crc;
    tf_crc_init(&crc);
    memset(ones, 0xff, sizeof ones);
    const uint32_t plain = 0x62a8ab43;
    cr_assert_eq(tf_crc_masked(&crc, (wire_span){ones, sizeof ones}),
                 (plain >> 15 | plain << 17) + 0xa282ead8u);
}

/* ---- Bad ones ------------------------------------------------------------------------------ */

Test(tf_saved, variables_that_are_missing_are_listed, .init = begin, .fini = end)
{
    write_index(entries, 0, 1, false);
    refuse(AMCT_E_FORMAT, "variables that are not in variables/variables.index: 'w', 'v'");
}

Test(tf_saved, of_many_missing_variables_ten_are_listed, .init = begin, .fini = end)
{
    char name[8], args[100] = "prefix", calls[100] = "prefix", keys[200] = "";
    write_index(entries, 0, 1, false);
    for (int i = 0; i < 14; i++) {
        snprintf(name, sizeof name, " v%02d", i);
        tb_variable(&b, name + 1, 1, D(2));
        strcat(args, name);
        strcat(calls, name);
        strcat(keys, name);
    }
    tb_input(&b, "x", 2, D(-1, 2));
    tb_function(&b, "restore", args, "done=prefix");
    tb_node(&b, "Const", "names", "");
    tb_texts(&b, "value", keys);
    tb_node(&b, "RestoreV2", "all", "prefix names:output:0 names:output:0");
    for (int i = 0; i < 14; i++) {
        char assign[8], src[40];
        snprintf(assign, sizeof assign, "a%d", i);
        snprintf(src, sizeof src, "v%02d all:tensors:%d", i, i);
        tb_node(&b, "AssignVariableOp", assign, src);
    }
    tb_function_end(&b);
    tb_node(&b, "StatefulPartitionedCall", "restored", calls);
    tb_func(&b, "f", "restore");
    tb_node(&b, "ReadVariableOp", "r", "v00");
    tb_node(&b, "Add", "y", "x r");
    tb_saved(&b, "serving_default", "x=x:0", "y=y:0", "restored");
    refuse(AMCT_E_FORMAT, "'v09' and 4 more");
    cr_assert_null(strstr(b.err.text, "'v10'"));
}

Test(tf_saved, a_missing_file_is_named, .init = begin, .fini = end)
{
    refuse(AMCT_E_IO, "variables/variables.index");
    write_index(entries, 2, 3, false); /* says that there are three files of data */
    write_file(SHARD(0, 1), numbers, sizeof numbers);
    refuse(AMCT_E_IO, "variables/variables.data-00000-of-00003");
}

static void refuse_entry(const tb_entry *entry, int n_shards, const char *words)
{
    const tb_entry both[] = {entries[0], *entry};
    write_index(both, 2, n_shards, false);
    write_file(SHARD(0, 1), numbers, sizeof numbers);
    refuse(AMCT_E_FORMAT, words);
}

Test(tf_saved, entries_that_contradict_the_files_are_refused, .init = begin, .fini = end)
{
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {3, 2}, 5, 0, 24, 0}, 1, "lies in file 5 of 1");
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {3, 2}, -1, 0, 24, 0}, 1, "lies in file -1 of 1");
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {3, 2}, 0, 240, 24, 0}, 1,
                 "lies beyond the end of");
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {3, 2}, 0, UINT64_MAX - 8, 24, 0}, 1,
                 "lies beyond the end of");
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {3, 2}, 0, 0, 20, 0}, 1,
                 "has 20 bytes in the checkpoint, 24 wanted");
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {2, 3}, 0, 0, 24, 0}, 1,
                 "is 2x3 in the checkpoint, 3x2 in the graph");
    refuse_entry(&(tb_entry){"net/bias", 1, 2, {3, 2}, 0, 0, 24, 0}, 1,
                 "'net/bias' is there twice");
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {3, 2}, 0, 0, 24, 0}, 0, "0 files of data");
    refuse_entry(&(tb_entry){"net/kernel", 1, 2, {3, 2}, 0, 0, 24, 0}, 1 << 30, "files of data");
}

Test(tf_saved, variables_whose_bytes_are_damaged_are_refused, .init = begin, .fini = end)
{
    static tf_crc crc;
    amct_graph *g;
    tf_crc_init(&crc);
    const wire_span bytes = {(const uint8_t *)numbers + 32, 24};
    tb_entry both[] = {entries[0], entries[1]};
    both[1].crc = tf_crc_masked(&crc, bytes);
    write_index(both, 2, 1, false);
    write_file(SHARD(0, 1), numbers, sizeof numbers);
    cr_assert_eq(import("serving_default", NULL, &g), AMCT_OK, "%s", b.err.text);
    amct_graph_free(g);
    numbers[10] += 1;
    write_file(SHARD(0, 1), numbers, sizeof numbers);
    refuse(AMCT_E_FORMAT, "variable 'w': is damaged in variables/variables.data-00000-of-00001");
}

Test(tf_saved, an_index_cut_at_any_length_fails, .init = begin, .fini = end)
{
    amct_graph *g;
    for (int snappy = 0; snappy < 2; snappy++) {
        wb_bytes index;
        tb_index(&index, entries, 2, 1, snappy);
        write_file(SHARD(0, 1), numbers, sizeof numbers);
        for (size_t cut = 0; cut < index.size; cut++) {
            write_file("variables/variables.index", index.data, cut);
            cr_assert_eq(import("serving_default", NULL, &g), AMCT_E_FORMAT, "%zu: %s", cut,
                         b.err.text);
        }
        wb_free(&index);
    }
}

/* The block of entries begins the file: its first bytes say how much it unpacks to. */
Test(tf_saved, a_snappy_bomb_is_refused, .init = begin, .fini = end)
{
    wb_bytes index;
    tb_index(&index, entries, 2, 1, true);
    memcpy(index.data, "\xff\xff\xff\xff\x0f", 5);
    write_file("variables/variables.index", index.data, index.size);
    refuse(AMCT_E_FORMAT, "unpacks to more than it can");
    wb_free(&index);
}

Test(tf_saved, a_link_out_of_the_folder_is_refused, .init = begin, .fini = end)
{
    char path[200];
    snprintf(path, sizeof path, "%s/" SHARD(0, 1), folder);
    write_index(entries, 2, 1, false);
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    refuse(AMCT_E_INVALID, "a link that leaves the model's folder");
}
