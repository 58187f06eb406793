#include "report/plot.h"
#include "report_sample.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static amct_err err;
static report_sample sample;
static const report_sample_shape small = {12, 40, 0.01, "MET", 0, true};

static void setup(void)
{
    report_sample_make(&sample, small);
}

static void teardown(void)
{
    report_sample_free(&sample);
}

TestSuite(report_page, .init = setup, .fini = teardown);

static size_t count(const char *page, const char *words)
{
    size_t n = 0;
    for (const char *at = page; (at = strstr(at, words)); at += strlen(words))
        n++;
    return n;
}

static bool is_void(const char *name)
{
    return !strcmp(name, "meta") || !strcmp(name, "br") || !strcmp(name, "wbr");
}

/* Every element is closed in its turn, every attribute quoted, and nothing stands outside. */
static void assert_well_formed(const char *page)
{
    enum { DEEPEST = 64 };
    char open[DEEPEST][16];
    int depth = 0;
    cr_assert_eq(strncmp(page, "<!DOCTYPE html>\n", 16), 0);
    const char *at = page + 15;
    while ((at = strchr(at, '<'))) {
        char name[16] = "";
        bool closes = at[1] == '/';
        const char *begin = at;
        at += 1 + closes;
        for (size_t i = 0; isalnum((unsigned char)*at) && i + 1 < sizeof name; at++)
            name[i++] = *at;
        cr_assert(*name, "stray '<': %.60s", begin);
        bool quoted = false;
        for (; *at && (quoted || *at != '>'); at++) {
            quoted ^= *at == '"';
            cr_assert_neq(*at, '<', "'<' within a tag: %.60s", begin);
        }
        cr_assert_eq(*at, '>', "%.60s", begin);
        if (closes) {
            cr_assert(depth > 0 && strcmp(open[depth - 1], name) == 0, "'%s' is open at %.60s",
                      depth ? open[depth - 1] : "nothing", begin);
            depth--;
        } else if (!is_void(name) && at[-1] != '/') {
            cr_assert_lt(depth, DEEPEST);
            strcpy(open[depth++], name);
        }
        if (!closes && (!strcmp(name, "style") || !strcmp(name, "script")))
            at = strstr(at, !strcmp(name, "style") ? "</style>" : "</script>");
    }
    cr_assert_eq(depth, 0, "'%s' is never closed", depth ? open[depth - 1] : "");
}

/* A sound page about the sample as it is now; freed by the caller. */
static char *page_of(const cJSON *result, const amct_report_point *points, size_t n)
{
    char *page = NULL;
    cr_assert_eq(amct_report_html(&page, result, points, n, &err), AMCT_OK, "%s", err.text);
    assert_well_formed(page);
    cr_assert_eq(count(page, "<script"), 1);
    cr_assert_eq(count(page, "nan"), 0);
    cr_assert_eq(count(page, "\"inf"), 0);
    return page;
}

static char *sample_page(void)
{
    return page_of(sample.json.root, sample.points, sample.n);
}

static void assert_has(const char *page, const char *words)
{
    cr_assert_not_null(strstr(page, words), "the page lacks '%s'", words);
}

static void assert_lacks(const char *page, const char *words)
{
    cr_assert_null(strstr(page, words), "the page has '%s'", words);
}

static void set(const char *key, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(sample.json.root, key);
    cr_assert(cJSON_AddItemToObject(sample.json.root, key, value));
}

static cJSON *get(const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(sample.json.root, key);
}

Test(report_page, has_all_parts)
{
    static const char *const parts[] = {"What was tried",
                                        "How the search converged",
                                        "Latency per layer, before and after",
                                        "<h2>Layers</h2>",
                                        "What was not tried",
                                        "Pareto front",
                                        "<h2>Files</h2>",
                                        "<h2>Run</h2>",
                                        "<h2>Versions</h2>",
                                        "<h2>Settings</h2>",
                                        "amct-autotune search -c search.yaml",
                                        "0: budget met and faster",
                                        "in nine of ten networks",
                                        "Ascend310P3, batch 16",
                                        "200 calibration, 1000 search, 10\u202f000 confirm",
                                        "auto, seed 1",
                                        "budget <b>1.0\u00a0pp</b>",
                                        "97.5\u00a0% interval",
                                        "href=\"./best/mobilenet_v1_0.75_224_deploy_model.onnx\""};
    char *page = sample_page();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_has(page, parts[i]);
    free(page);
}

