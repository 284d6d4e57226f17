/*
 * Steps for credentials: the one builder of what a task (and every session in it) may do. Order and
 * reasons are in order.c; here only which values.
 */
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/securebits.h>

#include "plan/planner.h"
#include "plan/seccomp.h"

static const char *const *group_texts(struct planner *p)
{
	const struct host_user *u = &p->facts->user;
	const char **v = arena_array(p->arena, u->n_groups + 1, sizeof(*v));

	for (size_t i = 0; i < u->n_groups; i++)
		v[i] = arena_printf(p->arena, "%" PRIu32, u->groups[i]);
	return v;
}

static bool is_root(const struct planner *p)
{
	return p->facts->user.uid == 0;
}

int want_bounding_set(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_BOUNDING_SET, .num = {p->caps}});
	return 0;
}

/* A non-root task gains nothing by becoming uid 0, for good. setuid programs need the old rules
 * (compatible). */
int want_securebits(struct planner *p, struct iso_err *err)
{
	(void)err;
	if (p->hardened && !is_root(p))
		steps_add(p->b,
			(struct step_in){.op = STEP_SECUREBITS,
				.num = {SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
					SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED}});
	return 0;
}

int want_groups(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_GROUPS,
				.list = {group_texts(p)},
				.n_list = {p->facts->user.n_groups}});
	return 0;
}

int want_gid(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_GID, .num = {p->facts->user.gid}});
	return 0;
}

int want_uid(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_UID, .num = {p->facts->user.uid}});
	return 0;
}

/* B-138: of another user than root all five sets; root gets them by being root, inheritable and
 * ambient stay empty. */
int want_caps(struct planner *p, struct iso_err *err)
{
	(void)err;
	uint64_t handed_on = is_root(p) ? 0 : p->caps;

	steps_add(p->b, (struct step_in){.op = STEP_CAPS, .num = {p->caps, handed_on, handed_on}});
	return 0;
}

int want_dumpable(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_DUMPABLE, .num = {0}});
	return 0;
}

int want_no_new_privs(struct planner *p, struct iso_err *err)
{
	(void)err;
	if (p->no_new_privs)
		steps_add(p->b, (struct step_in){.op = STEP_NO_NEW_PRIVS});
	return 0;
}

int want_check_cred(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){
				.op = STEP_CHECK_CRED,
				.list = {group_texts(p)},
				.n_list = {p->facts->user.n_groups},
				.num = {p->facts->user.uid, p->facts->user.gid, p->no_new_privs},
			});
	return 0;
}

static int seccomp_step(struct planner *p, struct iso_err *err)
{
	struct sock_filter *filter;
	size_t n;

	if (!p->facts->has_seccomp_filter)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"the kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)");
	if (seccomp_program(p->arena, p->task->policy.profile, p->caps, &filter, &n, err))
		return -1;
	steps_add(p->b,
		(struct step_in){
			.op = STEP_SECCOMP, .blob = {filter}, .blob_len = {n * sizeof(*filter)}});
	return 0;
}

int want_early_seccomp(struct planner *p, struct iso_err *err)
{
	return p->no_new_privs ? 0 : seccomp_step(p, err);
}

int want_late_seccomp(struct planner *p, struct iso_err *err)
{
	return p->no_new_privs ? seccomp_step(p, err) : 0;
}
