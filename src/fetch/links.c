/*
 * Two looks at links (links.h, D2). The words are judged before a link is made; the kernel judges
 * when all are there, in the tree that goes to the destination: with a "//dir" of an archive that
 * is less than what the words were judged in.
 */
#include "fetch/links.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "fetch/place.h"

enum {
	TRIES = 100
};

struct walk {
	int root;
	char path[PLACE_MAX_PATH]; /* below root, of what is looked at */
};

bool link_stays(const char *at, const char *target)
{
	int depth = 0;
	bool named = false;

	if (*target == '/' || !*target)
		return false;
	for (const char *c = at; *c; c++)
		depth += *c == '/';
	for (const char *t = target; *t;) {
		size_t part = strcspn(t, "/");
		bool up = part == 2 && t[0] == '.' && t[1] == '.';
		/* What a name is decides where ".." behind it leads: it may be a link. */
		if (up && (named || --depth < 0))
			return false;
		named = named || (part && !up && !(part == 1 && *t == '.'));
		t += part;
		t += *t == '/';
	}
	return true;
}

static int check_one(const struct walk *w, struct iso_err *err)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	/* EAGAIN: something was renamed somewhere while ".." was taken (openat2(2)). */
	for (int i = 0; i < TRIES && fd < 0 && (!i || errno == EAGAIN); i++)
		fd = (int)syscall(SYS_openat2, w->root, w->path, &how, sizeof(how));
	if (fd >= 0) {
		(void)fd_close(fd);
		return 0;
	}
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	if (errno == EXDEV)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"link '%.100s' leads out of the destination", w->path);
	return iso_err_sys(err, "follow the link '%.100s'", w->path);
}

/* @len: of the path of the directory that is walked */
static int check_below(struct walk *w, size_t len, struct iso_err *err)
{
	own_dir dir = place_list(w->root, len ? w->path : ".");
	struct stat st;

	if (!dir)
		return iso_err_sys(err, "read a directory of the archive");
	for (const struct dirent *e; (e = readdir(dir));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		size_t room = sizeof(w->path) - len;
		int n = snprintf(w->path + len, room, "%s%s", len ? "/" : "", e->d_name);
		int r = 0;
		if (n < 0 || (size_t)n >= room) /* place_clean() let no such name in */
			return iso_err_set(err, ISO_FAULT_LIMIT, ENAMETOOLONG,
				"a name of the archive is too long");
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			return iso_err_sys(err, "look at '%.100s'", w->path);
		if (S_ISDIR(st.st_mode))
			r = check_below(w, len + (size_t)n, err);
		else if (S_ISLNK(st.st_mode))
			r = check_one(w, err);
		if (r)
			return -1;
		w->path[len] = '\0';
	}
	return 0;
}

int links_check(int dir, struct iso_err *err)
{
	struct walk w = {.root = dir};
	return check_below(&w, 0, err);
}
