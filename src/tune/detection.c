#include "tune/detection.h"

#include <string.h>

/* ---- The section --------------------------------------------------------------------------- */

static amct_status read_classes(amct_class_names *out, amct_arena *arena,
                                const amct_yaml_node *node, amct_err *err)
{
    int64_t n;
    if (node->kind == AMCT_YAML_IS_SCALAR) {
        AMCT_TRY(amct_yaml_integer(&n, node, 1, AMCT_DETECT_CLASSES, err));
        *out = (amct_class_names){(uint32_t)n, NULL};
        return AMCT_OK;
    }
    AMCT_TRY(amct_yaml_want(node, AMCT_YAML_IS_SEQUENCE, err));
    if (!node->n || node->n > AMCT_DETECT_CLASSES)
        return amct_yaml_fail(node, err, "%u classes, 1 to %d wanted", node->n,
                              AMCT_DETECT_CLASSES);
    const char **names = amct_arena_array(arena, node->n, sizeof *names);
    if (!names)
        return amct_fail_nomem(err);
    uint32_t i = 0;
    for (const amct_yaml_node *name = node->first; name; name = name->next, i++) {
        AMCT_TRY(amct_yaml_text(&names[i], name, err));
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(names[k], names[i]) == 0)
                return amct_yaml_fail(name, err, "'%s' is there twice", names[i]);
    }
    *out = (amct_class_names){node->n, names};
    return AMCT_OK;
}

static amct_status read_anchors(amct_detect_head *head, const amct_yaml_node *list, amct_err *err)
{
    AMCT_TRY(amct_yaml_want(list, AMCT_YAML_IS_SEQUENCE, err));
    if (!list->n || list->n > AMCT_DETECT_ANCHORS)
        return amct_yaml_fail(list, err, "%u anchors, 1 to %d wanted", list->n,
                              AMCT_DETECT_ANCHORS);
    for (const amct_yaml_node *pair = list->first; pair; pair = pair->next, head->n_anchors++) {
        AMCT_TRY(amct_yaml_want(pair, AMCT_YAML_IS_SEQUENCE, err));
        if (pair->n != 2)
            return amct_yaml_fail(pair, err, "an anchor is [width, height], in pixels");
        double *size = head->anchors[head->n_anchors];
        AMCT_TRY(amct_yaml_number(&size[0], pair->first, err));
        AMCT_TRY(amct_yaml_number(&size[1], pair->first->next, err));
        if (!(size[0] > 0 && size[1] > 0))
            return amct_yaml_fail(pair, err, "width and height must be greater than 0");
    }
    return AMCT_OK;
}

static amct_status read_heads(amct_detect_options *o, const amct_yaml_node *list, amct_err *err)
{
    AMCT_TRY(amct_yaml_want(list, AMCT_YAML_IS_SEQUENCE, err));
    if (!list->n || list->n > AMCT_DETECT_HEADS)
        return amct_yaml_fail(list, err, "%u heads, 1 to %d wanted", list->n, AMCT_DETECT_HEADS);
    for (const amct_yaml_node *node = list->first; node; node = node->next) {
        amct_detect_head *head = &o->heads[o->n_heads++];
        const amct_yaml_node *anchors = NULL;
        int64_t stride = 0;
        amct_yaml_field fields[] = {
            AMCT_YAML_INTEGER("stride", &stride, 1, 4096),
            AMCT_YAML_NODE("anchors", &anchors),
        };
        AMCT_TRY(amct_yaml_read_map(node, fields, sizeof fields / sizeof *fields, err));
        if (!stride || !anchors)
            return amct_yaml_fail(node, err, "a head is {stride: 32, anchors: [[115, 73], ...]}");
        head->stride = (uint32_t)stride;
        AMCT_TRY(read_anchors(head, anchors, err));
    }
    return AMCT_OK;
}

amct_status amct_detection_read(amct_detect_options **out, amct_arena *arena,
                                const amct_yaml_node *section, amct_err *err)
{
    static const char *const forms[] = {"yolov3", "yolov5", NULL};
    const amct_yaml_node *classes = NULL, *heads = NULL;
    int form = AMCT_DETECT_YOLOV3;
    if (!section || amct_yaml_is_null(section))
        return AMCT_OK;
    amct_detect_options *o = amct_arena_alloc(arena, sizeof *o);
    if (!o)
        return amct_fail_nomem(err);
    *o = (amct_detect_options){.score = 0.005, .nms = 0.45, .confidence = 0.25};
    amct_yaml_field fields[] = {
        AMCT_YAML_CHOICE("form", &form, forms), AMCT_YAML_NODE("classes", &classes),
        AMCT_YAML_NODE("heads", &heads),        AMCT_YAML_RATIO("score", &o->score),
        AMCT_YAML_RATIO("nms", &o->nms),        AMCT_YAML_RATIO("confidence", &o->confidence),
    };
    AMCT_TRY(amct_yaml_read_map(section, fields, sizeof fields / sizeof *fields, err));
    o->form = (amct_detect_form)form;
    if (!classes || !heads)
        return amct_yaml_fail(section, err, "has no %s", classes ? "heads" : "classes");
    if (!(o->score > 0))
        return amct_yaml_fail(section, err, "score must be greater than 0");
    AMCT_TRY(read_classes(&o->classes, arena, classes, err));
    AMCT_TRY(read_heads(o, heads, err));
    *out = o;
    return AMCT_OK;
}

