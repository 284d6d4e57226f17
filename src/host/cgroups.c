/* Parsing mountinfo for cgroup hierarchies (cgroups.h). Reads nothing itself. */
#include "host/cgroups.h"

#include <string.h>

static const char *const controller_names[N_HOST_CONTROLLERS] = {
#define X(symbol, name) [HOST_##symbol] = name,
	HOST_CONTROLLERS(X)
#undef X
};

struct line {
	const char *point, *type, *options; /* of the mount; super options */
	size_t point_len, type_len, options_len;
	bool read_only;
};

/* Cuts the next blank-separated field; returns NULL at the end of the line. */
static const char *field(const char **at, const char *end, size_t *ret_len)
{
	const char *start = *at;

	while (start < end && *start == ' ')
		start++;
	const char *stop = memchr(start, ' ', (size_t)(end - start));
	if (!stop)
		stop = end;
	*ret_len = (size_t)(stop - start);
	*at = stop;
	return *ret_len ? start : NULL;
}

static bool has_word(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t i = 0; i + word_len <= len; i++) {
		bool starts = i == 0 || text[i - 1] == ',' || text[i - 1] == ' ';
		bool ends = i + word_len == len || text[i + word_len] == ',' ||
			    text[i + word_len] == ' ' || text[i + word_len] == '\n';
		if (starts && ends && !memcmp(text + i, word, word_len))
			return true;
	}
	return false;
}

/* 36 35 98:0 /root /mount/point rw,noatime shared:1 - type source super,options */
static bool split(const char *at, const char *end, struct line *ret)
{
	size_t len = 0;
	const char *f = NULL;

	for (int i = 0; i < 4; i++) /* ids, device, root */
		f = field(&at, end, &len);
	ret->point = field(&at, end, &ret->point_len);
	f = field(&at, end, &len);
	if (!ret->point || !f)
		return false;
	ret->read_only = has_word(f, len, "ro");
	do
		f = field(&at, end, &len);
	while (f && !(len == 1 && *f == '-'));
	ret->type = field(&at, end, &ret->type_len);
	(void)field(&at, end, &len);
	ret->options = field(&at, end, &ret->options_len);
	return ret->type && ret->options;
}

/* mountinfo writes blanks as \040 and so on. */
static const char *unescape(struct arena *arena, const char *text, size_t len)
{
	char *out = arena_strndup(arena, text, len), *to = out;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 3 < len) {
			*to++ = (char)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
				       text[i + 3] - '0');
			i += 3;
		} else {
			*to++ = text[i];
		}
	}
	*to = '\0';
	return out;
}

static void add_v1(struct arena *arena, const struct line *line, struct host_cgroups *ret)
{
	const char *point = unescape(arena, line->point, line->point_len);
	bool first = true;

	for (unsigned i = 0; i < N_HOST_CONTROLLERS; i++) {
		if (ret->v1[i] || !has_word(line->options, line->options_len, controller_names[i]))
			continue;
		ret->v1[i] = point;
		ret->v1_shared_with[i] = !first;
		first = false;
		if (line->read_only)
			ret->writable = false;
	}
}

void cgroups_from_mountinfo(struct arena *arena, const char *text, struct host_cgroups *ret)
{
	*ret = (struct host_cgroups){.writable = true};
	bool any_v1 = false;

	for (const char *next; *text; text = next) {
		const char *end = strchr(text, '\n');
		if (!end)
			end = text + strlen(text);
		next = *end ? end + 1 : end;
		struct line line;
		if (!split(text, end, &line))
			continue;
		if (line.type_len == 6 && !memcmp(line.type, "cgroup", 6)) {
			any_v1 = true;
			add_v1(arena, &line, ret);
		} else if (line.type_len == 7 && !memcmp(line.type, "cgroup2", 7) && !ret->v2) {
			ret->v2 = unescape(arena, line.point, line.point_len);
			if (line.read_only && !any_v1)
				ret->writable = false;
		}
	}
	if (any_v1)
		ret->mode = ret->v2 ? HOST_CGROUP_HYBRID : HOST_CGROUP_V1;
	else
		ret->mode = ret->v2 ? HOST_CGROUP_V2 : HOST_CGROUP_NONE;
}

void mount_points_from_mountinfo(
	struct arena *arena, const char *text, const char ***ret, size_t *ret_n)
{
	size_t lines = 1, n = 0;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	const char **points = arena_array(arena, lines, sizeof(*points));
	for (const char *next; *text; text = next) {
		const char *end = strchr(text, '\n');
		if (!end)
			end = text + strlen(text);
		next = *end ? end + 1 : end;
		struct line line;
		if (split(text, end, &line))
			points[n++] = unescape(arena, line.point, line.point_len);
	}
	*ret = points;
	*ret_n = n;
}

void cgroups_add_v2_controllers(const char *text, struct host_cgroups *cgroups)
{
	for (unsigned i = 0; i < N_HOST_CONTROLLERS; i++)
		cgroups->v2_has[i] = has_word(text, strlen(text), controller_names[i]);
	/* no files of their own in the list: devices is a BPF program, freezing is in every cgroup
	 */
	cgroups->v2_has[HOST_DEVICES] = cgroups->v2_has[HOST_FREEZER] =
		cgroups->mode == HOST_CGROUP_V2;
}
