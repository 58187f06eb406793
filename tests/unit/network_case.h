/* Real trained networks on real pictures, as importers read them: the logits that their frameworks
 * give, and every answer; arrays in, arrays out. */
#ifndef TESTS_NETWORK_CASE_H
#define TESTS_NETWORK_CASE_H

#include "data/array.h"
#include "data/dataset.h"
#include "exec/plan.h"
#include "graph/graph.h"

enum { NETWORK_PATH = 4096, NETWORK_BATCH = 10 };

typedef struct network {
    /* below the shared data, or from the root on; expected: folder and prefix */
    const char *file, *data, *expected;
    int64_t dims[3];               /* of a sample */
    double scale, mean[3], std[3]; /* (v * scale - mean) / std */
    uint32_t right;                /* answers of all of the data; 0: there are none */
    uint32_t n_reference;          /* samples that the plain reference computes */
    int32_t label_offset;
    const char *weights;   /* a file of weights below the shared data, NULL for none */
    const char *input;     /* option of the importer: dims that the file leaves open; else NULL */
    bool softmax;          /* the network ends in one, and the logits are those before it */
    uint32_t resize, crop; /* pictures to resize x resize, then their centre; 0: as usual */
    bool bgr;
    const char *mean_image; /* below the shared data, height x width x channel; NULL for none */
} network;

#define IMAGENET "images/imagenet500"
#define CIFAR    "images/cifar10/test1000.bin"
#define MNIST    "images/mnist"
#define E        "expected/"
#define RESNET20_NORM                                                                              \
    .scale = 1 / 255.0, .mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}
#define VNN_NORM                                                                                   \
    .scale = 1 / 255.0, .mean = {0.4914, 0.4822, 0.4465}, .std = {0.2471, 0.2435, 0.2616}
#define PHOTO                                                                                      \
    {                                                                                              \
        3, 224, 224                                                                                \
    }
#define SMALL                                                                                      \
    {                                                                                              \
        3, 32, 32                                                                                  \
    }
#define DIGIT                                                                                      \
    {                                                                                              \
        1, 28, 28                                                                                  \
    }
#define ONE                                                                                        \
    {                                                                                              \
        1, 1, 1                                                                                    \
    }

/* The importers that read networks, a path below the build folder each; NULL behind the last. */
void network_begin(const char *const *importers);
void network_end(void);
/* Imports and prepares a network for that batch size, as it is used here. */
amct_graph *network_load(const network *net, int64_t batch);
amct_array network_read_npy(const char *folder, const char *name);
amct_dataset *network_data(const network *net);

/* One that runs. */
typedef struct network_run {
    const network *net;
    amct_graph *graph;
    amct_exec *exec;
    amct_plan *plan;
    float *mean; /* of mean_image; NULL: there is none */
    char what[200];
} network_run;

network_run network_start(const network *net, amct_engine engine, int64_t batch);
network_run network_start(const network *net, amct_engine engine, int64_t batch);
const float *network_feed(network_run *run, const amct_dataset *ds, uint32_t first, uint32_t n);
void network_stop(network_run *run);
/* Logits and answers, on oneDNN and on the plain reference. */
void network_check(const network *net);

/* Arrays of inputs and results. */
typedef struct mapping {
    const char *file, *input, *outputs[2];
    uint32_t n; /* samples that are compared on the plain reference */
    const char *weights;
    const char *dims;        /* as network.input */
    bool channels_last;      /* the input's array is N x H x W x C */
    double scale, mean, std; /* (v * scale - mean) / std; scale 0: as it is */
} mapping;

void network_check_mappings(const mapping *mappings, size_t n);

#endif
