#include "cli/inspect_structure.h"

#include "base/utf8.h"
#include "cli/choices.h"

#include <string.h>

/* ---- A layer ------------------------------------------------------------------------------- */

int64_t amct_shapes_group(const amct_shapes *s, uint32_t i)
{
    const amct_groups *groups = amct_structure_groups(s->structure);
    const amct_lanes *lanes = groups->lanes;
    uint32_t node = s->layers[i].node;
    const amct_lane_operand *o = amct_lanes_operand(lanes, node, AMCT_LANE_MADE);
    if (!o)
        o = amct_lanes_operand(lanes, node, AMCT_LANE_THROUGH);
    if (!o)
        return -1;
    const amct_node *n = &groups->graph->nodes[node];
    int64_t count = groups->graph->tensors[n->src[o->src]].shape.dims[o->axis];
    for (int64_t c = 0; c < count; c++)
        if (!amct_structure_group(s->structure, groups->of_lane[o->lanes[c]]).why)
            return groups->of_lane[o->lanes[c]];
    return count ? (int64_t)groups->of_lane[o->lanes[0]] : -1;
}

const char *amct_shapes_why(const amct_shapes *s, uint32_t i)
{
    int64_t group = amct_shapes_group(s, i);
    if (group >= 0)
        return amct_structure_group(s->structure, (uint32_t)group).why;
    return strcmp(s->layers[i].op, "AveragePool") == 0 ? "pooling makes no channels of its own"
           : s->layers[i].no_int8                      ? s->layers[i].no_int8
                                                       : "its channels are not followed";
}

/* The largest rank of form `which` of the two that a layer may have; false: there is none. */
static bool largest(amct_rank *out, const amct_shapes *s, uint32_t i, int which)
{
    amct_layer_ranks ranks = amct_structure_layer(s->structure, i);
    uint32_t k = 0;
    while (which && k < ranks.n && ranks.ranks[k].form == ranks.ranks[0].form)
        k++;
    if (k < ranks.n)
        *out = ranks.ranks[k];
    return k < ranks.n;
}

const char *amct_shapes_ranks(char text[64], const amct_shapes *s, uint32_t i)
{
    amct_rank rank;
    text[0] = 0;
    for (int which = 0; which < 2; which++)
        if (largest(&rank, s, i, which))
            snprintf(text + strlen(text), 64 - strlen(text), "%s%lld %s", text[0] ? ", " : "",
                     (long long)rank.rank, amct_choices_form(rank.form));
    if (!text[0])
        strcpy(text, "-");
    return text;
}

void amct_shapes_add_layer(amct_json *json, cJSON *at, const amct_shapes *s, uint32_t i)
{
    int64_t group = amct_shapes_group(s, i);
    amct_rank rank;
    if (group < 0)
        amct_json_null(json, at, "group");
    else
        amct_json_integer(json, at, "group", group);
    if (amct_structure_layer(s->structure, i).why) {
        amct_json_null(json, at, "ranks");
        return;
    }
    cJSON *ranks = amct_json_array(json, at, "ranks");
    for (int which = 0; which < 2; which++)
        if (largest(&rank, s, i, which)) {
            cJSON *form = amct_json_object(json, ranks, NULL);
            amct_json_text(json, form, "form", amct_choices_form(rank.form));
            amct_json_integer(json, form, "largest", rank.rank);
        }
}

/* ---- Groups -------------------------------------------------------------------------------- */

/* Calls put for every layer in which the group's channels are used so, once each. */
static void each_member(const amct_shapes *s, const amct_group *group, amct_lane_use use,
                        void (*put)(void *to, const char *name), void *to)
{
    const amct_lanes *lanes = amct_structure_lanes(s->structure);
    for (uint32_t m = 0; m < group->n_members; m++) {
        const amct_lane_operand *o = &lanes->operands[group->members[m].operand];
        uint32_t layer = s->layer_of[o->node];
        if (o->use == use && layer != UINT32_MAX)
            put(to, s->layers[layer].name);
    }
}

