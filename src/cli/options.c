#include "cli/options.h"

#include "cli/option_table.h"
#include "cli/option_value.h"

#include <getopt.h>
#include <stdio.h>

enum { FIRST_CODE = 1000 }; /* getopt's code of the first row */

void amct_options_print(unsigned command)
{
    printf("\nOptions:\n");
    for (int i = 0; i < amct_n_option_rows; i++) {
        const amct_option_row *row = &amct_option_rows[i];
        char left[64];
        if (!(row->commands & command))
            continue;
        snprintf(left, sizeof left, "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
                 row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
                 row->argument ? " " : "", row->argument ? row->argument : "");
        printf("  %-28s %s\n", left, row->help);
    }
}

/* getopt reports the option as it was written, or by its letter. */
static amct_status refuse(char **argv, int missing, amct_err *err)
{
    const char *word = argv[optind - 1];
    char letter[3] = {'-', (char)optopt, 0};
    if (optopt && optopt < FIRST_CODE)
        word = letter;
    return amct_fail(
        err, AMCT_E_INVALID,
        missing ? "option %s needs a value; see --help" : "unknown option %s; see --help", word);
}

/* Of what getopt returns: a letter, or a row's code. */
static const amct_option_row *row_of(int code, unsigned command)
{
    const amct_option_row *row = amct_option_rows;
    if (code >= FIRST_CODE)
        return &amct_option_rows[code - FIRST_CODE];
    while (row->letter != code || !(row->commands & command))
        row++;
    return row;
}

static amct_status each(amct_config *c, int argc, char **argv, unsigned command, bool first,
                        bool *help, amct_err *err)
{
    struct option *table =
        amct_arena_array(c->arena, (size_t)amct_n_option_rows + 1, sizeof *table);
    char *letters = amct_arena_alloc(c->arena, 2 * (size_t)amct_n_option_rows + 2);
    int n = 0, m = 0;
    if (!table || !letters)
        return amct_fail_nomem(err);
    letters[m++] = ':';
    for (int i = 0; i < amct_n_option_rows; i++) {
        const amct_option_row *row = &amct_option_rows[i];
        if (!(row->commands & command))
            continue;
        table[n++] = (struct option){row->name, row->argument ? required_argument : no_argument,
                                     NULL, FIRST_CODE + i};
        if (row->letter)
            letters[m++] = row->letter;
        if (row->letter && row->argument)
            letters[m++] = ':';
    }
    optind = 0; /* begin anew (glibc) */
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, letters, table, NULL)) != -1;) {
        if (code == '?' || code == ':')
            return refuse(argv, code == ':', err);
        const amct_option_row *row = row_of(code, command);
        if (row == &amct_option_rows[amct_n_option_rows - 1]) {
            *help = true;
            return AMCT_OK;
        }
        if (first && amct_option_first(row))
            AMCT_TRY(amct_option_first(row)(c, optarg, err));
        if (!first && row->set(c, optarg, err) != AMCT_OK)
            return amct_fail_in(err, "--%s", row->name);
    }
    for (int i = optind; !first && i < argc; i++)
        AMCT_TRY(amct_option_append(&c->positional, &c->n_positional, c, argv[i], err));
    return AMCT_OK;
}

amct_status amct_options_read(amct_config *config, int argc, char **argv, unsigned command,
                              bool *help, amct_err *err)
{
    *help = false;
    AMCT_TRY(each(config, argc, argv, command, true, help, err));
    return *help ? AMCT_OK : each(config, argc, argv, command, false, help, err);
}
