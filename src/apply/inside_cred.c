/* Credentials, in the order of the plan. Every return is checked; what it came to is read back at
 * the end. */
#include <errno.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>

#include "apply/apply.h"
#include "base/num.h"
#include "base/sys.h"

enum {
	N_CAPS = 64,
	MAX_GROUPS = 65536
};

int apply_BOUNDING_SET(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	for (unsigned cap = 0; cap < N_CAPS; cap++) {
		int has = sys_prctl(PR_CAPBSET_READ, cap, 0, 0);
		if (has < 0) /* EINVAL: behind the last one that the kernel knows */
			return errno == EINVAL ? 0 : iso_err_sys(err, "read capability %u", cap);
		if (has && !(s->num[0] >> cap & 1) && sys_prctl(PR_CAPBSET_DROP, cap, 0, 0))
			return iso_err_sys(err, "drop capability %u", cap);
	}
	return 0;
}

int apply_SECUREBITS(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	return sys_prctl(PR_SET_SECUREBITS, s->num[0], 0, 0)
		       ? iso_err_sys(err, "set the securebits")
		       : 0;
}

/* At most what fits a page: a user in thousands of groups is told, not cut. */
enum {
	GROUPS_ROOM = 1024
};
static int read_groups(const struct apply *a, const struct step *s, unsigned *groups, size_t *ret_n,
	struct iso_err *err)
{
	struct steps_list list = steps_list(a->steps, s, 0);
	const char *text;
	uint64_t id;

	for (*ret_n = 0; s->len[0] && (text = steps_list_next(&list)); (*ret_n)++) {
		if (*ret_n == GROUPS_ROOM || !num_u64(text, &id) || id > UINT32_MAX)
			return iso_err_set(err, ISO_FAULT_LIMIT, 0,
				"the user is in more than %d groups", GROUPS_ROOM);
		groups[*ret_n] = (unsigned)id;
	}
	return 0;
}

int apply_GROUPS(struct apply *a, const struct step *s, struct iso_err *err)
{
	unsigned groups[GROUPS_ROOM];
	size_t n;

	if (read_groups(a, s, groups, &n, err))
		return -1;
	return sys_setgroups(n, groups) ? iso_err_sys(err, "set the groups") : 0;
}

int apply_GID(struct apply *a, const struct step *s, struct iso_err *err)
{
	unsigned gid = (unsigned)s->num[0];

	(void)a;
	return sys_setresgid(gid, gid, gid) ? iso_err_sys(err, "become group %u", gid) : 0;
}

int apply_UID(struct apply *a, const struct step *s, struct iso_err *err)
{
	unsigned uid = (unsigned)s->num[0];

	(void)a;
	/* permitted capabilities outlive the change until CAPS cuts them to the plan's; execve
	 * clears the flag */
	if (sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0) || sys_setresuid(uid, uid, uid))
		return iso_err_sys(err, "become user %u", uid);
	/* A change of the uid has ended it; for root it would outlive execve, and the task would
	 * die with its supervisor (kernel/cred.c, commit_creds) */
	if (sys_prctl(PR_SET_PDEATHSIG, 0, 0, 0))
		return iso_err_sys(err, "clear the parent's death signal");
	return 0;
}

int apply_CAPS(struct apply *a, const struct step *s, struct iso_err *err)
{
	const struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	(void)a;
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective = (uint32_t)(s->num[0] >> (32 * i));
		data[i].inheritable = (uint32_t)(s->num[1] >> (32 * i));
	}
	if (sys_capset(&header, data))
		return iso_err_sys(err, "set the capabilities");
	if (sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0))
		return iso_err_sys(err, "clear the ambient capabilities");
	for (unsigned cap = 0; cap < N_CAPS; cap++)
		if ((s->num[2] >> cap & 1) &&
			sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0))
			return iso_err_sys(err, "raise ambient capability %u", cap);
	return 0;
}

int apply_DUMPABLE(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	return sys_prctl(PR_SET_DUMPABLE, s->num[0], 0, 0) ? iso_err_sys(err, "set dumpable") : 0;
}

int apply_NO_NEW_PRIVS(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	(void)s;
	return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0) ? iso_err_sys(err, "set no_new_privs") : 0;
}