Test(report_page, refers_to_nothing_outside)
{
    static const char *const references[] = {"http:",   "https:", " src=",  "url(",
                                             "@import", "<link",  "fetch(", "import("};
    char *page = sample_page();
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        assert_lacks(page, references[i]);
    assert_has(page, "default-src 'none'");
    free(page);
}

Test(report_page, every_candidate_is_drawn_in_its_kind)
{
    amct_report_point points[] = {
        {.number = 1, .latency_ms = 0.9, .drop = 0.002, .samples = 1000, .complete = true},
        {.number = 2, .latency_ms = 0.8, .drop = 0.005, .samples = 1000, .complete = true},
        {.number = 3, .latency_ms = 0.7, .drop = 0.020, .samples = 63},
        {.number = 4, .latency_ms = 1.0, .drop = 0.001, .samples = 64, .probe = true},
        {.number = 5, .latency_ms = 0.6, .drop = 0.500, .samples = 63},
        {.number = 6, .latency_ms = 0.6, .drop = NAN},
        {.number = 7, .latency_ms = 0.6, .drop = NAN, .refined = true},
        {.number = 8, .latency_ms = 0.9, .drop = 0.035, .samples = 1000, .complete = true}};
    set("front", cJSON_CreateArray());
    char *page = page_of(sample.json.root, points, 8), *second = strstr(page, "How the search");
    assert_has(second, "evaluation 6, candidate 8: 0.900\u00a0ms");
    *second = 0;
    cr_assert_eq(count(page, "class=\"m full\""), 2);
    cr_assert_eq(count(page, "class=\"m rejected\""), 1);
    cr_assert_eq(count(page, "class=\"m probe\""), 1);
    cr_assert_eq(count(page, "class=\"m beyond\""), 2);
    cr_assert_eq(count(page, "class=\"m original\""), 1);
    cr_assert_eq(count(page, "class=\"m chosen\""), 1);
    cr_assert_eq(count(page, "class=\"budget\""), 1);
    assert_has(page, "candidate 3: 0.700\u00a0ms, drop 2.00\u00a0pp on 63 samples, then given up");
    assert_has(page, "2 candidates lie above the scale, up to 50.00\u00a0pp");
    assert_has(page, "2 could not be measured");
    free(page);
}

Test(report_page, marks_stand_where_the_axes_say)
{
    /* latencies 1 .. 2 with a margin of 3 %, drops 0 .. 1 with one of 4 % */
    amct_report_point points[] = {
        {.latency_ms = 1.5, .drop = 0.005, .samples = 9, .complete = true}};
    set("front", cJSON_CreateArray());
    set("baseline", cJSON_Parse("{\"latency_ms\":2}"));
    set("best", cJSON_Parse("{\"latency_ms\":1,\"drop\":0}"));
    char *page = page_of(sample.json.root, points, 1), where[64];
    snprintf(where, sizeof where, "class=\"m full\" cx=\"50.00%%\" cy=\"%.1f\"",
             AMCT_PLOT_HEIGHT / 2.0);
    assert_has(page, where);
    assert_lacks(page, "class=\"error\""); /* there is no interval */
    free(page);
}

Test(report_page, the_front_is_a_staircase)
{
    set("front", cJSON_Parse("[{\"latency_ms\":1,\"drop\":0.01},{\"latency_ms\":2,\"drop\":0.005},"
                             "{\"latency_ms\":3,\"drop\":0}]"));
    char *page = sample_page();
    cr_assert_eq(count(page, "class=\"stairs\""), 4);
    cr_assert_eq(count(page, "class=\"m front\""), 3);
    free(page);
}

