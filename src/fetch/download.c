/* Downloading with libcurl (download.h). Redirects are followed by hand: each is judged before it
 * is taken. */
#include "fetch/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "fetch/address.h"
#include "fetch/url.h"

enum {
	MAX_REDIRECTS = 10,
	MS_PER_S = 1000,
	PROGRESS_MS = 200,
	HTTP_ERROR = 400,
	HTTP_REDIRECT = 300
};

struct transfer {
	const struct fetch_request *request;
	const struct download *d;
	uint64_t written, started_ms, moved_ms, told_ms;
	bool refused, too_large, idle, late;
	int write_errno;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * MS_PER_S + (uint64_t)t.tv_nsec / 1000000;
}

static size_t on_data(char *data, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	size_t len = size * n, done = 0;

	if (t->written + len > t->d->max_bytes) {
		t->too_large = true;
		return 0;
	}
	while (done < len) {
		ssize_t w = write(t->d->fd, data + done, len - done);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			t->write_errno = errno;
			return 0;
		}
		done += (size_t)w;
	}
	t->written += len;
	t->moved_ms = now_ms();
	return len;
}

/* A record for the caller, which has the terminal. Never waited for: it may be stopped. */
static void tell_progress(struct transfer *t, curl_off_t total, uint64_t now)
{
	struct iso_err record = ISO_ERR_INIT;
	struct pollfd report = {.fd = FETCH_FD_REPORT, .events = POLLOUT};
	double mb = 1024.0 * 1024.0, have = (double)t->written / mb;
	uint64_t ms = now - t->started_ms;
	char part[64] = "";

	t->told_ms = now;
	if (total > 0)
		(void)snprintf(part, sizeof(part), "/%.1f MB  %3.0f%%", (double)total / mb,
			100.0 * (double)t->written / (double)total);
	(void)snprintf(record.text, sizeof(record.text), "fetching %.40s  %.1f%s  %.1f MB/s",
		t->d->name, have, *part ? part : " MB", ms ? have * MS_PER_S / (double)ms : 0);
	if (poll(&report, 1, 0) == 1 && report.revents & POLLOUT)
		(void)!write(FETCH_FD_REPORT, &record, sizeof(record));
}

static int on_progress(
	void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	struct transfer *t = context;
	const struct fetch_limits *l = &t->request->limits;
	uint64_t time = now_ms();

	(void)now;
	(void)up_total;
	(void)up;
	t->idle = time - t->moved_ms > l->idle_ms;
	t->late = time - t->started_ms > l->total_ms;
	if (t->request->progress && time - t->told_ms > PROGRESS_MS)
		tell_progress(t, total, time);
	return t->idle || t->late;
}

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = context;

	(void)purpose;
	if (!address_allowed(&address->addr, &t->request->allow_hosts)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static struct curl_slist *headers_for(const struct fetch_request *r, const char *url)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < r->headers.n && url_same_origin(url, r->source); i++)
		list = curl_slist_append(list, r->headers.v[i]);
	return list;
}

static bool is_set(CURLcode code)
{
	return code == CURLE_OK;
}

static bool set_options(
	CURL *curl, struct transfer *t, const char *url, struct curl_slist *headers, char *text)
{
	const struct fetch_request *r = t->request;
	return is_set(curl_easy_setopt(curl, CURLOPT_URL, url)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https")) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_PROXY, "")) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_USERAGENT, "isoexec")) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_WRITEDATA, t)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t)) &&
	       is_set(curl_easy_setopt(
		       curl, CURLOPT_CONNECTTIMEOUT_MS, (long)r->limits.connect_ms)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, r->insecure ? 0L : 1L)) &&
	       is_set(curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, r->insecure ? 0L : 2L)) &&
	       (!r->ca_file || is_set(curl_easy_setopt(curl, CURLOPT_CAINFO, r->ca_file)));
}

