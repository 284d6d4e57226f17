/* Which program: looked up in the finished root, made executable when it came as an artifact; then
 * execve. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "apply/apply.h"
#include "apply/path.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	ANY_READ_EXEC = 0555,
	MAX_INTERPRETER = 256,
	ARGUMENTS_MAX = 1 << 20
};

static bool below_local(const char *path)
{
	return !strncmp(path, "/local/", 7);
}

/* Only in the task's own /local, a regular file with one name, by descriptor: nothing of the host
 * is ever changed. */
static int make_executable(
	struct apply *a, const char *path, const struct path_facts *facts, struct iso_err *err)
{
	struct path_facts again;

	if ((facts->mode & ANY_READ_EXEC) == ANY_READ_EXEC || !below_local(path))
		return 0;
	own_fd fd = path_open_own(a->root_fd, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0 || path_facts(fd, &again))
		return errno == ELOOP ? 0 : iso_err_sys(err, "error making '%s' executable", path);
	/* a volume below /local is the host's; a second name may be anybody's */
	bool own = again.uid == 0 || again.uid == a->steps->header->uid;
	if (again.kind != PATH_FILE || again.nlink != 1 || again.mount_id != a->root_mount_id ||
		!own)
		return 0; /* execve says what is wrong with it */
	if (sys_fchmod(fd, again.mode | ANY_READ_EXEC))
		return iso_err_sys(err, "error making '%s' executable", path);
	return 0;
}

/* Nothing is there, or what is there leads nowhere: the next one may be it. */
static bool is_no_such_path(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG ||
	       error == EACCES;
}

int apply_COMMAND(struct apply *a, const struct step *s, struct iso_err *err)
{
	struct steps_list list = steps_list(a->steps, s, 0);
	const char *name = steps_str(a->steps, s, 1), *path, *other = NULL;
	enum path_kind other_kind = PATH_OTHER;

	while ((path = steps_list_next(&list))) {
		struct path_facts facts;
		own_fd fd = path_open_inside(a->root_fd, path, O_PATH);
		if (fd < 0 && is_no_such_path(errno))
			continue;
		if (fd < 0 || path_facts(fd, &facts))
			return iso_err_sys(err, "look at '%s'", path);
		if (facts.kind == PATH_FILE) {
			a->command = path;
			return s->num[0] ? make_executable(a, path, &facts, err) : 0;
		}
		other = path;
		other_kind = facts.kind;
	}
	if (other)
		return iso_err_set(err, ISO_FAULT_NOT_EXEC, EACCES,
			"command '%s' cannot be executed: '%s' is %s", name, other,
			other_kind == PATH_DIR ? "a directory" : "no regular file");
	return iso_err_set(err, ISO_FAULT_NOT_FOUND, ENOENT,
		"file %s not found under path: looked in the task's local/, its root%s", name,
		strchr(name, '/') ? "" : ", /usr/local/bin, /usr/bin and /bin");
}

/* execve says "no such file" for a program that is there and whose interpreter is not: find out
 * which. */
static int missing_interpreter(struct apply *a, struct iso_err *err)
{
	char line[MAX_INTERPRETER];
	struct path_facts facts;
	own_fd fd = sys_openat(AT_FDCWD, a->command, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
	bool is_file = fd >= 0 && !path_facts(fd, &facts) && facts.kind == PATH_FILE;
	ssize_t n = is_file ? sys_read(fd, line, sizeof(line) - 1) : -1;

	if (n <= 2 || line[0] != '#' || line[1] != '!')
		return iso_err_set(err, ISO_FAULT_NOT_EXEC, ENOENT,
			"command '%s' cannot be executed: its ELF interpreter is not in the task's "
			"root",
			a->command);
	line[n] = '\0';
	char *start = line + 2 + strspn(line + 2, " \t");
	start[strcspn(start, " \t\n")] = '\0';
	size_t len = strcspn(start, "\r");
	if (start[len]) {
		start[len] = '\0';
		return iso_err_set(err, ISO_FAULT_NOT_EXEC, ENOENT,
			"command '%s' cannot be executed: its first line ends with a carriage "
			"return, so the kernel looks for '%s\\r': save the script with line "
			"feeds only",
			a->command, start);
	}
	return iso_err_set(err, ISO_FAULT_NOT_EXEC, ENOENT,
		"command '%s' cannot be executed: the interpreter '%s' of its first line is not in "
		"the task's root",
		a->command, start);
}

static int refused(struct apply *a, struct iso_err *err)
{
	switch (errno) {
	case ENOENT:
		return missing_interpreter(a, err);
	case EACCES:
		return iso_err_set(err, ISO_FAULT_NOT_EXEC, EACCES,
			"command '%s' cannot be executed: permission denied (is it executable for "
			"the task's user?)",
			a->command);
	case ENOEXEC:
		return iso_err_set(err, ISO_FAULT_NOT_EXEC, ENOEXEC,
			"command '%s' cannot be executed: neither a program of this machine nor a "
			"script with '#!'",
			a->command);
	case E2BIG:
		return iso_err_set(err, ISO_FAULT_NOT_EXEC, E2BIG,
			"command '%s' cannot be executed: its arguments and environment are too "
			"long for the kernel (one of them at most 128 KiB)",
			a->command);
	default:
		(void)iso_err_sys(err, "command '%s' cannot be executed", a->command);
		err->fault = err->sys == ENOMEM ? ISO_FAULT_SYSTEM : ISO_FAULT_NOT_EXEC;
		return -1;
	}
}

/* Pointers to the plan's own strings, ended by NULL. The plan is mapped read-only; execve copies.
 */
static char **pointers(const struct apply *a, const struct step *s, unsigned i)
{
	size_t n = steps_list_count(a->steps, s, i);
	struct steps_list list = steps_list(a->steps, s, i);
	const char *element;

	if (n > ARGUMENTS_MAX)
		return NULL;
	char **v = sys_map(
		(n + 1) * sizeof(*v), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (size_t k = 0; v && (element = steps_list_next(&list)); k++)
		memcpy(&v[k], &element, sizeof(element));
	return v;
}

int apply_EXEC(struct apply *a, const struct step *s, struct iso_err *err)
{
	if (a->session)
		return session_exec(a, s, err);
	char **argv = pointers(a, s, 0), **envp = pointers(a, s, 1);

	if (!argv || !envp)
		return iso_err_sys(err, "map the arguments");
	memcpy(&argv[0], &a->command,
		sizeof(a->command)); /* B-205: the path that runs, not the word that was typed */
	(void)sys_execve(a->command, argv, envp);
	return refused(a, err);
}