Test(report_page, verdicts_are_told_in_words)
{
    static const struct {
        const char *verdict;
        bool faster;
        const char *words;
    } cases[] = {
        {"MET", true, "<strong>MET</strong> 2.00\u00d7 faster, within"},
        {"MET", false, "<strong>MET</strong> Not faster than the original; the accuracy budget is"},
        {"NOT_PROVEN", true, "<strong>NOT PROVEN</strong> 2.00\u00d7 faster; the samples do not"},
        {"MISSED", true, "<strong>MISSED</strong> 2.00\u00d7 faster; the accuracy budget is exc"},
        {"MISSED", false, "<strong>MISSED</strong> Not faster than the original; the accuracy"},
        {"<b>", true, "<strong>NO VERDICT</strong> 2.00\u00d7 faster; the result says nothing"},
    };
    set("best", cJSON_Parse("{\"speedup\":2}"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set("verdict", cJSON_CreateString(cases[i].verdict));
        set("faster", cJSON_CreateBool(cases[i].faster));
        char *page = sample_page();
        assert_has(page, cases[i].words);
        free(page);
    }
}

Test(report_page, an_early_end_and_unconfirmed_numbers_are_pointed_out)
{
    char *page = sample_page();
    assert_lacks(page, "class=\"warn\"");
    free(page);
    set("status", cJSON_CreateNumber(5));
    set("samples", cJSON_Parse("{\"calibration\":10,\"search\":100,\"confirm\":0}"));
    page = sample_page();
    assert_has(page, "The search was stopped early");
    assert_has(page, "No samples were kept for confirmation");
    assert_has(page, "5: stopped early");
    free(page);
}

Test(report_page, accuracies_are_shown_in_the_units_of_the_metric)
{
    set("best", cJSON_Parse("{\"value\":0.9871,\"drop\":0.0012,\"drop_interval\":[0.001,0.002]}"));
    set("metric", cJSON_CreateString("cosine"));
    char *page = sample_page();
    assert_has(page, "cosine to the original");
    assert_has(page, "0.9871");
    assert_has(page, "Drop <b>0.0012</b>");
    free(page);
    set("metric", cJSON_CreateString("agreement"));
    page = sample_page();
    assert_has(page, "agreement with the original");
    assert_has(page, "98.71\u00a0%");
    assert_has(page, "Drop <b>0.12\u00a0pp</b>");
    free(page);
}

Test(report_page, the_form_of_the_chosen_model_is_told)
{
    char *page = sample_page();
    assert_has(page, "The chosen model, restored, rebuilt, stands");
    free(page);
}

Test(report_page, other_levels_are_told_against_the_chosen_network)
{
    set("best", cJSON_Parse("{\"latency_ms\":1.5}"));
    set("layers", cJSON_Parse("[{\"name\":\"a\",\"op\":\"Conv\",\"bits\":\"16\","
                              "\"latency_us\":10,\"baseline_latency_us\":10,\"loss_alone\":0.0123,"
                              "\"alternatives\":[{\"bits\":\"w8a8\",\"network_latency_ms\":1.4875,"
                              "\"loss_alone\":0.0456},"
                              "{\"bits\":\"w4a8\",\"network_latency_ms\":1.51}]}]"));
    char *page = sample_page();
    assert_has(page, "<td class=\"n\">12.3</td><td class=\"other\">w8a8<br>w4a8</td>"
                     "<td class=\"n\">−12.5<br>+10.0</td><td class=\"n\">45.6<br>");
    free(page);
}

Test(report_page, the_picture_shows_bits_channels_and_ranks)
{
    set("layers",
        cJSON_Parse("[{\"name\":\"a\",\"bits\":\"w8a8\",\"channels\":64,\"channels_kept\":48,"
                    "\"rank\":16,\"form\":\"spatial\",\"bytes\":1500},"
                    "{\"name\":\"b\",\"bits\":\"w4a4\",\"channels\":32,\"channels_kept\":32,"
                    "\"rank\":null,\"form\":null,\"bytes\":250}]"));
    char *page = sample_page();
    assert_has(page, "w8a8, <b>48</b> of 64, <b>rank 16</b> spatial");
    assert_has(page, "w4a4, 32</span>");
    assert_has(page, "<rect class=\"after\" y=\"4.0\" height=\"6.0\" width=\"75.00%\"/>");
    assert_has(page, "<line class=\"cut\" x1=\"25.00%\"");
    assert_has(page, "<rect class=\"after\" y=\"5.5\" height=\"3.0\" width=\"50.00%\"/>");
    cr_assert_eq(count(page, "class=\"cut\""), 2); /* with the legend */
    assert_has(page, "<td class=\"n\">0.250</td>");
    free(page);
}

Test(report_page, reasons_of_all_kinds_are_told)
{
    set("layers", cJSON_Parse("[{\"name\":\"a\",\"reason\":\"few bits\",\"reasons\":{"
                              "\"sparsity\":\"few channels\",\"rank\":\"a low rank\"}}]"));
    char *page = sample_page();
    assert_has(page, "few bits<br>channels: few channels<br>rank: a low rank</td>");
    free(page);
}

Test(report_page, weights_that_fit_calibration_too_well_are_pointed_out)
{
    char *page = sample_page();
    assert_lacks(page, "calibration samples too well");
    free(page);
    set("best", cJSON_Parse("{\"latency_ms\":1.5,\"loss\":0.5,\"fitted_loss\":0.125,"
                            "\"overfitted\":true}"));
    page = sample_page();
    assert_has(page, "too well: mean loss 0.125 on those they were fitted to, 0.500 on others");
    free(page);
}

Test(report_page, hostile_texts_stay_texts)
{
    static const char *const hostile[] = {"</td></table><script>alert(1)</script>",
                                          "\"><img onerror=alert(1)>",
                                          "'\" onmouseover='a()'",
                                          "]]></svg></title>",
                                          "\xff\xfe<\xc0\xbc",
                                          "%s%n",
                                          "javascript:alert(1)"};
    static const char *const keys[] = {"model",     "data",   "target",  "metric",   "verdict",
                                       "algorithm", "reason", "started", "estimator"};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            set(keys[k], cJSON_CreateString(hostile[i]));
        for (cJSON *layer = get("layers")->child; layer; layer = layer->next)
            for (cJSON *item = layer->child; item; item = item->next)
                if (cJSON_IsString(item))
                    cr_assert_not_null(cJSON_SetValuestring(item, hostile[i]));
        cJSON *map = cJSON_CreateObject();
        cJSON_AddStringToObject(map, hostile[i], hostile[i]);
        set("files", map);
        set("versions", cJSON_Duplicate(map, true));
        set("settings", cJSON_Duplicate(map, true));
        cJSON *skip = cJSON_CreateObject(), *list = cJSON_CreateArray();
        cJSON_AddStringToObject(skip, "name", hostile[i]);
        cJSON_AddStringToObject(skip, "reason", hostile[i]);
        cJSON_AddItemToArray(list, skip);
        set("skipped", list);
        char *page = sample_page();
        assert_lacks(page, "<img");
        assert_lacks(page, "onmouseover='");
        assert_lacks(page, "href=\"javascript");
        free(page);
    }
}

