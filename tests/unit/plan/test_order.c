/* Properties of the order that every plan must have, whatever the job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/order.h"
#include "plan/plan.h"
#include "task/operator.h"

static const uint32_t groups[] = {65534};

/* A host of the test's own: what plan_golden.c has, cut to what matters here. */
static struct host_facts host(void)
{
	static struct host_path paths[] = {{.path = "/etc", .kind = HOST_DIR},
		{.path = "/srv/x", .kind = HOST_DIR}, {.path = "/usr", .kind = HOST_DIR},
		{.path = "/usr/share", .kind = HOST_MISSING}};
	struct host_facts f = {
		.last_cap = 40,
		.bounding_set = 0x1ffffffffff,
		.landlock_abi = 7,
		.has_seccomp_filter = true,
		.n_cpus = 1,
		.total_mhz = 1000,
		.upper_ok = true,
		.user = {"nobody", 65534, 65534, "/", groups, 1},
		.paths = paths,
		.n_paths = iso_len(paths),
		.cgroups = {.mode = HOST_CGROUP_V2, .v2 = "/sys/fs/cgroup", .writable = true},
	};
	for (unsigned i = 0; i < N_HOST_CONTROLLERS; i++)
		f.cgroups.v2_has[i] = true;
	return f;
}

static struct task_config task(enum task_profile profile, struct task_mount *mounts, size_t n)
{
	struct operator_config o;

	operator_defaults(&o, profile);
	o.policy.allow_bidirectional = true;
	return (struct task_config){.alloc_id = "a",
		.task_name = "t",
		.command = "true",
		.mounts = mounts,
		.n_mounts = n,
		.policy = o.policy,
		.limits = {.nofile_soft = -1, .mem_bytes = 1 << 26},
		.logs = {.max_files = 1, .max_file_bytes = 1},
		.alloc_dir = "/a",
		.task_dir = "/a/t",
		.state_dir = "/s/a/t",
		.mask_dir = "/s/mask",
		.cgroup_parent = "/p"};
}

static uint32_t find(const struct steps *s, enum step_op op, bool last)
{
	uint32_t found = UINT32_MAX;

	for (uint32_t i = 0; i < s->header->n_steps; i++)
		if (s->step[i].op == op && (last || found == UINT32_MAX))
			found = i;
	if (found == UINT32_MAX)
		fail_msg("no step '%s'", step_info[op].name);
	return found;
}

static void plan(
	struct arena *arena, const struct task_config *t, struct buf *bytes, struct steps *s)
{
	struct host_facts f = host();
	struct plan_result r;
	struct iso_err err = ISO_ERR_INIT;

	if (plan_build(arena, t, &f, &r, &err))
		fail_msg("%s", err.text);
	assert_int_equal(steps_finish(&r.steps, bytes, &err), 0);
	steps_builder_done(&r.steps);
	assert_int_equal(steps_read(bytes->data, bytes->len, s, &err), 0);
}

static void test_order_of_what_matters(void **state)
{
	(void)state;
	static const enum step_op hardened[] = {STEP_CGROUP_MAKE, STEP_CGROUP_DEVICES,
		STEP_LANDLOCK_SCOPE, STEP_CLONE, STEP_PROPAGATION, STEP_ROOT_ATTACH, STEP_MASK,
		STEP_PIVOT, STEP_CHECK_MOUNTS, STEP_KEYRING, STEP_COMMAND, STEP_BOUNDING_SET,
		STEP_GROUPS, STEP_GID, STEP_UID, STEP_CAPS, STEP_NO_NEW_PRIVS, STEP_CHECK_CRED,
		STEP_SECCOMP, STEP_EXEC};
	static const enum step_op compatible[] = {STEP_BOUNDING_SET, STEP_GROUPS, STEP_GID,
		STEP_SECCOMP, STEP_UID, STEP_CAPS, STEP_CHECK_CRED, STEP_EXEC};
	own_arena arena = arena_new(0);
	own_buf bytes = BUF_INIT;
	struct steps s;
	struct task_config t = task(TASK_HARDENED, NULL, 0);

	plan(arena, &t, &bytes, &s);
	for (size_t i = 1; i < iso_len(hardened); i++)
		assert_true(find(&s, hardened[i - 1], true) < find(&s, hardened[i], false));
	assert_int_equal(find(&s, STEP_EXEC, false), s.header->n_steps - 1);
	assert_int_equal(find(&s, STEP_SECCOMP, false), s.header->n_steps - 2);
	t = task(TASK_COMPATIBLE, NULL, 0);
	plan(arena, &t, &bytes, &s);
	for (size_t i = 1; i < iso_len(compatible); i++)
		assert_true(find(&s, compatible[i - 1], true) < find(&s, compatible[i], false));
}

static void test_shared_volume_keeps_its_peer(void **state)
{
	(void)state;
	struct task_mount mount = {.source = "/srv/x",
		.destination = "/x",
		.propagation = TASK_PROPAGATION_BIDIRECTIONAL};
	own_arena arena = arena_new(0);
	own_buf bytes = BUF_INIT;
	struct steps s;
	struct task_config t = task(TASK_HARDENED, &mount, 1);

	plan(arena, &t, &bytes, &s);
	bool before = false;
	for (uint32_t i = 0; i < find(&s, STEP_PROPAGATION, false); i++)
		before = before || (s.step[i].op == STEP_TREE_OPEN &&
					   !strcmp(steps_str(&s, &s.step[i], 0), "/srv/x"));
	assert_true(before);
}

/* nothing is attached below a plain bind of host files. */
static void test_nothing_below_a_plain_bind(void **state)
{
	(void)state;
	struct task_mount mount = {.source = "/srv/x", .destination = "/usr/share/x"};
	own_arena arena = arena_new(0);
	own_buf bytes = BUF_INIT;
	struct steps s;
	struct task_config t = task(TASK_HARDENED, &mount, 1);

	plan(arena, &t, &bytes, &s);
	for (uint32_t i = 0; i < s.header->n_steps; i++)
		for (uint32_t k = i + 1; k < s.header->n_steps; k++) {
			const char *above = steps_str(&s, &s.step[i], 0),
				   *below = steps_str(&s, &s.step[k], 0);
			if (s.step[i].op == STEP_ATTACH && s.step[k].op == STEP_ATTACH &&
				s.step[i].num[2])
				assert_false(!strncmp(below, above, strlen(above)) &&
					     below[strlen(above)] == '/');
		}
}

static void test_every_row_has_a_reason(void **state)
{
	(void)state;
	size_t n;
	const struct order_row *rows = order_rows(&n);

	assert_true(n > 30);
	for (size_t i = 0; i < n; i++) {
		assert_true(strlen(rows[i].name) > 2);
		assert_true(strlen(rows[i].reason) > 10);
		assert_non_null(rows[i].want);
	}
}

static void test_same_input_same_bytes(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	own_buf one = BUF_INIT;
	own_buf two = BUF_INIT;
	struct steps s;
	struct task_config t = task(TASK_COMPATIBLE, NULL, 0);

	plan(arena, &t, &one, &s);
	plan(arena, &t, &two, &s);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_what_matters),
		cmocka_unit_test(test_shared_volume_keeps_its_peer),
		cmocka_unit_test(test_nothing_below_a_plain_bind),
		cmocka_unit_test(test_every_row_has_a_reason),
		cmocka_unit_test(test_same_input_same_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
