/*
 * What bench.c and its resident clients say to each other, a line each way. The client is asked
 * "run N\n" and starts N times, back to back; it answers with the failures and up to CLIENT_MARKS
 * totals in ns: "FAILED NS [NS...]\n". "hold N\n" starts N that stay, "release\n" ends them, each
 * is answered with "FAILED 0\n".
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CLIENT_MARKS = 10,
	CLIENT_LINE_BYTES = 256
};

struct client_verbs {
	int (*run)(int64_t marks[CLIENT_MARKS]); /* one start; adds to @marks; -1 = it failed */
	int (*hold)(size_t n);                   /* number that failed; NULL: cannot */
	int (*release)(void);
};

static inline int64_t client_now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline int client_main(const struct client_verbs *verbs)
{
	char line[CLIENT_LINE_BYTES];

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		int64_t marks[CLIENT_MARKS] = {0};
		size_t n = strchr(line, ' ') ? strtoul(strchr(line, ' '), NULL, 10) : 1;
		int failed = 0;
		if (!strncmp(line, "run", 3))
			for (size_t i = 0; i < n; i++)
				failed += verbs->run(marks) != 0;
		else if (!strncmp(line, "hold", 4) && verbs->hold)
			failed = verbs->hold(n);
		else if (!strncmp(line, "release", 7) && verbs->release)
			failed = verbs->release();
		else
			return 2;
		(void)printf("%d", failed);
		for (size_t i = 0; i < CLIENT_MARKS; i++)
			(void)printf(" %lld", (long long)marks[i]);
		(void)printf("\n");
	}
	return 0;
}

#endif
