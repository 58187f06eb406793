#include "base/file.h"
#include "plugin/load.h"
#include "unit/plugin_files.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static amct_err err;
static char folder[64];

static void setup(void)
{
    strcpy(folder, "/tmp/amct-plugins-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
}

/* Puts a test plugin into a folder under another file name. */
static void put(const char *in, const char *name, const char *plugin)
{
    char from[4096];
    char *to = amct_path_join(in, name);
    cr_assert_eq(symlink(plugin_file(from, sizeof from, plugin), to), 0);
    free(to);
}

static const char *problem_of(const char *plugin)
{
    static char text[AMCT_ERR_TEXT];
    amct_plugins *plugins = registry(&plugin, 1);
    cr_assert_eq(amct_plugins_count(plugins), 1);
    const amct_plugin_entry *entry = amct_plugins_entry(plugins, 0);
    cr_assert_null(entry->plugin);
    cr_assert_not_null(strstr(entry->path, plugin));
    snprintf(text, sizeof text, "%s", entry->problem);
    amct_plugins_free(plugins);
    return text;
}

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

Test(plugin_plugins, a_good_plugin_is_found_by_kind_and_name)
{
    amct_plugins *plugins = registry((const char *[]){"garbage", "rulebreaker"}, 2);
    cr_assert_eq(amct_plugins_count(plugins), 2);
    const amct_plugin *p = amct_plugins_find(plugins, AMCT_PLUGIN_ESTIMATOR, "garbage");
    cr_assert_not_null(p);
    cr_assert_str_eq(p->version, "0.1");
    cr_assert_null(amct_plugins_find(plugins, AMCT_PLUGIN_IMPORTER, "garbage"));
    cr_assert_not_null(amct_plugins_find(plugins, AMCT_PLUGIN_IMPORTER, "rulebreaker"));
    amct_plugins_free(plugins);
}

Test(plugin_plugins, a_library_without_the_symbol_is_listed_with_what_was_wanted)
{
    const char *problem = problem_of("no_symbol");
    HAS(problem, "does not export the symbol amct_plugin_v1");
    HAS(problem, "AMCT_PLUGIN_EXPORT");
}

Test(plugin_plugins, another_major_version_is_named_with_ours)
{
    const char *problem = problem_of("other_major");
    HAS(problem, "version 2 of the interface, 1 wanted");
    HAS(problem, "rebuild it");
}

Test(plugin_plugins, a_wrong_kind_and_a_short_struct_are_refused)
{
    HAS(problem_of("wrong_kind"), "its kind is 7");
    HAS(problem_of("small_struct"), "struct_size 24, 56 to");
}

/* The loader would map what is not there, and the process would die of SIGBUS. */
Test(plugin_plugins, a_library_that_is_cut_short_is_listed, .init = setup, .fini = teardown)
{
    char from[4096];
    amct_file whole;
    amct_plugins *plugins;
    cr_assert_eq(amct_file_map(&whole, plugin_file(from, sizeof from, "garbage"), &err), AMCT_OK);
    const size_t sizes[] = {32, 64, 100, 1000, 3000, 5000};
    char *path = amct_path_join(folder, "cut.so");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cr_assert_eq(amct_file_write(path, whole.data, sizes[i], &err), AMCT_OK);
        cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
        cr_assert_eq(amct_plugins_add_file(plugins, path, &err), AMCT_OK);
        cr_assert_eq(amct_plugins_count(plugins), 1);
        const amct_plugin_entry *entry = amct_plugins_entry(plugins, 0);
        cr_assert_null(entry->plugin, "%zu bytes", sizes[i]);
        HAS(entry->problem, sizes[i] < 64 ? "cannot be loaded" : "is cut short");
        amct_plugins_free(plugins);
    }
    free(path);
    amct_file_unmap(&whole);
}

Test(plugin_plugins, files_that_are_no_libraries_are_listed, .init = setup, .fini = teardown)
{
    char *text = amct_path_join(folder, "text.so"), *pipe = amct_path_join(folder, "pipe.so");
    cr_assert_eq(amct_file_write(text, "hello", 5, &err), AMCT_OK);
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    amct_plugins *plugins;
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    cr_assert_eq(amct_plugins_add_folder(plugins, folder, &err), AMCT_OK);
    cr_assert_eq(amct_plugins_count(plugins), 2);
    HAS(amct_plugins_entry(plugins, 0)->path, "pipe.so");
    HAS(amct_plugins_entry(plugins, 0)->problem, "not a regular file");
    HAS(amct_plugins_entry(plugins, 1)->problem, "cannot be loaded");
    amct_plugins_free(plugins);
    free(text), free(pipe);
}

