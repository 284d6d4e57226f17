/*
 * A C program that runs a command isolated, looks into it with a second command, counts what it
 * used and stops it:
 *
 *     cc sleep.c $(pkg-config --cflags --libs isoexec) -o sleep-isolated && sudo ./sleep-isolated
 */
#include <isoexec.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fail(const struct iso_err *err)
{
	fprintf(stderr, "sleep-isolated: %s\n", err->text);
	return 1;
}

/* A second command in the same sandbox: its output is ours. */
static int look_inside(struct iso_task *task, struct iso_err *err)
{
	const char *const argv[] = {
		"sh", "-c", "echo I am $(id -un), process $$ beside $(cat /proc/1/comm)", NULL};
	const struct iso_exec what = {
		.argv = argv, .stream = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}};
	struct iso_session *session;
	int status = -1;

	if (iso_exec(task, &what, &session, err))
		return -1;
	int r = iso_session_wait(session, &status, err);
	session = iso_session_free(session);
	if (!r)
		printf("the session ended with %d\n", status);
	return r;
}

static int follow(struct iso_task *task, struct iso_err *err)
{
	struct iso_event event;
	struct iso_stats stats;

	if (iso_next(task, &event, err))
		return -1;
	if (event.kind != ISO_EVENT_STARTED) {
		*err = event.err;
		return -1;
	}
	printf("started\n");
	if (look_inside(task, err) || iso_stats(task, &stats, err))
		return -1;
	printf("%llu process, some memory: %s\n", (unsigned long long)stats.n_pids,
		stats.mem_usage_bytes ? "yes" : "no");
	if (iso_stop(task, 0, ISO_GRACE_DEFAULT, false, err) || iso_wait(task, &event, err))
		return -1;
	printf("ended by signal %d, forced: %s\n", event.signal, event.forced ? "yes" : "no");
	if (iso_next(task, &event, err)) /* ISO_EVENT_GONE: processes, mounts, cgroups */
		return -1;
	return iso_remove(task, err); /* and its directories */
}

int main(int argc, char **argv)
{
	struct iso_err err = ISO_ERR_INIT;
	struct iso_machine *machine = NULL;
	struct iso_config *config = NULL;
	struct iso_prepared *prepared = NULL;
	struct iso_task *task = NULL;
	const struct iso_start how = ISO_START_INIT;

	int r = iso_machine_new(&machine, &err) || iso_config_new(&config, &err) ||
		iso_config_set(config, "command", "sleep", &err) ||
		iso_config_add(config, "arg", "1000", &err) ||
		iso_config_set(config, "memory_mb", "32", &err);
	for (int i = 1; i + 1 < argc && !r; i += 2) /* NAME VALUE: more of iso_config_set() */
		r = iso_config_set(config, argv[i], argv[i + 1], &err);
	r = r || iso_prepare(machine, config, &prepared, &err) ||
	    iso_start(prepared, &how, &task, &err) || follow(task, &err);
	task = iso_task_free(task);
	prepared = iso_prepared_free(prepared);
	config = iso_config_free(config);
	machine = iso_machine_free(machine);
	return r ? fail(&err) : 0;
}
