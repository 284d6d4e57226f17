/*
 * Filling struct iso_err. Runs in every process of ours, also between clone and execve, so it uses
 * nothing but vsnprintf, memmove and strerror (musl's and glibc's know no locale here because
 * nobody calls setlocale).
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(struct iso_err *err, enum iso_fault fault, int sys, const char *format, va_list ap)
	iso_printf(4, 0);
static void put(struct iso_err *err, enum iso_fault fault, int sys, const char *format, va_list ap)
{
	err->fault = (int32_t)fault;
	err->sys = sys;
	int n = vsnprintf(err->text, sizeof(err->text), format, ap);
	if (n < 0)
		err->text[0] = '\0';
}

int iso_err_sys(struct iso_err *err, const char *format, ...)
{
	int sys = errno;
	va_list ap;

	va_start(ap, format);
	put(err, ISO_FAULT_SYSTEM, sys, format, ap);
	va_end(ap);

	/* The reason is the origin: it stays whole even when the words before it do not fit. */
	const char *reason = strerror(sys);
	size_t have = strlen(err->text), need = strlen(reason);
	size_t most = sizeof(err->text) - need - 3;
	if (have > most)
		have = most;
	memcpy(err->text + have, ": ", 2);
	memcpy(err->text + have + 2, reason, need + 1);
	return -1;
}

int iso_err_set(struct iso_err *err, enum iso_fault fault, int sys, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put(err, fault, sys, format, ap);
	va_end(ap);
	return -1;
}

int iso_err_in(struct iso_err *err, const char *format, ...)
{
	char words[512];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	if (n < 0)
		return -1;

	size_t words_len = strlen(words), text_len = strlen(err->text);
	size_t room = sizeof(err->text) - 1 - text_len;
	if (room < 3)
		return -1;
	if (words_len > room - 2)
		words_len = room - 2;
	memmove(err->text + words_len + 2, err->text, text_len + 1);
	memcpy(err->text, words, words_len);
	memcpy(err->text + words_len, ": ", 2);
	return -1;
}

void iso_bug(const char *file, int line, const char *condition)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "isoexec: bug at %s:%d: %s\n", file, line, condition);
	if (n > 0)
		(void)!write(STDERR_FILENO, text, (size_t)n);
	abort();
}
