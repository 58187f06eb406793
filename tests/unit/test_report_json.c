#include "report/json.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static amct_json json;
static amct_err err;

static void setup(void)
{
    amct_json_begin(&json);
}

static void teardown(void)
{
    amct_json_end(&json);
}

TestSuite(report_json, .init = setup, .fini = teardown);

static void assert_text(const char *wanted)
{
    char *text;
    cr_assert_eq(amct_json_text_of(&text, &json, false, &err), AMCT_OK, "%s", err.text);
    cr_assert_str_eq(text, wanted);
    free(text);
}

Test(report_json, begins_with_the_schema)
{
    assert_text("{\"schema\":1}\n");
}

Test(report_json, numbers_come_back_as_the_same_double)
{
    static const double numbers[] = {
        0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -2.5, 1e22, 0.30000000000000004};
    enum { N = sizeof numbers / sizeof *numbers };
    cJSON *list = amct_json_array(&json, json.root, "list");
    for (int i = 0; i < N; i++)
        amct_json_number(&json, list, NULL, numbers[i]);
    char *text;
    cr_assert_eq(amct_json_text_of(&text, &json, true, &err), AMCT_OK);
    cJSON *parsed = cJSON_Parse(text);
    const cJSON *item = amct_json_get_items(parsed, "list");
    for (int i = 0; i < N; i++, item = item->next)
        cr_assert_eq(item->valuedouble, numbers[i], "%.17g", numbers[i]);
    cr_assert_null(item);
    cJSON_Delete(parsed);
    free(text);
}

Test(report_json, bytes_that_are_no_text_are_replaced)
{
    amct_json_text(&json, json.root, "path", "a\xff\xfe\u00e9.onnx");
    assert_text("{\"schema\":1,\"path\":\"a\ufffd\ufffd\u00e9.onnx\"}\n");
}

Test(report_json, integers_keep_all_their_digits)
{
    amct_json_integer(&json, json.root, "a", 9007199254740993);
    amct_json_integer(&json, json.root, "b", INT64_MIN);
    amct_json_integer(&json, json.root, "c", INT64_MAX);
    assert_text("{\"schema\":1,\"a\":9007199254740993,\"b\":-9223372036854775808,"
                "\"c\":9223372036854775807}\n");
}

Test(report_json, what_does_not_exist_is_null)
{
    amct_json_text(&json, json.root, "text", NULL);
    amct_json_number(&json, json.root, "nan", NAN);
    amct_json_number(&json, json.root, "inf", -INFINITY);
    amct_json_null(&json, json.root, "null");
    amct_json_interval(&json, json.root, "interval", NAN, 1);
    assert_text("{\"schema\":1,\"text\":null,\"nan\":null,\"inf\":null,\"null\":null,"
                "\"interval\":null}\n");
}

Test(report_json, objects_arrays_and_intervals_nest)
{
    cJSON *list = amct_json_array(&json, json.root, "list");
    cJSON *at = amct_json_object(&json, list, NULL);
    amct_json_bool(&json, at, "yes", true);
    amct_json_interval(&json, at, "interval", -0.5, 2);
    amct_json_object(&json, list, NULL);
    assert_text("{\"schema\":1,\"list\":[{\"yes\":true,\"interval\":[-0.5,2]},{}]}\n");
}

Test(report_json, texts_are_escaped)
{
    amct_json_text(&json, json.root, "a\"b", "c\\\n\x01");
    assert_text("{\"schema\":1,\"a\\\"b\":\"c\\\\\\n\\u0001\"}\n");
}

Test(report_json, a_failure_is_told_at_the_end)
{
    amct_json_text(&json, NULL, "key", "text"); /* what a failed amct_json_object leaves */
    char *text = NULL;
    cr_assert_eq(amct_json_text_of(&text, &json, false, &err), AMCT_E_NOMEM);
    cr_assert_null(text);
}

Test(report_json, a_full_disk_is_an_error)
{
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        cr_skip_test("/dev/full is not there");
    cr_assert_eq(amct_json_print(&json, full, false, &err), AMCT_E_IO);
    cr_assert_not_null(strstr(err.text, "No space left"), "%s", err.text);
    fclose(full);
}

Test(report_json, fields_are_read_as_built_and_as_parsed)
{
    amct_json_integer(&json, json.root, "n", -42);
    cr_assert_eq(amct_json_get_number(json.root, "n"), -42);
    cJSON *parsed = cJSON_Parse("{\"n\":-42,\"huge\":1e999,\"text\":\"1\",\"pair\":[1,2],"
                                "\"three\":[1,2,3],\"odd\":[\"1\",2],\"Yes\":true}");
    double lo, hi;
    cr_assert_eq(amct_json_get_number(parsed, "n"), -42);
    cr_assert(isnan(amct_json_get_number(parsed, "huge")));
    cr_assert(isnan(amct_json_get_number(parsed, "text")));
    cr_assert(isnan(amct_json_get_number(parsed, "missing")));
    cr_assert(isnan(amct_json_get_number(NULL, "n")));
    cr_assert_str_eq(amct_json_get_text(parsed, "text"), "1");
    cr_assert_null(amct_json_get_text(parsed, "n"));
    cr_assert_null(amct_json_get_object(parsed, "pair"));
    cr_assert_null(amct_json_get_items(parsed, "n"));
    cr_assert(amct_json_get_true(parsed, "Yes"));
    cr_assert_not(amct_json_get_true(parsed, "yes"));
    amct_json_get_pair(&lo, &hi, parsed, "pair");
    cr_assert(lo == 1 && hi == 2);
    amct_json_get_pair(&lo, &hi, parsed, "three");
    cr_assert(isnan(lo) && isnan(hi));
    amct_json_get_pair(&lo, &hi, parsed, "odd");
    cr_assert(isnan(lo) && hi == 2);
    cJSON_Delete(parsed);
}

static amct_status read_text(cJSON **out, const char *text)
{
    char path[] = "/tmp/amct_json_XXXXXX";
    int file = mkstemp(path);
    cr_assert(file >= 0 && close(file) == 0);
    cr_assert_eq(amct_file_write(path, text, strlen(text), &err), AMCT_OK, "%s", err.text);
    amct_status status = amct_json_read(out, path, &err);
    unlink(path);
    return status;
}

Test(report_json, a_file_is_read_whole)
{
    cJSON *root = NULL;
    cr_assert_eq(read_text(&root, "{\"schema\": 1, \"list\": []}\n"), AMCT_OK, "%s", err.text);
    cr_assert_eq(amct_json_get_number(root, "schema"), 1);
    cJSON_Delete(root);
}

Test(report_json, a_file_that_is_no_object_is_refused_with_its_place)
{
    static const char *const texts[] = {"",    "[1]", "3", "{\"schema\": 1, \"list\": [",
                                        "{a}", "\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cJSON *root = NULL;
        cr_assert_eq(read_text(&root, texts[i]), AMCT_E_FORMAT, "%s", texts[i]);
        cr_assert_not_null(strstr(err.text, "not a JSON object"), "%s", err.text);
        cr_assert_not_null(strstr(err.text, ": byte "), "%s", err.text);
        cr_assert_null(root);
    }
    cr_assert_not_null(strstr((read_text(&(cJSON *){NULL}, texts[3]), err.text), "byte 2"));
}
