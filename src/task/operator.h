/*
 * The operator's configuration, written like a Nomad client's (isoexec.hcl(5)): plugin "exec" {
 * config { } } and client { host_volume, chroot_env, meta, ... }.
 */
#ifndef TASK_OPERATOR_H
#define TASK_OPERATOR_H

#include "task/config.h"

struct operator_volume {
	const char *name, *path;
	bool read_only;
	struct task_place place;
};

struct operator_config {
	struct task_policy policy;
	struct operator_volume *volumes;
	size_t n_volumes;
	struct task_strings meta; /* "K=V" of client.meta: ${meta.K} */
	const char *node_name, *node_class, *datacenter,
		*region;              /* defaults: hostname, "", "dc1", "global" */
	struct task_strings env_pass; /* names of the caller's environment that tasks get */
	const char *cgroup_parent;    /* "/isoexec" */
	struct task_strings artifact_headers_allow; /* reserved */
	const char *artifact_ca_file; /* PEM file of certificate authorities, NULL = the system's */
	bool artifact_allow_insecure; /* options insecure = true in a job */
	struct task_strings artifact_allow_hosts; /* addresses or CIDRs that artifacts may come from
						     although loopback or link-local */
};

/** operator_defaults() - what holds without a file; @profile: hardened for standalone. Strings are
 * static. */
void operator_defaults(struct operator_config *ret, enum task_profile profile);

#endif
