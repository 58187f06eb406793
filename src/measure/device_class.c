#include "measure/device_class.h"

#include <stddef.h>
#include <string.h>

typedef struct name {
    const char *text;
    amct_device_class k;
} name;

/* How types begin; the first that fits counts. Versions add letters: MatMulV2, Conv2DTransposeD. */
static const name beginnings[] = {
    {"Conv2DTranspose", AMCT_DEVICE_DECONV},
    {"Conv3DTranspose", AMCT_DEVICE_DECONV},
    {"Conv2DBackpropInput", AMCT_DEVICE_DECONV},
    {"Conv3DBackpropInput", AMCT_DEVICE_DECONV},
    {"Deconvolution", AMCT_DEVICE_DECONV},
    {"Conv2D", AMCT_DEVICE_CONV},
    {"Conv3D", AMCT_DEVICE_CONV},
    {"DepthwiseConv2D", AMCT_DEVICE_CONV},
    {"MatMul", AMCT_DEVICE_MATMUL},
    {"BatchMatMul", AMCT_DEVICE_MATMUL},
    {"FullyConnection", AMCT_DEVICE_MATMUL},
    {"Gemm", AMCT_DEVICE_MATMUL},
    {"GEMM", AMCT_DEVICE_MATMUL},
    {"MaxPool", AMCT_DEVICE_POOL},
    {"AvgPool", AMCT_DEVICE_POOL},
    {"ReduceMean", AMCT_DEVICE_MEAN},
    {"LayerNorm", AMCT_DEVICE_NORM},
};

static const name types[] = {
    {"Pooling", AMCT_DEVICE_POOL},
    {"SoftmaxV2", AMCT_DEVICE_SOFTMAX},
    {"Add", AMCT_DEVICE_ADD},
    {"Mul", AMCT_DEVICE_MUL},
    {"Relu", AMCT_DEVICE_RELU},
    {"Sigmoid", AMCT_DEVICE_SIGMOID},
    {"ConcatD", AMCT_DEVICE_CONCAT},
    {"AscendQuant", AMCT_DEVICE_QUANT},
    {"AscendDequant", AMCT_DEVICE_DEQUANT},
};

static const name ops[] = {
    {"Conv", AMCT_DEVICE_CONV},
    {"ConvTranspose", AMCT_DEVICE_DECONV},
    {"Gemm", AMCT_DEVICE_MATMUL},
    {"MatMul", AMCT_DEVICE_MATMUL},
    {"MaxPool", AMCT_DEVICE_POOL},
    {"AveragePool", AMCT_DEVICE_POOL},
    {"GlobalAveragePool", AMCT_DEVICE_MEAN},
    {"ReduceMean", AMCT_DEVICE_MEAN},
    {"Softmax", AMCT_DEVICE_SOFTMAX},
    {"Add", AMCT_DEVICE_ADD},
    {"Mul", AMCT_DEVICE_MUL},
    {"Relu", AMCT_DEVICE_RELU},
    {"Sigmoid", AMCT_DEVICE_SIGMOID},
    {"Concat", AMCT_DEVICE_CONCAT},
    {"LayerNormalization", AMCT_DEVICE_NORM},
    {"AscendQuant", AMCT_DEVICE_QUANT},
    {"AscendDequant", AMCT_DEVICE_DEQUANT},
};

static amct_device_class find(const name *names, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i].text, text) == 0)
            return names[i].k;
    return AMCT_DEVICE_OTHER;
}

amct_device_class amct_device_class_of_type(const char *type)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(type, beginnings[i].text, strlen(beginnings[i].text)) == 0)
            return beginnings[i].k;
    return find(types, sizeof types / sizeof *types, type);
}

amct_device_class amct_device_class_of_op(const char *op)
{
    return find(ops, sizeof ops / sizeof *ops, op);
}

bool amct_device_class_is_cube(amct_device_class k)
{
    return k == AMCT_DEVICE_CONV || k == AMCT_DEVICE_DECONV || k == AMCT_DEVICE_MATMUL;
}

const char *amct_device_class_name(amct_device_class k)
{
    return k == AMCT_DEVICE_CONV     ? "convolutions"
           : k == AMCT_DEVICE_DECONV ? "transposed convolutions"
           : k == AMCT_DEVICE_MATMUL ? "matrix products"
                                     : "operators";
}