Test(report_page, no_candidates_make_a_page)
{
    set("convergence", cJSON_CreateArray());
    set("front", cJSON_CreateArray());
    set("evaluations", cJSON_CreateNumber(0));
    char *page = page_of(sample.json.root, NULL, 0);
    cr_assert_eq(count(page, "No candidate was measured."), 2);
    assert_lacks(page, "Pareto front</h2>");
    free(page);
}

Test(report_page, a_search_that_ended_at_once_has_no_course_to_draw)
{
    set("convergence", cJSON_Parse("[{\"evaluations\":1,\"latency_ms\":1}]"));
    set("evaluations", cJSON_CreateNumber(1));
    char *page = page_of(sample.json.root, sample.points, 0);
    assert_has(page, "One candidate was measured.");
    free(page);
    set("evaluations", cJSON_CreateNumber(2));
    page = page_of(sample.json.root, sample.points, 0);
    assert_has(page, "class=\"best\"");
    assert_lacks(page, ">0.5</text>");
    free(page);
}

Test(report_page, networks_of_one_layer_and_of_none_make_a_page)
{
    while (cJSON_GetArraySize(get("layers")) > 1)
        cJSON_DeleteItemFromArray(get("layers"), 1);
    char *page = sample_page();
    cr_assert_eq(count(page, "class=\"before\""), 2); /* with the legend */
    free(page);
    set("layers", cJSON_CreateArray());
    set("skipped", cJSON_CreateArray());
    page = sample_page();
    assert_has(page, "No layer has a latency.");
    assert_has(page, "No layer is listed.");
    assert_has(page, "<h2>What was not tried</h2>\n<p>None.</p>");
    free(page);
}

