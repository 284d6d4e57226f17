/*
 * What an exec session asks for: a memfd with this head and then n_argv + n_env strings, each ended
 * by NUL. The program is looked up inside the task; the environment is the task's own, with @env
 * ("K=V") over it.
 */
#ifndef CTL_SESSION_H
#define CTL_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	SESSION_MAGIC = 0x736f7369,          /* "isos" */
	SESSION_MAX_BYTES = 2 * 1024 * 1024, /* ARG_MAX */
};

struct session_head {
	uint32_t magic, n_argv, n_env, bytes; /* bytes: of the strings */
	uint16_t rows, columns;               /* of the terminal, 0 = not said */
	uint32_t pad;
};

struct session_request {
	const struct session_head *head;
	const char *strings;
};

/**
 * session_read() - check a mapped request; after it walking n_argv + n_env strings stays inside
 * Return: 0; -1 with ISO_FAULT_PROTOCOL.
 */
iso_must_use int session_read(
	const void *data, size_t len, struct session_request *ret, struct iso_err *err);

#endif
