/* HTTP: one URL into a file, by the rules of docs/SECURITY.md. */
#ifndef FETCH_DOWNLOAD_H
#define FETCH_DOWNLOAD_H

#include <stdint.h>

#include "fetch/request.h"

struct download {
	const char *url, *name; /* name: for the progress line */
	int fd;                 /* written from its start */
	uint64_t max_bytes;
};

/**
 * download() - follows at most 10 redirects, never from https to http; own headers go to the first
 * origin only Return: 0; -1 with what went wrong and the URL without its secrets.
 */
iso_must_use int download(
	const struct fetch_request *r, const struct download *d, struct iso_err *err);

#endif
