/*
 * Source URLs. What is written in a job may hold secrets (user:password@, ?token=...), so every
 * message goes through url_shown(). Reading is libcurl's, so that what was judged here is what is
 * connected to later; only go-getter's additions (option keys in the query, "//dir") are ours.
 */
#include "fetch/url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"

static void own_curlu_done(CURLU **u)
{
	curl_url_cleanup(*u);
}
#define own_curlu iso_cleanup(own_curlu_done) CURLU *

static void own_curl_text_done(char **text)
{
	curl_free(*text);
}
#define own_curl_text iso_cleanup(own_curl_text_done) char *

bool url_scheme_is(const char *url, const char *scheme)
{
	size_t len = strlen(scheme);
	return !strncasecmp(url, scheme, len) && !strncmp(url + len, "://", 3);
}

static char *part(CURLU *u, CURLUPart which, unsigned flags)
{
	char *text = NULL;
	return u && curl_url_get(u, which, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart which)
{
	own_curl_text x = part(a, which, CURLU_DEFAULT_PORT);
	own_curl_text y = part(b, which, CURLU_DEFAULT_PORT);
	return x && y && !strcasecmp(x, y);
}

bool url_same_origin(const char *a, const char *b)
{
	own_curlu x = curl_url();
	own_curlu y = curl_url();

	if (!x || !y || curl_url_set(x, CURLUPART_URL, a, 0) != CURLUE_OK ||
		curl_url_set(y, CURLUPART_URL, b, 0) != CURLUE_OK)
		return false;
	return same_part(x, y, CURLUPART_SCHEME) && same_part(x, y, CURLUPART_HOST) &&
	       same_part(x, y, CURLUPART_PORT);
}

static void show(char *ret, size_t *at, const char *text, size_t len)
{
	for (size_t i = 0; i < len && *at + 1 < URL_SHOWN_MAX; i++)
		ret[(*at)++] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	ret[*at] = '\0';
}

const char *url_shown(const char *url, char ret[static URL_SHOWN_MAX])
{
	static const char hidden[] = "redacted";
	size_t n = 0;
	const char *after = strstr(url, "://");
	const char *authority = after ? after + 3 : url;
	size_t len = strcspn(authority, "/?#");
	const char *host = authority;

	/* The last '@': a password may hold one. Without "//" there is no user part to hide, but
	 * what looks like one is hidden all the same. */
	for (size_t i = 0; i < len; i++)
		if (authority[i] == '@')
			host = authority + i + 1;
	ret[0] = '\0';
	show(ret, &n, url, (size_t)(authority - url));
	show(ret, &n, host, strcspn(host, "?#"));
	const char *at = host + strcspn(host, "?#");
	while (*at && *at != '#') {
		size_t key = strcspn(at + 1, "=&#"), all = strcspn(at + 1, "&#");
		/* A key without a value is a value to some servers. */
		show(ret, &n, at, key < all ? key + 2 : 1);
		show(ret, &n, hidden, sizeof(hidden) - 1);
		at += 1 + all;
	}
	return ret;
}

static char *decoded(struct arena *arena, const char *text, size_t len)
{
	int n = 0;
	own_curl_text plain = curl_easy_unescape(NULL, text, (int)len, &n);
	/* A NUL inside would make two readers see two names. */
	if (!plain || memchr(plain, '\0', (size_t)n))
		return arena_strdup(arena, "");
	return arena_strndup(arena, plain, (size_t)n);
}

/* Splits the option keys off the query. */
static const char *take_options(struct arena *arena, const char *query, struct fetch_url *ret)
{
	const struct {
		const char *key;
		const char **value;
	} options[] = {
		{"checksum", &ret->checksum},
		{"archive", &ret->archive},
		{"filename", &ret->filename},
	};
	char *rest = arena_strdup(arena, "");

	for (const char *at = query; *at;) {
		size_t all = strcspn(at, "&"), key = strcspn(at, "=&");
		bool taken = false;
		for (size_t i = 0; i < iso_len(options); i++) {
			if (strlen(options[i].key) != key || memcmp(options[i].key, at, key) != 0)
				continue;
			size_t skip = key < all ? key + 1 : key;
			*options[i].value = decoded(arena, at + skip, all - skip);
			taken = true;
		}
		if (!taken)
			rest = arena_printf(
				arena, "%s%s%.*s", rest, *rest ? "&" : "", (int)all, at);
		at += all + (at[all] == '&');
	}
	return *rest ? rest : NULL;
}

static int take_path(struct arena *arena, CURLU *u, struct fetch_url *ret, struct iso_err *err)
{
	own_curl_text raw = part(u, CURLUPART_PATH, 0);
	if (!raw)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0, "read the source: out of memory");
	char *path = arena_strdup(arena, raw);
	char *sub = strstr(path, "//");

	if (sub) {
		ret->subdir = decoded(arena, sub + 2, strlen(sub + 2));
		*sub = '\0';
		if (curl_url_set(u, CURLUPART_PATH, path, 0) != CURLUE_OK)
			return iso_err_set(
				err, ISO_FAULT_INPUT, 0, "read the source: bad path in the URL");
	}
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	ret->name = decoded(arena, last, strlen(last));
	return 0;
}

int url_read(struct arena *arena, const char *source, struct fetch_url *ret, struct iso_err *err)
{
	char shown[URL_SHOWN_MAX];
	struct fetch_url r = {.get = NULL};
	own_curlu u = curl_url();

	if (!url_scheme_is(source, "http") && !url_scheme_is(source, "https"))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"read the source '%s': expected a URL that starts with http:// or https://",
			url_shown(source, shown));
	CURLUcode code = u ? curl_url_set(u, CURLUPART_URL, source, 0) : CURLUE_OUT_OF_MEMORY;
	if (code != CURLUE_OK)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "read the source '%s': %s",
			url_shown(source, shown), curl_url_strerror(code));
	own_curl_text query = part(u, CURLUPART_QUERY, 0);
	const char *rest = query ? take_options(arena, query, &r) : NULL;
	if (take_path(arena, u, &r, err))
		return -1;
	(void)curl_url_set(u, CURLUPART_QUERY, rest, 0);
	(void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	own_curl_text whole = part(u, CURLUPART_URL, 0);
	if (!whole)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0, "read the source: out of memory");
	r.get = arena_strdup(arena, whole);
	*ret = r;
	return 0;
}
