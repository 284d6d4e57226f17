/* Detached mounts by the new mount API (mounts.h). */
#include "apply/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/sys.h"

enum {
	MAX_OPTION = 256
};

static int set_option(int fs, const char *option, size_t len, struct iso_err *err)
{
	char text[MAX_OPTION];

	if (len >= sizeof(text))
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0, "mount option is too long");
	memcpy(text, option, len);
	text[len] = '\0';
	char *equals = strchr(text, '=');
	if (equals)
		*equals = '\0';
	int r = equals ? sys_fsconfig(fs, FSCONFIG_SET_STRING, text, equals + 1, 0)
		       : sys_fsconfig(fs, FSCONFIG_SET_FLAG, text, NULL, 0);
	return r ? iso_err_sys(err, "set mount option '%s'", text) : 0;
}

int mount_new(const char *type, const char *options, unsigned attr, struct iso_err *err)
{
	own_fd fs = sys_fsopen(type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return iso_err_sys(err, "open a file system of type '%s'", type);
	while (*options) {
		size_t len = strcspn(options, ",");
		if (set_option(fs, options, len, err))
			return -1;
		options += len + (options[len] == ',');
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return iso_err_sys(err, "make a file system of type '%s'", type);
	int fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, attr);
	return fd < 0 ? iso_err_sys(err, "mount a file system of type '%s'", type) : fd;
}

int mode_at(int dir, const char *name, unsigned mode)
{
	struct sys_stat st;

	/* fchmodat has no flags before Linux 6.6 and our umask is cleared: only a starter's umask
	 * could have cut bits */
	if (sys_statx(dir, name, AT_SYMLINK_NOFOLLOW, SYS_STAT_BASIC, &st))
		return -1;
	errno = EPERM;
	return (st.mode & 07777) == mode ? 0 : -1;
}