Test(report_page, layers_within_others_are_counted_not_drawn)
{
    set("layers", cJSON_Parse("[{\"name\":\"a\",\"latency_us\":5,\"baseline_latency_us\":8},"
                              "{\"name\":\"b\",\"latency_us\":null,\"baseline_latency_us\":null},"
                              "{\"name\":\"c\",\"latency_us\":null,\"baseline_latency_us\":4}]"));
    set("baseline", cJSON_Parse("{\"latency_ms\":0.020}"));
    set("best", cJSON_Parse("{\"latency_ms\":0.012}"));
    char *page = sample_page();
    assert_has(page, "width=\"50.00%\"");
    assert_has(page, "takes 8.000 → 7.000\u00a0µs");
    assert_has(page, "1 layers that run as part of another");
    free(page);
}

Test(report_page, skipped_layers_are_gathered_by_reason)
{
    set("skipped",
        cJSON_Parse("[{\"name\":\"a\",\"reason\":\"y\"},{\"name\":\"b\"},{\"name\":\"c\","
                    "\"reason\":\"x\"},{\"name\":\"d\",\"reason\":\"y\"}]"));
    char *page = sample_page();
    assert_has(page, "<td class=\"why\">y</td><td class=\"n\">2</td><td class=\"name\">"
                     "<bdi>a</bdi>, <bdi>d</bdi></td>");
    assert_has(page, "<td class=\"why\">–</td><td class=\"n\">1</td>");
    free(page);
}

Test(report_page, extreme_values_make_a_page)
{
    static const double extremes[] = {0,        -1,       5e-324, DBL_MIN, DBL_MAX,
                                      -DBL_MAX, INFINITY, NAN,    1e-12,   0x1p53};
    enum { N = sizeof extremes / sizeof *extremes };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            amct_report_point points[] = {
                {UINT64_MAX, extremes[i], extremes[j], UINT32_MAX, true, false, false},
                {0, extremes[j], extremes[i], 0, false, false, false},
                {1, 1, 0.01, 1, false, true, false}};
            char *page = page_of(sample.json.root, points, 3);
            free(page);
        }
    static const char *const keys[] = {"budget_drop", "confidence",       "batch",
                                       "evaluations", "error_band_ratio", "seed"};
    for (int i = 0; i < N; i++) {
        cJSON *best = cJSON_CreateObject();
        cJSON_AddNumberToObject(best, "latency_ms", extremes[i]);
        cJSON_AddNumberToObject(best, "drop", extremes[i]);
        cJSON_AddNumberToObject(best, "speedup", extremes[i]);
        cJSON_AddNumberToObject(best, "bytes", extremes[i]);
        set("baseline", cJSON_Duplicate(best, true));
        set("best", best);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            set(keys[k], cJSON_CreateNumber(extremes[i]));
        cJSON *layer = get("layers")->child;
        cJSON_SetNumberValue(cJSON_GetObjectItem(layer, "latency_us"), extremes[i]);
        cJSON_SetNumberValue(cJSON_GetObjectItem(layer, "baseline_latency_us"), extremes[i]);
        free(sample_page());
    }
}

/* Every value of the result, at any depth, in turn missing or of every other type. */
static void spoil(cJSON *parent, cJSON *(*make)(void))
{
    for (cJSON *item = parent->child; item;) {
        cJSON *next = item->next, *saved = cJSON_Duplicate(item, true), *spoilt = make();
        bool schema = item->string && strcmp(item->string, "schema") == 0;
        if (!schema) {
            cr_assert(cJSON_ReplaceItemViaPointer(parent, item, spoilt));
            spoilt->string = saved->string ? strdup(saved->string) : NULL;
            free(page_of(sample.json.root, sample.points, 3));
            cr_assert(cJSON_ReplaceItemViaPointer(parent, spoilt, saved));
            spoil(saved, make);
        } else {
            cJSON_Delete(saved);
            cJSON_Delete(spoilt);
        }
        item = next;
    }
}

