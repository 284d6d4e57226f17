/*
 * libisoexec by lines, for tests: one command a line on stdin, its words separated by tabs, one
 * answer a line on stdout. It holds one task and one session at a time. The words are those of the
 * functions that they call; tests/drive/drive.py has the other end.
 *
 *   ok [VALUE...]                      done
 *   error FAULT SYS TEXT               what a function of the library said
 *   event KIND NAME=VALUE... TEXT      of next
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "record/record.h"
#include "run/internal.h"

enum {
	MAX_WORDS = 64
};

static struct iso_machine *machine;
static struct iso_config *config;
static struct iso_task *task;
static struct iso_session *session;

static int say_error(const struct iso_err *err)
{
	printf("error\t%d\t%d\t%s\n", (int)err->fault, (int)err->sys, err->text);
	return 0;
}

static int say(int r, const struct iso_err *err)
{
	if (r)
		return say_error(err);
	printf("ok\n");
	return 0;
}

static void say_event(const struct iso_event *e)
{
	static const char *const names[] = {[ISO_EVENT_STARTED] = "started",
		[ISO_EVENT_FAILED] = "failed",
		[ISO_EVENT_EXITED] = "exited",
		[ISO_EVENT_GONE] = "gone",
		[ISO_EVENT_ADOPTED] = "adopted"};

	printf("event\t%s\tpid=%d\tcode=%d\tsignal=%d\tunknown=%d\tforced=%d\tstop=%d\t"
	       "dropped=%" PRIu64 "\t%s\n",
		names[e->kind], e->pid, e->exit_code, e->signal, e->exit_unknown, e->forced,
		e->stop_asked, e->log_dropped_bytes,
		e->kind == ISO_EVENT_FAILED ? e->err.text : "");
}

/* ---- commands: w is what was read, NULL behind the last ---- */

static int do_new(char **w, struct iso_err *err)
{
	(void)w;
	config = iso_config_free(config);
	return say(iso_config_new(&config, err), err);
}

static int do_set(char **w, struct iso_err *err)
{
	return say(iso_config_set(config, w[1], w[2], err), err);
}

static int do_add(char **w, struct iso_err *err)
{
	return say(iso_config_add(config, w[1], w[2], err), err);
}

static int do_start(char **w, struct iso_err *err)
{
	struct iso_prepared *prepared = NULL;
	struct iso_start how = ISO_START_INIT;

	how.console = w[1] && !strcmp(w[1], "console");
	int r = iso_prepare(machine, config, &prepared, err) ||
		iso_start(prepared, &how, &task, err);
	prepared = iso_prepared_free(prepared);
	if (r)
		return say_error(err);
	printf("ok\t%d\n", (int)task->supervisor);
	return 0;
}

static int do_attach(char **w, struct iso_err *err)
{
	return say(iso_attach(w[1], w[2], w[3], &task, err), err);
}

/* A new supervisor for STATE/<alloc>/<task>, whatever its record says: what gc does. */
static int do_adopt(char **w, struct iso_err *err)
{
	struct iso_task *t = run_task_new(w[1]);
	struct iso_event event = {.kind = ISO_EVENT_GONE}, last = event;
	int r = run_adopt(t, err);

	if (r == RUN_ADOPT_HELD) {
		printf("ok\theld\n");
		t = iso_task_free(t);
		return 0;
	}
	while (!r && last.kind != ISO_EVENT_ADOPTED) {
		event = last;
		r = iso_next(t, &last, err);
		if (last.kind == ISO_EVENT_GONE)
			break;
	}
	t = iso_task_free(t);
	if (r)
		return say_error(err);
	say_event(last.kind == ISO_EVENT_ADOPTED ? &last : &event);
	return 0;
}

static int do_next(char **w, struct iso_err *err)
{
	struct iso_event event;

	(void)w;
	if (iso_next(task, &event, err))
		return say_error(err);
	say_event(&event);
	return 0;
}

static int do_stop(char **w, struct iso_err *err)
{
	uint64_t grace = strcmp(w[1], "default") ? strtoull(w[1], NULL, 10) : ISO_GRACE_DEFAULT;

	return say(iso_stop(task, w[2] ? atoi(w[2]) : 0, grace, false, err), err);
}

static int do_signal(char **w, struct iso_err *err)
{
	return say(iso_signal(task, atoi(w[1]), err), err);
}

