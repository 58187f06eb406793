#define _GNU_SOURCE /* memmem */
#include "import/lookalike.h"

#include "import/air.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes at a fixed place. The .om header is ModelFileHeader of Huawei's CANN (magic "IMOD"), the
 * .tflite one a FlatBuffers file identifier, the others are in the formats' own documents. */
static const struct {
    size_t at, length;
    const char *bytes, *what;
} magics[] = {
    {0, 8, "\x89HDF\r\n\x1a\n",
     "HDF5: a Keras .h5 model or a checkpoint; load it in Keras, model.export('FOLDER'), and give "
     "that folder"},
    {4, 4, "TFL3",
     "a TensorFlow Lite model; give the SavedModel or the frozen graph that it was made from"},
    {0, 4, "IMOD", "an Ascend .om model, already compiled; give the model it was compiled from"},
    {0, 4, "GGUF", "a GGUF file of llama.cpp"},
    {0, 6, "\x93NUMPY", "a NumPy array; is it data rather than the model?"},
    {0, 2, "\x1f\x8b", "a gzip file; unpack it first"},
    {0, 4,
     "\x7f"
     "ELF",
     "a program or a shared object"},
    {0, 5, "<?xml", "XML: an OpenVINO model? Give the model it was converted from"},
    {0, 8, "\x89PNG\r\n\x1a\n", "a PNG image; is it data rather than the model?"},
    {0, 3, "\xff\xd8\xff", "a JPEG image; is it data rather than the model?"},
};

static bool contains(const void *head, size_t n, const char *text)
{
    return memmem(head, n, text, strlen(text)) != NULL;
}

static bool begins(const void *head, size_t n, const char *text)
{
    return n >= strlen(text) && memcmp(head, text, strlen(text)) == 0;
}

static const char *zip_kind(const void *head, size_t n)
{
    if (contains(head, n, "archive_format") || contains(head, n, "models/model.json") ||
        contains(head, n, "data.pkl") || contains(head, n, "constants.pkl"))
        return "a PyTorch archive; is the plugin 'pytorch' installed?";
    if (contains(head, n, "model.weights.h5") || contains(head, n, "config.json"))
        return "a Keras .keras model; load it in Keras, model.export('FOLDER'), and give that "
               "folder";
    if (contains(head, n, ".npy"))
        return "a NumPy archive; is it data rather than the model?";
    return "a zip archive";
}

static bool is_text(const unsigned char *head, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isprint(head[i]) && !isspace(head[i]) && head[i] < 0x80)
            return false;
    return true;
}

#define DARKNET(what) "darknet's " what "; convert the network to ONNX or Caffe and give that"

/* The first line that is neither blank nor a comment is [net], by its old name [network]. */
static bool is_darknet_cfg(const unsigned char *text, size_t n)
{
    size_t i = 0;
    while (i < n && (isspace(text[i]) || text[i] == '#' || text[i] == ';')) {
        if (!isspace(text[i]))
            while (i < n && text[i] != '\n')
                i++;
        i += i < n;
    }
    return begins(text + i, n - i, "[net]") || begins(text + i, n - i, "[network]");
}

/* Major, minor and revision as int32, the pictures seen as uint64 (as uint32 before 0.2), then
 * floats, of which some must be there and look like weights. */
static bool is_darknet_weights(const unsigned char *bytes, size_t n)
{
    enum { FLOATS = 8 };
    int32_t version[3];
    float x;
    if (n < sizeof version)
        return false;
    memcpy(version, bytes, sizeof version);
    if (version[0] != 0 || version[1] < 1 || version[1] > 2 || version[2] < 0 || version[2] > 9)
        return false;
    size_t at = version[1] < 2 ? 16 : 20;
    if (n < at + FLOATS * sizeof x)
        return false;
    size_t zeros = 0;
    for (size_t i = 0; i < FLOATS; i++) {
        memcpy(&x, bytes + at + i * sizeof x, sizeof x);
        if (!isfinite(x) || fabsf(x) > 1e6f || (x != 0 && fabsf(x) < 1e-30f))
            return false;
        zeros += x == 0;
    }
    return zeros < FLOATS;
}

const char *amct_lookalike(const void *head, size_t n)
{
    const unsigned char *bytes = head;
    if (n == 0)
        return "an empty file";
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (n >= magics[i].at + magics[i].length &&
            memcmp(bytes + magics[i].at, magics[i].bytes, magics[i].length) == 0)
            return magics[i].what;
    if (n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0)
        return zip_kind(head, n);
    if (n >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
        return "a Python pickle that torch.save did not write: save model.state_dict() with "
               "torch.save, or the model with torch.export.save";
    if (n >= 10 && bytes[8] == '{' && bytes[9] == '"')
        return "a safetensors file, which holds weights but no network; export it as ONNX";
    if (amct_air_is(head, n))
        return "an .air model of MindSpore or CANN; give the model that it was made from";
    if (is_darknet_weights(bytes, n))
        return DARKNET("weights");
    if (!is_text(bytes, n))
        return NULL;
    if (is_darknet_cfg(bytes, n))
        return DARKNET("description of a network");
    if (contains(head, n, "base_lr:") || contains(head, n, "solver_mode:"))
        return "the settings of a Caffe solver; give the net that it names";
    if (begins(bytes, n, "node {") || begins(bytes, n, "graph_def {"))
        return "a TensorFlow graph as text; write it in binary form";
    return "text";
}
