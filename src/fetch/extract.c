/* Entry by entry (extract.h; D1 to D5 of the class list in docs/SECURITY.md). */
#include "fetch/extract.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "fetch/links.h"
#include "fetch/place.h"
#include "fetch/sandbox.h"

enum {
	BLOCK_BYTES = 64 * 1024,
	MODE_MASK = 0755,
	OWNER_BITS = 0600,
	RATIO_FROM_MIB = 64
};

static const struct type {
	const char *name;
	int (*filter)(struct archive *);
	bool single, zip;
} types[] = {
	{"tar.gz", archive_read_support_filter_gzip, false, false},
	{"tgz", archive_read_support_filter_gzip, false, false},
	{"tar.bz2", archive_read_support_filter_bzip2, false, false},
	{"tbz2", archive_read_support_filter_bzip2, false, false},
	{"tar.xz", archive_read_support_filter_xz, false, false},
	{"txz", archive_read_support_filter_xz, false, false},
	{"tar.zst", archive_read_support_filter_zstd, false, false},
	{"tzst", archive_read_support_filter_zstd, false, false},
	{"tar", NULL, false, false},
	{"zip", NULL, false, true},
	{"gz", archive_read_support_filter_gzip, true, false},
	{"bz2", archive_read_support_filter_bzip2, true, false},
	{"xz", archive_read_support_filter_xz, true, false},
	{"zst", archive_read_support_filter_zstd, true, false},
};

struct extraction {
	struct archive *archive;
	int dir;
	const struct fetch_limits *limits;
	uint64_t entries, data_bytes, size_bytes, packed_bytes;
};

static const struct type *find_type(const char *name)
{
	for (size_t i = 0; i < iso_len(types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	return NULL;
}

bool extract_is_type(const char *type)
{
	return find_type(type) != NULL;
}

bool extract_is_single(const char *type)
{
	const struct type *t = find_type(type);
	return t && t->single;
}

const char *extract_type_of(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < iso_len(types); i++) { /* longest first */
		size_t n = strlen(types[i].name);
		if (len > n + 1 && name[len - n - 1] == '.' &&
			!strcasecmp(name + len - n, types[i].name))
			return types[i].name;
	}
	return NULL;
}

static int broken(struct extraction *x, struct iso_err *err)
{
	const char *text = archive_error_string(x->archive);

	if (archive_errno(x->archive) == ENOMEM)
		return iso_err_set(err, ISO_FAULT_LIMIT, ENOMEM,
			"archive cannot be read in %d MiB of memory", SANDBOX_MEMORY_MIB);
	return iso_err_set(err, ISO_FAULT_INPUT, 0, "archive is damaged: %s",
		text ? text : "it cannot be read");
}

/* @data came out of the archive and made files longer by @size. */
static int count(struct extraction *x, uint64_t data, uint64_t size, struct iso_err *err)
{
	const struct fetch_limits *l = x->limits;

	x->data_bytes += data;
	x->size_bytes += size;
	if (x->data_bytes > l->unpack_bytes || x->size_bytes > l->unpack_bytes)
		return iso_err_set(err, ISO_FAULT_LIMIT, EFBIG,
			"archive holds more than %" PRIu64 " bytes", l->unpack_bytes);
	if (x->data_bytes > (uint64_t)RATIO_FROM_MIB << 20 &&
		x->data_bytes / l->unpack_ratio > x->packed_bytes)
		return iso_err_set(err, ISO_FAULT_LIMIT, EFBIG,
			"archive unpacks to more than %" PRIu64 " times its size", l->unpack_ratio);
	return 0;
}

static int write_data(struct extraction *x, int fd, struct iso_err *err)
{
	const void *data;
	size_t len;
	int64_t offset;
	uint64_t end = 0;

	for (;;) {
		int r = archive_read_data_block(x->archive, &data, &len, &offset);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r != ARCHIVE_OK || offset < 0)
			return broken(x, err);
		uint64_t to = (uint64_t)offset + len;
		if (count(x, len, to > end ? to - end : 0, err))
			return -1;
		end = to > end ? to : end;
		for (size_t done = 0; done < len;) {
			ssize_t n = pwrite(
				fd, (const char *)data + done, len - done, offset + (int64_t)done);
			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				return iso_err_sys(err, "write what was unpacked");
			done += (size_t)n;
		}
	}
}

static int count_entries(struct extraction *x, uint64_t more, struct iso_err *err)
{
	x->entries += more;
	return x->entries <= x->limits->unpack_entries
		       ? 0
		       : iso_err_set(err, ISO_FAULT_LIMIT, EFBIG,
				 "archive has more than %" PRIu64 " entries",
				 x->limits->unpack_entries);
}

/* A directory that only names imply costs as much as one with an entry of its own. */
static int parent_of(
	struct extraction *x, const char *path, const char **ret_name, struct iso_err *err)
{
	uint64_t made;
	own_fd parent = place_parent(x->dir, path, ret_name, &made, err);

	if (parent < 0 || count_entries(x, made, err))
		return -1;
	return fd_take(&parent);
}

