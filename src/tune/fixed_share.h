/*
 * fixed_share.h - which part of the latency nothing can change, and the batch size that makes it
 * small. Of a network that is mostly fixed cost no search gains much.
 */
#ifndef AMCT_TUNE_FIXED_SHARE_H
#define AMCT_TUNE_FIXED_SHARE_H

#include "compress/layer.h"
#include "plugin/plugins.h"
#include "tune/config.h"

/* From here on it is worth a warning. */
#define AMCT_FIXED_MUCH 0.5

typedef struct amct_fixed_share {
    double ratio;  /* of the latency, at the graph's batch size */
    int64_t batch; /* the graph's if ratio is below AMCT_FIXED_MUCH, else the first of its doublings
                    * at which it is; 0: none up to 4096, or the network has no other batch */
} amct_fixed_share;

/* graph is the original at the device's batch size, ratio its share there; other batch sizes are
 * estimated only if that is much. */
amct_status amct_fixed_share_find(amct_fixed_share *out, double ratio, const amct_plugins *plugins,
                                  const amct_config *config, const amct_graph *graph,
                                  const amct_layer *layers, uint32_t n_layers, amct_err *err);
enum { AMCT_FIXED_TEXT = 160 };
/* Words for the user, on one line; what to do about it if it is much. Returns text. */
char *amct_fixed_share_print(const amct_fixed_share *share, char text[AMCT_FIXED_TEXT]);

#endif
