/* A result.json of any bytes as a page. Its "points" are the candidates: [latency, drop, samples,
 * complete, probe]. */
#include "report/json.h"
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 64 };

static double next_value(const cJSON **item)
{
    double value = amct_json_value(*item);
    *item = *item ? (*item)->next : NULL;
    return value;
}

static size_t read_points(amct_report_point *points, const cJSON *result)
{
    size_t n = 0;
    for (const cJSON *p = amct_json_get_items(result, "points"); p && n < MOST; p = p->next, n++) {
        const cJSON *item = p->child;
        points[n] = (amct_report_point){
            .number = n, .latency_ms = next_value(&item), .drop = next_value(&item)};
        double samples = next_value(&item);
        points[n].samples = samples >= 0 && samples < 1e9 ? (uint32_t)samples : 0;
        points[n].complete = next_value(&item) == 1;
        points[n].probe = next_value(&item) == 1;
    }
    return n;
}

/* Only our own script may be there, whatever the texts say. */
static void check(const char *page)
{
    const char *script = strstr(page, "<script");
    const char *end = "</body>\n</html>\n";
    size_t length = strlen(page);
    if (!script || strstr(script + 1, "<script") || length < strlen(end) ||
        strcmp(page + length - strlen(end), end) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_err err = {AMCT_OK, ""};
    char *page = NULL;
    amct_report_point points[MOST];
    cJSON *result = cJSON_ParseWithLength((const char *)data, size);
    size_t n = read_points(points, result);
    if (amct_report_html(&page, result, points, n, &err) == AMCT_OK)
        check(page);
    else if (page || !err.text[0])
        abort();
    free(page);
    cJSON_Delete(result);
    return 0;
}
