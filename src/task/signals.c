/* The table of signals.h. */
#include "task/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"

/* SIGCHLD and SIGURG are not in Nomad's table (B-727). SIGIOT is SIGABRT and comes after it: the
 * name told for a number is the first. */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{"SIGABRT", SIGABRT},
	{"SIGALRM", SIGALRM},
	{"SIGBUS", SIGBUS},
	{"SIGCONT", SIGCONT},
	{"SIGFPE", SIGFPE},
	{"SIGHUP", SIGHUP},
	{"SIGILL", SIGILL},
	{"SIGINT", SIGINT},
	{"SIGIO", SIGIO},
	{"SIGIOT", SIGIOT},
	{"SIGKILL", SIGKILL},
	{"SIGPIPE", SIGPIPE},
	{"SIGPROF", SIGPROF},
	{"SIGQUIT", SIGQUIT},
	{"SIGSEGV", SIGSEGV},
	{"SIGSTOP", SIGSTOP},
	{"SIGSYS", SIGSYS},
	{"SIGTERM", SIGTERM},
	{"SIGTRAP", SIGTRAP},
	{"SIGTSTP", SIGTSTP},
	{"SIGTTIN", SIGTTIN},
	{"SIGTTOU", SIGTTOU},
	{"SIGUSR1", SIGUSR1},
	{"SIGUSR2", SIGUSR2},
	{"SIGWINCH", SIGWINCH},
	{"SIGXCPU", SIGXCPU},
	{"SIGXFSZ", SIGXFSZ},
};

int task_signal_number(const char *name)
{
	for (size_t i = 0; i < iso_len(signals); i++)
		if (!strcmp(signals[i].name, name))
			return signals[i].number;
	return -1;
}

const char *task_signal_name(int number)
{
	for (size_t i = 0; i < iso_len(signals); i++)
		if (signals[i].number == number)
			return signals[i].name;
	return NULL;
}
