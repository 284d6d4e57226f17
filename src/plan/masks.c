/* The lists of masks.h. Kernel paths: Docker's list joined with Nomad's (B-317) and the information
 * paths of K1, K2. */
#include "plan/masks.h"

#include "base/attr.h"

/* Absolute host paths; present or not, so a file that appears later is hidden too. */
const char *const masked_files[] = {
	"/etc/shadow",
	"/etc/shadow-",
	"/etc/gshadow",
	"/etc/gshadow-",
	"/etc/.pwd.lock",
	"/etc/sudoers",
	"/etc/sudoers.d",
	"/etc/security/opasswd",
	"/etc/krb5.keytab",
	"/etc/ssh/ssh_host_rsa_key",
	"/etc/ssh/ssh_host_ecdsa_key",
	"/etc/ssh/ssh_host_ed25519_key",
	"/etc/ssh/ssh_host_dsa_key",
	"/etc/ssl/private",
	"/etc/nomad",
	"/etc/nomad.d",
	"/etc/consul",
	"/etc/consul.d",
	"/etc/vault",
	"/etc/vault.d",
	"/etc/isoexec",
	"/etc/docker",
	"/etc/wireguard",

	"/etc/ppp",
	"/etc/NetworkManager",
};
const size_t n_masked_files = iso_len(masked_files);

const char *const masked_kernel_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	"/sys/kernel/debug",
	"/sys/kernel/security",
	"/sys/kernel/tracing",
};
const size_t n_masked_kernel_paths = iso_len(masked_kernel_paths);

const char *const read_only_kernel_paths[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/mtrr",
	"/proc/pressure", /* a trigger set by a task would wake the host for nothing */
	"/proc/sys",
	"/proc/sysrq-trigger",
};
const size_t n_read_only_kernel_paths = iso_len(read_only_kernel_paths);