Test(plugin_plugins, a_folder_is_loaded_in_the_order_of_names_and_the_first_of_a_name_wins,
     .init = setup, .fini = teardown)
{
    char *other = amct_path_join(folder, "other");
    cr_assert_eq(amct_folder_make(other, &err), AMCT_OK);
    put(folder, "b.so", "garbage");
    put(folder, "a.so", "rulebreaker");
    put(folder, "c.txt", "wrong_kind");
    put(folder, ".hidden.so", "wrong_kind");
    amct_plugins *plugins;
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    cr_assert_eq(amct_plugins_add_folder(plugins, folder, &err), AMCT_OK);
    cr_assert_eq(amct_plugins_count(plugins), 2);
    cr_assert_str_eq(amct_plugins_entry(plugins, 0)->plugin->name, "rulebreaker");
    cr_assert_str_eq(amct_plugins_entry(plugins, 1)->plugin->name, "garbage");

    /* the same file again is nothing new, the same name in another file is shadowed */
    cr_assert_eq(amct_plugins_add_folder(plugins, folder, &err), AMCT_OK);
    cr_assert_eq(amct_plugins_count(plugins), 2);
    amct_plugin twin = *amct_plugins_entry(plugins, 1)->plugin;
    cr_assert_eq(amct_plugins_add(plugins, &twin, "(built in)", &err), AMCT_OK);
    cr_assert_eq(amct_plugins_count(plugins), 3);
    cr_assert_null(amct_plugins_entry(plugins, 2)->plugin);
    HAS(amct_plugins_entry(plugins, 2)->problem, "shadowed: the name 'garbage' is taken by");
    cr_assert_eq(amct_plugins_find(plugins, AMCT_PLUGIN_ESTIMATOR, "garbage"),
                 amct_plugins_entry(plugins, 1)->plugin);
    amct_plugins_free(plugins);
    free(other);
}

Test(plugin_plugins, an_option_that_says_nothing_is_refused, .init = setup, .fini = teardown)
{
    put(folder, "a.so", "garbage");
    amct_plugins *plugins;
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    cr_assert_eq(amct_plugins_add_folder(plugins, folder, &err), AMCT_OK);
    amct_plugin plugin = *amct_plugins_entry(plugins, 0)->plugin;
    amct_estimator table = *plugin.estimator;
    amct_option_info option = {
        .struct_size = sizeof option, .key = "k", .values = "v", .fallback = "v"};
    cr_expect_eq(amct_estimator_n_options(&table), 0);
    table.options = &option;
    table.n_options = 1;
    plugin.estimator = &table;
    cr_expect_eq(amct_plugin_check(&plugin, &err), AMCT_E_PLUGIN);
    HAS(err.text, "its estimator table has no key, values, fallback or meaning of an option");
    option.meaning = "m";
    cr_expect_eq(amct_plugin_check(&plugin, &err), AMCT_OK);
    cr_expect_eq(amct_estimator_n_options(&table), 1);
    table.struct_size = offsetof(amct_estimator, options); /* of version 1.0 */
    cr_expect_eq(amct_estimator_n_options(&table), 0);
    amct_plugins_free(plugins);
}

Test(plugin_plugins, given_folders_come_before_the_environment, .init = setup, .fini = teardown)
{
    char *first = amct_path_join(folder, "first"), *second = amct_path_join(folder, "second");
    char path[512];
    cr_assert_eq(amct_folder_make(first, &err), AMCT_OK);
    cr_assert_eq(amct_folder_make(second, &err), AMCT_OK);
    put(first, "x.so", "garbage");
    put(second, "y.so", "rulebreaker");
    snprintf(path, sizeof path, ":%s::/no/such/folder", second);
    setenv("AMCT_PLUGIN_PATH", path, 1);
    amct_plugins *plugins;
    cr_assert_eq(amct_plugins_new(&plugins, &err), AMCT_OK);
    cr_assert_eq(amct_plugins_search(plugins, (const char *[]){first}, 1, &err), AMCT_OK);
    cr_assert_geq(amct_plugins_count(plugins), 3);
    cr_assert_str_eq(amct_plugins_entry(plugins, 0)->plugin->name, "garbage");
    cr_assert_str_eq(amct_plugins_entry(plugins, 1)->plugin->name, "rulebreaker");
    cr_assert_str_eq(amct_plugins_entry(plugins, 2)->path, "/no/such/folder");
    HAS(amct_plugins_entry(plugins, 2)->problem, "No such file");
    cr_expect_eq(amct_plugins_search(plugins, (const char *[]){"/no/such"}, 1, &err), AMCT_E_IO);
    HAS(err.text, "--plugin-dir /no/such: No such file or directory");
    amct_plugins_free(plugins);
    free(first), free(second);
}

