/* Stands in for CANN's atc in tests: knows the options that are used, refuses all others, and
 * writes a file that the stand-in libascendcl.so loads. It compiles nothing: a model takes longer
 * the larger its file is. AMCT_STANDIN_ATC=hang|fail|silent|crash makes it misbehave, later fail,
 * later-hang hang from the second run on; with slower, models take 5 ms more from then on.
 * AMCT_STANDIN_LOG is a file to which it adds a line per run. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {"--framework",   "--model", "--output",   "--soc_version",
                                    "--input_shape", "--log",   "--sparsity", "--insert_op_conf"};
enum { FRAMEWORK, MODEL, OUTPUT, SOC, INPUT_SHAPE, LOG, SPARSITY, AIPP, N_OPTIONS };

static void refuse(const char *code, const char *what, const char *value)
{
    printf("ATC start working now, please wait for a moment.\nATC run failed, Please check the "
           "detail log, Try 'atc --help' for more information\n%s: %s [%s]\n",
           code, what, value);
    fflush(stdout);
    exit(1);
}

static void read_options(const char *values[N_OPTIONS], int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        int k = 0;
        while (k < N_OPTIONS && (strlen(names[k]) != length || strncmp(argv[i], names[k], length)))
            k++;
        if (k == N_OPTIONS || argv[i][length] != '=')
            refuse("E10001", "unknown option", argv[i]);
        if (values[k])
            refuse("E10001", "option given twice", argv[i]);
        values[k] = argv[i] + length + 1;
    }
    for (int k = 0; k <= INPUT_SHAPE; k++)
        if (!values[k] || !values[k][0])
            refuse("E10004", "option is needed", names[k]);
}

/* "name:1,2;name:3": writes the bytes of each input in float32; returns the first dim. */
static long write_inputs(FILE *om, const char *shapes)
{
    long batch = 0, n = 0;
    for (const char *at = shapes; *at; at += strcspn(at, ";"), at += *at == ';', n++)
        ;
    fprintf(om, "inputs %ld\n", n);
    for (const char *at = shapes; *at;) {
        const char *end = at + strcspn(at, ";"), *colon = end;
        double bytes = 4;
        while (colon > at && *colon != ':') /* names may hold colons */
            colon--;
        if (colon == at)
            refuse("E10002", "input_shape has no name", shapes);
        for (const char *dim = colon + 1; dim < end;) {
            char *rest;
            long value = strtol(dim, &rest, 10);
            if (value < 1 || rest == dim || (*rest && *rest != ',' && *rest != ';'))
                refuse("E10002", "input_shape has a wrong dim", shapes);
            bytes *= (double)value;
            batch = batch ? batch : value;
            dim = rest + (*rest == ',');
        }
        fprintf(om, "%.0f\n", bytes);
        at = end + (*end == ';');
    }
    return batch;
}

static void write_om(const char *const *values, long model_bytes, double more_us)
{
    char path[8192];
    snprintf(path, sizeof path, "%s.om", values[OUTPUT]);
    FILE *om = fopen(path, "w");
    if (!om)
        refuse("E19999", "cannot write", path);
    fprintf(om, "stand-in om\nsoc %s\n", values[SOC]);
    long batch = write_inputs(om, values[INPUT_SHAPE]);
    fprintf(om, "outputs 1\n%ld\n", 40 * batch);
    fprintf(om, "us %.3f\n", 20 + (double)model_bytes / 1024 + more_us);
    fclose(om);
}

int main(int argc, char **argv)
{
    static const char *const socs[] = {"Ascend310",   "Ascend310P3", "Ascend310B1",
                                       "Ascend310B4", "Ascend910A",  "Ascend910B1"};
    const char *values[N_OPTIONS] = {NULL}, *how = getenv("AMCT_STANDIN_ATC");
    const char *log = getenv("AMCT_STANDIN_LOG");
    FILE *file;
    struct stat info;
    int later = log && stat(log, &info) == 0 && info.st_size > 0;
    if (log && (file = fopen(log, "a"))) {
        fprintf(file, "atc\n");
        fclose(file);
    }
    read_options(values, argc, argv);
    if (how && (strcmp(how, "hang") == 0 || (later && strcmp(how, "later-hang") == 0)))
        for (;;)
            pause();
    if (how && strcmp(how, "crash") == 0)
        abort();
    if (how && (strcmp(how, "fail") == 0 || (later && strcmp(how, "later") == 0)))
        refuse("E10016", "Opname not found in model", "conv1");
    if (strcmp(values[FRAMEWORK], "5"))
        refuse("E10007", "framework is no ONNX", values[FRAMEWORK]);
    if (values[SPARSITY] && strcmp(values[SPARSITY], "1"))
        refuse("E10006", "sparsity is not 1", values[SPARSITY]);
    if (values[AIPP] && access(values[AIPP], R_OK))
        refuse("E10410", "cannot open", values[AIPP]);
    size_t k = 0, n = sizeof socs / sizeof *socs;
    while (k < n && strcmp(socs[k], values[SOC]))
        k++;
    if (k == n)
        refuse("E10001", "soc_version is not supported", values[SOC]);
    file = fopen(values[MODEL], "rb");
    if (!file || fstat(fileno(file), &info) || !S_ISREG(info.st_mode) || fgetc(file) != 0x08)
        refuse("E16005", "the model is no ONNX file", values[MODEL]);
    fclose(file);
    if (!(how && strcmp(how, "silent") == 0))
        write_om(values, (long)info.st_size, later && how && strcmp(how, "slower") == 0 ? 5000 : 0);
    mkdir("kernel_meta", 0777); /* what it leaves in its working folder */
    puts("ATC run success, welcome to the next use.");
    return 0;
}
