/*
 * The grammar of checksums and the comparison. Nothing of the file is used before this module said
 * yes: the descriptor that was hashed is the one that is unpacked or linked afterwards.
 */
#include "fetch/checksum.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const struct kind {
	const char *name; /* as libcrypto and checksum files have it, in any case */
	enum checksum_kind kind;
	size_t len;
} kinds[] = {
	{"md5", CHECKSUM_MD5, 16},
	{"sha1", CHECKSUM_SHA1, 20},
	{"sha256", CHECKSUM_SHA256, 32},
	{"sha512", CHECKSUM_SHA512, 64},
};

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static bool read_hex(const char *text, size_t n, const struct kind *kind, struct checksum *ret)
{
	if (n != kind->len * 2)
		return false;
	ret->kind = kind->kind;
	ret->len = kind->len;
	for (size_t i = 0; i < kind->len; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret->digest[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool read_bare(const char *text, size_t n, struct checksum *ret)
{
	for (size_t i = 0; i < iso_len(kinds); i++)
		if (read_hex(text, n, &kinds[i], ret))
			return true;
	return false;
}

static const struct kind *kind_named(const char *name, size_t len)
{
	for (size_t i = 0; i < iso_len(kinds); i++)
		if (strlen(kinds[i].name) == len && !strncasecmp(kinds[i].name, name, len))
			return &kinds[i];
	return NULL;
}

int checksum_parse(const char *text, struct checksum *ret, struct iso_err *err)
{
	struct checksum r = {.kind = CHECKSUM_NONE};

	if (!text || !*text) {
		*ret = r;
		return 0;
	}
	const char *colon = strchr(text, ':');
	const struct kind *kind = colon ? kind_named(text, (size_t)(colon - text)) : NULL;
	if (colon && colon - text == 4 && !memcmp(text, "file", 4) && colon[1]) {
		r.kind = CHECKSUM_FILE;
		r.url = colon + 1;
	} else if (colon && !kind) {
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"read the checksum: kind '%.*s' is unknown, expected md5, sha1, sha256, "
			"sha512 or file",
			colon - text > 20 ? 20 : (int)(colon - text), text);
	} else if (kind && !read_hex(colon + 1, strlen(colon + 1), kind, &r)) {
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"read the checksum '%.140s': expected %zu hexadecimal digits after '%s:'",
			text, kind->len * 2, kind->name);
	} else if (!kind && !read_bare(text, strlen(text), &r)) {
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"read the checksum '%.140s': expected 'kind:hex', or 32, 40, 64 or 128 "
			"hexadecimal digits",
			text);
	}
	*ret = r;
	return 0;
}

static bool is_name(const char *at, size_t len, const char *name)
{
	size_t want = strlen(name);
	return len >= want && !memcmp(at + len - want, name, want) &&
	       (len == want || at[len - want - 1] == '/');
}

/* "SHA256 (name) = HEX" */
static bool bsd_line(const char *line, size_t len, const char *name, struct checksum *ret)
{
	static const char mid[] = ") = ";
	size_t word = 0;
	while (word < len && line[word] != ' ')
		word++;
	const struct kind *kind = kind_named(line, word);
	size_t tail = kind ? kind->len * 2 + sizeof(mid) - 1 : 0;
	if (!kind || len < word + 2 + tail || line[word + 1] != '(')
		return false;
	const char *end = line + len - tail;
	return !memcmp(end, mid, sizeof(mid) - 1) &&
	       is_name(line + word + 2, (size_t)(end - line) - word - 2, name) &&
	       read_hex(end + sizeof(mid) - 1, kind->len * 2, kind, ret);
}

/* "HEX  name", "HEX *name" */
static bool gnu_line(const char *line, size_t len, const char *name, struct checksum *ret)
{
	size_t hex = 0;
	while (hex < len && hex_value(line[hex]) >= 0)
		hex++;
	size_t at = hex;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	if (at == hex)
		return false;
	at += at < len && line[at] == '*';
	return is_name(line + at, len - at, name) && read_bare(line, hex, ret);
}

int checksum_find(const char *text, const char *name, struct checksum *ret, struct iso_err *err)
{
	struct checksum found = {.kind = CHECKSUM_NONE};
	size_t lines = 0;
	bool bare = false;

	for (const char *at = text; *at;) {
		size_t all = strcspn(at, "\n"), len = all;
		while (len && (at[len - 1] == '\r' || at[len - 1] == ' '))
			len--;
		if (bsd_line(at, len, name, ret) || gnu_line(at, len, name, ret))
			return 0;
		lines += len > 0;
		bare = bare || read_bare(at, len, &found);
		at += all + (at[all] == '\n');
	}
	if (bare && lines == 1) {
		*ret = found;
		return 0;
	}
	return iso_err_set(
		err, ISO_FAULT_INPUT, 0, "read the checksum file: no line for '%s'", name);
}

static void own_md_done(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}
#define own_md iso_cleanup(own_md_done) EVP_MD_CTX *

static const char *kind_text(enum checksum_kind kind)
{
	for (size_t i = 0; i < iso_len(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "none";
}

static int hash(
	int fd, enum checksum_kind kind, unsigned char digest[EVP_MAX_MD_SIZE], struct iso_err *err)
{
	own_md ctx = EVP_MD_CTX_new();
	unsigned char block[8192];
	off_t at = 0;
	ssize_t n;

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_get_digestbyname(kind_text(kind)), NULL) != 1)
		return iso_err_set(
			err, ISO_FAULT_SYSTEM, 0, "compute %s: not available", kind_text(kind));
	while ((n = pread(fd, block, sizeof(block), at)) > 0) {
		if (EVP_DigestUpdate(ctx, block, (size_t)n) != 1)
			return iso_err_set(err, ISO_FAULT_SYSTEM, 0, "compute %s", kind_text(kind));
		at += n;
	}
	if (n < 0)
		return iso_err_sys(err, "read the download");
	if (EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0, "compute %s", kind_text(kind));
	return 0;
}

static const char *hex_text(const unsigned char *digest, size_t len, char ret[2 * CHECKSUM_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[digest[i] >> 4];
		ret[2 * i + 1] = digits[digest[i] & 15];
	}
	ret[2 * len] = '\0';
	return ret;
}

int checksum_verify(int fd, const struct checksum *wanted, struct iso_err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char want[2 * CHECKSUM_MAX + 1], got[2 * CHECKSUM_MAX + 1];

	if (hash(fd, wanted->kind, digest, err))
		return -1;
	if (!memcmp(digest, wanted->digest, wanted->len))
		return 0;
	return iso_err_set(err, ISO_FAULT_INPUT, 0, "compare the %s checksum: expected %s, got %s",
		kind_text(wanted->kind), hex_text(wanted->digest, wanted->len, want),
		hex_text(digest, wanted->len, got));
}
