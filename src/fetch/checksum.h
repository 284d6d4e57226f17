/* Checksums: what was asked for, what a file has. */
#ifndef FETCH_CHECKSUM_H
#define FETCH_CHECKSUM_H

#include <stddef.h>

#include "base/err.h"

#define CHECKSUM_MAX 64 /* bytes of a digest: sha512 */

enum checksum_kind {
	CHECKSUM_NONE,
	CHECKSUM_MD5,
	CHECKSUM_SHA1,
	CHECKSUM_SHA256,
	CHECKSUM_SHA512,
	CHECKSUM_FILE, /* a list of checksums at a URL */
};

struct checksum {
	enum checksum_kind kind;
	unsigned char digest[CHECKSUM_MAX];
	size_t len;
	const char *url; /* CHECKSUM_FILE: in the text that was parsed */
};

/** checksum_parse() - "sha256:HEX", "HEX", "file:URL"; NULL or "" is CHECKSUM_NONE. Return: 0; -1
 * ISO_FAULT_INPUT. */
iso_must_use int checksum_parse(const char *text, struct checksum *ret, struct iso_err *err);

/**
 * checksum_find() - look @name up in the text of a checksum file
 *
 * Lines of the GNU tools ("HEX  name", "HEX *name", directories before the name are ignored), of
 * BSD
 * ("SHA256 (name) = HEX"), or one bare HEX in the whole file. The first match counts.
 * Return: 0; -1 ISO_FAULT_INPUT no line fits.
 */
iso_must_use int checksum_find(
	const char *text, const char *name, struct checksum *ret, struct iso_err *err);

/** checksum_verify() - hash @fd from its start. Return: 0 equal; -1 differs (ISO_FAULT_INPUT), or
 * cannot be read. */
iso_must_use int checksum_verify(int fd, const struct checksum *wanted, struct iso_err *err);

#endif
