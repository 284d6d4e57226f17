/* Printing what tasks say and what happens to them (console.h). */
#include "cli/console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Blocking on purpose: whoever reads slowly slows the task, as in any pipeline. */
static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* the reader is gone: nobody is there to be told */
		data += n;
		len -= (size_t)n;
	}
}

static bool is_control(const unsigned char *p, size_t left)
{
	if (p[0] < 0x20)
		return p[0] != '\n' && p[0] != '\t' && p[0] != '\r';
	if (p[0] == 0x7f)
		return true;
	return p[0] == 0xc2 && left > 1 && p[1] >= 0x80 && p[1] <= 0x9f; /* C1 in UTF-8 */
}

/* ESC becomes ^[ and so on: visible, harmless. */
static void add_filtered(struct buf *out, const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;

	for (size_t i = 0; i < len; i++) {
		if (!is_control(p + i, len - i)) {
			buf_add(out, data + i, 1);
		} else if (p[i] == 0xc2) {
			buf_printf(out, "\\x%02x", p[++i]);
		} else {
			buf_chr(out, '^');
			buf_chr(out, (char)(p[i] ^ 0x40));
		}
	}
}

static void add_prefix(
	struct console *c, struct buf *out, const struct alloc_task *task, int stream)
{
	if (c->mid_line[stream] && c->last[stream] == task)
		return;
	if (c->mid_line[stream])
		buf_chr(out, '\n');
	if (c->prefixed)
		buf_printf(out, "%s | ", task->config.task_name);
}

static void on_output(
	void *context, const struct alloc_task *task, int stream, const char *data, size_t len)
{
	struct console *c = context;

	if (!c->prefixed && (c->raw || !c->is_tty[stream])) {
		write_all(stream, data, len);
		c->mid_line[stream] = len && data[len - 1] != '\n';
		c->last[stream] = task;
		return;
	}
	own_buf out = BUF_INIT;
	while (len) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline ? (size_t)(newline - data) + 1 : len;
		add_prefix(c, &out, task, stream);
		if (c->is_tty[stream] && !c->raw)
			add_filtered(&out, data, part);
		else
			buf_add(&out, data, part);
		c->mid_line[stream] = !newline;
		c->last[stream] = task;
		data += part;
		len -= part;
	}
	write_all(stream, buf_text(&out), out.len);
}

static void on_event(
	void *context, const struct alloc_task *task, enum life_event event, const char *text)
{
	struct console *c = context;
	static const struct {
		const char *word;
		bool always; /* also when quiet */
	} kinds[] = {
		[LIFE_EV_WARNING] = {"warning: ", true},
		[LIFE_EV_ARTIFACT] = {"", false},
		[LIFE_EV_STARTED] = {"", false},
		[LIFE_EV_EXITED] = {"", false},
		[LIFE_EV_OOM] = {"", true},
		[LIFE_EV_KILLED] = {"", true},
		[LIFE_EV_LOG_DROPPED] = {"warning: ", true},
		[LIFE_EV_RESTARTING] = {"", true},
		[LIFE_EV_NOT_RESTARTING] = {"not restarting: ", true},
		[LIFE_EV_FAILED] = {"", true},
	};

	if (c->quiet && !kinds[event].always)
		return;
	own_buf out = BUF_INIT;
	if (c->mid_line[2] || (c->is_tty[1] && c->is_tty[2] && c->mid_line[1]))
		buf_chr(&out, '\n');
	c->mid_line[2] = false;
	buf_printf(&out, "isoexec: task '%s': %s%s\n", task->config.task_name, kinds[event].word,
		text);
	write_all(STDERR_FILENO, buf_text(&out), out.len);
}

void console_init(struct console *c, size_t n_tasks, bool quiet, bool raw)
{
	*c = (struct console){.prefixed = n_tasks > 1, .quiet = quiet, .raw = raw};
	for (int stream = 1; stream <= 2; stream++)
		c->is_tty[stream] = isatty(stream) == 1;
}

struct life_watcher console_watcher(struct console *c)
{
	return (struct life_watcher){.context = c, .output = on_output, .event = on_event};
}
