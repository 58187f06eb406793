/* Search files of any bytes: parsed, walked, and every value read as everything it may be. */
#include "base/yaml.h"
#include "data/data_config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_values(const amct_yaml_node *node)
{
    amct_err err;
    const char *text;
    double number;
    uint64_t size;
    int64_t integer;
    bool yes;
    if (amct_yaml_ratio(&number, node, &err) == AMCT_OK && !(number >= 0 && number <= 1))
        abort();
    if (amct_yaml_integer(&integer, node, -5, 5, &err) == AMCT_OK && (integer < -5 || integer > 5))
        abort();
    amct_yaml_text(&text, node, &err);
    amct_yaml_bool(&yes, node, &err);
    amct_yaml_number(&number, node, &err);
    amct_yaml_bytes(&size, node, 0, &err);
    amct_yaml_duration(&size, node, &err);
}

static uint32_t walk(const amct_yaml_node *node)
{
    uint32_t n = 0;
    read_values(node);
    for (const amct_yaml_node *child = node->first; child; child = child->next, n++)
        walk(child);
    if (n != node->n)
        abort();
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    amct_err err = {AMCT_OK, ""};
    const amct_yaml_node *root = NULL;
    amct_arena *arena = amct_arena_new();
    amct_data_config config = amct_data_config_default();
    if (amct_yaml_parse(&root, arena, "x.yaml", data, size, &err) == AMCT_OK) {
        walk(root);
        amct_data_config_read(&config, root, &err);
    } else if (root || !err.text[0]) {
        abort();
    }
    amct_arena_free(arena);
    return 0;
}
