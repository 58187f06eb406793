/* Weights in a file of their own: handed to the importer that takes them, else put in by name. */
#include "base/file.h"
#include "import/import.h"
#include "import/weights_file.h"
#include "unit/plugin_files.h"

#include <string.h>
#include <sys/stat.h>

#define HAS(text, word) cr_assert_not_null(strstr(text, word), "'%s' not in '%s'", word, text)

static amct_err err;
static amct_plugins *plugins;
static char folder[64], path[256];

static void setup(void)
{
    plugins = registry((const char *[]){"rulebreaker", "weights_only", "two_files"}, 3);
    strcpy(folder, "/tmp/amct-weights-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
    amct_plugins_free(plugins);
    cr_assert_eq(amct_folder_remove(folder, &err), AMCT_OK);
}

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_bytes(const char *name, const void *data, size_t size)
{
    cr_assert_eq(amct_file_write(in_folder(name), data, size, &err), AMCT_OK, "%s", err.text);
}

static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

/* x -> Relu -> y and the constant w, 8 floats 0. */
static void write_rules(void)
{
    static const char model[48] = "RULES";
    write_bytes("net", model, sizeof model);
}

static void write_floats(const char *name, float first)
{
    float w[8];
    for (int i = 0; i < 8; i++)
        w[i] = first + (float)i;
    write_bytes(name, w, sizeof w);
}

static amct_status import(amct_graph **g, const char *model, const char *weights)
{
    char model_path[256];
    snprintf(model_path, sizeof model_path, "%s/%s", folder, model);
    return amct_import(g, plugins, model_path, weights ? in_folder(weights) : NULL, &err);
}

static float w_of(const amct_graph *g, int i)
{
    uint32_t t = 0;
    while (t < g->n_tensors && strcmp(g->tensors[t].name, "w") != 0)
        t++;
    cr_assert_lt(t, g->n_tensors, "there is no w");
    return ((const float *)g->tensors[t].data)[i];
}

Test(import_weights, constants_of_the_same_name_are_replaced, .init = setup, .fini = teardown)
{
    amct_graph *g;
    write_rules();
    write_text("weights", "WEIGHTS\nw 8 10 11 12 13 14 15 16 17\n");
    cr_assert_eq(import(&g, "net", "weights"), AMCT_OK, "%s", err.text);
    cr_assert_eq(w_of(g, 0), 10);
    cr_assert_eq(w_of(g, 7), 17);
    amct_graph_free(g);
}

Test(import_weights, what_differs_is_listed_ten_at_most, .init = setup, .fini = teardown)
{
    amct_graph *g;
    write_rules();
    write_text("weights", "WEIGHTS\nw 2x4 1 2 3 4 5 6 7 8\nv 1 1\n");
    cr_assert_eq(import(&g, "net", "weights"), AMCT_E_INVALID);
    HAS(err.text, "/weights: does not fit ");
    HAS(err.text, "/net: 2 names, shapes or types differ: 'w' is 2x4, 8 wanted; "
                  "'v' is not in the network");
    char text[512] = "WEIGHTS\nw 8 1 2 3 4 5 6 7 8\n";
    for (int i = 0; i < 12; i++)
        sprintf(text + strlen(text), "v%02d 1 1\n", i);
    write_text("weights", text);
    cr_assert_eq(import(&g, "net", "weights"), AMCT_E_INVALID);
    HAS(err.text, ": 12 names");
    HAS(err.text, "'v09' is not in the network; ...");
    cr_assert_null(strstr(err.text, "v10"));
}

Test(import_weights, a_name_twice_is_refused, .init = setup, .fini = teardown)
{
    amct_graph *g;
    write_rules();
    write_text("weights", "WEIGHTS\nw 8 1 2 3 4 5 6 7 8\nw 8 1 2 3 4 5 6 7 8\n");
    cr_assert_eq(import(&g, "net", "weights"), AMCT_E_FORMAT);
    HAS(err.text, "/weights: the name 'w' is there twice");
}

Test(import_weights, a_layer_that_gets_none_is_named, .init = setup, .fini = teardown)
{
    amct_graph *g, *weights;
    write_text("net.two", "TWOFILES");
    write_floats("net.floats", 1);
    cr_assert_eq(import(&g, "net.two", NULL), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_graph_new(&weights, &err), AMCT_OK);
    cr_assert_eq(amct_weights_put(g, "net", weights, "weights", &err), AMCT_E_INVALID);
    HAS(err.text, "weights: does not fit net: 1 names, shapes or types differ: 'w' of the network "
                  "is not in the file");
    amct_graph_free(g); /* and what was to go into it */
}

Test(import_weights, a_file_of_weights_is_no_model, .init = setup, .fini = teardown)
{
    amct_graph *g;
    write_rules();
    write_text("weights", "WEIGHTS\nw 8 1 2 3 4 5 6 7 8\n");
    cr_assert_eq(import(&g, "weights", NULL), AMCT_E_INVALID);
    HAS(err.text, "/weights: holds weights but no network; give the network as MODEL and this file "
                  "with --weights");
    cr_assert_eq(import(&g, "net", "net"), AMCT_E_INVALID);
    HAS(err.text, "/net: holds a network, a file of weights is wanted");
    cr_assert_eq(import(&g, "net", "nothing"), AMCT_E_IO);
    HAS(err.text, "/nothing: ");
}

Test(import_weights, the_importer_that_takes_them_gets_the_path, .init = setup, .fini = teardown)
{
    amct_graph *g;
    cr_assert_eq(mkdir(in_folder("elsewhere"), 0777), 0);
    cr_assert_eq(mkdir(in_folder("here"), 0777), 0);
    write_text("here/net.two", "TWOFILES");
    write_floats("elsewhere/any.name", 5);
    cr_assert_eq(import(&g, "here/net.two", "elsewhere/any.name"), AMCT_OK, "%s", err.text);
    cr_assert_eq(w_of(g, 2), 7);
    cr_assert_not(g->no_weights);
    amct_graph_free(g);
    cr_assert_eq(import(&g, "here/net.two", "elsewhere/nothing"), AMCT_E_IO);
    HAS(err.text, "elsewhere/nothing: ");
}

Test(import_weights, those_beside_the_model_are_found, .init = setup, .fini = teardown)
{
    amct_graph *g;
    write_text("net.two", "TWOFILES");
    write_floats("other.floats", 1);
    cr_assert_eq(import(&g, "net.two", NULL), AMCT_OK, "%s", err.text);
    cr_assert_eq(w_of(g, 0), 1, "the only one");
    amct_graph_free(g);
    write_floats("net.floats", 3);
    cr_assert_eq(import(&g, "net.two", NULL), AMCT_OK, "%s", err.text);
    cr_assert_eq(w_of(g, 0), 3, "that of the model's name");
    amct_graph_free(g);
    write_text("third.two", "TWOFILES");
    cr_assert_eq(import(&g, "third.two", NULL), AMCT_OK, "%s", err.text);
    cr_assert(g->no_weights, "there are two, neither is of the model's name");
    amct_graph_free(g);
}

Test(import_weights, without_them_shapes_remain, .init = setup, .fini = teardown)
{
    amct_graph *g;
    write_text("net.two", "TWOFILES");
    cr_assert_eq(import(&g, "net.two", NULL), AMCT_OK, "%s", err.text);
    cr_assert(g->no_weights);
    cr_assert_eq(w_of(g, 7), 0);
    amct_graph_free(g);
}

Test(import_weights, of_a_folder_the_saved_model_is_asked_for, .init = setup, .fini = teardown)
{
    amct_graph *g;
    cr_assert_eq(mkdir(in_folder("net.savedmodel"), 0777), 0);
    cr_assert_eq(import(&g, "net.savedmodel", NULL), AMCT_E_INVALID);
    HAS(err.text, "/net.savedmodel: is a folder without a saved_model.pb");
    write_text("net.savedmodel/saved_model.pb", "TWOFILES");
    cr_assert_eq(import(&g, "net.savedmodel/", NULL), AMCT_OK, "%s", err.text);
    amct_graph_free(g);
}
