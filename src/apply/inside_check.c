/* What the kernel made of the mounts, read from mountinfo and compared with what was asked for.
 * Fails closed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "apply/apply.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	ROOM = 8 * 1024
};

struct line {
	const char *point, *options, *tags; /* tags: the optional fields, up to " - " */
	size_t point_len, options_len, tags_len;
};

static bool has(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++)
		if (!memcmp(text + i, word, n))
			return true;
	return false;
}

/* ids device root POINT OPTIONS TAGS - ... */
static bool split(const char *at, const char *end, struct line *ret)
{
	const char *field[7];
	unsigned n = 0;

	for (const char *p = at; p < end && n < 7; n++) {
		field[n] = p;
		while (p < end && *p != ' ')
			p++;
		p += p < end;
	}
	if (n < 7)
		return false;
	*ret = (struct line){
		.point = field[4],
		.point_len = (size_t)(field[5] - field[4] - 1),
		.options = field[5],
		.options_len = (size_t)(field[6] - field[5] - 1),
		.tags = field[6],
		.tags_len = (size_t)(end - field[6]),
	};
	for (size_t i = 0; i + 2 < ret->tags_len; i++)
		if (ret->tags[i] == '-' && ret->tags[i + 1] == ' ') {
			ret->tags_len = i;
			break;
		}
	return true;
}

static bool is_below(const struct line *l, const char *dir)
{
	size_t n = strlen(dir);
	return l->point_len >= n && !memcmp(l->point, dir, n) &&
	       (l->point_len == n || l->point[n] == '/');
}

static int check_line(const struct line *l, bool nosuid, bool may_share, struct iso_err *err)
{
	const char *wrong = NULL;
	bool kernel = is_below(l, "/dev") || is_below(l, "/proc") || is_below(l, "/sys");

	if (nosuid && !has(l->options, l->options_len, "nosuid"))
		wrong = "lacks nosuid";
	else if (!kernel && !has(l->options, l->options_len, "nodev"))
		wrong = "lacks nodev";
	else if (!may_share && has(l->tags, l->tags_len, "shared:"))
		wrong = "is shared with another mount namespace";
	if (!wrong)
		return 0;
	return iso_err_set(err, ISO_FAULT_SYSTEM, EPERM, "mount '%.*s' %s: the task is not started",
		(int)l->point_len, l->point, wrong);
}

static bool asks_for_sharing(const struct apply *a)
{
	for (uint32_t i = 0; i < a->at; i++)
		if (a->steps->step[i].op == STEP_TREE_OPEN && a->steps->step[i].num[2] == MS_SHARED)
			return true;
	return false;
}

int apply_CHECK_MOUNTS(struct apply *a, const struct step *s, struct iso_err *err)
{
	char text[ROOM];
	size_t len = 0;
	bool may_share = asks_for_sharing(a);
	own_fd fd = sys_openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return iso_err_sys(err, "open '/proc/self/mountinfo'");
	for (;;) {
		ssize_t n = sys_read(fd, text + len, sizeof(text) - len);
		if (n < 0)
			return iso_err_sys(err, "read '/proc/self/mountinfo'");
		if (n == 0)
			return len ? iso_err_set(err, ISO_FAULT_PROTOCOL, 0,
					     "mountinfo ends within a line")
				   : 0;
		len += (size_t)n;
		const char *at = text, *newline;
		while ((newline = memchr(at, '\n', (size_t)(text + len - at)))) {
			struct line l;
			if (!split(at, newline, &l))
				return iso_err_set(err, ISO_FAULT_PROTOCOL, 0,
					"a line of mountinfo cannot be read");
			if (check_line(&l, s->num[0] != 0, may_share, err))
				return -1;
			at = newline + 1;
		}
		len -= (size_t)(at - text);
		memmove(text, at, len);
		if (len == sizeof(text))
			return iso_err_set(
				err, ISO_FAULT_LIMIT, 0, "a line of mountinfo is too long");
	}
}