static int failed(const struct transfer *t, CURLcode code, const char *text, struct iso_err *err)
{
	const struct fetch_limits *l = &t->request->limits;

	if (t->refused)
		return iso_err_set(err, ISO_FAULT_INPUT, EACCES,
			"its address is loopback, link-local, multicast or a cloud's metadata, "
			"which artifacts may not come from (allow_artifact_hosts)");
	if (t->too_large)
		return iso_err_set(err, ISO_FAULT_LIMIT, EFBIG,
			"it is larger than %" PRIu64 " bytes", t->d->max_bytes);
	if (t->write_errno) {
		errno = t->write_errno;
		return iso_err_sys(err, "write what came");
	}
	if (t->idle)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ETIMEDOUT,
			"server sent nothing for %" PRIu64 " ms", l->idle_ms);
	if (t->late)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ETIMEDOUT,
			"not done after %" PRIu64 " ms", l->total_ms);
	if (code == CURLE_PARTIAL_FILE)
		return iso_err_set(err, ISO_FAULT_SYSTEM, EIO,
			"body was cut short after %" PRIu64 " bytes", t->written);
	return iso_err_set(
		err, ISO_FAULT_SYSTEM, EIO, "%s", *text ? text : curl_easy_strerror(code));
}

/* One request. Return: 0 the body is here; 1 *ret_next is where it is; -1. */
static int one(struct transfer *t, const char *url, struct arena *arena, const char **ret_next,
	struct iso_err *err)
{
	char text[CURL_ERROR_SIZE] = "";
	long status = 0;
	const char *next = NULL;
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = headers_for(t->request, url);
	CURLcode code = CURLE_FAILED_INIT;

	t->written = 0;
	if (ftruncate(t->d->fd, 0) || lseek(t->d->fd, 0, SEEK_SET))
		t->write_errno = errno;
	else if (curl && set_options(curl, t, url, headers, text))
		code = curl_easy_perform(curl);
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		char *place = NULL;
		(void)curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &place);
		next = place ? arena_strdup(arena, place) : NULL;
	}
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return failed(t, code, text, err);
	if (status >= HTTP_ERROR)
		return iso_err_set(err, ISO_FAULT_SYSTEM, EIO, "server answered %ld%s", status,
			status == 404 ? " (not found)" : "");
	if (status < HTTP_REDIRECT)
		return 0;
	if (!next)
		return iso_err_set(err, ISO_FAULT_SYSTEM, EIO,
			"server answered %ld without a place to go to", status);
	*ret_next = next;
	return 1;
}

static int judge(const char *from, const char *to, struct iso_err *err)
{
	char shown[URL_SHOWN_MAX];

	if (!url_scheme_is(to, "http") && !url_scheme_is(to, "https"))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"it redirects to '%s': only http and https are followed",
			url_shown(to, shown));
	if (url_scheme_is(from, "https") && !url_scheme_is(to, "https"))
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "it redirects from https to '%s'",
			url_shown(to, shown));
	return 0;
}

static int follow(struct transfer *t, struct iso_err *err)
{
	own_arena arena = arena_new(0);
	const char *url = t->d->url, *next = NULL;

	for (unsigned n = 0; n <= MAX_REDIRECTS; n++) {
		int r = one(t, url, arena, &next, err);
		if (r <= 0)
			return r;
		if (judge(url, next, err))
			return -1;
		url = next;
	}
	return iso_err_set(err, ISO_FAULT_SYSTEM, ELOOP, "more than %d redirects", MAX_REDIRECTS);
}

int download(const struct fetch_request *r, const struct download *d, struct iso_err *err)
{
	char shown[URL_SHOWN_MAX];
	uint64_t now = now_ms();
	struct transfer t = {.request = r, .d = d, .started_ms = now, .moved_ms = now};

	int result = follow(&t, err);
	return result ? iso_err_in(err, "get '%s'", url_shown(d->url, shown)) : 0;
}
