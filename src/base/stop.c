#include "base/stop.h"

#include "base/fork.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t *flag; /* worker processes see it too */
static const char *first_words;

static void on_signal(int number)
{
    int saved = errno;
    *flag = 1;
    signal(number, SIG_DFL);
    if (first_words && write(STDERR_FILENO, first_words, strlen(first_words)) < 0) {
        /* nobody reads it */
    }
    errno = saved;
}

const volatile sig_atomic_t *amct_stop_catch(const char *words)
{
    flag = amct_shared_alloc(sizeof *flag);
    first_words = words;
    if (flag) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
    }
    return flag;
}

bool amct_stop_wanted(void)
{
    return flag && *flag;
}
