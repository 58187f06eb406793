#include "tune/samples.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

amct_status amct_samples_open(amct_dataset **out, const amct_config *config,
                              const amct_graph *graph, uint32_t classes, const char *spill_folder,
                              uint32_t jobs, amct_err *err)
{
    if (!config->data)
        return amct_fail(err, AMCT_E_INVALID,
                         "no data: say --data PATH, or data.path in the "
                         "search file");
    if (graph->n_inputs != 1)
        return amct_fail(err, AMCT_E_UNSUPPORTED,
                         "the network has %u inputs; samples can be fed to one only",
                         graph->n_inputs);
    const amct_tensor *input = &graph->tensors[graph->inputs[0]];
    if (input->dtype != AMCT_FLOAT)
        return amct_fail(err, AMCT_E_UNSUPPORTED, "input '%s' is %s; samples are float32",
                         input->name, amct_dtype_name(input->dtype));
    amct_dataset_options options = {.preprocess = config->preprocess,
                                    .labels_path = config->detection ? NULL : config->labels,
                                    .label_offset = config->label_offset,
                                    .n_classes = classes,
                                    .memory_limit_bytes = config->memory_limit_bytes / 2,
                                    .spill_folder = spill_folder,
                                    .jobs = jobs};
    for (int32_t d = 1; d < input->shape.rank; d++)
        options.dims[options.rank++] = input->shape.dims[d];
    AMCT_TRY(amct_dataset_open(out, config->data, &options, err));
    const amct_dataset *ds = *out;
    enum { SHOWN = 5 };
    for (uint32_t i = 0; i < ds->n_unreadable && i < SHOWN; i++)
        amct_log(AMCT_LOG_WARN, "%s: left out: %s", ds->unreadable[i].name,
                 ds->unreadable[i].reason);
    if (ds->n_unreadable > SHOWN)
        amct_log(AMCT_LOG_WARN, "%u more files left out", ds->n_unreadable - SHOWN);
    return AMCT_OK;
}

static amct_status fetch(void *ctx, uint32_t first, uint32_t count, amct_layout layout, float *dst,
                         amct_err *err)
{
    enum { AT_ONCE = 64 };
    const amct_selection *s = ctx;
    (void)err;
    amct_data_layout order = s->dataset->layout;
    if (layout == AMCT_LAYOUT_LAST) /* asked of N x C x H x W: the network's own order is that */
        order = AMCT_NHWC;
    while (count) {
        uint32_t n = count < AT_ONCE ? count : AT_ONCE, indices[AT_ONCE];
        for (uint32_t i = 0; i < n; i++)
            indices[i] = s->indices ? s->indices[first + i] : first + i;
        amct_dataset_fetch(s->dataset, indices, n, order, dst);
        dst += n * s->dataset->elements;
        first += n;
        count -= n;
    }
    return AMCT_OK;
}

amct_feed amct_selection_feed(const amct_selection *selection)
{
    return (amct_feed){.ctx = (void *)selection, .n = selection->n, .fetch = fetch};
}

int32_t *amct_selection_labels(const amct_selection *selection, bool *failed)
{
    *failed = false;
    if (!selection->dataset->labels)
        return NULL;
    int32_t *labels = malloc((selection->n + 1) * sizeof *labels);
    *failed = !labels;
    for (uint32_t i = 0; labels && i < selection->n; i++)
        labels[i] = selection->dataset->labels[selection->indices ? selection->indices[i] : i];
    return labels;
}
