/* Picture of the compressed network: for each layer its channels and those that are kept, as wide
 * as they are many and as high as its weights have bits, and the rank of a layer in two. */
#include "report/html.h"
#include "report/json.h"
#include "report/page.h"

#include <math.h>
#include <string.h>

enum { HEIGHT = 14, FULL = 12 }; /* pixels: of a row, of 16 bits */

static double weight_bits(const char *bits)
{
    return bits && strncmp(bits, "w8", 2) == 0 ? 8 : bits && strncmp(bits, "w4", 2) == 0 ? 4 : 16;
}

static double most_channels(const cJSON *layers)
{
    double most = 0;
    for (const cJSON *layer = layers; layer; layer = layer->next)
        most = fmax(most, amct_json_get_number(layer, "channels"));
    return most;
}

static void draw(FILE *out, const char *class, double part, double height)
{
    if (isfinite(part))
        fprintf(out, "<rect class=\"%s\" y=\"%.1f\" height=\"%.1f\" width=\"%.2f%%\"/>", class,
                (HEIGHT - height) / 2, height, 100 * fmin(fmax(part, 0), 1));
}

static void write_words(FILE *out, const cJSON *layer)
{
    double kept = amct_json_get_number(layer, "channels_kept");
    double all = amct_json_get_number(layer, "channels");
    double rank = amct_json_get_number(layer, "rank");
    amct_html_text(out, amct_json_get_text(layer, "bits"));
    if (kept < all)
        fprintf(out, ", <b>%.0f</b> of %.0f", kept, all);
    else if (!isnan(all))
        fprintf(out, ", %.0f", all);
    if (!isnan(rank)) {
        fprintf(out, ", <b>rank %.0f</b> ", rank);
        amct_html_text(out, amct_json_get_text(layer, "form"));
    }
}

static void write_row(FILE *out, const cJSON *layer, double most)
{
    const char *name = amct_json_get_text(layer, "name");
    double rank = amct_json_get_number(layer, "rank");
    fprintf(out, "<tr title=\"");
    amct_html_text(out, name);
    fprintf(out, "\"><th scope=\"row\"><span><bdi>");
    amct_html_text(out, name);
    fprintf(out,
            "</bdi></span></th><td><div><svg width=\"100%%\" height=\"%d\" "
            "aria-hidden=\"true\">",
            HEIGHT);
    draw(out, "before", amct_json_get_number(layer, "channels") / most, FULL);
    draw(out, "after", amct_json_get_number(layer, "channels_kept") / most,
         FULL * weight_bits(amct_json_get_text(layer, "bits")) / 16);
    if (!isnan(rank)) {
        double at = 100 * fmin(fmax(rank / most, 0), 1);
        fprintf(out, "<line class=\"cut\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"%d\"/>", at, at,
                HEIGHT);
    }
    fprintf(out, "</svg><span>");
    write_words(out, layer);
    fprintf(out, "</span></div></td></tr>\n");
}

void amct_page_picture(const amct_page *page)
{
    FILE *out = page->out;
    const cJSON *layers = amct_json_get_items(page->result, "layers");
    double most = most_channels(layers);
    if (!(most > 0))
        return;
    fprintf(
        out,
        "<figure>\n<h2>The compressed network</h2>\n"
        "<p class=\"keys\"><span class=\"key\"><svg width=\"26\" height=\"14\"><rect "
        "class=\"before\" y=\"1\" width=\"26\" height=\"12\"/></svg>channels of the "
        "original</span>\n<span class=\"key\"><svg width=\"26\" height=\"14\"><rect "
        "class=\"after\" y=\"4\" width=\"26\" height=\"6\"/></svg>that are kept, as high as "
        "weights have bits</span>\n<span class=\"key\"><svg width=\"8\" height=\"14\"><line "
        "class=\"cut\" x1=\"4\" x2=\"4\" y1=\"0\" y2=\"14\"/></svg>rank of a layer in two</span>"
        "</p>\n<table class=\"bars picture\" style=\"--name:%dch\">\n<tbody>\n",
        amct_page_name_width(layers));
    for (const cJSON *layer = layers; layer; layer = layer->next)
        write_row(out, layer, most);
    fprintf(out, "</tbody></table>\n<figcaption>In the order of the network: bits, channels that "
                 "are kept of all, rank and form.</figcaption>\n</figure>\n");
}
