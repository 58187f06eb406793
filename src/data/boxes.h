/*
 * boxes.h - where the objects are in the pictures of a data set: labels for detectors.
 *
 * Two forms are read: a JSON file as COCO has it ("images", "annotations", "categories"), matched
 * by file name, crowds kept as such; or a folder with a text file for each picture, of lines "class
 * x y width height" with the centre and size as shares of the picture (YOLO's form).
 */
#ifndef AMCT_DATA_BOXES_H
#define AMCT_DATA_BOXES_H

#include "data/dataset.h"

/* In shares of the sample, 0 .. 1 from the left and the top: after resizing and cropping. */
typedef struct amct_box {
    float x0, y0, x1, y1;
    int32_t class;
    bool crowd; /* many objects; whoever finds one there is neither right nor wrong */
} amct_box;

typedef struct amct_box_list {
    const amct_box *at;
    uint32_t n;
} amct_box_list;

/* What the classes of a detector are called. */
typedef struct amct_class_names {
    uint32_t n;
    const char *const *names; /* NULL: the labels' own classes, in the order of their numbers */
} amct_class_names;

typedef struct amct_boxes {
    amct_box_list *lists; /* per sample of the data set */
    uint32_t n;           /* of boxes, all in all */
    amct_hash hash;
    amct_arena *arena;
} amct_boxes;

/* Of the samples of ds, which must be picture files; pre is how they became samples. Objects of
 * classes that names does not have are left out, as are those that were cropped away. Failures
 * begin with the path: AMCT_E_FORMAT if it is no such file, AMCT_E_INVALID if a picture is not in
 * it, or it does not go with names. */
amct_status amct_boxes_read(amct_boxes *out, const char *path, const amct_dataset *ds,
                            const amct_preprocess *pre, const amct_class_names *names,
                            amct_err *err);
void amct_boxes_free(amct_boxes *boxes); /* a zeroed one is allowed */

#endif
