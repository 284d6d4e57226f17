/* Where the output of a task is shown: as it is, filtered for a terminal, and with its task's name
 * before each line when there are several. */
#ifndef CLI_LOG_OUT_H
#define CLI_LOG_OUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/clean.h"

struct log_out {
	const char *prefix; /* "task | ", NULL = none */
	bool filtered;
	struct clean clean; /* of a stream without a prefix */
	struct buf held;    /* the beginning of a line that gets one */
};

/** log_out_write() - @last: nothing follows. false: the reader is gone */
bool log_out_write(struct log_out *o, const char *data, size_t len, bool last);
void log_out_done(struct log_out *o);

#endif
