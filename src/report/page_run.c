/* The end of the report: what was written, by what, and how to do it again. */
#include "report/html.h"
#include "report/json.h"
#include "report/page.h"

#include <math.h>

static const char *const statuses[] = {
    "budget met and faster",
    "internal error",
    "usage or bad input",
    "budget not met, best effort written",
    "budget met, but not faster",
    "stopped early, best so far written; the search can be resumed",
    "accuracy not proven with the samples given",
};

static void begin_list(const amct_page *page, const char *title)
{
    fprintf(page->out, "<section>\n<h2>%s</h2>\n<dl class=\"facts\">\n", title);
}

static void end_list(const amct_page *page)
{
    fprintf(page->out, "</dl>\n</section>\n");
}

static void begin_item(const amct_page *page, const char *name)
{
    fprintf(page->out, "<div><dt>");
    amct_html_text(page->out, name);
    fprintf(page->out, "</dt><dd>");
}

static void end_item(const amct_page *page)
{
    fprintf(page->out, "</dd></div>\n");
}

/* A text, a number or a dash. */
static void write_value(const amct_page *page, const cJSON *item)
{
    double number = amct_json_value(item);
    if (isnan(number))
        amct_html_text(page->out, cJSON_GetStringValue(item));
    else
        amct_html_number(page->out, number, number == floor(number) ? 0 : 4);
}

static void write_object(const amct_page *page, const char *key, const char *title)
{
    const cJSON *object = amct_json_get_object(page->result, key);
    if (!object)
        return;
    begin_list(page, title);
    for (const cJSON *item = object ? object->child : NULL; item; item = item->next) {
        begin_item(page, item->string);
        write_value(page, item);
        end_item(page);
    }
    end_list(page);
}

static void write_files(const amct_page *page)
{
    FILE *out = page->out;
    const cJSON *files = amct_json_get_object(page->result, "files");
    begin_list(page, "Files");
    for (const cJSON *item = files ? files->child : NULL; item; item = item->next) {
        const char *path = cJSON_GetStringValue(item);
        begin_item(page, item->string);
        if (path) {
            fprintf(out, "<a href=\"");
            amct_html_href(out, path);
            fprintf(out, "\">");
        }
        amct_html_text(out, path);
        fprintf(out, path ? "</a>" : "");
        end_item(page);
    }
    end_list(page);
}

static void write_text(const amct_page *page, const char *name, const char *key)
{
    begin_item(page, name);
    amct_html_text(page->out, amct_json_get_text(page->result, key));
    end_item(page);
}

static void write_status(const amct_page *page)
{
    FILE *out = page->out;
    double status = amct_json_get_number(page->result, "status");
    begin_item(page, "Exit status");
    amct_html_number(out, status, 0);
    for (int i = 0; i < (int)(sizeof statuses / sizeof *statuses); i++)
        if (status == i)
            fprintf(out, ": %s", statuses[i]);
    end_item(page);
}

void amct_page_run(const amct_page *page)
{
    write_files(page);
    begin_list(page, "Run");
    write_status(page);
    write_text(page, "Model", "model");
    write_text(page, "Data", "data");
    write_text(page, "Started", "started");
    write_text(page, "Finished", "finished");
    end_list(page);
    write_object(page, "versions", "Versions");
    write_object(page, "settings", "Settings");
    fprintf(page->out, "<section>\n<h2>Again</h2>\n"
                       "<p>In the folder of this report, the same search from the start:</p>\n"
                       "<pre>amct-autotune search -c search.yaml -o again</pre>\n"
                       "<p>Carry on with this one, or write this report anew:</p>\n"
                       "<pre>amct-autotune search --resume .\namct-autotune report .</pre>\n"
                       "</section>\n");
}
