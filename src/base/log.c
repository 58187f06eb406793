#include "base/log.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum amct_log_level wanted = AMCT_LOG_INFO;
static int line_shown;

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
    clear_line();
    fprintf(stderr, "amct-autotune: %s%s\n",
            level == AMCT_LOG_ERROR  ? "error: "
            : level == AMCT_LOG_WARN ? "warning: "
                                     : "",
            text);
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
