/*
 * The secrets directory of a task: a detached tmpfs that no mount table of the host ever shows,
 * held by descriptor (DESIGN 5, R-17). Templates and artifacts write through the descriptor; the
 * task sees it at /secrets.
 */
#ifndef RUN_SECRETS_H
#define RUN_SECRETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * secrets_make() - a new one; noexec nosuid nodev, 0700 of @uid:@gid
 * @bytes:  its size; @noswap: the kernel's tmpfs knows the option (Linux >= 6.4)
 *
 * Return: its descriptor, or -1.
 */
iso_must_use int secrets_make(
	uint64_t bytes, bool noswap, uint32_t uid, uint32_t gid, struct iso_err *err);

/**
 * secrets_for_start() - a descriptor for one start: a clone of the mount, so that @fd serves the
 * next start too Return: fd; -1 errno: this kernel clones attached mounts only (before Linux 6.15);
 * then @fd itself serves once.
 */
iso_must_use int secrets_for_start(int fd);

#endif
