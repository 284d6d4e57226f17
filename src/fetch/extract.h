/* Unpacking a verified archive into staging. libarchive reads; what is made of an entry is decided
 * here. */
#ifndef FETCH_EXTRACT_H
#define FETCH_EXTRACT_H

#include "fetch/request.h"

/** extract_is_type() - "tar.gz", "zip", "xz", ...: is it an archive type? */
bool extract_is_type(const char *type);
/** extract_type_of() - by the suffix of a file name; NULL: no archive. The longest suffix wins. */
const char *extract_type_of(const char *name);
/** extract_is_single() - gz, bz2, xz, zst: one compressed file, no tree */
bool extract_is_single(const char *type);

/**
 * extract() - @archive_fd (from its start) into the empty directory @dir
 * @single_name: what the one file of a single-file archive is called
 *
 * Anything but directories, files, links that stay inside and hard links to files of the same
 * archive refuses the whole. Modes lose set-id bits and write for group and others; owners, times,
 * attributes are not taken over.
 */
iso_must_use int extract(int archive_fd, const char *type, const char *single_name, int dir,
	const struct fetch_limits *limits, struct iso_err *err);

#endif
