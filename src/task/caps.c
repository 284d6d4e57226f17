/* The table of capabilities (linux/capability.h, capabilities(7)) and sets of them. */
#include "task/caps.h"

#include <stdlib.h>
#include <string.h>

/* By number. */
static const char *const names[] = {"chown", "dac_override", "dac_read_search", "fowner", "fsetid",
	"kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
	"audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
	"block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"};

_Static_assert(iso_len(names) == 41, "one name for each capability up to CAP_CHECKPOINT_RESTORE");

const char *task_cap_name(unsigned cap)
{
	return cap < iso_len(names) ? names[cap] : NULL;
}

uint64_t task_caps_all(unsigned last_cap)
{
	return last_cap >= 63 ? UINT64_MAX : (1ULL << (last_cap + 1)) - 1;
}

static const char *normal(struct arena *arena, const char *name)
{
	while (*name == ' ' || *name == '\t' || *name == '\n')
		name++;
	char *copy = arena_strdup(arena, name);
	size_t len = strlen(copy);
	while (len && (copy[len - 1] == ' ' || copy[len - 1] == '\t' || copy[len - 1] == '\n'))
		copy[--len] = '\0';
	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return strncmp(copy, "cap_", 4) ? copy : copy + 4;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *joined(struct arena *arena, const char **list, size_t n)
{
	const char *text = "";

	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(list[i], list[i - 1]) != 0)
			text = arena_printf(arena, "%s%s%s", text, *text ? ", " : "", list[i]);
	return text;
}

static bool find(const char *name, unsigned last_cap, uint64_t *mask)
{
	if (!strcmp(name, "all")) {
		*mask |= task_caps_all(last_cap);
		return true;
	}
	for (unsigned i = 0; i < iso_len(names) && i <= last_cap; i++)
		if (!strcmp(name, names[i])) {
			*mask |= 1ULL << i;
			return true;
		}
	return false;
}

uint64_t task_caps_parse(struct arena *arena, const struct task_strings *list, unsigned last_cap,
	const char **ret_unknown)
{
	const char **unknown = arena_array(arena, list->n + 1, sizeof(*unknown));
	size_t n = 0;
	uint64_t mask = 0;

	for (size_t i = 0; i < list->n; i++) {
		const char *name = normal(arena, list->v[i]);
		if (*name && !find(name, last_cap, &mask))
			unknown[n++] = name;
	}
	*ret_unknown = n ? joined(arena, unknown, n) : NULL;
	return mask;
}

const char *task_caps_text(struct arena *arena, uint64_t mask)
{
	const char **list = arena_array(arena, 64, sizeof(*list));
	size_t n = 0;

	for (unsigned i = 0; i < 64; i++)
		if (mask >> i & 1)
			list[n++] = i < iso_len(names) ? names[i] : arena_printf(arena, "%u", i);
	return joined(arena, list, n);
}

uint64_t task_caps_result(uint64_t basis, uint64_t allowed, uint64_t add, uint64_t drop)
{
	return ((basis & allowed) & ~drop) | add;
}