typedef struct json_list {
    amct_json *json;
    cJSON *list;
} json_list;

static void add_name(void *to, const char *name)
{
    const json_list *list = to;
    amct_json_text(list->json, list->list, NULL, name);
}

void amct_shapes_add_groups(amct_json *json, cJSON *list, const amct_shapes *s)
{
    static const struct {
        const char *key;
        amct_lane_use use;
    } uses[] = {{"producers", AMCT_LANE_MADE},
                {"through", AMCT_LANE_THROUGH},
                {"consumers", AMCT_LANE_TAKEN}};
    for (uint32_t g = 0; g < amct_structure_n_groups(s->structure); g++) {
        amct_group_levels levels = amct_structure_group(s->structure, g);
        cJSON *at = amct_json_object(json, list, NULL);
        amct_json_text(json, at, "name", levels.group->name);
        amct_json_integer(json, at, "channels", levels.group->n_lanes);
        amct_json_integer(json, at, "step", levels.step);
        for (int u = 0; u < 3; u++) {
            json_list names = {json, amct_json_array(json, at, uses[u].key)};
            each_member(s, levels.group, uses[u].use, add_name, &names);
        }
        amct_json_text(json, at, "reason", levels.why);
    }
}

/* ---- Text ---------------------------------------------------------------------------------- */

enum { NAMED = 3 }; /* layers of a group */

typedef struct name_list {
    uint32_t n;
    char text[NAMED][AMCT_SHOWN];
} name_list;

static void note_name(void *to, const char *name)
{
    name_list *list = to;
    if (list->n < NAMED)
        amct_utf8_show(name, list->text[list->n], AMCT_SHOWN);
    list->n++;
}

static void print_names(const amct_shapes *s, const amct_group *group, amct_lane_use use,
                        const char *words)
{
    name_list list = {.n = 0};
    each_member(s, group, use, note_name, &list);
    for (uint32_t i = 0; i < list.n && i < NAMED; i++)
        printf("%s%s", i ? ", " : words, list.text[i]);
    if (list.n > NAMED)
        printf(" and %u more", list.n - NAMED);
}

static void print_group(const amct_shapes *s, uint32_t g)
{
    amct_group_levels levels = amct_structure_group(s->structure, g);
    char why[AMCT_SHOWN];
    printf("%5u %8u %5u ", g, levels.group->n_lanes, levels.step);
    print_names(s, levels.group, AMCT_LANE_MADE, " made by ");
    print_names(s, levels.group, AMCT_LANE_THROUGH, "; through ");
    print_names(s, levels.group, AMCT_LANE_TAKEN, "; read by ");
    if (levels.why)
        printf("  (%s)", amct_utf8_show(levels.why, why, sizeof why));
    printf("\n");
}

void amct_shapes_print(const amct_shapes *s)
{
    uint32_t n = amct_structure_n_groups(s->structure), open = 0;
    for (uint32_t g = 0; g < n; g++)
        open += !amct_structure_group(s->structure, g).why;
    printf("channel groups: %u, of %u of which channels can be dropped in steps\n", n, open);
    if (n)
        printf("%5s %8s %5s  %s\n", "group", "channels", "step", "layers");
    for (uint32_t g = 0; g < n; g++)
        print_group(s, g);
    for (uint32_t i = 0; i < s->n_layers; i++) { /* the same reason counts once */
        const char *why = amct_structure_layer(s->structure, i).why;
        uint32_t count = 0, first = 0;
        char name[AMCT_SHOWN];
        for (uint32_t k = s->n_layers; why && k-- > 0;) {
            const char *other = amct_structure_layer(s->structure, k).why;
            if (other && strcmp(other, why) == 0)
                count++, first = k;
        }
        if (why && first == i)
            printf("not factorised (%u, first '%s'): %s\n", count,
                   amct_utf8_show(s->layers[i].name, name, sizeof name), why);
    }
}
