/* isoexec host: what this machine offers for isolation, and what is missing and how to mend it. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/say.h"
#include "cli/setup.h"

struct host_options {
	bool json;
};

static const struct option own[] = {
	{"json", OPTION_FLAG, offsetof(struct host_options, json), NULL, "as JSON"},
};
static const struct option_table own_options = {own, iso_len(own)};

/* One line: a value, or what to do about its absence. */
struct line {
	const char *key, *title;
	const char *value; /* NULL: missing */
	const char *mend;
};

enum {
	MAX_LINES = 24
};
struct report {
	struct arena *arena;
	struct line lines[MAX_LINES];
	size_t n;
};

static void add(
	struct report *r, const char *key, const char *title, const char *value, const char *mend)
{
	iso_bug_if(r->n == MAX_LINES);
	r->lines[r->n++] = (struct line){key, title, value, mend};
}

static void add_yes(
	struct report *r, const char *key, const char *title, bool yes, const char *mend)
{
	add(r, key, title, yes ? "yes" : NULL, mend);
}

static const char *controllers(struct arena *arena, const struct host_cgroups *c)
{
	static const char *const names[] = {
#define X(symbol, name) [HOST_##symbol] = name,
		HOST_CONTROLLERS(X)
#undef X
	};
	const char *text = "";
	for (size_t i = 0; i < N_HOST_CONTROLLERS; i++)
		if (c->v1[i] || c->v2_has[i])
			text = arena_printf(arena, "%s%s%s", text, *text ? " " : "", names[i]);
	return *text ? text : NULL;
}

/* What run needs: by whoever asks, now. */
static bool cgroups_writable(const struct host_cgroups *c)
{
	if (c->mode == HOST_CGROUP_NONE || !c->writable || (c->v2 && access(c->v2, W_OK)))
		return false;
	for (size_t i = 0; i < N_HOST_CONTROLLERS; i++)
		if (c->v1[i] && access(c->v1[i], W_OK))
			return false;
	return true;
}

static void fill(struct report *r, const struct host_facts *f)
{
	static const char *const modes[] = {
		[HOST_CGROUP_NONE] = NULL,
		[HOST_CGROUP_V1] = "v1",
		[HOST_CGROUP_HYBRID] = "v1 hybrid",
		[HOST_CGROUP_V2] = "v2",
	};

	add(r, "kernel", "kernel", arena_printf(r->arena, "%s %s", f->release, f->machine), "");
	add_yes(r, "root", "root", f->is_root, "run needs root: start isoexec with sudo");
	add(r, "cgroups", "cgroups", modes[f->cgroups.mode], "mount cgroup2 at /sys/fs/cgroup");
	add(r, "controllers", "controllers", controllers(r->arena, &f->cgroups),
		"boot with cgroup_enable=memory or enable controllers in cgroup.subtree_control");
	add_yes(r, "cgroups_writable", "cgroups writable", cgroups_writable(&f->cgroups),
		!f->is_root ? "start isoexec with sudo"
		: f->cgroups.mode == HOST_CGROUP_NONE
			? "mount cgroup2 at /sys/fs/cgroup"
			: "mount -o remount,rw the cgroup file systems, or delegate a cgroup "
			  "(-cgroup-parent)");
	add_yes(r, "overlay", "overlay", f->has_overlay,
		"load the kernel module: modprobe overlay");
	add_yes(r, "openat2", "openat2", f->has_openat2, "needs Linux 5.6 or newer");
	add_yes(r, "mount_setattr", "mount_setattr", f->has_mount_setattr,
		"needs Linux 5.12 or newer");
	add_yes(r, "seccomp", "seccomp filter", f->has_seccomp_filter,
		"needs a kernel with CONFIG_SECCOMP_FILTER");
	add(r, "landlock_abi", "Landlock ABI",
		f->landlock_abi ? arena_printf(r->arena, "%d", f->landlock_abi) : NULL,
		"boot with lsm=landlock,...; scopes need ABI 6 (Linux 6.12)");
	add_yes(r, "tmpfs_noswap", "tmpfs noswap", f->tmpfs_noswap,
		"needs Linux 6.4: secrets may be swapped");
	add(r, "cpus", "processors",
		arena_printf(r->arena, "%u (%" PRIu64 " MHz)", f->n_cpus, f->total_mhz), "");
	add(r, "bounding_set", "bounding set",
		arena_printf(r->arena, "%016" PRIx64, f->bounding_set), "");
	add(r, "last_cap", "last capability", arena_printf(r->arena, "%u", f->last_cap), "");
	add(r, "nofile", "open files",
		arena_printf(
			r->arena, "%" PRIu64 " (hard %" PRIu64 ")", f->nofile_soft, f->nofile_hard),
		"");
}

static void print_text(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct line *l = &r->lines[i];
		if (l->value)
			(void)printf("%-18s %s\n", l->title, l->value);
		else
			(void)printf("%-18s missing: %s\n", l->title, l->mend);
	}
}

static int print_json(const struct report *r)
{
	json_t *object = json_object();
	int bad = !object;

	for (size_t i = 0; i < r->n; i++)
		bad |= json_object_set_new(object, r->lines[i].key,
			r->lines[i].value ? json_string(r->lines[i].value) : json_null());
	bad |= json_dumpf(object, stdout, JSON_INDENT(2));
	json_decref(object);
	(void)putchar('\n');
	return bad;
}

static const struct option_table *const tables[] = {&own_options, NULL};

static int main_host(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct host_options options = {0};
	struct arguments arguments;
	struct host_facts facts = {0};

	if (options_parse(
		    tables, iso_len(tables) - 1, argv, argc, &options, arena, &arguments, &err) ||
		host_facts_machine(arena, &facts, &err)) {
		say("%s", err.text);
		return EXIT_USAGE;
	}
	struct report report = {.arena = arena};
	fill(&report, &facts);
	if (!options.json) {
		print_text(&report);
		return EXIT_OK;
	}
	return print_json(&report) ? EXIT_FAILED : EXIT_OK;
}

const struct command cmd_host = {
	.name = "host",
	.usage = "[-json]",
	.summary = "what this machine offers for isolation",
	.main = main_host,
	.tables = tables,
};
