/*
 * warm PROFILE STATE_DIR DATA_DIR CGROUP_PARENT: starts through libisoexec, in a process that lives
 * on as a node's agent does: the machine is looked at once, everything else is done for every
 * start. A client (client.h): mark 0 is start to exit, mark 1 start to nothing left, directories
 * too.
 */
#include <isoexec.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"

enum {
	MAX_HELD = 1024
};

struct start {
	struct iso_config *config;
	struct iso_prepared *prepared;
	struct iso_task *task;
};

static struct iso_machine *machine;
static char *const *place;
static struct start held[MAX_HELD];
static size_t n_held;

static int configure(struct start *s, const char *command, const char *arg, struct iso_err *err)
{
	static const char *const names[] = {"profile", "state_dir", "data_dir", "cgroup_parent"};

	int r = iso_config_new(&s->config, err) ||
		iso_config_set(s->config, "command", command, err) ||
		(arg && iso_config_add(s->config, "arg", arg, err));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !r; i++)
		r = iso_config_set(s->config, names[i], place[i], err);
	return r ? -1 : 0;
}

static int begin(struct start *s, const char *command, const char *arg, struct iso_err *err)
{
	const struct iso_start how = {.console = false, .secrets_fd = -1, .transient = true};

	if (configure(s, command, arg, err) || iso_prepare(machine, s->config, &s->prepared, err) ||
		iso_start(s->prepared, &how, &s->task, err))
		return -1;
	return 0;
}

static int finish(struct start *s, struct iso_event *event, struct iso_err *err)
{
	return iso_next(s->task, event, err) || event->kind != ISO_EVENT_GONE ||
			       iso_remove(s->task, err)
		       ? -1
		       : 0;
}

static void done(struct start *s)
{
	s->task = iso_task_free(s->task);
	s->prepared = iso_prepared_free(s->prepared);
	s->config = iso_config_free(s->config);
}

static int failed(const struct iso_err *err)
{
	(void)fprintf(stderr, "warm: %s\n", err->text);
	return -1;
}

static int run_one(int64_t marks[CLIENT_MARKS])
{
	struct iso_err err = ISO_ERR_INIT;
	struct iso_event event = {.exit_code = -1};
	struct start s = {0};
	int64_t start = client_now_ns();

	int r = begin(&s, "/usr/bin/true", NULL, &err) || iso_wait(s.task, &event, &err);
	int64_t exited = client_now_ns();
	int bad = event.exit_code;
	r = r || finish(&s, &event, &err);
	done(&s);
	if (r)
		return failed(&err);
	marks[0] += exited - start;
	marks[1] += client_now_ns() - start;
	return bad ? -1 : 0;
}

static int hold(size_t n)
{
	int n_failed = 0;

	for (; n && n_held < MAX_HELD; n--) {
		struct iso_err err = ISO_ERR_INIT;
		struct iso_event event = {.exit_code = -1};
		struct start *s = &held[n_held++];
		if (begin(s, "/usr/bin/sleep", "100000", &err) || iso_next(s->task, &event, &err) ||
			event.kind != ISO_EVENT_STARTED) {
			(void)failed(event.kind == ISO_EVENT_FAILED ? &event.err : &err);
			n_failed++;
		}
		s->prepared = iso_prepared_free(s->prepared); /* it has served its start */
		s->config = iso_config_free(s->config);
	}
	return n_failed;
}

static int release(void)
{
	int n_failed = 0;

	for (size_t i = 0; i < n_held; i++) {
		struct iso_err err = ISO_ERR_INIT;
		struct iso_event event = {.exit_code = -1};
		struct start *s = &held[i];
		if (!s->task || iso_stop(s->task, 0, 0, false, &err) ||
			iso_wait(s->task, &event, &err) || finish(s, &event, &err)) {
			(void)failed(&err);
			n_failed++;
		}
		done(s);
	}
	n_held = 0;
	return n_failed;
}

int main(int argc, char **argv)
{
	static const struct client_verbs verbs = {.run = run_one, .hold = hold, .release = release};
	struct iso_err err = ISO_ERR_INIT;

	if (argc != 5) {
		(void)fprintf(stderr, "usage: warm PROFILE STATE_DIR DATA_DIR CGROUP_PARENT\n");
		return 2;
	}
	place = argv + 1;
	if (iso_machine_new(&machine, &err))
		return failed(&err) ? 1 : 0;
	int r = client_main(&verbs);
	machine = iso_machine_free(machine);
	return r;
}
