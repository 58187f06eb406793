/* Labels of detectors of any bytes: COCO's JSON, or, behind a 'y', the text file of a picture. */
#define _GNU_SOURCE /* memfd_create */
#include "base/file.h"
#include "data/boxes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/amct-fuzz-boxes-XXXXXX";

static void remove_folder(void)
{
    amct_err err;
    amct_folder_remove(folder, &err);
}

static void check(const amct_boxes *boxes, const amct_dataset *ds, uint32_t n_classes)
{
    for (uint32_t s = 0; s < ds->n; s++)
        for (uint32_t i = 0; i < boxes->lists[s].n; i++) {
            const amct_box *b = &boxes->lists[s].at[i];
            if (!(b->x0 >= 0 && b->x0 < b->x1 && b->x1 <= 1 && b->y0 >= 0 && b->y0 < b->y1 &&
                  b->y1 <= 1) ||
                b->class < 0 || b->class >= (int32_t)n_classes)
                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const pictures[] = {"a.png", "b.png"}, *const two[] = {"cat", "dog"};
    static const amct_class_names names[] = {{2, two}, {3, NULL}};
    static const amct_preprocess ways[] = {
        {.resize = AMCT_RESIZE_TO, .resize_height = 8, .resize_width = 8},
        {.resize = AMCT_RESIZE_SHORT, .resize_height = 10, .crop_height = 8, .crop_width = 8},
    };
    static bool made;
    const amct_dataset ds = {.path = "set", .n = 2, .height = 8, .width = 8, .names = pictures};
    char path[96];
    bool text = size && data[0] == 'y';
    if (!made && mkdtemp(folder) && atexit(remove_folder) == 0)
        made = true;
    int fd = -1;
    if (text) {
        amct_err err;
        snprintf(path, sizeof path, "%s/a.txt", folder);
        if (amct_file_write(path, data + 1, size - 1, &err) != AMCT_OK)
            return 0;
        snprintf(path, sizeof path, "%s", folder);
    } else {
        fd = memfd_create("boxes", 0);
        if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
            return 0;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    for (int k = 0; k < 4; k++) {
        amct_boxes boxes = {0};
        amct_err err = {AMCT_OK, ""};
        if (amct_boxes_read(&boxes, path, &ds, &ways[k / 2], &names[k % 2], &err) == AMCT_OK)
            check(&boxes, &ds, names[k % 2].n);
        else if (!err.text[0])
            abort();
        amct_boxes_free(&boxes);
    }
    if (fd >= 0)
        close(fd);
    return 0;
}
