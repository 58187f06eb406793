/*
 * counted_sink.h - the sink of an import on trial: counts calls, fails at one of them, and sees
 * whether the plugin stops then.
 */
#ifndef AMCT_CONFORM_COUNTED_SINK_H
#define AMCT_CONFORM_COUNTED_SINK_H

#include "conform/reading.h"
#include "plugin/host.h"

typedef struct amct_counted_sink {
    amct_sink table;
    unsigned char later[64]; /* fields of a younger host */
    const amct_sink *inner;
    amct_plugin_host *host;
    amct_reading *reading;
} amct_counted_sink;

/* In place: the table does not move. */
void amct_counted_sink_init(amct_counted_sink *sink, const amct_sink *inner, amct_plugin_host *host,
                            amct_reading *reading);

#endif
