/*
 * bench [-binds N DIR] FILE ROUNDS GAP_US: start-to-exit, all rows of FILE in random order in every
 * round, so that noise hits all alike. JSON on stdout, times in us.
 *
 * FILE has name<TAB>kind<TAB>words, a row a line. Kinds: `command` is spawned and waited for,
 * `view` too, but in a mount namespace without the unified cgroup hierarchy (OCI runtimes refuse a
 * hybrid layout; the change of namespace is not measured), `client` is a resident program
 * (client.h) that is asked for one start and tells its time, `mark K` is the K-th time that the
 * client above told.
 * "%n" in a word is a number that no other start has. -binds: all of it in a mount namespace of its
 * own, with N bind mounts of DIR/0 .. DIR/N-1 (which exist) upon themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

enum {
	MAX_ROWS = 48,
	MAX_WORDS = 96,
	LINE_BYTES = 8192,
	WARM_UP = 3,
	GIVE_UP = 5, /* failures of a row that has never worked */
	NS_PER_US = 1000,
	PATH_BYTES = 256
};

enum kind {
	COMMAND,
	VIEW,
	CLIENT,
	MARK
};

struct row {
	char *name, *argv[MAX_WORDS];
	enum kind kind;
	int mark;
	FILE *to, *from; /* a client's ends */
	pid_t pid;
	int64_t *ns;
	int n, failed;
};

static char path_env[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char *spawn_env[] = {path_env, NULL};
static int host_ns = -1, view_ns = -1;
static unsigned long unique;

__attribute__((noreturn)) static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- rows ---- */

static char *copy(const char *s)
{
	char *c = strdup(s);
	if (!c)
		fail("strdup");
	return c;
}

static enum kind kind_of(const char *word)
{
	return !strcmp(word, "view")       ? VIEW
	       : !strcmp(word, "client")   ? CLIENT
	       : !strncmp(word, "mark", 4) ? MARK
					   : COMMAND;
}

static void read_row(char *line, struct row *r, int rounds)
{
	char *save = NULL;

	r->name = copy(strtok_r(line, "\t", &save));
	const char *kind = strtok_r(NULL, "\t", &save);
	if (!kind)
		fail("a row without a kind");
	r->kind = kind_of(kind);
	r->mark = r->kind == MARK ? atoi(kind + 5) : 0;
	r->ns = calloc((size_t)rounds, sizeof(*r->ns));
	char *words = strtok_r(NULL, "\t", &save), *each = NULL;
	int n = 0;
	for (char *w = words ? strtok_r(copy(words), " ", &each) : NULL; w && n < MAX_WORDS - 1;
		w = strtok_r(NULL, " ", &each))
		r->argv[n++] = w;
}

static int read_rows(const char *file, struct row *rows, int rounds)
{
	static char line[LINE_BYTES];
	FILE *f = fopen(file, "re");
	int n = 0;

	if (!f)
		fail(file);
	while (n < MAX_ROWS && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			read_row(line, &rows[n++], rounds);
	}
	(void)fclose(f);
	return n;
}

/* ---- mount namespaces ---- */

static void private_mounts(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail("mount namespace");
}

static void bind_many(int n, const char *dir)
{
	char path[PATH_BYTES];

	private_mounts();
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%d", dir, i);
		if (mount(path, path, NULL, MS_BIND, NULL))
			fail(path);
	}
}

static void enter(int ns)
{
	if (setns(ns, CLONE_NEWNS))
		fail("setns");
}

static int this_ns(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("/proc/self/ns/mnt");
	return fd;
}

/* The view of OCI runtimes; it goes with this process. */
static void make_view(void)
{
	host_ns = this_ns();
	private_mounts();
	(void)umount2("/sys/fs/cgroup/unified", MNT_DETACH);
	view_ns = this_ns();
	enter(host_ns);
}

/* ---- starts ---- */

static int run_command(const struct row *r, int64_t *ret_ns)
{
	static char numbered[MAX_WORDS][PATH_BYTES];
	char *argv[MAX_WORDS] = {NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status = -1;

	unique++;
	for (int i = 0; r->argv[i]; i++) {
		const char *at = strstr(r->argv[i], "%n");
		argv[i] = r->argv[i];
		if (at) {
			(void)snprintf(numbered[i], PATH_BYTES, "%.*s%lu", (int)(at - r->argv[i]),
				r->argv[i], unique);
			argv[i] = numbered[i];
		}
	}
	(void)posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd <= 2; fd++)
		(void)posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (r->kind == VIEW)
		enter(view_ns);
	int64_t start = client_now_ns();
	int e = posix_spawn(&pid, argv[0], &actions, NULL, argv, spawn_env);
	while (!e && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_ns = client_now_ns() - start;
	if (r->kind == VIEW)
		enter(host_ns);
	(void)posix_spawn_file_actions_destroy(&actions);
	return e || status;
}

static void start_client(struct row *r)
{
	int to[2], from[2];
	posix_spawn_file_actions_t actions;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		fail("pipe");
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, to[0], 0);
	(void)posix_spawn_file_actions_adddup2(&actions, from[1], 1);
	if (posix_spawn(&r->pid, r->argv[0], &actions, NULL, r->argv, spawn_env))
		r->pid = 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(to[0]);
	(void)close(from[1]);
	r->to = fdopen(to[1], "we");
	r->from = fdopen(from[0], "re");
}

