/* The request as read from the caller (protocol.h). */
#ifndef FETCH_REQUEST_H
#define FETCH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "fetch/protocol.h"

#define REQUEST_LIST_MAX 64

enum fetch_mode {
	FETCH_ANY,
	FETCH_FILE,
	FETCH_DIR
};

struct request_list {
	const char *v[REQUEST_LIST_MAX];
	size_t n;
};

/* Strings lie in the text that was parsed. NULL: not given. */
struct fetch_request {
	const char *source, *mode_name, *checksum, *archive, *filename, *ca_file;
	struct request_list headers, allow_hosts, group_names;
	bool insecure, progress;
	uint64_t uid, gid; /* UINT64_MAX: not given */
	uint32_t groups[REQUEST_LIST_MAX];
	enum fetch_mode mode;
	struct fetch_limits limits;
};

/**
 * request_parse() - read "key=value" NUL ...
 * @text: @len bytes, kept by the caller as long as @ret is used
 *
 * Return: 0; -1 with ISO_FAULT_PROTOCOL (the caller's mistake) or ISO_FAULT_INPUT (what the job
 * says).
 */
iso_must_use int request_parse(
	const char *text, size_t len, struct fetch_request *ret, struct iso_err *err);

#endif
