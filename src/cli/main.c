/* amct-autotune: the command line. */
#include <config.h>

#include "cli/command.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    unsigned bit;
    int (*run)(amct_config *config, amct_err *err);
    const char *usage, *summary, *example;
} commands[] = {
    {"search", AMCT_CMD_SEARCH, amct_cmd_search,
     "MODEL --data PATH [options] | -c FILE | --resume OUT",
     "find the fastest model within an accuracy budget",
     "amct-autotune search resnet20.onnx --data test.bin --scale 1/255 \\\n"
     "      --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --budget 1% --batch 64 -o out"},
    {"inspect", AMCT_CMD_INSPECT, amct_cmd_inspect, "MODEL [options]",
     "layers, shapes, MACs; what may be compressed, and why not",
     "amct-autotune inspect resnet20.onnx"},
    {"eval", AMCT_CMD_EVAL, amct_cmd_eval, "MODEL --data PATH [options]",
     "measured accuracy of a model file (float, AMCT deploy or QDQ)",
     "amct-autotune eval out/best/resnet20_deploy_model.onnx --data test.bin --scale 1/255"},
    {"estimate", AMCT_CMD_ESTIMATE, amct_cmd_estimate, "MODEL [options]",
     "latency of a model on a device",
     "amct-autotune estimate resnet50.onnx --batch 16 --per-layer"},
    {"export", AMCT_CMD_EXPORT, amct_cmd_export, "OUT --budget RATIO [-o FOLDER]",
     "another point of a finished study, without a search",
     "amct-autotune export out --budget 0.5% -o out/half-percent"},
    {"report", AMCT_CMD_REPORT, amct_cmd_report, "OUT", "write OUT/report.html anew",
     "amct-autotune report out"},
    {"explain", AMCT_CMD_EXPLAIN, amct_cmd_explain, "OUT [LAYER]",
     "why a layer got its level; what the next one costs and saves",
     "amct-autotune explain out /layer1/conv1/Conv"},
    {"plugins", AMCT_CMD_PLUGINS, amct_cmd_plugins, "[list] | check FILE [--model MODEL]",
     "importers and estimators that are found, and why others are not; does one keep its contract",
     "amct-autotune plugins check ./mine.so --model sample.mine"},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
    fprintf(out, "usage: amct-autotune COMMAND [options]\n\n"
                 "Compresses a trained network for Huawei Ascend chips by measured search.\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(out,
            "\namct-autotune COMMAND --help shows a command's options. Exit status: 0 budget met "
            "and faster;\n1 internal error; 2 usage or bad input; 3 budget not met; 4 met but "
            "not faster; 5 stopped\nearly, resumable; 6 accuracy not proven with the samples "
            "given.\n");
}

static void print_help(const struct command *command)
{
    printf("usage: amct-autotune %s %s\n\n%s.\n\nExample:\n  %s\n", command->name, command->usage,
           command->summary, command->example);
    amct_options_print(command->bit);
    if (command->bit != AMCT_CMD_SEARCH)
        return;
    const char *name, *summary;
    printf("\nAlgorithms:\n");
    for (size_t i = 0; (name = amct_search_algorithm(i, &summary)); i++)
        printf("  %-28s %s\n", name, summary);
}

int amct_cmd_fail(const amct_err *err)
{
    amct_log(err->code == AMCT_E_CANCELLED ? AMCT_LOG_WARN : AMCT_LOG_ERROR, "%s", err->text);
    switch (err->code) {
    case AMCT_E_NOMEM:
    case AMCT_E_PLUGIN:
    case AMCT_E_INTERNAL: return AMCT_EXIT_INTERNAL;
    case AMCT_E_CANCELLED: return AMCT_EXIT_STOPPED;
    default: return AMCT_EXIT_USAGE;
    }
}

amct_status amct_cmd_argument(const char **out, const amct_config *config, const char *what,
                              amct_err *err)
{
    if (config->n_positional != 1)
        return amct_fail(err, AMCT_E_INVALID, "%s is wanted, %u arguments are given; see --help",
                         what, config->n_positional);
    *out = config->positional[0];
    return AMCT_OK;
}

/* Whether it could be written is seen at the end of main. */
amct_status amct_cmd_answer(amct_json *json, amct_err *err)
{
    char *text;
    AMCT_TRY(amct_json_text_of(&text, json, false, err));
    fputs(text, stdout);
    free(text);
    return AMCT_OK;
}

/* The exit status, unless the answer did not get out. */
static int end(int status)
{
    int error = fflush(stdout) == 0 ? 0 : errno;
    if (!error && !ferror(stdout))
        return status;
    /* why an earlier write failed is not known any more */
    amct_log(AMCT_LOG_ERROR, "the answer cannot be written%s%s", error ? ": " : "",
             error ? strerror(error) : "");
    return AMCT_EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
    amct_err err = {0};
    amct_config *config;
    bool help;
    if (amct_config_new(&config, &err) != AMCT_OK)
        return amct_cmd_fail(&err);
    int status;
    if (amct_options_read(config, argc, argv, command->bit, &help, &err) != AMCT_OK) {
        status = amct_cmd_fail(&err);
    } else if (help) {
        print_help(command);
        status = 0;
    } else {
        status = command->run(config, &err);
    }
    amct_config_free(config);
    return status;
}

static int dispatch(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        printf("amct-autotune %s\n", PACKAGE_VERSION);
        return 0;
    }
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                      strcmp(argv[1], "help") == 0)) {
        print_usage(stdout);
        return 0;
    }
    for (int i = 0; argc >= 2 && i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    if (argc >= 2)
        amct_log(AMCT_LOG_ERROR, "unknown command '%s'", argv[1]);
    print_usage(stderr);
    return AMCT_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    return end(dispatch(argc, argv));
}