/* ---- Measuring ----------------------------------------------------------------------------- */

amct_status amct_detection_open(amct_detection_data *out, const amct_config *config,
                                const amct_graph *graph, const amct_dataset *dataset, amct_err *err)
{
    amct_detection_data data = {.used = config->detection != NULL};
    if (!data.used)
        return AMCT_OK;
    AMCT_TRY(amct_detector_of(&data.detector, config->detection, graph, err));
    data.arena = amct_arena_new();
    amct_status status = data.arena ? AMCT_OK : amct_fail_nomem(err);
    if (status == AMCT_OK && config->labels)
        status = amct_boxes_read(&data.boxes, config->labels, dataset, &config->preprocess,
                                 &config->detection->classes, err);
    data.labelled = status == AMCT_OK && config->labels;
    if (data.labelled && !data.boxes.n)
        status = amct_fail(err, AMCT_E_INVALID, "%s: no object lies in any sample", config->labels);
    if (status != AMCT_OK)
        amct_detection_free(&data);
    else
        *out = data;
    return status;
}

void amct_detection_free(amct_detection_data *data)
{
    amct_detector_free(&data->detector);
    amct_boxes_free(&data->boxes);
    amct_arena_free(data->arena);
    *data = (amct_detection_data){0};
}

amct_status amct_detection_metric(amct_metric *out, const amct_detection_data *data, int wanted,
                                  amct_err *err)
{
    if (wanted < 0)
        wanted = data->labelled ? AMCT_METRIC_MAP : AMCT_METRIC_AGREEMENT;
    amct_metric metric = (amct_metric)wanted;
    if (!amct_metric_is_map(metric) && !amct_metric_is_likeness(metric))
        return amct_fail(err, AMCT_E_INVALID,
                         "metric %s is not one of detectors; those are map, map50, agreement and "
                         "cosine",
                         amct_metric_names[metric]);
    if (amct_metric_is_map(metric) && !data->labelled)
        return amct_fail(
            err, AMCT_E_INVALID,
            "metric %s needs labels: a JSON file as COCO has it, or a folder of YOLO's "
            "text files; metric agreement does without",
            amct_metric_names[metric]);
    *out = metric;
    return AMCT_OK;
}

amct_status amct_detection_judge(amct_judge *judge, amct_detection_data *data,
                                 const amct_selection *selection, amct_err *err)
{
    if (!data->used)
        return AMCT_OK;
    judge->detector = &data->detector;
    if (!data->labelled)
        return AMCT_OK;
    amct_box_list *lists = amct_arena_array(data->arena, selection->n, sizeof *lists);
    if (!lists)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < selection->n; i++)
        lists[i] = data->boxes.lists[selection->indices ? selection->indices[i] : i];
    judge->objects = lists;
    return AMCT_OK;
}

amct_status amct_detection_original(amct_judge *judge, amct_detection_data *data, uint32_t n,
                                    amct_err *err)
{
    if (!data->used)
        return AMCT_OK;
    amct_detections *found = amct_arena_array(data->arena, n, sizeof *found);
    amct_matches *matches = amct_arena_array(data->arena, n, sizeof *matches);
    if (!found || !matches)
        return amct_fail_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        amct_detect(&found[i], &data->detector, judge->original + (size_t)i * judge->outputs.row);
        if (judge->objects)
            amct_match_objects(&matches[i], &found[i], &judge->objects[i]);
    }
    judge->original_found = found;
    judge->original_matches = judge->objects ? matches : NULL;
    return AMCT_OK;
}

amct_hash amct_detection_hash(const amct_detection_data *data)
{
    const amct_detect_options *o = data->detector.options;
    amct_hash h = data->labelled ? data->boxes.hash : (amct_hash){0};
    const double numbers[] = {o->form, o->classes.n, o->score, o->nms, o->confidence};
    h = amct_hash_bytes(h, numbers, sizeof numbers);
    for (uint32_t c = 0; o->classes.names && c < o->classes.n; c++)
        h = amct_hash_string(h, o->classes.names[c]);
    for (uint32_t i = 0; i < o->n_heads; i++) {
        h = amct_hash_u64(h, (uint64_t)o->heads[i].stride << 32 | o->heads[i].n_anchors);
        h = amct_hash_bytes(h, o->heads[i].anchors,
                            o->heads[i].n_anchors * sizeof *o->heads[i].anchors);
    }
    return h;
}
