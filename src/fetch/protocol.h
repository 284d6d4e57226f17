/*
 * How isoexec-fetch is called: descriptors and the request. Nothing stands on the command line or
 * in the environment, which other processes can read.
 *
 * The request is a file (a sealed memfd) or a pipe of "key=value" strings, each ended by NUL. Keys
 * are read once, an unknown key is an error; those marked * may come several times.
 *
 *   source      URL, http or https; the query keys checksum, archive and filename are options and
 *               are not sent; "//dir" behind an archive's name takes just that directory of it
 *   mode        any (default), file, dir
 *   checksum    md5|sha1|sha256|sha512:HEX, HEX (kind by its length), file:URL
 *   archive     unset: by the suffix of the URL; "false" or "0": never; else a type: tar tar.gz tgz
 *               tar.bz2 tbz2 tar.xz txz tar.zst tzst zip gz bz2 xz zst
 *   filename    name of the file below the destination; unset: last part of the URL
 *   header*     "Name: value", sent to the first URL's scheme, host and port only
 *   allow_host* address or CIDR that may be connected to although it is loopback, link-local or so
 *   insecure    true: no verification of TLS certificates
 *   ca_file     PEM file of certificate authorities instead of the system's
 *   progress    true: records of progress are wanted
 *   uid gid     whose rights are used; required, numbers
 *   group*      supplementary groups, numbers; gid alone when there is none
 *   max_bytes unpack_bytes unpack_entries unpack_ratio connect_ms idle_ms total_ms
 *               limits, see struct fetch_limits
 *
 * Result: exit status 0; or 1 and a struct iso_err as the last record on FETCH_FD_REPORT. Records
 * before it have no fault, their text is one line about the progress. All texts hold what strangers
 * wrote: the caller cleans them (base/clean.h). On failure the destination
 * is as it was, unless moving finished entries into it failed half way, and staging is empty.
 */
#ifndef FETCH_PROTOCOL_H
#define FETCH_PROTOCOL_H

#include <stdint.h>

enum fetch_fd {
	FETCH_FD_REQUEST = 3,
	FETCH_FD_DESTINATION = 4, /* directory, opened by the caller without following links */
	FETCH_FD_STAGING = 5, /* directory of the worker's uid, 0700, same file system; emptied */
	FETCH_FD_REPORT = 6,  /* records of struct iso_err, each in one write */
	FETCH_FD_END,
};

#define FETCH_REQUEST_MAX (1U << 20) /* bytes */

/* Zero is not "none": every limit holds. */
struct fetch_limits {
	uint64_t max_bytes;      /* of the download; 100 GB as the reference */
	uint64_t unpack_bytes;   /* sum of all files' sizes, holes counted; 100 GB */
	uint64_t unpack_entries; /* files, links, directories, also implied ones; 4096 */
	uint64_t unpack_ratio;   /* bytes out for one byte in, judged from 64 MiB out on; 400 */
	uint64_t connect_ms;     /* 30 s */
	uint64_t idle_ms;        /* without a byte: 60 s */
	uint64_t total_ms;       /* the whole download with redirects: 30 min */
};

#endif
