/* Dropping rights, in this order: limits, capabilities, groups and ids, no_new_privs, Landlock,
 * seccomp (sandbox.h). */
#include "fetch/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys.h"
#include "fetch/filter.h"
#include "fetch/place.h"

/* All five sets, while the right to do so is still there. Also those of uid 0. */
static int drop_capabilities(struct iso_err *err)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return iso_err_sys(err, "drop capability %d", cap);
	return 0;
}

static int become(const struct fetch_request *r, struct iso_err *err)
{
	const struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};
	uint32_t uid = (uint32_t)r->uid, gid = (uint32_t)r->gid;
	const gid_t *groups = r->group_names.n ? r->groups : &gid;
	size_t n = r->group_names.n ? r->group_names.n : 1;
	uid_t ids[3];

	if (geteuid() == 0 && drop_capabilities(err))
		return -1;
	if (geteuid() == 0 &&
		(setgroups(n, groups) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)))
		return iso_err_sys(err, "become the task's user");
	if (getresuid(&ids[0], &ids[1], &ids[2]) || ids[0] != uid || ids[1] != uid ||
		ids[2] != uid || getgid() != gid)
		return iso_err_set(err, ISO_FAULT_SYSTEM, EPERM,
			"become the task's user: the ids are not what was set");
	if (sys_capset(&header, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return iso_err_sys(err, "give up privileges");
	return 0;
}

/* Nobody would take what it says, or clean up behind it. After the ids: setting them clears the
 * signal (prctl(2)). A caller that died before has left a pipe without a reader. */
static int die_with_caller(struct iso_err *err)
{
	struct pollfd report = {.fd = FETCH_FD_REPORT};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || poll(&report, 1, 0) < 0)
		return iso_err_sys(err, "tie the life to the caller's");
	if (report.revents & POLLERR)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, EPIPE, "the caller is gone");
	return 0;
}

static int limit(const struct fetch_request *r, struct iso_err *err)
{
	uint64_t most = r->limits.max_bytes > r->limits.unpack_bytes ? r->limits.max_bytes
								     : r->limits.unpack_bytes;
	const struct {
		int resource;
		uint64_t value;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, most},
		{RLIMIT_AS, (uint64_t)SANDBOX_MEMORY_MIB << 20},
		/* moving a tree holds three a level (place_tree) */
		{RLIMIT_NOFILE, 4 * PLACE_MAX_DEPTH},
	};

	(void)signal(SIGXFSZ, SIG_IGN); /* an errno, not a death */
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < iso_len(limits); i++) {
		__rlimit_resource_t which = (__rlimit_resource_t)limits[i].resource;
		struct rlimit l;
		if (getrlimit(which, &l))
			return iso_err_sys(err, "read a resource limit");
		if (l.rlim_max > limits[i].value) /* never more than the operator's */
			l.rlim_max = limits[i].value;
		l.rlim_cur = l.rlim_max;
		if (setrlimit(which, &l))
			return iso_err_sys(err, "set a resource limit");
	}
	return 0;
}

/* Rights that exist since ABI 1; newer ones are handled where the kernel knows them. */
enum {
	READ_RIGHTS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		      LANDLOCK_ACCESS_FS_EXECUTE,
	FILE_RIGHTS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE
};
static const uint64_t all_rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
static const uint64_t truncate_right = 1 << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE, ABI 3 */

static int allow(int ruleset, int fd, uint64_t rights)
{
	const struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
	return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void allow_read(int ruleset, const char *path)
{
	own_fd fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st)) /* what is not there need not be read */
		(void)allow(ruleset, fd, S_ISDIR(st.st_mode) ? READ_RIGHTS : FILE_RIGHTS);
}

static int landlock(const struct fetch_request *r, struct iso_err *err)
{
	/* not all of /etc/ssl: private keys are in it, and uid 0 could read them */
	static const char *const readable[] = {"/etc/ssl/certs", "/etc/ssl/cert.pem",
		"/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki/tls/certs",
		"/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted", "/etc/crypto-policies",
		"/usr/share/crypto-policies", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/usr/lib", "/usr/lib64", "/lib", "/lib64",
		"/etc/ld.so.cache", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
		"/etc/gai.conf", "/etc/host.conf", "/etc/services", "/etc/localtime",
		"/run/systemd/resolve", "/run/resolvconf", "/dev/null", "/dev/urandom"};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 1)
		return 0;
	uint64_t rights = all_rights | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
			  (abi >= 3 ? truncate_right : 0);
	const struct landlock_ruleset_attr attr = {.handled_access_fs = rights};
	own_fd ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (ruleset < 0)
		return iso_err_sys(err, "make a Landlock ruleset");
	for (size_t i = 0; i < iso_len(readable); i++)
		allow_read(ruleset, readable[i]);
	if (r->ca_file)
		allow_read(ruleset, r->ca_file);
	/* no devices, sockets, FIFOs are ever made */
	uint64_t writable =
		rights & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
				     LANDLOCK_ACCESS_FS_MAKE_SOCK);
	if (allow(ruleset, FETCH_FD_DESTINATION, writable) ||
		allow(ruleset, FETCH_FD_STAGING, writable) ||
		syscall(SYS_landlock_restrict_self, ruleset, 0))
		return iso_err_sys(err, "enter the Landlock domain");
	return 0;
}

int sandbox_enter(const struct fetch_request *r, struct iso_err *err)
{
	if (limit(r, err) || become(r, err) || die_with_caller(err) || landlock(r, err))
		return -1;
	return filter_enter(err);
}
