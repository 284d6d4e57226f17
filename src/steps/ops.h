/*
 * The steps: what the plan tells the kernel side to do, one row an operation. This list is the only one:
 * the enum, the names that `isoexec plan` prints, the kind of each operand (which the reader checks and the
 * printer shows) and the applier's table of functions are all generated from it.
 *
 * A step has up to three strings, three numbers and two slots. A slot is a small number that names an open
 * descriptor for the length of a start: a step that makes something puts it into its slot `to`, a later step takes it
 * from its slot `from`. Slots are SLOT_NONE when unused.
 *
 * X(SYMBOL, "name", string1, string2, string3, number1, number2, number3, slots)
 *   strings/numbers: the operand's label in print ("" = unused); "label[]" is a list of strings, "label*" is bytes
 *   number labels that end in _hex, _oct, _bytes, _ms are printed so
 *   slots: "", "to", "from", "from,to"
 */
#ifndef STEPS_OPS_H
#define STEPS_OPS_H

/* clang-format off */
#define ISO_STEP_OPS(X)                                                                                                                 \
	/* ---- OUTSIDE: the supervisor, host namespaces, before the clone ---- */                                                      \
	X(CGROUP_MAKE,     "cgroup-make",     "dir", "", "", "", "", "", "to")            /* mkdir, parents too; removed at the end when empty */ \
	X(CGROUP_ENABLE,   "cgroup-enable",   "dir", "controllers", "", "", "", "", "")   /* v2: "+memory +pids" for the children of dir, a parent of what CGROUP_MAKE made */ \
	X(CGROUP_COPY,     "cgroup-copy",     "file", "", "", "", "", "", "from")       /* v1 cpuset: copy the parent's value of this file when ours is empty */ \
	X(CGROUP_WRITE,    "cgroup-write",    "file", "value", "", "optional", "", "", "from") /* optional=1: ENOENT, EOPNOTSUPP and EACCES are tolerated */ \
	X(CGROUP_GRANTED,  "cgroup-granted",  "file", "effective", "", "", "", "", "from") /* v2: both must say the same: a parent may have less than was asked for */ \
	X(CGROUP_DEVICES,  "cgroup-devices",  "rules[]", "", "", "", "", "", "from")      /* v1: devices.deny a, then each rule of the list; v2: BPF program from the same list */ \
	X(CGROUP_SELF,     "cgroup-self",     "dir", "mount", "", "", "", "", "")        /* the supervisor itself: 0 > tasks of this v1 directory, made when missing; at the end back to the mount's root, removed when empty */ \
	X(MASK_LAYER,      "mask-layer",      "dir", "names[]", "", "", "", "", "")       /* shared whiteout layer: make dir, parents and one char 0:0 per name (list, relative paths); present ones are checked */ \
	X(MKDIR,           "mkdir",           "path", "", "", "mode_oct", "uid", "gid", "") /* host path below the alloc dir or state dir; EEXIST is fine when it is a real directory */ \
	X(TOUCH,           "touch",           "path", "", "", "mode_oct", "", "", "")      /* empty file below the alloc dir, a mount point for a file; EEXIST is fine when it is a regular file */ \
	X(TMPFS,           "tmpfs",           "options", "", "", "attr_hex", "", "", "to") /* detached tmpfs; options "mode=0755,size=64k" */ \
	X(NODE,            "node",            "name", "", "", "mode_oct", "major", "minor", "from") /* character device in the detached tmpfs `from` */ \
	X(LINK,            "link",            "name", "target", "", "", "", "", "from") /* symlink in the detached tmpfs `from` */ \
	X(SUBDIR,          "subdir",          "name", "", "", "mode_oct", "uid", "gid", "from") /* directory in the detached tmpfs `from` */ \
	X(FILE,            "file",            "name", "content", "", "mode_oct", "", "", "from") /* regular file in the detached tmpfs `from` */ \
	X(LOG,             "log",             "fifo", "dir", "base", "stream", "max_files", "max_file_bytes", "to") /* FIFO of a stream (1, 2); rotated files dir/base.N; max_files=0: no files */ \
	X(LANDLOCK_SCOPE,  "landlock-scope",  "", "", "", "scope_hex", "", "", "")      /* enter a domain with scopes only; skipped silently where the ABI is < 6 (facts decide, not this step) */ \
	X(CLONE,           "clone",           "", "", "", "flags_hex", "", "", "from")  /* the task's process; from: cgroup v2 directory for CLONE_INTO_CGROUP */ \
	/* ---- ROOT: the child, new namespaces, host tree still visible ---- */                                                        \
	X(CGROUP_JOIN,     "cgroup-join",     "", "", "", "", "", "", "from")           /* v1: 0 > tasks */ \
	X(NETNS,           "netns",           "path", "", "", "", "", "", "")           /* setns(CLONE_NEWNET) */ \
	X(TREE_OPEN,       "tree-open",       "source", "identity", "", "recursive", "attr_hex", "propagation", "to") /* detached clone of a host path, attributes set recursively; identity: device:inode that the facts saw there, "" = any; before propagation so that shared volumes keep their peer */ \
	X(PROPAGATION,     "propagation",     "", "", "", "kind", "", "", "")           /* of the whole copied tree: MS_SLAVE or MS_PRIVATE, recursive */ \
	X(OVERLAY,         "overlay",         "upper", "lower[]", "work", "attr_hex", "", "", "to") /* detached overlay; upper: a path in the task directory, made when missing, no link followed; "" = read-only; lower: top first */ \
	X(ROOT_ATTACH,     "root-attach",     "dir", "", "", "attr_hex", "", "", "to")  /* bind the task directory on itself; everything below is attached relative to it */ \
	X(MOUNT_POINT,     "mount-point",     "path", "", "", "mode_oct", "", "", "")   /* own directory in the root: made when missing, must be a real directory; remembered for cleaning */ \
	X(ROOT_LINK,       "root-link",       "path", "target", "", "", "", "", "")     /* symlink in the root, made when missing; remembered for cleaning */ \
	X(ATTACH,          "attach",          "path", "", "", "kind", "make", "host", "from") /* move a detached mount to a path of the root, links resolved inside it; kind 0 dir, 1 file; make=1: create what is missing; host=1: a plain bind of host files, nothing may be attached below it */ \
	X(MOUNT,           "mount",           "path", "type", "options", "attr_hex", "", "", "") /* fresh proc, sysfs, devpts, mqueue, tmpfs at a fixed path of ours */ \
	X(MASK,            "mask",            "path", "", "", "", "", "", "")           /* kernel path: a file gets /dev/null (verified 1:3), a directory an empty read-only tmpfs; missing is fine */ \
	X(READ_ONLY,       "read-only",       "path", "", "", "", "", "", "")           /* kernel path: bind on itself read-only; missing is fine */ \
	X(PIVOT,           "pivot",           "", "", "", "", "", "", "")               /* pivot_root and detach the old root */ \
	X(MOVE_ROOT,       "move-root",       "", "", "", "", "", "", "")               /* no_pivot_root: unmount or cover host proc and sysfs, MS_MOVE, chroot (B-310) */ \
	/* ---- INSIDE: the child, own root, still privileged ---- */                                                                   \
	X(CHECK_MOUNTS,    "check-mounts",    "", "", "", "nosuid", "", "", "")         /* read mountinfo: nothing of the host below /, none shared unless asked for, flags as planned */ \
	X(WORK_DIR,        "work-dir",        "path", "", "", "make_mode_oct", "", "", "") /* mkdir -p inside the root, chdir by descriptor, getcwd must be absolute */ \
	X(COMMAND,         "command",         "candidates[]", "name", "", "chmod", "", "", "") /* first regular file of the list (paths in the root, links resolved inside it); chmod=1: one below /local that lacks r-x gets 0555 by descriptor */ \
	X(SESSION,         "session",         "", "", "", "", "", "", "")               /* setsid */ \
	X(KEYRING,         "keyring",         "", "", "", "", "", "", "")               /* join a new anonymous session keyring, as root */ \
	X(UMASK,           "umask",           "", "", "", "mask_oct", "", "", "")       \
	X(OOM_SCORE,       "oom-score",       "value", "", "", "", "", "", "")          \
	X(RLIMIT,          "rlimit",          "", "", "", "resource", "soft", "hard", "") /* hard ~0 = unlimited; never raised above what the process has */ \
	X(COREDUMP_FILTER, "coredump-filter", "value", "", "", "", "", "", "")          \
	X(CPU_AFFINITY,    "cpu-affinity",    "", "", "", "", "", "", "")               /* all cpus (B-413); the cpuset bounds it */ \
	X(STDIO,           "stdio",           "", "", "", "stream", "uid", "", "from")  /* stream 0: /dev/null of the root; 1, 2: the log FIFO, fchown to uid */ \
	/* ---- CRED: credentials, nothing but these from here on ---- */                                                               \
	X(BOUNDING_SET,    "bounding-set",    "", "", "", "caps_hex", "", "", "")       /* drop everything else */ \
	X(SECUREBITS,      "securebits",      "", "", "", "bits_hex", "", "", "")       \
	X(GROUPS,          "groups",          "groups[]", "", "", "", "", "", "")           /* decimal gids */ \
	X(GID,             "gid",             "", "", "", "gid", "", "", "")            \
	X(UID,             "uid",             "", "", "", "uid", "", "", "")            /* keepcaps around it when the capability step keeps any */ \
	X(CAPS,            "caps",            "", "", "", "permitted_hex", "inheritable_hex", "ambient_hex", "") /* effective = permitted */ \
	X(DUMPABLE,        "dumpable",        "", "", "", "value", "", "", "")          \
	X(NO_NEW_PRIVS,    "no-new-privs",    "", "", "", "", "", "", "")               \
	X(CHECK_CRED,      "check-cred",      "groups[]", "", "", "uid", "gid", "no_new_privs", "")   /* read back ids, groups, five capability sets, nnp; any difference ends the start */ \
	X(SECCOMP,         "seccomp",         "program*", "", "", "filter_flags_hex", "", "", "") /* blob of struct sock_filter; last, because it forbids most of the above */ \
	X(INIT,            "init",            "", "", "", "", "", "", "")               /* fork: the parent stays as process 1, reaps, forwards signals, ends as the child does */ \
	X(EXEC,            "exec",            "argv[]", "env[]", "", "", "", "", "")        /* argv[0] is replaced by the path that COMMAND found */
/* clang-format on */

#endif
