#include "base/log.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_HELD = 200 }; /* lines; a hostile model may give reason to a million */

static enum amct_log_level wanted = AMCT_LOG_INFO;
static int line_shown;

/* Lines that wait; under the lock of stderr. */
static struct {
    bool on;
    char *lines[MAX_HELD];
    size_t n, lost; /* lost: there was no room for them */
} held;

void amct_log_set_level(enum amct_log_level level)
{
    wanted = level;
}

bool amct_log_wants(enum amct_log_level level)
{
    return level <= wanted;
}

static void clear_line(void)
{
    if (line_shown)
        fputs("\r\033[K", stderr);
    line_shown = 0;
}

static void print(const char *kind, const char *text)
{
    clear_line();
    fprintf(stderr, "amct-autotune: %s%s\n", kind, text);
}

static void put_off(const char *kind, const char *text)
{
    size_t size = strlen(kind) + strlen(text) + 1;
    char *line = held.n < MAX_HELD ? malloc(size) : NULL;
    if (!line) {
        held.lost++;
        return;
    }
    snprintf(line, size, "%s%s", kind, text);
    held.lines[held.n++] = line;
}

void amct_log(enum amct_log_level level, const char *fmt, ...)
{
    if (!amct_log_wants(level))
        return;
    char text[2 * AMCT_ERR_TEXT];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    amct_utf8_clean(text);
    flockfile(stderr);
    if (!held.on || level == AMCT_LOG_ERROR)
        print(level == AMCT_LOG_ERROR  ? "error: "
              : level == AMCT_LOG_WARN ? "warning: "
                                       : "",
              text);
    else
        put_off(level == AMCT_LOG_WARN ? "warning: " : "", text);
    funlockfile(stderr);
}

void amct_log_hold(void)
{
    flockfile(stderr);
    held.on = !amct_log_wants(AMCT_LOG_DEBUG);
    funlockfile(stderr);
}

void amct_log_release(bool print_them)
{
    flockfile(stderr);
    for (size_t i = 0; i < held.n; i++) {
        if (print_them)
            print("", held.lines[i]);
        free(held.lines[i]);
    }
    if (print_them && held.lost) {
        char text[64];
        snprintf(text, sizeof text, "warning: %zu more lines like these", held.lost);
        print("", text);
    }
    held.on = false;
    held.n = held.lost = 0;
    funlockfile(stderr);
}

void amct_log_progress(const char *text)
{
    if (wanted < AMCT_LOG_INFO)
        return;
    flockfile(stderr);
    clear_line();
    if (text) {
        line_shown = isatty(STDERR_FILENO);
        fprintf(stderr, line_shown ? "%s" : "%s\n", text);
        fflush(stderr);
    }
    funlockfile(stderr);
}