static cJSON *make_text(void)
{
    return cJSON_CreateString("x");
}

static cJSON *make_number(void)
{
    return cJSON_CreateNumber(-7.5);
}

static cJSON *make_list(void)
{
    return cJSON_Parse("[null,[1],{\"name\":[]}]");
}

Test(report_page, a_value_of_another_type_is_a_dash_never_a_crash)
{
    report_sample_free(&sample);
    report_sample_make(&sample, (report_sample_shape){3, 8, 0.01, "MET", 0, true});
    spoil(sample.json.root, make_text);
    spoil(sample.json.root, make_number);
    spoil(sample.json.root, make_list);
    spoil(sample.json.root, cJSON_CreateNull);
}

Test(report_page, an_empty_result_is_a_page_of_dashes)
{
    cJSON *result = cJSON_Parse("{\"schema\":1}");
    char *page = page_of(result, sample.points, sample.n);
    assert_has(page, "<strong>NO VERDICT</strong>");
    assert_has(page, "<h1>– <span>on –, batch –</span></h1>");
    free(page);
    cJSON_Delete(result);
}

Test(report_page, what_is_no_result_is_refused)
{
    static const struct {
        const char *text;
        amct_status status;
        const char *words;
    } cases[] = {
        {"[]", AMCT_E_FORMAT, "not a JSON object"},
        {"null", AMCT_E_FORMAT, "not a JSON object"},
        {"{}", AMCT_E_FORMAT, "no number \"schema\""},
        {"{\"schema\":\"1\"}", AMCT_E_FORMAT, "no number \"schema\""},
        {"{\"schema\":2}", AMCT_E_UNSUPPORTED, "schema 2, wanted 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *page = NULL;
        cJSON *result = cJSON_Parse(cases[i].text);
        cr_assert_eq(amct_report_html(&page, result, NULL, 0, &err), cases[i].status);
        cr_assert_not_null(strstr(err.text, cases[i].words), "%s", err.text);
        cr_assert_null(page);
        cJSON_Delete(result);
    }
    char *page = NULL;
    cr_assert_eq(amct_report_html(&page, NULL, NULL, 0, &err), AMCT_E_FORMAT);
}

Test(report_page, a_result_just_built_and_one_read_back_give_the_same_page)
{
    char *text, *built = sample_page();
    cr_assert_eq(amct_json_text_of(&text, &sample.json, true, &err), AMCT_OK);
    cJSON *parsed = cJSON_Parse(text);
    char *read = page_of(parsed, sample.points, sample.n);
    cr_assert_str_eq(built, read);
    cJSON_Delete(parsed);
    free(text);
    free(built);
    free(read);
}

Test(report_page, a_large_study_stays_a_page)
{
    enum { N = 300000 };
    amct_report_point *points = calloc(N, sizeof *points);
    cr_assert_not_null(points);
    for (uint32_t i = 0; i < N; i++)
        points[i] = (amct_report_point){.number = i,
                                        .latency_ms = 1 + (i % 997) / 1e4,
                                        .drop = (i % 101) / 1e4,
                                        .samples = 1000,
                                        .complete = true};
    char *page = page_of(sample.json.root, points, N);
    cr_assert_lt(strlen(page), 30 << 20);
    free(page);
    free(points);
}

Test(report_page, deep_networks_have_a_bar_and_a_row_for_each_layer)
{
    report_sample_free(&sample);
    report_sample_make(&sample, (report_sample_shape){156, 60, 0.01, "MET", 0, true});
    char *page = sample_page();
    cr_assert_eq(count(page, "class=\"after\""), 1 + 156 - 17); /* every ninth lies in another */
    cr_assert_eq(count(page, "<td class=\"name\">"), 156 + 1);
    assert_has(page, "17 layers that run as part of another");
    free(page);
}
