/* What a source URL says, and how much of it may be told. */
#ifndef FETCH_URL_H
#define FETCH_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define URL_SHOWN_MAX 512

/* Strings in the arena; NULL: not there. */
struct fetch_url {
	const char *get;    /* what is asked for: without option keys, "//dir" and fragment */
	const char *name;   /* last part of the path, decoded; "" if none */
	const char *subdir; /* directory of the archive, "a/b" */
	const char *checksum, *archive, *filename; /* option keys of the query */
};

/**
 * url_read() - take a source apart
 *
 * Return: 0; -1 ISO_FAULT_INPUT: not http or https, malformed.
 * Source: go-getter's README, "URL Format", "Unarchiving", "Checksumming".
 */
iso_must_use int url_read(
	struct arena *arena, const char *source, struct fetch_url *ret, struct iso_err *err);

/** url_same_origin() - same scheme, host and port; false when one cannot be read */
bool url_same_origin(const char *a, const char *b);
/** url_scheme_is() - "https" and the like, in any case */
bool url_scheme_is(const char *url, const char *scheme);

/**
 * url_shown() - a URL as it may stand in a message: no user and password, no values of the query,
 * no fragment, no control bytes, cut to the room
 */
const char *url_shown(const char *url, char ret[static URL_SHOWN_MAX]);

#endif
