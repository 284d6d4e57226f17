/* Steps for the process itself: namespaces, streams, limits, working directory, the command. */
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "plan/planner.h"
#include "task/root_map.h"

/* linux/landlock.h of 6.12; the 6.1 headers lack them */
enum {
	SCOPE_ABSTRACT_UNIX_SOCKET = 1,
	SCOPE_SIGNAL = 2,
	LANDLOCK_ABI_SCOPES = 6
};
enum {
	UMASK = 022,
	WORK_DIR_MODE = 0755,
	LOG_STREAMS = 2
};

int want_logs(struct planner *p, struct iso_err *err)
{
	(void)err;
	const struct task_config *t = p->task;
	static const char *const names[] = {NULL, "stdout", "stderr"};

	for (unsigned stream = 1; stream <= LOG_STREAMS && !t->logs.disabled; stream++) {
		p->slot_log[stream] = steps_slot(p->b);
		steps_add(p->b,
			(struct step_in){
				.op = STEP_LOG,
				.str = {arena_printf(
						p->arena, "%s/%s", t->state_dir, names[stream]),
					arena_printf(p->arena, "%s/alloc/logs", t->alloc_dir),
					arena_printf(
						p->arena, "%s.%s", t->task_name, names[stream])},
				.num = {stream, t->logs.max_files, t->logs.max_file_bytes},
				.to = SLOT(p->slot_log[stream]),
			});
	}
	return 0;
}

/* Not with the host's processes in sight: whoever was given them is to reach them. */
int want_landlock(struct planner *p, struct iso_err *err)
{
	(void)err;
	uint64_t scopes = 0;

	if (p->facts->landlock_abi < LANDLOCK_ABI_SCOPES || !p->private_pid)
		return 0;
	if (!p->task->netns_path)
		scopes |= SCOPE_ABSTRACT_UNIX_SOCKET;
	if (p->hardened)
		scopes |= SCOPE_SIGNAL;
	if (scopes)
		steps_add(p->b, (struct step_in){.op = STEP_LANDLOCK_SCOPE, .num = {scopes}});
	return 0;
}

int want_clone(struct planner *p, struct iso_err *err)
{
	(void)err;
	uint64_t flags = CLONE_NEWNS | (p->private_pid ? CLONE_NEWPID : 0) |
			 (p->private_ipc ? CLONE_NEWIPC : 0) | (p->hardened ? CLONE_NEWUTS : 0);
	struct step_in step = {.op = STEP_CLONE, .num = {flags}};

	if (p->slot_cgroup_v2 != SLOT_NONE)
		step.from = SLOT(p->slot_cgroup_v2);
	steps_add(p->b, step);
	return 0;
}

int want_netns(struct planner *p, struct iso_err *err)
{
	(void)err;
	if (p->task->netns_path)
		steps_add(p->b, (struct step_in){.op = STEP_NETNS, .str = {p->task->netns_path}});
	return 0;
}

int want_session(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_SESSION});
	return 0;
}

int want_keyring(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_KEYRING});
	return 0;
}

int want_umask(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_UMASK, .num = {UMASK}});
	return 0;
}

int want_oom_score(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_OOM_SCORE, .str = {"0"}});
	return 0;
}

int want_rlimits(struct planner *p, struct iso_err *err)
{
	(void)err;
	const int64_t nofile = p->task->limits.nofile_soft;

	if (nofile >= 0)
		steps_add(p->b,
			(struct step_in){.op = STEP_RLIMIT,
				.num = {RLIMIT_NOFILE, (uint64_t)nofile, p->facts->nofile_hard}});
	if (!p->hardened)
		return 0;
	steps_add(p->b, (struct step_in){.op = STEP_RLIMIT, .num = {RLIMIT_CORE, 0, 0}});
	steps_add(p->b, (struct step_in){.op = STEP_RLIMIT, .num = {RLIMIT_RTPRIO, 0, 0}});
	/* a core pattern that is a pipe ignores the limit: nothing of the memory goes into it
	 * either (Q6) */
	steps_add(p->b, (struct step_in){.op = STEP_COREDUMP_FILTER, .str = {"0"}});
	return 0;
}

