/* Starting runners and listening to them until the tasks run (detach.h). */
#include "cli/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc/runner.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/say.h"
#include "run/attach.h"
#include "run/dirs.h"

enum {
	RUNNER_TRIES = 3
};

/* Whoever asks for what he may not have learns it here, before anything is made. */
static int check_all(struct setup *s, struct iso_err *err)
{
	for (size_t a = 0; a < s->n_allocs; a++)
		for (size_t t = 0; t < s->allocs[a]->n_tasks; t++) {
			struct iso_config *config;
			struct iso_prepared *prepared = NULL;
			if (config_from_task(&s->allocs[a]->tasks[t].config, &config, err))
				return -1;
			int r = iso_prepare(&s->machine, config, &prepared, err);
			(void)iso_prepared_free(prepared);
			(void)iso_config_free(config);
			if (r)
				return -1;
		}
	return 0;
}

/* A line of the runner, shown as a foreground run shows its events. */
struct heard {
	bool started, failed;
};

static void hear_line(const char *line, struct heard *heard)
{
	const char *task, *type, *message;
	json_t *object = json_loads(line, 0, NULL);

	if (object && !json_unpack(object, "{s:s, s:s, s:s}", "task", &task, "type", &type,
			      "message", &message)) {
		say("task '%s': %s", task, message);
		heard->started = heard->started || !strcmp(type, "Started");
		heard->failed = heard->failed || !strcmp(type, "Driver Failure");
	}
	json_decref(object);
}

static void hear(int fd, struct heard *heard)
{
	char *line = NULL;
	size_t room = 0;
	FILE *lines = fdopen(fd, "r");

	while (lines && getline(&line, &room, lines) > 0)
		hear_line(line, heard);
	free(line);
	if (lines)
		(void)fclose(lines);
	else
		(void)fd_close(fd);
}

static const char *state_dir_of(struct arena *arena, const struct alloc_spec *spec)
{
	char *path = arena_strdup(arena, spec->tasks[0].config.state_dir);
	*strrchr(path, '/') = '\0';
	return path;
}

/* One runner. Return: 0, *ret_killed: it did not come to an end of its own; -1 */
static int hear_runner(
	const char *state_dir, struct heard *heard, bool *ret_killed, struct iso_err *err)
{
	int pipe[2], status = 0;
	pid_t runner;

	if (pipe2(pipe, O_CLOEXEC))
		return iso_err_sys(err, "make a pipe");
	own_fd read_end = pipe[0];
	own_fd write_end = pipe[1];
	if (runner_spawn(state_dir, write_end, &runner, err))
		return -1;
	write_end = fd_close(write_end);
	hear(fd_take(&read_end), heard);
	*ret_killed = false;
	if (heard->started)
		return 0;
	while (waitpid(runner, &status, 0) < 0 && errno == EINTR)
		;
	*ret_killed = !WIFEXITED(status);
	return 0;
}

/* Whatever happened to its runner: a task that runs or has run keeps its files. */
static bool has_run(const struct alloc_spec *spec)
{
	struct iso_event event;
	struct iso_err err;

	for (size_t t = 0; t < spec->n_tasks; t++) {
		int r = run_look(spec->tasks[t].config.state_dir, &event, &err);
		if (r == RUN_LOOK_RUNS || r == RUN_LOOK_ENDED ||
			(r == RUN_LOOK_CLEAN && event.kind == ISO_EVENT_EXITED))
			return true;
	}
	return false;
}

static int detach_one(
	struct setup *s, const struct alloc_spec *spec, int *ret_status, struct iso_err *err)
{
	const char *state_dir = state_dir_of(s->arena, spec);
	struct heard heard = {false, false};
	bool killed = true;

	if (runner_save(spec, err))
		return -1;
	/* one that was killed has a successor, which goes on with what it finds */
	for (unsigned i = 0; killed && i < RUNNER_TRIES; i++)
		if (hear_runner(state_dir, &heard, &killed, err))
			return -1;
	(void)printf("%s\n", spec->alloc_id);
	(void)fflush(stdout);
	bool started = heard.started || has_run(spec);
	if (heard.failed || !started)
		*ret_status = EXIT_RUN_FAILED;
	if (started)
		return 0;
	return alloc_dirs_remove(spec->tasks[0].config.alloc_dir, state_dir, err);
}

int detach(struct setup *s, int *ret_status, struct iso_err *err)
{
	*ret_status = EXIT_OK;
	if (check_all(s, err))
		return -1;
	for (size_t a = 0; a < s->n_allocs; a++)
		if (detach_one(s, s->allocs[a], ret_status, err))
			return -1;
	return 0;
}
