/* The detached tmpfs of secrets.h. */
#include "run/secrets.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mount.h>

#include "base/own.h"

int secrets_make(uint64_t bytes, bool noswap, uint32_t uid, uint32_t gid, struct iso_err *err)
{
	char size[32], user[16], group[16];
	(void)snprintf(size, sizeof(size), "%" PRIu64, bytes);
	(void)snprintf(user, sizeof(user), "%" PRIu32, uid);
	(void)snprintf(group, sizeof(group), "%" PRIu32, gid);
	const struct {
		const char *key, *value;
	} options[] = {{"size", size}, {"uid", user}, {"gid", group}, {"mode", "0700"}};

	own_fd fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return iso_err_sys(err, "make the secrets tmpfs");
	for (size_t i = 0; i < iso_len(options); i++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options[i].key, options[i].value, 0))
			return iso_err_sys(err, "set '%s=%s' of the secrets tmpfs", options[i].key,
				options[i].value);
	if (noswap && fsconfig(fs, FSCONFIG_SET_FLAG, "noswap", NULL, 0))
		return iso_err_sys(err, "set 'noswap' of the secrets tmpfs");
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return iso_err_sys(err, "make the secrets tmpfs of %" PRIu64 " bytes", bytes);
	int mount = fsmount(
		fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mount < 0)
		return iso_err_sys(err, "mount the secrets tmpfs");
	return mount;
}

int secrets_for_start(int fd)
{
	return open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}
