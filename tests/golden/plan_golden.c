/*
 * plan_golden CASE-DIR v1|v2 [write]: the plan of a job file for one of two fixed hosts, compared
 * with want-<host>.json. The whole way from text to steps but for the facts, which are the same on
 * every machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/lang.h"
#include "plan/plan.h"
#include "steps/steps.h"
#include "task/root_map.h"

extern const struct lang_api iso_lang;

#define ALLOC_ID "11111111-2222-4333-8444-555555555555"

static const uint32_t nobody_groups[] = {65534}, root_groups[] = {0};

static struct host_facts host(bool v2)
{
	struct host_facts f = {
		.release = v2 ? "6.1.0" : "6.18.0",
		.machine = "x86_64",
		.last_cap = 40,
		.bounding_set = v2 ? 0x1ffffffffff : 0x1fffeffffff,
		.permitted = 0x1ffffffffff,
		.landlock_abi = v2 ? 2 : 7,
		.has_overlay = true,
		.has_seccomp_filter = true,
		.has_openat2 = true,
		.has_mount_setattr = true,
		.tmpfs_noswap = !v2,
		.is_root = true,
		.nofile_soft = 1024,
		.nofile_hard = 1048576,
		.n_cpus = 4,
		.total_mhz = 8000,
		.cpuset_cpus = "0-3",
		.cpuset_mems = "0",
		.upper_ok = true,
	};
	f.cgroups = (struct host_cgroups){.mode = v2 ? HOST_CGROUP_V2 : HOST_CGROUP_HYBRID,
		.writable = true,
		.v2_kill = true};
	f.cgroups.v2 = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
	static const char *const v1[N_HOST_CONTROLLERS] = {
		[HOST_MEMORY] = "/sys/fs/cgroup/memory",
		[HOST_CPU] = "/sys/fs/cgroup/cpu,cpuacct",
		[HOST_CPUSET] = "/sys/fs/cgroup/cpuset",
		[HOST_PIDS] = "/sys/fs/cgroup/pids",
		[HOST_DEVICES] = "/sys/fs/cgroup/devices",
		[HOST_FREEZER] = "/sys/fs/cgroup/freezer",
	};
	for (unsigned i = 0; i < N_HOST_CONTROLLERS; i++) {
		f.cgroups.v1[i] = v2 ? NULL : v1[i];
		f.cgroups.v2_has[i] = v2;
	}
	return f;
}

/* A merged-/usr host, without /lib32, /run/resolvconf and /run/systemd/resolve. */
static const struct host_path paths[] = {
	{.path = "/bin",
		.kind = HOST_LINK,
		.target = "usr/bin",
		.real = "/usr/bin",
		.real_kind = HOST_DIR},
	{.path = "/etc", .kind = HOST_DIR},
	{.path = "/etc/none", .kind = HOST_MISSING},
	{.path = "/lib",
		.kind = HOST_LINK,
		.target = "usr/lib",
		.real = "/usr/lib",
		.real_kind = HOST_DIR},
	{.path = "/lib32", .kind = HOST_MISSING},
	{.path = "/lib64",
		.kind = HOST_LINK,
		.target = "usr/lib64",
		.real = "/usr/lib64",
		.real_kind = HOST_DIR},
	{.path = "/run/resolvconf", .kind = HOST_MISSING},
	{.path = "/run/systemd/resolve", .kind = HOST_MISSING},
	{.path = "/sbin",
		.kind = HOST_LINK,
		.target = "usr/sbin",
		.real = "/usr/sbin",
		.real_kind = HOST_DIR},
	{.path = "/srv/data", .kind = HOST_DIR},
	{.path = "/usr", .kind = HOST_DIR},
	{.path = "/usr/share", .kind = HOST_DIR},
	{.path = "/usr/share/app", .kind = HOST_MISSING},
};

static void add_task_facts(
	struct arena *arena, const struct task_config *task, struct host_facts *f)
{
	bool root = task->user && !strcmp(task->user, "root");