/* What is there already goes, unless it is a directory: nothing is written through it. */
static int make_file(struct extraction *x, const char *path, unsigned mode, struct iso_err *err)
{
	const char *name;
	own_fd parent = parent_of(x, path, &name, err);

	if (parent < 0)
		return -1;
	(void)unlinkat(parent, name, 0);
	own_fd fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		(mode & MODE_MASK) | OWNER_BITS);
	if (fd < 0)
		return iso_err_sys(err, "make the file");
	return write_data(x, fd, err);
}

static int make_dir(struct extraction *x, const char *path, struct iso_err *err)
{
	const char *name;
	struct stat st;
	own_fd parent = parent_of(x, path, &name, err);

	if (parent < 0)
		return -1;
	if (!mkdirat(parent, name, MODE_MASK))
		return 0;
	if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) ||
		!S_ISDIR(st.st_mode))
		return iso_err_set(err, ISO_FAULT_INPUT, ENOTDIR,
			"a directory takes the name of something else");
	return 0;
}

static int make_link(
	struct extraction *x, const char *path, const char *target, struct iso_err *err)
{
	const char *name;

	if (!link_stays(path, target))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"link to '%.100s' leads out of the destination", target);
	own_fd parent = parent_of(x, path, &name, err);
	if (parent < 0)
		return -1;
	(void)unlinkat(parent, name, 0);
	return symlinkat(target, parent, name) ? iso_err_sys(err, "make the link") : 0;
}

static int make_hard_link(
	struct extraction *x, const char *path, const char *target, struct iso_err *err)
{
	char clean[PLACE_MAX_PATH];
	const char *name, *old;
	struct stat st;

	if (place_clean(target, clean, err))
		return iso_err_in(err, "hard link");
	own_fd from = parent_of(x, clean, &old, err);
	own_fd to = from < 0 ? -1 : parent_of(x, path, &name, err);
	if (to < 0)
		return -1;
	if (fstatat(from, old, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"hard link to '%.100s', which is no file of this archive", target);
	(void)unlinkat(to, name, 0);
	return linkat(from, old, to, name, 0) ? iso_err_sys(err, "make the hard link") : 0;
}

static int one(
	struct extraction *x, struct archive_entry *e, const char *single_name, struct iso_err *err)
{
	char path[PLACE_MAX_PATH];
	const char *name = single_name ? single_name : archive_entry_pathname(e);

	if (count_entries(x, 1, err))
		return -1;
	if (!name)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "an entry has no name");
	if (place_clean(name, path, err))
		return -1;
	if (!*path)
		return 0;
	int r;
	if (archive_entry_hardlink(e))
		r = make_hard_link(x, path, archive_entry_hardlink(e), err);
	else if (archive_entry_filetype(e) == AE_IFDIR)
		r = make_dir(x, path, err);
	else if (archive_entry_filetype(e) == AE_IFREG || single_name)
		r = make_file(x, path, single_name ? 0644 : (unsigned)archive_entry_perm(e), err);
	else if (archive_entry_filetype(e) == AE_IFLNK && archive_entry_symlink(e))
		r = make_link(x, path, archive_entry_symlink(e), err);
	else
		r = iso_err_set(err, ISO_FAULT_INPUT, 0, "it is neither file, directory nor link");
	return r ? iso_err_in(err, "entry '%.100s'", path) : 0;
}

static int open_archive(struct extraction *x, int fd, const struct type *t, struct iso_err *err)
{
	struct archive *a = x->archive;
	int bad = 0;

	if (t->filter) /* a warning says that a program would be used: the library has them all
			  built in */
		bad |= t->filter(a) < ARCHIVE_WARN;
	bad |= t->single ? archive_read_support_format_raw(a)
	       : t->zip  ? archive_read_support_format_zip(a)
			 : archive_read_support_format_tar(a);
	if (bad || lseek(fd, 0, SEEK_SET) || archive_read_open_fd(a, fd, BLOCK_BYTES) != ARCHIVE_OK)
		return broken(x, err);
	return 0;
}

static int all(struct extraction *x, int fd, const struct type *t, const char *single_name,
	struct iso_err *err)
{
	struct archive_entry *e;

	if (open_archive(x, fd, t, err))
		return -1;
	for (;;) {
		int r = archive_read_next_header(x->archive, &e);
		if (r == ARCHIVE_EOF)
			return x->entries
				       ? 0
				       : iso_err_set(err, ISO_FAULT_INPUT, 0, "archive is empty");
		if (r != ARCHIVE_OK)
			return broken(x, err);
		if (one(x, e, t->single ? single_name : NULL, err))
			return -1;
	}
}

int extract(int archive_fd, const char *type, const char *single_name, int dir,
	const struct fetch_limits *limits, struct iso_err *err)
{
	struct stat st;
	const struct type *t = find_type(type);

	if (!t)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "archive type '%s' is not known", type);
	if (fstat(archive_fd, &st))
		return iso_err_sys(err, "look at the archive");
	struct extraction x = {.archive = archive_read_new(),
		.dir = dir,
		.limits = limits,
		.packed_bytes = st.st_size > 0 ? (uint64_t)st.st_size : 1};
	if (!x.archive)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	int r = all(&x, archive_fd, t, single_name, err);
	(void)archive_read_free(x.archive);
	return r ? iso_err_in(err, "unpack") : 0;
}
