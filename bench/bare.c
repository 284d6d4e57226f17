/*
 * bare: a posix_spawn of /usr/bin/true, a client (client.h): how many a second a process can start
 * and wait for when nothing is isolated. It can hold `sleep`s too: what a task costs by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

enum {
	MAX_HELD = 1024
};

static pid_t held[MAX_HELD];
static size_t n_held;

static int start(char *const argv[], pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;

	(void)posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd <= 2; fd++)
		(void)posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	int e = posix_spawn(ret_pid, argv[0], &actions, NULL, argv, NULL);
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

static int run_one(int64_t marks[CLIENT_MARKS])
{
	static char program[] = "/usr/bin/true";
	static char *const argv[] = {program, NULL};
	pid_t pid;
	int status = -1;

	int64_t begin = client_now_ns();
	int e = start(argv, &pid);
	while (!e && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	marks[0] += client_now_ns() - begin;
	return e || status;
}

static int hold(size_t n)
{
	static char program[] = "/usr/bin/sleep", arg[] = "100000";
	static char *const argv[] = {program, arg, NULL};
	int failed = 0;

	for (; n && n_held < MAX_HELD; n--)
		failed += start(argv, &held[n_held++]) != 0;
	return failed;
}

static int release(void)
{
	for (; n_held; n_held--) {
		(void)kill(held[n_held - 1], SIGKILL);
		(void)waitpid(held[n_held - 1], NULL, 0);
	}
	return 0;
}

int main(void)
{
	static const struct client_verbs verbs = {.run = run_one, .hold = hold, .release = release};
	return client_main(&verbs);
}
