/*
 * The seccomp filter of a task: a table of ours (seccomp_table.c) turned into BPF (seccomp_bpf.c).
 * Pure. The reference for what is allowed is Docker's profile less what DESIGN 6 takes away;
 * libseccomp is the test oracle, not a dependency.
 */
#ifndef PLAN_SECCOMP_H
#define PLAN_SECCOMP_H

#include <linux/filter.h>

#include "base/arena.h"
#include "base/err.h"
#include "task/config.h"

/**
 * seccomp_program() - the filter for a profile and a set of capabilities
 * @caps: what the task holds: some of them unlock calls
 *
 * hardened: native ABI only. compatible: also the 32-bit ABI, whose socketcall and ipc answer
 * ENOSYS. x32 never. Return: 0; -1 ISO_FAULT_SYSTEM on a machine without a table (only x86-64 has
 * one).
 */
iso_must_use int seccomp_program(struct arena *arena, enum task_profile profile, uint64_t caps,
	struct sock_filter **ret, size_t *ret_n, struct iso_err *err);

#endif
