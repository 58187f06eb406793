/*
 * detection.h - the section `detection` of a search file, and what it takes to measure a detector:
 *
 *     detection:
 *       form: yolov3            # or yolov5: how boxes are written (measure/detect.h)
 *       classes: 80             # or their names, as the labels have them
 *       heads:
 *         - {stride: 32, anchors: [[115, 73], [119, 199], [242, 238]]}
 *       score: 0.005            # the least that a detection has
 *       nms: 0.45               # overlap from which the weaker of a class is dropped
 *       confidence: 0.25        # from which detections are compared with the original's
 */
#ifndef AMCT_TUNE_DETECTION_H
#define AMCT_TUNE_DETECTION_H

#include "measure/judge.h"
#include "tune/samples.h"

/* The section goes to the arena; *out stays as it is if section is NULL or empty. */
amct_status amct_detection_read(amct_detect_options **out, amct_arena *arena,
                                const amct_yaml_node *section, amct_err *err);

typedef struct amct_detection_data {
    bool used; /* the network is a detector; else nothing below is set */
    amct_detector detector;
    bool labelled; /* boxes are there */
    amct_boxes boxes;
    amct_arena *arena;
} amct_detection_data;

/* Finds the heads in the graph, and reads the boxes that config names as labels, if any. Nothing
 * happens if config has no such section. config must outlive it. */
amct_status amct_detection_open(amct_detection_data *out, const amct_config *config,
                                const amct_graph *graph, const amct_dataset *dataset,
                                amct_err *err);
void amct_detection_free(amct_detection_data *data); /* a zeroed one is allowed */

/* The metric that config asks for, or map with labels, agreement without. AMCT_E_INVALID if it is
 * none of a detector. */
amct_status amct_detection_metric(amct_metric *out, const amct_detection_data *data, int wanted,
                                  amct_err *err);
/* Puts detector and labels of the selection into its judge. */
amct_status amct_detection_judge(amct_judge *judge, amct_detection_data *data,
                                 const amct_selection *selection, amct_err *err);
/* Puts what the original detects, whose rows of n samples are in the judge, into it. */
amct_status amct_detection_original(amct_judge *judge, amct_detection_data *data, uint32_t n,
                                    amct_err *err);
/* Options and labels. */
amct_hash amct_detection_hash(const amct_detection_data *data);

#endif
