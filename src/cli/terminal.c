/* See terminal.h. */
#include "cli/terminal.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void terminal_init(struct terminal *t)
{
	*t = (struct terminal){.fd = -1};
	for (int fd = 0; fd <= 2; fd++)
		if (!tcgetattr(fd, &t->before)) {
			t->fd = fd;
			return;
		}
}

int terminal_raw(struct terminal *t, struct iso_err *err)
{
	struct termios raw = t->before;

	if (t->fd < 0)
		return 0;
	cfmakeraw(&raw);
	if (tcsetattr(t->fd, TCSANOW, &raw))
		return iso_err_sys(err, "set the terminal to raw mode");
	t->is_raw = true;
	return 0;
}

/* A session without a terminal of its own holds ours and may have changed it. In the background it
 * is somebody else's business by now. */
void terminal_restore(struct terminal *t)
{
	struct termios now;

	if (t->fd < 0 || tcgetattr(t->fd, &now))
		return;
	if (!t->is_raw && tcgetpgrp(t->fd) != getpgrp())
		return;
	if (memcmp(&now, &t->before, sizeof(now)) != 0)
		(void)tcsetattr(t->fd, TCSANOW, &t->before);
	t->is_raw = false;
}

void terminal_size(const struct terminal *t, uint16_t *ret_rows, uint16_t *ret_columns)
{
	struct winsize size = {0};

	if (t->fd >= 0)
		(void)ioctl(t->fd, TIOCGWINSZ, &size);
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}

void terminal_resize(const struct terminal *t, int master)
{
	struct winsize size = {0};

	if (t->fd >= 0 && !ioctl(t->fd, TIOCGWINSZ, &size))
		(void)ioctl(master, TIOCSWINSZ, &size);
}

char terminal_end_of_input(int master)
{
	struct termios other; /* asking the master tells of the slave */

	if (tcgetattr(master, &other) || !(other.c_lflag & ICANON))
		return 0;
	return (char)other.c_cc[VEOF];
}
