/*
 * isoexec-fetch: one artifact. The only program of ours that reads bytes from the network or
 * unpacks archives; it is the task's user, in a sandbox, before the first of them. protocol.h says
 * how it is called.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "fetch/checksum.h"
#include "fetch/download.h"
#include "fetch/extract.h"
#include "fetch/links.h"
#include "fetch/place.h"
#include "fetch/request.h"
#include "fetch/sandbox.h"
#include "fetch/url.h"

enum {
	SUMS_MAX_BYTES = 1 << 20,
	FILE_MODE = 0644
};

#define DOWNLOADED "download"
#define UNPACKED   "unpacked"

struct job {
	struct arena *arena;
	struct fetch_request request;
	struct fetch_url url;
	struct checksum wanted;
	const char *type; /* of the archive, NULL = none */
	const char *name; /* of a file in the destination */
};

static int read_request(struct job *j, struct iso_err *err)
{
	char *text = arena_alloc(j->arena, FETCH_REQUEST_MAX);
	size_t len = 0;
	ssize_t n;

	if (lseek(FETCH_FD_REQUEST, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return iso_err_sys(err, "read the request on descriptor %d", FETCH_FD_REQUEST);
	while ((n = read(FETCH_FD_REQUEST, text + len, FETCH_REQUEST_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return iso_err_sys(err, "read the request on descriptor %d", FETCH_FD_REQUEST);
	return request_parse(text, len, &j->request, err);
}

static const char *first(const char *a, const char *b)
{
	return a && *a ? a : b;
}

/* The archive's kind and the file's name: what the request says, else what the URL says. */
static int decide(struct job *j, struct iso_err *err)
{
	struct fetch_request *r = &j->request;

	if (url_read(j->arena, r->source, &j->url, err) ||
		checksum_parse(first(r->checksum, j->url.checksum), &j->wanted, err))
		return -1;
	const char *type = first(r->archive, j->url.archive);
	bool never = type && (!strcmp(type, "false") || !strcmp(type, "0"));
	if (type && !never && strcmp(type, "true") != 0 && !extract_is_type(type))
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "archive type '%s' is not known", type);
	j->type = never                           ? NULL
		  : type && extract_is_type(type) ? type
						  : extract_type_of(j->url.name);
	if (r->mode == FETCH_FILE && j->type && !extract_is_single(j->type))
		j->type = NULL;
	j->name = first(r->filename, first(j->url.filename, j->url.name));
	if (r->mode == FETCH_DIR && !j->type)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "mode 'dir' needs an archive");
	if (j->type && extract_is_single(j->type) && !first(r->filename, j->url.filename))
		j->name = arena_strndup(j->arena, j->name,
			strlen(j->name) > strlen(j->type) + 1
				? strlen(j->name) - strlen(j->type) - 1
				: 0);
	if ((!j->type || extract_is_single(j->type)) &&
		(!j->name || !*j->name || strchr(j->name, '/') || j->name[0] == '.'))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"the URL names no file: give one with options { filename = \"...\" }");
	char clean[PLACE_MAX_PATH];
	if (!j->type && place_clean(j->name, clean, err))
		return iso_err_in(err, "name the file");
	return 0;
}

static int open_download(struct iso_err *err)
{
	int fd = openat(FETCH_FD_STAGING, DOWNLOADED,
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	return fd < 0 ? iso_err_sys(err, "make a file in staging") : fd;
}

/* "file:URL": the list of checksums is fetched by the same rules. */
static int resolve_checksum(struct job *j, struct iso_err *err)
{
	if (j->wanted.kind != CHECKSUM_FILE)
		return 0;
	own_fd fd = openat(FETCH_FD_STAGING, "checksums",
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	const struct download d = {
		.url = j->wanted.url, .name = "checksums", .fd = fd, .max_bytes = SUMS_MAX_BYTES};
	if (fd < 0)
		return iso_err_sys(err, "make a file in staging");
	if (download(&j->request, &d, err))
		return -1;
	char *text = arena_alloc(j->arena, SUMS_MAX_BYTES + 1);
	ssize_t n = pread(fd, text, SUMS_MAX_BYTES, 0);
	if (n < 0)
		return iso_err_sys(err, "read the checksums");
	text[n] = '\0';
	return checksum_find(text, j->url.name, &j->wanted, err);
}

static int unpack(struct job *j, int fd, struct iso_err *err)
{
	char sub[PLACE_MAX_PATH] = "";

	if (mkdirat(FETCH_FD_STAGING, UNPACKED, 0755))
		return iso_err_sys(err, "make a directory in staging");
	own_fd dir = openat(FETCH_FD_STAGING, UNPACKED, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return iso_err_sys(err, "open a directory in staging");
	if (extract(fd, j->type, j->name, dir, &j->request.limits, err))
		return -1;
	if (j->url.subdir && place_clean(j->url.subdir, sub, err))
		return -1;
	own_fd part = place_open_dir(dir, *sub ? sub : ".");
	if (part < 0)
		return iso_err_set(
			err, ISO_FAULT_INPUT, ENOENT, "archive has no directory '%s'", sub);
	if (links_check(part, err))
		return iso_err_in(err, "unpack");
	return place_tree(part, FETCH_FD_DESTINATION, 0, err);
}

static int fetch(struct job *j, struct iso_err *err)
{
	own_fd fd = open_download(err);
	const struct download d = {.url = j->url.get,
		.name = *j->url.name ? j->url.name : "artifact",
		.fd = fd,
		.max_bytes = j->request.limits.max_bytes};

	if (fd < 0 || resolve_checksum(j, err) || download(&j->request, &d, err))
		return -1;
	if (j->wanted.kind != CHECKSUM_NONE && checksum_verify(fd, &j->wanted, err)) {
		char shown[URL_SHOWN_MAX];
		return iso_err_in(err, "check '%s'", url_shown(j->url.get, shown));
	}
	if (j->type)
		return unpack(j, fd, err);
	return place_file(FETCH_FD_STAGING, DOWNLOADED, FETCH_FD_DESTINATION, j->name, err);
}

static int run(struct job *j, struct iso_err *err)
{
	if (read_request(j, err) || decide(j, err))
		return -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0, "initialise libcurl");
	if (sandbox_enter(&j->request, err))
		return -1;
	place_empty(FETCH_FD_STAGING, 0); /* of one that was killed */
	int r = fetch(j, err);
	place_empty(FETCH_FD_STAGING, 0);
	return r;
}

int main(void)
{
	own_arena arena = arena_new(0);
	struct job j = {.arena = arena};
	struct iso_err err = ISO_ERR_INIT;

	(void)close_range(FETCH_FD_END, ~0U, 0);
	for (int fd = FETCH_FD_REQUEST; fd < FETCH_FD_END; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC)) {
			(void)fputs("isoexec-fetch is started by isoexec, with descriptors 3 to 6 "
				    "open (fetch/protocol.h)\n",
				stderr);
			return 2;
		}
	(void)setsid(); /* no terminal to speak to, nor to be signalled by */
	/* libarchive hands names out in the locale's encoding, and C's has no more than ASCII. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)umask(022);
	if (!run(&j, &err))
		return 0;
	(void)!write(FETCH_FD_REPORT, &err, sizeof(err));
	return 1;
}
