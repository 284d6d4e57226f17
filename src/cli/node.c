/* The node table (node.h): only what a machine without an agent can say truthfully. */
#include "cli/node.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
	N_FIXED = 16
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

struct task_strings node_attributes(
	struct arena *arena, const struct operator_config *config, const struct host_facts *machine)
{
	const char **v = arena_array(arena, N_FIXED + config->meta.n, sizeof(*v));
	size_t n = 0;
	const char *name = machine_name(arena, config);
	struct sysinfo info;

	v[n++] = "attr.kernel.name=linux";
	v[n++] = "attr.os.name=linux";
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
