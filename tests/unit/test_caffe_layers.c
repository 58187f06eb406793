/* What each layer computes, against Caffe's definitions written out plainly. */
#include "unit/caffe_build.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

/* Numbers between -1 and 1, the same in every run. */
static void fill(float *x, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (1 << 23) - 1;
    }
}

static const char *net(char *text, int c, int h, int w, const char *layers)
{
    snprintf(text, MOST, "input: 'x' input_dim: 1 input_dim: %d input_dim: %d input_dim: %d %s", c,
             h, w, layers);
    return text;
}

/* ---- Pooling --------------------------------------------------------------------------------- */

typedef struct pool {
    int h, w, k, s, p;
    bool average, floor;
} pool;

static int pooled(const pool *c, int in)
{
    float steps = (float)(in + 2 * c->p - c->k) / (float)c->s;
    int out = (int)(c->floor ? floorf(steps) : ceilf(steps)) + 1;
    if (c->p && (out - 1) * c->s >= in + c->p)
        out--;
    return out;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static float pool_one(const pool *c, const float *x, int i, int j)
{
    int h0 = i * c->s - c->p, w0 = j * c->s - c->p;
    int h1 = least(h0 + c->k, c->h + c->p), w1 = least(w0 + c->k, c->w + c->p);
    int size = (h1 - h0) * (w1 - w0);
    double sum = 0;
    float most = -INFINITY;
    for (int y = h0 < 0 ? 0 : h0; y < least(h1, c->h); y++)
        for (int z = w0 < 0 ? 0 : w0; z < least(w1, c->w); z++) {
            sum += x[y * c->w + z];
            most = fmaxf(most, x[y * c->w + z]);
        }
    return c->average ? (float)(sum / size) : most;
}

static bool pool_case(const pool *c)
{
    char text[MOST], layers[512];
    float x[100], wanted[400];
    int out_h = pooled(c, c->h), out_w = pooled(c, c->w);
    if (c->p >= c->k || out_h < 1 || out_w < 1 || (out_h - 1) * c->s >= c->h + c->p ||
        (out_w - 1) * c->s >= c->w + c->p)
        return false;
    fill(x, 100, (uint32_t)(c->h * 7 + c->k));
    for (int i = 0; i < out_h; i++)
        for (int j = 0; j < out_w; j++)
            wanted[i * out_w + j] = pool_one(c, x, i, j);
    snprintf(layers, sizeof layers,
             "layer { name: 'p' type: 'Pooling' bottom: 'x' top: 'p' pooling_param { pool: %s "
             "kernel_size: %d stride: %d pad: %d round_mode: %s } }",
             c->average ? "AVE" : "MAX", c->k, c->s, c->p, c->floor ? "FLOOR" : "CEIL");
    caffe_expect(net(text, 1, c->h, c->w, layers), NULL, x, wanted, (size_t)(out_h * out_w));
    return true;
}

Test(caffe_layers, pooling_rounds_up_and_divides_as_caffe_does)
{
    int n = 0;
    for (int h = 4; h <= 9; h++)
        for (int k = 1; k <= 4; k++)
            for (int s = 1; s <= 4; s++)
                for (int p = 0; p <= 2; p++)
                    for (int how = 0; how < 4; how++) {
                        const pool c = {h, h == 9 ? 8 : h + 1, k, s, p, how & 1, how & 2};
                        n += pool_case(&c);
                    }
    cr_assert_gt(n, 500);
}

Test(caffe_layers, global_pooling_takes_all)
{
    char text[MOST];
    const float x[8] = {1, 2, 3, 4, -5, -6, -7, -8}, mean[2] = {2.5f, -6.5f}, most[2] = {4, -5};
    caffe_expect(net(text, 2, 2, 2,
                     "layer { name: 'p' type: 'Pooling' bottom: 'x' top: 'p' pooling_param { pool: "
                     "AVE global_pooling: true } }"),
                 NULL, x, mean, 2);
    caffe_expect(net(text, 2, 2, 2,
                     "layer { name: 'p' type: 'Pooling' bottom: 'x' top: 'p' pooling_param { "
                     "global_pooling: true } }"),
                 NULL, x, most, 2);
}

/* ---- Convolution ----------------------------------------------------------------------------- */

/* 4 channels of 5x6 to 6 channels, 2 groups. */
static void convolve(const float *x, const float *w, const float *b, int s, int p, int d, int out_h,
                     int out_w, float *y)
{
    for (int o = 0; o < 6; o++)
        for (int i = 0; i < out_h; i++)
            for (int j = 0; j < out_w; j++) {
                double sum = b[o];
                for (int c = 0; c < 2; c++)
                    for (int u = 0; u < 3; u++)
                        for (int v = 0; v < 2; v++) {
                            int h = i * s - p + u * d, z = j - 0 + v * d;
                            if (h >= 0 && h < 5 && z >= 0 && z < 6)
                                sum += (double)w[((o * 2 + c) * 3 + u) * 2 + v] *
                                       x[((o / 3 * 2 + c) * 5 + h) * 6 + z];
                        }
                y[(o * out_h + i) * out_w + j] = (float)sum;
            }
}

Test(caffe_layers, convolution_has_groups_pads_strides_and_dilation)
{
    char text[MOST];
    float x[120], w[72], b[6], y[6 * 25];
    fill(x, 120, 1), fill(w, 72, 2), fill(b, 6, 3);
    const caffe_numbers blobs[] = {{4, {6, 2, 3, 2}, w}, {1, {6}, b}};
    caffe_file file = {0};
    caffe_put_layer(&file, "c", blobs, 2);
    convolve(x, w, b, 2, 1, 1, 3, 5, y);
    caffe_expect(net(text, 4, 5, 6,
                     "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'c' "
                     "convolution_param { num_output: 6 kernel_h: 3 kernel_w: 2 stride_h: 2 "
                     "stride_w: 1 pad_h: 1 pad_w: 0 group: 2 } }"),
                 &file, x, y, 90);
    convolve(x, w, b, 1, 2, 2, 5, 4, y);
    caffe_expect(net(text, 4, 5, 6,
                     "layer { name: 'c' type: 'Convolution' bottom: 'x' top: 'c' "
                     "convolution_param { num_output: 6 kernel_size: 3 kernel_size: 2 pad: 2 "
                     "pad: 0 dilation: 2 group: 2 } }"),
                 &file, x, y, 120);
    caffe_file_free(&file);
}

Test(caffe_layers, deconvolution_is_the_reverse)
{
    char text[MOST];
    float x[2 * 3 * 3], w[2 * 2 * 16], y[2 * 36] = {0}, wanted[2 * 36];
    fill(x, 18, 4), fill(w, 64, 5);
    /* kernel 4, stride 2, pad 1: 3x3 becomes 6x6 */
    for (int c = 0; c < 2; c++)
        for (int o = 0; o < 2; o++)
            for (int i = 0; i < 9; i++)
                for (int k = 0; k < 16; k++) {
                    int h = i / 3 * 2 - 1 + k / 4, v = i % 3 * 2 - 1 + k % 4;
                    if (h >= 0 && h < 6 && v >= 0 && v < 6)
                        y[o * 36 + h * 6 + v] += x[c * 9 + i] * w[(c * 2 + o) * 16 + k];
                }
    memcpy(wanted, y, sizeof wanted);
    const caffe_numbers blob = {4, {2, 2, 4, 4}, w};
    caffe_file file = {0};
    caffe_put_layer(&file, "d", &blob, 1);
    caffe_expect(net(text, 2, 3, 3,
                     "layer { name: 'd' type: 'Deconvolution' bottom: 'x' top: 'd' "
                     "convolution_param { num_output: 2 kernel_size: 4 stride: 2 pad: 1 "
                     "bias_term: false } }"),
                 &file, x, wanted, 72);
    caffe_file_free(&file);
}

Test(caffe_layers, inner_product_flattens_from_its_axis)
{
    char text[MOST];
    float x[12], w[12], b[3], all[3] = {0}, rows[2][3];
    fill(x, 12, 6), fill(w, 12 * 1, 7), fill(b, 3, 8);
    float wide[36];
    fill(wide, 36, 9);
    for (int o = 0; o < 3; o++) {
        all[o] = b[o];
        for (int k = 0; k < 12; k++)
            all[o] += wide[o * 12 + k] * x[k];
        for (int r = 0; r < 2; r++) {
            rows[r][o] = b[o];
            for (int k = 0; k < 6; k++) /* transposed: 6x3 */
                rows[r][o] += wide[k * 3 + o] * x[r * 6 + k];
        }
    }
    const caffe_numbers blobs[] = {{-1, {1, 1, 3, 12}, wide}, {-1, {1, 1, 1, 3}, b}};
    const caffe_numbers turned[] = {{2, {6, 3}, wide}, {1, {3}, b}};
    caffe_file file = {0};
    caffe_put_layer(&file, "i", blobs, 2);
    caffe_expect(net(text, 2, 3, 2,
                     "layer { name: 'i' type: 'InnerProduct' bottom: 'x' top: 'i' "
                     "inner_product_param { num_output: 3 } }"),
                 &file, x, all, 3);
    caffe_file_free(&file);
    caffe_put_layer(&file, "i", turned, 2);
    caffe_expect(net(text, 2, 3, 2,
                     "layer { name: 'i' type: 'InnerProduct' bottom: 'x' top: 'i' "
                     "inner_product_param { num_output: 3 axis: 2 transpose: true } }"),
                 &file, x, rows[0], 6);
    caffe_file_free(&file);
}

/* ---- Normalisation --------------------------------------------------------------------------- */

Test(caffe_layers, lrn_across_channels)
{
    char text[MOST];
    float x[7], y[7];
    fill(x, 7, 10);
    for (int c = 0; c < 7; c++) {
        double sum = 0;
        for (int k = c - 2; k <= c + 2; k++)
            sum += k >= 0 && k < 7 ? (double)x[k] * x[k] : 0;
        y[c] = (float)(x[c] * pow(2 + 0.3 / 5 * sum, -0.6));
    }
    caffe_expect(net(text, 7, 1, 1,
                     "layer { name: 'l' type: 'LRN' bottom: 'x' top: 'l' lrn_param { local_size: 5 "
                     "alpha: 0.3 beta: 0.6 k: 2 } }"),
                 NULL, x, y, 7);
}

Test(caffe_layers, lrn_within_a_channel_counts_the_padding_and_ignores_k)
{
    char text[MOST];
    float x[24], y[24];
    fill(x, 24, 11);
    for (int i = 0; i < 24; i++) {
        int c = i / 12, h = i / 4 % 3, w = i % 4;
        double sum = 0;
        for (int u = -1; u <= 1; u++)
            for (int v = -1; v <= 1; v++)
                if (h + u >= 0 && h + u < 3 && w + v >= 0 && w + v < 4)
                    sum += pow(x[c * 12 + (h + u) * 4 + w + v], 2);
        y[i] = (float)(x[i] * pow(1 + 0.5 * sum / 9, -0.75));
    }
    caffe_expect(net(text, 2, 3, 4,
                     "layer { name: 'l' type: 'LRN' bottom: 'x' top: 'l' lrn_param { norm_region: "
                     "WITHIN_CHANNEL local_size: 3 alpha: 0.5 k: 7 } }"),
                 NULL, x, y, 24);
}

Test(caffe_layers, batch_norm_divides_by_its_third_blob_then_scale_and_prelu_in_place)
{
    char text[MOST];
    float x[6], y[6];
    const float mean[2] = {1, -2}, variance[2] = {3, 4}, factor[1] = {0.5f};
    const float gamma[2] = {2, -1}, beta[2] = {0.25f, 0.5f}, slope[2] = {0.1f, 0.2f};
    fill(x, 6, 12);
    for (int i = 0; i < 6; i++) {
        int c = i / 3;
        double v = (x[i] - mean[c] / 0.5) / sqrt(variance[c] / 0.5 + 0.01) * gamma[c] + beta[c];
        y[i] = (float)(v < 0 ? v * slope[c] : v);
    }
    const caffe_numbers bn[] = {{1, {2}, mean}, {1, {2}, variance}, {1, {1}, factor}};
    const caffe_numbers scale[] = {{1, {2}, gamma}, {1, {2}, beta}}, prelu = {1, {2}, slope};
    caffe_file file = {0};
    caffe_put_layer(&file, "b", bn, 3);
    caffe_put_layer(&file, "s", scale, 2);
    caffe_put_layer(&file, "p", &prelu, 1);
    caffe_expect(net(text, 2, 1, 3,
                     "layer { name: 'b' type: 'BatchNorm' bottom: 'x' top: 'y' batch_norm_param { "
                     "eps: 0.01 } } layer { name: 's' type: 'Scale' bottom: 'y' top: 'y' "
                     "scale_param { bias_term: true } } layer { name: 'p' type: 'PReLU' bottom: "
                     "'y' top: 'y' }"),
                 &file, x, y, 6);
    caffe_file_free(&file);
}

Test(caffe_layers, a_scale_factor_of_zero_makes_statistics_zero)
{
    char text[MOST];
    const float x[2] = {1, -3}, y[2] = {1 / sqrtf(0.25f), -3 / sqrtf(0.25f)};
    const float any[1] = {7}, zero[1] = {0};
    const caffe_numbers bn[] = {{1, {1}, any}, {1, {1}, any}, {1, {1}, zero}};
    caffe_file file = {0};
    caffe_put_layer(&file, "b", bn, 3);
    caffe_expect(net(text, 1, 1, 2,
                     "layer { name: 'b' type: 'BatchNorm' bottom: 'x' top: 'y' batch_norm_param { "
                     "eps: 0.25 } }"),
                 &file, x, y, 2);
    caffe_file_free(&file);
}

Test(caffe_layers, scale_and_bias_lie_along_their_axes)
{
    char text[MOST];
    float x[12], y[12];
    const float along[3] = {1, 2, 3}, all[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    fill(x, 12, 13);
    for (int i = 0; i < 12; i++)
        y[i] = x[i] * along[i / 2 % 3] + all[i];
    const caffe_numbers scale = {1, {3}, along}, bias = {3, {2, 3, 2}, all};
    caffe_file file = {0};
    caffe_put_layer(&file, "s", &scale, 1);
    caffe_put_layer(&file, "b", &bias, 1);
    caffe_expect(net(text, 2, 3, 2,
                     "layer { name: 's' type: 'Scale' bottom: 'x' top: 's' scale_param { axis: 2 } "
                     "} layer { name: 'b' type: 'Bias' bottom: 's' top: 'b' bias_param { num_axes: "
                     "-1 } }"),
                 &file, x, y, 12);
    caffe_file_free(&file);
    /* by a second bottom: the mean of each channel */
    for (int i = 0; i < 12; i++) {
        float mean = 0;
        for (int k = 0; k < 6; k++)
            mean += x[i / 6 * 6 + k] / 6;
        y[i] = x[i] * mean;
    }
    caffe_expect(net(text, 2, 3, 2,
                     "layer { name: 'm' type: 'Reduction' bottom: 'x' top: 'm' reduction_param { "
                     "operation: MEAN axis: 2 } } layer { name: 's' type: 'Scale' bottom: 'x' "
                     "bottom: 'm' top: 's' scale_param { axis: 0 } }"),
                 NULL, x, y, 12);
}

Test(caffe_layers, mvn_and_normalize)
{
    char text[MOST];
    float x[8], y[8], z[8];
    const float scale[2] = {3, 4};
    fill(x, 8, 14);
    for (int c = 0; c < 2; c++) {
        double mean = 0, variance = 0;
        for (int k = 0; k < 4; k++)
            mean += x[c * 4 + k] / 4.0;
        for (int k = 0; k < 4; k++)
            variance += pow(x[c * 4 + k] - mean, 2) / 4;
        for (int k = 0; k < 4; k++) {
            double length = sqrt(pow(x[k], 2) + pow(x[4 + k], 2) + 0.5);
            y[c * 4 + k] = (float)((x[c * 4 + k] - mean) / (sqrt(variance) + 0.1));
            z[c * 4 + k] = (float)(x[c * 4 + k] / length * scale[c]);
        }
    }
    caffe_expect(net(text, 2, 2, 2,
                     "layer { name: 'm' type: 'MVN' bottom: 'x' top: 'm' mvn_param { eps: 0.1 } }"),
                 NULL, x, y, 8);
    const caffe_numbers blob = {1, {2}, scale};
    caffe_file file = {0};
    caffe_put_layer(&file, "n", &blob, 1);
    caffe_expect(net(text, 2, 2, 2,
                     "layer { name: 'n' type: 'Normalize' bottom: 'x' top: 'n' norm_param { "
                     "across_spatial: false channel_shared: false eps: 0.5 } }"),
                 &file, x, z, 8);
    caffe_file_free(&file);
}