int want_affinity(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_CPU_AFFINITY});
	return 0;
}

int want_work_dir(struct planner *p, struct iso_err *err)
{
	const char *dir = p->task->work_dir ? path_clean(p->arena, p->task->work_dir) : "/";
	static const char *const refused[] = {"/proc", "/dev/fd"};

	for (size_t i = 0; i < iso_len(refused); i++)
		if (!strcmp(dir, refused[i]) || path_below(refused[i], dir, NULL))
			return plan_fail(&p->task->work_dir_place, err,
				"work_dir '%s' is below '%s', where no directory of the task can "
				"be",
				dir, refused[i]);
	steps_add(
		p->b, (struct step_in){.op = STEP_WORK_DIR, .str = {dir}, .num = {WORK_DIR_MODE}});
	return 0;
}

/* The search order of B-201 as paths in the root; '..' cannot lead out of it. */
int want_command(struct planner *p, struct iso_err *err)
{
	const char *name = p->task->command;
	static const char *const bare[] = {"/usr/local/bin", "/usr/bin", "/bin"};
	const char *candidates[2 + iso_len(bare)];
	size_t n = 0;

	if (!name || !*name)
		return plan_fail(&p->task->command_place, err,
			"missing command: 'command' must name a program");
	const char *clean = path_clean(p->arena, name);
	candidates[n++] = path_join(p->arena, "/local", clean);
	candidates[n++] = clean;
	for (size_t i = 0; i < iso_len(bare) && !strchr(name, '/'); i++)
		candidates[n++] = path_join(p->arena, bare[i], name);
	steps_add(p->b, (struct step_in){.op = STEP_COMMAND,
				.str = {NULL, name},
				.list = {candidates},
				.n_list = {n},
				.num = {1}});
	return 0;
}

int want_stdio(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_STDIO, .num = {0, p->facts->user.uid}});
	for (unsigned stream = 1; stream <= LOG_STREAMS; stream++) {
		struct step_in step = {.op = STEP_STDIO, .num = {stream, p->facts->user.uid}};
		if (p->slot_log[stream] != SLOT_NONE)
			step.from = SLOT(p->slot_log[stream]);
		steps_add(p->b, step);
	}
	return 0;
}

/* USER, LOGNAME and HOME are the host account's, whatever the job says (B-406). */
static const char *const *environment(struct planner *p, size_t *ret_n)
{
	static const char *const own[] = {"USER=", "LOGNAME=", "HOME="};
	const struct task_strings *env = &p->task->env;
	const struct host_user *u = &p->facts->user;
	const char *values[] = {u->name, u->name, u->home};
	const char **v = arena_array(p->arena, env->n + iso_len(own), sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < env->n; i++) {
		bool ours = false;
		for (size_t k = 0; k < iso_len(own); k++)
			ours = ours || !strncmp(env->v[i], own[k], strlen(own[k]));
		if (!ours)
			v[n++] = env->v[i];
	}
	for (size_t k = 0; k < iso_len(own); k++)
		v[n++] = arena_printf(p->arena, "%s%s", own[k], values[k]);
	*ret_n = n;
	return v;
}

int want_init(struct planner *p, struct iso_err *err)
{
	(void)err;
	if (p->task->init)
		steps_add(p->b, (struct step_in){.op = STEP_INIT});
	return 0;
}

int want_exec(struct planner *p, struct iso_err *err)
{
	(void)err;
	const struct task_strings *args = &p->task->args;
	const char **argv = arena_array(p->arena, args->n + 1, sizeof(*argv));
	size_t n_env;
	const char *const *env = environment(p, &n_env);

	argv[0] = p->task->command;
	for (size_t i = 0; i < args->n; i++)
		argv[i + 1] = args->v[i];
	steps_add(p->b,
		(struct step_in){
			.op = STEP_EXEC, .list = {argv, env}, .n_list = {args->n + 1, n_env}});
	return 0;
}
