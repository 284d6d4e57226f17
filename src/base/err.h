/*
 * The one error type. Flat, no heap, 1,024 bytes: a set-up child hands it to its parent in one
 * atomic pipe write (PIPE_BUF is 4,096), a supervisor puts it in a report unchanged.
 *
 * A function that can fail takes `struct iso_err *err` last and returns int:
 *   0   done
 *   -1  failed, *err is full
 *   >0  a documented answer of that function (an enum in its header); handled by the caller, never
 * forwarded Predicates return bool and cannot fail.
 *
 * Text: lower case, verb first, subject in single quotes, no full stop, no "failed to".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdint.h>

#include "base/attr.h"

/* What a caller may act on. */
enum iso_fault {
	ISO_FAULT_NONE = 0,
	ISO_FAULT_SYSTEM,    /* the kernel or a library refused: err->sys says why */
	ISO_FAULT_INPUT,     /* what the person wrote: job file, option, configuration */
	ISO_FAULT_LIMIT,     /* a limit of ours was reached */
	ISO_FAULT_PROTOCOL,  /* the other side broke a contract */
	ISO_FAULT_NOT_FOUND, /* the command of a task does not exist (exit status 127) */
	ISO_FAULT_NOT_EXEC,  /* the command exists and cannot be executed (exit status 126) */
};

#define ISO_ERR_TEXT 1016

struct iso_err {
	int32_t fault;           /* enum iso_fault */
	int32_t sys;             /* errno of the origin, 0 if none */
	char text[ISO_ERR_TEXT]; /* "outer: inner: origin", filled from the origin outwards */
};

#define ISO_ERR_INIT                                                                               \
	{                                                                                          \
		.fault = ISO_FAULT_NONE, .sys = 0                                                  \
	}

/**
 * iso_err_sys() - raise from errno: "<words>: <strerror>"
 *
 * Return: always -1, so that `return iso_err_sys(err, "open '%s'", path);` is one line.
 */
int iso_err_sys(struct iso_err *err, const char *format, ...) iso_printf(2, 3);

/** iso_err_set() - raise with a fault of our own; @sys is an errno or 0. Return: always -1. */
int iso_err_set(struct iso_err *err, enum iso_fault fault, int sys, const char *format, ...)
	iso_printf(4, 5);

/**
 * iso_err_in() - put words before what is already there: "<words>: <old text>"
 *
 * If space runs out the new (outer) words are cut, never the origin. Return: always -1.
 */
int iso_err_in(struct iso_err *err, const char *format, ...) iso_printf(2, 3);

/** iso_bug_if() - abort on a programming mistake, in all builds; never for input or runtime
 * conditions. */
#define iso_bug_if(condition)                                                                      \
	do {                                                                                       \
		if (condition)                                                                     \
			iso_bug(__FILE__, __LINE__, #condition);                                   \
	} while (0)
_Noreturn void iso_bug(const char *file, int line, const char *condition);

#endif