static int ask_client(const struct row *r, int64_t marks[CLIENT_MARKS])
{
	char line[CLIENT_LINE_BYTES], *end = line;

	(void)fputs("run 1\n", r->to);
	if (fflush(r->to) || !fgets(line, sizeof(line), r->from))
		return -1;
	long failed = strtol(line, &end, 10);
	for (int i = 0; i < CLIENT_MARKS; i++)
		marks[i] = strtoll(end, &end, 10);
	return failed ? -1 : 0;
}

static void end_client(const struct row *r)
{
	(void)fclose(r->to);
	(void)fclose(r->from);
	if (r->pid)
		(void)waitpid(r->pid, NULL, 0);
}

/* ---- rounds ---- */

/* A client's marks go to its own row and to the MARK rows below it. */
static void note(struct row *r, const struct row *end, const int64_t *marks, int bad, int round)
{
	struct row *first = r;

	do {
		if (bad)
			r->failed++;
		else if (round >= 0)
			r->ns[r->n++] = marks[r == first ? 0 : r->mark];
		r++;
	} while (r < end && r->kind == MARK);
}

static void one_round(struct row *rows, int n, int round, long gap_us)
{
	int order[MAX_ROWS];

	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int i = n - 1; i > 0; i--) {
		int k = rand() % (i + 1), t = order[i];
		order[i] = order[k];
		order[k] = t;
	}
	for (int i = 0; i < n; i++) {
		struct row *r = &rows[order[i]];
		const struct timespec gap = {.tv_nsec = gap_us * NS_PER_US};
		int64_t marks[CLIENT_MARKS] = {0};
		if (r->kind == MARK || (!r->n && r->failed >= GIVE_UP))
			continue;
		(void)nanosleep(&gap, NULL); /* tasks do not start back to back in life */
		int bad = r->kind == CLIENT ? ask_client(r, marks) : run_command(r, marks);
		note(r, rows + n, marks, bad, round);
	}
}

/* ---- the result ---- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double quantile_us(const struct row *r, double q)
{
	return r->n ? (double)r->ns[(int)(q * (r->n - 1) + 0.5)] / NS_PER_US : 0;
}

static void print(struct row *rows, int n)
{
	(void)printf("[\n");
	for (int i = 0; i < n; i++) {
		struct row *r = &rows[i];
		qsort(r->ns, (size_t)r->n, sizeof(*r->ns), by_value);
		(void)printf("{\"name\": \"%s\", \"n\": %d, \"min_us\": %.1f, \"p50_us\": %.1f, "
			     "\"p90_us\": %.1f, \"p99_us\": %.1f, \"failed\": %d}%s\n",
			r->name, r->n, quantile_us(r, 0), quantile_us(r, 0.5), quantile_us(r, 0.9),
			quantile_us(r, 0.99), r->failed, i + 1 < n ? "," : "");
	}
	(void)printf("]\n");
}

int main(int argc, char **argv)
{
	static struct row rows[MAX_ROWS];

	if (argc == 7 && !strcmp(argv[1], "-binds")) {
		bind_many(atoi(argv[2]), argv[3]);
		argv += 3;
	} else if (argc != 4) {
		(void)fprintf(stderr, "usage: bench [-binds N DIR] FILE ROUNDS GAP_US\n");
		return 2;
	}
	int rounds = atoi(argv[2]);
	int n = read_rows(argv[1], rows, rounds);
	unique = (unsigned long)getpid() * 100000;
	(void)signal(SIGPIPE, SIG_IGN);
	make_view();
	for (int i = 0; i < n; i++)
		if (rows[i].kind == CLIENT)
			start_client(&rows[i]);
	for (int round = -WARM_UP; round < rounds; round++)
		one_round(rows, n, round, strtol(argv[3], NULL, 10));
	for (int i = 0; i < n; i++)
		if (rows[i].kind == CLIENT)
			end_client(&rows[i]);
	print(rows, n);
	return 0;
}