Test(plugin_plugins, descriptions_say_what_is_known_and_what_is_not_usable)
{
    char text[512];
    amct_plugins *plugins = registry((const char *[]){"rulebreaker", "wrong_kind"}, 2);
    amct_plugins_describe(plugins, AMCT_PLUGIN_IMPORTER, text, sizeof text);
    cr_assert_str_eq(text, "importers known: rulebreaker (rules); 1 that could not be used: see "
                           "'amct-autotune plugins list'");
    amct_plugins_describe(plugins, AMCT_PLUGIN_ESTIMATOR, text, sizeof text);
    HAS(text, "no estimator plugin was found in --plugin-dir, AMCT_PLUGIN_PATH");
    amct_plugins_free(plugins);
}

/* ---- Checks that need no file -------------------------------------------------------------- */

static int32_t any_probe(const void *head, size_t n, const char *path)
{
    (void)head, (void)n, (void)path;
    return 0;
}

static int32_t any_open(const amct_host *host, const amct_view *model, const amct_option *options,
                        size_t n, void **self)
{
    (void)host, (void)model, (void)options, (void)n, (void)self;
    return AMCT_E_IO;
}

static int32_t any_read(void *self, const amct_sink *sink)
{
    (void)self, (void)sink;
    return AMCT_E_IO;
}

static void any_close(void *self)
{
    (void)self;
}

static amct_importer importer;
static amct_plugin plugin;

static void make_plugin(void)
{
    importer = (amct_importer){
        .struct_size = sizeof importer,
        .format = "any",
        .probe = any_probe,
        .open = any_open,
        .read = any_read,
        .close = any_close,
    };
    plugin = (amct_plugin){.struct_size = sizeof plugin,
                           .kind = AMCT_PLUGIN_IMPORTER,
                           .name = "any",
                           .version = "1",
                           .summary = "",
                           .importer = &importer};
}

Test(plugin_plugins, every_required_part_is_missed, .init = make_plugin)
{
    cr_assert_eq(amct_plugin_check(&plugin, &err), AMCT_OK, "%s", err.text);
#define BREAK(change, words)                                                                       \
    make_plugin();                                                                                 \
    change;                                                                                        \
    cr_assert_eq(amct_plugin_check(&plugin, &err), AMCT_E_PLUGIN, #change);                        \
    HAS(err.text, words);
    BREAK(plugin.name = NULL, "has no name")
    BREAK(plugin.version = NULL, "has no version")
    BREAK(plugin.summary = NULL, "has no summary")
    BREAK(plugin.name = "", "its name is ''")
    BREAK(plugin.name = "Any", "its name is 'Any'")
    BREAK(plugin.importer = NULL, "no importer table")
    BREAK(plugin.kind = AMCT_PLUGIN_ESTIMATOR, "no estimator table")
    BREAK(plugin.struct_size = 1 << 20, "struct_size 1048576")
    BREAK(importer.struct_size = 40, "its importer table has struct_size 40, 48 to")
    BREAK(importer.format = NULL, "no format")
    BREAK(importer.probe = NULL, "no probe")
    BREAK(importer.open = NULL, "no open")
    BREAK(importer.read = NULL, "no read")
    BREAK(importer.close = NULL, "no close")
#undef BREAK
}

Test(plugin_plugins, longer_structs_of_a_later_minor_version_are_fine, .init = make_plugin)
{
    plugin.struct_size += 16;
    plugin.abi_minor = 3;
    importer.struct_size += 8;
    cr_assert_eq(amct_plugin_check(&plugin, &err), AMCT_OK, "%s", err.text);
}