int apply_SECCOMP(struct apply *a, const struct step *s, struct iso_err *err)
{
	size_t len;
	const void *bytes = steps_blob(a->steps, s, 0, &len);
	struct sock_filter *filter;

	memcpy(&filter, &bytes, sizeof(filter)); /* the kernel only reads it */
	const struct sock_fprog program = {
		.len = (unsigned short)(len / sizeof(*filter)), .filter = filter};
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, (unsigned)s->num[0], &program)
		       ? iso_err_sys(err, "load the filter")
		       : 0;
}

/* ---- reading back ---- */

static uint64_t from_words(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

/* One bit a capability. EINVAL: the kernel has no more of them. */
static int read_set(int option, int sub, const char *what, uint64_t *ret, struct iso_err *err)
{
	*ret = 0;
	for (unsigned cap = 0; cap < N_CAPS; cap++) {
		int has = sub < 0 ? sys_prctl(option, cap, 0, 0)
				  : sys_prctl(option, (unsigned long)sub, cap, 0);
		if (has < 0 && errno == EINVAL)
			return 0;
		if (has < 0)
			return iso_err_sys(err, "read the %s back", what);
		*ret |= (uint64_t)(has & 1) << cap;
	}
	return 0;
}

static int differs(struct iso_err *err, const char *what)
{
	return iso_err_set(err, ISO_FAULT_SYSTEM, EPERM,
		"the %s is not what was set: the task is not started", what);
}

static const struct step *earlier(const struct apply *a, enum step_op op)
{
	for (uint32_t i = 0; i < a->at; i++)
		if (a->steps->step[i].op == op)
			return &a->steps->step[i];
	return NULL;
}

static int check_caps(const struct apply *a, struct iso_err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];
	const struct step *caps = earlier(a, STEP_CAPS), *bounding = earlier(a, STEP_BOUNDING_SET);

	uint64_t ambient_set, bounding_set;

	if (sys_capget(&header, d))
		return iso_err_sys(err, "read the capability sets back");
	if (read_set(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, "ambient set", &ambient_set, err) ||
		read_set(PR_CAPBSET_READ, -1, "bounding set", &bounding_set, err))
		return -1;
	if (!caps || !bounding)
		return differs(err, "capability sets");
	const struct {
		const char *name;
		uint64_t want, have;
	} sets[] = {
		{"permitted set", caps->num[0], from_words(d[0].permitted, d[1].permitted)},
		{"effective set", caps->num[0], from_words(d[0].effective, d[1].effective)},
		{"inheritable set", caps->num[1], from_words(d[0].inheritable, d[1].inheritable)},
		{"ambient set", caps->num[2], ambient_set},
		{"bounding set", bounding->num[0], bounding_set},
	};
	for (unsigned i = 0; i < iso_len(sets); i++)
		if (sets[i].want != sets[i].have)
			return differs(err, sets[i].name);
	return 0;
}

int apply_CHECK_CRED(struct apply *a, const struct step *s, struct iso_err *err)
{
	unsigned want[GROUPS_ROOM], have[GROUPS_ROOM], ids[3];
	size_t n;

	if (sys_getresuid(ids) || ids[0] != s->num[0] || ids[1] != s->num[0] || ids[2] != s->num[0])
		return differs(err, "user");
	if (sys_getresgid(ids) || ids[0] != s->num[1] || ids[1] != s->num[1] || ids[2] != s->num[1])
		return differs(err, "group");
	if (read_groups(a, s, want, &n, err))
		return -1;
	int got = sys_getgroups(GROUPS_ROOM, have);
	if (got < 0)
		return iso_err_sys(err, "read the groups back");
	if ((size_t)got != n)
		return differs(err, "list of groups");
	for (size_t i = 0; i < n; i++) { /* the kernel sorts them */
		bool found = false;
		for (size_t k = 0; k < n; k++)
			found = found || want[i] == have[k];
		if (!found)
			return differs(err, "list of groups");
	}
	int no_new_privs = sys_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0);
	if (no_new_privs < 0)
		return iso_err_sys(err, "read the no_new_privs flag back");
	if (s->num[2] && !no_new_privs)
		return differs(err, "no_new_privs flag");
	return check_caps(a, err);
}
