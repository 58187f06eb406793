/*
 * detect.h - what a detector of the YOLO kind answers: boxes from the numbers of its heads.
 *
 * A head is an output of anchors x (4 + 1 + classes) channels, N x C x H x W or N x H x W x C,
 * whose cells lie `stride` pixels of the input apart: for each anchor tx, ty, tw, th, objectness,
 * classes. Anchors are in pixels of the input. With s the logistic function and (cx, cy) the cell
 * - yolov3 (J. Redmon, A. Farhadi, "YOLOv3: An Incremental Improvement", arXiv:1804.02767):
 *   x = (s(tx) + cx) stride, w = anchor_w exp(tw);
 * - yolov5 (as Ultralytics' YOLOv5 has it since v2): x = (2 s(tx) - 0.5 + cx) stride,
 *   w = anchor_w (2 s(tw))^2.
 * The score of a class is s(objectness) s(class). Of boxes of one class that overlap by more than
 * `nms` the best is kept.
 */
#ifndef AMCT_MEASURE_DETECT_H
#define AMCT_MEASURE_DETECT_H

#include "data/boxes.h"
#include "graph/graph.h"

enum {
    AMCT_DETECT_HEADS = 8,
    AMCT_DETECT_ANCHORS = 16,
    AMCT_DETECT_CLASSES = 4096,
    AMCT_DETECTIONS = 100 /* of a picture, the best: COCO's maxDets */
};

typedef enum amct_detect_form { AMCT_DETECT_YOLOV3, AMCT_DETECT_YOLOV5 } amct_detect_form;

typedef struct amct_detect_head {
    uint32_t stride, n_anchors;
    double anchors[AMCT_DETECT_ANCHORS][2]; /* width, height */
} amct_detect_head;

typedef struct amct_detect_options {
    amct_detect_form form;
    amct_class_names classes;
    uint32_t n_heads;
    amct_detect_head heads[AMCT_DETECT_HEADS];
    double score;      /* the least that a detection has */
    double nms;        /* intersection over union */
    double confidence; /* the least score of detections that are compared with the original's */
} amct_detect_options;

/* A head in a row of outputs. */
typedef struct amct_detect_grid {
    const amct_detect_head *head;
    size_t at;                    /* its first number in the row */
    size_t channel, line, column; /* numbers from one to the next */
    uint32_t height, width;
} amct_detect_grid;

typedef struct amct_detection {
    amct_box box;
    float score;
} amct_detection;

/* The best first. */
typedef struct amct_detections {
    uint32_t n;
    amct_detection at[AMCT_DETECTIONS];
} amct_detections;

typedef struct amct_detector {
    const amct_detect_options *options;
    double height, width; /* of the input, in pixels */
    amct_detect_grid grids[AMCT_DETECT_HEADS];
    amct_detection *scratch; /* while a row is looked at */
} amct_detector;

/* Finds each head among the outputs of a graph, at any batch size; rows are those of judge.h.
 * AMCT_E_INVALID, with the outputs that there are, if one has no output or two. options must
 * outlive the detector. */
amct_status amct_detector_of(amct_detector *out, const amct_detect_options *options,
                             const amct_graph *graph, amct_err *err);

void amct_detector_free(amct_detector *detector); /* a zeroed one is allowed */

/* The detections of a sample's row, whose numbers are finite. */
void amct_detect(amct_detections *out, const amct_detector *detector, const float *row);

float amct_box_overlap(const amct_box *a, const amct_box *b); /* intersection over union */

/* How alike two lists of detections are, of scores of at least `confidence`: the F1 of one against
 * the other, pairs being of one class and overlapping by at least a half, the best scores first; 1
 * if both are empty. */
double amct_detections_agree(const amct_detections *a, const amct_detections *b, double confidence);

/* How far a row is from the original's, per object of the original: the divergence of objectness,
 * and of classes and places weighted by the original's objectness. 0 for the same row. */
double amct_detect_divergence(const amct_detector *detector, const float *original,
                              const float *row);

#endif