	f->user =
		root ? (struct host_user){"root", 0, 0, "/root", root_groups, 1}
		     : (struct host_user){"nobody", 65534, 65534, "/nonexistent", nobody_groups, 1};
	f->paths = arena_grow(arena, paths, iso_len(paths), iso_len(paths), sizeof(paths[0]));
	f->n_paths = iso_len(paths);
}

static struct alloc_spec *place(struct arena *arena, const char *file, enum task_profile profile,
	const struct host_facts *f, struct buf *messages, struct iso_err *err)
{
	static struct operator_volume volume = {.name = "data", .path = "/srv/data"};
	static const char *const host_env[] = {"PATH=/usr/bin:/bin"};
	struct operator_config operator;
	struct job *job;
	struct lang_job_summary summary;
	struct alloc_spec *spec;
	const struct lang_source source = {.path = file};

	operator_defaults(&operator, profile);
	operator.policy.allow_root = operator.policy.allow_host_pid = operator.policy
		.allow_host_ipc = true;
	operator.volumes = & volume;
	operator.n_volumes = 1;
	const struct lang_placement at = {
		.alloc_id = ALLOC_ID,
		.data_dir = "/data",
		.state_dir = "/state",
		.operator= & operator,
		.host_env = {.v = host_env, .n = iso_len(host_env)},
		.total_mhz = f->total_mhz,
		.n_cpus = f->n_cpus,
	};
	if (iso_lang.job_load(arena, &source, (struct task_strings){0}, (struct task_strings){0},
		    &job, messages, err))
		return NULL;
	iso_lang.job_summary(arena, job, &summary);
	return iso_lang.job_to_alloc(arena, job, summary.groups[0], &at, &spec, messages, err)
		       ? NULL
		       : spec;
}

static int make(struct arena *arena, const char *dir, bool v2, struct buf *out,
	struct buf *messages, struct iso_err *err)
{
	struct host_facts f = host(v2);
	struct plan_result plan;
	struct steps steps;
	own_buf bytes = BUF_INIT;
	const char *file = arena_printf(arena, "%s/in.nomad.hcl", dir);
	const struct alloc_spec *spec = place(arena, file,
		strstr(dir, "compatible") ? TASK_COMPATIBLE : TASK_HARDENED, &f, messages, err);

	if (!spec)
		return -1;
	add_task_facts(arena, &spec->tasks[0].config, &f);
	if (plan_build(arena, &spec->tasks[0].config, &f, &plan, err))
		return -1;
	int r = steps_finish(&plan.steps, &bytes, err);
	steps_builder_done(&plan.steps);
	if (r || steps_read(bytes.data, bytes.len, &steps, err))
		return -1;
	plan_print_json(&steps, out);
	return 0;
}

static int compare(const char *path, const struct buf *got)
{
	own_buf want = BUF_INIT;
	char part[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f) {
		(void)fprintf(stderr, "%s is missing\n", path);
		return 1;
	}
	while ((n = fread(part, 1, sizeof(part), f)))
		buf_add(&want, part, n);
	(void)fclose(f);
	if (!strcmp(buf_text(&want), buf_text(got)))
		return 0;
	(void)fprintf(stderr, "the plan is not that of %s; it is:\n%s", path, buf_text(got));
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	own_arena arena = arena_new(0);
	own_buf out = BUF_INIT;
	own_buf messages = BUF_INIT;
	struct iso_err err = ISO_ERR_INIT;
	const char *path = arena_printf(arena, "%s/want-%s.json", argv[1], argv[2]);

	if (make(arena, argv[1], !strcmp(argv[2], "v2"), &out, &messages, &err)) {
		(void)fprintf(stderr, "%s%s\n", buf_text(&messages), err.text);
		return 1;
	}
	if (argc == 3)
		return compare(path, &out);
	FILE *f = fopen(path, "we");
	int bad = !f || fputs(buf_text(&out), f) < 0;
	return (f && fclose(f)) || bad;
}
