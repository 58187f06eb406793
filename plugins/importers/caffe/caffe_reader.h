/*
 * caffe_reader.h - what the files of the importer share: one instance, the layers of its net, the
 * blobs between them, and how both reach the sink.
 *
 * Functions return an amct_status as int32_t; whoever notices a failure describes it with
 * caffe_fail, which puts the layer that is being translated in front. Everything lives in the
 * reader's memory until close.
 */
#ifndef CAFFE_READER_H
#define CAFFE_READER_H

#include "caffe_net.pb-c.h"
#include "../common/import_attr.h"
#include "../common/wire.h"
#include "caffe_memory.h"

#define CAFFE_TRY(expr)                                                                            \
    do {                                                                                           \
        int32_t try_status_ = (expr);                                                              \
        if (try_status_ != AMCT_OK)                                                                \
            return try_status_;                                                                    \
    } while (0)

typedef struct caffe_shape {
    uint32_t rank; /* AMCT_RANK_UNKNOWN if nobody knows it */
    int64_t dims[AMCT_MAX_RANK];
} caffe_shape;

/* A name of the net, and what it stands for at this point of the translation. */
typedef struct caffe_blob {
    const char *name;
    uint32_t id; /* of the tensor; AMCT_NO_TENSOR until a layer makes it */
    caffe_shape shape;
    const char *unknown; /* the type of the layer that nobody knows, if shape is not known */
    uint32_t n_writes;   /* layers that make it, one behind the other in place */
    uint32_t n_made;     /* of them so far */
    uint32_t n_reads;    /* layers that read it */
    bool read;           /* the tensor that it stands for now */
    bool input;
    struct caffe_blob *next; /* in the order of their making */
} caffe_blob;

/* The parameters that a layer may have, by their names in both forms of layers. */
#define CAFFE_PARAMS(P)                                                                            \
    P(ArgMaxParameter, argmax_param)                                                               \
    P(ConcatParameter, concat_param)                                                               \
    P(ConvolutionParameter, convolution_param)                                                     \
    P(DataParameter, data_param)                                                                   \
    P(DummyDataParameter, dummy_data_param)                                                        \
    P(EltwiseParameter, eltwise_param)                                                             \
    P(ExpParameter, exp_param)                                                                     \
    P(ImageDataParameter, image_data_param)                                                        \
    P(InnerProductParameter, inner_product_param)                                                  \
    P(LRNParameter, lrn_param)                                                                     \
    P(MemoryDataParameter, memory_data_param)                                                      \
    P(MVNParameter, mvn_param)                                                                     \
    P(PoolingParameter, pooling_param)                                                             \
    P(PowerParameter, power_param)                                                                 \
    P(ReLUParameter, relu_param)                                                                   \
    P(SliceParameter, slice_param)                                                                 \
    P(SoftmaxParameter, softmax_param)                                                             \
    P(ThresholdParameter, threshold_param)                                                         \
    P(TransformationParameter, transform_param)

/* One layer, whatever form the file has. */
typedef struct caffe_layer {
    const char *name, *type; /* "Convolution" */
    char **bottoms, **tops;
    uint32_t n_bottoms, n_tops;
    uint32_t line; /* in the text, 0 if there is none */
    CaffeNet__NetStateRule **include, **exclude;
    size_t n_include, n_exclude;
    char **param_names; /* of shared parameters, "" or NULL where not shared */
    size_t n_param_names;
    uint32_t n_taken; /* parameters that the translation has asked for */
    /* What the bottoms stand for while the layer is translated. */
    uint32_t *src;
    caffe_shape *in;
    const CaffeNet__LayerParameter *own; /* those of the new form only; never NULL */
#define CAFFE_MEMBER(type, name) const CaffeNet__##type *name;
    CAFFE_PARAMS(CAFFE_MEMBER)
#undef CAFFE_MEMBER
} caffe_layer;

/* A layer of the file of weights. */
typedef struct caffe_source {
    const char *name; /* with a zero byte */
    wire_span *blobs;
    uint32_t n_blobs;
    const struct caffe_layer *user; /* the layer that has taken them */
} caffe_source;

/* A parameter that layers share. */
typedef struct caffe_shared {
    const char *name;
    caffe_shape shape;
    uint32_t id;
} caffe_shared;

