"""What the machine under the tests can do, asked of the kernel and not of isoexec: a test that depends on it states both sides."""
import ctypes
import fcntl
import os
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
CGROUPS = "/sys/fs/cgroup"
# numbers and constants of include/uapi; the C library's headers are too old for most of them
NR_OPEN_TREE, NR_FSOPEN, NR_FSCONFIG, NR_FSMOUNT, NR_PIDFD_OPEN, NR_LANDLOCK_CREATE_RULESET = 428, 430, 431, 432, 434, 444
FSCONFIG_SET_FLAG, FSCONFIG_CMD_CREATE = 0, 6
OPEN_TREE_CLONE, AT_EMPTY_PATH = 1, 0x1000
LANDLOCK_CREATE_RULESET_VERSION = 1
PIDFD_GET_INFO = 0xC040FF0B  # _IOWR(0xFF, 11, 64 bytes), the first version of the structure
PIDFD_INFO_EXIT = 1 << 3


def call(number, *arguments):
    """A system call. Return: its result, or minus the errno."""
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *wide)
    return result if result >= 0 else -ctypes.get_errno()


def is_v2():
    return os.path.exists(os.path.join(CGROUPS, "cgroup.controllers"))


def landlock_abi():
    return max(0, call(NR_LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION))


def landlock_has_scopes():
    return landlock_abi() >= 6


def _tmpfs(option=None):
    """A detached tmpfs, or minus the errno of the option."""
    fs = call(NR_FSOPEN, b"tmpfs", 1)
    try:
        bad = call(NR_FSCONFIG, fs, FSCONFIG_SET_FLAG, option, None, 0) if option else 0
        return bad or call(NR_FSCONFIG, fs, FSCONFIG_CMD_CREATE, None, None, 0) or call(NR_FSMOUNT, fs, 1, 0)
    finally:
        os.close(fs)


def tmpfs_knows_noswap():
    mount = _tmpfs(b"noswap")
    if mount < 0:
        return False
    os.close(mount)
    return True


def clones_detached_mounts():
    mount = _tmpfs()
    clone = call(NR_OPEN_TREE, mount, b"", AT_EMPTY_PATH | OPEN_TREE_CLONE)
    for fd in (mount, clone):
        if fd >= 0:
            os.close(fd)
    return clone >= 0


def pidfd_has_an_inode():
    """Of its own: of two processes two."""
    pidfds = [call(NR_PIDFD_OPEN, pid, 0) for pid in (os.getpid(), 1)]
    try:
        return len({os.fstat(pidfd).st_ino for pidfd in pidfds}) == 2
    finally:
        for pidfd in pidfds:
            os.close(pidfd)


def pidfd_tells_exit():
    """Of a process that somebody else has waited for: here, of a child of ours, after us."""
    child = os.fork()
    if child == 0:
        os._exit(7)
    pidfd = call(NR_PIDFD_OPEN, child, 0)
    os.waitpid(child, 0)
    info = bytearray(struct.pack("=Q", PIDFD_INFO_EXIT) + bytes(56))
    try:
        fcntl.ioctl(pidfd, PIDFD_GET_INFO, info)
        return bool(struct.unpack_from("=Q", info)[0] & PIDFD_INFO_EXIT)
    except OSError:
        return False
    finally:
        os.close(pidfd)
