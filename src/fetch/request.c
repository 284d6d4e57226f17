/*
 * Reading the request. The caller is ours and trusted; the values come from a job file and are not:
 * a header must be one line, numbers must be numbers. One table says which keys there are and where
 * each value goes.
 */
#include "fetch/request.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"

enum kind {
	TEXT,
	FLAG,
	NUMBER,
	LIST
};

static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
} keys[] = {
#define KEY(name, kind, member)                                                                    \
	{                                                                                          \
		name, kind, offsetof(struct fetch_request, member)                                 \
	}
	KEY("source", TEXT, source),
	KEY("mode", TEXT, mode_name),
	KEY("checksum", TEXT, checksum),
	KEY("archive", TEXT, archive),
	KEY("filename", TEXT, filename),
	KEY("ca_file", TEXT, ca_file),
	KEY("header", LIST, headers),
	KEY("allow_host", LIST, allow_hosts),
	KEY("group", LIST, group_names),
	KEY("insecure", FLAG, insecure),
	KEY("progress", FLAG, progress),
	KEY("uid", NUMBER, uid),
	KEY("gid", NUMBER, gid),
	KEY("max_bytes", NUMBER, limits.max_bytes),
	KEY("unpack_bytes", NUMBER, limits.unpack_bytes),
	KEY("unpack_entries", NUMBER, limits.unpack_entries),
	KEY("unpack_ratio", NUMBER, limits.unpack_ratio),
	KEY("connect_ms", NUMBER, limits.connect_ms),
	KEY("idle_ms", NUMBER, limits.idle_ms),
	KEY("total_ms", NUMBER, limits.total_ms),
#undef KEY
};

static int put(
	struct fetch_request *r, const struct key *key, const char *value, struct iso_err *err)
{
	void *at = (char *)r + key->offset;
	bool good = true;

	if (key->kind == TEXT) {
		*(const char **)at = value;
	} else if (key->kind == FLAG) {
		good = !strcmp(value, "true") || !strcmp(value, "false");
		*(bool *)at = !strcmp(value, "true");
	} else if (key->kind == NUMBER) {
		good = num_u64(value, at);
	} else {
		struct request_list *list = at;
		good = list->n < REQUEST_LIST_MAX;
		if (good)
			list->v[list->n++] = value;
	}
	if (!good)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
			"read the request: bad value of '%s'", key->name);
	return 0;
}

static int put_pair(struct fetch_request *r, const char *pair, struct iso_err *err)
{
	size_t len = strcspn(pair, "=");

	for (size_t i = 0; pair[len] && i < iso_len(keys); i++)
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, pair, len))
			return put(r, &keys[i], pair + len + 1, err);
	return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL, "read the request: unknown key '%.*s'",
		(int)len, pair);
}

static bool is_one_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* The value of a header is a secret more often than not: errors name only what is before the
 * colon. */
static int check_headers(const struct fetch_request *r, struct iso_err *err)
{
	for (size_t i = 0; i < r->headers.n; i++) {
		const char *h = r->headers.v[i];
		size_t len = strcspn(h, ":");
		if (!is_one_line(h) || !len || !h[len] || strcspn(h, " \t") < len)
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"read header %zu: expected one line of 'Name: value'", i + 1);
	}
	return 0;
}

static int check(struct fetch_request *r, struct iso_err *err)
{
	static const char *const modes[] = {"any", "file", "dir"};

	if (!r->source || r->uid >= UINT32_MAX || r->gid >= UINT32_MAX)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
			"read the request: expected source, uid and gid");
	for (size_t i = 0; i < r->group_names.n; i++) {
		uint64_t group;
		if (!num_u64(r->group_names.v[i], &group) || group >= UINT32_MAX)
			return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
				"read the request: bad value of 'group'");
		r->groups[i] = (uint32_t)group;
	}
	if (!is_one_line(r->source))
		return iso_err_set(
			err, ISO_FAULT_INPUT, 0, "read the source: control character in the URL");
	if (check_headers(r, err))
		return -1;
	for (size_t i = 0; i < iso_len(modes); i++) {
		if (r->mode_name && strcmp(r->mode_name, modes[i]))
			continue;
		r->mode = (enum fetch_mode)i;
		return 0;
	}
	return iso_err_set(err, ISO_FAULT_INPUT, 0,
		"read the mode '%s': expected 'any', 'file' or 'dir'", r->mode_name);
}

int request_parse(const char *text, size_t len, struct fetch_request *ret, struct iso_err *err)
{
	struct fetch_request r = {
		.uid = UINT64_MAX,
		.gid = UINT64_MAX,
		.limits = {.max_bytes = 100000000000,
			.unpack_bytes = 100000000000,
			.unpack_entries = 4096,
			.unpack_ratio = 400,
			.connect_ms = 30000,
			.idle_ms = 60000,
			.total_ms = 1800000},
	};

	if (!len || text[len - 1])
		return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
			"read the request: expected 'key=value' ended by NUL");
	for (const char *at = text; at < text + len; at += strlen(at) + 1)
		if (put_pair(&r, at, err))
			return -1;
	if (check(&r, err))
		return -1;
	*ret = r;
	return 0;
}
