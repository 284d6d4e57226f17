/*
 * bench FILE ROUNDS GAP_US REFERENCE: start-to-exit of commands, all of them in random order in
 * every round, so that noise hits all alike. FILE: name<TAB>command words. Prints a table; ratios
 * are to the reference's median of the same run. JSON on descriptor 3 when it is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_ROWS = 16,
	MAX_WORDS = 64,
	LINE_BYTES = 4096,
	WARM_UP = 3,
	NS_PER_US = 1000,
	JSON_FD = 3
};

struct row {
	char *name, *argv[MAX_WORDS];
	int64_t *ns;
	int n, failed;
};

static int64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int run(const struct row *r, int64_t *ret_ns)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = {path, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status = -1;

	(void)posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd <= 2; fd++)
		(void)posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	int64_t start = now_ns();
	int e = posix_spawn(&pid, r->argv[0], &actions, NULL, r->argv, env);
	while (!e && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_ns = now_ns() - start;
	(void)posix_spawn_file_actions_destroy(&actions);
	return e || status;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double quantile_us(const struct row *r, double q)
{
	return r->n ? (double)r->ns[(int)(q * (r->n - 1) + 0.5)] / NS_PER_US : 0;
}

static int read_rows(const char *file, struct row *rows, int rounds)
{
	char line[LINE_BYTES];
	FILE *f = fopen(file, "re");
	int n = 0;

	while (f && n < MAX_ROWS && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		char *tab = strchr(line, '\t'), *save = NULL;
		if (!tab)
			continue;
		*tab = '\0';
		struct row *r = &rows[n++];
		r->name = strdup(line);
		r->ns = calloc((size_t)rounds, sizeof(*r->ns));
		int words = 0;
		for (char *w = strtok_r(strdup(tab + 1), " ", &save); w && words < MAX_WORDS - 1;
			w = strtok_r(NULL, " ", &save))
			r->argv[words++] = w;
	}
	if (f)
		(void)fclose(f);
	return n;
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
		int64_t ns;
		(void)nanosleep(&gap, NULL); /* tasks do not start back to back in life */
		if (run(r, &ns))
			r->failed++;
		else if (round >= 0)
			r->ns[r->n++] = ns;
	}
}

static void print(const struct row *rows, int n, const struct row *reference)
{
	double base = quantile_us(reference, 0.5);

	(void)printf("| %-44s | n | min us | p50 us | p90 us | p99 us | p50 / bare | failed |\n",
		"start to exit");
	(void)printf("|---|---|---|---|---|---|---|---|\n");
	(void)dprintf(JSON_FD, "[\n");
	for (int i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		(void)printf("| %-44s | %d | %.0f | %.0f | %.0f | %.0f | %.2f | %d |\n", r->name,
			r->n, quantile_us(r, 0), quantile_us(r, 0.5), quantile_us(r, 0.9),
			quantile_us(r, 0.99), quantile_us(r, 0.5) / base, r->failed);
		(void)dprintf(JSON_FD,
			"{\"name\": \"%s\", \"n\": %d, \"min_us\": %.1f, \"p50_us\": %.1f, "
			"\"p90_us\": %.1f, \"p99_us\": %.1f, \"ratio\": %.3f, "
			"\"failed\": %d}%s\n",
			r->name, r->n, quantile_us(r, 0), quantile_us(r, 0.5), quantile_us(r, 0.9),
			quantile_us(r, 0.99), quantile_us(r, 0.5) / base, r->failed,
			i + 1 < n ? "," : "");
	}
	(void)dprintf(JSON_FD, "]\n");
}

int main(int argc, char **argv)
{
	struct row rows[MAX_ROWS] = {{0}};

	if (argc != 5) {
		(void)fprintf(stderr, "usage: bench FILE ROUNDS GAP_US REFERENCE\n");
		return 2;
	}
	int rounds = (int)strtoul(argv[2], NULL, 10);
	int n = read_rows(argv[1], rows, rounds);
	const struct row *reference = rows;
	for (int round = -WARM_UP; round < rounds; round++)
		one_round(rows, n, round, (long)strtoul(argv[3], NULL, 10));
	for (int i = 0; i < n; i++) {
		qsort(rows[i].ns, (size_t)rows[i].n, sizeof(*rows[i].ns), by_value);
		if (!strcmp(rows[i].name, argv[4]))
			reference = &rows[i];
	}
	print(rows, n, reference);
	return 0;
}