enum { CAFFE_MISFITS = 10 };

typedef struct caffe_reader {
    const amct_host *host;
    const amct_sink *sink;
    amct_view model, weights; /* weights.data is NULL if there are none */
    const char *weights_path; /* the option; NULL: none */
    caffe_shape input; /* the option, what a layer reads that does not say it; rank 0: none */
    import_memory memory;
    char place[320]; /* what is being read, for messages */
    CaffeNet__NetParameter *net;
    uint32_t *lines; /* of the net's layers, if it is text */
    caffe_layer *layers;
    uint32_t n_layers;
    void *blobs; /* tsearch tree of caffe_blob */
    caffe_blob *first_blob, **last_blob;
    caffe_source *sources; /* by name */
    size_t n_sources;
    void *shared;      /* tsearch tree of caffe_shared */
    char misfits[896]; /* weights that do not fit: the first ten */
    size_t n_misfits;
    uint32_t n_warned; /* unknown fields that were named */
} caffe_reader;

/* ---- caffe_report.c ------------------------------------------------------------------------ */

/* Describes a failure, with the place in front; returns code. */
int32_t caffe_fail(caffe_reader *r, int32_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int32_t caffe_nomem(caffe_reader *r);
void caffe_log(caffe_reader *r, uint32_t level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Sets the place; "" for none. */
void caffe_at(caffe_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What to do if a net cannot be read from a *.caffemodel alone, behind a failure; else "". */
const char *caffe_hint(const caffe_reader *r);
/* "20x1x5x5"; "one number" for rank 0. Returns text. */
const char *caffe_show_shape(const caffe_shape *shape, char *text, size_t size);

/* ---- caffe_parse.c, caffe_field.c, caffe_binary.c ------------------------------------------- */

/* Reads the model as text, or from protobuf's wire format, into net. */
int32_t caffe_parse(caffe_reader *r);
int32_t caffe_read_binary(caffe_reader *r);
/* Whether the model is text. */
bool caffe_is_text(const void *data, size_t size);

/* ---- caffe_layer.c, caffe_blob.c ------------------------------------------------------------ */

/* Makes layers of net: those of both forms, in order, without those that its state leaves out. */
int32_t caffe_make_layers(caffe_reader *r);
/* The blob of that name; made if there is none. */
int32_t caffe_blob_named(caffe_reader *r, const char *name, caffe_blob **out);
/* Counts who makes and reads each blob; refuses what Caffe does. */
int32_t caffe_connect(caffe_reader *r);
/* Whether a layer is there for training and testing only: losses, accuracies. */
bool caffe_is_judge(const caffe_layer *l);

/* ---- caffe_source.c, caffe_weights.c -------------------------------------------------------- */

/* Lists the layers of the file of weights, which is the view weights. */
int32_t caffe_read_sources(caffe_reader *r);
/* Blob i of the layer as floats: *data is in the file, or of a block of the host (*owner), which
 * is the caller's. *data is NULL if there are no weights at all, or they do not fit, which is
 * noted. */
int32_t caffe_take_floats(caffe_reader *r, caffe_layer *l, const caffe_shape *shape,
                          const void **data, uint32_t *owner);
/* The layer's next parameter as a constant named "layer/part" of shape `wanted`, given to the sink
 * with the dims of `as`. */
int32_t caffe_take(caffe_reader *r, caffe_layer *l, const char *part, const caffe_shape *wanted,
                   const caffe_shape *as, uint32_t *id);
/* After a layer: whether its weights had more blobs. */
void caffe_check_taken(caffe_reader *r, const caffe_layer *l);
/* After all: fails if anything did not fit. */
int32_t caffe_check_fit(caffe_reader *r);
/* Shape of blob i of the layer, as the file says it; false if there is none. */
bool caffe_peek_shape(const caffe_reader *r, const caffe_layer *l, uint32_t i, caffe_shape *shape);

/* ---- caffe_emit.c --------------------------------------------------------------------------- */

/* One node with one result. */
typedef struct caffe_op {
    const char *op;
    const char *part; /* "": the layer's main node, else "layer/part" */
    const uint32_t *src;
    uint32_t n_src;
    amct_attr_desc attrs[8];
    uint32_t n_attrs;
    caffe_shape shape; /* of the result */
    bool other_type;   /* it is no float */
} caffe_op;

/* A node whose result no blob stands for. */
int32_t caffe_inner(caffe_reader *r, const caffe_layer *l, const caffe_op *op, uint32_t *dst);
/* A node whose result is the layer's top i. */
int32_t caffe_result(caffe_reader *r, const caffe_layer *l, const caffe_op *op, uint32_t i);
/* The tensor that top i becomes, for a node with several results; and the node. */
int32_t caffe_make_top(caffe_reader *r, const caffe_layer *l, uint32_t i, const caffe_shape *shape,
                       uint32_t *id);
int32_t caffe_node(caffe_reader *r, const caffe_layer *l, const caffe_op *op, const uint32_t *dst,
                   uint32_t n_dst);
/* Small constants of our own. */
int32_t caffe_add_ints(caffe_reader *r, const caffe_layer *l, const char *part,
                       const int64_t *values, size_t n, uint32_t *id);
int32_t caffe_add_floats(caffe_reader *r, const caffe_layer *l, const char *part,
                         const float *values, const caffe_shape *shape, uint32_t *id);
int32_t caffe_add_number(caffe_reader *r, const caffe_layer *l, const char *part, float value,
                         uint32_t *id);
/* An input of the network, which the blob stands for. */
int32_t caffe_add_input(caffe_reader *r, caffe_blob *blob, const caffe_shape *shape);

/* ---- caffe_shape.c -------------------------------------------------------------------------- */

extern const caffe_shape caffe_scalar;
/* Refuses dims below 1 and more than 2^31 - 1 elements, as Caffe does. what: "top 'conv1'". */
int32_t caffe_check_shape(caffe_reader *r, const caffe_shape *shape, const char *what);
int64_t caffe_count(const caffe_shape *shape, uint32_t from, uint32_t to);
bool caffe_same_shape(const caffe_shape *a, const caffe_shape *b);
/* An axis that may count from the end; limit is the rank, or one more where it may be the end. */
int32_t caffe_axis(caffe_reader *r, const char *what, int64_t axis, uint32_t limit, uint32_t *out);
/* A number of the file that must lie in a range. */
int32_t caffe_range(caffe_reader *r, const char *what, uint64_t value, int64_t min, int64_t max,
                    int64_t *out);

/* ---- caffe_translate.c and the layers -------------------------------------------------------- */

/* Gives the whole network to the sink. */
int32_t caffe_translate(caffe_reader *r);

typedef int32_t caffe_rule(caffe_reader *r, caffe_layer *l);
caffe_rule caffe_convolution, caffe_deconvolution, caffe_inner_product; /* caffe_conv.c */
caffe_rule caffe_pooling;                                               /* caffe_pool.c */
caffe_rule caffe_lrn;                                                   /* caffe_lrn.c */
caffe_rule caffe_batch_norm, caffe_mvn, caffe_normalize;                /* caffe_norm.c */
caffe_rule caffe_scale, caffe_bias, caffe_prelu;                        /* caffe_scale.c */
caffe_rule caffe_relu, caffe_relu6, caffe_elu, caffe_clip, caffe_swish, caffe_power, caffe_exp,
    caffe_log_layer, caffe_threshold, caffe_plain;                             /* caffe_math.c */
caffe_rule caffe_eltwise, caffe_softmax;                                       /* caffe_eltwise.c */
caffe_rule caffe_reduction, caffe_argmax;                                      /* caffe_reduce.c */
caffe_rule caffe_concat, caffe_slice, caffe_crop, caffe_tile;                  /* caffe_pieces.c */
caffe_rule caffe_flatten, caffe_reshape, caffe_permute, caffe_shuffle_channel; /* caffe_dims.c */
caffe_rule caffe_interp, caffe_upsample;                                       /* caffe_resize.c */
/* The blobs that come from outside: fields of the net, and layers that read data. caffe_input.c */
int32_t caffe_net_inputs(caffe_reader *r);
caffe_rule caffe_input, caffe_dummy_data, caffe_data;

int32_t caffe_probe(const void *head, size_t n, const char *path);

#endif
