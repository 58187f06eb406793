#include "base/file.h"
#include "base/yaml.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static amct_arena *arena;

static void setup(void)
{
    arena = amct_arena_new();
}

static void teardown(void)
{
    amct_arena_free(arena);
}

TestSuite(base_yaml, .init = setup, .fini = teardown);

static const amct_yaml_node *parse(const char *text)
{
    const amct_yaml_node *root = NULL;
    cr_assert_eq(amct_yaml_parse(&root, arena, "search.yaml", text, strlen(text), &err), AMCT_OK,
                 "%s", err.text);
    return root;
}

static void assert_refused(const char *text, amct_status code, const char *words)
{
    const amct_yaml_node *root = NULL;
    cr_assert_eq(amct_yaml_parse(&root, arena, "search.yaml", text, strlen(text), &err), code,
                 "%s: %s", text, err.text);
    cr_assert_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    cr_assert_null(root);
}

Test(base_yaml, the_search_file_of_the_manual_is_read)
{
    const amct_yaml_node *root =
        parse("model: resnet50.onnx\n"
              "data:\n"
              "  path: val/    # a folder\n"
              "  preprocess: {resize: 256, crop: 224, color: RGB, mean: [0.485, 0.456, 0.406],"
              " scale: 1/255}\n"
              "  calibration: 256\n"
              "  confirm: rest\n"
              "budget: {metric: top1, max_drop: 1.0%, confidence: 95%}\n"
              "target: {estimator: ascend, chip: Ascend310P3, batch: 1, aipp: true}\n"
              "space:\n"
              "  skip: [\"conv1\", \"*/fc\"]\n"
              "  sparsity:\n"
              "search: {algorithm: random, time_limit: 8h, seed: 1, memory: 4GiB}\n");
    static const char *const algorithms[] = {"auto", "random", NULL};
    const char *model = NULL, *path = NULL, *confirm = NULL;
    const amct_yaml_node *data = NULL, *budget = NULL, *target = NULL, *space = NULL,
                         *search = NULL, *preprocess = NULL, *skip = NULL, *sparsity = NULL;
    amct_yaml_field top[] = {
        AMCT_YAML_TEXT("model", &model),   AMCT_YAML_NODE("data", &data),
        AMCT_YAML_NODE("budget", &budget), AMCT_YAML_NODE("target", &target),
        AMCT_YAML_NODE("space", &space),   AMCT_YAML_NODE("search", &search),
    };
    cr_assert_eq(amct_yaml_read_map(root, top, 6, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(model, "resnet50.onnx");
    int64_t calibration = 0, batch = 0, seed = 0;
    amct_yaml_field in_data[] = {
        AMCT_YAML_TEXT("path", &path),
        AMCT_YAML_NODE("preprocess", &preprocess),
        AMCT_YAML_INTEGER("calibration", &calibration, 1, 1000000),
        AMCT_YAML_TEXT("confirm", &confirm),
    };
    cr_assert_eq(amct_yaml_read_map(data, in_data, 4, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(path, "val/");
    cr_assert_eq(calibration, 256);
    cr_assert_str_eq(confirm, "rest");
    cr_assert_eq(preprocess->kind, AMCT_YAML_IS_MAP);
    const amct_yaml_node *mean = amct_yaml_get(preprocess, "mean");
    cr_assert_eq(mean->n, 3);
    double value = 0, drop = 0, confidence = 0;
    cr_assert_eq(amct_yaml_number(&value, mean->first->next, &err), AMCT_OK);
    cr_assert_eq(value, 0.456);
    cr_assert_null(mean->first->next->next->next);
    amct_yaml_field in_budget[] = {AMCT_YAML_RATIO("max_drop", &drop),
                                   AMCT_YAML_RATIO("confidence", &confidence),
                                   AMCT_YAML_NODE("metric", &skip)};
    cr_assert_eq(amct_yaml_read_map(budget, in_budget, 3, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(drop, 0.01);
    cr_assert_eq(confidence, 0.95);
    bool aipp = false;
    const char *chip = NULL;
    amct_yaml_field in_target[] = {
        AMCT_YAML_TEXT("chip", &chip), AMCT_YAML_TEXT("estimator", &chip),
        AMCT_YAML_INTEGER("batch", &batch, 1, 4096), AMCT_YAML_BOOL("aipp", &aipp)};
    cr_assert_eq(amct_yaml_read_map(target, in_target, 4, &err), AMCT_OK, "%s", err.text);
    cr_assert(aipp);
    cr_assert_eq(batch, 1);
    amct_yaml_field in_space[] = {AMCT_YAML_NODE("skip", &skip),
                                  AMCT_YAML_NODE("sparsity", &sparsity)};
    cr_assert_eq(amct_yaml_read_map(space, in_space, 2, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(skip->first->next->text, "*/fc");
    cr_assert_null(sparsity, "an empty section is as good as none");
    int algorithm = 0;
    uint64_t limit_ns = 0, memory_bytes = 0;
    amct_yaml_field in_search[] = {AMCT_YAML_CHOICE("algorithm", &algorithm, algorithms),
                                   AMCT_YAML_DURATION("time_limit", &limit_ns),
                                   AMCT_YAML_INTEGER("seed", &seed, 0, INT64_MAX),
                                   AMCT_YAML_BYTES("memory", &memory_bytes, 0)};
    cr_assert_eq(amct_yaml_read_map(search, in_search, 4, &err), AMCT_OK, "%s", err.text);
    cr_assert_eq(algorithm, 1);
    cr_assert_eq(limit_ns, 28800 * UINT64_C(1000000000));
    cr_assert_eq(memory_bytes, UINT64_C(4) << 30);
}

Test(base_yaml, nodes_know_their_place)
{
    const amct_yaml_node *root = parse("a: 1\nbb:\n  - x\n  -  y\n");
    const amct_yaml_node *list = amct_yaml_get(root, "bb");
    cr_assert_eq(root->line, 1);
    cr_assert_eq(list->key_line, 2);
    cr_assert_eq(list->key_column, 1);
    cr_assert_eq(list->line, 3);
    cr_assert_eq(list->first->next->line, 4);
    cr_assert_eq(list->first->next->column, 6);
    cr_assert_null(amct_yaml_get(root, "c"));
    cr_assert_null(amct_yaml_get(list, "c"), "a list has no keys");
}

Test(base_yaml, an_unknown_key_is_named_with_its_neighbour)
{
    const amct_yaml_node *root = parse("search:\n  population: 3\n    \n  evalutions: 400\n");
    int64_t population = 0, evaluations = 7;
    amct_yaml_field fields[] = {AMCT_YAML_INTEGER("evaluations", &evaluations, 1, 1000),
                                AMCT_YAML_INTEGER("population", &population, 1, 1000)};
    const amct_yaml_node *search = amct_yaml_get(root, "search");
    cr_assert_eq(amct_yaml_read_map(search, fields, 2, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:4:3: unknown key 'evalutions' (did you mean "
                               "'evaluations'?); allowed here: evaluations, population");
    cr_assert_eq(evaluations, 7);
}

Test(base_yaml, a_key_like_no_other_gets_no_guess)
{
    int64_t value = 0;
    amct_yaml_field fields[] = {AMCT_YAML_INTEGER("rank", &value, 1, 1000)};
    cr_assert_eq(amct_yaml_read_map(parse("x: 1"), fields, 1, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:1:1: unknown key 'x'; allowed here: rank");
    cr_assert_eq(amct_yaml_read_map(parse("rnak: 1"), fields, 1, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "did you mean 'rank'?"));
    char text[300];
    memset(text, 'k', sizeof text);
    strcpy(text + 200, ": 1");
    cr_assert_eq(amct_yaml_read_map(parse(text), fields, 1, &err), AMCT_E_INVALID);
}

Test(base_yaml, a_bad_value_names_its_key_and_place)
{
    const amct_yaml_node *root =
        parse("budget:\n\n  max_drop: '1,0%'\n  n: 12\n  yes: 1\n  list: [1]\n  word: grene\n"
              "  size: 3Q\n  time: 3y\n  scale: 1/0\n");
    const amct_yaml_node *budget = amct_yaml_get(root, "budget");
    double value = 42;
    int64_t n = 42;
    bool yes = false;
    uint64_t bytes;
    const char *text;
    int choice;
    static const char *const words[] = {"red", "green", NULL};
    cr_assert_eq(amct_yaml_ratio(&value, amct_yaml_get(budget, "max_drop"), &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text,
                     "search.yaml:3:13: max_drop: '1,0%' is not a ratio such as 1% or 0.01");
    cr_assert_eq(amct_yaml_integer(&n, amct_yaml_get(budget, "n"), 1, 8, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:4:6: n: '12' is outside of 1 .. 8");
    cr_assert_eq(amct_yaml_bool(&yes, amct_yaml_get(budget, "yes"), &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:5:8: yes: '1' is neither true nor false");
    cr_assert_eq(amct_yaml_text(&text, amct_yaml_get(budget, "list"), &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:6:9: list: wanted a single value, found a list [...]");
    cr_assert_eq(amct_yaml_choice(&choice, amct_yaml_get(budget, "word"), words, &err),
                 AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:7:9: word: 'grene' is not known (did you mean "
                               "'green'?); allowed: red, green");
    cr_assert_eq(amct_yaml_bytes(&bytes, amct_yaml_get(budget, "size"), 0, &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "search.yaml:8:9: size: '3Q' is not a size"));
    cr_assert_eq(amct_yaml_duration(&bytes, amct_yaml_get(budget, "time"), &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "search.yaml:9:9: time: '3y' is not a time"));
    cr_assert_eq(amct_yaml_number(&value, amct_yaml_get(budget, "scale"), &err), AMCT_E_INVALID);
    cr_assert_not_null(strstr(err.text, "search.yaml:10:10: scale: '1/0' is not a number"));
    cr_assert_eq(amct_yaml_want(budget, AMCT_YAML_IS_SEQUENCE, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text,
                     "search.yaml:3:3: budget: wanted a list [...], found a map {key: value, ...}");
    cr_assert_eq(amct_yaml_fail(budget, &err, "%d%%", 5), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:3:3: budget: 5%");
    cr_assert_eq(value, 42);
    cr_assert_eq(n, 42);
}

Test(base_yaml, values_left_empty_are_absent_or_missing)
{
    const amct_yaml_node *root = parse("a:\nb: ~\nc: null\nd: ''\nlist: [1, ~]\n");
    const char *text = "kept";
    amct_yaml_field fields[] = {AMCT_YAML_TEXT("a", &text), AMCT_YAML_TEXT("b", &text),
                                AMCT_YAML_TEXT("c", &text)};
    amct_yaml_field all[5];
    memcpy(all, fields, sizeof fields);
    const char *quoted = "kept";
    const amct_yaml_node *list = NULL;
    all[3] = (amct_yaml_field)AMCT_YAML_TEXT("d", &quoted);
    all[4] = (amct_yaml_field)AMCT_YAML_NODE("list", &list);
    cr_assert_eq(amct_yaml_read_map(root, all, 5, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(text, "kept");
    cr_assert_str_eq(quoted, "");
    double value;
    cr_assert_eq(amct_yaml_number(&value, list->first->next, &err), AMCT_E_INVALID);
    cr_assert_str_eq(err.text, "search.yaml:5:11: a value is missing");
    cr_assert_eq(amct_yaml_read_map(NULL, fields, 3, &err), AMCT_OK);
    cr_assert_eq(amct_yaml_read_map(list, fields, 3, &err), AMCT_E_INVALID);
}

Test(base_yaml, an_empty_document_is_an_empty_map)
{
    static const char *const empty[] = {"", "# nothing\n", "---\n", "~\n", "{}"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        const amct_yaml_node *root = parse(empty[i]);
        cr_assert_eq(root->kind, AMCT_YAML_IS_MAP);
        cr_assert_eq(root->n, 0);
    }
}

Test(base_yaml, duplicate_keys_are_refused)
{
    assert_refused("a: 1\nb: {c: 1, c: 2}\n", AMCT_E_FORMAT,
                   "search.yaml:2:11: key 'c' stands here a second time, first in line 2");
}

Test(base_yaml, what_makes_small_files_grow_is_refused)
{
    assert_refused("a: &x 1\n", AMCT_E_UNSUPPORTED, "search.yaml:1:4: anchors");
    assert_refused("a: *x\n", AMCT_E_UNSUPPORTED, "search.yaml:1:4: aliases");
    assert_refused("a: &x [1]\n", AMCT_E_UNSUPPORTED, "search.yaml:1:4: anchors");
    assert_refused("a: &x {b: 1}\n", AMCT_E_UNSUPPORTED, "search.yaml:1:4: anchors");
    assert_refused("a: !!str 1\n", AMCT_E_UNSUPPORTED, "search.yaml:1:4: tags");
    assert_refused("a: 1\n---\nb: 1\n", AMCT_E_UNSUPPORTED, "search.yaml:2:1: a second document");
    assert_refused("[1]: 1\n", AMCT_E_UNSUPPORTED, "as a key");
    assert_refused("a: \"x\\0y\"\n", AMCT_E_UNSUPPORTED, "zero character");
}

Test(base_yaml, malformed_text_names_line_and_column)
{
    assert_refused("a: [1\nb: 2\n", AMCT_E_FORMAT, "search.yaml:2:2: ");
    assert_refused("a: 1\n\tb: 1\n", AMCT_E_FORMAT, "search.yaml:2:1: ");
    assert_refused("a: 1\nbb\xff: 1\n", AMCT_E_FORMAT, "search.yaml:2:3: ");
    assert_refused("a: 'x\n", AMCT_E_FORMAT, "search.yaml:");
}

Test(base_yaml, limits_hold)
{
    size_t size = (1 << 20) + 1;
    char *text = malloc(size + 1);
    memset(text, '#', size);
    text[size] = 0;
    assert_refused(text, AMCT_E_LIMIT, "more than 1 MiB");
    text[size - 1] = 0;
    parse(text);
    memset(text, '[', 33);
    text[33] = 0;
    assert_refused(text, AMCT_E_LIMIT, "search.yaml:1:33: nested deeper than 32 levels");
    size_t length = 0;
    for (int i = 0; i < 257; i++)
        length += (size_t)sprintf(text + length, "k%d: 1\n", i);
    assert_refused(text, AMCT_E_LIMIT, "search.yaml:257:1: more than 256 keys");
    memset(text, ',', 400000);
    text[0] = '[';
    for (size_t i = 1; i < 400000; i += 2)
        text[i] = 'x';
    text[400000] = 0;
    assert_refused(text, AMCT_E_LIMIT, "more than 65536 values");
    free(text);
}

Test(base_yaml, a_file_is_named_in_messages)
{
    char path[] = "/tmp/amct-yaml-XXXXXX";
    const amct_yaml_node *root = NULL;
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    fclose(fdopen(fd, "w"));
    cr_assert_eq(amct_file_write(path, "a: 1\n", 5, &err), AMCT_OK);
    cr_assert_eq(amct_yaml_read(&root, arena, path, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(root->file, path);
    cr_assert_eq(amct_file_write(path, "a: {\n", 5, &err), AMCT_OK);
    cr_assert_eq(amct_yaml_read(&root, arena, path, &err), AMCT_E_FORMAT);
    cr_assert_eq(strncmp(err.text, path, strlen(path)), 0);
    remove(path);
    cr_assert_eq(amct_yaml_read(&root, arena, path, &err), AMCT_E_IO);
}
