/* Being there while a session runs: bytes between our streams and its terminal, sizes, signals, its
 * end. */
#ifndef CLI_EXEC_LOOP_H
#define CLI_EXEC_LOOP_H

#include "cli/terminal.h"
#include "run/isoexec.h"

struct exec_loop {
	struct iso_session *session;
	struct terminal *terminal;
	int signal_fd;
	bool input; /* our standard input goes to the session's terminal */
};

/** exec_loop_signals() - block the signals that end a process and SIGWINCH. Return: a descriptor to
 * read them; -1. */
iso_must_use int exec_loop_signals(struct iso_err *err);

enum {
	EXEC_LOOP_LEFT = 1 /* a signal to us, or nobody takes the output: hang the session up */
};
/**
 * exec_loop() - until the session ends
 * @ret_status: its exit status; LEFT: ours
 */
iso_must_use int exec_loop(const struct exec_loop *in, int *ret_status, struct iso_err *err);

#endif
