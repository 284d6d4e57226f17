/* What holds when the operator says nothing (operator.h; DESIGN 6, B-140, B-303). */
#include "task/operator.h"

#include "task/caps.h"

static const struct task_chroot_entry default_chroot_env[] = {
	{"/bin", "/bin"},
	{"/etc", "/etc"},
	{"/lib", "/lib"},
	{"/lib32", "/lib32"},
	{"/lib64", "/lib64"},
	{"/run/resolvconf", "/run/resolvconf"},
	{"/run/systemd/resolve", "/run/systemd/resolve"},
	{"/sbin", "/sbin"},
	{"/usr", "/usr"},
};

static const char *const default_env_pass[] = {"LANG", "LC_ALL", "TZ"};

void operator_defaults(struct operator_config *ret, enum task_profile profile)
{
	bool compatible = profile == TASK_COMPATIBLE;

	*ret = (struct operator_config){
		.policy =
			{
				.profile = profile,
				.default_pid_mode = TASK_MODE_PRIVATE,
				.default_ipc_mode = TASK_MODE_PRIVATE,
				.allow_host_pid = compatible,
				.allow_host_ipc = compatible,
				.allow_root = compatible,
				.allow_bidirectional = compatible,
				.allow_caps = TASK_CAPS_NOMAD_DEFAULT,
				.chroot_env = default_chroot_env,
				.n_chroot_env = iso_len(default_chroot_env),
			},
		.node_class = "",
		.datacenter = "dc1",
		.region = "global",
		.env_pass = {.v = default_env_pass, .n = iso_len(default_env_pass)},
		.cgroup_parent = "/isoexec",
	};
}
