/* Prints the path of every value in a JSON file, one a line, elements of arrays as []:
 * "layers[].reasons.bits". For the tests of what scripts depend on. */
#include "report/json.h"

#include <stdlib.h>

static void print_paths(const cJSON *value, const char *path)
{
    const cJSON *child;
    cJSON_ArrayForEach(child, value)
    {
        char *below = NULL;
        size_t size = 0;
        FILE *text = open_memstream(&below, &size);
        if (!text)
            exit(99);
        fprintf(text, "%s%s%s", path, cJSON_IsArray(value) ? "[]" : *path ? "." : "",
                cJSON_IsArray(value) ? "" : child->string);
        fclose(text);
        puts(below);
        print_paths(child, below);
        free(below);
    }
}

int main(int argc, char **argv)
{
    cJSON *root;
    amct_err err;
    if (argc != 2)
        return 2;
    if (amct_json_read(&root, argv[1], &err) != AMCT_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    print_paths(root, "");
    cJSON_Delete(root);
    return 0;
}
