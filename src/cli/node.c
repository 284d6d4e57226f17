/* The node table (node.h): only what a machine without an agent can say truthfully. */
#include "cli/node.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/own.h"

enum {
	N_FIXED = 24
};

static const char *machine_name(struct arena *arena, const struct operator_config *config)
{
	char name[256] = "localhost";

	if (config->node_name && *config->node_name)
		return config->node_name;
	if (!gethostname(name, sizeof(name)))
		name[sizeof(name) - 1] = '\0';
	return arena_strdup(arena, name);
}

/* Nomad has Go's names for machines. */
static const char *go_arch(const char *machine)
{
	static const struct {
		const char *uname, *go;
	} names[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "386"}};

	for (size_t i = 0; i < iso_len(names); i++)
		if (!strcmp(machine, names[i].uname))
			return names[i].go;
	return machine;
}

/* The value of "KEY=value" or "KEY : value" in the beginning of a file of the system's. */
static const char *value_in(struct arena *arena, const char *path, const char *key)
{
	char text[8192];
	own_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	size_t len = strlen(key);

	if (n < 0)
		return NULL;
	text[n] = '\0';
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) != 0)
			continue;
		char *value = line + len + strspn(line + len, " \t");
		if (*value != '=' && *value != ':')
			continue;
		value++;
		value += strspn(value, " \t\"");
		return arena_strndup(arena, value, strcspn(value, "\"\n"));
	}
	return NULL;
}

/* The first address that is not loopback. */
static const char *address(struct arena *arena)
{
	struct ifaddrs *all = NULL;
	char text[NI_MAXHOST] = "";

	if (getifaddrs(&all))
		return NULL;
	for (const struct ifaddrs *i = all; i && !*text; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
			!(i->ifa_flags & IFF_LOOPBACK) &&
			getnameinfo(i->ifa_addr, sizeof(struct sockaddr_in), text, sizeof(text),
				NULL, 0, NI_NUMERICHOST))
			*text = '\0';
	freeifaddrs(all);
	return *text ? arena_strdup(arena, text) : NULL;
}

static size_t add_known(
	const char **v, size_t n, struct arena *arena, const char *name, const char *value)
{
	if (value)
		v[n++] = arena_printf(arena, "%s=%s", name, value);
	return n;
}

struct task_strings node_attributes(
	struct arena *arena, const struct operator_config *config, const struct host_facts *machine)
{
	const char **v = arena_array(arena, N_FIXED + config->meta.n, sizeof(*v));
	size_t n = 0;
	const char *name = machine_name(arena, config);
	struct sysinfo info;

	v[n++] = "attr.kernel.name=linux";
	const char *os = value_in(arena, "/etc/os-release", "ID");
	n = add_known(v, n, arena, "attr.os.name", os ? os : "linux");
	n = add_known(
		v, n, arena, "attr.os.version", value_in(arena, "/etc/os-release", "VERSION_ID"));
	n = add_known(
		v, n, arena, "attr.cpu.modelname", value_in(arena, "/proc/cpuinfo", "model name"));
	n = add_known(v, n, arena, "attr.unique.network.ip-address", address(arena));
	v[n++] = arena_printf(arena, "attr.kernel.arch=%s", machine->machine);
	v[n++] = "node.pool=default";
	v[n++] = arena_printf(arena, "attr.kernel.version=%s", machine->release);
	v[n++] = arena_printf(arena, "attr.cpu.arch=%s", go_arch(machine->machine));
	v[n++] = arena_printf(arena, "attr.cpu.numcores=%u", machine->n_cpus);
	v[n++] = arena_printf(arena, "attr.cpu.totalcompute=%" PRIu64, machine->total_mhz);
	if (!sysinfo(&info))
		v[n++] = arena_printf(arena, "attr.memory.totalbytes=%" PRIu64,
			(uint64_t)info.totalram * info.mem_unit);
	v[n++] = arena_printf(arena, "attr.unique.hostname=%s", name);
	v[n++] = "attr.driver.exec=1";
	v[n++] = arena_printf(arena, "node.unique.name=%s", name);
	v[n++] = arena_printf(arena, "node.unique.id=%s", name);
	v[n++] = arena_printf(arena, "node.datacenter=%s", config->datacenter);
	v[n++] = arena_printf(arena, "node.region=%s", config->region);
	v[n++] = arena_printf(arena, "node.class=%s", config->node_class);
	for (size_t i = 0; i < config->meta.n; i++)
		v[n++] = arena_printf(arena, "meta.%s", config->meta.v[i]);
	return (struct task_strings){.v = v, .n = n};
}