static int do_exec(char **w, struct iso_err *err)
{
	bool tty = !strcmp(w[0], "exec-tty");
	own_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *argv[MAX_WORDS];
	size_t n = 0;

	for (; w[n + 1]; n++)
		argv[n] = w[n + 1];
	argv[n] = NULL;
	const struct iso_exec what = {.argv = argv, .tty = tty, .stream = {null, null, null}};
	return say(iso_exec(task, &what, &session, err), err);
}

static int do_session_wait(char **w, struct iso_err *err)
{
	int code;

	(void)w;
	int r = iso_session_wait(session, &code, err);
	session = iso_session_free(session);
	if (r)
		return say_error(err);
	printf("ok\t%d\n", code);
	return 0;
}

static int do_session_free(char **w, struct iso_err *err)
{
	(void)w;
	(void)err;
	session = iso_session_free(session);
	return say(0, err);
}

static int do_free(char **w, struct iso_err *err)
{
	(void)w;
	task = iso_task_free(task);
	return say(0, err);
}

static int do_remove(char **w, struct iso_err *err)
{
	(void)w;
	return say(iso_remove(task, err), err);
}

/* ---- records ---- */

static int open_record(const char *dir, struct record_file *ret, struct iso_err *err)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/" RECORD_FILE, dir);
	own_fd fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return iso_err_sys(err, "open '%s'", path);
	return record_read(fd, ret, err) ? -1 : fd_take(&fd);
}

static int do_record(char **w, struct iso_err *err)
{
	struct record_file f;
	own_fd fd = open_record(w[1], &f, err);

	if (fd < 0)
		return say_error(err);
	printf("ok\tphase=%s\tflags=%u\ttask=%d\tsupervisor=%d\tcode=%d\tsignal=%d\tboot=%s\n",
		record_phase_name(f.record.phase), f.record.flags, f.record.task_pid,
		f.record.supervisor_pid, f.record.exit_code, f.record.signal, f.record.boot_id);
	return 0;
}

/* As after a reboot: the record is of another boot. */
static int do_reboot(char **w, struct iso_err *err)
{
	struct record_file f;
	own_fd fd = open_record(w[1], &f, err);

	if (fd < 0)
		return say_error(err);
	f.record.boot_id[0] = f.record.boot_id[0] == '0' ? '1' : '0';
	return say(record_write(fd, &f.record, err), err);
}

/* The number of its process is somebody else's by now. */
static int do_pretend(char **w, struct iso_err *err)
{
	struct record_file f;
	own_fd fd = open_record(w[1], &f, err);

	if (fd < 0)
		return say_error(err);
	f.record.task_pid = atoi(w[2]);
	return say(record_write(fd, &f.record, err), err);
}

static const struct {
	const char *name;
	int words; /* that it needs */
	int (*run)(char **w, struct iso_err *err);
} commands[] = {
	{"new", 0, do_new},
	{"set", 2, do_set},
	{"add", 2, do_add},
	{"start", 0, do_start},
	{"attach", 3, do_attach},
	{"adopt", 1, do_adopt},
	{"next", 0, do_next},
	{"stop", 1, do_stop},
	{"signal", 1, do_signal},
	{"exec", 1, do_exec},
	{"exec-tty", 1, do_exec},
	{"session-wait", 0, do_session_wait},
	{"session-free", 0, do_session_free},
	{"free", 0, do_free},
	{"remove", 0, do_remove},
	{"record", 1, do_record},
	{"reboot", 1, do_reboot},
	{"pretend", 2, do_pretend},
};

static int run(char *line)
{
	struct iso_err err = ISO_ERR_INIT;
	char *w[MAX_WORDS + 1] = {NULL}, *at = line;
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	while (n < MAX_WORDS && (w[n] = strsep(&at, "\t")))
		n++;
	w[n] = NULL;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, w[0]) && n > commands[i].words)
			return commands[i].run(w, &err);
	printf("error\t0\t0\tunknown command '%s'\n", w[0]);
	return 0;
}

/* The test's process 1: orphans come here and are reaped at once, whatever the machine's own does.
 * The driver is its child, so that it can be killed alone. */
static void fork_below_reaper(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (fork() == 0)
		return;
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	_exit(0);
}

int main(void)
{
	struct iso_err err = ISO_ERR_INIT;
	char *line = NULL;
	size_t room = 0;

	fork_below_reaper();
	printf("ok\t%d\n", (int)getpid());
	(void)fflush(stdout);
	if (iso_machine_new(&machine, &err)) {
		fprintf(stderr, "drive: %s\n", err.text);
		return 1;
	}
	while (getline(&line, &room, stdin) > 0) {
		(void)run(line);
		(void)fflush(stdout);
	}
	free(line);
	return 0;
}
