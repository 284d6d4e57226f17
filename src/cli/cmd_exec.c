/* isoexec exec: a second command in a running task, with our streams or on a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/exec_loop.h"
#include "cli/task_plan.h"
#include "cli/tasks.h"

enum {
	EXIT_NOT_EXEC = 126,
	EXIT_NOT_FOUND = 127
};

struct exec_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	bool input, tty, both;
	struct task_strings env;
};

#define AT(field) offsetof(struct exec_options, field)
static const struct option own[] = {
	{"i", OPTION_FLAG, AT(input), NULL, "our standard input is the command's"},
	{"t", OPTION_FLAG, AT(tty), NULL, "run it on a terminal of the task's own"},
	{"it", OPTION_FLAG, AT(both), NULL, "both"},
	{"e", OPTION_LIST, AT(env), "NAME=VALUE", "set a variable over the task's own"},
};
static const struct option_table own_options = {own, iso_len(own)};

struct request {
	struct exec_options options;
	const char *alloc;
	const char **argv;
};

/* "exec [options] ALLOC [--] CMD [ARG...]": what follows ALLOC is the command's, dashes and all. */
static int parse(struct request *q, const struct command *self, struct arena *arena, char **argv,
	size_t argc, struct iso_err *err)
{
	struct exec_options *o = &q->options;
	size_t at;

	if (options_head(self->tables, argv, argc, o, arena, &at, err))
		return -1;
	o->input = o->input || o->both;
	o->tty = o->tty || o->both;
	for (size_t i = 0; i < o->env.n; i++)
		if (!strchr(o->env.v[i], '=') || o->env.v[i][0] == '=')
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"option '-e' takes NAME=VALUE, got '%s'", o->env.v[i]);
	if (at == argc || !strcmp(argv[at], "--"))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"missing alloc: expected 'exec ALLOC[/TASK] COMMAND [ARG...]'");
	q->alloc = argv[at++];
	if (at < argc && !strcmp(argv[at], "--"))
		at++;
	if (at == argc)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"missing command: expected 'exec %s COMMAND [ARG...]'", q->alloc);
	q->argv = arena_array(arena, argc - at + 1, sizeof(*q->argv));
	for (size_t i = 0; at < argc; i++, at++)
		q->argv[i] = argv[at];
	return 0;
}

/* The last one of a name counts: getenv(3) takes the first. */
static size_t set_variable(const char **env, size_t n, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < n; i++)
		if (!strncmp(env[i], variable, len)) {
			env[i] = variable;
			return n;
		}
	env[n] = variable;
	return n + 1;
}

/* A command on a terminal wants to know which kind, unless the task says it. */
static const char **environment(
	const struct tasks *t, const struct request *q, const struct state_task *which)
{
	const struct task_strings *own_env = &q->options.env;
	const char **env = arena_array(t->arena, own_env->n + 2, sizeof(*env));
	const char *term = q->options.tty ? getenv("TERM") : NULL;
	struct iso_err ignored;
	struct steps plan;
	size_t n = 0;

	if (term && !task_plan_read(t->arena, which, &plan, &ignored) &&
		!task_plan_sets(&plan, "TERM"))
		env[n++] = arena_printf(t->arena, "TERM=%s", term);
	for (size_t i = 0; i < own_env->n; i++)
		n = set_variable(env, n, own_env->v[i]);
	return env;
}

static int begin(const struct tasks *t, const struct request *q, const struct terminal *terminal,
	struct iso_session **ret, struct iso_err *err)
{
	struct state_match match;
	struct iso_task *task;

	if (state_find(t->arena, &t->list, q->alloc, NULL, STATE_WANT_TASK, &match, err))
		return -1;
	if (tasks_attach(t, match.v[0], &task, err)) {
		err->sys = ESRCH; /* the task is not there: no word about the command */
		return -1;
	}
	own_fd null = q->options.input ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct iso_exec what = {
		.argv = q->argv,
		.env = environment(t, q, match.v[0]),
		.tty = q->options.tty,
		.stream = {q->options.input ? STDIN_FILENO : null, STDOUT_FILENO, STDERR_FILENO},
	};
	terminal_size(terminal, &what.rows, &what.columns);
	int r = iso_exec(task, &what, ret, err);
	(void)iso_task_free(task);
	return r;
}

static int follow(const struct request *q, struct terminal *terminal, struct iso_session *session,
	int signal_fd, int *ret_status, struct iso_err *err)
{
	const struct exec_loop in = {
		.session = session,
		.terminal = terminal,
		.signal_fd = signal_fd,
		.input = q->options.tty && q->options.input,
	};

	if (in.input && isatty(STDIN_FILENO) && terminal_raw(terminal, err))
		return -1;
	int r = exec_loop(&in, ret_status, err);
	terminal_restore(terminal);
	return r == EXEC_LOOP_LEFT ? 0 : r;
}

static int exec(
	const struct tasks *t, const struct request *q, int *ret_status, struct iso_err *err)
{
	struct terminal terminal;
	struct iso_session *session;
	own_fd signal_fd = exec_loop_signals(err);

	if (signal_fd < 0)
		return -1;
	terminal_init(&terminal);
	if (begin(t, q, &terminal, &session, err))
		return -1;
	int r = follow(q, &terminal, session, signal_fd, ret_status, err);
	(void)iso_session_free(session); /* hangs it up when we are the ones that leave */
	return r;
}

static int fail(const struct iso_err *err)
{
	(void)tasks_fail(err);
	if (err->fault == ISO_FAULT_NOT_FOUND && err->sys != ESRCH)
		return EXIT_NOT_FOUND;
	return err->fault == ISO_FAULT_NOT_EXEC ? EXIT_NOT_EXEC : EXIT_RUN_FAILED;
}

static int main_exec(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct request q = {.alloc = NULL};
	struct tasks t = {.arena = arena};
	int status = EXIT_RUN_FAILED;

	if (parse(&q, self, arena, argv, argc, &err) ||
		tasks_open(&t, self, &q.options.tasks, &err) || exec(&t, &q, &status, &err))
		return fail(&err);
	return status;
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "[-i] [-t] [-e NAME=VALUE] ALLOC[/TASK] [--] COMMAND [ARG...]",
	.summary = "run a second command in a running task",
	.main = main_exec,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
