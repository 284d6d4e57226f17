/*
 * A task that meets its stop signal in one of the ways that a process 1 can: stop-probe WAY. Says
 * "ready" on /v/ready when it is, so that nobody has to guess; ends with 40 + the way's number.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FIRST_CODE = 40
};
static int code;

static void ready(void)
{
	int fd = open("/v/ready", O_WRONLY);

	if (fd < 0 || write(fd, "ready", 5) != 5)
		_exit(1);
	close(fd);
}

static void on_signal(int signal)
{
	(void)signal;
	_exit(code);
}

static sigset_t block_int(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

static void by_default(void)
{
	ready();
	for (;;)
		pause();
}

static void by_handler(void)
{
	signal(SIGINT, on_signal);
	by_default();
}

static void by_ignoring(void)
{
	signal(SIGINT, SIG_IGN);
	by_default();
}

static void by_sigwait(void)
{
	sigset_t set = block_int();
	int which;

	ready();
	sigwait(&set, &which);
	_exit(code);
}

/* As tini does: a second at a time. */
static void by_sigtimedwait(void)
{
	sigset_t set = block_int();
	const struct timespec second = {1, 0};

	ready();
	while (sigtimedwait(&set, NULL, &second) < 0)
		waitpid(-1, NULL, WNOHANG);
	_exit(code);
}

static void by_signalfd(void)
{
	sigset_t set = block_int();
	struct signalfd_siginfo info;
	int fd = signalfd(-1, &set, 0);

	ready();
	if (read(fd, &info, sizeof(info)) == sizeof(info))
		_exit(code);
}

static void *waits(void *set)
{
	int which;

	sigwait(set, &which);
	_exit(code);
}

static void by_thread(void)
{
	sigset_t set = block_int();
	pthread_t thread;

	if (pthread_create(&thread, NULL, waits, &set))
		_exit(1);
	by_default();
}

/* Blocked and nobody waits: it stays pending until the time is over. */
static void by_blocking(void)
{
	block_int();
	by_default();
}

/* More and more of them: a list of pids is old when it is read. */
static void by_forking(void)
{
	ready();
	for (;;)
		if (fork() == 0)
			setsid();
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{"default", by_default},
	{"handler", by_handler},
	{"ignored", by_ignoring},
	{"sigwait", by_sigwait},
	{"sigtimedwait", by_sigtimedwait},
	{"signalfd", by_signalfd},
	{"thread", by_thread},
	{"blocked", by_blocking},
	{"forkbomb", by_forking},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name))
			continue;
		code = FIRST_CODE + (int)i;
		ways[i].run();
	}
	return 1;
}
